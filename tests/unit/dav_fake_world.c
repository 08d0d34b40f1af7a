/* The world of a test, and what happens in it behind the server's back. */
#include "dav_fake_internal.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "base/when.h"

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

struct fake_object *fake_find(
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
    struct fake_object *object =
        fake_find(&w->bridge, fake_calendar(w, calendar)->id, name);
    return object && object->text ? object : NULL;
}

int64_t fake_touch(struct bridge *bridge, int64_t calendar_id)
{
    for (size_t i = 0; i < bridge->n_calendars; i++)
        if (bridge->calendars[i].id == calendar_id) {
            bridge->calendars[i].change = bridge->counter + 1;
            bridge->calendars[i].modified_s = FAKE_TIME + bridge->counter + 1;
        }
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

char *fake_uid_of(struct arena *arena, const char *text)
{
    const char *at = strstr(text, "\nUID:");
    return at ? arena_strndup(arena, at + 5, strcspn(at + 5, "\r\n"))
              : arena_strdup(arena, "");
}

struct fake_object *fake_store(
    struct bridge *bridge, int64_t calendar_id, const char *name, const char *text)
{
    unsigned char digest[SHA256_BYTES];
    struct fake_object *object = fake_find(bridge, calendar_id, name);
    if (!object) {
        struct fake_object fresh = {.calendar_id = calendar_id,
            .name = arena_strdup(bridge->arena, name)};
        LIST_ADD(bridge->arena, &bridge->objects, fresh);
        object = &bridge->objects.items[bridge->objects.n - 1];
    }
    crypto_sha256(text, strlen(text), digest);
    object->text = arena_strdup(bridge->arena, text);
    object->uid = fake_uid_of(bridge->arena, text);
    object->etag = hex_encode(bridge->arena, digest, 8);
    object->schedule_tag = strstr(text, "ATTENDEE")
        ? arena_printf(bridge->arena, "st-%s", object->etag)
        : NULL;
    object->exact = !strstr(text, "RRULE") &&
        plain_time(text, "DTSTART:", &object->from_s) &&
        plain_time(text, "DTEND:", &object->until_s);
    object->change = fake_touch(bridge, calendar_id);
    return object;
}

struct fake_object *fake_add(struct world *w, const char *calendar, const char *name,
    const char *text)
{
    return fake_store(&w->bridge, fake_calendar(w, calendar)->id, name, text);
}

void fake_bury(struct bridge *bridge, struct fake_object *object)
{
    object->text = NULL;
    object->change = fake_touch(bridge, object->calendar_id);
}

void fake_remove(struct world *w, const char *calendar, const char *name)
{
    fake_bury(&w->bridge, fake_object(w, calendar, name));
}

enum err fake_next_err(struct ctx *cx, struct bridge *bridge)
{
    enum err err = bridge->next_err;
    bridge->next_err = ERR_OK;
    if (!err)
        return ERR_OK;
    cx->retry_after_s = bridge->retry_after_s;
    return fail(
        cx, err, "%s", err == ERR_UID_CONFLICT ? "first.ics" : "as the test wants it");
}

const char *fake_copy(struct bridge *bridge, const char *text, const char *otherwise)
{
    return text ? arena_strdup(bridge->arena, text) : otherwise;
}
