/* Overrides and EXDATEs as steps (feishu-api 5.19). */
#include "bridge/plan.h"

#include "bridge/attendee.h"
#include "bridge/field_time.h"
#include "bridge/rdate.h"

#include <string.h>

/* ---- what Feishu has no place for ---- */

static const struct {
    const char *line, *reason;
} refused_lines[] = {
    {"EXRULE", "EXRULE: Feishu has no rules of exclusion"},
};

static bool same_values(const struct comp *was, const struct comp *now, const char *name)
{
    size_t i = 0, j = 0;
    for (;;) {
        const struct line *a = was == NULL ? NULL : comp_next_line(was, name, &i);
        const struct line *b = comp_next_line(now, name, &j);
        if (a == NULL || b == NULL)
            return b == NULL;
        if (!str_eq(a->value, b->value))
            return false;
    }
}

static bool same_lines(const struct comp *was, const struct comp *now, const char *name)
{
    size_t i = 0, j = 0;
    for (;;) {
        const struct line *a = was == NULL ? NULL : comp_next_line(was, name, &i);
        const struct line *b = comp_next_line(now, name, &j);
        if (a == NULL || b == NULL)
            return a == b;
        if (a->raw_bytes != b->raw_bytes || memcmp(a->raw, b->raw, a->raw_bytes) != 0)
            return false;
    }
}

/* Dates that a rule has, or that a rule can be made of. What they say hangs on the other
 * lines, too: a client may move the series and leave them behind. */
static enum err check_rdates(struct ctx *cx, const struct planner *p)
{
    static const char *const names[] = {"DTSTART", "RRULE", "RDATE", "EXDATE"};
    const struct comp *now = p->now.master;
    bool same = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        same = same && same_lines(p->was.master, now, names[i]);
    if (same || comp_line(now, "RDATE") == NULL)
        return ERR_OK;
    if (comp_line(now, "RRULE") != NULL)
        return rdates_say_nothing(cx, p->env, &p->now)
            ? ERR_OK
            : fail(cx, ERR_UPSTREAM_REFUSED,
                  "RDATE: Feishu has no single dates beside a rule");
    return rdate_rule(cx, p->env, p->now.calendar, now) != NULL
        ? ERR_OK
        : fail(cx, ERR_UPSTREAM_REFUSED,
              "RDATE: Feishu has no single dates, and no rule has just these");
}

enum err plan_refuse(struct ctx *cx, const struct planner *p)
{
    const struct comp *now = p->now.master;
    TRY(check_rdates(cx, p));
    for (size_t i = 0; i < sizeof refused_lines / sizeof refused_lines[0]; i++) {
        if (!same_values(p->was.master, now, refused_lines[i].line))
            return fail(cx, ERR_UPSTREAM_REFUSED, "%s", refused_lines[i].reason);
    }
    size_t at = 0;
    if (comp_next_line(now, "RRULE", &at) != NULL &&
        comp_next_line(now, "RRULE", &at) != NULL)
        return fail(cx, ERR_UPSTREAM_REFUSED, "RRULE: Feishu holds one rule a series");
    for (size_t i = 0; i < p->now.overrides.n; i++) {
        const struct line *id =
            comp_line(p->now.overrides.items[i].event, "RECURRENCE-ID");
        const char *range = id == NULL ? NULL : line_param(id, "RANGE");
        if (range != NULL)
            return fail(cx, ERR_UPSTREAM_REFUSED,
                "RECURRENCE-ID;RANGE=%s: Feishu changes single occurrences", range);
    }
    return ERR_OK;
}

/* ---- overrides ---- */

/* Exceptions of a new series, and those made again after a change of the whole, are
 * technical: the guests hear of the series itself. */
static bool plan_tells(const struct planner *p, const cJSON *facts)
{
    return p->before != NULL && !p->reset && plan_concerns_others(p, facts);
}

static char *id_text(struct ctx *cx, int64_t original)
{
    char text[WHEN_TEXT_BYTES];
    return arena_strdup(cx->arena, when_rfc3339(original, text));
}

enum err plan_override_facts(struct ctx *cx, const struct planner *p,
    const struct view *view, const struct view_override *one, cJSON **facts)
{
    struct scene scene = view_scene(p->env, view, one->event);
    return facts_up(cx, &scene, facts);
}

/* True for an override that said what the series said: the client's own, of which
 * upstream has no row. Any other had one, which was taken back there since. */
static enum err says_nothing(struct ctx *cx, const struct planner *p,
    const struct view_override *old, const cJSON *facts, bool *nothing)
{
    cJSON *master = NULL;
    if (p->was.master == NULL) {
        *nothing = false;
        return ERR_OK;
    }
    struct scene scene = view_scene(p->env, &p->was, p->was.master);
    TRY(facts_up(cx, &scene, &master));
    *nothing =
        facts_same_occurrence(facts, facts_of_occurrence(cx, master, old->original_time));
    return ERR_OK;
}

/* What the change of an occurrence is compared with. series = what it says as long as
 * nobody touched it; NULL without a master. */
static enum err facts_before(struct ctx *cx, const struct planner *p,
    const struct view_override *one, const struct view_override *old, const cJSON *series,
    cJSON **was)
{
    bool own = false;
    cJSON *said = NULL;
    if (old != NULL)
        TRY(plan_override_facts(cx, p, &p->was, old, &said));
    if (old != NULL && series != NULL &&
        series_find(p->before, one->original_time) == NULL)
        TRY(says_nothing(cx, p, old, said, &own));
    if (old != NULL && !own)
        *was = said;
    else if (series != NULL)
        *was = facts_of_occurrence(cx, series, one->original_time);
    return ERR_OK;
}

static enum err cancel(
    struct ctx *cx, struct planner *p, int64_t original, const cJSON *facts)
{
    if (!view_has(cx, p->env, &p->now, original) &&
        (p->before == NULL || series_find(p->before, original) == NULL))
        return ERR_OK; /* excludes nothing */
    const struct series_row *row =
        p->before == NULL ? NULL : series_find(p->before, original);
    if (!p->organizer && row != NULL && str_eq(people_own_answer(p->env, row), "decline"))
        return ERR_OK;
    /* An exception has people of its own. */
    const struct view_override *old = view_find(&p->was, original);
    cJSON *said = NULL;
    if (old != NULL && !old->cancelled)
        TRY(plan_override_facts(cx, p, &p->was, old, &said));
    if (p->organizer)
        plan_step(cx, p,
            (struct step){.kind = STEP_DELETE,
                .original_time = original,
                .notify = plan_tells(p, said != NULL ? said : facts)});
    else
        plan_step(cx, p,
            (struct step){
                .kind = STEP_REPLY, .original_time = original, .rsvp = "decline"});
    return ERR_OK;
}

/* What was declined before stays declined when the series is answered otherwise. */
static void decline_again(struct ctx *cx, struct planner *p, int64_t original)
{
    const struct series_row *row = series_find(p->before, original);
    if (p->organizer || p->series_reply == NULL ||
        str_eq(p->series_reply, "decline") || row == NULL || row_is_cancelled(row))
        return;
    plan_step(cx, p,
        (struct step){
            .kind = STEP_REPLY, .original_time = original, .rsvp = "decline"});
}

/* What the occurrence said in the text that is replaced; stays NULL where it did not take
 * place. */
static enum err facts_heard(
    struct ctx *cx, const struct planner *p, int64_t original, cJSON **heard)
{
    const struct view_override *old = view_find(&p->was, original);
    if (p->before == NULL || (old != NULL && old->cancelled))
        return ERR_OK;
    if (old != NULL)
        return plan_override_facts(cx, p, &p->was, old, heard);
    if (p->series_was != NULL && !view_cancels(&p->was, original) &&
        view_has(cx, p->env, &p->was, original))
        *heard = facts_of_occurrence(cx, p->series_was, original);
    return ERR_OK;
}

static enum err plan_override(struct ctx *cx, struct planner *p,
    const struct view_override *one, const struct view_override *old, const cJSON *series)
{
    int64_t original = one->original_time;
    const struct series_row *row =
        p->before == NULL ? NULL : series_find(p->before, original);
    cJSON *was = NULL, *now = NULL, *body = json_own(cx, cJSON_CreateObject());
    cJSON *heard = NULL;
    TRY(plan_override_facts(cx, p, &p->now, one, &now));
    TRY(facts_before(cx, p, one, old, series, &was));
    TRY(facts_heard(cx, p, original, &heard));
    if (p->reset && p->before->master != NULL) {
        struct meanwhile also = {
            .original_time = original, .series = series, .now = now};
        TRY(plan_meanwhile(cx, p, &also));
        if (also.cancelled)
            return cancel(cx, p, original, series);
        now = also.now;
        heard = also.heard;
    }
    if (was == NULL)
        return fail(cx, ERR_UPSTREAM_REFUSED,
            "RECURRENCE-ID %s: Feishu knows no such occurrence", id_text(cx, original));
    struct change change = {
        .original_time = original, .was = was, .now = now, .heard = heard};
    bool visible;
    size_t steps = p->plan->steps.n;
    TRY(plan_body(cx, p, &change, body, &visible));
    if (body->child != NULL)
        plan_step(cx, p,
            (struct step){.kind = STEP_PATCH,
                .original_time = original,
                .body = body,
                .notify = visible && plan_tells(p, now)});
    TRY(plan_people(cx, p, &change));
    bool known = row != NULL || p->now.master == NULL;
    if (p->plan->steps.n > steps && !known && !view_has(cx, p->env, &p->now, original))
        return fail(cx, ERR_UPSTREAM_REFUSED,
            "RECURRENCE-ID %s is no occurrence of the rule", id_text(cx, original));
    return ERR_OK;
}

/* ---- cancelled and restored occurrences ---- */

/* What a changed occurrence has to be told to be as the rule gives it. */
static enum err plain_body(struct ctx *cx, const struct planner *p,
    const struct series_row *row, const cJSON *master, cJSON **body)
{
    struct change change = {.original_time = row->original_time};
    bool visible;
    *body = json_own(cx, cJSON_CreateObject());
    change.now = facts_of_occurrence(cx, master, row->original_time);
    return plan_body(cx, p, &change, *body, &visible);
}

/* Makes the rule's own occurrence appear again by destroying the row of its exception. */
static enum err restore(
    struct ctx *cx, struct planner *p, int64_t original, const cJSON *master)
{
    cJSON *body = NULL;
    const struct series_row *row =
        p->before == NULL ? NULL : series_find(p->before, original);
    if (row == NULL || (!p->organizer && !row_is_cancelled(row)))
        return ERR_OK;
    if (!p->organizer)
        return fail(cx, ERR_ATTENDEE_CHANGE,
            "EXDATE: the occurrence of %s was cancelled by the organizer",
            id_text(cx, original));
    /* What the rule does not have, it does not give back. */
    if (!view_has(cx, p->env, &p->now, original)) {
        if (!p->end_moved) {
            plan_leave_row(cx, p, row, master);
            plan_step(cx, p,
                (struct step){.kind = STEP_DELETE,
                    .original_time = original,
                    .delete_exception = true});
        }
        return ERR_OK;
    }
    TRY(plain_body(cx, p, row, master, &body));
    plan_leave_row(cx, p, row, master);
    plan_step(cx, p,
        (struct step){.kind = STEP_DELETE,
            .original_time = original,
            .body = body,
            .delete_exception = true,
            .restore = true});
    return ERR_OK;
}

struct times {
    int64_t *items;
    size_t n, cap;
};

static void add_once(struct ctx *cx, struct times *times, int64_t original)
{
    for (size_t i = 0; i < times->n; i++) {
        if (times->items[i] == original)
            return;
    }
    LIST_ADD(cx->arena, times, original);
}

/* The scheduled starts that a view cancels. */
static struct times cancelled_of(struct ctx *cx, const struct view *view)
{
    struct times times = {0};
    for (size_t i = 0; i < view->exdates.n; i++) {
        if (view_cancels(view, view->exdates.items[i]))
            add_once(cx, &times, view->exdates.items[i]);
    }
    for (size_t i = 0; i < view->overrides.n; i++) {
        if (view->overrides.items[i].cancelled)
            add_once(cx, &times, view->overrides.items[i].original_time);
    }
    return times;
}

static enum err plan_gone(
    struct ctx *cx, struct planner *p, const struct view *was, const cJSON *master)
{
    for (size_t i = 0; i < was->overrides.n; i++) {
        const struct view_override *one = &was->overrides.items[i];
        int64_t original = one->original_time;
        if (one->cancelled || view_find(&p->now, original) != NULL ||
            view_cancels(&p->now, original))
            continue;
        const struct series_row *row = series_find(p->before, original);
        if (!p->organizer && row != NULL)
            return fail(cx, ERR_ATTENDEE_CHANGE,
                "RECURRENCE-ID: only the organizer may take back the change of %s",
                id_text(cx, original));
        if (p->now.master != NULL) {
            TRY(restore(cx, p, original, master));
        } else if (row != NULL) {
            cJSON *said = NULL;
            TRY(plan_override_facts(cx, p, was, one, &said));
            plan_step(cx, p,
                (struct step){.kind = STEP_DELETE,
                    .original_time = original,
                    .notify = plan_tells(p, said)});
        }
    }
    struct times cancelled = cancelled_of(cx, was);
    for (size_t i = 0; i < cancelled.n; i++) {
        if (!view_cancels(&p->now, cancelled.items[i]))
            TRY(restore(cx, p, cancelled.items[i], master));
    }
    return ERR_OK;
}

enum err plan_exceptions(struct ctx *cx, struct planner *p, const cJSON *master)
{
    const struct view nothing = {0};
    const struct view *old_view = p->reset || p->before == NULL ? &nothing : &p->was;
    if (p->before != NULL)
        TRY(plan_gone(cx, p, old_view, master));
    cJSON *series = NULL;
    if (p->reset && p->before->master != NULL) {
        TRY(plan_series_facts(cx, p, &series));
        TRY(plan_carry(cx, p));
        master = series;
    } else if (p->before != NULL && !p->reset) {
        TRY(plan_follow(cx, p));
    }
    struct times cancelled = cancelled_of(cx, &p->now);
    for (size_t i = 0; i < cancelled.n; i++) {
        if (!view_cancels(old_view, cancelled.items[i]))
            TRY(cancel(cx, p, cancelled.items[i], master));
        else
            decline_again(cx, p, cancelled.items[i]);
    }
    for (size_t i = 0; i < p->now.overrides.n; i++) {
        const struct view_override *one = &p->now.overrides.items[i];
        const struct view_override *old = view_find(old_view, one->original_time);
        if (one->cancelled)
            continue;
        if (old != NULL && old->cancelled)
            old = NULL;
        TRY(plan_override(cx, p, one, old, master));
    }
    return ERR_OK;
}
