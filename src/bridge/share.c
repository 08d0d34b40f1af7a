/* Access lists of one's own calendars (feishu-api 4): read by the pull, changed by
 * clients. There is no update upstream: an entry is deleted and made again. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <string.h>

#define REFUSED_MS 3600000
#define FAILED_MS 60000
#define SHARES_MAX 5000
#define WRITE_LIMIT_MS 28000

static const char *const words[] = {
    [BE_FREEBUSY] = "free_busy_reader",
    [BE_READER] = "reader",
    [BE_WRITER] = "writer",
    [BE_OWNER] = "owner",
};

typedef LIST(struct share) share_list;

/* ---- reading ---- */

static enum err read_list(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *upstream_id, enum feishu_priority priority, share_list *list)
{
    const char *query[] = {
        "page_size", "50", "user_id_type", "open_id", NULL, NULL, NULL};
    struct feishu_call call = {.endpoint = FEISHU_ACL_LIST,
        .args = {upstream_id}, .query = query, .priority = priority};
    cJSON *data = NULL;
    const cJSON *item;
    while (list->n < SHARES_MAX) {
        TRY(bridge_request(cx, bridge, account_id, &call, NULL, &data));
        cJSON_ArrayForEach(item, json_array(data, "acls"))
        {
            struct share one = {
                .open_id = json_text(
                    cJSON_GetObjectItemCaseSensitive(item, "scope"), "user_id"),
                .acl_id = json_text(item, "acl_id"),
                .role = str_lower(cx->arena, json_text(item, "role")),
            };
            if (*one.open_id && *one.acl_id)
                LIST_ADD(cx->arena, list, one);
        }
        const char *next = json_text(data, "page_token");
        if (!json_bool(data, "has_more", false) || !*next || str_eq(next, query[5]))
            break;
        query[4] = "page_token";
        query[5] = next;
    }
    return ERR_OK;
}

/* Their principals must be there even when the directory tells nothing about them. */
static enum err know_people(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const share_list *list)
{
    const char **ids = ARENA_ARRAY(cx->arena, const char *, list->n + 1);
    struct person known;
    for (size_t i = 0; i < list->n; i++)
        ids[i] = list->items[i].open_id;
    directory_want_ids(cx, bridge, account_id, ids, list->n);
    for (size_t i = 0; i < list->n; i++)
        if (store_person_by_id(cx, bridge->store, ids[i], &known) == ERR_NOT_FOUND)
            TRY(store_person_save(
                cx, bridge->store, &(struct person){.open_id = ids[i]}));
    return ERR_OK;
}

static enum err save_list(struct ctx *cx, struct bridge *bridge,
    const struct calendar *calendar, const share_list *list)
{
    struct store_tx *tx;
    TRY(know_people(cx, bridge, calendar->account_id, list));
    TRY(store_begin(cx, bridge->store, &tx));
    enum err err = store_shares_save(
        cx, tx, calendar, list->items, list->n, ctx_now_s(cx));
    return store_end(cx, tx, err);
}

static bool has_list(const struct calendar *calendar)
{
    bool type = str_eq(calendar->type, "primary") || str_eq(calendar->type, "shared");
    return type && role_of(calendar->role) == BE_OWNER && !calendar->third_party;
}

enum err pull_shares(struct ctx *cx, struct bridge *bridge, const struct account *account,
    const struct calendar *calendar, int64_t max_age_s)
{
    share_list list = {0};
    struct held held;
    if (!has_list(calendar) || ctx_monotonic_ms(cx) < bridge->shares_wait_ms ||
        calendar->shares_read_s + max_age_s > ctx_now_s(cx))
        return ERR_OK;
    /* A client's change holds the same lock, so that it is not undone by what was read
     * before it. */
    TRY(held_take(cx, bridge->locks, LOCK_HOME, account->id, &held));
    enum err err = read_list(
        cx, bridge, account->id, calendar->upstream_id, FEISHU_READ, &list);
    if (!err)
        err = save_list(cx, bridge, calendar, &list);
    held_release(&held);
    if (!err || err == ERR_STORE)
        return err;
    bridge->shares_wait_ms =
        ctx_monotonic_ms(cx) + (err_is_transient(err) ? FAILED_MS : REFUSED_MS);
    log_line(cx, LOG_INFO, LOG_FEISHU, "no access list is read for a while: %s",
        ctx_error(cx));
    return ERR_OK;
}

enum err be_shares(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar, struct be_share **list, size_t *n)
{
    struct share *found = NULL;
    size_t n_found = 0, count = 0;
    if (calendar->role == BE_OWNER)
        TRY(store_shares(cx, bridge->store, calendar->id, &found, &n_found));
    struct be_share *out = ARENA_ARRAY(cx->arena, struct be_share, n_found + 1);
    for (size_t i = 0; i < n_found; i++)
        if (!str_eq(found[i].open_id, user->segment))
            out[count++] = (struct be_share){
                .segment = found[i].open_id, .role = role_of(found[i].role)};
    *list = out;
    *n = count;
    return ERR_OK;
}

/* ---- changing ---- */

struct change {
    struct bridge *bridge;
    const struct be_user *user;
    struct calendar calendar;
    share_list list; /* upstream's */
};

static const struct share *entry_of(const share_list *list, const char *open_id)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->items[i].open_id, open_id))
            return &list->items[i];
    return NULL;
}

static enum err remove_entry(
    struct ctx *cx, struct change *change, const struct share *entry)
{
    struct feishu_call call = {.endpoint = FEISHU_ACL_DELETE,
        .args = {change->calendar.upstream_id, entry->acl_id},
        .priority = FEISHU_WRITE};
    enum err err = bridge_request(
        cx, change->bridge, change->user->id, &call, NULL, NULL);
    return err == ERR_UPSTREAM_GONE ? ERR_OK : err;
}

static enum err create_entry(
    struct ctx *cx, struct change *change, const char *open_id, const char *role)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    cJSON *body = json_object(cx->arena);
    cJSON_AddStringToObject(body, "role", role);
    cJSON *scope = cJSON_AddObjectToObject(body, "scope");
    cJSON_AddStringToObject(scope, "type", "user");
    cJSON_AddStringToObject(scope, "user_id", open_id);
    struct feishu_call call = {.endpoint = FEISHU_ACL_CREATE,
        .args = {change->calendar.upstream_id}, .query = query, .body = body,
        .priority = FEISHU_WRITE};
    enum err err = bridge_request(
        cx, change->bridge, change->user->id, &call, NULL, NULL);
    if (err != ERR_UPSTREAM_UNKNOWN)
        return err;
    /* It may have happened: the list tells. */
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    share_list list = {0};
    if (read_list(cx, change->bridge, change->user->id, change->calendar.upstream_id,
            FEISHU_WRITE, &list) == ERR_OK) {
        const struct share *entry = entry_of(&list, open_id);
        if (entry && str_eq(entry->role, role))
            return ERR_OK;
    }
    return fail(cx, err, "%s", text);
}

/* Who loses the old entry and does not get the new one gets the old one back. */
static enum err set_entry(
    struct ctx *cx, struct change *change, const struct be_share *wanted)
{
    const struct share *entry = entry_of(&change->list, wanted->segment);
    const char *role = words[wanted->role];
    if (entry && !wanted->remove && str_eq(entry->role, role))
        return ERR_OK;
    if (entry)
        TRY(remove_entry(cx, change, entry));
    if (wanted->remove)
        return ERR_OK;
    enum err err = create_entry(cx, change, wanted->segment, role);
    if (err && entry) {
        char *text = arena_strdup(cx->arena, ctx_error(cx));
        create_entry(cx, change, entry->open_id, entry->role);
        return fail(cx, err, "%s", text);
    }
    return err;
}

static bool is_named(const struct be_share *list, size_t n, const char *open_id)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].segment, open_id))
            return true;
    return false;
}

static enum err set_all(struct ctx *cx, struct change *change,
    const struct be_share *list, size_t n, bool replace)
{
    for (size_t i = 0; i < n; i++)
        TRY(set_entry(cx, change, &list[i]));
    for (size_t i = 0; replace && i < change->list.n; i++) {
        const struct share *entry = &change->list.items[i];
        if (!str_eq(entry->open_id, change->user->segment) &&
            !is_named(list, n, entry->open_id))
            TRY(remove_entry(cx, change, entry));
    }
    return ERR_OK;
}

/* However it ended, the store gets what Feishu has then. */
static enum err set_locked(struct ctx *cx, struct change *change,
    const struct be_share *list, size_t n, bool replace)
{
    struct bridge *bridge = change->bridge;
    const char *id = change->calendar.upstream_id;
    share_list now = {0};
    TRY(read_list(cx, bridge, change->user->id, id, FEISHU_WRITE, &change->list));
    enum err err = set_all(cx, change, list, n, replace);
    char *text = err ? arena_strdup(cx->arena, ctx_error(cx)) : NULL;
    enum err read = read_list(cx, bridge, change->user->id, id, FEISHU_WRITE, &now);
    if (!read)
        read = save_list(cx, bridge, &change->calendar, &now);
    if (err)
        return fail(cx, err, "%s", text);
    /* What is done is done; the next pull reads the list. */
    return read == ERR_STORE ? read : ERR_OK;
}

enum err be_shares_set(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar, const struct be_share *list, size_t n,
    bool replace)
{
    struct change change = {.bridge = bridge, .user = user};
    struct held held;
    TRY(bridge_need_feishu(cx, bridge));
    TRY(store_calendar(cx, bridge->store, calendar->id, &change.calendar));
    if (!has_list(&change.calendar))
        return fail(cx, ERR_NEED_PRIVILEGES, "only its owner shares a calendar");
    if (user->needs_sign_in)
        return fail(
            cx, ERR_UPSTREAM_SIGN_IN, "%s must sign in to Feishu again", user->name);
    for (size_t i = 0; i < n; i++)
        if (!str_starts(list[i].segment, "ou_") || str_eq(list[i].segment, user->segment))
            return fail(cx, ERR_ALLOWED_PRINCIPAL,
                "a calendar is shared with other people, not with rooms or oneself");
    if (!cx->deadline_ms)
        cx->deadline_ms = ctx_monotonic_ms(cx) + WRITE_LIMIT_MS;
    TRY(held_take(cx, bridge->locks, LOCK_HOME, user->id, &held));
    enum err err = set_locked(cx, &change, list, n, replace);
    held_release(&held);
    return err;
}
