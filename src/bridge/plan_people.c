/* People who come and go, and the caller's own answer (feishu-api 5.15 and 6.2). */
#include "bridge/plan.h"

#include "bridge/attendee.h"
#include "bridge/people.h"

static const cJSON *people_of(const cJSON *facts)
{
    return cJSON_GetObjectItemCaseSensitive(facts, "attendees");
}

/* A plan's requests of one kind, cut into calls that upstream takes. */
struct requests {
    enum step_kind kind;
    const char *member;
    size_t max, max_rooms, n, rooms;
    bool notify;
    cJSON *list;
};

static void add_request(struct ctx *cx, struct planner *p, const struct change *change,
    struct requests *all, cJSON *request)
{
    bool room = str_eq(json_text(request, "type"), "resource");
    if (all->list == NULL || all->n == all->max ||
        (room && all->rooms == all->max_rooms)) {
        cJSON *body = json_own(cx, cJSON_CreateObject());
        all->list = cJSON_AddArrayToObject(body, all->member);
        all->n = all->rooms = 0;
        plan_step(cx, p,
            (struct step){.kind = all->kind,
                .body = body,
                .original_time = change->original_time,
                .notify = all->notify});
    }
    all->n++;
    all->rooms += room;
    cJSON_AddItemToArray(all->list, request);
}

static bool same_id(
    struct ctx *cx, const struct convert_env *env, const cJSON *one, const char *address)
{
    const char *a = people_id(cx, env, json_text(one, "address"));
    const char *b = a == NULL ? NULL : people_id(cx, env, address);
    return a != NULL && str_eq(a, b);
}

const cJSON *plan_find_person(struct ctx *cx, const struct convert_env *env,
    const struct people_index *people, const cJSON *person)
{
    const char *address = json_text(person, "address");
    const cJSON *one = people_find(people, address, NULL);
    return one != NULL ? one : people_find(people, "", people_id(cx, env, address));
}

/* The organizer is no guest: upstream lists the caller by itself
 * (add_operator_to_attendee). */
static bool is_guest(const struct planner *p, const cJSON *person)
{
    (void)p;
    return !json_bool(person, "organizer", false) && !(json_bool(person, "self", false));
}

static const struct people_index *index_of(
    struct ctx *cx, const struct planner *p, const cJSON *people)
{
    return people_index(cx, p->env, people, true);
}

/* Somebody may be named twice, under two addresses even (feishu-api 16.22). */
static bool is_repeated(struct ctx *cx, const struct planner *p,
    const struct people_index *people, const cJSON *one)
{
    const char *address = json_text(one, "address");
    return people_find(people, address, people_id(cx, p->env, address)) != one;
}

/* Who comes to the series, or leaves it, hears that once, not of each exception, too. */
struct series_people {
    const struct people_index *was, *now; /* NULL: it is the series itself */
};

static struct series_people series_people(
    struct ctx *cx, const struct planner *p, const struct change *change)
{
    if (change->original_time == 0 || p->series_now == NULL)
        return (struct series_people){0};
    return (struct series_people){index_of(cx, p, people_of(p->series_was)),
        index_of(cx, p, people_of(p->series_now))};
}

static bool hears_of_series(struct ctx *cx, const struct planner *p,
    const struct series_people *series, const cJSON *person)
{
    if (series->now == NULL)
        return false;
    return (plan_find_person(cx, p->env, series->was, person) != NULL) !=
        (plan_find_person(cx, p->env, series->now, person) != NULL);
}

/* Who leaves the series for an exception does not hear of that with the series. */
static bool comes_to_series(struct ctx *cx, const struct planner *p,
    const struct series_people *series, const cJSON *person)
{
    return hears_of_series(cx, p, series, person) &&
        plan_find_person(cx, p->env, series->now, person) != NULL;
}

static void plan_removed(struct ctx *cx, struct planner *p, const struct change *change)
{
    struct requests all = {STEP_REMOVE_ATTENDEES, "delete_ids", ATTENDEES_MAX_REMOVE,
        ATTENDEES_MAX_REMOVE, 0, 0, true, NULL};
    struct requests quiet = all;
    quiet.notify = false;
    const struct people_index *before = index_of(cx, p, people_of(change->was));
    const struct people_index *after = index_of(cx, p, people_of(change->now));
    const struct series_people series = series_people(cx, p, change);
    const cJSON *one;
    /* Of the exceptions of a series that is new, or made again, the guests of the series
     * are not told. */
    bool technical = p->before == NULL || p->reset;
    cJSON_ArrayForEach(
        one, cJSON_GetObjectItemCaseSensitive(people_of(change->was), "list"))
    {
        if (!is_guest(p, one) || json_bool(one, "refused", false) ||
            is_repeated(cx, p, before, one))
            continue;
        const cJSON *now = plan_find_person(cx, p->env, after, one);
        if (now != NULL &&
            json_bool(now, "optional", false) == json_bool(one, "optional", false))
            continue;
        cJSON *request = people_request(cx, p->env, one);
        if (request == NULL)
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(request, "is_optional");
        /* Another role is a removal and an addition (feishu-api 6.2): no cancellation. */
        bool tell = now == NULL && !technical && !json_bool(one, "silent", false) &&
            !hears_of_series(cx, p, &series, one);
        add_request(cx, p, change, tell ? &all : &quiet, request);
    }
}

void plan_leave(struct ctx *cx, struct planner *p, int64_t original_time,
    const cJSON *facts, const cJSON *series)
{
    struct requests all = {STEP_REMOVE_ATTENDEES, "delete_ids", ATTENDEES_MAX_REMOVE,
        ATTENDEES_MAX_REMOVE, 0, 0, true, NULL};
    const struct change change = {.original_time = original_time};
    const cJSON *people = people_of(facts), *one;
    if (people == NULL || !plan_concerns_others(p, facts) || plan_is_past(cx, facts))
        return;
    const struct people_index *own = index_of(cx, p, people);
    const struct people_index *others = index_of(cx, p, people_of(series)),
                              *before = index_of(cx, p, people_of(p->series_was));
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        if (!is_guest(p, one) || json_bool(one, "refused", false) ||
            json_bool(one, "silent", false) || is_repeated(cx, p, own, one) ||
            plan_find_person(cx, p->env, others, one) != NULL ||
            plan_find_person(cx, p->env, before, one) != NULL)
            continue;
        cJSON *request = people_request(cx, p->env, one);
        if (request == NULL || str_eq(json_text(request, "type"), "resource"))
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(request, "is_optional");
        add_request(cx, p, &change, &all, request);
    }
}

static void plan_added(struct ctx *cx, struct planner *p, const struct change *change)
{
    struct requests all = {STEP_ADD_ATTENDEES, "attendees", ATTENDEES_MAX_ADD,
        ROOMS_MAX_ADD, 0, 0, true, NULL};
    struct requests quiet = all;
    quiet.notify = false;
    const cJSON *people = people_of(change->now), *one;
    bool silent = p->past ||
        json_bool(cJSON_GetObjectItemCaseSensitive(people, "organizer"), "silent", false);
    const struct people_index *before = index_of(cx, p, people_of(change->was));
    const struct people_index *after = index_of(cx, p, people);
    const struct people_index *known = index_of(cx, p, people_of(p->known));
    const struct series_people series = series_people(cx, p, change);
    /* Who hears nothing when the people of an exception are made again as they were. */
    const struct people_index *there =
        plan_says_the_same(change) ? index_of(cx, p, people_of(change->heard)) : NULL;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        if (!is_guest(p, one) || json_bool(one, "refused", false) ||
            is_repeated(cx, p, after, one))
            continue;
        const cJSON *was = plan_find_person(cx, p->env, before, one);
        if (json_bool(was, "refused", false))
            was = NULL; /* the client tries again */
        if (was != NULL &&
            json_bool(was, "optional", false) == json_bool(one, "optional", false))
            continue;
        cJSON *request = people_request(cx, p->env, one);
        if (request == NULL)
            continue;
        /* Who was there before the series was cut hears only of what is new. */
        bool hears = p->known == NULL || p->news ||
            plan_find_person(cx, p->env, known, one) == NULL;
        bool tell = was == NULL && hears && !silent && !json_bool(one, "silent", false) &&
            !comes_to_series(cx, p, &series, one) &&
            (there == NULL || hears_of_series(cx, p, &series, one) ||
                plan_find_person(cx, p->env, there, one) == NULL);
        add_request(cx, p, change, tell ? &all : &quiet, request);
    }
}

/* Upstream's organizer of what is there, "" when it did not say. */
static const char *upstream_organizer(const struct planner *p)
{
    const struct series *before = p->before;
    if (before == NULL || before->master == NULL)
        return "";
    return json_text(
        cJSON_GetObjectItemCaseSensitive(before->master->event, "event_organizer"),
        "user_id");
}

/* *foreign = an own event whose text names somebody else as organizer: an invitation that
 * came by mail and was put here. Its people are the client's record, nobody is invited.
 */
static enum err check_organizer(
    struct ctx *cx, const struct planner *p, const struct change *change, bool *foreign)
{
    const cJSON *was =
        cJSON_GetObjectItemCaseSensitive(people_of(change->was), "organizer");
    const cJSON *now =
        cJSON_GetObjectItemCaseSensitive(people_of(change->now), "organizer");
    *foreign = false;
    if (now == NULL)
        return ERR_OK;
    const char *address = json_text(now, "address");
    const char *id = people_id(cx, p->env, address);
    bool same = was != NULL &&
        (str_ieq(json_text(was, "address"), address) ||
            same_id(cx, p->env, was, address));
    /* An account whose own address is unknown may have any. */
    bool self =
        str_eq(id, p->env->own_id) || (id == NULL && str_empty(p->env->own_address));
    if (p->organizer && self)
        return ERR_OK;
    if (!same && change->was != NULL)
        return fail(cx, ERR_ORGANIZER_CHANGE, "ORGANIZER: it cannot become %s", address);
    *foreign = p->organizer && !str_eq(id, upstream_organizer(p));
    return ERR_OK;
}

/* Who it is: an id where it is known, else the address; NULL = cannot be told. */
static const char *organizer_of(
    struct ctx *cx, const struct convert_env *env, const struct line *line)
{
    const char *address = people_line_address(cx, line);
    if (!people_can_invite(address))
        return NULL;
    if (people_is_self(cx, env, address))
        return env->own_id;
    const char *id = people_id(cx, env, address);
    if (id != NULL)
        return id;
    return str_empty(env->own_address) ? NULL : str_lower(cx->arena, address);
}

static bool has_two_organizers(
    struct ctx *cx, const struct convert_env *env, const struct comp *calendar)
{
    const struct line *first = NULL;
    const struct comp *event;
    for (size_t at = 0; (event = comp_next_sub(calendar, "VEVENT", &at)) != NULL;) {
        const struct line *line = comp_line(event, "ORGANIZER");
        if (line == NULL || (first != NULL && str_ieq(line->value, first->value)))
            continue;
        if (first != NULL) {
            const char *a = organizer_of(cx, env, first);
            const char *b = organizer_of(cx, env, line);
            if (a != NULL && b != NULL && !str_eq(a, b))
                return true;
        }
        first = first != NULL ? first : line;
    }
    return false;
}

enum err plan_same_organizer(
    struct ctx *cx, const struct convert_env *env, const struct view *now,
    const struct view *was)
{
    if (!has_two_organizers(cx, env, now->calendar) ||
        (was->calendar != NULL && has_two_organizers(cx, env, was->calendar)))
        return ERR_OK;
    return fail(cx, ERR_SAME_ORGANIZER,
        "ORGANIZER: an exception has another one than the rest of the meeting");
}

/* True when the caller may invite though not the organizer (feishu-api 5.2
 * attendee_ability). */
static bool may_invite(const struct planner *p)
{
    if (p->before == NULL || p->before->master == NULL)
        return false;
    const char *ability = json_text(p->before->master->event, "attendee_ability");
    return str_eq(ability, "can_invite_others") || str_eq(ability, "can_modify_event");
}

static enum err plan_answer(
    struct ctx *cx, struct planner *p, const struct change *change)
{
    const cJSON *was = people_self(people_of(change->was));
    const cJSON *now = people_self(people_of(change->now));
    if (now == NULL) {
        if (was == NULL || people_of(change->was) == NULL)
            return ERR_OK;
        return fail(
            cx, ERR_ATTENDEE_CHANGE, "ATTENDEE: decline instead of removing yourself");
    }
    const char *answer = json_text(now, "rsvp");
    /* There is no way back to "no answer" (feishu-api 5.15). */
    bool overruled = change->original_time != 0 && p->series_reply != NULL &&
        !str_eq(answer, p->series_reply);
    if (str_eq(answer, "needs_action") ||
        (!overruled && was != NULL && str_eq(answer, json_text(was, "rsvp"))))
        return ERR_OK;
    if (change->original_time == 0)
        p->series_reply = answer;
    plan_step(cx, p,
        (struct step){
            .kind = STEP_REPLY, .rsvp = answer, .original_time = change->original_time});
    return ERR_OK;
}

enum err plan_people(struct ctx *cx, struct planner *p, const struct change *change)
{
    bool foreign;
    TRY(check_organizer(cx, p, change, &foreign));
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(people_of(change->now), "list");
    if (cJSON_GetArraySize(list) > ATTENDEES_MAX)
        return fail(
            cx, ERR_MAX_ATTENDEES, "ATTENDEE: Feishu holds at most %d", ATTENDEES_MAX);
    if (foreign)
        return ERR_OK;
    size_t steps = p->plan->steps.n;
    plan_removed(cx, p, change);
    bool removes = p->plan->steps.n > steps;
    plan_added(cx, p, change);
    bool changes = p->plan->steps.n > steps;
    if (p->organizer)
        return ERR_OK;
    if (removes || (changes && !may_invite(p)))
        return fail(cx, ERR_ATTENDEE_CHANGE,
            "ATTENDEE: only the organizer may change who is invited");
    return plan_answer(cx, p, change);
}
