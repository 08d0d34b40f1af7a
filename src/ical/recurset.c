#include "ical/recurset.h"

#include "ical/recur.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S 86400
#define MAX_RULES 16
#define MAX_DATES 20000

struct rule {
    struct recur *recur;
    int64_t head_s;
    bool has_head, started;
};

struct recurset {
    struct ics_time start;
    const struct zone *zone; /* of DTSTART, or the floating one */
    struct rule rules[MAX_RULES];
    size_t n_rules;
    LIST(struct recurset_item) dates; /* ascending by wall_s */
    size_t next_date;
    int64_t floor_s; /* by recurset_seek */
    bool endless;
};

static int64_t day_of(int64_t wall_s)
{
    return (wall_s / DAY_S - (wall_s % DAY_S < 0)) * DAY_S;
}

int64_t recurset_unix(const struct recurset *set, int64_t wall_s)
{
    struct civil civil = civil_from_seconds(wall_s);
    return zone_to_unix(set->zone, &civil);
}

int64_t recurset_wall(const struct recurset *set, int64_t unix_s)
{
    struct civil civil = zone_to_local(set->zone, unix_s);
    return civil_seconds(&civil);
}

bool recurset_key(const struct recurset *set, const struct ics_time *time, int64_t *key_s)
{
    if (set->start.is_date || time->is_date) {
        *key_s = day_of(civil_seconds(&time->civil));
        return true;
    }
    *key_s = ics_time_unix(time, set->zone);
    return false;
}

/* UNTIL as the last wall clock time. It should be of DTSTART's type, and in UTC where
 * DTSTART has a zone, but clients write all mixtures: a date means the whole day. */
static int64_t last_time(const struct recurset *set, const struct recur_until *until)
{
    int64_t wall_s = civil_seconds(&until->civil);
    if (until->is_date || set->start.is_date)
        return day_of(wall_s) + DAY_S - 1;
    return until->is_utc ? recurset_wall(set, wall_s) : wall_s;
}

static enum err open_rules(struct ctx *cx, const struct comp *event, struct recurset *set)
{
    const struct line *line;
    for (size_t at = 0; (line = comp_next_line(event, "RRULE", &at));) {
        struct recur *recur;
        if (set->n_rules == MAX_RULES)
            return fail(cx, ERR_VALID_CALENDAR_DATA, "too many RRULEs");
        TRY(recur_open(cx, line->value, &set->start.civil, set->start.is_date, &recur));
        const struct recur_until *until = recur_until(recur);
        if (until->set)
            recur_stop(recur, last_time(set, until));
        else if (!recur_has_count(recur))
            set->endless = true;
        set->rules[set->n_rules++].recur = recur;
    }
    return ERR_OK;
}

/* The end of "start/end" or "start/duration" behind the slash. */
static enum err period_end(struct ctx *cx, const struct comp *calendar,
    const struct line *line, const char *text, const struct ics_time *start,
    struct ics_time *end)
{
    int64_t days, seconds;
    if (*text != 'P' && *text != '+')
        return ics_time_value(cx, calendar, line, text, end);
    if (!ics_duration(text, &days, &seconds))
        return fail(cx, ERR_VALID_CALENDAR_DATA, "%s has a broken period", line->name);
    *end = *start;
    ics_time_add(end, days, seconds);
    return ERR_OK;
}

static enum err add_date(struct ctx *cx, const struct comp *calendar,
    const struct line *line, char *value, struct recurset *set)
{
    struct ics_time time, end;
    struct recurset_item item = {.has_end = false};
    char *slash = strchr(value, '/');
    if (slash)
        *slash = '\0';
    TRY(ics_time_value(cx, calendar, line, value, &time));
    if (slash) {
        TRY(period_end(cx, calendar, line, slash + 1, &time, &end));
        item.has_end = !set->start.is_date;
        item.end_s = ics_time_unix(&end, set->zone);
    }
    int64_t wall_s = civil_seconds(&time.civil);
    if (set->start.is_date)
        item.wall_s = day_of(wall_s);
    else if (time.is_date) /* the time of day is DTSTART's */
        item.wall_s = wall_s + civil_seconds(&set->start.civil) -
            day_of(civil_seconds(&set->start.civil));
    else if (time.zone && time.zone != set->zone)
        item.wall_s = recurset_wall(set, zone_to_unix(time.zone, &time.civil));
    else
        item.wall_s = wall_s;
    item.unix_s = recurset_unix(set, item.wall_s);
    LIST_ADD(cx->arena, &set->dates, item);
    if (set->dates.n > MAX_DATES)
        return fail(cx, ERR_VALID_CALENDAR_DATA, "too many RDATEs");
    return ERR_OK;
}

static int by_wall(const void *a, const void *b)
{
    const struct recurset_item *x = a, *y = b;
    return (x->wall_s > y->wall_s) - (x->wall_s < y->wall_s);
}

static enum err open_dates(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, struct recurset *set)
{
    const struct line *line;
    for (size_t at = 0; (line = comp_next_line(event, "RDATE", &at));) {
        char **value = str_split(cx->arena, line->value, ',');
        for (; *value; value++)
            TRY(add_date(cx, calendar, line, *value, set));
    }
    if (!set->n_rules) {
        struct recurset_item first = {.wall_s = civil_seconds(&set->start.civil)};
        first.unix_s = recurset_unix(set, first.wall_s);
        LIST_ADD(cx->arena, &set->dates, first);
    }
    if (set->dates.n)
        qsort(set->dates.items, set->dates.n, sizeof(set->dates.items[0]), by_wall);
    return ERR_OK;
}

enum err recurset_open(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, const struct zone *floating, struct recurset **result)
{
    struct recurset *set = ARENA_NEW(cx->arena, struct recurset);
    set->floor_s = INT64_MIN;
    const struct line *dtstart = comp_line(event, "DTSTART");
    if (!dtstart)
        return fail(cx, ERR_VALID_CALENDAR_DATA, "%s without DTSTART", event->name);
    TRY(ics_time(cx, calendar, dtstart, &set->start));
    set->zone = set->start.zone ? set->start.zone : floating;
    TRY(open_rules(cx, event, set));
    TRY(open_dates(cx, calendar, event, set));
    *result = set;
    return ERR_OK;
}

bool recurset_endless(const struct recurset *set)
{
    return set->endless;
}

void recurset_seek(struct recurset *set, int64_t wall_s)
{
    set->floor_s = wall_s;
    for (size_t i = 0; i < set->n_rules; i++)
        recur_seek(set->rules[i].recur, wall_s);
}

static void fill_head(struct rule *rule)
{
    if (!rule->started || (!rule->has_head && rule->head_s != INT64_MAX)) {
        rule->started = true;
        rule->has_head = recur_next(rule->recur, &rule->head_s);
        if (!rule->has_head)
            rule->head_s = INT64_MAX;
    }
}

/* The next start without its instant, which costs more than the walk. */
static bool next_start(struct recurset *set, struct recurset_item *item)
{
    int64_t least_s = INT64_MAX;
    for (size_t i = 0; i < set->n_rules; i++) {
        fill_head(&set->rules[i]);
        if (set->rules[i].has_head && set->rules[i].head_s < least_s)
            least_s = set->rules[i].head_s;
    }
    if (set->next_date < set->dates.n &&
        set->dates.items[set->next_date].wall_s < least_s)
        least_s = set->dates.items[set->next_date].wall_s;
    if (least_s == INT64_MAX)
        return false;
    struct recurset_item found = {.wall_s = least_s};
    for (size_t i = 0; i < set->n_rules; i++)
        if (set->rules[i].has_head && set->rules[i].head_s == least_s)
            set->rules[i].has_head = false;
    for (; set->next_date < set->dates.n; set->next_date++) {
        const struct recurset_item *date = &set->dates.items[set->next_date];
        if (date->wall_s != least_s)
            break;
        if (date->has_end) {
            found.has_end = true;
            found.end_s = date->end_s;
        }
    }
    *item = found;
    return true;
}

bool recurset_next(struct recurset *set, struct recurset_item *item)
{
    struct recurset_item found;
    do {
        if (!next_start(set, &found))
            return false;
    } while (found.wall_s < set->floor_s && !found.has_end);
    found.unix_s = recurset_unix(set, found.wall_s);
    *item = found;
    return true;
}

/* Each of these is more than there are. */
static int64_t most(const struct recurset *set, int64_t until_s)
{
    int64_t days = (until_s - civil_seconds(&set->start.civil)) / DAY_S + 2;
    int64_t n = (int64_t)set->dates.n;
    for (size_t i = 0; i < set->n_rules; i++) {
        if (recur_has_count(set->rules[i].recur))
            return INT64_MAX;
        n += days > 0 ? days * recur_most_a_day(set->rules[i].recur) : 0;
    }
    return n;
}

bool recurset_more_than(struct recurset *set, size_t n, int64_t until_s)
{
    struct recurset_item item;
    size_t found = 0;
    bool counts = false;
    for (size_t i = 0; i < set->n_rules; i++)
        counts |= recur_has_count(set->rules[i].recur);
    if (most(set, until_s) <= (int64_t)n)
        return false;
    while (found <= n && next_start(set, &item) &&
        ((counts && !set->endless) || item.wall_s <= until_s))
        found++;
    return found > n;
}

bool recurset_spent(const struct recurset *set)
{
    for (size_t i = 0; i < set->n_rules; i++)
        if (recur_spent(set->rules[i].recur))
            return true;
    return false;
}

const struct ics_time *recurset_start(const struct recurset *set)
{
    return &set->start;
}
