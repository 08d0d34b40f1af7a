#include "ical/availability.h"

#include <stdlib.h>
#include <string.h>

enum err availability_parse(
    struct ctx *cx, const char *text, size_t len_bytes, struct comp **calendar)
{
    struct comp *parsed = NULL;
    size_t n = 0;
    TRY(lines_parse(cx, text, len_bytes, &parsed));
    for (size_t i = 0; i < parsed->items.n; i++) {
        const struct comp *comp = parsed->items.items[i].comp;
        if (!comp || str_eq(comp->name, "VTIMEZONE") || str_starts(comp->name, "X-"))
            continue;
        if (!str_eq(comp->name, "VAVAILABILITY"))
            return fail(cx, ERR_SUPPORTED_COMPONENT,
                "%s: only VAVAILABILITY has a place here", comp->name);
        if (++n > AVAILABILITY_MAX_COMPONENTS)
            return fail(cx, ERR_VALID_CALENDAR_DATA, "more than %d VAVAILABILITY",
                AVAILABILITY_MAX_COMPONENTS);
    }
    if (!n)
        return fail(cx, ERR_VALID_CALENDAR_DATA, "there is no VAVAILABILITY");
    *calendar = parsed;
    return ERR_OK;
}

/* ---- one kind laid over what is below it ---- */

static void add(struct ctx *cx, availability_list *list, int64_t start_s, int64_t end_s,
    enum busy_kind kind)
{
    struct availability_period one = {start_s, end_s, kind};
    if (start_s < end_s && kind != BUSY_FREE)
        LIST_ADD(cx->arena, list, one);
}

static int by_start(const void *a, const void *b)
{
    const struct availability_period *x = a, *y = b;
    return (x->start_s > y->start_s) - (x->start_s < y->start_s);
}

static void paint(struct ctx *cx, availability_list *list, int64_t start_s, int64_t end_s,
    enum busy_kind kind)
{
    availability_list painted = {0};
    if (start_s >= end_s)
        return;
    for (size_t i = 0; i < list->n; i++) {
        const struct availability_period *one = &list->items[i];
        if (one->end_s <= start_s || one->start_s >= end_s) {
            LIST_ADD(cx->arena, &painted, *one);
            continue;
        }
        add(cx, &painted, one->start_s, start_s, one->kind);
        add(cx, &painted, end_s, one->end_s, one->kind);
    }
    add(cx, &painted, start_s, end_s, kind);
    *list = painted;
}

/* ---- one VAVAILABILITY ---- */

struct span {
    struct ctx *cx;
    int64_t from_s, until_s;
    availability_list free; /* the AVAILABLE times */
};

static bool each_available(void *self, const struct instance *one)
{
    struct span *span = self;
    int64_t from_s = one->start_s > span->from_s ? one->start_s : span->from_s;
    int64_t until_s = one->end_s < span->until_s ? one->end_s : span->until_s;
    add(span->cx, &span->free, from_s, until_s, BUSY_BUSY);
    return true;
}

/* AVAILABLE recurs as events do: those of one UID become an event with its exceptions. */
static enum err expand_uid(struct span *span, const struct comp *calendar,
    const struct comp *availability, const char *uid, const struct expand_range *range)
{
    struct comp *made = comp_new(span->cx, "VCALENDAR"), *one;
    size_t at = 0;
    while ((one = comp_next_sub(calendar, "VTIMEZONE", &at)))
        comp_add_sub(span->cx, made, one);
    at = 0;
    while ((one = comp_next_sub(availability, "AVAILABLE", &at))) {
        const struct line *line = comp_line(one, "UID");
        if (!str_eq(line ? line->value : "", uid))
            continue;
        struct comp *event = comp_clone(span->cx, one);
        event->name = "VEVENT";
        comp_add_sub(span->cx, made, event);
    }
    return expand_each(span->cx, made, range, each_available, span);
}

static enum err expand_available(struct span *span, const struct comp *calendar,
    const struct comp *availability, const struct expand_range *range)
{
    size_t at = 0, before;
    const struct comp *one, *other;
    while ((one = comp_next_sub(availability, "AVAILABLE", &at))) {
        const struct line *uid = comp_line(one, "UID");
        const char *name = uid ? uid->value : "";
        bool seen = false;
        before = 0;
        while ((other = comp_next_sub(availability, "AVAILABLE", &before)) &&
            other != one) {
            const struct line *line = comp_line(other, "UID");
            seen |= str_eq(line ? line->value : "", name);
        }
        if (!seen)
            TRY(expand_uid(span, calendar, availability, name, range));
    }
    return ERR_OK;
}

/* RFC 7953 section 3.1: without DTSTART or DTEND it has no bound there. */
static enum err read_span(struct ctx *cx, const struct comp *calendar,
    const struct comp *availability, const struct expand_range *range, struct span *span)
{
    struct ics_time start = {0}, end = {0};
    const struct line *dtstart = comp_line(availability, "DTSTART");
    const struct line *dtend = comp_line(availability, "DTEND");
    const struct line *duration = comp_line(availability, "DURATION");
    *span = (struct span){.cx = cx, .from_s = range->from_s, .until_s = range->until_s};
    if (dtstart) {
        TRY(ics_time(cx, calendar, dtstart, &start));
        int64_t start_s = ics_time_unix(&start, range->floating);
        span->from_s = start_s > span->from_s ? start_s : span->from_s;
    }
    int64_t days, seconds;
    if (dtend) {
        TRY(ics_time(cx, calendar, dtend, &end));
    } else if (dtstart && duration && ics_duration(duration->value, &days, &seconds)) {
        end = start;
        ics_time_add(&end, days, seconds);
    }
    if (end.set) {
        int64_t end_s = ics_time_unix(&end, range->floating);
        span->until_s = end_s < span->until_s ? end_s : span->until_s;
    }
    return ERR_OK;
}

static enum busy_kind busy_type(const struct comp *availability)
{
    const struct line *type = comp_line(availability, "BUSYTYPE");
    if (type && str_ieq(type->value, "BUSY"))
        return BUSY_BUSY;
    if (type && str_ieq(type->value, "BUSY-TENTATIVE"))
        return BUSY_TENTATIVE;
    return BUSY_UNAVAILABLE;
}

static enum err lay(struct ctx *cx, const struct comp *calendar,
    const struct comp *availability, const struct expand_range *range,
    availability_list *list)
{
    struct span span;
    TRY(read_span(cx, calendar, availability, range, &span));
    if (span.from_s >= span.until_s)
        return ERR_OK;
    TRY(expand_available(&span, calendar, availability, range));
    paint(cx, list, span.from_s, span.until_s, busy_type(availability));
    for (size_t i = 0; i < span.free.n; i++)
        paint(cx, list, span.free.items[i].start_s, span.free.items[i].end_s, BUSY_FREE);
    return ERR_OK;
}

/* ---- all of them: RFC 7953 section 4, the lowest priority first ---- */

struct ranked {
    const struct comp *comp;
    int rank; /* 0 = lowest */
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static int rank_of(const struct comp *availability)
{
    const struct line *line = comp_line(availability, "PRIORITY");
    long long priority;
    if (!line || !str_to_ll(line->value, 1, 9, &priority))
        return 0;
    return 10 - (int)priority;
}

enum err availability_busy(struct ctx *cx, const struct comp *calendar,
    const struct expand_range *range, availability_list *list)
{
    struct ranked ranked[AVAILABILITY_MAX_COMPONENTS];
    struct expand_range bounded = *range;
    availability_list all = {0};
    size_t n = 0, at = 0;
    const struct comp *one;
    bounded.max_instances = AVAILABILITY_MAX_INSTANCES;
    while (n < AVAILABILITY_MAX_COMPONENTS &&
        (one = comp_next_sub(calendar, "VAVAILABILITY", &at)))
        ranked[n++] = (struct ranked){.comp = one, .rank = rank_of(one)};
    qsort(ranked, n, sizeof(*ranked), by_rank);
    for (size_t i = 0; i < n; i++)
        TRY(lay(cx, calendar, ranked[i].comp, &bounded, &all));
    if (all.n)
        qsort(all.items, all.n, sizeof(*all.items), by_start);
    *list = all;
    return ERR_OK;
}
