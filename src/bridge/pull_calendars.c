/* The list of calendars (feishu-api 3.3): full or what changed since, each calendar one
 * row. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 60
#define LIST_MAX 1100 /* an identity may subscribe to 1000 */

struct listing {
    struct bridge *bridge;
    struct account *account;
    struct bridge_pull_result *result;
    const char *primary_id;
    LIST(const cJSON *) items;
    const char *sync_token;
    bool full;
};

/* ---- segment names ---- */

/* "feishu.cn_kTIz...@group.calendar.feishu.cn" -> "kTIz...": letters, digits and dashes.
 */
static char *unique_part(struct ctx *cx, const char *upstream_id)
{
    const char *bar = strchr(upstream_id, '_');
    const char *from = bar ? bar + 1 : upstream_id;
    size_t len = strcspn(from, "@");
    struct buf name = buf_new(cx->arena);
    for (size_t i = 0; i < len && name.len_bytes < NAME_MAX_BYTES; i++)
        if (isalnum((unsigned char)from[i]) || from[i] == '-' || from[i] == '_')
            buf_addc(&name, from[i]);
    if (!name.len_bytes)
        buf_adds(&name, "calendar");
    return name.data;
}

/* Never one that the scheduling collections or another calendar have. */
static enum err choose_segment(
    struct ctx *cx, struct listing *listing, const char *upstream_id, const char **name)
{
    char *base = unique_part(cx, upstream_id), *candidate = base;
    struct calendar other;
    for (int i = 2; i < LIST_MAX; i++) {
        enum err err = store_calendar_by_name(
            cx, listing->bridge->store, listing->account->id, candidate, &other);
        if (err == ERR_NOT_FOUND) {
            *name = candidate;
            return ERR_OK;
        }
        TRY(err);
        candidate = arena_printf(cx->arena, "%s-%d", base, i);
    }
    return fail(cx, ERR_INTERNAL, "no name is left for calendar %s", upstream_id);
}

/* A client may have chosen the name before a crash. */
static enum err name_one(
    struct ctx *cx, struct listing *listing, const cJSON *item, const char **name)
{
    struct bridge *bridge = listing->bridge;
    struct journal entry;
    struct calendar other;
    TRY(calendar_awaited(cx, bridge, listing->account->id, item, &entry));
    if (entry.id &&
        store_calendar_by_name(cx, bridge->store, listing->account->id, entry.name,
            &other) == ERR_NOT_FOUND) {
        *name = entry.name;
        return store_journal_remove(cx, bridge->store, entry.id);
    }
    return choose_segment(cx, listing, json_text(item, "calendar_id"), name);
}

/* ---- one calendar ---- */

/* Feishu gives no events of these types to apps (191004). */
static bool is_hidden_type(const char *type)
{
    return strcasecmp(type, "google") == 0 || strcasecmp(type, "exchange") == 0;
}

static const char *lower_text(struct ctx *cx, const cJSON *item, const char *name)
{
    return str_lower(cx->arena, json_text(item, name));
}

/* A colleague's primary calendar is of type primary too; here only the own one is. */
static const char *type_of(
    struct ctx *cx, const struct listing *listing, const cJSON *item)
{
    const char *type = lower_text(cx, item, "type");
    if (!str_eq(type, "primary"))
        return type;
    const char *id = json_text(item, "calendar_id");
    bool own = listing->primary_id ? str_eq(id, listing->primary_id)
                                   : role_of(json_text(item, "role")) == BE_OWNER;
    return own ? "primary" : "shared";
}

static enum err save_one(
    struct ctx *cx, struct listing *listing, struct store_tx *tx, const cJSON *item)
{
    struct calendar one = {0};
    const char *id = json_text(item, "calendar_id");
    enum err err = store_calendar_by_upstream(
        cx, listing->bridge->store, listing->account->id, id, &one);
    if (err && err != ERR_NOT_FOUND)
        return err;
    bool known = !err;
    if (!known) {
        one = (struct calendar){.account_id = listing->account->id, .upstream_id = id};
        TRY(name_one(cx, listing, item, &one.name));
    }
    const char *role = lower_text(cx, item, "role");
    bool role_changed = known && !str_eq(one.role, role);
    int64_t color = json_int(item, "color", -1);
    if (color != one.color)
        one.color_text = NULL;
    one.color = color;
    one.summary = json_text(item, "summary");
    one.alias = json_text(item, "summary_alias");
    one.description = json_text(item, "description");
    one.permissions = lower_text(cx, item, "permissions");
    one.third_party = json_bool(item, "is_third_party", false);
    one.type = type_of(cx, listing, item);
    one.role = role;
    TRY(store_calendar_save(cx, tx, &one));
    if (!known)
        listing->result->calendars++;
    if (role_changed) { /* what a token means after a change of rights is not known
                           (16.11) */
        one.sync_token = NULL;
        one.full_s = 0;
        TRY(store_calendar_set_pull(cx, tx, &one));
    }
    return ERR_OK;
}

static bool is_kept(const cJSON *item)
{
    return *json_text(item, "calendar_id") && !json_bool(item, "is_deleted", false) &&
        !is_hidden_type(json_text(item, "type"));
}

static const cJSON *item_of(const struct listing *listing, const char *upstream_id)
{
    for (size_t i = 0; i < listing->items.n; i++)
        if (str_eq(json_text(listing->items.items[i], "calendar_id"), upstream_id))
            return listing->items.items[i];
    return NULL;
}

/* ---- reading ---- */

static enum err read_list(struct ctx *cx, struct listing *listing, const char *sync_token)
{
    struct token_source source = {
        .bridge = listing->bridge, .account_id = listing->account->id};
    struct feishu_user user = {.token = token_get, .self = &source};
    const char *query[] = {
        "page_size", "500", sync_token ? "sync_token" : NULL, sync_token, NULL};
    struct feishu_call call = {
        .endpoint = FEISHU_CALENDAR_LIST,
        .user = &user,
        .query = query,
        .priority = FEISHU_READ,
    };
    struct feishu_pages pages;
    const cJSON *page, *item;
    listing->full = !sync_token;
    listing->items.n = 0;
    feishu_pages_start(&pages, listing->bridge->feishu, &call, "calendar_list");
    cx->payer = listing->account->id;
    for (;;) {
        enum err err = feishu_pages_next(cx, &pages, &page);
        bridge_count(listing->bridge, err);
        TRY(err);
        if (!page)
            break;
        cJSON_ArrayForEach(item, page) LIST_ADD(cx->arena, &listing->items, item);
        if (listing->items.n > LIST_MAX * 10)
            return fail(cx, ERR_UPSTREAM_DOWN, "Feishu's list of calendars does not end");
    }
    listing->sync_token = arena_strdup(cx->arena, pages.sync_token);
    return ERR_OK;
}

static enum err find_primary(struct ctx *cx, struct listing *listing)
{
    struct bridge *bridge = listing->bridge;
    char *name = arena_printf(cx->arena, "primary.%s", listing->account->open_id);
    char *known = NULL;
    cJSON *data = NULL;
    TRY(store_setting(cx, bridge->store, name, &known));
    if (!known) {
        struct feishu_call call = {
            .endpoint = FEISHU_CALENDAR_PRIMARY, .priority = FEISHU_READ};
        enum err err =
            bridge_request(cx, bridge, listing->account->id, &call, NULL, &data);
        if (err && (err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN))
            return err;
        const cJSON *first = json_array(data, "calendars");
        first = first ? first->child : NULL;
        const char *id =
            json_text(cJSON_GetObjectItemCaseSensitive(first, "calendar"), "calendar_id");
        if (!*id) /* the scope is missing: the list tells it well enough */
            return ERR_OK;
        known = arena_strdup(cx->arena, id);
        TRY(store_setting_set(cx, bridge->store, name, known));
    }
    listing->primary_id = known;
    return ERR_OK;
}

/* ---- what left the list ---- */

static bool left(const struct listing *listing, const struct calendar *calendar)
{
    const cJSON *item = item_of(listing, calendar->upstream_id);
    return item ? !is_kept(item) : listing->full;
}

static size_t count_left(
    const struct listing *listing, const struct calendar *list, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += left(listing, &list[i]);
    return count;
}

/* A list that lost most of its calendars, or the primary one, is read once more, in full.
 */
static enum err second_look(
    struct ctx *cx, struct listing *listing, const struct calendar *list, size_t n)
{
    size_t gone = count_left(listing, list, n);
    bool primary_gone = false;
    for (size_t i = 0; i < n; i++)
        primary_gone |= str_eq(list[i].type, "primary") && left(listing, &list[i]);
    if (!gone || (gone * 2 < n && !primary_gone))
        return ERR_OK;
    TRY(read_list(cx, listing, NULL));
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].type, "primary") && left(listing, &list[i]))
            return fail(cx, ERR_UPSTREAM_DOWN,
                "Feishu lists calendars without the primary one: not believed");
    return ERR_OK;
}

/* With this role all details of the events go: the calendar itself must say it, too. */
static enum err confirm_role(
    struct ctx *cx, struct listing *listing, const struct calendar *calendar)
{
    struct feishu_call call = {
        .endpoint = FEISHU_CALENDAR_GET,
        .args = {calendar->upstream_id},
        .priority = FEISHU_READ,
    };
    cJSON *data = NULL;
    enum err err = bridge_request(
        cx, listing->bridge, listing->account->id, &call, NULL, &data);
    if (err == ERR_UPSTREAM_GONE || err == ERR_UPSTREAM_RIGHTS)
        return ERR_OK; /* not even that */
    TRY(err);
    if (role_of(json_text(data, "role")) == BE_FREEBUSY)
        return ERR_OK;
    return fail(cx, ERR_UPSTREAM_DOWN,
        "Feishu's list takes the details of calendar %lld away, the calendar does not: "
        "not believed",
        (long long)calendar->id);
}

static enum err confirm_roles(
    struct ctx *cx, struct listing *listing, const struct calendar *known, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const cJSON *item = item_of(listing, known[i].upstream_id);
        if (item && is_kept(item) && role_of(known[i].role) > BE_FREEBUSY &&
            role_of(json_text(item, "role")) == BE_FREEBUSY)
            TRY(confirm_role(cx, listing, &known[i]));
    }
    return ERR_OK;
}

static enum err apply(struct ctx *cx, struct listing *listing, struct store_tx *tx,
    const struct calendar *known, size_t n_known)
{
    for (size_t i = 0; i < n_known; i++)
        if (left(listing, &known[i])) {
            TRY(store_calendar_remove(cx, tx, known[i].id));
            listing->result->calendars++;
        }
    for (size_t i = 0; i < listing->items.n; i++)
        if (is_kept(listing->items.items[i]))
            TRY(save_one(cx, listing, tx, listing->items.items[i]));
    return ERR_OK;
}

/* Colleagues' primary calendars, of which the owner can be found out. */
static enum err find_owners(struct ctx *cx, const struct listing *listing)
{
    LIST(const char *) primaries = {0};
    for (size_t i = 0; i < listing->items.n; i++) {
        const cJSON *item = listing->items.items[i];
        if (is_kept(item) && strcasecmp(json_text(item, "type"), "primary") == 0 &&
            !str_eq(type_of(cx, listing, item), "primary"))
            LIST_ADD(cx->arena, &primaries, json_text(item, "calendar_id"));
    }
    return pull_owners(
        cx, listing->bridge, listing->account, primaries.items, primaries.n);
}

static enum err apply_locked(struct ctx *cx, struct listing *listing)
{
    struct store *store = listing->bridge->store;
    struct calendar *known;
    size_t n_known;
    struct store_tx *tx;
    TRY(store_calendars(cx, store, listing->account->id, &known, &n_known));
    TRY(second_look(cx, listing, known, n_known));
    TRY(confirm_roles(cx, listing, known, n_known));
    TRY(store_begin(cx, store, &tx));
    TRY(store_end(cx, tx, apply(cx, listing, tx, known, n_known)));
    return store_account_set_list_token(
        cx, store, listing->account->id, listing->sync_token);
}

enum err pull_calendars(struct ctx *cx, struct bridge *bridge, struct account *account,
    struct bridge_pull_result *result)
{
    struct listing listing = {.bridge = bridge, .account = account, .result = result};
    struct held held;
    const char *token =
        str_empty(account->calendars_sync_token) ? NULL : account->calendars_sync_token;
    TRY(bridge_need_feishu(cx, bridge));
    TRY(find_primary(cx, &listing));
    /* Creating a calendar holds the same lock, so that its own name is there before the
     * list's. */
    TRY(held_take(cx, bridge->locks, LOCK_HOME, account->id, &held));
    enum err err = read_list(cx, &listing, token);
    if (err == ERR_UPSTREAM_SYNC_TOKEN)
        err = read_list(cx, &listing, NULL);
    if (!err)
        err = apply_locked(cx, &listing);
    held_release(&held);
    TRY(err);
    TRY(find_owners(cx, &listing));
    if (listing.primary_id)
        allday_probe(cx, bridge, account->id, listing.primary_id);
    return ERR_OK;
}

/* 191000 and its like on one calendar: only if the calendar itself says the same is it
 * dropped. */
enum err pull_drop_calendar(struct ctx *cx, struct bridge *bridge,
    const struct account *account, const struct calendar *calendar, bool *dropped)
{
    struct feishu_call call = {
        .endpoint = FEISHU_CALENDAR_GET,
        .args = {calendar->upstream_id},
        .priority = FEISHU_READ,
    };
    cJSON *data = NULL;
    struct store_tx *tx;
    int code = 0;
    enum err err = bridge_request(cx, bridge, account->id, &call, &code, &data);
    bool gone = err == ERR_UPSTREAM_GONE || err == ERR_UPSTREAM_RIGHTS ||
        code == 191001 || (!err && json_bool(data, "is_deleted", false));
    *dropped = false;
    if (!gone)
        return err;
    if (str_eq(calendar->type, "primary"))
        return fail(
            cx, ERR_UPSTREAM_DOWN, "Feishu denies the primary calendar: not believed");
    TRY(store_begin(cx, bridge->store, &tx));
    err = store_calendar_remove(cx, tx, calendar->id);
    TRY(store_end(cx, tx, err));
    *dropped = true;
    return ERR_OK;
}
