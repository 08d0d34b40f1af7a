#include "bridge/attendee.h"

#include <string.h>

static const struct {
    const char *rsvp, *partstat;
} answers[] = {
    {"needs_action", "NEEDS-ACTION"},
    {"accept", "ACCEPTED"},
    {"tentative", "TENTATIVE"},
    {"decline", "DECLINED"},
};
#define N_ANSWERS (sizeof answers / sizeof answers[0])

/* Kinds of attendee: prefix of the id, CUTYPE, and the member that names it in requests. */
static const struct {
    const char *type, *prefix, *cutype, *member;
} kinds[] = {
    {"user", "ou_", "INDIVIDUAL", "user_id"},
    {"chat", "oc_", "GROUP", "chat_id"},
    {"resource", "omm_", "ROOM", "room_id"},
    {"third_party", "", "INDIVIDUAL", "third_party_email"},
};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

static const char *rsvp_of(const char *partstat)
{
    for (size_t i = 0; i < N_ANSWERS; i++) {
        if (str_ieq(partstat, answers[i].partstat))
            return answers[i].rsvp;
    }
    return "needs_action"; /* RFC 5545 3.2.12: unknown ones, DELEGATED */
}

static const char *partstat_of(const char *rsvp)
{
    for (size_t i = 0; i < N_ANSWERS; i++) {
        if (str_eq(rsvp, answers[i].rsvp))
            return answers[i].partstat;
    }
    return "NEEDS-ACTION";
}

static bool flag(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* ---- addresses ---- */

const char *people_address(struct ctx *cx, const struct convert_env *env, const char *id)
{
    if (str_eq(id, env->own_id) && !str_empty(env->own_address))
        return env->own_address;
    const char *address = NULL;
    if (env->address_of != NULL && str_starts(id, "ou_"))
        address = env->address_of(env->self, cx, id);
    return str_empty(address) ? arena_printf(cx->arena, "%s@%s", id, PEOPLE_DOMAIN) : address;
}

static const char *made_up_id(struct ctx *cx, const char *address)
{
    const char *at = strrchr(address, '@');
    if (at == NULL || at == address || !str_ieq(at + 1, PEOPLE_DOMAIN))
        return NULL;
    return arena_strndup(cx->arena, address, (size_t)(at - address));
}

bool people_is_self(struct ctx *cx, const struct convert_env *env, const char *address)
{
    if (str_empty(env->own_id) || str_empty(address))
        return false;
    if (!str_empty(env->own_address) && str_ieq(address, env->own_address))
        return true;
    return str_eq(made_up_id(cx, address), env->own_id);
}

const char *people_id(struct ctx *cx, const struct convert_env *env, const char *address)
{
    if (people_is_self(cx, env, address))
        return env->own_id;
    const char *id = made_up_id(cx, address);
    if (id == NULL && env->id_of != NULL && strchr(address, '@') != NULL)
        id = env->id_of(env->self, cx, address);
    return str_empty(id) ? NULL : id;
}

/* A calendar user address without "mailto:"; other schemes stay, so they are told from mail. */
static const char *line_address(struct ctx *cx, const struct line *line)
{
    const char *email = line_param(line, "EMAIL");
    if (str_istarts(line->value, "mailto:"))
        return str_trim(cx->arena, line->value + 7);
    if (!str_empty(email))
        return str_istarts(email, "mailto:") ? email + 7 : email;
    return str_trim(cx->arena, line->value);
}

static bool can_invite(const char *address)
{
    const char *at = strrchr(address, '@');
    return at != NULL && at != address && at[1] != '\0' && strpbrk(address, " :/") == NULL;
}

const cJSON *people_self(const cJSON *people)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        if (flag(one, "self"))
            return one;
    }
    return NULL;
}

const cJSON *people_find(const cJSON *people, const char *address)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        if (str_ieq(json_text(one, "address"), address))
            return one;
    }
    return NULL;
}

cJSON *people_request(struct ctx *cx, const struct convert_env *env, const cJSON *person)
{
    const char *address = json_text(person, "address");
    if (!can_invite(address))
        return NULL;
    const char *id = people_id(cx, env, address);
    size_t kind = N_KINDS - 1;
    for (size_t i = 0; id != NULL && i < N_KINDS; i++) {
        if (str_starts(id, kinds[i].prefix)) {
            kind = i;
            break;
        }
    }
    cJSON *request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "type", kinds[kind].type);
    cJSON_AddStringToObject(request, kinds[kind].member,
        kind == N_KINDS - 1 ? address : id);
    if (flag(person, "optional"))
        cJSON_AddTrueToObject(request, "is_optional");
    return request;
}

/* ---- facts ---- */

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

static void add_flag(cJSON *object, const char *name, bool value)
{
    if (value)
        cJSON_AddTrueToObject(object, name);
}

static cJSON *up_person(struct ctx *cx, const struct scene *scene, const struct line *line,
    const char *organizer)
{
    const char *address = line_address(cx, line), *role = line_param(line, "ROLE");
    const char *partstat = line_param(line, "PARTSTAT");
    cJSON *person = person_new(address, line_param(line, "CN"));
    cJSON_AddStringToObject(person, "rsvp", rsvp_of(partstat));
    add_flag(person, "optional",
        str_ieq(role, "OPT-PARTICIPANT") || str_ieq(role, "NON-PARTICIPANT"));
    add_flag(person, "organizer", organizer != NULL && str_ieq(organizer, address));
    add_flag(person, "self", people_is_self(cx, scene->env, address));
    add_flag(person, "silent", is_silent(line));
    return person;
}

static bool has_others(const cJSON *list)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        if (!flag(one, "organizer") && !flag(one, "self"))
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
    const char *address = organizer == NULL ? NULL : line_address(cx, organizer);
    if (organizer != NULL) {
        cJSON *person = person_new(address, line_param(organizer, "CN"));
        add_flag(person, "self", people_is_self(cx, scene->env, address));
        add_flag(person, "silent", is_silent(organizer));
        cJSON_AddItemToObject(people, "organizer", person);
    }
    size_t at = 0;
    for (struct line *line; (line = comp_next_line(scene->event, "ATTENDEE", &at)) != NULL;)
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
    if (flag(row->event, "has_more_attendee"))
        return NULL;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(row->event, "attendees");
    return cJSON_IsArray(list) ? list : NULL;
}

static const char *attendee_id(const cJSON *attendee, const char **type)
{
    const char *given = json_text(attendee, "type");
    for (size_t i = 0; i < N_KINDS; i++) {
        const char *id = json_text(attendee, kinds[i].member);
        if (*id != '\0' && (*given == '\0' || str_eq(given, kinds[i].type))) {
            *type = kinds[i].type;
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
        : str_eq(status, "confirmed") ? "accept" : "";
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
    cJSON *person = person_new(is_mail ? id : people_address(cx, env, id),
        json_text(attendee, "display_name"));
    cJSON_AddStringToObject(person, "type", type);
    cJSON_AddStringToObject(person, "id", id);
    cJSON_AddStringToObject(person, "rsvp", *rsvp == '\0' ? "needs_action" : rsvp);
    add_flag(person, "optional", flag(attendee, "is_optional"));
    add_flag(person, "organizer", flag(attendee, "is_organizer"));
    add_flag(person, "self", is_self);
    return person;
}

/* Invited, and the list is hidden (194001) or not read yet: what is sure is the caller. */
static cJSON *only_self(const struct convert_env *env, const struct series_row *row)
{
    cJSON *list = cJSON_CreateArray();
    cJSON *person = person_new(env->own_address, env->own_name);
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
    const cJSON *organizer = cJSON_GetObjectItemCaseSensitive(row->event, "event_organizer");
    return *home != '\0' && !str_eq(home, env->calendar_id)
        && *json_text(organizer, "user_id") != '\0'
        && !str_eq(json_text(organizer, "user_id"), env->own_id) && env->role >= BE_WRITER;
}

enum err read_people(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    const cJSON *attendees = row_attendees(row), *one;
    bool invited = was_invited(env, row);
    if (attendees == NULL && !invited)
        return ERR_OK;
    cJSON *list = attendees == NULL ? only_self(env, row) : cJSON_CreateArray();
    cJSON_ArrayForEach(one, attendees)
    {
        cJSON *person = read_person(cx, env, row, one);
        if (person != NULL)
            cJSON_AddItemToArray(list, person);
    }
    cJSON *people = cJSON_CreateObject();
    const cJSON *organizer = cJSON_GetObjectItemCaseSensitive(row->event, "event_organizer");
    const char *id = json_text(organizer, "user_id");
    const char *name = json_text(organizer, "display_name");
    cJSON_ArrayForEach(one, list)
    {
        if (*id == '\0' && flag(one, "organizer")) {
            id = json_text(one, "id");
            name = json_text(one, "name");
        }
    }
    if (*id != '\0') {
        cJSON *person = person_new(people_address(cx, env, id), name);
        cJSON_AddStringToObject(person, "id", id);
        cJSON_AddItemToObject(people, "organizer", person);
    }
    add_flag(people, "meeting", invited || has_others(list));
    add_flag(people, "partial", attendees == NULL);
    cJSON_AddItemToObject(people, "list", list);
    *value = people;
    return ERR_OK;
}

static bool contains(const cJSON *a, const cJSON *b)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(b, "list"))
    {
        if (flag(one, "organizer"))
            continue;
        const cJSON *other = people_find(a, json_text(one, "address"));
        if (other == NULL || flag(other, "optional") != flag(one, "optional"))
            return false;
    }
    return true;
}

bool equal_people(const cJSON *a, const cJSON *b)
{
    return contains(a, b) && contains(b, a);
}

/* ---- lines ---- */

/* The line with a parameter set; the others stay in their order. */
static struct line *with_param(struct ctx *cx, const struct line *line, const char *name,
    const char *value)
{
    struct buf out = buf_new(cx->arena);
    bool found = false;
    buf_adds(&out, line->name);
    for (size_t i = 0; i < line->n_params; i++) {
        const struct line_param *param = &line->params[i];
        bool own = str_eq(param->name, name);
        found = found || own;
        buf_printf(&out, ";%s=%s", param->name,
            own ? value : param_escape(cx->arena, param->value));
    }
    if (!found)
        buf_printf(&out, ";%s=%s", name, value);
    return line_new(cx, "%s:%s", buf_str(&out), line->value);
}

static struct line *person_line(struct ctx *cx, const cJSON *person)
{
    const char *name = json_text(person, "name"), *type = json_text(person, "type");
    const char *cutype = "INDIVIDUAL", *partstat = partstat_of(json_text(person, "rsvp"));
    for (size_t i = 0; i < N_KINDS; i++) {
        if (str_eq(type, kinds[i].type))
            cutype = kinds[i].cutype;
    }
    struct buf out = buf_new(cx->arena);
    if (*name != '\0')
        buf_printf(&out, ";CN=%s", param_escape(cx->arena, name));
    buf_printf(&out, ";CUTYPE=%s;ROLE=%s;PARTSTAT=%s%s", cutype,
        flag(person, "optional") ? "OPT-PARTICIPANT" : "REQ-PARTICIPANT", partstat,
        str_eq(partstat, "NEEDS-ACTION") ? ";RSVP=TRUE" : "");
    return line_new(cx, "ATTENDEE%s:mailto:%s", buf_str(&out), json_text(person, "address"));
}

/* The upstream person that a line means. */
static const cJSON *match(struct ctx *cx, const struct scene *scene, const cJSON *people,
    const char *address)
{
    const cJSON *one = people_find(people, address);
    if (one != NULL || !can_invite(address))
        return one;
    const char *id = people_id(cx, scene->env, address);
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        if (id != NULL && str_eq(json_text(one, "id"), id))
            return one;
    }
    return NULL;
}

static void patch_organizer(struct ctx *cx, const struct scene *scene, const cJSON *people)
{
    const cJSON *organizer = cJSON_GetObjectItemCaseSensitive(people, "organizer");
    struct line *line = comp_line(scene->event, "ORGANIZER");
    if (organizer == NULL)
        return;
    const char *address = json_text(organizer, "address"), *name = json_text(organizer, "name");
    if (line != NULL) {
        const char *old = line_address(cx, line);
        const char *id = str_ieq(old, address) ? NULL : people_id(cx, scene->env, old);
        if (str_ieq(old, address) || str_eq(id, json_text(organizer, "id")))
            return;
    }
    struct line *fresh = *name == '\0'
        ? line_new(cx, "ORGANIZER:mailto:%s", address)
        : line_new(cx, "ORGANIZER;CN=%s:mailto:%s", param_escape(cx->arena, name), address);
    comp_replace_lines(cx, scene->event, "ORGANIZER", &fresh, 1);
}

/* Brings one line in accord with its person; lines that agree are kept. */
static struct line *patched(struct ctx *cx, struct line *line, const cJSON *person)
{
    const char *partstat = line_param(line, "PARTSTAT"), *role = line_param(line, "ROLE");
    bool optional = str_ieq(role, "OPT-PARTICIPANT") || str_ieq(role, "NON-PARTICIPANT");
    if (!str_eq(rsvp_of(partstat), json_text(person, "rsvp")))
        line = with_param(cx, line, "PARTSTAT", partstat_of(json_text(person, "rsvp")));
    if (optional != flag(person, "optional"))
        line = with_param(cx, line, "ROLE",
            flag(person, "optional") ? "OPT-PARTICIPANT" : "REQ-PARTICIPANT");
    return line;
}

static bool is_foreign(struct ctx *cx, const struct scene *scene, const struct line *organizer)
{
    return organizer != NULL && !people_is_self(cx, scene->env, line_address(cx, organizer));
}

/* Nobody else upstream: the client's invited people are gone. An invitation that was imported
 * (somebody else's ORGANIZER on an own event) is the client's own record and stays. */
static void patch_no_meeting(struct ctx *cx, const struct scene *scene)
{
    if (is_foreign(cx, scene, comp_line(scene->event, "ORGANIZER")))
        return;
    bool removed = false, others = false;
    size_t at = 0;
    for (struct line *line; (line = comp_next_line(scene->event, "ATTENDEE", &at)) != NULL;) {
        const char *address = line_address(cx, line);
        if (people_is_self(cx, scene->env, address))
            continue;
        if (!can_invite(address)) {
            others = true;
            continue;
        }
        comp_remove_line(scene->event, line);
        removed = true;
        at--;
    }
    if (removed && !others) {
        comp_replace_lines(cx, scene->event, "ATTENDEE", NULL, 0);
        comp_replace_lines(cx, scene->event, "ORGANIZER", NULL, 0);
    }
}

/* What became of the people while the lines were walked. */
struct walk {
    const cJSON **items;
    size_t n, cap;
};

static bool was_seen(const struct walk *walk, const cJSON *person)
{
    for (size_t i = 0; i < walk->n; i++) {
        if (walk->items[i] == person)
            return true;
    }
    return false;
}

static void patch_lines(struct ctx *cx, const struct scene *scene, const cJSON *people,
    struct walk *walk)
{
    struct comp *event = scene->event;
    for (size_t i = 0; i < event->items.n; i++) {
        struct line *line = event->items.items[i].line;
        if (line == NULL || !str_eq(line->name, "ATTENDEE"))
            continue;
        const char *address = line_address(cx, line);
        const cJSON *person = match(cx, scene, people, address);
        if (person != NULL) {
            event->items.items[i].line = patched(cx, line, person);
            LIST_ADD(cx->arena, walk, person);
            continue;
        }
        const cJSON *organizer = cJSON_GetObjectItemCaseSensitive(people, "organizer");
        bool stays = !can_invite(address) || people_is_self(cx, scene->env, address)
            || str_ieq(address, json_text(organizer, "address"));
        if (!stays && !flag(people, "partial")) {
            comp_remove_line(event, line);
            i--;
        }
    }
}

static size_t end_of_people(const struct comp *event)
{
    size_t place = 0;
    bool found = false;
    for (size_t i = 0; i < event->items.n; i++) {
        const struct line *line = event->items.items[i].line;
        bool own = line != NULL
            && (str_eq(line->name, "ATTENDEE") || str_eq(line->name, "ORGANIZER"));
        if (own || (line != NULL && !found))
            place = i + 1;
        found = found || own;
    }
    return place;
}

void patch_people(struct ctx *cx, const struct scene *scene, const cJSON *facts)
{
    const cJSON *people = cJSON_GetObjectItemCaseSensitive(facts, "attendees"), *one;
    if (people == NULL)
        return;
    if (!flag(people, "meeting")) {
        patch_no_meeting(cx, scene);
        return;
    }
    bool had_people = comp_line(scene->event, "ATTENDEE") != NULL;
    patch_organizer(cx, scene, people);
    struct walk walk = {0};
    patch_lines(cx, scene, people, &walk);
    size_t place = end_of_people(scene->event);
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        /* Many clients do not list the organizer among the attendees. */
        if (was_seen(&walk, one) || (had_people && flag(one, "organizer")))
            continue;
        comp_insert(cx, scene->event, place++,
            (struct comp_item){.line = person_line(cx, one)});
    }
}
