#include "bridge/split.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "bridge/field_time.h"
#include "bridge/rdate.h"
#include "bridge/series.h"
#include "ical/expand.h"

#include <string.h>

#define DAY_S 86400
#define UID_PLAIN_MAX_BYTES 200

/* One cut: of what view holds, at an override. */
struct cut {
    struct ctx *cx;
    const struct convert_env *env;
    struct view view;
    struct comp *change;   /* the override */
    int64_t pivot;         /* its scheduled start */
    struct ics_time start; /* where it begins instead */
    int64_t shift_s;       /* the difference, on the wall clock */
    size_t before;         /* occurrences of the rule before the pivot */
    int64_t last_s;        /* the last one */
    const char *uid;       /* of the part; the series' own when nothing is before it */
};

static bool is_future(const struct comp *event)
{
    const struct line *id = comp_line(event, "RECURRENCE-ID");
    return id != NULL && str_ieq(line_param(id, "RANGE"), "THISANDFUTURE");
}

static bool has_future(const struct comp *calendar)
{
    const struct comp *event;
    for (size_t at = 0; (event = comp_next_sub(calendar, "VEVENT", &at)) != NULL;) {
        if (is_future(event))
            return true;
    }
    return false;
}

static const struct view_override *last_future(const struct view *view)
{
    const struct view_override *found = NULL;
    for (size_t i = 0; i < view->overrides.n; i++) {
        const struct view_override *one = &view->overrides.items[i];
        bool later = found == NULL || one->original_time > found->original_time;
        if (is_future(one->event) && later)
            found = one;
    }
    return found;
}

/* ---- what can be cut ---- */

static enum err check_series(
    struct ctx *cx, const struct convert_env *env, const struct view *view)
{
    size_t at = 0;
    const struct comp *master = view->master;
    if (master == NULL)
        return SPLIT_REFUSED(cx, "Feishu cannot hold an occurrence without its series");
    if (comp_next_line(master, "RRULE", &at) == NULL)
        return SPLIT_REFUSED(cx, "a series without RRULE cannot be cut in two");
    if (comp_next_line(master, "RRULE", &at) != NULL)
        return fail(cx, ERR_UPSTREAM_REFUSED, "RRULE: Feishu holds one rule a series");
    if (comp_line(master, "EXRULE") != NULL)
        return SPLIT_REFUSED(cx, "a series with EXRULE cannot be cut in two");
    bool moves = false;
    for (size_t i = 0; i < view->overrides.n; i++)
        moves = moves || view->overrides.items[i].moved;
    if (moves || !rdates_say_nothing(cx, env, view))
        return SPLIT_REFUSED(cx, "a series with RDATE cannot be cut in two");
    return ERR_OK;
}

static bool is_later(const struct cut *cut, const struct view_override *one)
{
    return one->event != cut->change && one->original_time > cut->pivot;
}

static enum err check_change(struct ctx *cx, const struct cut *cut)
{
    char text[WHEN_TEXT_BYTES];
    if (!view_has(cx, cut->env, &cut->view, cut->pivot))
        return SPLIT_REFUSED(
            cx, "%s is no occurrence of the rule", when_rfc3339(cut->pivot, text));
    if (comp_line(cut->change, "RRULE") != NULL ||
        comp_line(cut->change, "RDATE") != NULL)
        return SPLIT_REFUSED(cx, "RRULE and RDATE belong to the component of the series");
    const struct line *status = comp_line(cut->change, "STATUS");
    for (size_t i = 0; i < cut->view.overrides.n; i++) {
        const struct view_override *one = &cut->view.overrides.items[i];
        if (status != NULL && str_ieq(status->value, "CANCELLED") && is_later(cut, one) &&
            !one->cancelled)
            return SPLIT_REFUSED(cx,
                "all from there on is cancelled, and yet there is a "
                "changed occurrence behind it");
    }
    return ERR_OK;
}

/* ---- time ---- */

static const struct zone *zone_of(const struct cut *cut, const struct ics_time *time)
{
    return time->zone == NULL ? env_zone(cut->env) : time->zone;
}

/* A scheduled start on the clock of the series. */
static int64_t wall_of(const struct cut *cut, int64_t original)
{
    if (cut->view.form.is_date)
        return original;
    struct civil local = zone_to_local(zone_of(cut, &cut->view.form), original);
    return civil_seconds(&local);
}

static int64_t day_of(int64_t wall_s)
{
    return wall_s / DAY_S - (wall_s % DAY_S < 0);
}

static char *local_text(struct ctx *cx, const struct civil *civil)
{
    return arena_printf(cx->arena, "%04d%02d%02dT%02d%02d%02d", civil->year, civil->month,
        civil->day, civil->hour, civil->minute, civil->second);
}

static bool ends_in_z(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && text[len - 1] == 'Z';
}

/* RECURRENCE-ID or EXDATE of a scheduled start where the part has it, written as its
 * DTSTART is. */
static struct line *moved_line(const struct cut *cut, const char *name, int64_t original)
{
    struct ctx *cx = cut->cx;
    const struct line *like = comp_line(cut->change, "DTSTART");
    int64_t wall_s = wall_of(cut, original) + cut->shift_s;
    struct civil civil = civil_from_seconds(wall_s);
    char text[WHEN_TEXT_BYTES];
    struct buf params = buf_new(cx->arena);
    for (size_t i = 0; i < like->n_params; i++)
        buf_printf(&params, ";%s=%s", like->params[i].name,
            param_escape(cx->arena, like->params[i].value));
    return line_new(cx, "%s%s:%s%s", name, buf_str(&params),
        cut->start.is_date ? when_ics_date(day_of(wall_s), text) : local_text(cx, &civil),
        !cut->start.is_date && ends_in_z(like->value) ? "Z" : "");
}

/* An UNTIL of the type that DTSTART asks for (RFC 5545 3.3.10). */
static const char *until_text(
    const struct cut *cut, const struct ics_time *form, int64_t wall_s)
{
    struct civil civil = civil_from_seconds(wall_s);
    char *text = arena_alloc(cut->cx->arena, WHEN_TEXT_BYTES);
    if (form->is_date)
        return when_ics_date(day_of(wall_s), text);
    if (form->zone == NULL)
        return local_text(cut->cx, &civil);
    return when_ics_utc(zone_to_unix(form->zone, &civil), text);
}

/* ---- the rule ---- */

static bool see_occurrence(void *self, const struct instance *one)
{
    struct cut *cut = self;
    cut->before += one->recurrence_s < cut->pivot;
    if (one->recurrence_s > cut->last_s)
        cut->last_s = one->recurrence_s;
    return true;
}

/* The occurrences of the rule alone, as COUNT counts them. */
static enum err count(struct cut *cut, bool to_the_end)
{
    struct comp *bare = comp_clone(cut->cx, cut->view.calendar), *event;
    for (size_t at = 0; (event = comp_next_sub(bare, "VEVENT", &at)) != NULL;) {
        if (comp_line(event, "RECURRENCE-ID") == NULL) {
            comp_replace_lines(cut->cx, event, "EXDATE", NULL, 0);
            comp_replace_lines(cut->cx, event, "RDATE", NULL, 0);
        } else {
            comp_remove_sub(bare, event);
            at--;
        }
    }
    struct expand_range range = {
        .from_s = INT64_MIN,
        .until_s = to_the_end ? INT64_MAX : cut->pivot,
        .floating = cut->view.form.is_date ? NULL : env_zone(cut->env),
        .max_instances = SPLIT_MAX_INSTANCES,
    };
    cut->before = 0;
    cut->last_s = INT64_MIN;
    if (expand_each(cut->cx, bare, &range, see_occurrence, cut) != ERR_OK)
        return SPLIT_REFUSED(cut->cx, "RRULE has too many occurrences to cut it exactly");
    return ERR_OK;
}

static const char *const time_parts[] = {"BYHOUR", "BYMINUTE", "BYSECOND"};

/* The rule of the part. */
static enum err rule_behind(struct cut *cut, const char *rule, char **result)
{
    struct ctx *cx = cut->cx;
    int64_t wall_s = wall_of(cut, cut->pivot);
    int64_t days = day_of(wall_s + cut->shift_s) - day_of(wall_s);
    const char *part = NULL, *times = rule_part(cx, rule, "COUNT");
    struct civil civil = civil_from_seconds(wall_s);
    char *moved = arena_strdup(cx->arena, rule);
    for (size_t i = 0; i < 3 && cut->shift_s != days * DAY_S; i++) {
        if (rule_part(cx, rule, time_parts[i]) != NULL)
            part = time_parts[i];
    }
    if (part == NULL && days != 0)
        moved = rule_moved(cx, rule, civil.day, days, &part);
    if (part != NULL)
        return SPLIT_REFUSED(
            cx, "occurrences moved by it are not those of a rule with %s", part);
    long long n;
    if (times != NULL && str_to_ll(times, 1, SPLIT_MAX_INSTANCES, &n))
        moved = rule_ending(cx, moved, "COUNT",
            arena_printf(cx->arena, "%lld", n - (long long)cut->before));
    else if (times != NULL)
        return SPLIT_REFUSED(cx, "RRULE has too many occurrences to cut it exactly");
    else if (rule_part(cx, rule, "UNTIL") != NULL &&
        (cut->shift_s != 0 || cut->start.is_date != cut->view.form.is_date))
        moved = rule_ending(cx, moved, "UNTIL",
            until_text(cut, &cut->start, wall_of(cut, cut->last_s) + cut->shift_s));
    *result = moved;
    return ERR_OK;
}

static char *rule_before(const struct cut *cut, const char *rule)
{
    struct ctx *cx = cut->cx;
    const struct ics_time *form = &cut->view.form;
    if (rule_part(cx, rule, "COUNT") != NULL)
        return rule_ending(
            cx, rule, "COUNT", arena_printf(cx->arena, "%zu", cut->before));
    /* UTC where it can be: the second before a wall clock may not be on the clock. */
    int64_t last_s = cut->pivot - (form->is_date ? DAY_S : 1);
    char *text = arena_alloc(cx->arena, WHEN_TEXT_BYTES);
    const char *until = !form->is_date && form->zone != NULL
        ? when_ics_utc(last_s, text)
        : until_text(cut, form, wall_of(cut, last_s));
    return rule_ending(cx, rule, "UNTIL", until);
}

/* ---- the two objects ---- */

static void set_line(
    struct ctx *cx, struct comp *event, const char *name, struct line *line)
{
    comp_replace_lines(cx, event, name, &line, 1);
}

static void set_uid(const struct cut *cut, struct comp *event)
{
    set_line(cut->cx, event, "UID", line_new(cut->cx, "UID:%s", cut->uid));
}

/* The place behind the times, where a rule is looked for. */
static size_t behind_times(const struct comp *event)
{
    static const char *const names[] = {"DTSTART", "DTEND", "DURATION"};
    size_t place = 0;
    for (size_t i = 0; i < event->items.n; i++) {
        const struct line *line = event->items.items[i].line;
        for (size_t k = 0; line != NULL && k < 3; k++)
            place = str_eq(line->name, names[k]) ? i + 1 : place;
    }
    return place;
}

static struct comp *part_master(const struct cut *cut, const char *rule)
{
    struct ctx *cx = cut->cx;
    struct comp *event = comp_clone(cx, cut->change);
    comp_replace_lines(cx, event, "RECURRENCE-ID", NULL, 0);
    comp_replace_lines(cx, event, "EXDATE", NULL, 0);
    set_uid(cut, event);
    size_t place = behind_times(event);
    comp_insert(
        cx, event, place++, (struct comp_item){.line = line_new(cx, "RRULE:%s", rule)});
    for (size_t i = 0; i < cut->view.exdates.n; i++) {
        int64_t original = cut->view.exdates.items[i];
        if (original > cut->pivot && view_has(cx, cut->env, &cut->view, original))
            comp_insert(cx, event, place++,
                (struct comp_item){.line = moved_line(cut, "EXDATE", original)});
    }
    return event;
}

/* The calendar object of the part: the zones and properties of the whole, its own
 * events. */
static struct comp *part_of(const struct cut *cut, const char *rule)
{
    struct ctx *cx = cut->cx;
    struct comp *part = comp_clone(cx, cut->view.calendar);
    size_t kept = 0;
    for (size_t i = 0; i < part->items.n; i++) {
        const struct comp *sub = part->items.items[i].comp;
        if (sub == NULL || !str_eq(sub->name, "VEVENT"))
            part->items.items[kept++] = part->items.items[i];
    }
    part->items.n = kept;
    comp_add_sub(cx, part, part_master(cut, rule));
    for (size_t i = 0; i < cut->view.overrides.n; i++) {
        const struct view_override *one = &cut->view.overrides.items[i];
        if (!is_later(cut, one))
            continue;
        struct comp *event = comp_clone(cx, one->event);
        set_uid(cut, event);
        set_line(cx, event, "RECURRENCE-ID",
            moved_line(cut, "RECURRENCE-ID", one->original_time));
        comp_add_sub(cx, part, event);
    }
    return part;
}

static bool is_before(void *self, int64_t original)
{
    return original < ((const struct cut *)self)->pivot;
}

/* What is left of the series. */
static enum err cut_off(struct cut *cut, const char *rule)
{
    struct ctx *cx = cut->cx;
    struct view *view = &cut->view;
    for (size_t i = 0; i < view->overrides.n; i++) {
        if (view->overrides.items[i].original_time >= cut->pivot)
            comp_remove_sub(view->calendar, view->overrides.items[i].event);
    }
    TRY(view_keep_dates(cx, cut->env, view, "EXDATE", is_before, cut));
    comp_replace_lines(cx, view->master, "RDATE", NULL, 0);
    set_line(cx, view->master, "RRULE", line_new(cx, "RRULE:%s", rule_before(cut, rule)));
    return ERR_OK;
}

/* The UID of the part: where it was cut is said before the "@". */
static const char *part_uid(const struct cut *cut, const char *uid)
{
    struct ctx *cx = cut->cx;
    char text[WHEN_TEXT_BYTES];
    const char *place = cut->view.form.is_date ? when_ics_date(day_of(cut->pivot), text)
                                               : when_ics_utc(cut->pivot, text);
    if (strlen(uid) > UID_PLAIN_MAX_BYTES) {
        unsigned char digest[SHA256_BYTES];
        crypto_sha256(uid, strlen(uid), digest);
        uid = base64url_encode(cx->arena, digest, sizeof digest);
    }
    size_t len = strcspn(uid, "@");
    return arena_printf(cx->arena, "%.*s_R%s%s", (int)len, uid, place, uid + len);
}

static enum err open_cut(struct cut *cut, const struct view_override *at)
{
    cut->change = at->event;
    cut->pivot = at->original_time;
    TRY(check_change(cut->cx, cut));
    TRY(ics_time(
        cut->cx, cut->view.calendar, comp_line(at->event, "DTSTART"), &cut->start));
    cut->shift_s = civil_seconds(&cut->start.civil) - wall_of(cut, cut->pivot);
    return count(cut, false);
}

/* Cuts off what begins at the last change of its kind. *part = NULL: it was cancelled. */
static enum err cut_last(struct cut *cut, const char *uid, struct comp **part)
{
    struct ctx *cx = cut->cx;
    const struct view_override *at = last_future(&cut->view);
    bool cancelled = at->cancelled;
    TRY(open_cut(cut, at));
    const char *rule = comp_line(cut->view.master, "RRULE")->value;
    size_t before = cut->before;
    if (rule_part(cx, rule, "UNTIL") != NULL)
        TRY(count(cut, true));
    if (cancelled && before == 0)
        return SPLIT_REFUSED(cx,
            "STATUS:CANCELLED of the first and all that follow: delete "
            "the series instead");
    char *behind = NULL;
    if (!cancelled)
        TRY(rule_behind(cut, rule, &behind));
    cut->uid = before == 0 ? uid : part_uid(cut, uid);
    *part = cancelled ? NULL : part_of(cut, behind);
    return before == 0 ? ERR_OK : cut_off(cut, rule);
}

/* ---- all of it ---- */

struct calendars {
    struct comp *items[SPLIT_MAX_PARTS + 1];
    size_t n;
};

/* Cuts from the end to the beginning; parts come in the order of time. */
static enum err cut_all(struct ctx *cx, const struct convert_env *env,
    struct comp *calendar, struct calendars *parts, int64_t pivots[])
{
    struct cut cut = {.cx = cx, .env = env};
    size_t place = SPLIT_MAX_PARTS + 1;
    for (;;) {
        struct comp *part = NULL;
        TRY(view_of(cx, env, calendar, &cut.view));
        if (last_future(&cut.view) == NULL)
            break;
        const char *uid = comp_line(cut.view.master, "UID")->value;
        TRY(cut_last(&cut, uid, &part));
        if (part != NULL && str_eq(cut.uid, uid)) {
            calendar = part;
            break;
        }
        if (part != NULL && place == 1)
            return SPLIT_REFUSED(cx, "a series is cut at most %d times", SPLIT_MAX_PARTS);
        if (part != NULL) {
            parts->items[--place] = part;
            pivots[place] = cut.pivot;
        }
    }
    parts->items[--place] = calendar;
    parts->n = SPLIT_MAX_PARTS + 1 - place;
    memmove(parts->items, parts->items + place, parts->n * sizeof *parts->items);
    memmove(pivots, pivots + place, parts->n * sizeof *pivots);
    return ERR_OK;
}

enum err convert_split(struct ctx *cx, const struct convert_env *env, const char *text,
    const struct comp *calendar, struct split *split)
{
    struct calendars parts = {.n = 0};
    int64_t pivots[SPLIT_MAX_PARTS + 1] = {0};
    struct split made = {.text = text};
    struct view view;
    if (has_future(calendar)) {
        TRY(view_of(cx, env, comp_clone(cx, calendar), &view));
        TRY(check_series(cx, env, &view));
        TRY(cut_all(cx, env, comp_clone(cx, calendar), &parts, pivots));
        TRY(split_check(cx, env, calendar, parts.items, parts.n));
        split_relate(cx, parts.items, parts.n);
        made.text = lines_text(cx, parts.items[0]);
    }
    for (size_t i = 1; i < parts.n; i++) {
        struct split_part part = {
            .text = lines_text(cx, parts.items[i]),
            .uid = comp_line(split_master(parts.items[i]), "UID")->value,
            .pivot = pivots[i],
        };
        LIST_ADD(cx->arena, &made.later, part);
    }
    *split = made;
    return ERR_OK;
}
