/* What a client's text asks for, as steps upstream. */
#include "bridge/plan.h"

#include "bridge/attendee.h"
#include "bridge/people.h"
#include "bridge/field_time.h"
#include "bridge/rrule.h"

#include <string.h>

void plan_step(struct ctx *cx, struct planner *p, struct step step)
{
    LIST_ADD(cx->arena, &p->plan->steps, step);
}

/* The client keeps the telling to itself, or forbids it (RFC 6638 7.1). */
static bool is_silent(const cJSON *facts)
{
    const cJSON *people = cJSON_GetObjectItemCaseSensitive(facts, "attendees");
    return json_bool(
        cJSON_GetObjectItemCaseSensitive(people, "organizer"), "silent", false);
}

bool plan_concerns_others(const struct planner *p, const cJSON *facts)
{
    const cJSON *people = cJSON_GetObjectItemCaseSensitive(facts, "attendees"), *one;
    if (!p->organizer || is_silent(facts))
        return false;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        if (!json_bool(one, "self", false) && !json_bool(one, "organizer", false) &&
            !json_bool(one, "silent", false))
            return true;
    }
    return false;
}

static enum err check_writer(
    struct ctx *cx, const struct planner *p, const struct field *field)
{
    if (p->organizer || field->writer == WRITER_PARTICIPANT)
        return ERR_OK;
    return fail(
        cx, ERR_ATTENDEE_CHANGE, "%s: only the organizer may change it", field->lines[0]);
}

/* An exception that follows its series says what its guests hear of the series anyway. */
static bool is_told(
    const struct planner *p, const struct change *change, const struct field *field)
{
    const cJSON *guests = cJSON_GetObjectItemCaseSensitive(change->now, "attendees");
    return change->original_time != 0 && p->series_told &&
        !facts_equal(field, p->series_was, p->series_now) &&
        facts_equal(field, p->series_now, change->now) &&
        equal_people(
            cJSON_GetObjectItemCaseSensitive(p->series_now, "attendees"), guests);
}

static bool is_heard(const struct change *change, const struct field *field)
{
    return change->heard != NULL && facts_equal(field, change->heard, change->now);
}

bool plan_says_the_same(const struct change *change)
{
    bool same = change->heard != NULL;
    for (size_t i = 0; same && i < n_fields; i++)
        same = fields[i].write == NULL || !fields[i].concerns_others ||
            fields[i].master_only || is_heard(change, &fields[i]);
    return same;
}

enum err plan_body(struct ctx *cx, const struct planner *p, const struct change *change,
    cJSON *body, bool *visible)
{
    struct field_write write = {.env = p->env,
        .facts = change->now,
        .was = change->was,
        .create = change->create};
    bool concerned = false;
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        if (field->write == NULL || (field->master_only && change->original_time != 0))
            continue;
        if (change->was != NULL && facts_equal(field, change->was, change->now))
            continue;
        bool is_set = cJSON_HasObjectItem(change->now, field->name);
        if (change->create && !is_set && !str_eq(field->name, "vchat"))
            continue;
        /* Some changes ask for nothing upstream, such as a dropped CONFERENCE. */
        cJSON *part = json_own(cx, cJSON_CreateObject());
        TRY(facts_write(cx, field, &write, part));
        if (part->child == NULL)
            continue;
        TRY(check_writer(cx, p, field));
        while (part->child != NULL) {
            cJSON *item = cJSON_DetachItemViaPointer(part, part->child);
            if (cJSON_HasObjectItem(body, item->string))
                cJSON_Delete(item);
            else
                cJSON_AddItemToObject(body, item->string, item);
        }
        concerned = concerned ||
            (field->concerns_others && !is_heard(change, field) &&
                !is_told(p, change, field));
    }
    *visible = concerned;
    return ERR_OK;
}

/* ---- create ---- */

bool plan_is_past(struct ctx *cx, const cJSON *facts)
{
    struct fact_time end = fact_time(facts, "end_time");
    int64_t end_s = end.is_date ? end.days * INT64_C(86400) : end.unix_s;
    const cJSON *rule = cJSON_GetObjectItemCaseSensitive(facts, "recurrence");
    if (rule != NULL) {
        struct civil civil;
        bool is_date, is_utc;
        if (!when_parse_ics(json_text(rule, "until"), &civil, &is_date, &is_utc))
            return false;
        if (civil_seconds(&civil) > end_s)
            end_s = civil_seconds(&civil);
    }
    return end_s < ctx_now_s(cx);
}

enum err plan_create(struct ctx *cx, struct planner *p)
{
    if (p->now.master == NULL)
        return fail(cx, ERR_UPSTREAM_REFUSED,
            "RECURRENCE-ID: Feishu cannot hold an occurrence without its series");
    TRY(plan_refuse(cx, p));
    struct scene scene = view_scene(p->env, &p->now, p->now.master);
    struct change change = {.create = true};
    cJSON *facts = NULL, *body = json_own(cx, cJSON_CreateObject());
    TRY(facts_up(cx, &scene, &facts));
    if (cJSON_HasObjectItem(facts, "status"))
        return fail(cx, ERR_UPSTREAM_REFUSED,
            "STATUS:CANCELLED: Feishu cannot hold a cancelled event");
    p->past = plan_is_past(cx, facts);
    change.now = facts;
    bool visible;
    TRY(plan_body(cx, p, &change, body, &visible));
    plan_step(cx, p, (struct step){.kind = STEP_CREATE, .body = body});
    TRY(plan_people(cx, p, &change));
    return plan_exceptions(cx, p, facts);
}

/* ---- update ---- */

static bool differs(const char *name, const cJSON *a, const cJSON *b)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (str_eq(fields[i].name, name))
            return !facts_equal(&fields[i], a, b);
    }
    return false;
}

static void delete_row(struct ctx *cx, struct planner *p, const struct series_row *row)
{
    plan_step(cx, p,
        (struct step){.kind = STEP_DELETE,
            .delete_exception = true,
            .original_time = row->original_time});
}

void plan_leave_row(struct ctx *cx, struct planner *p, const struct series_row *row,
    const cJSON *series)
{
    const struct view_override *one = view_find(&p->was, row->original_time);
    struct series_row full = series_row_with_people(p->before, row);
    cJSON *facts = NULL;
    if (row_is_cancelled(row))
        return;
    if (one != NULL && !one->cancelled) {
        if (plan_override_facts(cx, p, &p->was, one, &facts) != ERR_OK)
            return;
    } else if (facts_read(cx, p->env, &full, &facts) != ERR_OK) {
        return;
    }
    plan_leave(cx, p, row->original_time, facts, series);
}

static void add_people(const cJSON *facts, cJSON *list)
{
    const cJSON *people = cJSON_GetObjectItemCaseSensitive(facts, "attendees"), *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
        cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
}

/* Facts that name all who hear of a change of the series. Where exceptions are made
 * again, their guests hear of that. */
static cJSON *who_hear(
    struct ctx *cx, const struct planner *p, const cJSON *was, const cJSON *now)
{
    cJSON *facts = json_own(cx, cJSON_CreateObject());
    cJSON *list = cJSON_AddArrayToObject(
        cJSON_AddObjectToObject(facts, "attendees"), "list");
    add_people(was, list);
    add_people(now, list);
    for (size_t i = 0; !p->end_moved && i < p->now.overrides.n; i++) {
        const struct view_override *one = &p->now.overrides.items[i];
        cJSON *own = NULL;
        if (!one->cancelled &&
            plan_override_facts(cx, p, &p->now, one, &own) == ERR_OK)
            add_people(own, list);
    }
    return facts;
}

/* Exceptions that a change of time or rule takes away (feishu-api 5.19). A rule that only
 * ends elsewhere leaves those that it still has. */
static void plan_reset(
    struct ctx *cx, struct planner *p, const cJSON *was, const cJSON *now)
{
    const cJSON *old_rule = cJSON_GetObjectItemCaseSensitive(was, "recurrence");
    const cJSON *new_rule = cJSON_GetObjectItemCaseSensitive(now, "recurrence");
    bool start = differs("start_time", was, now), rule = differs("recurrence", was, now);
    if (!p->organizer || old_rule == NULL || !(start || rule))
        return;
    bool end_only = !start && recurrence_same_but_end(old_rule, new_rule);
    p->end_moved = end_only;
    const cJSON *hear = who_hear(cx, p, was, now);
    for (size_t i = 0; i < p->before->n_exceptions; i++) {
        const struct series_row *row = &p->before->exceptions[i];
        if (end_only && view_has(cx, p->env, &p->now, row->original_time))
            continue;
        if (view_find(&p->was, row->original_time) != NULL)
            plan_leave_row(cx, p, row, hear);
        delete_row(cx, p, row);
    }
    p->reset = !end_only;
}

static enum err plan_master(struct ctx *cx, struct planner *p)
{
    struct scene was_scene = view_scene(p->env, &p->was, p->was.master);
    struct scene now_scene = view_scene(p->env, &p->now, p->now.master);
    cJSON *was = NULL, *now = NULL, *body = json_own(cx, cJSON_CreateObject());
    TRY(facts_up(cx, &was_scene, &was));
    TRY(facts_up(cx, &now_scene, &now));
    if (p->organizer && differs("status", was, now) && cJSON_HasObjectItem(now, "status"))
        return fail(cx, ERR_UPSTREAM_REFUSED,
            "STATUS:CANCELLED: Feishu cannot hold a cancelled event; delete it instead");
    struct change change = {.was = was, .now = now};
    bool visible;
    TRY(plan_body(cx, p, &change, body, &visible));
    plan_reset(cx, p, was, now);
    p->series_was = was;
    p->series_now = now;
    p->series_told = visible && !is_silent(now) &&
        (plan_concerns_others(p, was) || plan_concerns_others(p, now));
    if (body->child != NULL)
        plan_step(cx, p,
            (struct step){.kind = STEP_PATCH, .body = body, .notify = p->series_told});
    TRY(plan_people(cx, p, &change));
    return plan_exceptions(cx, p, now);
}

static enum err plan_update(struct ctx *cx, struct planner *p)
{
    if ((p->now.master == NULL) != (p->was.master == NULL))
        return fail(cx, p->organizer ? ERR_UPSTREAM_REFUSED : ERR_ATTENDEE_CHANGE,
            p->now.master == NULL ? "the component without RECURRENCE-ID is missing"
                                  : "RRULE: the series is the organizer's");
    if (p->now.master == NULL)
        return plan_exceptions(cx, p, NULL);
    TRY(plan_refuse(cx, p));
    return plan_master(cx, p);
}

static enum err read_was(struct ctx *cx, struct planner *p, const char *served)
{
    struct comp *calendar;
    if (served == NULL) {
        char *text;
        TRY(convert_down(cx, p->env, p->before, NULL, &text));
        served = text;
    }
    TRY(lines_parse(cx, served, strlen(served), &calendar));
    return view_of(cx, p->env, calendar, &p->was);
}

static enum err check_rights(struct ctx *cx, const struct convert_env *env)
{
    if (env->read_only || env->role < BE_WRITER)
        return fail(
            cx, ERR_NEED_PRIVILEGES, "the calendar is read-only for this account");
    return ERR_OK;
}

enum err convert_plan(struct ctx *cx, const struct convert_env *env,
    const struct series *before, const char *served, const char *text, struct plan *plan)
{
    TRY(check_rights(cx, env));
    struct ics_object object;
    struct plan made = {0};
    struct planner p = {.env = env, .before = before, .plan = &made};
    TRY(ics_object_parse(cx, text, strlen(text), &object));
    if (!str_eq(object.component, "VEVENT"))
        return fail(
            cx, ERR_SUPPORTED_COMPONENT, "%s: Feishu has only events", object.component);
    made.uid = object.uid;
    p.organizer = before == NULL || series_is_organizer(env, before);
    TRY(view_of(cx, env, object.calendar, &p.now));
    if (before != NULL)
        TRY(read_was(cx, &p, served));
    TRY(plan_same_organizer(cx, env, &p.now, &p.was));
    TRY(before == NULL ? plan_create(cx, &p) : plan_update(cx, &p));
    *plan = made;
    return ERR_OK;
}

/* ---- delete ---- */

/* The client's word of it: it may tell its guests itself (RFC 6638 7.1). */
static bool keeps_to_itself(
    struct ctx *cx, const struct planner *p, const struct series_row *row)
{
    const struct view_override *one =
        row->original_time == 0 ? NULL : view_find(&p->was, row->original_time);
    struct comp *event = row->original_time == 0 ? p->was.master
        : one == NULL                          ? NULL
                                               : one->event;
    cJSON *facts = NULL;
    if (event == NULL)
        return false;
    struct scene scene = view_scene(p->env, &p->was, event);
    return facts_up(cx, &scene, &facts) == ERR_OK &&
        cJSON_HasObjectItem(facts, "attendees") && !plan_concerns_others(p, facts);
}

/* Whether its guests should hear that it is deleted: not of what is over. */
static bool others_attend(struct ctx *cx, struct planner *p, const struct series_row *row)
{
    cJSON *facts = NULL;
    struct series_row full = series_row_with_people(p->before, row);
    bool over =
        facts_read(cx, p->env, &full, &facts) == ERR_OK && plan_is_past(cx, facts);
    for (size_t i = 0; over && row->original_time == 0 && i < p->before->n_exceptions;
         i++) {
        const struct series_row *one = &p->before->exceptions[i];
        cJSON *own = NULL;
        over = row_is_cancelled(one) || facts_read(cx, p->env, one, &own) != ERR_OK ||
            plan_is_past(cx, own);
    }
    return facts != NULL && !over && plan_concerns_others(p, facts) &&
        !keeps_to_itself(cx, p, row);
}

enum err convert_plan_delete(struct ctx *cx, const struct convert_env *env,
    const struct series *before, const char *served, bool reply, struct plan *plan)
{
    TRY(check_rights(cx, env));
    struct plan made = {.uid = before->ical_uid};
    struct planner p = {.env = env,
        .before = before,
        .plan = &made,
        .organizer = series_is_organizer(env, before)};
    if (served != NULL && read_was(cx, &p, served) != ERR_OK)
        p.was = (struct view){0};
    const struct series_row *master = before->master;
    cJSON *series = NULL;
    if (p.organizer && master != NULL && before->n_exceptions > 0 &&
        facts_read(cx, env, master, &series) != ERR_OK)
        series = NULL;
    for (size_t i = 0; p.organizer && i < before->n_exceptions; i++) {
        const struct series_row *row = &before->exceptions[i];
        if (series != NULL)
            plan_leave_row(cx, &p, row, series);
        if (master != NULL)
            delete_row(cx, &p, row);
        else if (!row_is_cancelled(row))
            plan_step(cx, &p,
                (struct step){.kind = STEP_DELETE,
                    .original_time = row->original_time,
                    .notify = others_attend(cx, &p, row)});
    }
    if (p.organizer && master != NULL)
        plan_step(cx, &p,
            (struct step){.kind = STEP_DELETE, .notify = others_attend(cx, &p, master)});
    bool declines = !p.organizer && reply;
    if (declines && master != NULL && !str_eq(people_own_answer(env, master), "decline"))
        plan_step(cx, &p, (struct step){.kind = STEP_REPLY, .rsvp = "decline"});
    for (size_t i = 0; declines && master == NULL && i < before->n_exceptions; i++) {
        const struct series_row *row = &before->exceptions[i];
        if (!row_is_cancelled(row) && !str_eq(people_own_answer(env, row), "decline"))
            plan_step(cx, &p,
                (struct step){.kind = STEP_REPLY,
                    .rsvp = "decline",
                    .original_time = row->original_time});
    }
    *plan = made;
    return ERR_OK;
}
