#include "bridge/attendee.h"

#include "bridge/people.h"

static cJSON *person_new(const char *address, const char *name)
{
    cJSON *person = cJSON_CreateObject();
    cJSON_AddStringToObject(person, "address", address);
    if (!str_empty(name))
        cJSON_AddStringToObject(person, "name", name);
    return person;
}

static bool is_silent(const struct line *line)
{
    const char *agent = line_param(line, "SCHEDULE-AGENT");
    return str_ieq(agent, "CLIENT") || str_ieq(agent, "NONE");
}

bool people_line_is_refused(const struct line *line)
{
    const char *status = line_param(line, "SCHEDULE-STATUS");
    return str_starts(status, "3.") || str_starts(status, "5.");
}

static void add_flag(cJSON *object, const char *name, bool value)
{
    if (value)
        cJSON_AddTrueToObject(object, name);
}

static cJSON *up_person(struct ctx *cx, const struct scene *scene,
    const struct line *line, const char *organizer)
{
    const char *address = people_line_address(cx, line), *role = line_param(line, "ROLE");
    const char *partstat = line_param(line, "PARTSTAT");
    cJSON *person = person_new(address, line_param(line, "CN"));
    cJSON_AddStringToObject(person, "rsvp", people_rsvp(partstat));
    add_flag(person, "optional",
        str_ieq(role, "OPT-PARTICIPANT") || str_ieq(role, "NON-PARTICIPANT"));
    add_flag(person, "organizer", organizer != NULL && str_ieq(organizer, address));
    add_flag(person, "self", people_is_self(cx, scene->env, address));
    add_flag(person, "silent", is_silent(line));
    add_flag(person, "refused", people_line_is_refused(line));
    return person;
}

static bool has_others(const cJSON *list)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        if (!json_bool(one, "organizer", false) && !json_bool(one, "self", false) &&
            !json_bool(one, "refused", false))
            return true;
    }
    return false;
}

enum err up_people(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    const struct line *organizer = comp_line(scene->event, "ORGANIZER");
    if (organizer == NULL && comp_line(scene->event, "ATTENDEE") == NULL)
        return ERR_OK;
    cJSON *people = cJSON_CreateObject(), *list = cJSON_CreateArray();
    const char *address = organizer == NULL ? NULL : people_line_address(cx, organizer);
    if (organizer != NULL) {
        cJSON *person = person_new(address, line_param(organizer, "CN"));
        add_flag(person, "self", people_is_self(cx, scene->env, address));
        add_flag(person, "silent", is_silent(organizer));
        cJSON_AddItemToObject(people, "organizer", person);
    }
    size_t at = 0;
    for (struct line *line;
         (line = comp_next_line(scene->event, "ATTENDEE", &at)) != NULL;)
        cJSON_AddItemToArray(list, up_person(cx, scene, line, address));
    add_flag(people, "meeting", has_others(list));
    cJSON_AddItemToObject(people, "list", list);
    *value = people;
    return ERR_OK;
}

/* The attendees of a row: read beside it or inside the event; NULL = not known. */
static const cJSON *row_attendees(const struct series_row *row)
{
    if (cJSON_IsArray(row->attendees))
        return row->attendees;
    if (json_bool(row->event, "has_more_attendee", false))
        return NULL;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(row->event, "attendees");
    return cJSON_IsArray(list) ? list : NULL;
}

static const char *attendee_id(const cJSON *attendee, const char **type)
{
    const char *given = json_text(attendee, "type");
    for (size_t i = 0; i < n_people_kinds; i++) {
        const char *id = json_text(attendee, people_kinds[i].member);
        if (*id != '\0' && (*given == '\0' || str_eq(given, people_kinds[i].type))) {
            *type = people_kinds[i].type;
            return id;
        }
    }
    return NULL;
}

const char *people_own_answer(const struct convert_env *env, const struct series_row *row)
{
    const char *answer = json_text(row->event, "self_rsvp_status"), *type;
    if (*answer != '\0')
        return answer;
    const cJSON *one;
    cJSON_ArrayForEach(one, row_attendees(row))
    {
        const char *id = attendee_id(one, &type);
        if (id != NULL && str_eq(id, env->own_id))
            return json_text(one, "rsvp_status");
    }
    /* feishu-api 15.11: tentative = the caller has not answered. */
    const char *status = json_text(row->event, "status");
    return str_eq(status, "tentative") ? "needs_action"
        : str_eq(status, "confirmed")  ? "accept"
                                       : "";
}

static cJSON *read_person(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, const cJSON *attendee)
{
    const char *type, *id = attendee_id(attendee, &type);
    const char *rsvp = json_text(attendee, "rsvp_status");
    if (id == NULL || str_eq(rsvp, "removed"))
        return NULL;
    bool is_mail = str_eq(type, "third_party"), is_self = str_eq(id, env->own_id);
    if (is_self)
        rsvp = people_own_answer(env, row);
    const char *address =
        is_mail ? people_mended(cx, id) : people_address(cx, env, id);
    if (*address == '\0')
        return NULL;
    cJSON *person = person_new(address, json_text(attendee, "display_name"));
    cJSON_AddStringToObject(person, "type", type);
    cJSON_AddStringToObject(person, "id", id);
    cJSON_AddStringToObject(person, "rsvp", *rsvp == '\0' ? "needs_action" : rsvp);
    add_flag(person, "optional", json_bool(attendee, "is_optional", false));
    add_flag(person, "organizer", json_bool(attendee, "is_organizer", false));
    add_flag(person, "self", is_self);
    return person;
}

/* Invited, and the list is hidden (194001) or not read yet: what is sure is the caller.
 */
static cJSON *only_self(
    struct ctx *cx, const struct convert_env *env, const struct series_row *row)
{
    cJSON *list = cJSON_CreateArray();
    cJSON *person = person_new(people_address(cx, env, env->own_id), env->own_name);
    cJSON_AddStringToObject(person, "type", "user");
    cJSON_AddStringToObject(person, "id", env->own_id);
    cJSON_AddStringToObject(person, "rsvp", people_own_answer(env, row));
    add_flag(person, "self", true);
    cJSON_AddItemToArray(list, person);
    return list;
}

static bool was_invited(const struct convert_env *env, const struct series_row *row)
{
    const char *home = json_text(row->event, "organizer_calendar_id");
    const cJSON *organizer =
        cJSON_GetObjectItemCaseSensitive(row->event, "event_organizer");
    return !str_empty(env->own_id) && *home != '\0' && !str_eq(home, env->calendar_id) &&
        *json_text(organizer, "user_id") != '\0' &&
        !str_eq(json_text(organizer, "user_id"), env->own_id) && env->role >= BE_WRITER;
}

/* Of who is listed twice the first counts: an address is one person. */
static void drop_repeated(
    struct ctx *cx, const struct convert_env *env, const cJSON *people)
{
    const struct people_index *index = people_index(cx, env, people, false);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(people, "list");
    for (cJSON *one = list->child, *next; one != NULL; one = next) {
        next = one->next;
        if (people_find(index, json_text(one, "address"), NULL) != one)
            cJSON_Delete(cJSON_DetachItemViaPointer(list, one));
    }
}

enum err read_people(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    const cJSON *attendees = row_attendees(row), *one;
    bool invited = was_invited(env, row);
    if (attendees == NULL && !invited)
        return ERR_OK;
    cJSON *list = attendees == NULL ? only_self(cx, env, row) : cJSON_CreateArray();
    cJSON_ArrayForEach(one, attendees)
    {
        cJSON *person = read_person(cx, env, row, one);
        if (person != NULL)
            cJSON_AddItemToArray(list, person);
    }
    cJSON *people = cJSON_CreateObject();
    const cJSON *organizer =
        cJSON_GetObjectItemCaseSensitive(row->event, "event_organizer");
    const char *id = json_text(organizer, "user_id");
    const char *name = json_text(organizer, "display_name");
    cJSON_ArrayForEach(one, list)
    {
        if (*id == '\0' && json_bool(one, "organizer", false)) {
            id = json_text(one, "id");
            name = json_text(one, "name");
        }
    }
    if (*id != '\0') {
        cJSON *person = person_new(people_address(cx, env, id), name);
        cJSON_AddStringToObject(person, "id", id);
        cJSON_AddItemToObject(people, "organizer", person);
    }
    cJSON_AddItemToObject(people, "list", list);
    drop_repeated(cx, env, people);
    add_flag(people, "meeting", invited || has_others(list));
    add_flag(people, "partial", attendees == NULL);
    *value = people;
    return ERR_OK;
}

#define LONG_LIST 32 /* shorter ones are walked */

static const cJSON *in_list(const cJSON *people, const char *address)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        if (str_ieq(json_text(one, "address"), address))
            return one;
    }
    return NULL;
}

/* index of a, NULL = none was made. */
static bool contains(const cJSON *a, const struct people_index *index, const cJSON *b)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(b, "list"))
    {
        if (json_bool(one, "organizer", false) || json_bool(one, "refused", false))
            continue;
        const char *address = json_text(one, "address");
        const cJSON *other =
            index == NULL ? in_list(a, address) : people_find(index, address, NULL);
        if (other == NULL ||
            json_bool(other, "optional", false) != json_bool(one, "optional", false))
            return false;
    }
    return true;
}

static size_t length(const cJSON *people)
{
    return (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(people, "list"));
}

bool equal_people(const cJSON *a, const cJSON *b)
{
    if (length(a) < LONG_LIST || length(b) < LONG_LIST)
        return contains(a, NULL, b) && contains(b, NULL, a);
    struct ctx *cx = ctx_new(NULL);
    bool same = contains(a, people_index(cx, NULL, a, false), b) &&
        contains(b, people_index(cx, NULL, b, false), a);
    ctx_free(cx);
    return same;
}
