#include "ical/expand.h"
#include "ical/series.h"

#include <stdlib.h>
#include <string.h>

/* RFC 4791 9.6.5: properties that an expanded instance must not have. */
static const char *const gone[] = {"RRULE", "RDATE", "EXDATE", "EXRULE"};

struct collection {
    struct ctx *cx;
    LIST(struct instance) list;
};

static bool collect(void *self, const struct instance *one)
{
    struct collection *collection = self;
    LIST_ADD(collection->cx->arena, &collection->list, *one);
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct instance *x = a, *y = b;
    if (x->start_s != y->start_s)
        return x->start_s < y->start_s ? -1 : 1;
    return (x->recurrence_s > y->recurrence_s) - (x->recurrence_s < y->recurrence_s);
}

/* Dates stay dates and floating times floating; all others become UTC. like tells
 * which. */
static struct line *time_line(struct ctx *cx, const char *name,
    const struct ics_time *like, const struct zone *floating, int64_t unix_s)
{
    char text[WHEN_TEXT_BYTES];
    if (!like->is_date && like->zone)
        return line_new(cx, "%s:%s", name, when_ics_utc(unix_s, text));
    struct civil civil = zone_to_local(floating, unix_s);
    if (like->is_date)
        return line_new(cx, "%s;VALUE=DATE:%s", name,
            when_ics_date(civil_days(civil.year, civil.month, civil.day), text));
    when_ics_utc(civil_seconds(&civil), text);
    return line_new(cx, "%s:%.15s", name, text);
}

static void replace_line(
    struct ctx *cx, struct comp *comp, const char *name, struct line *line)
{
    comp_replace_lines(cx, comp, name, &line, line ? 1 : 0);
}

static void print_end(struct ctx *cx, struct comp *comp, const struct instance *one,
    const struct ics_time *start, const struct zone *floating)
{
    const struct line *duration = comp_line(comp, "DURATION");
    int64_t days, seconds;
    if (duration && ics_duration(duration->value, &days, &seconds) && !days &&
        seconds == one->end_s - one->start_s)
        return;
    bool needed = comp_line(comp, "DTEND") ||
        (duration ? true : !start->is_date && one->end_s != one->start_s);
    struct line *end =
        needed ? time_line(cx, "DTEND", start, floating, one->end_s) : NULL;
    replace_line(cx, comp, duration ? "DURATION" : "DTEND", end);
}

/* X-MOZ-LASTACK;TZID=... and the like: no reference to a VTIMEZONE may stay. */
static void print_others(struct ctx *cx, const struct comp *calendar, struct comp *comp,
    const struct zone *floating)
{
    for (size_t i = 0; i < comp->items.n; i++) {
        struct line *line = comp->items.items[i].line;
        struct ics_time time;
        if (line && line_param(line, "TZID") &&
            ics_time(cx, calendar, line, &time) == ERR_OK)
            comp->items.items[i].line = time_line(
                cx, line->name, &time, floating, ics_time_unix(&time, floating));
    }
}

static enum err print_instance(struct ctx *cx, const struct comp *calendar,
    const struct instance *one, const struct zone *floating, struct comp **result)
{
    struct comp *comp = comp_clone(cx, one->event);
    const struct line *id = comp_line(comp, "RECURRENCE-ID");
    bool recurs = id || comp_line(comp, "RRULE") || comp_line(comp, "RDATE");
    struct ics_time start, like;
    TRY(ics_time(cx, calendar, comp_line(comp, "DTSTART"), &start));
    like = start;
    if (id)
        TRY(ics_time(cx, calendar, id, &like));
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        replace_line(cx, comp, gone[i], NULL);
    replace_line(
        cx, comp, "DTSTART", time_line(cx, "DTSTART", &start, floating, one->start_s));
    print_end(cx, comp, one, &start, floating);
    if (recurs)
        replace_line(cx, comp, "RECURRENCE-ID",
            time_line(cx, "RECURRENCE-ID", &like, floating, one->recurrence_s));
    print_others(cx, calendar, comp, floating);
    *result = comp;
    return ERR_OK;
}

enum err expand_print(struct ctx *cx, const struct comp *calendar,
    const struct expand_range *range, struct comp **result)
{
    struct collection found = {.cx = cx};
    const struct zone *floating = range->floating ? range->floating : zone_utc();
    struct comp *copy = comp_clone(cx, calendar);
    size_t kept = 0;
    TRY(expand_each(cx, calendar, range, collect, &found));
    for (size_t i = 0; i < copy->items.n; i++) {
        const struct comp *sub = copy->items.items[i].comp;
        if (!sub || (strcmp(sub->name, "VEVENT") && strcmp(sub->name, "VTIMEZONE")))
            copy->items.items[kept++] = copy->items.items[i];
    }
    copy->items.n = kept;
    if (found.list.n)
        qsort(found.list.items, found.list.n, sizeof(struct instance), by_start);
    for (size_t i = 0; i < found.list.n; i++) {
        struct comp *one;
        TRY(print_instance(cx, calendar, &found.list.items[i], floating, &one));
        comp_add_sub(cx, copy, one);
    }
    *result = copy;
    return ERR_OK;
}

static bool touches(const struct expand_range *range, int64_t from_s, int64_t until_s)
{
    if (until_s <= from_s)
        return range->from_s <= from_s && range->until_s > from_s;
    return range->from_s < until_s && range->until_s > from_s;
}

/* RFC 4791 9.6.6: an exception counts where it is, where it would have been, and when it
 * moves what comes after it. */
static bool matters(const struct series *series, const struct override *one,
    const struct expand_range *range)
{
    int64_t length_s = series->length.days * 86400 + series->length.seconds;
    return one->future || touches(range, one->start_s, one->end_s) ||
        touches(range, one->recurrence_s, one->recurrence_s + length_s);
}

enum err expand_limit(struct ctx *cx, const struct comp *calendar,
    const struct expand_range *range, struct comp **result)
{
    struct comp *copy = comp_clone(cx, calendar);
    struct series_list all;
    TRY(series_open(cx, copy, range->floating, &all));
    for (size_t i = 0; i < all.list.n; i++) {
        const struct series *series = &all.list.items[i];
        for (size_t k = 0; k < series->overrides.n; k++)
            if (!matters(series, &series->overrides.items[k], range))
                comp_remove_sub(copy, series->overrides.items[k].event);
    }
    *result = copy;
    return ERR_OK;
}
