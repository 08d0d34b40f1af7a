/* Upstream laid over the shadow, component by component and field by field. */
#include "bridge/attendee.h"
#include "bridge/convert_down.h"
#include "bridge/rdate.h"
#include "bridge/unreadable.h"
#include "bridge/veil.h"

#include <string.h>

/* How far a VTIMEZONE's history reaches for a series without an end: 2038-01-01. */
#define ZONE_HORIZON_S INT64_C(2145916800)
#define DAY_S 86400
#define YEAR_S INT64_C(31556952)

struct scene down_scene(struct down *down, struct comp *event)
{
    struct scene scene = view_scene(down->env, &down->view, event);
    scene.zones = &down->zones;
    return scene;
}

static enum err row_facts(
    struct ctx *cx, const struct down *down, const struct series_row *row, cJSON **facts)
{
    struct series_row full = series_row_with_people(down->series, row);
    return facts_read(cx, down->env, &full, facts);
}

static void add_event(struct ctx *cx, struct down *down, struct comp *event, bool first)
{
    struct comp *calendar = down->view.calendar;
    size_t place = calendar->items.n;
    for (size_t i = calendar->items.n; first && i > 0; i--) {
        const struct comp *sub = calendar->items.items[i - 1].comp;
        if (sub != NULL && str_eq(sub->name, "VEVENT"))
            place = i - 1;
    }
    comp_insert(cx, calendar, place, (struct comp_item){.comp = event});
}

/* ---- master ---- */

static enum err lay_master(struct ctx *cx, struct down *down)
{
    struct view *view = &down->view;
    if (down->series->master == NULL) {
        if (view->master != NULL)
            comp_remove_sub(view->calendar, view->master);
        view->master = NULL;
        view->form = (struct ics_time){0};
        rdates_forget(view);
        return ERR_OK;
    }
    struct ics_time was = view->form;
    cJSON *facts = NULL;
    TRY(row_facts(cx, down, down->series->master, &facts));
    if (view->master == NULL) {
        view->master = down_new_event(cx, down, down->series->master);
        add_event(cx, down, view->master, true);
    }
    struct scene scene = down_scene(down, view->master);
    TRY(facts_patch(cx, &scene, facts));
    TRY(ics_time(cx, view->calendar, comp_line(view->master, "DTSTART"), &view->form));
    view->form.set = true;
    TRY(view_read_exdates(cx, down->env, view));
    bool alike = was.set && was.is_date == view->form.is_date;
    return alike ? ERR_OK : view_retype(cx, &scene, view);
}

/* ---- exceptions ---- */

/* A RECURRENCE-ID without a zone of its own means another occurrence when the master's
 * start has become another. */
static enum err keep_id(
    struct ctx *cx, struct down *down, struct comp *event, int64_t original)
{
    struct ics_time form = down->view.form, id;
    const struct line *line = comp_line(event, "RECURRENCE-ID");
    TRY(ics_time(cx, down->view.calendar, line, &id));
    if (!form.set)
        form = (struct ics_time){.is_date = id.is_date, .zone = zone_utc()};
    int64_t now = original_time(down->env, form.set ? &form : NULL, &id);
    if (now == original || (form.is_date && now / DAY_S == original / DAY_S))
        return ERR_OK;
    struct scene scene = down_scene(down, event);
    struct line *own = original_line(cx, &scene, "RECURRENCE-ID", &form, original);
    comp_replace_lines(cx, event, "RECURRENCE-ID", &own, 1);
    return ERR_OK;
}

/* A row of which only the guests are known says else what the series says; one whose
 * times cannot be read is where the rule has it. */
static enum err exception_facts(
    struct ctx *cx, const struct down *down, const struct series_row *row, cJSON **facts)
{
    const struct series_row *master = down->series->master;
    cJSON *series = NULL;
    if (master == NULL || time_is_readable(row->event, "start_time"))
        return row_facts(cx, down, row, facts);
    struct series_row guests = cJSON_HasObjectItem(row->event, "start_time")
        ? exception_with_times(cx, master, row)
        : *master;
    const cJSON *own = row->attendees;
    if (own == NULL)
        own = cJSON_GetObjectItemCaseSensitive(row->event, "attendees");
    if (own != NULL)
        guests.attendees = own;
    TRY(row_facts(cx, down, &guests, &series));
    *facts = facts_of_occurrence(cx, series, row->original_time);
    return ERR_OK;
}

/* A participant's own decline of one occurrence may stand as an EXDATE. */
static bool is_declined(const struct down *down, const struct series_row *row)
{
    return !series_is_organizer(down->env, down->series) &&
        str_eq(json_text(row->event, "self_rsvp_status"), "decline");
}

static bool listed(const struct view *view, int64_t original)
{
    if (view->form.is_date)
        original -= original % DAY_S;
    for (size_t i = 0; i < view->exdates.n; i++) {
        if (view->exdates.items[i] == original)
            return true;
    }
    return false;
}

/* An occurrence that the client moved by EXDATE and RDATE keeps these while they say what
 * upstream says. */
static enum err lay_moved(
    struct ctx *cx, struct down *down, const struct series_row *row, bool *kept)
{
    struct view *view = &down->view;
    size_t at = 0;
    while (view->overrides.items[at].original_time != row->original_time)
        at++;
    struct view_override *one = &view->overrides.items[at];
    if (row_is_cancelled(row))
        return rdate_unpair(cx, down->env, view, one, false);
    cJSON *facts = NULL, *own = NULL;
    one->event = rdate_event(cx, down->env, view, one->moved_to);
    struct scene scene = down_scene(down, one->event);
    TRY(exception_facts(cx, down, row, &facts));
    TRY(facts_up(cx, &scene, &own));
    *kept = facts_same_occurrence(own, facts);
    return *kept ? ERR_OK : rdate_unpair(cx, down->env, view, one, true);
}

/* False for the others of two rows of one day. */
static bool stands_for_its_day(const struct down *down, const struct series_row *row)
{
    return !down->view.form.is_date ||
        series_find(down->series, row->original_time) == row;
}

static enum err lay_exception(
    struct ctx *cx, struct down *down, const struct series_row *row)
{
    const struct view_override *old = view_find(&down->view, row->original_time);
    if (!stands_for_its_day(down, row) || !exception_is_shown(down->series, row))
        return ERR_OK;
    if (old != NULL && old->moved) {
        bool kept = false;
        TRY(lay_moved(cx, down, row, &kept));
        if (kept || row_is_cancelled(row))
            return ERR_OK;
        old = NULL;
    }
    if (row_is_cancelled(row)) {
        if (old != NULL && !old->cancelled)
            comp_remove_sub(down->view.calendar, old->event);
        return ERR_OK;
    }
    if (old == NULL && down->view.master != NULL && is_declined(down, row) &&
        listed(&down->view, row->original_time))
        return ERR_OK;
    cJSON *facts = NULL;
    TRY(exception_facts(cx, down, row, &facts));
    struct comp *event = old != NULL ? old->event : down_new_override(cx, down, row);
    if (old == NULL)
        add_event(cx, down, event, false);
    else
        TRY(keep_id(cx, down, event, row->original_time));
    struct scene scene = down_scene(down, event);
    return facts_patch(cx, &scene, facts);
}

/* The facts of the shadow's master; NULL where nobody asks for them. */
static enum err shadow_facts(struct ctx *cx, struct down *down, cJSON **facts)
{
    *facts = NULL;
    if (down->view.master == NULL || down->view.overrides.n == 0)
        return ERR_OK;
    struct scene scene = down_scene(down, down->view.master);
    return facts_up(cx, &scene, facts);
}

/* *same: the override says of its occurrence what the master of these facts does. */
static enum err says_the_same(struct ctx *cx, struct down *down,
    const struct view_override *one, const cJSON *master, bool *same)
{
    cJSON *own = NULL;
    struct scene scene = down_scene(down, one->event);
    TRY(facts_up(cx, &scene, &own));
    const cJSON *rule = facts_of_occurrence(cx, master, one->original_time);
    /* To the own series upstream has no answer, whoever the text says it is of. */
    *same = series_is_organizer(down->env, down->series)
        ? facts_same_fields(own, rule)
        : facts_same_occurrence(own, rule);
    return ERR_OK;
}

/* Lines that cannot be read are not patched: then it says something else afterwards. */
static enum err follow_master(struct ctx *cx, struct down *down,
    const struct view_override *one, const cJSON *facts, bool *follows)
{
    cJSON *master = NULL;
    struct scene scene = down_scene(down, one->event);
    struct scene master_scene = down_scene(down, down->view.master);
    TRY(keep_id(cx, down, one->event, one->original_time));
    TRY(facts_patch(cx, &scene, facts_of_occurrence(cx, facts, one->original_time)));
    TRY(facts_up(cx, &master_scene, &master));
    return says_the_same(cx, down, one, master, follows);
}

/* Overrides without a row upstream. One that never said more than its master (a snoozed
 * alarm, say) is the client's own and follows the master; any other was an exception and
 * is gone. before = shadow_facts. */
static enum err lay_leftovers(struct ctx *cx, struct down *down, const cJSON *before)
{
    const struct view *view = &down->view;
    cJSON *now = NULL;
    if (view->master != NULL && view->overrides.n > 0)
        TRY(row_facts(cx, down, down->series->master, &now));
    for (size_t i = 0; i < view->overrides.n; i++) {
        const struct view_override *one = &view->overrides.items[i];
        if (series_find(down->series, one->original_time) != NULL)
            continue;
        if (one->moved) { /* the rule gives it back */
            TRY(rdate_unpair(
                cx, down->env, &down->view, &down->view.overrides.items[i], true));
            continue;
        }
        bool keep = before != NULL && now != NULL && !one->cancelled &&
            view_has(cx, down->env, view, one->original_time);
        if (keep)
            TRY(says_the_same(cx, down, one, before, &keep));
        if (keep)
            TRY(follow_master(cx, down, one, now, &keep));
        if (!keep)
            comp_remove_sub(view->calendar, one->event);
    }
    return ERR_OK;
}

/* ---- EXDATE ---- */

static bool is_excluded(const struct down *down, int64_t original)
{
    const struct series_row *row = series_find(down->series, original);
    return row != NULL && (row_is_cancelled(row) || is_declined(down, row));
}

struct excluded {
    struct ctx *cx;
    const struct down *down;
};

/* Dates that are no occurrence mean nothing and stay. */
static bool stays_excluded(void *self, int64_t original)
{
    struct excluded *excluded = self;
    const struct down *down = excluded->down;
    const struct view_override *one = view_find(&down->view, original);
    return is_excluded(down, original) || (one != NULL && one->moved) ||
        !view_has(excluded->cx, down->env, &down->view, original);
}

static enum err lay_exdates(struct ctx *cx, struct down *down)
{
    const struct view *view = &down->view;
    if (view->master == NULL)
        return ERR_OK;
    struct excluded excluded = {cx, down};
    TRY(view_keep_dates(cx, down->env, view, "EXDATE", stays_excluded, &excluded));
    struct scene scene = down_scene(down, view->master);
    size_t place = 0;
    for (size_t i = 0; i < view->master->items.n; i++) {
        const struct line *line = view->master->items.items[i].line;
        if (line != NULL &&
            (str_eq(line->name, "EXDATE") || str_eq(line->name, "RRULE") ||
                str_eq(line->name, "RDATE")))
            place = i + 1;
    }
    for (size_t i = 0; i < down->series->n_exceptions; i++) {
        const struct series_row *row = &down->series->exceptions[i];
        const struct view_override *override = view_find(view, row->original_time);
        bool said =
            listed(view, row->original_time) || (override != NULL && override->cancelled);
        /* After a change of the rule some cancelled ones are no occurrences any more. */
        if (!row_is_cancelled(row) || said || place == 0 ||
            !stands_for_its_day(down, row) ||
            !view_has(cx, down->env, view, row->original_time))
            continue;
        struct line *line =
            original_line(cx, &scene, "EXDATE", &view->form, row->original_time);
        comp_insert(cx, view->master, place++, (struct comp_item){.line = line});
    }
    return ERR_OK;
}

/* ---- the whole ---- */

static bool until_of(const cJSON *facts, int64_t *until_s)
{
    const cJSON *rule = cJSON_GetObjectItemCaseSensitive(facts, "recurrence");
    struct civil civil;
    bool is_date, is_utc;
    if (rule == NULL)
        return false;
    *until_s = when_parse_ics(json_text(rule, "until"), &civil, &is_date, &is_utc)
        ? civil_seconds(&civil) : ZONE_HORIZON_S;
    return true;
}

/* VTIMEZONEs for the zones that new lines name. */
static enum err add_zones(struct ctx *cx, struct down *down)
{
    if (down->zones.n == 0)
        return ERR_OK;
    int64_t from_s = INT64_MAX, until_s = INT64_MIN;
    for (size_t i = 0; i <= down->series->n_exceptions; i++) {
        const struct series_row *row =
            i == 0 ? down->series->master : &down->series->exceptions[i - 1];
        if (row == NULL || (i > 0 && (row_is_cancelled(row) ||
                                         !exception_is_shown(down->series, row))))
            continue;
        cJSON *facts = NULL;
        TRY(i == 0 ? row_facts(cx, down, row, &facts)
                   : exception_facts(cx, down, row, &facts));
        int64_t start_s = fact_time(facts, "start_time").unix_s;
        int64_t end_s = fact_time(facts, "end_time").unix_s, last_s;
        if (until_of(facts, &last_s) && last_s > end_s)
            end_s = last_s;
        from_s = start_s < from_s ? start_s : from_s;
        until_s = end_s > until_s ? end_s : until_s;
    }
    struct comp *calendar = down->view.calendar;
    size_t place = 0;
    while (place < calendar->items.n && calendar->items.items[place].comp == NULL)
        place++;
    for (size_t i = 0; i < down->zones.n; i++) {
        struct comp *zone =
            zone_vtimezone(cx, down->zones.items[i], from_s - YEAR_S, until_s + YEAR_S);
        comp_insert(cx, calendar, place + i, (struct comp_item){.comp = zone});
    }
    return ERR_OK;
}

/* X-LIC-ERROR is never served; METHOD has no place in a stored object (RFC 4791 4.1). */
static void clean(struct comp *comp)
{
    size_t kept = 0;
    for (size_t i = 0; i < comp->items.n; i++) {
        struct comp_item item = comp->items.items[i];
        if (item.line != NULL &&
            (str_eq(item.line->name, "X-LIC-ERROR") || str_eq(item.line->name, "METHOD")))
            continue;
        if (item.comp != NULL)
            clean(item.comp);
        comp->items.items[kept++] = item;
    }
    comp->items.n = kept;
}

static enum err lay(struct ctx *cx, struct down *down, struct comp *calendar, char **text)
{
    clean(calendar);
    TRY(view_of(cx, down->env, calendar, &down->view));
    cJSON *before;
    TRY(shadow_facts(cx, down, &before));
    TRY(lay_master(cx, down));
    for (size_t i = 0; i < down->series->n_exceptions; i++)
        TRY(lay_exception(cx, down, &down->series->exceptions[i]));
    TRY(lay_leftovers(cx, down, before));
    TRY(rdates_keep(cx, down->env, &down->view));
    TRY(lay_exdates(cx, down));
    TRY(add_zones(cx, down));
    *text = lines_text(cx, calendar);
    return ERR_OK;
}

static bool is_alive(const struct series *series)
{
    bool alive = series->master != NULL;
    for (size_t i = 0; i < series->n_exceptions && !alive; i++)
        alive = !row_is_cancelled(&series->exceptions[i]) &&
            exception_is_shown(series, &series->exceptions[i]);
    return alive;
}

enum err convert_down(struct ctx *cx, const struct convert_env *env,
    const struct series *series, const char *shadow, char **text)
{
    if (!is_alive(series))
        return fail(
            cx, ERR_INTERNAL, "series %s has no events that can be read", series->uid);
    struct comp *calendar;
    if (series_is_veiled(env, series))
        shadow = NULL;
    struct down down = {.env = env, .series = series};
    if (shadow != NULL && lines_parse(cx, shadow, strlen(shadow), &calendar) == ERR_OK &&
        lay(cx, &down, calendar, text) == ERR_OK)
        return ERR_OK;
    /* A shadow that can no longer be read must not hide the event. */
    down = (struct down){.env = env, .series = series};
    TRY(lay(cx, &down, down_new_calendar(cx), text));
    cx->err = ERR_OK;
    cx->err_text = NULL;
    return ERR_OK;
}
