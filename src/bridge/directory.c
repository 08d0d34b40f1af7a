/* Who is behind an address or an id (feishu-api 9). Answers are kept in the store; a
 * person that is not found, or a look-up that Feishu refuses, costs nothing but the
 * address. */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "ical/lines.h"

#include <string.h>

#define BATCH 50
#define KNOWN_S (7 * 86400)
#define UNKNOWN_S 3600
#define REFUSED_MS 600000
#define ADDRESS_MAX_BYTES 254

static bool is_fresh(struct ctx *cx, const struct person *person)
{
    bool known = !str_empty(person->open_id) && !str_empty(person->address);
    return person->fetched_s + (known ? KNOWN_S : UNKNOWN_S) > ctx_now_s(cx);
}

static bool refused(struct ctx *cx, const struct bridge *bridge)
{
    return !bridge->feishu || ctx_monotonic_ms(cx) < bridge->directory_wait_ms;
}

static void refuse(struct ctx *cx, struct bridge *bridge, enum err err)
{
    bridge->directory_wait_ms =
        ctx_monotonic_ms(cx) + (err_is_transient(err) ? REFUSED_MS / 20 : REFUSED_MS);
    bridge->directory_err = err;
    log_line(
        cx, LOG_INFO, LOG_FEISHU, "no directory look-up for a while: %s", ctx_error(cx));
}

static const cJSON *find_user(const cJSON *items, const char *open_id)
{
    const cJSON *item;
    cJSON_ArrayForEach(
        item, items) if (str_eq(json_text(item, "open_id"), open_id)) return item;
    return NULL;
}

static void save_user(
    struct ctx *cx, struct bridge *bridge, const char *open_id, const cJSON *user)
{
    const char *email = json_text(user, "email");
    struct person old,
        person = {
            .open_id = open_id,
            .address = str_lower(
                cx->arena, *email ? email : json_text(user, "enterprise_email")),
            .name = json_text(user, "name"),
            .fetched_s = ctx_now_s(cx),
            .words = arena_printf(cx->arena, "%s %s", json_text(user, "en_name"),
                json_text(user, "nickname")),
        };
    /* What was known before is better than nothing: the data range of the app may have
     * shrunk. */
    if (!*person.address && !store_person_by_id(cx, bridge->store, open_id, &old) &&
        !str_empty(old.address)) {
        person.address = old.address;
        person.name = old.name;
    }
    store_person_save(cx, bridge->store, &person);
}

/* All people of one answer go to disk at once; what cannot be stored is asked again. */
static struct store_tx *begin_batch(struct ctx *cx, struct bridge *bridge)
{
    struct store_tx *tx = NULL;
    return store_begin(cx, bridge->store, &tx) ? NULL : tx;
}

static void end_batch(struct ctx *cx, struct store_tx *tx)
{
    if (tx)
        store_end(cx, tx, ERR_OK);
}

static enum err fetch_users(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *const *ids, size_t n)
{
    const char *query[2 * BATCH + 3];
    cJSON *data = NULL;
    size_t at = 0;
    query[at++] = "user_id_type";
    query[at++] = "open_id";
    for (size_t i = 0; i < n; i++) {
        query[at++] = "user_ids";
        query[at++] = ids[i];
    }
    query[at] = NULL;
    struct feishu_call call = {
        .endpoint = FEISHU_USER_BATCH,
        .query = query,
        .priority = FEISHU_READ,
    };
    TRY(bridge_request(cx, bridge, account_id, &call, NULL, &data));
    struct store_tx *tx = begin_batch(cx, bridge);
    for (size_t i = 0; i < n; i++)
        save_user(cx, bridge, ids[i], find_user(json_array(data, "items"), ids[i]));
    end_batch(cx, tx);
    return ERR_OK;
}

void directory_want_ids(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *const *open_ids, size_t n)
{
    struct person person;
    const char *batch[BATCH];
    size_t filled = 0;
    cx->payer = account_id;
    for (size_t i = 0; i <= n; i++) {
        if (i < n &&
            (store_person_by_id(cx, bridge->store, open_ids[i], &person) ||
                !is_fresh(cx, &person)))
            batch[filled++] = open_ids[i];
        if (!filled || (i < n && filled < BATCH))
            continue;
        if (refused(cx, bridge))
            return;
        enum err err = fetch_users(cx, bridge, account_id, batch, filled);
        if (err &&
            !err_is_transient(err)) /* the app itself may see more than the person */
            err = fetch_users(cx, bridge, 0, batch, filled);
        if (err)
            refuse(cx, bridge, err);
        filled = 0;
    }
}

static enum err fetch_addresses(
    struct ctx *cx, struct bridge *bridge, const char *const *addresses, size_t n)
{
    cJSON *body = json_object(cx->arena), *data = NULL;
    cJSON *emails = cJSON_AddArrayToObject(body, "emails");
    const char *query[] = {"user_id_type", "open_id", NULL};
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(emails, cJSON_CreateString(addresses[i]));
    struct feishu_call call = {
        .endpoint = FEISHU_USER_BATCH_GET_ID,
        .query = query,
        .body = body,
        .priority = FEISHU_READ,
    };
    TRY(bridge_request(cx, bridge, 0, &call, NULL, &data));
    struct store_tx *tx;
    TRY(store_begin(cx, bridge->store, &tx));
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && !err; i++) {
        const cJSON *item;
        struct person person = {.open_id = "",
            .address = addresses[i],
            .name = "",
            .fetched_s = ctx_now_s(cx)};
        cJSON_ArrayForEach(
            item, json_array(data, "user_list")) if (str_ieq(json_text(item, "email"),
                                                         addresses[i])) person.open_id =
            json_text(item, "user_id");
        err = store_person_save(cx, bridge->store, &person);
    }
    return store_end(cx, tx, err);
}

/* "mailto:A@b" -> "a@b"; NULL when it is no address. */
static const char *plain_address(struct ctx *cx, const char *address)
{
    if (str_istarts(address, "mailto:"))
        address += 7;
    size_t len = strlen(address);
    if (len > ADDRESS_MAX_BYTES || !strchr(address, '@'))
        return NULL;
    return str_lower(cx->arena, address);
}

enum err directory_want_addresses(struct ctx *cx, struct bridge *bridge,
    int64_t account_id, const char *const *addresses, size_t n)
{
    struct person person;
    const char *batch[BATCH];
    size_t filled = 0;
    enum err result = ERR_OK;
    cx->payer = account_id; /* the token is the app's alone */
    for (size_t i = 0; i <= n; i++) {
        const char *address = i < n ? plain_address(cx, addresses[i]) : NULL;
        if (address &&
            (store_person_by_address(cx, bridge->store, address, &person) ||
                !is_fresh(cx, &person)))
            batch[filled++] = address;
        if (!filled || (i < n && filled < BATCH))
            continue;
        if (refused(cx, bridge))
            return err_is_transient(bridge->directory_err) ? bridge->directory_err
                                                           : result;
        enum err err = fetch_addresses(cx, bridge, batch, filled);
        if (err && err != ERR_STORE)
            refuse(cx, bridge, err);
        if (err == ERR_STORE || err_is_transient(err))
            result = err;
        filled = 0;
    }
    return result;
}

static void add_people(struct ctx *cx, const struct comp *comp, text_list *addresses)
{
    for (size_t i = 0; comp && i < comp->items.n; i++) {
        const struct line *line = comp->items.items[i].line;
        if (line && (str_eq(line->name, "ATTENDEE") || str_eq(line->name, "ORGANIZER")))
            text_list_add_once(cx, addresses, line->value);
    }
}

void directory_want_people(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const struct comp *calendar)
{
    text_list addresses = {0};
    for (size_t i = 0; i < calendar->items.n; i++)
        add_people(cx, calendar->items.items[i].comp, &addresses);
    directory_want_addresses(cx, bridge, account_id, addresses.items, addresses.n);
}

enum err directory_note_names(
    struct ctx *cx, struct bridge *bridge, const cJSON *attendees)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, attendees)
    {
        bool room = str_eq(json_text(item, "type"), "resource");
        struct person known, one = {
            .open_id = json_text(item, room ? "room_id" : "user_id"),
            .name = json_text(item, "display_name"),
            .kind = room ? PERSON_ROOM : PERSON_USER,
        };
        if (!*one.name || !str_starts(one.open_id, room ? "omm_" : "ou_") ||
            store_person_by_id(cx, bridge->store, one.open_id, &known) == ERR_OK)
            continue;
        TRY(store_person_save(cx, bridge->store, &one));
    }
    return ERR_OK;
}

const char *directory_person(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *address)
{
    for (size_t i = 0; user->addresses[i]; i++)
        if (str_ieq(user->addresses[i], address))
            return user->segment;
    const char *plain = str_istarts(address, "mailto:") ? address + 7 : address;
    const char *at = strchr(plain, '@');
    /* What stands for people and rooms whose address is not known. */
    if (at && str_ends(plain, ".invalid") &&
        (str_starts(plain, "ou_") || str_starts(plain, "omm_")))
        return arena_strndup(cx->arena, plain, (size_t)(at - plain));
    return directory_id_of(bridge, cx, address);
}

enum err be_person_by_address(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *address, struct be_user *found)
{
    if (be_user_by_address(cx, bridge, address, found) == ERR_OK)
        return ERR_OK;
    enum err err = directory_want_addresses(cx, bridge, user->id, &address, 1);
    const char *id = directory_person(cx, bridge, user, address);
    if (id)
        return be_user_by_segment(cx, bridge, id, found);
    if (err)
        return fail(cx, err, "%s cannot be looked up now", address);
    return fail(cx, ERR_NOT_FOUND, "nobody is known by %s", address);
}

const char *directory_address_of(void *self, struct ctx *cx, const char *open_id)
{
    struct bridge *bridge = self;
    struct person person;
    if (str_empty(open_id) || store_person_by_id(cx, bridge->store, open_id, &person) ||
        str_empty(person.address))
        return NULL;
    return person.address;
}

const char *directory_id_of(void *self, struct ctx *cx, const char *address)
{
    struct bridge *bridge = self;
    struct person person;
    const char *plain = plain_address(cx, address);
    if (!plain || store_person_by_address(cx, bridge->store, plain, &person) ||
        str_empty(person.open_id))
        return NULL;
    return person.open_id;
}
