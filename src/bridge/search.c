/* People and rooms found while somebody types (feishu-api 9.3, 10). Feishu knows pinyin
 * and other names, so what it finds is believed; those whom the store knows are found
 * besides, and alone where Feishu may not be asked. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <stdlib.h>
#include <string.h>

#define FOUND_S 600
#define REFUSED_S 3600
#define FAILED_S 30
#define ROOMS_S 3600
#define LIMIT_MS 8000 /* somebody is typing */
#define WORDS_MAX_CHARS 64
#define FOUND_MAX 50
#define PAGE_MAX "50"
#define ROOMS_MAX 5000
#define NO_SCOPE_USER 99991679

/* ---- what was answered, and who may not be asked ---- */

/* NULL = nothing is known. */
static const char *known_ids(struct ctx *cx, struct cache *cache, const char *key)
{
    struct kept kept;
    return cache_get(cx, cache, key, &kept) ? kept.bytes : NULL;
}

/* ids: a space behind each. */
static void keep_ids(struct ctx *cx, struct cache *cache, const char *key,
    const char *ids, int64_t for_s)
{
    cache_put(cx, cache, key,
        &(struct kept){.bytes = ids, .n_bytes = strlen(ids) + 1, .for_s = for_s});
}

/* ---- asking ---- */

struct search {
    struct bridge *bridge;
    const struct be_user *user;
    const char *words; /* trimmed, ASCII in lower case */
    unsigned kinds;
    size_t max;
    LIST(struct be_person) found;
};
typedef LIST(struct person) person_list;

static void take_users(struct ctx *cx, const cJSON *data, person_list *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_array(data, "users"))
    {
        struct person one = {
            .open_id = json_text(item, "open_id"), .name = json_text(item, "name")};
        LIST_ADD(cx->arena, list, one);
    }
}

static enum err ask_users(
    struct ctx *cx, struct search *search, int *code, person_list *list)
{
    const char *query[] = {"query", search->words, "page_size", PAGE_MAX, NULL};
    struct feishu_call call = {
        .endpoint = FEISHU_USER_SEARCH, .query = query, .priority = FEISHU_READ};
    cJSON *data = NULL;
    TRY(bridge_request(cx, search->bridge, search->user->id, &call, code, &data));
    take_users(cx, data, list);
    return ERR_OK;
}

static void take_employees(struct ctx *cx, const cJSON *data, person_list *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_array(data, "employees"))
    {
        const cJSON *base = cJSON_GetObjectItemCaseSensitive(item, "base_info");
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(
            cJSON_GetObjectItemCaseSensitive(base, "name"), "name");
        const cJSON *words = cJSON_GetObjectItemCaseSensitive(name, "i18n_value");
        struct person one = {
            .open_id = json_text(base, "employee_id"),
            .address = str_lower(cx->arena, json_text(base, "email")),
            .name = json_text(name, "default_value"),
            .words = json_text(words, "en_us"),
        };
        LIST_ADD(cx->arena, list, one);
    }
}

static enum err ask_employees(
    struct ctx *cx, struct search *search, int *code, person_list *list)
{
    static const char *const fields[] = {"base_info.name.name", "base_info.email"};
    const char *query[] = {"employee_id_type", "open_id", "department_id_type",
        "open_department_id", NULL};
    cJSON *body = json_object(cx->arena), *data = NULL;
    cJSON_AddStringToObject(body, "query", search->words);
    cJSON *page = cJSON_AddObjectToObject(body, "page_request");
    cJSON_AddNumberToObject(page, "page_size", FOUND_MAX);
    cJSON_AddItemToObject(body, "required_fields", cJSON_CreateStringArray(fields, 2));
    struct feishu_call call = {.endpoint = FEISHU_EMPLOYEE_SEARCH,
        .query = query, .body = body, .priority = FEISHU_READ};
    TRY(bridge_request(cx, search->bridge, 0, &call, code, &data));
    take_employees(cx, data, list);
    return ERR_OK;
}

static void take_rooms(struct ctx *cx, const cJSON *rooms, person_list *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, rooms)
    {
        const cJSON *status = cJSON_GetObjectItemCaseSensitive(item, "room_status");
        struct person one = {
            .open_id = json_text(item, "room_id"),
            .name = json_text(item, "name"),
            .words = json_text(item, "custom_room_id"),
            .kind = PERSON_ROOM,
        };
        if (json_bool(status, "status", true))
            LIST_ADD(cx->arena, list, one);
    }
}

static enum err ask_rooms(
    struct ctx *cx, struct search *search, int *code, person_list *list)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    cJSON *body = json_object(cx->arena), *data = NULL;
    cJSON_AddStringToObject(body, "keyword", search->words);
    cJSON_AddNumberToObject(body, "page_size", FOUND_MAX);
    struct feishu_call call = {.endpoint = FEISHU_ROOM_SEARCH,
        .query = query, .body = body, .priority = FEISHU_READ};
    TRY(bridge_request(cx, search->bridge, search->user->id, &call, code, &data));
    take_rooms(cx, json_array(data, "rooms"), list);
    return ERR_OK;
}

/* All of them, to be looked through in the store. */
static enum err list_rooms(
    struct ctx *cx, struct search *search, int *code, person_list *list)
{
    const char *query[] = {"page_size", "100", NULL, NULL, NULL};
    struct feishu_call call = {
        .endpoint = FEISHU_ROOM_LIST, .query = query, .priority = FEISHU_READ};
    cJSON *data = NULL;
    while (list->n < ROOMS_MAX) {
        TRY(bridge_request(cx, search->bridge, 0, &call, code, &data));
        take_rooms(cx, json_array(data, "rooms"), list);
        const char *next = json_text(data, "page_token");
        if (!json_bool(data, "has_more", false) || !*next || str_eq(next, query[3]))
            break;
        query[2] = "page_token";
        query[3] = next;
    }
    return ERR_OK;
}

/* Of a kind the first that may be asked is. */
static const struct source {
    const char *name;
    enum be_user_kind kind;
    bool by_user;     /* with the person's token, so refused for this one alone */
    bool by_address;  /* finds a part of an address */
    bool by_words;    /* finds something for these words; else all, for the store */
    enum err (*ask)(struct ctx *cx, struct search *search, int *code, person_list *list);
} sources[] = {
    {"users", BE_INDIVIDUAL, true, false, true, ask_users},
    {"employees", BE_INDIVIDUAL, false, true, true, ask_employees},
    {"rooms", BE_ROOM, true, false, true, ask_rooms},
    {"all rooms", BE_ROOM, false, false, false, list_rooms},
};
#define N_SOURCES (sizeof(sources) / sizeof(*sources))

/* ---- what was found ---- */

static enum err save_all(struct ctx *cx, struct bridge *bridge, const person_list *list)
{
    struct store_tx *tx;
    enum err err = ERR_OK;
    if (!list->n)
        return ERR_OK;
    TRY(store_begin(cx, bridge->store, &tx));
    for (size_t i = 0; i < list->n && !err; i++) {
        struct person old, one = list->items[i];
        if (str_empty(one.open_id))
            continue;
        /* When the address was looked up stays as it was: this was no such look-up. */
        if (!str_empty(one.address))
            one.fetched_s = ctx_now_s(cx);
        else if (store_person_by_id(cx, bridge->store, one.open_id, &old) == ERR_OK)
            one.fetched_s = old.fetched_s;
        err = store_person_save(cx, bridge->store, &one);
    }
    return store_end(cx, tx, err);
}

static bool is_known(const struct search *search, const char *segment)
{
    for (size_t i = 0; i < search->found.n; i++)
        if (str_eq(search->found.items[i].user.segment, segment))
            return true;
    return false;
}

static void add(
    struct ctx *cx, struct search *search, const char *segment, bool by_directory)
{
    struct be_person one = {.by_directory = by_directory};
    if (search->found.n == search->max || is_known(search, segment) ||
        be_user_by_segment(cx, search->bridge, segment, &one.user) != ERR_OK ||
        !(search->kinds & 1u << one.user.kind))
        return;
    LIST_ADD(cx->arena, &search->found, one);
}

static bool has(struct ctx *cx, const char *text, const char *part)
{
    return text && strstr(str_lower(cx->arena, text), part);
}

static enum err add_known(
    struct ctx *cx, struct search *search, enum be_user_kind be_kind)
{
    enum person_kind kind = be_kind == BE_ROOM ? PERSON_ROOM : PERSON_USER;
    struct person *list;
    size_t n;
    TRY(store_people_search(
        cx, search->bridge->store, kind, search->words, search->max, &list, &n));
    for (size_t i = 0; i < n; i++)
        add(cx, search, list[i].open_id, has(cx, list[i].words, search->words));
    return ERR_OK;
}

static enum err add_accounts(struct ctx *cx, struct search *search)
{
    struct account *list;
    size_t n;
    TRY(store_accounts(cx, search->bridge->store, &list, &n));
    for (size_t i = 0; i < n; i++)
        if (has(cx, list[i].display_name, search->words) ||
            has(cx, list[i].email, search->words) ||
            has(cx, list[i].name, search->words))
            add(cx, search, list[i].open_id, false);
    return ERR_OK;
}

static void add_ids(struct ctx *cx, struct search *search, const char *ids)
{
    char **parts = str_split(cx->arena, ids, ' ');
    const char *people[FOUND_MAX];
    size_t n = 0;
    for (char **one = parts; *one; one++)
        if (str_starts(*one, "ou_") && n < FOUND_MAX)
            people[n++] = *one;
    directory_want_ids(cx, search->bridge, search->user->id, people, n);
    for (char **one = parts; *one; one++)
        add(cx, search, *one, true);
}

/* ---- a search ---- */

/* For how long a source that failed is left alone. */
static int64_t pause_s(enum err err, int code)
{
    bool refused = code == NO_SCOPE_USER || err == ERR_UPSTREAM_APP ||
        err == ERR_UPSTREAM_RIGHTS || err == ERR_UPSTREAM_GONE;
    return refused ? REFUSED_S : FAILED_S;
}

static bool may_ask(struct ctx *cx, const struct search *search,
    const struct source *source, const char *who)
{
    bool mail = strchr(search->words, '@') != NULL;
    if (!search->bridge->feishu || (source->by_user && search->user->needs_sign_in) ||
        (source->by_words && !*search->words) || (mail && !source->by_address &&
            source->kind == BE_INDIVIDUAL))
        return false;
    return !known_ids(cx, search->bridge->search, who);
}

/* True when it answered, now or shortly before. */
static bool ask(struct ctx *cx, struct search *search, const struct source *source)
{
    struct cache *cache = search->bridge->search;
    long long account = source->by_user ? (long long)search->user->id : 0;
    char *who = arena_printf(cx->arena, "%s %lld", source->name, account);
    char *key = arena_printf(
        cx->arena, "%s: %s", who, source->by_words ? search->words : "");
    const char *ids = known_ids(cx, cache, key);
    person_list list = {0};
    int code = 0;
    if (!ids) {
        if (!may_ask(cx, search, source, who))
            return false;
        enum err err = source->ask(cx, search, &code, &list);
        if (!err)
            err = save_all(cx, search->bridge, &list);
        if (err) {
            log_line(cx, LOG_INFO, LOG_FEISHU, "no search of %s for a while: %s",
                source->name, ctx_error(cx));
            keep_ids(cx, cache, who, "", pause_s(err, code));
            return false;
        }
        struct buf text = buf_new(cx->arena);
        for (size_t i = 0; i < list.n && source->by_words; i++)
            buf_printf(&text, "%s ", list.items[i].open_id);
        ids = buf_str(&text);
        keep_ids(cx, cache, key, ids, source->by_words ? FOUND_S : ROOMS_S);
    }
    add_ids(cx, search, ids);
    return true;
}

static enum err search_kind(
    struct ctx *cx, struct search *search, enum be_user_kind kind)
{
    for (size_t i = 0; i < N_SOURCES; i++)
        if (sources[i].kind == kind && ask(cx, search, &sources[i]))
            break;
    if (kind == BE_INDIVIDUAL)
        TRY(add_accounts(cx, search));
    return add_known(cx, search, kind);
}

/* A whole address is looked up by the app, which every app may do. */
static void look_up_address(struct ctx *cx, struct search *search)
{
    const char *at = strchr(search->words, '@');
    if (at && at > search->words && strchr(at, '.') && !strchr(search->words, ' '))
        directory_want_addresses(
            cx, search->bridge, search->user->id, &search->words, 1);
}

enum err be_people_search(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_people_query *query,
    struct be_person **list, size_t *n)
{
    struct search search = {.bridge = bridge, .user = user,
        .words = str_lower(cx->arena, str_trim(cx->arena, query->words)),
        .kinds = query->kinds, .max = query->max};
    int64_t deadline_ms = cx->deadline_ms;
    enum err err = ERR_OK;
    cx->payer = user->id;
    if (utf8_length(search.words) <= WORDS_MAX_CHARS) {
        int64_t own_ms = ctx_monotonic_ms(cx) + LIMIT_MS;
        if (!deadline_ms || own_ms < deadline_ms)
            cx->deadline_ms = own_ms;
        if (query->kinds & 1u << BE_INDIVIDUAL) {
            look_up_address(cx, &search);
            err = search_kind(cx, &search, BE_INDIVIDUAL);
        }
        if (!err && query->kinds & 1u << BE_ROOM)
            err = search_kind(cx, &search, BE_ROOM);
        cx->deadline_ms = deadline_ms;
    }
    *list = search.found.items;
    *n = search.found.n;
    return err;
}
