/* The parts of a series that was cut (feishu-api 5.19, "this and following"). */
#include "bridge/people.h"
#include "bridge/plan.h"

#include "bridge/attendee.h"

#include <string.h>

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static enum err read_view(struct ctx *cx, const struct convert_env *env, const char *text,
    struct view *view, cJSON **facts)
{
    struct comp *calendar;
    TRY(lines_parse(cx, text, strlen(text), &calendar));
    TRY(view_of(cx, env, calendar, view));
    if (view->master == NULL)
        return fail(cx, ERR_INTERNAL, "a part of a series without its master");
    struct scene scene = view_scene(env, view, view->master);
    return facts_up(cx, &scene, facts);
}

/* What the occurrence said at which the series is cut. */
static enum err facts_before(struct ctx *cx, const struct convert_env *env,
    const struct plan_part *part, const cJSON **facts)
{
    struct view view;
    cJSON *master = NULL, *own = NULL;
    TRY(read_view(cx, env, part->served, &view, &master));
    const struct view_override *one = view_find(&view, part->pivot);
    if (one == NULL || one->cancelled) {
        *facts = facts_of_occurrence(cx, master, part->pivot);
        return ERR_OK;
    }
    struct scene scene = view_scene(env, &view, one->event);
    TRY(facts_up(cx, &scene, &own));
    *facts = own;
    return ERR_OK;
}

/* ---- who is told ---- */

static bool is_news(const cJSON *before, const cJSON *now)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        /* People are told one by one, and the rule is the same. */
        if (field->concerns_others && !field->master_only &&
            !str_eq(field->name, "attendees") && !facts_equal(field, before, now))
            return true;
    }
    return false;
}

static bool is_told(const cJSON *person)
{
    return !json_bool(person, "self", false) && !json_bool(person, "organizer", false) &&
        !json_bool(person, "silent", false);
}

/* True when somebody of the first text is in none of the others. */
static enum err somebody_leaves(struct ctx *cx, const struct convert_env *env,
    const cJSON *head, const char *const *parts, size_t n, bool *leaves)
{
    LIST(struct people_index *) others = {0};
    const cJSON *person;
    for (size_t i = 0; i < n; i++) {
        struct view view;
        cJSON *facts = NULL;
        TRY(read_view(cx, env, parts[i], &view, &facts));
        LIST_ADD(cx->arena, &others,
            people_index(cx, env, member(facts, "attendees"), true));
    }
    cJSON_ArrayForEach(person, member(member(head, "attendees"), "list"))
    {
        bool stays = !is_told(person);
        for (size_t i = 0; i < others.n; i++)
            stays = stays || plan_find_person(cx, env, others.items[i], person) != NULL;
        if (!stays)
            *leaves = true;
    }
    return ERR_OK;
}

/* What the occurrence says in a part; stays NULL where it has none. */
static enum err occurrence_facts(struct ctx *cx, const struct convert_env *env,
    const char *part, int64_t original, cJSON **facts)
{
    struct view view;
    cJSON *master = NULL;
    TRY(read_view(cx, env, part, &view, &master));
    const struct view_override *one = view_find(&view, original);
    if (view_cancels(&view, original))
        return ERR_OK;
    if (one != NULL) {
        struct scene scene = view_scene(env, &view, one->event);
        return facts_up(cx, &scene, facts);
    }
    if (view_has(cx, env, &view, original))
        *facts = master;
    return ERR_OK;
}

static void remove_request(struct ctx *cx, const struct convert_env *env, cJSON *list,
    const cJSON *person)
{
    cJSON *request = people_request(cx, env, person), *one, *next;
    if (request == NULL)
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(request, "is_optional");
    for (one = list->child; one != NULL; one = next) {
        next = one->next;
        if (cJSON_Compare(one, request, true))
            cJSON_Delete(cJSON_DetachItemViaPointer(list, one));
    }
    cJSON_Delete(request);
}

/* Who goes on attending an occurrence is not told that its old exception goes. list: who
 * would be. */
static enum err leave_out_staying(struct ctx *cx, const struct convert_env *env,
    const char *part, const struct step *step, cJSON *list)
{
    cJSON *facts = NULL;
    const cJSON *person;
    TRY(occurrence_facts(cx, env, part, step->original_time, &facts));
    cJSON_ArrayForEach(person, member(member(facts, "attendees"), "list"))
    {
        if (is_told(person))
            remove_request(cx, env, list, person);
    }
    return ERR_OK;
}

static enum err keep_staying(struct ctx *cx, const struct convert_env *env,
    const char *const *parts, size_t n_parts, struct plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->steps.n; i++) {
        const struct step *step = &plan->steps.items[i];
        cJSON *list = cJSON_GetObjectItemCaseSensitive(step->body, "delete_ids");
        bool leave = step->kind == STEP_REMOVE_ATTENDEES && step->original_time != 0;
        for (size_t k = 0; leave && list != NULL && k < n_parts; k++)
            TRY(leave_out_staying(cx, env, parts[k], step, list));
        if (!leave || list == NULL || list->child != NULL)
            plan->steps.items[n++] = *step;
    }
    plan->steps.n = n;
    return ERR_OK;
}

enum err convert_plan_cut(struct ctx *cx, const struct convert_env *env, const char *text,
    const char *const *parts, size_t n_parts, struct plan *plan)
{
    struct view view;
    cJSON *head = NULL;
    bool leaves = n_parts == 0;
    TRY(read_view(cx, env, text, &view, &head));
    TRY(somebody_leaves(cx, env, head, parts, n_parts, &leaves));
    for (size_t i = 0; i < plan->steps.n; i++) {
        struct step *step = &plan->steps.items[i];
        bool end_only = cJSON_GetArraySize(step->body) == 1 &&
            cJSON_HasObjectItem(step->body, "recurrence");
        if (step->kind == STEP_PATCH && step->original_time == 0 && end_only)
            step->notify = step->notify && leaves;
    }
    return keep_staying(cx, env, parts, n_parts, plan);
}

/* ---- what goes along ---- */

/* Members of an event object that say more than iCalendar does; taken over while the
 * field of that name says the same, or always where there is no such field. */
static const char *const carried[] = {
    "description", "location", "color", "vchat", "attendee_ability"};

static bool is_same(const char *name, const cJSON *before, const cJSON *now)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (str_eq(fields[i].name, name))
            return facts_equal(&fields[i], before, now);
    }
    return true;
}

static const char *const vchat_members[] = {
    "vc_type", "icon_type", "description", "meeting_url"};

/* A Feishu meeting belongs to its series: the part gets one of its own. */
static cJSON *vchat_for_part(const cJSON *vchat)
{
    cJSON *copy = cJSON_CreateObject();
    bool own = str_eq(json_text(vchat, "vc_type"), "vc");
    for (size_t i = 0; i < (own ? 1 : 4); i++) {
        const cJSON *value = member(vchat, vchat_members[i]);
        if (cJSON_IsString(value) && *value->valuestring != '\0')
            cJSON_AddStringToObject(copy, vchat_members[i], value->valuestring);
    }
    return copy;
}

/* More than the default. */
static bool is_said(const cJSON *value)
{
    if (cJSON_IsString(value))
        return *value->valuestring != '\0' && !str_eq(value->valuestring, "none");
    if (cJSON_IsNumber(value)) /* 0 and -1 are the calendar's colour */
        return value->valueint != 0 && value->valueint != -1;
    return cJSON_IsObject(value) && value->child != NULL;
}

static const cJSON *event_before(const struct plan_part *part)
{
    const struct series_row *row = series_find(part->before, part->pivot);
    if (row != NULL && !row_is_cancelled(row) && member(row->event, "start_time") != NULL)
        return row->event;
    return part->before->master == NULL ? NULL : part->before->master->event;
}

static void carry(
    const struct plan_part *part, const cJSON *before, const cJSON *now, cJSON *body)
{
    const cJSON *event = event_before(part);
    for (size_t i = 0; i < sizeof carried / sizeof carried[0]; i++) {
        const char *name = carried[i];
        const cJSON *value = member(event, name);
        bool meeting = str_eq(name, "vchat");
        if (!is_said(value) || !is_same(name, before, now) ||
            (meeting && *json_text(value, "vc_type") == '\0'))
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(body, name);
        cJSON_AddItemToObject(
            body, name, meeting ? vchat_for_part(value) : cJSON_Duplicate(value, true));
    }
}

enum err convert_plan_part(struct ctx *cx, const struct convert_env *env,
    const struct plan_part *part, struct plan *plan)
{
    struct ics_object object;
    struct plan made = {0};
    struct planner p = {.env = env, .organizer = true, .plan = &made};
    cJSON *now = NULL;
    TRY(ics_object_parse(cx, part->text, strlen(part->text), &object));
    made.uid = object.uid;
    TRY(read_view(cx, env, part->text, &p.now, &now));
    TRY(facts_before(cx, env, part, &p.known));
    /* Of a series that is new itself its guests hear once. */
    p.news = part->before != NULL && is_news(p.known, now);
    TRY(plan_create(cx, &p));
    if (part->before != NULL)
        carry(part, p.known, now, made.steps.items[0].body);
    *plan = made;
    return ERR_OK;
}
