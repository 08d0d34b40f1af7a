#include "ical/expand.h"

#include "ical/series.h"

#define DAY_S ((int64_t)86400)
/* A wall clock is at most this far from Unix time, with room for a change of the
 * offset. */
#define MARGIN_S (2 * DAY_S)
#define BOUNDS_MAX_INSTANCES 200000

struct walk {
    struct ctx *cx;
    const struct expand_range *range;
    size_t max, n;
    bool (*each)(void *self, const struct instance *one);
    void *self;
    bool stopped;
};

/* RFC 4791 9.9, the rows of VEVENT. */
static bool overlaps(const struct expand_range *range, const struct instance *one)
{
    if (one->end_s > one->start_s)
        return range->from_s < one->end_s && range->until_s > one->start_s;
    return range->from_s <= one->start_s && range->until_s > one->start_s;
}

static enum err give(struct walk *walk, const struct instance *one)
{
    if (!overlaps(walk->range, one))
        return ERR_OK;
    if (++walk->n > walk->max)
        return fail(walk->cx, ERR_MAX_INSTANCES, "more than %zu instances in the range",
            walk->max);
    walk->stopped = !walk->each(walk->self, one);
    return ERR_OK;
}

static enum err walk_series(struct walk *walk, const struct series *series)
{
    for (size_t i = 0; i < series->overrides.n && !walk->stopped; i++) {
        struct instance one = override_instance(&series->overrides.items[i]);
        TRY(give(walk, &one));
    }
    if (!series->set || walk->stopped)
        return ERR_OK;
    struct recurset_item item;
    struct instance one;
    int64_t last_s = INT64_MAX;
    if (walk->range->from_s > INT64_MIN / 2)
        recurset_seek(series->set,
            recurset_wall(series->set, walk->range->from_s) - series->reach_s - MARGIN_S);
    if (walk->range->until_s < INT64_MAX / 2)
        last_s = recurset_wall(series->set, walk->range->until_s) + MARGIN_S +
            (series->has_future ? series->reach_s : 0);
    while (!walk->stopped && recurset_next(series->set, &item) && item.wall_s <= last_s)
        if (series_instance(series, &item, &one))
            TRY(give(walk, &one));
    if (!walk->stopped && recurset_spent(series->set))
        return fail(walk->cx, ERR_MAX_INSTANCES, "the recurrence rule is too fine");
    return ERR_OK;
}

enum err expand_each(struct ctx *cx, const struct comp *calendar,
    const struct expand_range *range,
    bool (*each)(void *self, const struct instance *one), void *self)
{
    struct walk walk = {
        .cx = cx,
        .range = range,
        .max = range->max_instances ? range->max_instances : EXPAND_MAX_INSTANCES,
        .each = each,
        .self = self,
    };
    struct series_list all;
    TRY(series_open(cx, calendar, range->floating, &all));
    for (size_t i = 0; i < all.list.n && !walk.stopped; i++)
        TRY(walk_series(&walk, &all.list.items[i]));
    return ERR_OK;
}

struct hull {
    int64_t from_s, until_s;
};

static void extend(struct hull *hull, const struct instance *one)
{
    if (one->start_s < hull->from_s)
        hull->from_s = one->start_s;
    if (one->end_s > hull->until_s)
        hull->until_s = one->end_s;
}

static void series_hull(const struct series *series, struct hull *hull)
{
    struct recurset_item item;
    struct instance one;
    for (size_t i = 0; i < series->overrides.n; i++) {
        one = override_instance(&series->overrides.items[i]);
        extend(hull, &one);
    }
    if (!series->set)
        return;
    bool endless = recurset_endless(series->set);
    int64_t shifted_s = series->has_future
        ? series->overrides.items[series->overrides.n - 1].recurrence_s
        : INT64_MIN;
    for (size_t n = 0; recurset_next(series->set, &item); n++) {
        if (series_instance(series, &item, &one)) {
            extend(hull, &one);
            if (endless && item.unix_s > shifted_s)
                break;
        }
        if (n == BOUNDS_MAX_INSTANCES) {
            endless = true;
            break;
        }
    }
    if (endless || recurset_spent(series->set))
        hull->until_s = INT64_MAX;
}

enum err expand_bounds(struct ctx *cx, const struct comp *calendar,
    const struct zone *floating, int64_t *from_s, int64_t *until_s)
{
    struct series_list all;
    struct hull hull = {.from_s = INT64_MAX, .until_s = INT64_MIN};
    TRY(series_open(cx, calendar, floating, &all));
    for (size_t i = 0; i < all.list.n; i++)
        series_hull(&all.list.items[i], &hull);
    if (hull.from_s > hull.until_s) {
        /* Every instance is cancelled: the place where they were. */
        const struct series *first = all.list.n ? &all.list.items[0] : NULL;
        hull.from_s = first && first->set
            ? ics_time_unix(recurset_start(first->set), first->floating)
            : 0;
        hull.until_s = hull.from_s;
    }
    *from_s = hull.from_s;
    *until_s = hull.until_s;
    return ERR_OK;
}

enum err expand_more_than(struct ctx *cx, const struct comp *calendar, size_t n,
    int64_t until_s, bool *more)
{
    struct series_list all;
    TRY(series_open(cx, calendar, NULL, &all));
    bool found = false;
    for (size_t i = 0; i < all.list.n && !found; i++)
        found = all.list.items[i].set &&
            recurset_more_than(all.list.items[i].set, n, until_s);
    *more = found;
    return ERR_OK;
}

bool expand_has(struct ctx *cx, const struct comp *calendar, int64_t recurrence_s,
    const struct zone *floating)
{
    struct series_list all;
    struct recurset_item item;
    if (series_open(cx, calendar, floating, &all) != ERR_OK)
        return false;
    for (size_t i = 0; i < all.list.n; i++) {
        struct recurset *set = all.list.items[i].set;
        if (!set)
            continue;
        int64_t wall_s = recurset_wall(set, recurrence_s);
        recurset_seek(set, wall_s - MARGIN_S);
        while (recurset_next(set, &item) && item.wall_s <= wall_s + MARGIN_S)
            if (item.unix_s == recurrence_s)
                return true;
    }
    return false;
}
