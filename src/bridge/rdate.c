#include "bridge/rdate.h"

#include "bridge/field_time.h"
#include "ical/recur.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S 86400
#define MAX_WEEKS 8

static int64_t day_of(int64_t wall_s)
{
    return wall_s / DAY_S - (wall_s % DAY_S < 0);
}

/* ---- moved occurrences ---- */

/* A view of the rule alone: the expansion counts RDATEs, too. */
static enum err rule_alone(struct ctx *cx, const struct convert_env *env,
    const struct view *view, struct view *alone)
{
    struct comp *calendar = comp_clone(cx, view->calendar), *event;
    for (size_t at = 0; (event = comp_next_sub(calendar, "VEVENT", &at)) != NULL;)
        comp_replace_lines(cx, event, "RDATE", NULL, 0);
    return view_of(cx, env, calendar, alone);
}

static const struct zone *clock_of(
    const struct convert_env *env, const struct ics_time *time)
{
    return time->zone == NULL ? env_zone(env) : time->zone;
}

/* A time written as another line is. */
static struct line *time_like(
    struct ctx *cx, const struct line *like, const struct zone *zone, int64_t unix_s)
{
    struct buf params = buf_new(cx->arena);
    struct civil local = zone_to_local(zone, unix_s);
    bool utc = str_ends(like->value, "Z");
    for (size_t i = 0; i < like->n_params; i++)
        buf_printf(&params, ";%s=%s", like->params[i].name,
            param_escape(cx->arena, like->params[i].value));
    return line_new(cx, "%s%s:%04d%02d%02dT%02d%02d%02d%s", like->name, buf_str(&params),
        local.year, local.month, local.day, local.hour, local.minute, local.second,
        utc ? "Z" : "");
}

static const char *const series_lines[] = {"RRULE", "RDATE", "EXDATE"};

struct comp *rdate_event(struct ctx *cx, const struct convert_env *env,
    const struct view *view, int64_t moved_to_s)
{
    struct comp *event = comp_clone(cx, view->master);
    const struct line *start = comp_line(event, "DTSTART");
    const struct line *end = comp_line(event, "DTEND");
    struct ics_time from, until;
    struct line *fresh;
    for (size_t i = 0; i < 3; i++)
        comp_replace_lines(cx, event, series_lines[i], NULL, 0);
    if (ics_event_times(cx, view->calendar, view->master, &from, &until) != ERR_OK)
        return event;
    int64_t length_s =
        ics_time_unix(&until, env_zone(env)) - ics_time_unix(&from, env_zone(env));
    if (end != NULL) {
        fresh = time_like(cx, end, clock_of(env, &until), moved_to_s + length_s);
        comp_replace_lines(cx, event, "DTEND", &fresh, 1);
    }
    fresh = time_like(cx, start, clock_of(env, &from), moved_to_s);
    comp_replace_lines(cx, event, "DTSTART", &fresh, 1);
    return event;
}

static int64_t local_day(
    const struct convert_env *env, const struct view *view, int64_t s)
{
    struct civil local = zone_to_local(clock_of(env, &view->form), s);
    return day_of(civil_seconds(&local));
}

/* The EXDATE of the day that the rule has and nothing else stands for; its index, or the
 * number of them. */
static size_t find_exdate(struct ctx *cx, const struct convert_env *env,
    const struct view *view, const struct view *alone, int64_t moved_to_s)
{
    int64_t day = local_day(env, view, moved_to_s);
    for (size_t i = 0; i < view->exdates.n; i++) {
        int64_t original = view->exdates.items[i];
        if (local_day(env, view, original) == day && view_find(view, original) == NULL &&
            view_has(cx, env, alone, original))
            return i;
    }
    return view->exdates.n;
}

static void pair(struct ctx *cx, const struct convert_env *env, struct view *view,
    const struct view *alone, int64_t moved_to_s)
{
    size_t at = find_exdate(cx, env, view, alone, moved_to_s);
    if (at == view->exdates.n || view_has(cx, env, alone, moved_to_s))
        return;
    struct view_override one = {.original_time = view->exdates.items[at],
        .event = rdate_event(cx, env, view, moved_to_s),
        .moved = true,
        .moved_to = moved_to_s};
    LIST_ADD(cx->arena, &view->overrides, one);
    view->exdates.items[at] = view->exdates.items[--view->exdates.n];
}

enum err rdates_pair(struct ctx *cx, const struct convert_env *env, struct view *view)
{
    struct view alone;
    size_t at = 0;
    if (view->master == NULL || view->form.is_date || view->exdates.n == 0 ||
        comp_line(view->master, "RRULE") == NULL ||
        comp_line(view->master, "RDATE") == NULL)
        return ERR_OK;
    TRY(rule_alone(cx, env, view, &alone));
    for (struct line *line;
         (line = comp_next_line(view->master, "RDATE", &at)) != NULL;) {
        char **values = str_split(cx->arena, line->value, ',');
        if (str_ieq(line_param(line, "VALUE"), "PERIOD"))
            continue;
        for (size_t i = 0; values[i] != NULL; i++) {
            struct ics_time time;
            TRY(ics_time_value(cx, view->calendar, line, values[i], &time));
            if (!time.is_date)
                pair(cx, env, view, &alone, original_time(env, &view->form, &time));
        }
    }
    return ERR_OK;
}

static bool is_other(void *self, int64_t original)
{
    return original != *(const int64_t *)self;
}

static void forget_exdate(struct view *view, int64_t original)
{
    size_t kept = 0;
    for (size_t i = 0; i < view->exdates.n; i++) {
        if (view->exdates.items[i] != original)
            view->exdates.items[kept++] = view->exdates.items[i];
    }
    view->exdates.n = kept;
}

enum err rdate_unpair(struct ctx *cx, const struct convert_env *env, struct view *view,
    struct view_override *one, bool exdate)
{
    one->moved = false;
    TRY(view_keep_dates(cx, env, view, "RDATE", is_other, &one->moved_to));
    forget_exdate(view, one->original_time);
    if (exdate)
        return view_keep_dates(cx, env, view, "EXDATE", is_other, &one->original_time);
    LIST_ADD(cx->arena, &view->exdates, one->original_time);
    return ERR_OK;
}

void rdates_forget(struct view *view)
{
    size_t kept = 0;
    for (size_t i = 0; i < view->overrides.n; i++) {
        if (!view->overrides.items[i].moved)
            view->overrides.items[kept++] = view->overrides.items[i];
    }
    view->overrides.n = kept;
}

/* ---- beside a rule ---- */

static bool is_moved_to(const struct view *view, int64_t unix_s)
{
    for (size_t i = 0; i < view->overrides.n; i++) {
        const struct view_override *one = &view->overrides.items[i];
        if (one->moved && one->moved_to == unix_s)
            return true;
    }
    return false;
}

/* whole = with the moved occurrences, view = the rule alone. */
static bool is_of_rule(struct ctx *cx, const struct convert_env *env,
    const struct view *whole, const struct view *view, const struct line *line)
{
    char **values = str_split(cx->arena, line->value, ',');
    if (str_ieq(line_param(line, "VALUE"), "PERIOD"))
        return false;
    for (size_t i = 0; values[i] != NULL; i++) {
        struct ics_time time;
        if (ics_time_value(cx, view->calendar, line, values[i], &time) != ERR_OK)
            return false;
        int64_t original = original_time(env, &view->form, &time);
        if (!is_moved_to(whole, original) && !view_has(cx, env, view, original))
            return false;
    }
    return true;
}

bool rdates_say_nothing(
    struct ctx *cx, const struct convert_env *env, const struct view *view)
{
    struct view alone;
    size_t at = 0;
    if (comp_line(view->master, "RDATE") == NULL)
        return true;
    if (rule_alone(cx, env, view, &alone) != ERR_OK || alone.master == NULL)
        return false;
    for (struct line *line;
         (line = comp_next_line(view->master, "RDATE", &at)) != NULL;) {
        if (!is_of_rule(cx, env, view, &alone, line))
            return false;
    }
    return true;
}

/* ---- in place of a rule ---- */

struct dates {
    struct ctx *cx;
    struct ics_time start;
    const struct zone *zone; /* of its clock */
    LIST(int64_t) walls;     /* ascending, each once, the start among them */
};

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool add_value(struct dates *dates, const struct comp *calendar,
    const struct line *line, const char *value)
{
    struct ics_time time;
    if (ics_time_value(dates->cx, calendar, line, value, &time) != ERR_OK ||
        time.is_date != dates->start.is_date || dates->walls.n == RDATE_MAX_OF_RULE)
        return false;
    if (!time.is_date && time.zone != NULL && time.zone != dates->zone)
        time.civil = zone_to_local(dates->zone, zone_to_unix(time.zone, &time.civil));
    int64_t wall_s = civil_seconds(&time.civil);
    LIST_ADD(dates->cx->arena, &dates->walls, wall_s);
    return true;
}

static bool read_dates(struct dates *dates, const struct convert_env *env,
    const struct comp *calendar, const struct comp *event)
{
    const struct line *start = comp_line(event, "DTSTART"), *line;
    if (start == NULL || ics_time(dates->cx, calendar, start, &dates->start) != ERR_OK)
        return false;
    dates->zone = dates->start.zone == NULL ? env_zone(env) : dates->start.zone;
    int64_t first_s = civil_seconds(&dates->start.civil);
    LIST_ADD(dates->cx->arena, &dates->walls, first_s);
    for (size_t at = 0; (line = comp_next_line(event, "RDATE", &at)) != NULL;) {
        char **values = str_split(dates->cx->arena, line->value, ',');
        for (size_t i = 0; values[i] != NULL; i++) {
            if (!add_value(dates, calendar, line, values[i]))
                return false;
        }
    }
    int64_t *walls = dates->walls.items;
    size_t kept = 1;
    qsort(walls, dates->walls.n, sizeof *walls, by_number);
    for (size_t i = 1; i < dates->walls.n; i++) {
        if (walls[i] != walls[kept - 1])
            walls[kept++] = walls[i];
    }
    dates->walls.n = kept;
    return kept > 1 && walls[0] == first_s;
}

/* The rule when its occurrences are those dates. */
static const char *checked(const struct dates *dates, const char *rule)
{
    struct recur *recur;
    int64_t wall_s;
    size_t i = 0;
    if (recur_open(dates->cx, rule, &dates->start.civil, dates->start.is_date, &recur) !=
        ERR_OK)
        return NULL;
    while (recur_next(recur, &wall_s)) {
        if (i == dates->walls.n || dates->walls.items[i++] != wall_s)
            return NULL;
    }
    return i == dates->walls.n ? rule : NULL;
}

static const char *const weekdays[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

/* "FREQ=WEEKLY" on all weekdays that there are. */
static const char *weekly(const struct dates *dates)
{
    bool on[7] = {false};
    struct buf days = buf_new(dates->cx->arena);
    const char *found = NULL;
    for (size_t i = 0; i < dates->walls.n; i++)
        on[civil_weekday(day_of(dates->walls.items[i]))] = true;
    for (int i = 1; i <= 7; i++) {
        if (on[i % 7])
            buf_printf(&days, "%s%s", days.len_bytes == 0 ? "" : ",", weekdays[i % 7]);
    }
    for (int weeks = 1; weeks <= MAX_WEEKS && found == NULL; weeks++)
        found = checked(dates,
            arena_printf(dates->cx->arena, "FREQ=WEEKLY;INTERVAL=%d;COUNT=%zu;BYDAY=%s",
                weeks, dates->walls.n, days.data));
    return found;
}

/* So many months apart, on a date or on a weekday of the month. */
static const char *monthly(const struct dates *dates)
{
    struct arena *arena = dates->cx->arena;
    struct civil a = civil_from_seconds(dates->walls.items[0]);
    struct civil b = civil_from_seconds(dates->walls.items[1]);
    int months = (b.year - a.year) * 12 + b.month - a.month;
    const char *weekday = weekdays[civil_weekday(day_of(dates->walls.items[0]))];
    if (months < 1)
        return NULL;
    const char *head =
        arena_printf(arena, "FREQ=MONTHLY;INTERVAL=%d;COUNT=%zu", months, dates->walls.n);
    const char *yearly = arena_printf(
        arena, "FREQ=YEARLY;INTERVAL=%d;COUNT=%zu", months / 12, dates->walls.n);
    const char *found = checked(dates, months % 12 == 0 ? yearly : head);
    if (found == NULL)
        found = checked(dates,
            arena_printf(arena, "%s;BYDAY=%d%s", head, (a.day - 1) / 7 + 1, weekday));
    if (found == NULL)
        found = checked(dates, arena_printf(arena, "%s;BYDAY=-1%s", head, weekday));
    return found;
}

const char *rdate_rule(struct ctx *cx, const struct convert_env *env,
    const struct comp *calendar, const struct comp *event)
{
    struct dates dates = {.cx = cx};
    if (comp_line(event, "RDATE") == NULL || comp_line(event, "RRULE") != NULL ||
        !read_dates(&dates, env, calendar, event))
        return NULL;
    int64_t step_s = dates.walls.items[1] - dates.walls.items[0];
    bool whole_weeks = step_s % (7 * DAY_S) == 0;
    const char *found = whole_weeks ? weekly(&dates) : NULL;
    if (found == NULL && step_s % DAY_S == 0)
        found = checked(&dates,
            arena_printf(cx->arena, "FREQ=DAILY;INTERVAL=%lld;COUNT=%zu",
                (long long)(step_s / DAY_S), dates.walls.n));
    if (found == NULL && !whole_weeks)
        found = weekly(&dates);
    return found != NULL ? found : monthly(&dates);
}

/* ---- what upstream has of them ---- */

static bool is_period(void *self, const struct line *line)
{
    (void)self;
    return str_eq(line->name, "RDATE") && str_ieq(line_param(line, "VALUE"), "PERIOD");
}

struct upstream_dates {
    struct ctx *cx;
    const struct convert_env *env;
    const struct view *view, *alone;
};

static bool is_upstream(void *self, int64_t original)
{
    const struct upstream_dates *dates = self;
    return is_moved_to(dates->view, original) ||
        view_has(dates->cx, dates->env, dates->alone, original);
}

enum err rdates_keep(struct ctx *cx, const struct convert_env *env, struct view *view)
{
    struct view alone;
    if (view->master == NULL || comp_line(view->master, "RDATE") == NULL ||
        rdate_rule(cx, env, view->calendar, view->master) != NULL)
        return ERR_OK;
    if (comp_line(view->master, "RRULE") == NULL) {
        comp_replace_lines(cx, view->master, "RDATE", NULL, 0);
        return ERR_OK;
    }
    TRY(rule_alone(cx, env, view, &alone));
    struct upstream_dates dates = {cx, env, view, &alone};
    comp_drop_lines(view->master, is_period, NULL);
    return view_keep_dates(cx, env, view, "RDATE", is_upstream, &dates);
}
