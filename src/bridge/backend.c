/* What the DAV layer reads: the store's records in its words. Each is one or two prepared
 * statements. */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "bridge/people.h"

#include <string.h>

static enum err user_from(struct ctx *cx, struct bridge *bridge,
    const struct account *account, struct be_user *user)
{
    const char **addresses = ARENA_ARRAY(cx->arena, const char *, 4);
    size_t n = 0;
    (void)bridge;
    if (!str_empty(account->email))
        addresses[n++] = arena_printf(cx->arena, "mailto:%s", account->email);
    if (strchr(account->name, '@') && !str_ieq(account->name, account->email))
        addresses[n++] = arena_printf(cx->arena, "mailto:%s", account->name);
    /* Scheduling clients insist on a mailto: address; this one is nobody's mailbox. */
    if (!n)
        addresses[n++] =
            arena_printf(cx->arena, "mailto:%s@" PEOPLE_DOMAIN, account->open_id);
    *user = (struct be_user){
        .id = account->id,
        .name = account->name,
        .segment = account->open_id,
        .display_name =
            !str_empty(account->display_name) ? account->display_name : account->name,
        .addresses = addresses,
        .timezone = !str_empty(account->timezone) ? account->timezone : TIMEZONE_DEFAULT,
        .home_change = account->home_change,
        .needs_sign_in = account->state != ACCOUNT_OK,
        .account = account,
    };
    return ERR_OK;
}

enum err be_look_begin(struct ctx *cx, struct bridge *bridge)
{
    return store_snapshot_begin(cx, bridge->store);
}

void be_look_end(struct bridge *bridge)
{
    store_snapshot_end(bridge->store);
}

enum err be_user(struct ctx *cx, struct bridge *bridge, int64_t id, struct be_user *user)
{
    struct account *account = ARENA_NEW(cx->arena, struct account);
    TRY(store_account(cx, bridge->store, id, account));
    return user_from(cx, bridge, account, user);
}

static void user_from_person(
    struct ctx *cx, const struct person *person, struct be_user *user)
{
    const char **addresses = ARENA_ARRAY(cx->arena, const char *, 2);
    addresses[0] = str_empty(person->address)
        ? arena_printf(cx->arena, "mailto:%s@" PEOPLE_DOMAIN, person->open_id)
        : arena_printf(cx->arena, "mailto:%s", person->address);
    *user = (struct be_user){
        .kind = person->kind == PERSON_ROOM ? BE_ROOM : BE_INDIVIDUAL,
        .name = addresses[0] + strlen("mailto:"),
        .segment = person->open_id,
        .display_name = !str_empty(person->name) ? person->name
                                                 : addresses[0] + strlen("mailto:"),
        .addresses = addresses,
        .timezone = TIMEZONE_DEFAULT,
    };
}

enum err be_user_by_segment(
    struct ctx *cx, struct bridge *bridge, const char *segment, struct be_user *user)
{
    struct account *account = ARENA_NEW(cx->arena, struct account);
    struct person person;
    enum err err = store_account_by_open_id(cx, bridge->store, segment, account);
    if (!err)
        return user_from(cx, bridge, account, user);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(store_person_by_id(cx, bridge->store, segment, &person));
    user_from_person(cx, &person, user);
    return ERR_OK;
}

enum err be_user_by_address(
    struct ctx *cx, struct bridge *bridge, const char *address, struct be_user *user)
{
    struct account *list;
    size_t n;
    const char *mail = str_istarts(address, "mailto:") ? address + 7 : address;
    TRY(store_accounts(cx, bridge->store, &list, &n));
    for (size_t i = 0; i < n; i++)
        if (str_ieq(mail, list[i].email) || str_ieq(mail, list[i].name))
            return user_from(cx, bridge, &list[i], user);
    return fail(cx, ERR_NOT_FOUND, "nobody here has the address %s", address);
}

const char *be_epoch(struct bridge *bridge)
{
    return store_epoch(bridge->store);
}

/* ---- calendars ---- */

/* Upstream's ARGB in a signed number; -1 stands for unset (feishu-api 3.1). */
static const char *color_text(struct ctx *cx, const struct calendar *one)
{
    uint32_t argb = (uint32_t)one->color;
    if (one->color_text)
        return one->color_text;
    if (one->color == -1 || one->color == 0)
        return NULL;
    return arena_printf(
        cx->arena, "#%06X%02X", (unsigned)(argb & 0xffffff), (unsigned)(argb >> 24));
}

static enum be_everybody everybody(const char *permissions)
{
    if (str_eq(permissions, "public"))
        return BE_EVENTS;
    return str_eq(permissions, "show_only_free_busy") ? BE_BUSY_TIMES : BE_NOBODY;
}

/* Where the events of a calendar of busy time are listed, they may be read: there is
 * nothing but busy time in them. */
static enum be_role role_shown(const struct calendar *one)
{
    enum be_role role = role_of(one->role);
    return role == BE_FREEBUSY && one->anchor_s ? BE_READER : role;
}

static void calendar_from(struct ctx *cx, const struct be_user *user,
    const struct calendar *one, struct be_calendar *out)
{
    *out = (struct be_calendar){
        .id = one->id,
        .name = one->name,
        .display_name = !str_empty(one->alias) ? one->alias : one->summary,
        .description = one->description,
        .color = color_text(cx, one),
        .role = role_shown(one),
        .read_only = one->third_party || str_eq(one->type, "resource"),
        .primary = str_eq(one->type, "primary"),
        .change = one->change,
        .born = one->born,
        .modified_s = one->modified_s,
        .complete = one->pull == PULL_DONE,
        .owner = role_of(one->role) == BE_OWNER ? user->segment
            : str_empty(one->owner)             ? NULL
                                                : one->owner,
        .everybody = everybody(one->permissions),
        .calendar = one,
    };
}

enum err be_calendars(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    struct be_calendar **list, size_t *n)
{
    struct calendar *found;
    size_t count;
    TRY(store_calendars(cx, bridge->store, user->id, &found, &count));
    struct be_calendar *out = ARENA_ARRAY(cx->arena, struct be_calendar, count + 1);
    for (size_t i = 0; i < count; i++) {
        calendar_from(cx, user, &found[i], &out[i]);
        interest_note(cx, bridge, user->id, found[i].id, found[i].last_pull_s);
    }
    interest_home(cx, bridge, user->id);
    *list = out;
    *n = count;
    return ERR_OK;
}

enum err be_calendar(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const char *name, struct be_calendar *calendar)
{
    struct calendar *found = ARENA_NEW(cx->arena, struct calendar);
    TRY(store_calendar_by_name(cx, bridge->store, user->id, name, found));
    interest_note(cx, bridge, user->id, found->id, found->last_pull_s);
    calendar_from(cx, user, found, calendar);
    return ERR_OK;
}

enum err be_calendars_gone(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, int64_t since, struct be_gone **list, size_t *n)
{
    struct account account;
    struct gone_calendar *found;
    size_t count;
    TRY(store_account(cx, bridge->store, user->id, &account));
    if (since < account.home_floor)
        return fail(cx, ERR_VALID_SYNC_TOKEN, "the sync token is too old");
    TRY(store_calendars_gone(cx, bridge->store, user->id, since, &found, &count));
    struct be_gone *out = ARENA_ARRAY(cx->arena, struct be_gone, count + 1);
    for (size_t i = 0; i < count; i++)
        out[i] = (struct be_gone){
            .name = found[i].name, .change = found[i].change, .again = found[i].again};
    *list = out;
    *n = count;
    return ERR_OK;
}

/* ---- properties ---- */

static const char *place_of(struct ctx *cx, const struct be_calendar *calendar)
{
    return calendar ? arena_printf(cx->arena, "calendar:%lld", (long long)calendar->id)
                    : "home";
}

static enum err read_properties(struct ctx *cx, struct bridge *bridge,
    const struct be_place *place, struct property **list, size_t *n)
{
    if (!place->object)
        return store_properties(cx, bridge->store, place->user->id,
            place_of(cx, place->calendar), list, n);
    return store_object_properties(cx, bridge->store,
        &(struct object_place){place->calendar->id, place->object}, list, n);
}

enum err be_properties(struct ctx *cx, struct bridge *bridge,
    const struct be_place *place, struct be_property **list, size_t *n)
{
    struct property *found;
    size_t count;
    TRY(read_properties(cx, bridge, place, &found, &count));
    struct be_property *out = ARENA_ARRAY(cx->arena, struct be_property, count + 1);
    for (size_t i = 0; i < count; i++)
        out[i] = (struct be_property){
            .ns = found[i].ns, .name = found[i].name, .xml = found[i].xml};
    *list = out;
    *n = count;
    return ERR_OK;
}

static enum err set_property(struct ctx *cx, struct store_tx *tx,
    const struct be_place *place, const struct be_property *one)
{
    struct property property = {.ns = one->ns, .name = one->name, .xml = one->xml};
    if (!place->object)
        return store_property_set(
            cx, tx, place->user->id, place_of(cx, place->calendar), &property);
    return store_object_property_set(cx, tx,
        &(struct object_place){place->calendar->id, place->object}, &property);
}

static enum err set_all(struct ctx *cx, struct bridge *bridge, struct store_tx *tx,
    const struct be_place *place, const struct be_property *list, size_t n)
{
    struct property *after;
    size_t count;
    for (size_t i = 0; i < n; i++)
        TRY(set_property(cx, tx, place, &list[i]));
    TRY(read_properties(cx, bridge, place, &after, &count));
    return count <= BE_PROPERTIES_MAX
        ? ERR_OK
        : fail(cx, ERR_QUOTA, "more than %d properties", BE_PROPERTIES_MAX);
}

static enum err set_properties(struct ctx *cx, struct bridge *bridge,
    const struct be_place *place, const struct be_property *list, size_t n)
{
    struct store_tx *tx;
    TRY(store_begin(cx, bridge->store, &tx));
    return store_end(cx, tx, set_all(cx, bridge, tx, place, list, n));
}

static bool has_timezone(const struct be_property *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_starts(list[i].name, "calendar-timezone"))
            return true;
    return false;
}

/* Another zone of the calendar is another meaning of its floating times. */
static enum err set_timezone(struct ctx *cx, struct bridge *bridge,
    const struct be_place *place, const struct be_property *list, size_t n)
{
    struct account account;
    struct calendar calendar;
    TRY(store_account(cx, bridge->store, place->user->id, &account));
    TRY(store_calendar(cx, bridge->store, place->calendar->id, &calendar));
    const char *before = calendar_timezone(cx, bridge, &calendar);
    TRY(set_properties(cx, bridge, place, list, n));
    if (str_eq(before, calendar_timezone(cx, bridge, &calendar)))
        return ERR_OK;
    return floating_render(cx, bridge, &account, &calendar);
}

enum err be_properties_set(struct ctx *cx, struct bridge *bridge,
    const struct be_place *place, const struct be_property *list, size_t n)
{
    struct held held;
    if (!place->calendar || place->object || !has_timezone(list, n))
        return set_properties(cx, bridge, place, list, n);
    TRY(held_take(cx, bridge->locks, LOCK_CALENDAR, place->calendar->id, &held));
    enum err err = set_timezone(cx, bridge, place, list, n);
    held_release(&held);
    return err;
}

enum err be_objects_have_properties(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, bool *any)
{
    return store_object_properties_any(cx, bridge->store, calendar->id, any);
}

/* ---- objects ---- */

static struct be_object object_from(const struct object *one)
{
    return (struct be_object){
        .name = one->name,
        .uid = one->uid,
        .etag = one->etag,
        .schedule_tag = one->schedule_tag,
        .text = one->text,
        .text_bytes = one->text_bytes,
        .change = one->change,
        .modified_s = one->modified_s,
    };
}

enum err be_object(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, const char *name, struct be_object *object)
{
    struct object one;
    TRY(store_object(cx, bridge->store, calendar->id, name, &one));
    *object = object_from(&one);
    return ERR_OK;
}

struct relay {
    bool (*objects)(void *self, const struct be_object *object, bool exact);
    bool (*changes)(void *self, const struct be_object *object);
    void *self;
};

static bool relay_object(void *self, const struct object *one, bool exact)
{
    struct relay *relay = self;
    struct be_object object = object_from(one);
    return relay->objects(relay->self, &object, exact);
}

static bool relay_change(void *self, const struct object *one)
{
    struct relay *relay = self;
    struct be_object object = object_from(one);
    return relay->changes(relay->self, &object);
}

enum err be_objects(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, const struct be_query *query,
    bool (*each)(void *self, const struct be_object *object, bool exact), void *self)
{
    struct relay relay = {.objects = each, .self = self};
    struct object_query asked = {
        .calendar_id = calendar->id,
        .has_range = query->has_range,
        .from_s = query->from_s,
        .until_s = query->until_s,
        .with_text = query->with_text,
        .after = query->after,
    };
    return store_objects(cx, bridge->store, &asked, relay_object, &relay);
}

enum err be_changes(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, int64_t since,
    bool (*each)(void *self, const struct be_object *object), void *self)
{
    struct relay relay = {.changes = each, .self = self};
    struct calendar found;
    TRY(store_calendar(cx, bridge->store, calendar->id, &found));
    if (since < found.floor || since > found.change)
        return fail(cx, ERR_VALID_SYNC_TOKEN, "the sync token is too old or unknown");
    if (since == found.change)
        return ERR_OK;
    return store_changes(cx, bridge->store, calendar->id, since, relay_change, &relay);
}
