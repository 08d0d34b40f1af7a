#include "bridge/series.h"

#include "bridge/attendee.h"
#include "bridge/field_time.h"
#include "bridge/rdate.h"
#include "ical/expand.h"

#include <string.h>

#define DAY_S 86400

static const struct series_row *first_row(const struct series *series)
{
    if (series->master != NULL)
        return series->master;
    return series->n_exceptions > 0 ? &series->exceptions[0] : NULL;
}

bool series_is_organizer(const struct convert_env *env, const struct series *series)
{
    const struct series_row *row = first_row(series);
    if (row == NULL || env->read_only || env->role < BE_WRITER)
        return false;
    const char *home = json_text(row->event, "organizer_calendar_id");
    if (*home != '\0')
        return str_eq(home, env->calendar_id);
    const cJSON *organizer =
        cJSON_GetObjectItemCaseSensitive(row->event, "event_organizer");
    const char *id = json_text(organizer, "user_id");
    return *id == '\0' || str_eq(id, env->own_id);
}

bool series_is_declined(const struct convert_env *env, const struct series *series)
{
    const struct series_row *row = first_row(series);
    if (row == NULL || series_is_organizer(env, series) ||
        !str_eq(people_own_answer(env, row), "decline"))
        return false;
    for (size_t i = 0; i < series->n_exceptions; i++) {
        const struct series_row *one = &series->exceptions[i];
        const char *own = json_text(one->event, "self_rsvp_status");
        if (!row_is_cancelled(one) && *own != '\0' && !str_eq(own, "decline"))
            return false;
    }
    return true;
}

/* Dates are midnight UTC on both sides (feishu-api 16.35: perhaps not quite). */
static int64_t day_of(int64_t original)
{
    return original - original % DAY_S;
}

const struct series_row *series_find(const struct series *series, int64_t original)
{
    const struct series_row *master = series->master;
    const cJSON *start = master == NULL
        ? NULL
        : cJSON_GetObjectItemCaseSensitive(master->event, "start_time");
    bool dates = *json_text(start, "date") != '\0';
    const struct series_row *found = NULL;
    for (size_t i = 0; i < series->n_exceptions; i++) {
        const struct series_row *row = &series->exceptions[i];
        int64_t one = row->original_time;
        /* Others of the day are left from when the series had times. */
        if (dates && one == day_of(original))
            return row;
        if (one == original ||
            (found == NULL && dates && day_of(one) == day_of(original)))
            found = row;
    }
    return found;
}

bool row_is_cancelled(const struct series_row *row)
{
    return str_ieq(json_text(row->event, "status"), "cancelled");
}

struct series_row series_row_with_people(
    const struct series *series, const struct series_row *row)
{
    struct series_row copy = *row;
    bool own = copy.attendees != NULL ||
        cJSON_GetObjectItemCaseSensitive(copy.event, "attendees") != NULL;
    if (!own && series->master != NULL) {
        copy.attendees = series->master->attendees;
        if (copy.attendees == NULL)
            copy.attendees =
                cJSON_GetObjectItemCaseSensitive(series->master->event, "attendees");
    }
    return copy;
}

cJSON *facts_of_occurrence(struct ctx *cx, const cJSON *master, int64_t original)
{
    cJSON *facts = json_own(cx, cJSON_Duplicate(master, true));
    cJSON_DeleteItemFromObjectCaseSensitive(facts, "recurrence");
    struct fact_time start = fact_time(master, "start_time");
    struct fact_time end = fact_time(master, "end_time");
    if (start.is_date) {
        int64_t day = original / DAY_S, last = day + end.days - start.days;
        cJSON_ReplaceItemInObjectCaseSensitive(facts, "start_time", fact_date(day));
        cJSON_ReplaceItemInObjectCaseSensitive(facts, "end_time",
            fact_date(time_fits(last * DAY_S) ? last : day + 1));
        return facts;
    }
    int64_t end_s = original + end.unix_s - start.unix_s;
    const char *zone = zone_name(start.zone);
    cJSON_ReplaceItemInObjectCaseSensitive(
        facts, "start_time", fact_instant(original, zone));
    cJSON_ReplaceItemInObjectCaseSensitive(
        facts, "end_time", fact_instant(time_fits(end_s) ? end_s : original, zone));
    return facts;
}

static int64_t local_day(const struct fact_time *start, int64_t original)
{
    if (start->is_date)
        return original / DAY_S;
    struct civil local = zone_to_local(start->zone, original);
    return civil_days(local.year, local.month, local.day);
}

int64_t occurrence_moved(const cJSON *was, const cJSON *now, int64_t original)
{
    struct fact_time from = fact_time(was, "start_time"),
                     to = fact_time(now, "start_time");
    int64_t first = from.is_date ? from.days : local_day(&from, from.unix_s);
    int64_t days = local_day(&from, original) - first;
    if (to.is_date)
        return (to.days + days) * DAY_S;
    struct civil start = zone_to_local(to.zone, to.unix_s);
    struct civil moved = civil_from_days(local_day(&to, to.unix_s) + days);
    moved.hour = start.hour;
    moved.minute = start.minute;
    moved.second = start.second;
    return zone_to_unix(to.zone, &moved);
}

/* ---- components ---- */

static bool is_cancelled(const struct comp *event)
{
    const struct line *status = comp_line(event, "STATUS");
    return status != NULL && str_ieq(status->value, "CANCELLED");
}

static enum err add_override(struct ctx *cx, const struct convert_env *env,
    struct view *view, struct comp *event, const struct line *id)
{
    struct ics_time time;
    TRY(ics_time(cx, view->calendar, id, &time));
    struct view_override one = {.event = event,
        .cancelled = is_cancelled(event),
        .original_time = original_time(env, view->form.set ? &view->form : NULL, &time)};
    LIST_ADD(cx->arena, &view->overrides, one);
    return ERR_OK;
}

enum err view_read_exdates(
    struct ctx *cx, const struct convert_env *env, struct view *view)
{
    size_t at = 0;
    view->exdates.n = 0;
    for (struct line *line;
         (line = comp_next_line(view->master, "EXDATE", &at)) != NULL;) {
        char **values = str_split(cx->arena, line->value, ',');
        for (size_t i = 0; values[i] != NULL; i++) {
            struct ics_time time;
            TRY(ics_time_value(cx, view->calendar, line, values[i], &time));
            LIST_ADD(cx->arena, &view->exdates, original_time(env, &view->form, &time));
        }
    }
    return ERR_OK;
}

enum err view_of(struct ctx *cx, const struct convert_env *env, struct comp *calendar,
    struct view *view)
{
    *view = (struct view){.calendar = calendar};
    size_t at = 0;
    struct comp *event;
    while ((event = comp_next_sub(calendar, "VEVENT", &at)) != NULL) {
        if (comp_line(event, "RECURRENCE-ID") == NULL && view->master == NULL)
            view->master = event;
    }
    if (view->master != NULL) {
        const struct line *start = comp_line(view->master, "DTSTART");
        if (start == NULL)
            return fail(cx, ERR_VALID_CALENDAR_OBJECT, "a VEVENT without DTSTART");
        TRY(ics_time(cx, calendar, start, &view->form));
        view->form.set = true;
        TRY(view_read_exdates(cx, env, view));
    }
    at = 0;
    while ((event = comp_next_sub(calendar, "VEVENT", &at)) != NULL) {
        const struct line *id = comp_line(event, "RECURRENCE-ID");
        if (id != NULL)
            TRY(add_override(cx, env, view, event, id));
    }
    return rdates_pair(cx, env, view);
}

enum err view_retype(struct ctx *cx, const struct scene *scene, struct view *view)
{
    struct line_list exdates = {0};
    rdates_forget(view);
    comp_replace_lines(cx, view->master, "RDATE", NULL, 0);
    for (size_t i = 0; i < view->exdates.n; i++)
        LIST_ADD(cx->arena, &exdates,
            original_line(cx, scene, "EXDATE", &view->form, view->exdates.items[i]));
    comp_replace_lines(cx, view->master, "EXDATE", exdates.items, exdates.n);
    for (size_t i = 0; i < view->overrides.n; i++) {
        struct view_override *one = &view->overrides.items[i];
        const struct line *id = comp_line(one->event, "RECURRENCE-ID");
        struct ics_time time;
        TRY(ics_time(cx, view->calendar, id, &time));
        one->original_time = original_time(scene->env, &view->form, &time);
        if (time.is_date == view->form.is_date)
            continue;
        struct line *fresh =
            original_line(cx, scene, "RECURRENCE-ID", &view->form, one->original_time);
        comp_replace_lines(cx, one->event, "RECURRENCE-ID", &fresh, 1);
    }
    return ERR_OK;
}

const struct view_override *view_find(const struct view *view, int64_t original)
{
    if (view->form.is_date)
        original = day_of(original);
    for (size_t i = 0; i < view->overrides.n; i++) {
        if (view->overrides.items[i].original_time == original)
            return &view->overrides.items[i];
    }
    return NULL;
}

bool view_cancels(const struct view *view, int64_t original)
{
    const struct view_override *override = view_find(view, original);
    if (override != NULL)
        return override->cancelled;
    if (view->form.is_date)
        original = day_of(original);
    for (size_t i = 0; i < view->exdates.n; i++) {
        if (view->exdates.items[i] == original)
            return true;
    }
    return false;
}

bool view_has(struct ctx *cx, const struct convert_env *env, const struct view *view,
    int64_t original)
{
    if (view->master == NULL ||
        (comp_line(view->master, "RRULE") == NULL &&
            comp_line(view->master, "RDATE") == NULL))
        return false;
    const struct zone *floating = view->form.is_date ? NULL : env_zone(env);
    if (view->form.is_date)
        original = day_of(original);
    return expand_has(cx, view->calendar, original, floating);
}

/* The same line with other values. */
static struct line *with_values(
    struct ctx *cx, const struct line *line, const char *values)
{
    struct buf params = buf_new(cx->arena);
    for (size_t i = 0; i < line->n_params; i++)
        buf_printf(&params, ";%s=%s", line->params[i].name,
            param_escape(cx->arena, line->params[i].value));
    return line_new(cx, "%s%s:%s", line->name, buf_str(&params), values);
}

enum err view_keep_dates(struct ctx *cx, const struct convert_env *env,
    const struct view *view, const char *name, bool (*keep)(void *self, int64_t original),
    void *self)
{
    size_t at = 0;
    for (struct line *line; (line = comp_next_line(view->master, name, &at)) != NULL;) {
        char **values = str_split(cx->arena, line->value, ',');
        struct buf kept = buf_new(cx->arena);
        bool dropped = false;
        for (size_t i = 0; values[i] != NULL; i++) {
            struct ics_time time;
            TRY(ics_time_value(cx, view->calendar, line, values[i], &time));
            if (keep(self, original_time(env, &view->form, &time)))
                buf_printf(&kept, "%s%s", kept.len_bytes == 0 ? "" : ",", values[i]);
            else
                dropped = true;
        }
        if (dropped && kept.len_bytes == 0) {
            comp_remove_line(view->master, line);
            at--;
        } else if (dropped) {
            view->master->items.items[at - 1].line = with_values(cx, line, kept.data);
        }
    }
    return ERR_OK;
}

struct scene view_scene(
    const struct convert_env *env, const struct view *view, struct comp *event)
{
    return (struct scene){.env = env,
        .calendar = view->calendar,
        .event = event,
        .is_override = event != view->master};
}
