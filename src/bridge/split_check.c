/* The proof of a cut: the parts have the instances of the whole. */
#include "bridge/split.h"

#include "bridge/field_time.h"
#include "ical/expand.h"

#include <stdlib.h>

#define DAY_S 86400

static int64_t day_of(int64_t wall_s)
{
    return wall_s / DAY_S - (wall_s % DAY_S < 0);
}

/* All from there on is cancelled: these do not take place. */
static bool is_cancelled(const struct comp *event)
{
    const struct line *status = comp_line(event, "STATUS");
    return status != NULL && str_ieq(status->value, "CANCELLED");
}

struct moment {
    int64_t start, end; /* days for dates */
    bool all_day;
};
struct moments {
    struct ctx *cx;
    LIST(struct moment) list;
};

static bool see_moment(void *self, const struct instance *one)
{
    struct moments *moments = self;
    if (is_cancelled(one->event))
        return true;
    struct moment moment = {one->start_s, one->end_s, one->all_day};
    if (one->all_day) {
        moment.start = day_of(civil_seconds(&one->local_start));
        moment.end = moment.start + (one->end_s - one->start_s + DAY_S / 2) / DAY_S;
    }
    LIST_ADD(moments->cx->arena, &moments->list, moment);
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static enum err see_calendar(struct moments *moments, const struct convert_env *env,
    const struct comp *calendar, int64_t until_s)
{
    struct expand_range range = {
        .from_s = INT64_MIN,
        .until_s = until_s,
        .floating = env_zone(env),
        .max_instances = SPLIT_MAX_INSTANCES,
    };
    return expand_each(moments->cx, calendar, &range, see_moment, moments);
}

static bool same_moments(struct moments *a, struct moments *b)
{
    if (a->list.n != b->list.n)
        return false;
    qsort(a->list.items, a->list.n, sizeof *a->list.items, by_start);
    qsort(b->list.items, b->list.n, sizeof *b->list.items, by_start);
    for (size_t i = 0; i < a->list.n; i++) {
        if (by_start(&a->list.items[i], &b->list.items[i]) != 0 ||
            a->list.items[i].all_day != b->list.items[i].all_day)
            return false;
    }
    return true;
}

/* The last time that an exception names. */
static enum err last_named(struct ctx *cx, const struct convert_env *env,
    const struct comp *calendar, int64_t *last_s)
{
    struct comp *event;
    *last_s = 0;
    for (size_t at = 0; (event = comp_next_sub(calendar, "VEVENT", &at)) != NULL;) {
        const struct line *id = comp_line(event, "RECURRENCE-ID");
        struct ics_time time;
        if (id == NULL)
            continue;
        TRY(ics_time(cx, calendar, id, &time));
        int64_t unix_s = ics_time_unix(&time, env_zone(env));
        if (unix_s > *last_s)
            *last_s = unix_s;
    }
    return ERR_OK;
}

enum err split_check(struct ctx *cx, const struct convert_env *env,
    const struct comp *whole, struct comp *const *parts, size_t n)
{
    struct moments before = {.cx = cx}, after = {.cx = cx};
    int64_t until_s;
    TRY(last_named(cx, env, whole, &until_s));
    until_s += SPLIT_COMPARE_S;
    enum err err = see_calendar(&before, env, whole, until_s);
    for (size_t i = 0; i < n && !err; i++)
        err = see_calendar(&after, env, parts[i], until_s);
    if (err)
        return SPLIT_REFUSED(cx, "RRULE has too many occurrences to cut it exactly");
    if (!same_moments(&before, &after))
        return SPLIT_REFUSED(cx,
            "the occurrences moved by it are not those of one rule in the time zone of "
            "its DTSTART");
    return ERR_OK;
}
