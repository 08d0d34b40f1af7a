/* Adding people. Upstream refuses a whole call for one of them (feishu-api 16.22): then
 * the list is halved until it is known who it is; that one is left out and told to the
 * client by SCHEDULE-STATUS (RFC 6638 3.2.9). */
#include "config.h"

#include "bridge/attendee.h"
#include "bridge/push.h"

#include <stdlib.h>
#include <string.h>

#define REFUSALS_MAX 40

/* ---- lists of thousands ---- */

struct member {
    const char *key; /* kind and id */
    size_t at;
};

static const char *key_of(struct ctx *cx, const cJSON *attendee)
{
    static const char *const ids[] = {
        "user_id", "chat_id", "room_id", "third_party_email", "attendee_id"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        if (*json_text(attendee, ids[i]))
            return arena_printf(cx->arena, "%s %s", ids[i],
                str_lower(cx->arena, json_text(attendee, ids[i])));
    return "";
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static struct member *members_of(struct ctx *cx, const cJSON *list, size_t *n)
{
    struct member *members =
        ARENA_ARRAY(cx->arena, struct member, (size_t)cJSON_GetArraySize(list) + 1);
    const cJSON *one;
    *n = 0;
    cJSON_ArrayForEach(one, list)
    {
        members[*n] = (struct member){key_of(cx, one), *n};
        ++*n;
    }
    qsort(members, *n, sizeof(*members), by_key);
    return members;
}

static const struct member *find_member(
    struct ctx *cx, const struct member *members, size_t n, const cJSON *attendee)
{
    struct member wanted = {key_of(cx, attendee), 0};
    return *wanted.key ? bsearch(&wanted, members, n, sizeof(wanted), by_key) : NULL;
}

/* Lays news over the list: known[i] is what the i-th has become, NULL = as it was. */
static void rebuild(cJSON *list, const cJSON *const *known, const bool *gone, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cJSON *one = cJSON_DetachItemViaPointer(list, list->child);
        cJSON *kept = gone[i] ? NULL
            : known[i]        ? cJSON_Duplicate(known[i], true)
                              : one;
        if (kept)
            cJSON_AddItemToArray(list, kept);
        if (kept != one)
            cJSON_Delete(one);
    }
}

static void merge(struct ctx *cx, cJSON *list, const cJSON *news)
{
    size_t n;
    const cJSON *one;
    const struct member *members = members_of(cx, list, &n);
    const cJSON **known = ARENA_ARRAY(cx->arena, const cJSON *, n + 1);
    cJSON_ArrayForEach(one, news)
    {
        const struct member *member = find_member(cx, members, n, one);
        if (member)
            known[member->at] = one;
    }
    rebuild(list, known, ARENA_ARRAY(cx->arena, bool, n + 1), n);
    cJSON_ArrayForEach(one, news)
    {
        if (!find_member(cx, members, n, one))
            cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
    }
}

void push_attendees_drop(struct ctx *cx, cJSON *list, const cJSON *requests)
{
    size_t n;
    const cJSON *one;
    const struct member *members = members_of(cx, list, &n);
    bool *gone = ARENA_ARRAY(cx->arena, bool, n + 1);
    cJSON_ArrayForEach(one, requests)
    {
        const struct member *member = find_member(cx, members, n, one);
        if (member)
            gone[member->at] = true;
    }
    rebuild(list, ARENA_ARRAY(cx->arena, const cJSON *, n + 1), gone, n);
}

/* ---- adding ---- */

static enum err add(struct ctx *cx, struct push *push, const struct step *step)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    cJSON *data = NULL;
    TRY(push_call(cx, push, FEISHU_ATTENDEE_CREATE, step, query, push_body(cx, step),
        NULL, &data));
    cJSON *attendees = push_row_attendees(cx, push, step->original_time);
    if (!step->original_time)
        push_keep_guests(cx, push);
    merge(cx, attendees, json_array(data, "attendees"));
    push->attendees_touched = true;
    push_row_set(cx, push, step->original_time, NULL, attendees);
    return ERR_OK;
}

static enum err leave_out(struct ctx *cx, struct push *push, const cJSON *request)
{
    struct convert_env env;
    env_fill(cx, push->bridge, push->account, push->calendar, &env);
    char *text = push->text ? people_mark_refused(cx, &env, push->text, request) : NULL;
    log_line(cx, LOG_INFO, LOG_SYNC, "calendar %lld: %s: an attendee is left out: %s",
        (long long)push->calendar->id, push->name, ctx_error(cx));
    if (text)
        push->text = text;
    return ERR_OK;
}

/* The step for a part of its people. */
static struct step part_of(
    struct ctx *cx, const struct step *step, int from, int until)
{
    struct step part = *step;
    const cJSON *list = json_array(step->body, "attendees");
    part.body = json_object(cx->arena);
    cJSON *some = cJSON_AddArrayToObject(part.body, "attendees");
    for (int i = from; i < until; i++)
        cJSON_AddItemToArray(some, cJSON_Duplicate(cJSON_GetArrayItem(list, i), true));
    return part;
}

enum err push_add_attendees(struct ctx *cx, struct push *push, const struct step *step)
{
    const cJSON *list = json_array(step->body, "attendees");
    int n = cJSON_GetArraySize(list);
    enum err err = add(cx, push, step);
    if (err != ERR_UPSTREAM_REFUSED || push->refusals++ >= REFUSALS_MAX)
        return err;
    if (n == 1)
        return leave_out(cx, push, cJSON_GetArrayItem(list, 0));
    struct step parts[] = {
        part_of(cx, step, 0, n / 2),
        part_of(cx, step, n / 2, n),
    };
    TRY(push_add_attendees(cx, push, &parts[0]));
    return push_add_attendees(cx, push, &parts[1]);
}
