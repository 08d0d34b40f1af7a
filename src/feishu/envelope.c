#include "feishu/envelope.h"

#include "base/str.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *type;
    enum feishu_event_kind kind;
} kinds[] = {
    {"calendar.calendar.changed_v4", FEISHU_TOLD_LIST},
    {"calendar.calendar.event.changed_v4", FEISHU_TOLD_EVENTS},
    {"calendar.calendar.acl.created_v4", FEISHU_TOLD_ACL},
    {"calendar.calendar.acl.deleted_v4", FEISHU_TOLD_ACL},
    {"auth.user_access_token.revoked_v4", FEISHU_TOLD_REVOKED},
};

static enum feishu_event_kind kind_of(const char *type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (str_eq(kinds[i].type, type))
            return kinds[i].kind;
    return FEISHU_TOLD_OTHER;
}

/* Milliseconds in the reference, microseconds on one of its pages, and seconds in older
 * events: the length tells. */
static int64_t milliseconds(int64_t time)
{
    if (time >= 100000000000000)
        return time / 1000;
    return time < 100000000000 ? time * 1000 : time;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void add_user(struct ctx *cx, struct feishu_event *event, const cJSON *ids)
{
    struct feishu_person *user = &event->users[event->n_users];
    if (event->n_users == ENVELOPE_USERS_MAX || !cJSON_IsObject(ids))
        return;
    *user = (struct feishu_person){
        .open_id = arena_strdup(cx->arena, json_text(ids, "open_id")),
        .union_id = arena_strdup(cx->arena, json_text(ids, "union_id")),
    };
    if (*user->open_id || *user->union_id)
        event->n_users++;
}

static void read_users(struct ctx *cx, const cJSON *body, struct feishu_event *event)
{
    const cJSON *list = json_array(body, "user_id_list"), *one;
    size_t n = (list ? (size_t)cJSON_GetArraySize(list) : 0) + 2;
    event->users = arena_alloc_array(cx->arena, sizeof(*event->users),
        n < ENVELOPE_USERS_MAX + 1 ? n : ENVELOPE_USERS_MAX + 1);
    cJSON_ArrayForEach(one, list) add_user(cx, event, one);
    if (event->kind == FEISHU_TOLD_ACL)
        add_user(cx, event, member(member(body, "scope"), "user_id"));
    if (event->kind == FEISHU_TOLD_REVOKED)
        add_user(cx, event, body);
}

enum err envelope_read(struct ctx *cx, const cJSON *json, struct feishu_event *event)
{
    const cJSON *header = member(json, "header"), *body = member(json, "event");
    const char *type = json_text(header, "event_type");
    if (!cJSON_IsObject(header) || !*type || !*json_text(header, "event_id"))
        return fail(cx, ERR_BAD_REQUEST, "not an event of schema 2.0");
    *event = (struct feishu_event){
        .kind = kind_of(type),
        .type = arena_strdup(cx->arena, type),
        .event_id = arena_strdup(cx->arena, json_text(header, "event_id")),
        .app_id = arena_strdup(cx->arena, json_text(header, "app_id")),
        .token = arena_strdup(cx->arena, json_text(header, "token")),
        .created_ms = milliseconds(json_int(header, "create_time", 0)),
        .calendar_id = arena_strdup(cx->arena, json_text(body, "calendar_id")),
    };
    read_users(cx, body, event);
    return ERR_OK;
}

/* ---- memory ---- */

struct event_memory {
    pthread_mutex_t lock;
    unsigned char digests[EVENT_MEMORY_IDS][SHA256_BYTES];
    size_t n, next;
};

struct event_memory *event_memory_new(void)
{
    struct event_memory *memory = calloc(1, sizeof(*memory));
    if (!memory)
        abort();
    pthread_mutex_init(&memory->lock, NULL);
    return memory;
}

void event_memory_free(struct event_memory *memory)
{
    if (!memory)
        return;
    pthread_mutex_destroy(&memory->lock);
    free(memory);
}

static bool has(const struct event_memory *memory, const unsigned char *digest)
{
    for (size_t i = 0; i < memory->n; i++)
        if (memcmp(memory->digests[i], digest, SHA256_BYTES) == 0)
            return true;
    return false;
}

bool event_memory_has(struct event_memory *memory, const char *event_id)
{
    unsigned char digest[SHA256_BYTES];
    crypto_sha256(event_id, strlen(event_id), digest);
    pthread_mutex_lock(&memory->lock);
    bool found = has(memory, digest);
    pthread_mutex_unlock(&memory->lock);
    return found;
}

void event_memory_add(struct event_memory *memory, const char *event_id)
{
    unsigned char digest[SHA256_BYTES];
    crypto_sha256(event_id, strlen(event_id), digest);
    pthread_mutex_lock(&memory->lock);
    if (!has(memory, digest)) {
        memcpy(memory->digests[memory->next], digest, sizeof(digest));
        memory->next = (memory->next + 1) % EVENT_MEMORY_IDS;
        if (memory->n < EVENT_MEMORY_IDS)
            memory->n++;
    }
    pthread_mutex_unlock(&memory->lock);
}
