/* "convert FILE": one calendar object as Feishu would hold it, or back; offline. */
#include "bridge/bridge.h"

#include "bridge/attendee.h"
#include "bridge/people.h"
#include "bridge/field_time.h"
#include "bridge/series.h"
#include "bridge/split.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct convert_env offline = {
    .read_end_exclusive = true,
    .write_end_inclusive = true,
    .calendar_id = "",
    .own_id = "",
    .own_address = "",
    .own_name = "",
    .timezone = "Asia/Shanghai", /* upstream's default (feishu-api 16.25) */
    .role = BE_OWNER,
};

/* ---- JSON -> iCalendar ---- */

/* The events in a reply, a list of items or a single event. */
static const cJSON *events_of(const cJSON *root)
{
    static const char *const wrappers[] = {"data", "event", "items", "events"};
    for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0]; i++) {
        const cJSON *inner = cJSON_GetObjectItemCaseSensitive(root, wrappers[i]);
        if (inner != NULL)
            return events_of(inner);
    }
    return root;
}

/* event_id = <uid>_<original_time> (feishu-api 5.1). */
static struct series_row row_of(struct ctx *cx, const cJSON *event, const char **uid)
{
    const char *id = json_text(event, "event_id");
    const char *mark = strrchr(id, '_');
    long long original = 0;
    if (mark != NULL && str_to_ll(mark + 1, 0, INT64_MAX, &original))
        *uid = arena_strndup(cx->arena, id, (size_t)(mark - id));
    else
        *uid = id;
    return (struct series_row){.original_time = original, .event = event};
}

static enum err json_to_ics(struct ctx *cx, const char *text, char **result)
{
    text = utf8_mended(cx->arena, text, strlen(text));
    const cJSON *events = events_of(json_own(cx, cJSON_Parse(text)));
    if (!cJSON_IsObject(events) && !cJSON_IsArray(events))
        return fail(
            cx, ERR_BAD_REQUEST, "this is neither iCalendar nor JSON of an event");
    struct series series = {0};
    struct series_row master;
    LIST(struct series_row) exceptions = {0};
    const cJSON *event = cJSON_IsArray(events) ? events->child : events;
    for (; event != NULL; event = cJSON_IsArray(events) ? event->next : NULL) {
        const char *uid;
        struct series_row row = row_of(cx, event, &uid);
        if (series.uid != NULL && !str_eq(uid, series.uid))
            return fail(
                cx, ERR_BAD_REQUEST, "events of two series: %s and %s", series.uid, uid);
        series.uid = series.ical_uid = uid;
        if (row.original_time != 0) {
            LIST_ADD(cx->arena, &exceptions, row);
            continue;
        }
        master = row;
        series.master = &master;
    }
    series.exceptions = exceptions.items;
    series.n_exceptions = exceptions.n;
    return convert_down(cx, &offline, &series, NULL, result);
}

/* ---- iCalendar -> JSON ---- */

static cJSON *row_time(const cJSON *facts, const char *name)
{
    struct fact_time time = fact_time(facts, name);
    char text[WHEN_TEXT_BYTES];
    cJSON *value = cJSON_CreateObject();
    if (time.is_date) {
        cJSON_AddStringToObject(value, "date", when_date(time.days, text));
        cJSON_AddStringToObject(value, "timezone", "UTC");
        return value;
    }
    struct buf number = buf_new(NULL);
    buf_printf(&number, "%lld", (long long)time.unix_s);
    cJSON_AddStringToObject(value, "timestamp", buf_str(&number));
    buf_free(&number);
    cJSON_AddStringToObject(value, "timezone", zone_name(time.zone));
    return value;
}

static void add_people(struct ctx *cx, const cJSON *facts, cJSON *event)
{
    const cJSON *people = cJSON_GetObjectItemCaseSensitive(facts, "attendees"), *one;
    if (people == NULL)
        return;
    const cJSON *organizer = cJSON_GetObjectItemCaseSensitive(people, "organizer");
    cJSON *list = cJSON_AddArrayToObject(event, "attendees");
    if (organizer != NULL)
        cJSON_AddStringToObject(cJSON_AddObjectToObject(event, "event_organizer"),
            "display_name",
            *json_text(organizer, "name") != '\0' ? json_text(organizer, "name")
                                                  : json_text(organizer, "address"));
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(people, "list"))
    {
        cJSON *attendee = people_request(cx, &offline, one);
        if (attendee == NULL)
            continue;
        cJSON_AddStringToObject(attendee, "rsvp_status", json_text(one, "rsvp"));
        cJSON_AddStringToObject(attendee, "display_name", json_text(one, "name"));
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "organizer")))
            cJSON_AddTrueToObject(attendee, "is_organizer");
        cJSON_AddItemToArray(list, attendee);
    }
}

static enum err add_event(struct ctx *cx, const struct view *view, struct comp *component,
    const char *id, cJSON *events)
{
    cJSON *event = cJSON_CreateObject(), *facts = NULL;
    cJSON_AddItemToArray(events, event);
    struct scene scene = view_scene(&offline, view, component);
    struct field_write write = {.env = &offline, .create = true};
    TRY(facts_up(cx, &scene, &facts));
    write.facts = facts;
    cJSON_AddStringToObject(event, "event_id", id);
    cJSON_AddBoolToObject(event, "is_exception", scene.is_override);
    for (size_t i = 0; i < n_fields; i++) {
        bool set = cJSON_HasObjectItem(facts, fields[i].name);
        if (set && !cJSON_HasObjectItem(event, fields[i].name))
            TRY(facts_write(cx, &fields[i], &write, event));
    }
    cJSON_ReplaceItemInObjectCaseSensitive(
        event, "start_time", row_time(facts, "start_time"));
    cJSON_ReplaceItemInObjectCaseSensitive(
        event, "end_time", row_time(facts, "end_time"));
    cJSON_AddStringToObject(event, "status",
        cJSON_HasObjectItem(facts, "status") ? "cancelled" : "confirmed");
    add_people(cx, facts, event);
    return ERR_OK;
}

static const char *event_id(struct ctx *cx, const char *uid, int64_t original)
{
    return arena_printf(cx->arena, "%s_%lld", uid, (long long)original);
}

static enum err add_object(struct ctx *cx, const char *text, cJSON *events)
{
    struct ics_object object;
    struct view view;
    TRY(ics_object_parse(cx, text, strlen(text), &object));
    TRY(view_of(cx, &offline, object.calendar, &view));
    if (view.master != NULL)
        TRY(add_event(cx, &view, view.master, event_id(cx, object.uid, 0), events));
    for (size_t i = 0; i < view.exdates.n; i++) {
        cJSON *event = cJSON_CreateObject();
        cJSON_AddStringToObject(
            event, "event_id", event_id(cx, object.uid, view.exdates.items[i]));
        cJSON_AddTrueToObject(event, "is_exception");
        cJSON_AddStringToObject(event, "status", "cancelled");
        cJSON_AddItemToArray(events, event);
    }
    for (size_t i = 0; i < view.overrides.n; i++) {
        const struct view_override *one = &view.overrides.items[i];
        TRY(add_event(
            cx, &view, one->event, event_id(cx, object.uid, one->original_time), events));
    }
    return ERR_OK;
}

static enum err ics_to_json(
    struct ctx *cx, const char *text, size_t len_bytes, char **result)
{
    struct ics_object object;
    struct split split;
    TRY(ics_object_parse(cx, text, len_bytes, &object));
    TRY(convert_split(cx, &offline, arena_strndup(cx->arena, text, len_bytes),
        object.calendar, &split));
    cJSON *events = json_own(cx, cJSON_CreateArray());
    TRY(add_object(cx, split.text, events));
    for (size_t i = 0; i < split.later.n; i++)
        TRY(add_object(cx, split.later.items[i].text, events));
    char *json = cJSON_Print(events);
    *result = arena_printf(cx->arena, "%s\n", json);
    cJSON_free(json);
    return ERR_OK;
}

enum err bridge_convert(struct ctx *cx, const char *text, size_t len_bytes, char **result)
{
    size_t at = 0;
    if (len_bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        at = 3;
    while (at < len_bytes && isspace((unsigned char)text[at]))
        at++;
    if (at < len_bytes && (text[at] == '{' || text[at] == '['))
        return json_to_ics(
            cx, arena_strndup(cx->arena, text + at, len_bytes - at), result);
    return ics_to_json(cx, text, len_bytes, result);
}
