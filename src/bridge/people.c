#include "bridge/people.h"

#include <stdlib.h>
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

/* Kinds of attendee: prefix of the id, CUTYPE, and the member that names it in requests.
 */
const struct people_kind people_kinds[] = {
    {"user", "ou_", "INDIVIDUAL", "user_id"},
    {"chat", "oc_", "GROUP", "chat_id"},
    {"resource", "omm_", "ROOM", "room_id"},
    {"third_party", "", "INDIVIDUAL", "third_party_email"},
};
const size_t n_people_kinds = sizeof people_kinds / sizeof people_kinds[0];

const char *people_rsvp(const char *partstat)
{
    for (size_t i = 0; i < N_ANSWERS; i++) {
        if (str_ieq(partstat, answers[i].partstat))
            return answers[i].rsvp;
    }
    return "needs_action"; /* RFC 5545 3.2.12: unknown ones, DELEGATED */
}

const char *people_partstat(const char *rsvp)
{
    for (size_t i = 0; i < N_ANSWERS; i++) {
        if (str_eq(rsvp, answers[i].rsvp))
            return answers[i].partstat;
    }
    return "NEEDS-ACTION";
}

const char *people_mended(struct ctx *cx, const char *address)
{
    char *copy = arena_strdup(cx->arena, address);
    size_t n = 0;
    for (size_t i = 0; copy[i] != '\0'; i++) {
        if ((unsigned char)copy[i] > ' ' && copy[i] != 0x7f)
            copy[n++] = copy[i];
    }
    copy[n] = '\0';
    return copy;
}

const char *people_address(struct ctx *cx, const struct convert_env *env, const char *id)
{
    if (str_eq(id, env->own_id) && !str_empty(env->own_address))
        return env->own_address;
    const char *address = NULL;
    if (env->address_of != NULL && str_starts(id, "ou_"))
        address = env->address_of(env->self, cx, id);
    return str_empty(address)
        ? arena_printf(cx->arena, "%s@%s", people_mended(cx, id), PEOPLE_DOMAIN)
        : address;
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

/* A calendar user address without "mailto:"; other schemes stay, so they are told from
 * mail. */
const char *people_line_address(struct ctx *cx, const struct line *line)
{
    const char *email = line_param(line, "EMAIL");
    if (str_istarts(line->value, "mailto:"))
        return str_trim(cx->arena, line->value + 7);
    if (!str_empty(email))
        return str_istarts(email, "mailto:") ? email + 7 : email;
    return str_trim(cx->arena, line->value);
}

bool people_can_invite(const char *address)
{
    const char *at = strrchr(address, '@');
    return at != NULL && at != address && at[1] != '\0' &&
        strpbrk(address, " :/") == NULL;
}

const cJSON *people_self(const cJSON *people)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        if (json_bool(one, "self", false))
            return one;
    }
    return NULL;
}

/* ---- searching ---- */

struct people_key {
    const char *text; /* address in small letters, or id */
    size_t at;
};
struct people_index {
    const cJSON **list;
    struct people_key *by_address, *by_id;
    size_t n, n_ids;
    struct ctx *cx;
};

static int by_text(const void *a, const void *b)
{
    const struct people_key *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static const char *id_of(struct ctx *cx, const struct convert_env *env, const cJSON *one)
{
    const char *id = json_text(one, "id");
    return *id != '\0' ? id : people_id(cx, env, json_text(one, "address"));
}

struct people_index *people_index(
    struct ctx *cx, const struct convert_env *env, const cJSON *people, bool ids)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(people, "list"), *one;
    size_t n = (size_t)cJSON_GetArraySize(list);
    struct people_index *index = ARENA_NEW(cx->arena, struct people_index);
    index->cx = cx;
    index->list = ARENA_ARRAY(cx->arena, const cJSON *, n + 1);
    index->by_address = ARENA_ARRAY(cx->arena, struct people_key, n + 1);
    index->by_id = ARENA_ARRAY(cx->arena, struct people_key, n + 1);
    cJSON_ArrayForEach(one, list)
    {
        size_t at = index->n++;
        const char *id = ids ? id_of(cx, env, one) : NULL;
        index->list[at] = one;
        index->by_address[at] =
            (struct people_key){str_lower(cx->arena, json_text(one, "address")), at};
        if (id != NULL)
            index->by_id[index->n_ids++] = (struct people_key){id, at};
    }
    qsort(index->by_address, index->n, sizeof *index->by_address, by_text);
    qsort(index->by_id, index->n_ids, sizeof *index->by_id, by_text);
    return index;
}

/* The first of those with that text. */
static const struct people_key *lower_bound(
    const struct people_key *keys, size_t n, const char *text)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(keys[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && str_eq(keys[low].text, text) ? &keys[low] : NULL;
}

const cJSON *people_find(
    const struct people_index *index, const char *address, const char *id)
{
    const struct people_key *key = NULL, *other = NULL;
    if (!str_empty(address))
        key = lower_bound(
            index->by_address, index->n, str_lower(index->cx->arena, address));
    if (id != NULL)
        other = lower_bound(index->by_id, index->n_ids, id);
    if (key == NULL || (other != NULL && other->at < key->at))
        key = other;
    return key == NULL ? NULL : index->list[key->at];
}

cJSON *people_request(struct ctx *cx, const struct convert_env *env, const cJSON *person)
{
    const char *address = json_text(person, "address");
    if (!people_can_invite(address))
        return NULL;
    const char *id = people_id(cx, env, address);
    size_t kind = n_people_kinds - 1;
    for (size_t i = 0; id != NULL && i < n_people_kinds; i++) {
        if (str_starts(id, people_kinds[i].prefix)) {
            kind = i;
            break;
        }
    }
    cJSON *request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "type", people_kinds[kind].type);
    cJSON_AddStringToObject(
        request, people_kinds[kind].member, kind == n_people_kinds - 1 ? address : id);
    if (json_bool(person, "optional", false))
        cJSON_AddTrueToObject(request, "is_optional");
    return request;
}
