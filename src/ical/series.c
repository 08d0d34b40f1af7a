#include "ical/series.h"

#include <stdlib.h>

#define DAY_S 86400

/* RFC 4791 7.10: what an event means for free/busy. */
static enum busy_kind busy_of(const struct comp *event)
{
    const struct line *transp = comp_line(event, "TRANSP");
    const struct line *status = comp_line(event, "STATUS");
    if ((transp && str_ieq(transp->value, "TRANSPARENT")) ||
        (status && str_ieq(status->value, "CANCELLED")))
        return BUSY_FREE;
    return status && str_ieq(status->value, "TENTATIVE") ? BUSY_TENTATIVE : BUSY_BUSY;
}

static enum err read_times(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, const struct zone *floating, struct ics_time *start,
    struct ics_time *end, struct length *length)
{
    const struct line *duration = comp_line(event, "DURATION");
    TRY(ics_event_times(cx, calendar, event, start, end));
    *length = (struct length){.days = 0};
    if (start->is_date)
        length->days =
            (civil_seconds(&end->civil) - civil_seconds(&start->civil)) / DAY_S;
    else if (!duration || comp_line(event, "DTEND") ||
        !ics_duration(duration->value, &length->days, &length->seconds))
        length->seconds = ics_time_unix(end, floating) - ics_time_unix(start, floating);
    return ERR_OK;
}

static int64_t length_s(const struct length *length)
{
    int64_t whole_s = length->days * DAY_S + length->seconds;
    return whole_s > 0 ? whole_s : 0;
}

static void add_key(struct ctx *cx, struct keys *keys, bool is_day, int64_t key_s)
{
    if (is_day)
        LIST_ADD(cx->arena, &keys->days, key_s);
    else
        LIST_ADD(cx->arena, &keys->instants, key_s);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sort_keys(struct keys *keys)
{
    if (keys->instants.n)
        qsort(keys->instants.items, keys->instants.n, sizeof(int64_t), by_number);
    if (keys->days.n)
        qsort(keys->days.items, keys->days.n, sizeof(int64_t), by_number);
}

static bool has_key(const struct keys *keys, const struct recurset_item *item)
{
    int64_t day_s = item->wall_s / DAY_S - (item->wall_s % DAY_S < 0);
    day_s *= DAY_S;
    return (keys->instants.n &&
               bsearch(&item->unix_s, keys->instants.items, keys->instants.n,
                   sizeof(int64_t), by_number)) ||
        (keys->days.n &&
            bsearch(&day_s, keys->days.items, keys->days.n, sizeof(int64_t), by_number));
}

static enum err read_exdates(
    struct ctx *cx, const struct comp *calendar, struct series *series)
{
    const struct line *line;
    for (size_t at = 0; (line = comp_next_line(series->master, "EXDATE", &at));) {
        for (char **value = str_split(cx->arena, line->value, ','); *value; value++) {
            struct ics_time time;
            int64_t key_s;
            TRY(ics_time_value(cx, calendar, line, *value, &time));
            bool is_day = recurset_key(series->set, &time, &key_s);
            add_key(cx, &series->excluded, is_day, key_s);
        }
    }
    return ERR_OK;
}

static enum err open_master(struct ctx *cx, const struct comp *calendar,
    const struct comp *master, struct series *series)
{
    struct ics_time start, end;
    series->master = master;
    series->busy = busy_of(master);
    TRY(recurset_open(cx, calendar, master, series->floating, &series->set));
    TRY(read_times(
        cx, calendar, master, series->floating, &start, &end, &series->length));
    series->reach_s = length_s(&series->length);
    return read_exdates(cx, calendar, series);
}

static enum err add_override(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, const struct line *id, struct series *series)
{
    struct override one = {.event = event, .busy = busy_of(event)};
    struct ics_time end, recurrence;
    int64_t key_s;
    TRY(read_times(cx, calendar, event, series->floating, &one.start, &end, &one.length));
    TRY(ics_time(cx, calendar, id, &recurrence));
    one.start_s = ics_time_unix(&one.start, series->floating);
    one.end_s = ics_time_unix(&end, series->floating);
    one.recurrence_s = ics_time_unix(&recurrence, series->floating);
    if (series->set) {
        bool is_day = recurset_key(series->set, &recurrence, &key_s);
        add_key(cx, &series->overridden, is_day, key_s);
        one.recurrence_s = is_day ? recurset_unix(series->set, key_s) : key_s;
        int64_t scheduled_s = is_day ? key_s : recurset_wall(series->set, key_s);
        if (is_day && !recurset_start(series->set)->is_date) {
            int64_t start_s = civil_seconds(&recurset_start(series->set)->civil);
            scheduled_s += ((start_s % DAY_S) + DAY_S) % DAY_S;
            one.recurrence_s = recurset_unix(series->set, scheduled_s);
        }
        one.shift_s = recurset_wall(series->set, one.start_s) - scheduled_s;
        one.future = str_ieq(line_param(id, "RANGE"), "THISANDFUTURE");
    }
    if (one.future) {
        int64_t reach_s = length_s(&one.length) + llabs(one.shift_s);
        series->has_future = true;
        if (reach_s > series->reach_s)
            series->reach_s = reach_s;
    }
    LIST_ADD(cx->arena, &series->overrides, one);
    return ERR_OK;
}

static int by_recurrence(const void *a, const void *b)
{
    const struct override *x = a, *y = b;
    return (x->recurrence_s > y->recurrence_s) - (x->recurrence_s < y->recurrence_s);
}

static bool same_uid(const struct comp *a, const struct comp *b)
{
    const struct line *x = comp_line(a, "UID"), *y = comp_line(b, "UID");
    return str_eq(x ? x->value : NULL, y ? y->value : NULL);
}

static struct series *series_of(struct ctx *cx, const struct comp *event,
    const struct zone *floating, struct series_list *all)
{
    for (size_t i = 0; i < all->list.n; i++) {
        struct series *series = &all->list.items[i];
        if (series->master ? same_uid(series->master, event) : true)
            return series;
    }
    LIST_ADD(cx->arena, &all->list, (struct series){.floating = floating});
    return &all->list.items[all->list.n - 1];
}

enum err series_open(struct ctx *cx, const struct comp *calendar,
    const struct zone *floating, struct series_list *all)
{
    struct comp *event;
    if (!floating)
        floating = zone_utc();
    *all = (struct series_list){.list = {.n = 0}};
    for (size_t at = 0; (event = comp_next_sub(calendar, "VEVENT", &at));) {
        if (comp_line(event, "RECURRENCE-ID"))
            continue;
        LIST_ADD(cx->arena, &all->list, (struct series){.floating = floating});
        TRY(open_master(cx, calendar, event, &all->list.items[all->list.n - 1]));
    }
    for (size_t at = 0; (event = comp_next_sub(calendar, "VEVENT", &at));) {
        const struct line *id = comp_line(event, "RECURRENCE-ID");
        if (id)
            TRY(add_override(
                cx, calendar, event, id, series_of(cx, event, floating, all)));
    }
    for (size_t i = 0; i < all->list.n; i++) {
        struct series *series = &all->list.items[i];
        sort_keys(&series->excluded);
        sort_keys(&series->overridden);
        if (series->overrides.n)
            qsort(series->overrides.items, series->overrides.n, sizeof(struct override),
                by_recurrence);
    }
    return ERR_OK;
}

/* The last THISANDFUTURE at or before a scheduled start. */
static const struct override *future_of(const struct series *series, int64_t unix_s)
{
    const struct override *found = NULL;
    for (size_t i = 0; series->has_future && i < series->overrides.n; i++) {
        const struct override *one = &series->overrides.items[i];
        if (one->future && one->recurrence_s <= unix_s)
            found = one;
    }
    return found;
}

bool series_instance(
    const struct series *series, const struct recurset_item *item, struct instance *one)
{
    if (has_key(&series->excluded, item) || has_key(&series->overridden, item))
        return false;
    const struct override *future = future_of(series, item->unix_s);
    const struct length *length = future ? &future->length : &series->length;
    int64_t wall_s = item->wall_s + (future ? future->shift_s : 0);
    *one = (struct instance){
        .start_s = future ? recurset_unix(series->set, wall_s) : item->unix_s,
        .recurrence_s = item->unix_s,
        .all_day = future ? future->start.is_date : recurset_start(series->set)->is_date,
        .busy = future ? future->busy : series->busy,
        .event = future ? future->event : series->master,
        .local_start = civil_from_seconds(wall_s),
    };
    if (item->has_end && !future)
        one->end_s = item->end_s;
    else if (length->days)
        one->end_s =
            recurset_unix(series->set, wall_s + length->days * DAY_S) + length->seconds;
    else
        one->end_s = one->start_s + length->seconds;
    return true;
}

struct instance override_instance(const struct override *override)
{
    return (struct instance){
        .start_s = override->start_s,
        .end_s = override->end_s,
        .recurrence_s = override->recurrence_s,
        .all_day = override->start.is_date,
        .busy = override->busy,
        .event = override->event,
        .local_start = override->start.civil,
    };
}
