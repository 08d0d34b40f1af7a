/* Calendars made, changed and removed by clients (feishu-api 3.2). */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "bridge/spent.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX_CHARS 255
#define WRITE_LIMIT_MS 28000
#define ALREADY_UNSUBSCRIBED 191007
#define WRONG_TYPE 191004
/* In which a list may not show yet what was made. */
#define LIST_LAG_MS fault_wait_ms(10000)

/* At most 255 characters, cut between two of them. */
static char *limited(struct ctx *cx, const char *text)
{
    size_t chars = 0, at = 0;
    for (; text[at]; at++)
        if (((unsigned char)text[at] & 0xc0) != 0x80 && ++chars > TEXT_MAX_CHARS)
            break;
    return arena_strndup(cx->arena, text, at);
}

/* "#RRGGBB" or "#RRGGBBAA" -> ARGB in a signed number; alpha is for the client alone. */
static bool color_read(const char *text, int64_t *argb)
{
    size_t len = strlen(text);
    if (text[0] != '#' || (len != 7 && len != 9) ||
        strspn(text + 1, "0123456789abcdefABCDEF") != len - 1)
        return false;
    char rgb[7];
    memcpy(rgb, text + 1, 6);
    rgb[6] = 0;
    *argb = (int32_t)(0xff000000u | (uint32_t)strtoul(rgb, NULL, 16));
    return true;
}

static enum err prepare(struct ctx *cx, struct bridge *bridge, const struct be_user *user)
{
    TRY(bridge_need_feishu(cx, bridge));
    if (user->needs_sign_in)
        return fail(
            cx, ERR_UPSTREAM_SIGN_IN, "%s must sign in to Feishu again", user->name);
    if (!cx->deadline_ms)
        cx->deadline_ms = ctx_monotonic_ms(cx) + WRITE_LIMIT_MS;
    return ERR_OK;
}

static enum err save(struct ctx *cx, struct bridge *bridge, struct calendar *one)
{
    struct store_tx *tx;
    TRY(store_begin(cx, bridge->store, &tx));
    return store_end(cx, tx, store_calendar_save(cx, tx, one));
}

/* What upstream answers about the calendar; members that are missing stay as they are. */
static void take_reply(struct ctx *cx, const cJSON *reply, struct calendar *one)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        {"summary", &one->summary},
        {"summary_alias", &one->alias},
        {"description", &one->description},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (cJSON_GetObjectItemCaseSensitive(reply, texts[i].name))
            *texts[i].to = json_text(reply, texts[i].name);
    if (*json_text(reply, "permissions"))
        one->permissions = str_lower(cx->arena, json_text(reply, "permissions"));
    one->color = json_int(reply, "color", one->color);
}

/* ---- create ---- */

static cJSON *create_body(
    struct ctx *cx, const char *name, const struct be_calendar_set *set)
{
    cJSON *body = json_object(cx->arena);
    int64_t argb;
    const char *summary = str_empty(set->display_name) ? name : set->display_name;
    cJSON_AddStringToObject(body, "summary", limited(cx, summary));
    if (!str_empty(set->description))
        cJSON_AddStringToObject(body, "description", limited(cx, set->description));
    if (set->color && color_read(set->color, &argb))
        cJSON_AddNumberToObject(body, "color", (double)argb);
    return body;
}

/* After a create without an answer: the calendar of that title that the store does not
 * know. */
static enum err find_created(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *summary, const cJSON **found)
{
    const char *query[] = {"page_size", "1000", NULL};
    struct feishu_call call = {
        .endpoint = FEISHU_CALENDAR_LIST, .query = query, .priority = FEISHU_WRITE};
    struct calendar known;
    cJSON *data = NULL;
    const cJSON *item;
    TRY(bridge_request(cx, bridge, account_id, &call, NULL, &data));
    cJSON_ArrayForEach(
        item, json_array(data, "calendar_list")) if (str_eq(json_text(item, "summary"),
                                                         summary) &&
        !json_bool(item, "is_deleted", false) &&
        store_calendar_by_upstream(cx, bridge->store, account_id,
            json_text(item, "calendar_id"), &known) == ERR_NOT_FOUND) *found = item;
    return ERR_OK;
}

static enum err create_upstream(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const cJSON *body, const cJSON **reply)
{
    struct feishu_call call = {
        .endpoint = FEISHU_CALENDAR_CREATE, .body = body, .priority = FEISHU_WRITE};
    cJSON *data = NULL;
    enum err err = bridge_request(cx, bridge, account_id, &call, NULL, &data);
    if (!err) {
        *reply = cJSON_GetObjectItemCaseSensitive(data, "calendar");
        return *json_text(*reply, "calendar_id")
            ? ERR_OK
            : fail(cx, ERR_UPSTREAM_UNKNOWN, "Feishu created a calendar without an id");
    }
    if (err != ERR_UPSTREAM_UNKNOWN)
        return err;
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    const cJSON *found = NULL;
    if (find_created(cx, bridge, account_id, json_text(body, "summary"), &found) ||
        !found)
        return fail(cx, err, "%s", text);
    *reply = found;
    return ERR_OK;
}

/* A create has no idempotency key (feishu-api 3.2): what was asked for is on disk before,
 * so that after a crash the calendar is found again by its title. */
static enum err await_calendar(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *name, const char *summary, struct journal *entry)
{
    cJSON *plan = json_object(cx->arena);
    cJSON_AddStringToObject(plan, "calendar", summary);
    *entry = (struct journal){
        .account_id = account_id,
        .key = crypto_uuid(cx),
        .name = name,
        .plan = json_print(cx->arena, plan),
        .created_s = ctx_now_s(cx),
    };
    return store_journal_save(cx, bridge->store, entry);
}

static enum err awaited_entry(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *name, const char *summary, struct journal *entry)
{
    struct journal *list;
    size_t n;
    TRY(store_journals(cx, bridge->store, &list, &n));
    for (size_t i = 0; i < n; i++) {
        if (list[i].calendar_id || list[i].account_id != account_id)
            continue;
        const char *title = json_text(json_parse(cx->arena, list[i].plan), "calendar");
        if (name ? str_eq(list[i].name, name) : str_eq(title, summary))
            *entry = list[i];
    }
    return ERR_OK;
}

enum err calendar_awaited(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const cJSON *item, struct journal *entry)
{
    *entry = (struct journal){0};
    if (role_of(json_text(item, "role")) != BE_OWNER)
        return ERR_OK;
    return awaited_entry(
        cx, bridge, account_id, NULL, json_text(item, "summary"), entry);
}

static enum err save_created(struct ctx *cx, struct bridge *bridge,
    const struct journal *entry, const cJSON *reply, const char *color)
{
    struct store_tx *tx;
    struct calendar one = {
        .account_id = entry->account_id,
        .name = entry->name,
        .upstream_id = json_text(reply, "calendar_id"),
        .summary = json_text(json_parse(cx->arena, entry->plan), "calendar"),
        .alias = "",
        .description = "",
        .color = -1,
        .type = "shared",
        .role = "owner",
        .permissions = "",
        .pull = PULL_DONE,
        .cost = 100,
        .last_error = "",
    };
    int64_t asked;
    take_reply(cx, reply, &one);
    if (color && color_read(color, &asked) && (one.color == asked || one.color == -1)) {
        one.color = asked;
        one.color_text = color;
    }
    TRY(store_begin(cx, bridge->store, &tx));
    enum err err = store_calendar_save(cx, tx, &one);
    if (!err) /* an empty calendar is complete before its first pull */
        err = store_calendar_set_pull(cx, tx, &one);
    if (!err)
        err = store_journal_remove(cx, bridge->store, entry->id);
    return store_end(cx, tx, err);
}

static enum err create_journalled(struct ctx *cx, struct bridge *bridge, const char *name,
    int64_t account_id, const struct be_calendar_set *set, const cJSON *body)
{
    struct journal entry = {0};
    const cJSON *reply = NULL;
    const char *summary = json_text(body, "summary");
    TRY(awaited_entry(cx, bridge, account_id, name, NULL, &entry));
    if (entry.id) /* the same create again, after one whose end nobody knows */
        TRY(find_created(cx, bridge, account_id,
            json_text(json_parse(cx->arena, entry.plan), "calendar"), &reply));
    else
        TRY(await_calendar(cx, bridge, account_id, name, summary, &entry));
    enum err err =
        reply ? ERR_OK : create_upstream(cx, bridge, account_id, body, &reply);
    if (err_is_transient(err))
        bridge->journal_left = true;
    else if (err) {
        char *text = arena_strdup(cx->arena, ctx_error(cx));
        store_journal_remove(cx, bridge->store, entry.id);
        return fail(cx, err, "%s", text);
    }
    TRY(err);
    return save_created(cx, bridge, &entry, reply, set->color);
}

static enum err create_locked(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *name, const struct be_calendar_set *set)
{
    struct calendar one;
    enum err err = store_calendar_by_name(cx, bridge->store, user->id, name, &one);
    if (!err)
        return fail(cx, ERR_RESOURCE_EXISTS, "there is already a calendar %s", name);
    if (err != ERR_NOT_FOUND)
        return err;
    return create_journalled(
        cx, bridge, name, user->id, set, create_body(cx, name, set));
}

static enum err finish_locked(
    struct ctx *cx, struct bridge *bridge, const struct journal *entry)
{
    const cJSON *found = NULL;
    struct calendar one;
    enum err err = store_calendar_by_name(
        cx, bridge->store, entry->account_id, entry->name, &one);
    if (err == ERR_NOT_FOUND) {
        TRY(find_created(cx, bridge, entry->account_id,
            json_text(json_parse(cx->arena, entry->plan), "calendar"), &found));
        if (found)
            return save_created(cx, bridge, entry, found, NULL);
        if (entry->created_s * 1000 + LIST_LAG_MS > ctx_now_ms(cx))
            return fail(cx, ERR_UPSTREAM_DOWN, "calendar %s may still be made",
                entry->name);
    } else if (err) {
        return err;
    }
    return store_journal_remove(cx, bridge->store, entry->id);
}

enum err calendar_finish(
    struct ctx *cx, struct bridge *bridge, const struct journal *entry)
{
    struct held held;
    struct journal now = {0};
    TRY(held_take(cx, bridge->locks, LOCK_HOME, entry->account_id, &held));
    enum err err = awaited_entry(cx, bridge, entry->account_id, entry->name, NULL, &now);
    if (!err && now.id == entry->id)
        err = finish_locked(cx, bridge, entry);
    held_release(&held);
    return err;
}

enum err be_calendar_create(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *name, const struct be_calendar_set *set)
{
    static const struct be_calendar_set nothing;
    struct held held;
    TRY(prepare(cx, bridge, user));
    TRY(held_take(cx, bridge->locks, LOCK_HOME, user->id, &held));
    enum err err = create_locked(cx, bridge, user, name, set ? set : &nothing);
    held_release(&held);
    if (!err)
        subscriptions_look(bridge);
    return err;
}

/* ---- update ---- */

/* An owner changes the calendar for all; anybody else a private alias, which would hide
 * what the owner calls it from then on. */
static void add_name(
    struct ctx *cx, const struct calendar *one, const char *name, cJSON *body)
{
    const char *text = limited(cx, name);
    const char *shown = str_empty(one->alias) ? one->summary : one->alias;
    if (str_eq(text, shown)) /* Apple's clients send all they know when they start */
        return;
    if (role_of(one->role) != BE_OWNER) {
        cJSON_AddStringToObject(body, "summary_alias", text);
        return;
    }
    if (*text)
        cJSON_AddStringToObject(body, "summary", text);
    if (!str_empty(one->alias)) /* it would go on hiding the new title */
        cJSON_AddStringToObject(body, "summary_alias", "");
}

/* Nothing where everything is as it was. */
static cJSON *update_body(
    struct ctx *cx, const struct calendar *one, const struct be_calendar_set *set)
{
    cJSON *body = json_object(cx->arena);
    int64_t argb;
    if (set->display_name)
        add_name(cx, one, set->display_name, body);
    const char *described = one->description ? one->description : "";
    if (set->description && !str_eq(limited(cx, set->description), described))
        cJSON_AddStringToObject(body, "description", limited(cx, set->description));
    if (set->color && color_read(set->color, &argb) && argb != one->color)
        cJSON_AddNumberToObject(body, "color", (double)argb);
    return body;
}

static enum err update_locked(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, int64_t calendar_id, const struct be_calendar_set *set)
{
    struct calendar one;
    cJSON *data = NULL;
    int64_t argb;
    TRY(store_calendar(cx, bridge->store, calendar_id, &one));
    if (set->description && role_of(one.role) != BE_OWNER)
        return fail(cx, ERR_NEED_PRIVILEGES, "only the owner changes the description");
    cJSON *body = update_body(cx, &one, set);
    if (body->child) {
        struct feishu_call call = {
            .endpoint = FEISHU_CALENDAR_PATCH,
            .args = {one.upstream_id},
            .body = body,
            .priority = FEISHU_WRITE,
        };
        TRY(bridge_request(cx, bridge, user->id, &call, NULL, &data));
        take_reply(cx, body, &one);
        take_reply(cx, cJSON_GetObjectItemCaseSensitive(data, "calendar"), &one);
    }
    if (set->color && color_read(set->color, &argb))
        one.color_text = argb == one.color ? set->color : NULL;
    return save(cx, bridge, &one);
}

enum err be_calendar_update(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar,
    const struct be_calendar_set *set)
{
    struct held held;
    TRY(prepare(cx, bridge, user));
    TRY(held_take(cx, bridge->locks, LOCK_HOME, user->id, &held));
    enum err err = update_locked(cx, bridge, user, calendar->id, set);
    held_release(&held);
    return err;
}

/* ---- delete ---- */

static enum err delete_upstream(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, const struct calendar *one)
{
    struct feishu_call call = {
        .endpoint = role_of(one->role) == BE_OWNER ? FEISHU_CALENDAR_DELETE
                                                   : FEISHU_CALENDAR_UNSUBSCRIBE,
        .args = {one->upstream_id},
        .priority = FEISHU_WRITE,
    };
    int code = 0;
    enum err err = bridge_request(cx, bridge, account_id, &call, &code, NULL);
    if (err && code == WRONG_TYPE && call.endpoint == FEISHU_CALENDAR_DELETE) {
        call.endpoint =
            FEISHU_CALENDAR_UNSUBSCRIBE; /* somebody else's primary calendar */
        err = bridge_request(cx, bridge, account_id, &call, &code, NULL);
    }
    if (err == ERR_UPSTREAM_UNKNOWN) /* a second delete tells how the first one ended */
        err = bridge_request(cx, bridge, account_id, &call, &code, NULL);
    return err == ERR_UPSTREAM_GONE || code == ALREADY_UNSUBSCRIBED ? ERR_OK : err;
}

static enum err delete_locked(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, int64_t calendar_id)
{
    struct calendar one;
    struct store_tx *tx;
    TRY(store_calendar(cx, bridge->store, calendar_id, &one));
    TRY(delete_upstream(cx, bridge, user->id, &one));
    TRY(store_begin(cx, bridge->store, &tx));
    enum err err = store_end(cx, tx, store_calendar_remove(cx, tx, calendar_id));
    /* A pull that ran beside it has found out that it is deleted. */
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err be_calendar_delete(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar)
{
    struct held held;
    if (calendar->primary)
        return fail(cx, ERR_DEFAULT_CALENDAR, "the primary calendar cannot be deleted");
    TRY(prepare(cx, bridge, user));
    TRY(held_take(cx, bridge->locks, LOCK_HOME, user->id, &held));
    enum err err = delete_locked(cx, bridge, user, calendar->id);
    held_release(&held);
    return err;
}
