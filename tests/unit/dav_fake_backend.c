#include "dav_fake_backend.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "ical/expand.h"
#include "ical/lines.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdlib.h>

/* ---- the world ---- */

static const char *const ada_addresses[] = {
    "mailto:ada@example.com", "mailto:countess@example.com", NULL,
};
static const char *const bob_addresses[] = {"mailto:bob@example.com", NULL};
static const char *const wang_addresses[] = {"mailto:wf@example.com", NULL};
static const char *const room_addresses[] = {"mailto:omm_1@feishu.invalid", NULL};

static const struct be_calendar first_calendars[] = {
    {.id = 1,
        .name = "work",
        .display_name = "Work & play",
        .description = "All of it",
        .color = "#3366CCFF",
        .role = BE_OWNER,
        .primary = true,
        .change = 100,
        .complete = true},
    {.id = 2,
        .name = "team",
        .display_name = "Team",
        .role = BE_WRITER,
        .change = 101,
        .owner = "bob"},
    {.id = 3,
        .name = "public",
        .display_name = "Public",
        .role = BE_READER,
        .change = 102},
    {.id = 4,
        .name = "colleague",
        .display_name = "Colleague",
        .role = BE_FREEBUSY,
        .change = 103},
    {.id = 5,
        .name = "locked",
        .display_name = "Locked",
        .role = BE_OWNER,
        .read_only = true,
        .change = 104},
    {.id = 6,
        .name = "a b@c&d",
        .display_name = "Odd name",
        .role = BE_OWNER,
        .change = 105},
};

int world_start(void **state)
{
    struct ctx *cx = ctx_new(NULL);
    struct world *w = ARENA_NEW(cx->arena, struct world);
    w->cx = cx;
    w->user_id = 1;
    w->bridge = (struct bridge){.arena = cx->arena, .counter = 105, .n_calendars = 6,
        .users = {
            {.id = 1, .name = "ada@example.com", .segment = "ada",
                .display_name = "Ada Lovelace", .addresses = ada_addresses,
                .timezone = "Asia/Shanghai", .home_change = 50},
            {.id = 2, .name = "bob@example.com", .segment = "bob",
                .display_name = "Bob", .addresses = bob_addresses,
                .timezone = "UTC", .home_change = 51},
            {.name = "wf@example.com", .segment = "wang",
                .display_name = "\xe7\x8e\x8b\xe8\x8a\xb3", .addresses = wang_addresses},
            {.name = "omm_1@feishu.invalid", .segment = "omm_1", .kind = BE_ROOM,
                .display_name = "Lotus room", .addresses = room_addresses},
        }, .pinyin = "wangfang"};
    memcpy(w->bridge.calendars, first_calendars, sizeof(first_calendars));
    *state = w;
    return 0;
}

static void drop_answer(struct world *w)
{
    buf_free(&w->answer.body);
    if (w->doc)
        xmlFreeDoc(w->doc);
    w->doc = NULL;
}

int world_end(void **state)
{
    struct world *w = *state;
    drop_answer(w);
    ctx_free(w->cx);
    return 0;
}

char *event_text(struct world *w, const char *uid, const char *start, const char *extra)
{
    struct civil civil;
    bool is_date, is_utc;
    char end[WHEN_TEXT_BYTES];
    assert_true(when_parse_ics(start, &civil, &is_date, &is_utc) && is_utc);
    when_ics_utc(civil_seconds(&civil) + 3600, end);
    return arena_printf(w->cx->arena,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\n"
        "UID:%s\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:%s\r\nDTEND:%s\r\n"
        "SUMMARY:Event %s\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n",
        uid, start, end, uid, extra ? extra : "");
}

struct be_calendar *fake_calendar(struct world *w, const char *name)
{
    for (size_t i = 0; i < w->bridge.n_calendars; i++)
        if (strcmp(w->bridge.calendars[i].name, name) == 0)
            return &w->bridge.calendars[i];
    return NULL;
}

static struct fake_object *find(
    struct bridge *bridge, int64_t calendar_id, const char *name)
{
    for (size_t i = 0; i < bridge->objects.n; i++)
        if (bridge->objects.items[i].calendar_id == calendar_id &&
            strcmp(bridge->objects.items[i].name, name) == 0)
            return &bridge->objects.items[i];
    return NULL;
}

struct fake_object *fake_object(struct world *w, const char *calendar, const char *name)
{
    struct fake_object *object = find(&w->bridge, fake_calendar(w, calendar)->id, name);
    return object && object->text ? object : NULL;
}

static int64_t touch(struct bridge *bridge, int64_t calendar_id)
{
    for (size_t i = 0; i < bridge->n_calendars; i++)
        if (bridge->calendars[i].id == calendar_id)
            bridge->calendars[i].change = bridge->counter + 1;
    return ++bridge->counter;
}

/* "DTSTART:20260101T000000Z" and the like; false when the text has no such plain line. */
static bool plain_time(const char *text, const char *name, int64_t *unix_s)
{
    char value[17] = {0};
    struct civil civil;
    bool is_date, is_utc;
    const char *at = strstr(text, name);
    if (!at)
        return false;
    snprintf(value, sizeof(value), "%s", at + strlen(name));
    if (!when_parse_ics(value, &civil, &is_date, &is_utc) || !is_utc)
        return false;
    *unix_s = civil_seconds(&civil);
    return true;
}

static char *uid_of(struct arena *arena, const char *text)
{
    const char *at = strstr(text, "\nUID:");
    return at ? arena_strndup(arena, at + 5, strcspn(at + 5, "\r\n"))
              : arena_strdup(arena, "");
}

static struct fake_object *store(
    struct bridge *bridge, int64_t calendar_id, const char *name, const char *text)
{
    unsigned char digest[SHA256_BYTES];
    struct fake_object *object = find(bridge, calendar_id, name);
    if (!object) {
        struct fake_object fresh = {.calendar_id = calendar_id,
            .name = arena_strdup(bridge->arena, name)};
        LIST_ADD(bridge->arena, &bridge->objects, fresh);
        object = &bridge->objects.items[bridge->objects.n - 1];
    }
    crypto_sha256(text, strlen(text), digest);
    object->text = arena_strdup(bridge->arena, text);
    object->uid = uid_of(bridge->arena, text);
    object->etag = hex_encode(bridge->arena, digest, 8);
    object->schedule_tag = strstr(text, "ATTENDEE")
        ? arena_printf(bridge->arena, "st-%s", object->etag)
        : NULL;
    object->exact = !strstr(text, "RRULE") &&
        plain_time(text, "DTSTART:", &object->from_s) &&
        plain_time(text, "DTEND:", &object->until_s);
    object->change = touch(bridge, calendar_id);
    return object;
}

struct fake_object *fake_add(struct world *w, const char *calendar, const char *name,
    const char *text)
{
    return store(&w->bridge, fake_calendar(w, calendar)->id, name, text);
}

static void bury(struct bridge *bridge, struct fake_object *object)
{
    object->text = NULL;
    object->change = touch(bridge, object->calendar_id);
}

void fake_remove(struct world *w, const char *calendar, const char *name)
{
    bury(&w->bridge, fake_object(w, calendar, name));
}

/* ---- bridge/backend.h: reading ---- */

enum err be_user(struct ctx *cx, struct bridge *bridge, int64_t id, struct be_user *user)
{
    for (size_t i = 0; i < 4; i++)
        if (id && bridge->users[i].id == id) {
            *user = bridge->users[i];
            return ERR_OK;
        }
    return fail(cx, ERR_NOT_FOUND, "no such person");
}

enum err be_user_by_segment(struct ctx *cx, struct bridge *bridge, const char *segment,
    struct be_user *user)
{
    for (size_t i = 0; i < 4; i++)
        if (strcmp(bridge->users[i].segment, segment) == 0) {
            *user = bridge->users[i];
            return ERR_OK;
        }
    return fail(cx, ERR_NOT_FOUND, "no such person");
}

enum err be_people_search(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_people_query *query,
    struct be_person **list, size_t *n)
{
    struct be_person *out = ARENA_ARRAY(cx->arena, struct be_person, 4);
    size_t count = 0;
    (void)user;
    bridge->n_searches++;
    for (size_t i = 0; i < 4 && count < query->max; i++) {
        const struct be_user *one = &bridge->users[i];
        bool pinyin = i == 2 && *query->words && strstr(bridge->pinyin, query->words);
        if (query->kinds & 1u << one->kind &&
            (pinyin || strstr(str_lower(cx->arena, one->display_name), query->words) ||
                strstr(one->addresses[0], query->words)))
            out[count++] = (struct be_person){.user = *one, .by_directory = pinyin};
    }
    *list = out;
    *n = count;
    return ERR_OK;
}

enum err be_user_by_address(struct ctx *cx, struct bridge *bridge, const char *address,
    struct be_user *user)
{
    for (size_t i = 0; i < 2; i++)
        for (const char *const *one = bridge->users[i].addresses; *one; one++)
            if (str_ieq(*one, address)) {
                *user = bridge->users[i];
                return ERR_OK;
            }
    return fail(cx, ERR_NOT_FOUND, "no such person");
}

enum err be_calendars(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    struct be_calendar **list, size_t *n)
{
    (void)cx, (void)user;
    *list = bridge->calendars;
    *n = bridge->n_calendars;
    return ERR_OK;
}

enum err be_calendar(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const char *name, struct be_calendar *calendar)
{
    (void)user;
    for (size_t i = 0; i < bridge->n_calendars; i++)
        if (strcmp(bridge->calendars[i].name, name) == 0) {
            *calendar = bridge->calendars[i];
            return ERR_OK;
        }
    return fail(cx, ERR_NOT_FOUND, "no such calendar");
}

const char *be_epoch(struct bridge *bridge)
{
    (void)bridge;
    return FAKE_EPOCH;
}

static struct be_object view(struct bridge *bridge, const struct fake_object *from,
    bool with_text)
{
    bridge->n_texts += with_text && from->text;
    return (struct be_object){.name = from->name, .uid = from->uid,
        .etag = from->text ? from->etag : NULL, .schedule_tag = from->schedule_tag,
        .text = with_text ? from->text : NULL,
        .text_bytes = with_text && from->text ? strlen(from->text) : 0,
        .change = from->change};
}

void be_delivered(struct bridge *bridge, const struct be_calendar *calendar,
    const struct be_object *object)
{
    (void)bridge, (void)calendar, (void)object;
}

enum err be_object(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, const char *name, struct be_object *object)
{
    const struct fake_object *one = find(bridge, calendar->id, name);
    if (!one || !one->text)
        return fail(cx, ERR_NOT_FOUND, "no such object");
    *object = view(bridge, one, true);
    return ERR_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct fake_object *x = *(struct fake_object *const *)a;
    const struct fake_object *y = *(struct fake_object *const *)b;
    return strcmp(x->name, y->name);
}

enum err be_objects(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, const struct be_query *query,
    bool (*each)(void *self, const struct be_object *object, bool exact), void *self)
{
    size_t n = bridge->objects.n;
    struct fake_object **list = ARENA_ARRAY(cx->arena, struct fake_object *, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = &bridge->objects.items[i];
    if (query->after)
        qsort(list, n, sizeof(*list), by_name);
    bridge->n_listings++;
    for (size_t i = 0; i < n; i++) {
        const struct fake_object *one = list[i];
        bool exact = !query->has_range || one->exact;
        if (!one->text || one->calendar_id != calendar->id ||
            (query->after && strcmp(one->name, query->after) <= 0))
            continue;
        if (query->has_range && one->exact &&
            (one->from_s >= query->until_s || one->until_s <= query->from_s))
            continue;
        struct be_object object = view(bridge, one, query->with_text || !exact);
        if (!each(self, &object, exact))
            break;
    }
    return ERR_OK;
}

static int by_change(const void *a, const void *b)
{
    const struct fake_object *x = *(struct fake_object *const *)a;
    const struct fake_object *y = *(struct fake_object *const *)b;
    return (x->change > y->change) - (x->change < y->change);
}

enum err be_changes(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, int64_t since,
    bool (*each)(void *self, const struct be_object *object), void *self)
{
    bridge->n_changes++;
    if (since < bridge->floor || since > bridge->counter)
        return fail(cx, ERR_VALID_SYNC_TOKEN, "too old");
    struct fake_object **list =
        ARENA_ARRAY(cx->arena, struct fake_object *, bridge->objects.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < bridge->objects.n; i++)
        if (bridge->objects.items[i].calendar_id == calendar->id &&
            bridge->objects.items[i].change > since)
            list[n++] = &bridge->objects.items[i];
    qsort(list, n, sizeof(*list), by_change);
    for (size_t i = 0; i < n; i++) {
        struct be_object object = view(bridge, list[i], false);
        if (!each(self, &object))
            break;
    }
    return ERR_OK;
}

/* ---- writing ---- */

static enum err next_err(struct ctx *cx, struct bridge *bridge)
{
    enum err err = bridge->next_err;
    bridge->next_err = ERR_OK;
    if (!err)
        return ERR_OK;
    cx->retry_after_s = bridge->retry_after_s;
    return fail(
        cx, err, "%s", err == ERR_UID_CONFLICT ? "first.ics" : "as the test wants it");
}

static const char *copy(struct bridge *bridge, const char *text, const char *otherwise)
{
    return text ? arena_strdup(bridge->arena, text) : otherwise;
}

enum err be_calendar_create(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *name, const struct be_calendar_set *set)
{
    (void)user;
    TRY(next_err(cx, bridge));
    assert_true(bridge->n_calendars < FAKE_MAX_CALENDARS);
    struct be_calendar *made = &bridge->calendars[bridge->n_calendars++];
    *made = (struct be_calendar){.id = 100 + (int64_t)bridge->n_calendars,
        .name = copy(bridge, name, NULL),
        .display_name = copy(bridge, set->display_name, "?"),
        .description = copy(bridge, set->description, NULL),
        .color = copy(bridge, set->color, NULL), .role = BE_OWNER,
        .change = ++bridge->counter};
    bridge->users[0].home_change = bridge->counter;
    return ERR_OK;
}

enum err be_calendar_update(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar,
    const struct be_calendar_set *set)
{
    (void)user;
    TRY(next_err(cx, bridge));
    for (size_t i = 0; i < bridge->n_calendars; i++) {
        struct be_calendar *one = &bridge->calendars[i];
        if (one->id != calendar->id)
            continue;
        one->display_name = copy(bridge, set->display_name, one->display_name);
        one->description = copy(bridge, set->description, one->description);
        one->color = copy(bridge, set->color, one->color);
        touch(bridge, one->id);
    }
    return ERR_OK;
}

enum err be_person_by_address(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *address, struct be_user *found)
{
    (void)user;
    for (size_t i = 0; i < 4; i++)
        if (str_ieq(bridge->users[i].addresses[0], address)) {
            *found = bridge->users[i];
            return ERR_OK;
        }
    return fail(cx, ERR_NOT_FOUND, "nobody");
}

enum err be_shares(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar, struct be_share **list, size_t *n)
{
    (void)cx, (void)user;
    *list = bridge->shares.items;
    *n = calendar->id == 1 ? bridge->shares.n : 0;
    return ERR_OK;
}

static void share_one(struct bridge *bridge, const struct be_share *share)
{
    size_t kept = 0;
    for (size_t i = 0; i < bridge->shares.n; i++)
        if (strcmp(bridge->shares.items[i].segment, share->segment) != 0)
            bridge->shares.items[kept++] = bridge->shares.items[i];
    bridge->shares.n = kept;
    struct be_share own = {
        .segment = arena_strdup(bridge->arena, share->segment), .role = share->role};
    if (!share->remove)
        LIST_ADD(bridge->arena, &bridge->shares, own);
}

enum err be_shares_set(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar, const struct be_share *list, size_t n,
    bool replace)
{
    (void)user;
    TRY(next_err(cx, bridge));
    if (calendar->id != 1)
        return fail(cx, ERR_UPSTREAM_REFUSED, "only \"work\" is shared");
    bridge->n_shared++;
    if (replace)
        bridge->shares.n = 0;
    for (size_t i = 0; i < n; i++)
        share_one(bridge, &list[i]);
    return ERR_OK;
}

enum err be_calendar_delete(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar)
{
    (void)user;
    TRY(next_err(cx, bridge));
    if (calendar->primary)
        return fail(cx, ERR_DEFAULT_CALENDAR, "this is the default calendar");
    for (size_t i = 0; i < bridge->n_calendars; i++)
        if (bridge->calendars[i].id == calendar->id)
            bridge->calendars[i] = bridge->calendars[--bridge->n_calendars];
    bridge->users[0].home_change = ++bridge->counter;
    return ERR_OK;
}

enum err be_properties(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar, struct be_property **list, size_t *n)
{
    (void)user;
    struct be_property *all = ARENA_ARRAY(cx->arena, struct be_property,
        bridge->properties.n + 1);
    size_t count = 0;
    for (size_t i = 0; i < bridge->properties.n; i++)
        if (bridge->properties.items[i].xml &&
            bridge->property_places.items[i] == (calendar ? calendar->id : 1 - user->id))
            all[count++] = bridge->properties.items[i];
    *list = all;
    *n = count;
    return ERR_OK;
}

enum err be_properties_set(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar,
    const struct be_property *list, size_t n)
{
    (void)cx, (void)user;
    int64_t place = calendar ? calendar->id : 1 - user->id;
    for (size_t k = 0; k < n; k++) {
        struct be_property fresh = {.ns = copy(bridge, list[k].ns, NULL),
            .name = copy(bridge, list[k].name, NULL),
            .xml = copy(bridge, list[k].xml, NULL)};
        for (size_t i = 0; i < bridge->properties.n; i++)
            if (bridge->property_places.items[i] == place &&
                strcmp(bridge->properties.items[i].ns, fresh.ns) == 0 &&
                strcmp(bridge->properties.items[i].name, fresh.name) == 0)
                bridge->properties.items[i].xml = NULL;
        LIST_ADD(bridge->arena, &bridge->properties, fresh);
        LIST_ADD(bridge->arena, &bridge->property_places, place);
    }
    return ERR_OK;
}

static enum err check_expect(struct ctx *cx, const struct be_expect *expect,
    const struct fake_object *there)
{
    const char *etag = there && there->text ? there->etag : NULL;
    if (expect->check && expect->strict && !str_eq(expect->etag, etag))
        return fail(cx, ERR_PRECONDITION, "it was changed meanwhile");
    return ERR_OK;
}

enum err be_object_put(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_put *put, struct be_put_result *result)
{
    (void)user;
    bridge->last_expect = put->expect;
    TRY(next_err(cx, bridge));
    const struct fake_object *there = find(bridge, put->calendar->id, put->name);
    TRY(check_expect(cx, &put->expect, there));
    char *text = arena_strndup(bridge->arena, put->text, put->text_bytes);
    char *uid = uid_of(bridge->arena, text);
    for (size_t i = 0; i < bridge->objects.n; i++) {
        const struct fake_object *one = &bridge->objects.items[i];
        if (one->text && one->calendar_id == put->calendar->id && str_eq(one->uid, uid) &&
            strcmp(one->name, put->name) != 0)
            return fail(cx, ERR_UID_CONFLICT, "%s", one->name);
    }
    bool created = !there || !there->text;
    if (bridge->rewrites)
        text = arena_printf(bridge->arena, "%s\r\n", text);
    const struct fake_object *stored = store(bridge, put->calendar->id, put->name, text);
    *result = (struct be_put_result){.created = created, .same_text = !bridge->rewrites,
        .object = view(bridge, stored, true)};
    return ERR_OK;
}

enum err be_object_transfer(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    struct fake_object *source = find(bridge, transfer->from->id, transfer->from_name);
    const struct fake_object *there = find(bridge, transfer->to->id, transfer->to_name);
    bridge->last_expect = transfer->expect;
    TRY(next_err(cx, bridge));
    TRY(check_expect(cx, &transfer->expect, source));
    if (there && there->text && !transfer->replace)
        return fail(cx, ERR_PRECONDITION, "something is there");
    char *text = arena_strdup(bridge->arena, source->text);
    if (!transfer->copy)
        bury(bridge, source);
    struct be_put put = {.calendar = transfer->to, .name = transfer->to_name,
        .text = text, .text_bytes = strlen(text)};
    enum err err = be_object_put(cx, bridge, user, &put, result);
    bridge->last_expect = transfer->expect;
    return err;
}

enum err be_object_delete(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar, const char *name,
    const struct be_expect *expect, bool reply)
{
    (void)user;
    bridge->last_expect = *expect;
    bridge->last_reply = reply;
    TRY(next_err(cx, bridge));
    struct fake_object *there = find(bridge, calendar->id, name);
    if (!there || !there->text)
        return fail(cx, ERR_NOT_FOUND, "no such object");
    TRY(check_expect(cx, expect, there));
    bury(bridge, there);
    return ERR_OK;
}

/* ---- pushes ---- */

enum err be_push_register(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar, struct be_push *push,
    const char **name)
{
    (void)user;
    TRY(next_err(cx, bridge));
    if (!str_starts(push->resource, "https://"))
        return fail(cx, ERR_PUSH_SUBSCRIPTION, "not https");
    bridge->push = *push;
    bridge->push.resource = copy(bridge, push->resource, NULL);
    bridge->push.public_key = copy(bridge, push->public_key, NULL);
    bridge->push_calendar_id = calendar ? calendar->id : 0;
    push->expires_s = push->expires_s ? push->expires_s : 1800000000;
    *name = "registration-1";
    return ERR_OK;
}

enum err be_push_remove(
    struct ctx *cx, struct bridge *bridge, const struct be_user *user, const char *name)
{
    (void)user;
    if (!bridge->push.resource || strcmp(name, "registration-1") != 0)
        return fail(cx, ERR_NOT_FOUND, "no such registration");
    bridge->push.resource = NULL;
    return ERR_OK;
}

const char *be_push_key(struct bridge *bridge)
{
    (void)bridge;
    return "SERVERKEY";
}

char *be_push_topic(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar)
{
    (void)bridge, (void)user;
    return arena_printf(cx->arena, "topic-%s", calendar ? calendar->name : "home");
}

/* ---- busy times ---- */

enum err be_busy(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, int64_t from_s, int64_t until_s,
    struct be_busy **list, size_t *n)
{
    struct be_busy *busy = ARENA_ARRAY(cx->arena, struct be_busy, bridge->objects.n + 1);
    size_t count = 0;
    for (size_t i = bridge->objects.n; i-- > 0;) {
        const struct fake_object *one = &bridge->objects.items[i];
        if (!one->text || one->calendar_id != calendar->id || !one->exact ||
            one->from_s >= until_s || one->until_s <= from_s)
            continue;
        busy[count++] = (struct be_busy){.start_s = one->from_s, .end_s = one->until_s,
            .kind = strstr(one->text, "STATUS:TENTATIVE") ? BUSY_TENTATIVE : BUSY_BUSY};
    }
    *list = busy;
    *n = count;
    return ERR_OK;
}

/* bob is busy for the first hour; nobody@ is not known; everybody else is free. */
enum err be_freebusy(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_freebusy_query *query, struct be_freebusy **answers)
{
    const char *const *addresses = query->addresses;
    size_t n = query->n;
    (void)user;
    TRY(next_err(cx, bridge));
    bridge->n_freebusy++;
    bridge->last_freebusy = "";
    struct be_freebusy *list = ARENA_ARRAY(cx->arena, struct be_freebusy, n + 1);
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct be_freebusy){.address = addresses[i],
            .request_status = "2.0;Success"};
        bridge->last_freebusy =
            arena_printf(bridge->arena, "%s%s ", bridge->last_freebusy, addresses[i]);
        if (strstr(addresses[i], "nobody@"))
            list[i].request_status = "3.7;Invalid calendar user";
        if (!strstr(addresses[i], "bob@"))
            continue;
        list[i].busy = ARENA_NEW(cx->arena, struct be_busy);
        list[i].busy[0] = (struct be_busy){
            query->from_s, query->from_s + 3600, BUSY_BUSY};
        list[i].n_busy = 1;
    }
    *answers = list;
    return ERR_OK;
}

/* ---- requests ---- */

static const char *header(const struct dav_request *request, const char *name)
{
    struct world *w = request->self;
    char **lines = w->headers ? str_split(w->cx->arena, w->headers, '\n') : NULL;
    for (; lines && *lines; lines++) {
        char *colon = strchr(*lines, ':');
        assert_non_null(colon);
        *colon = '\0';
        if (str_ieq(*lines, name))
            return str_trim(w->cx->arena, colon + 1);
    }
    return NULL;
}

const char *answer_header(const struct world *w, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < w->answer.headers.n; i++)
        if (str_ieq(w->answer.headers.items[i].name, name)) {
            assert_null(value); /* no header twice */
            value = w->answer.headers.items[i].value;
        }
    return value;
}

const char *answer_body(const struct world *w)
{
    return buf_str(&w->answer.body);
}

/* The pieces of a long answer, joined; as the HTTP layer, but that it sends them. */
static void drain(struct world *w)
{
    struct dav_response *answer = &w->answer;
    struct buf whole = buf_new(NULL);
    w->n_pieces = 1;
    w->longest_piece_bytes = answer->body.len_bytes;
    while (answer->more) {
        buf_add(&whole, answer->body.data, answer->body.len_bytes);
        if (w->between_pieces)
            w->between_pieces(w);
        enum dav_more state = answer->more(answer);
        w->broken |= state == DAV_BROKEN;
        w->n_pieces++;
        if (answer->body.len_bytes > w->longest_piece_bytes)
            w->longest_piece_bytes = answer->body.len_bytes;
        if (state != DAV_MORE)
            answer->more = NULL;
    }
    if (w->n_pieces == 1)
        return;
    buf_add(&whole, answer->body.data, answer->body.len_bytes);
    buf_free(&answer->body);
    answer->body = whole;
}

static void read_answer(struct world *w)
{
    const char *type = answer_header(w, "Content-Type");
    if (w->answer.status >= 400) {
        assert_true(w->answer.body.len_bytes > 0); /* KDE's KIO needs one */
        assert_non_null(type);
    }
    if (!type || !strstr(type, "xml"))
        return;
    w->doc = xmlReadMemory(answer_body(w), (int)w->answer.body.len_bytes, "answer", NULL,
        XML_PARSE_NONET);
    if (!w->doc)
        print_error("not well-formed: %s\n", answer_body(w));
    assert_non_null(w->doc);
}

int ask(struct world *w, const char *method, const char *path, const char *headers,
    const char *body)
{
    struct path whole = {0};
    drop_answer(w);
    w->cx->err = ERR_OK;
    w->cx->retry_after_s = 0;
    w->headers = headers;
    assert_ok(w->cx, href_parse(w->cx, path, &whole));
    assert_string_equal(whole.segments[0], "dav");
    struct dav_request request = {.bridge = &w->bridge, .user_id = w->user_id,
        .method = method, .root = "/dav", .origin = "https://dav.example.com",
        .body = body ? body : "", .body_bytes = body ? strlen(body) : 0, .header = header,
        .self = w};
    request.path.n = whole.n - 1;
    request.path.slash = whole.slash;
    memcpy(request.path.segments, whole.segments + 1,
        request.path.n * sizeof(*whole.segments));
    dav_handle(w->cx, &request, &w->answer);
    w->broken = false;
    drain(w);
    if (!w->broken)
        read_answer(w);
    return w->answer.status;
}

char *element(struct world *w, const char *root, const char *inner)
{
    return arena_printf(w->cx->arena,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s xmlns:D=\"DAV:\" "
        "xmlns:C=\"urn:ietf:params:xml:ns:caldav\" "
        "xmlns:CS=\"http://calendarserver.org/ns/\" "
        "xmlns:A=\"http://apple.com/ns/ical/\" "
        "xmlns:P=\"https://bitfire.at/webdav-push\" "
        "xmlns:X=\"urn:x\">%s</%.*s>",
        root, inner, (int)strcspn(root, " "), root);
}

int propfind(struct world *w, const char *path, const char *depth, const char *props)
{
    char *headers = depth ? arena_printf(w->cx->arena, "Depth: %s", depth) : NULL;
    char *prop = arena_printf(w->cx->arena, "<D:prop>%s</D:prop>", props);
    return ask(w, "PROPFIND", path, headers, element(w, "D:propfind", prop));
}

int report(struct world *w, const char *path, const char *headers, const char *root,
    const char *inner)
{
    return ask(w, "REPORT", path, headers, element(w, root, inner));
}

static xmlXPathObject *evaluate(
    struct world *w, const char *xpath, xmlXPathContext **context)
{
    assert_non_null(w->doc);
    *context = xmlXPathNewContext(w->doc);
    xmlXPathRegisterNs(*context, BAD_CAST "D", BAD_CAST "DAV:");
    xmlXPathRegisterNs(*context, BAD_CAST "C", BAD_CAST "urn:ietf:params:xml:ns:caldav");
    xmlXPathRegisterNs(*context, BAD_CAST "CS", BAD_CAST "http://calendarserver.org/ns/");
    xmlXPathRegisterNs(*context, BAD_CAST "A", BAD_CAST "http://apple.com/ns/ical/");
    xmlXPathRegisterNs(*context, BAD_CAST "P", BAD_CAST "https://bitfire.at/webdav-push");
    xmlXPathRegisterNs(*context, BAD_CAST "X", BAD_CAST "urn:x");
    xmlXPathObject *object = xmlXPathEvalExpression(BAD_CAST xpath, *context);
    assert_non_null(object);
    return object;
}

int found(struct world *w, const char *xpath)
{
    xmlXPathContext *context;
    xmlXPathObject *object = evaluate(w, xpath, &context);
    int n = object->nodesetval ? object->nodesetval->nodeNr : 0;
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return n;
}

char *text_at(struct world *w, const char *xpath)
{
    xmlXPathContext *context;
    xmlXPathObject *object = evaluate(w, xpath, &context);
    xmlChar *text = xmlXPathCastToString(object);
    char *copied = arena_strdup(w->cx->arena, (const char *)text);
    xmlFree(text);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return copied;
}
