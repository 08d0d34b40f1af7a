/* Small facts about upstream's event objects (feishu-api 5.1, 5.2). */
#include "config.h"

#include "base/when.h"
#include "bridge/bridge_internal.h"
#include "bridge/rrule.h"
#include "ical/zone.h"

#include <string.h>
#include <strings.h>

#define ATTENDEES_INLINE "100" /* max_attendee_num */
#define UID_MAX_BYTES 200
#define DAY_S 86400
#define WAS_MEMBER "_was" /* of a stored event: members as they were, newest last */
#define WAS_MAX 4
#define DESTROYED_MEMBER "_destroyed" /* of a stored master: original times */

/* Members that people see; the others (links, counters, settings) come and go with the
 * kind of call. */
static const char *const seen_members[] = {
    "summary",
    "description",
    "start_time",
    "end_time",
    "recurrence",
    "status",
    "location",
    "visibility",
    "free_busy_status",
    "attendee_ability",
    "color",
    "reminders",
    "vchat",
    "attachments",
    "is_exception",
};
/* Of vchat, which has many members that only some calls give. */
static const char *const vchat_members[] = {"vc_type", "meeting_url", "description"};
static const char *const time_members[] = {"timestamp", "date", "timezone"};

bool event_id_split(
    struct ctx *cx, const char *event_id, char **uid, int64_t *original_time)
{
    const char *bar = event_id ? strrchr(event_id, '_') : NULL;
    long long time;
    if (!bar || bar == event_id || *event_id == ' ' || bar - event_id > UID_MAX_BYTES ||
        str_has_control(event_id) ||
        !str_to_ll(bar + 1, INT64_MIN / 2, INT64_MAX / 2, &time))
        return false;
    *uid = arena_strndup(cx->arena, event_id, (size_t)(bar - event_id));
    *original_time = time;
    return true;
}

char *event_id_join(struct ctx *cx, const char *uid, int64_t original_time)
{
    return arena_printf(cx->arena, "%s_%lld", uid, (long long)original_time);
}

bool event_cancelled(const cJSON *event)
{
    return strcasecmp(json_text(event, "status"), "cancelled") == 0;
}

static bool is_empty(const cJSON *value)
{
    return !value || cJSON_IsNull(value) ||
        (cJSON_IsString(value) && !*value->valuestring) ||
        ((cJSON_IsArray(value) || cJSON_IsObject(value)) && !value->child);
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool members_same(
    const cJSON *a, const cJSON *b, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(json_text(a, names[i]), json_text(b, names[i])) != 0)
            return false;
    return true;
}

/* The other strings are words of the interface, which come in any case (16.27). */
static bool is_text(const char *name)
{
    return str_eq(name, "summary") || str_eq(name, "description");
}

static bool value_same(const char *name, const cJSON *a, const cJSON *b)
{
    if (is_empty(a) || is_empty(b))
        return is_empty(a) && is_empty(b);
    if (str_eq(name, "vchat"))
        return members_same(a, b, vchat_members, 3);
    if (str_ends(name, "_time"))
        return members_same(a, b, time_members, 3);
    if (cJSON_IsString(a) && cJSON_IsString(b))
        return is_text(name) ? str_eq(a->valuestring, b->valuestring)
                             : strcasecmp(a->valuestring, b->valuestring) == 0;
    return cJSON_Compare(a, b, true);
}

/* 0 and -1 both follow the calendar's colour. */
static bool color_same(const cJSON *a, const cJSON *b)
{
    int64_t left = json_int(a, "color", -1), right = json_int(b, "color", -1);
    return (left ? left : -1) == (right ? right : -1);
}

/* feishu-api 15.11 */
static const char *answer_of(const cJSON *event)
{
    const char *answer = json_text(event, "self_rsvp_status");
    const char *status = json_text(event, "status");
    return *answer                      ? answer
        : str_ieq(status, "tentative") ? "needs_action"
        : str_ieq(status, "confirmed") ? "accept"
                                       : "";
}

/* Not every reply holds the own answer; the status says no more than that, or that the
 * event is cancelled. What was answered a moment ago is known by the answer alone. */
static bool status_same(const cJSON *a, const cJSON *b)
{
    bool left = *json_text(a, "self_rsvp_status"),
         right = *json_text(b, "self_rsvp_status");
    if (event_cancelled(a) != event_cancelled(b))
        return false;
    if (left && right)
        return str_ieq(answer_of(a), answer_of(b));
    return value_same("status", member(a, "status"), member(b, "status")) ||
        ((left || right) && str_ieq(answer_of(a), answer_of(b)));
}

static bool member_same(const char *name, const cJSON *a, const cJSON *b)
{
    if (str_eq(name, "color"))
        return color_same(a, b);
    if (str_eq(name, "is_exception"))
        return json_bool(a, name, false) == json_bool(b, name, false);
    return value_same(name, member(a, name), member(b, name));
}

bool event_differs(const cJSON *a, const cJSON *b)
{
    for (size_t i = 0; i < sizeof(seen_members) / sizeof(*seen_members); i++)
        if (!str_eq(seen_members[i], "status") && !member_same(seen_members[i], a, b))
            return true;
    return !status_same(a, b);
}

void event_keep_was(cJSON *event, const cJSON *before, bool guarded)
{
    const cJSON *kept = guarded ? member(before, WAS_MEMBER) : NULL;
    cJSON *list = kept ? cJSON_Duplicate(kept, true) : cJSON_CreateArray();
    cJSON *old = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof(seen_members) / sizeof(*seen_members); i++) {
        const cJSON *value = member(before, seen_members[i]);
        if (!member_same(seen_members[i], before, event))
            cJSON_AddItemToObject(old, seen_members[i],
                value ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
    }
    if (old->child)
        cJSON_AddItemToArray(list, old);
    else
        cJSON_Delete(old);
    if (cJSON_GetArraySize(list) > WAS_MAX)
        cJSON_DeleteItemFromArray(list, 0);
    cJSON_DeleteItemFromObjectCaseSensitive(event, WAS_MEMBER);
    if (list->child)
        cJSON_AddItemToObject(event, WAS_MEMBER, list);
    else
        cJSON_Delete(list);
}

void event_keep_destroyed(
    cJSON *event, const cJSON *before, const int64_t *times, size_t n)
{
    const cJSON *kept = member(before, DESTROYED_MEMBER);
    cJSON *list = kept ? cJSON_Duplicate(kept, true) : cJSON_CreateArray();
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber((double)times[i]));
    cJSON_DeleteItemFromObjectCaseSensitive(event, DESTROYED_MEMBER);
    if (list->child)
        cJSON_AddItemToObject(event, DESTROYED_MEMBER, list);
    else
        cJSON_Delete(list);
}

bool event_destroyed(const cJSON *event, int64_t original_time)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, member(event, DESTROYED_MEMBER))
        if (one->valuedouble == (double)original_time)
            return true;
    return false;
}

bool event_is_stale(const cJSON *event, const cJSON *read)
{
    const cJSON *old, *value;
    if (event_cancelled(event))
        return !event_cancelled(read);
    cJSON_ArrayForEach(old, member(event, WAS_MEMBER))
    {
        cJSON_ArrayForEach(value, old)
        {
            const char *name = value->string;
            if (!member_same(name, event, read) && member_same(name, old, read))
                return true;
        }
    }
    return false;
}

/* All-day ends may be written and read in two ways (feishu-api 16.1). */
static bool end_covers(
    const struct bridge *bridge, const cJSON *event, const cJSON *body)
{
    const cJSON *is = member(event, "end_time"), *wanted = member(body, "end_time");
    int64_t is_day, wanted_day;
    if (!when_parse_date(json_text(is, "date"), &is_day) ||
        !when_parse_date(json_text(wanted, "date"), &wanted_day))
        return members_same(is, wanted, time_members, 3);
    return is_day - bridge->read_end_exclusive ==
        wanted_day - !bridge->write_end_inclusive;
}

/* The rule comes back in another order. */
static bool rule_covers(struct ctx *cx, const cJSON *event, const cJSON *body)
{
    const char *is = json_text(event, "recurrence");
    const char *wanted = json_text(body, "recurrence");
    const cJSON *start = member(event, "start_time");
    const struct zone *zone = zone_find(json_text(start, "timezone"));
    int64_t day = 0, start_s = json_int(start, "timestamp", 0);
    bool all_day = when_parse_date(json_text(start, "date"), &day);
    if (!*is || !*wanted)
        return !*is && !*wanted;
    if (all_day)
        return rrule_same(cx, is, wanted, true, day * DAY_S, zone_utc());
    return rrule_same(cx, is, wanted, false, start_s, zone ? zone : zone_utc());
}

bool event_covers(struct ctx *cx, const struct bridge *bridge, const cJSON *event,
    const cJSON *body)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, body)
    {
        const char *name = item->string;
        if (str_eq(name, "need_notification") || str_eq(name, "schemas"))
            continue;
        bool same = str_eq(name, "recurrence") ? rule_covers(cx, event, body)
            : str_eq(name, "end_time")         ? end_covers(bridge, event, body)
                                               : member_same(name, event, body);
        if (!same)
            return false;
    }
    return true;
}

cJSON *json_copy(struct ctx *cx, const cJSON *json)
{
    cJSON *copy = cJSON_Duplicate(json, true);
    arena_defer(cx->arena, (void (*)(void *))cJSON_Delete, copy);
    return copy;
}

const char *event_with_attendees(
    struct ctx *cx, const cJSON *event, const char *attendees)
{
    cJSON *copy = json_copy(cx, event);
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "attendees");
    cJSON_AddItemToObject(
        copy, "attendees", cJSON_Duplicate(json_parse(cx->arena, attendees), true));
    return json_print(cx->arena, copy);
}

static cJSON *empty_array(struct ctx *cx)
{
    cJSON *array = cJSON_CreateArray();
    arena_defer(cx->arena, (void (*)(void *))cJSON_Delete, array);
    return array;
}

/* The whole of a long attendee list, page by page. */
static enum err fetch_attendees(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct feishu_call call, cJSON **attendees)
{
    struct token_source source = {.bridge = bridge, .account_id = account_id};
    struct feishu_user user = {.token = token_get, .self = &source};
    const char *query[] = {"page_size", "100", NULL};
    struct feishu_pages pages;
    const cJSON *page, *item;
    cJSON *all = empty_array(cx);
    call.endpoint = FEISHU_ATTENDEE_LIST;
    call.query = query;
    call.user = &user;
    feishu_pages_start(&pages, bridge->feishu, &call, "items");
    for (;;) {
        enum err err = feishu_pages_next(cx, &pages, &page);
        bridge_count(bridge, err);
        TRY(err);
        if (!page)
            break;
        cJSON_ArrayForEach(item, page)
            cJSON_AddItemToArray(all, cJSON_Duplicate(item, true));
    }
    *attendees = all;
    return ERR_OK;
}

/* The own answer as it was known last. */
static const char *answer_known(struct ctx *cx, struct bridge *bridge,
    const struct calendar *calendar, const struct account *account, const char *event_id)
{
    struct row *rows;
    size_t n;
    int64_t original_time;
    char *uid;
    const cJSON *one;
    if (!event_id_split(cx, event_id, &uid, &original_time) ||
        store_rows(cx, bridge->store, calendar->id, uid, &rows, &n))
        return "";
    for (size_t i = 0; i < n; i++) {
        const cJSON *list = rows[i].original_time == original_time && rows[i].attendees
            ? json_parse(cx->arena, rows[i].attendees)
            : NULL;
        cJSON_ArrayForEach(one, list) if (str_eq(json_text(one, "user_id"),
                                              account->open_id)) return json_text(one,
            "rsvp_status");
    }
    return "";
}

/* A participant who may not see the others is told at least the own answer; somebody
 * else's event is on one's primary calendar because one was invited. */
static cJSON *only_self(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *calendar_id, const cJSON *event)
{
    struct account account;
    struct calendar calendar;
    cJSON *list = empty_array(cx);
    const char *answer = json_text(event, "self_rsvp_status");
    if (str_ieq(answer, "removed") ||
        str_eq(json_text(event, "organizer_calendar_id"), calendar_id) ||
        store_account(cx, bridge->store, account_id, &account) ||
        store_calendar_by_upstream(
            cx, bridge->store, account_id, calendar_id, &calendar))
        return list;
    if (!*answer && str_ieq(calendar.type, "primary"))
        answer = answer_known(
            cx, bridge, &calendar, &account, json_text(event, "event_id"));
    if (!*answer && str_ieq(calendar.type, "primary"))
        answer = "needs_action";
    if (!*answer)
        return list;
    cJSON *self = cJSON_CreateObject();
    cJSON_AddStringToObject(self, "type", "user");
    cJSON_AddStringToObject(self, "user_id", account.open_id);
    cJSON_AddStringToObject(
        self, "display_name", account.display_name ? account.display_name : "");
    cJSON_AddStringToObject(self, "rsvp_status", answer);
    cJSON_AddItemToArray(list, self);
    return list;
}

enum err event_fetch(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *calendar_id, const char *event_id, enum feishu_priority priority,
    cJSON **event, cJSON **attendees)
{
    const char *with[] = {
        "need_attendee", "true", "max_attendee_num", ATTENDEES_INLINE, NULL};
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_GET,
        .args = {calendar_id, event_id},
        .query = attendees ? with : NULL,
        .priority = priority,
    };
    int code = 0;
    cJSON *data = NULL, *list = NULL;
    enum err err = bridge_request(cx, bridge, account_id, &call, &code, &data);
    bool hidden = err && code == 194001 && attendees;
    if (hidden) { /* the attendees are hidden from this participant: ask without them */
        call.query = NULL;
        err = bridge_request(cx, bridge, account_id, &call, &code, &data);
    }
    TRY(err);
    cJSON *found = cJSON_GetObjectItemCaseSensitive(data, "event");
    if (!cJSON_IsObject(found))
        return fail(
            cx, ERR_UPSTREAM_DOWN, "Feishu's answer for %s holds no event", event_id);
    list = cJSON_DetachItemFromObjectCaseSensitive(found, "attendees");
    if (list)
        arena_defer(cx->arena, (void (*)(void *))cJSON_Delete, list);
    if (attendees && hidden)
        list = only_self(cx, bridge, account_id, calendar_id, found);
    else if (attendees && json_bool(found, "has_more_attendee", false))
        TRY(fetch_attendees(cx, bridge, account_id, call, &list));
    if (attendees)
        *attendees = cJSON_IsArray(list) ? list : empty_array(cx);
    *event = found;
    return ERR_OK;
}

bool text_list_has(const text_list *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->items[i], text))
            return true;
    return false;
}

void text_list_add_once(struct ctx *cx, text_list *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->items[i], text))
            return;
    LIST_ADD(cx->arena, list, arena_strdup(cx->arena, text));
}

void event_people(
    struct ctx *cx, const cJSON *event, const cJSON *attendees, text_list *ids)
{
    const cJSON *one;
    const char *organizer = json_text(member(event, "event_organizer"), "user_id");
    if (*organizer)
        text_list_add_once(cx, ids, organizer);
    cJSON_ArrayForEach(one, attendees)
    {
        const char *id = json_text(one, "user_id");
        if (*id && str_ieq(json_text(one, "type"), "user"))
            text_list_add_once(cx, ids, id);
    }
}
