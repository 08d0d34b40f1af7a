/*
 * Whether the end date of an all-day event is its last day or the day behind it is
 * written nowhere, and may differ between requests and replies (feishu-api 5.3, 16.1). A
 * private event of two days in the far past, gone a moment later, tells. What is read
 * back alone cannot tell "both inclusive" from "both exclusive": then the busy time that
 * it makes does.
 */
#include "config.h"

#include "base/when.h"
#include "bridge/bridge_internal.h"

#define SETTING "allday"
#define PROBE_DAY 11324 /* 2001-01-02 */
#define DAY_S 86400

/* What was asked for: "from PROBE_DAY to the day after". */
struct probe {
    bool read_end_exclusive, write_end_inclusive, known;
};

void allday_load(struct ctx *cx, struct bridge *bridge)
{
    char *value = NULL;
    bridge->read_end_exclusive = true;
    bridge->write_end_inclusive = true;
    if (store_setting(cx, bridge->store, SETTING, &value) || !value)
        return;
    bridge->read_end_exclusive = str_starts(value, "read-exclusive");
    bridge->write_end_inclusive = str_ends(value, "write-inclusive");
}

static void add_date(cJSON *body, const char *name, int64_t day)
{
    char text[WHEN_TEXT_BYTES];
    cJSON *time = cJSON_AddObjectToObject(body, name);
    cJSON_AddStringToObject(time, "date", when_date(day, text));
    cJSON_AddStringToObject(time, "timezone", "UTC");
}

static enum err create(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *calendar_id, const char **event_id, const cJSON **event)
{
    cJSON *body = json_object(cx->arena), *data = NULL;
    const char *query[] = {"idempotency_key", crypto_uuid(cx), NULL};
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_CREATE,
        .args = {calendar_id},
        .query = query,
        .body = body,
        .priority = FEISHU_WRITE,
    };
    add_date(body, "start_time", PROBE_DAY);
    add_date(body, "end_time", PROBE_DAY + 1);
    cJSON_AddStringToObject(body, "summary", "-");
    cJSON_AddStringToObject(body, "visibility", "private");
    cJSON_AddStringToObject(body, "free_busy_status", "busy");
    cJSON_AddBoolToObject(body, "need_notification", false);
    cJSON_AddStringToObject(
        cJSON_AddObjectToObject(body, "vchat"), "vc_type", "no_meeting");
    TRY(bridge_request(cx, bridge, account_id, &call, NULL, &data));
    *event = cJSON_GetObjectItemCaseSensitive(data, "event");
    *event_id = json_text(*event, "event_id");
    return **event_id ? ERR_OK : fail(cx, ERR_UPSTREAM_DOWN, "the probe has no id");
}

static void delete (struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *calendar_id, const char *event_id)
{
    const char *query[] = {"need_notification", "false", NULL};
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_DELETE,
        .args = {calendar_id, event_id},
        .query = query,
        .priority = FEISHU_WRITE,
    };
    if (bridge_request(cx, bridge, account_id, &call, NULL, NULL) &&
        bridge_request(cx, bridge, account_id, &call, NULL, NULL) &&
        cx->err != ERR_UPSTREAM_GONE)
        log_line(cx, LOG_INFO, LOG_SYNC,
            "the all-day probe of 2001-01-02 could not be removed: %s", ctx_error(cx));
}

/* The length of the busy time around the probe, in days; 0 when none is told. */
static int busy_days(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, const char *open_id)
{
    char from[WHEN_TEXT_BYTES], until[WHEN_TEXT_BYTES];
    cJSON *body = json_object(cx->arena), *data = NULL;
    const cJSON *item;
    const char *query[] = {"user_id_type", "open_id", NULL};
    int64_t first_s = INT64_MAX, last_s = 0, start_s, end_s;
    struct feishu_call call = {
        .endpoint = FEISHU_FREEBUSY_LIST,
        .query = query,
        .body = body,
        .priority = FEISHU_READ,
    };
    cJSON_AddStringToObject(
        body, "time_min", when_rfc3339((PROBE_DAY - 2) * (int64_t)DAY_S, from));
    cJSON_AddStringToObject(
        body, "time_max", when_rfc3339((PROBE_DAY + 5) * (int64_t)DAY_S, until));
    cJSON_AddStringToObject(body, "user_id", open_id);
    if (bridge_request(cx, bridge, account_id, &call, NULL, &data))
        return 0;
    cJSON_ArrayForEach(item, json_array(data, "freebusy_list"))
    {
        if (!when_parse_rfc3339(json_text(item, "start_time"), &start_s) ||
            !when_parse_rfc3339(json_text(item, "end_time"), &end_s))
            continue;
        first_s = start_s < first_s ? start_s : first_s;
        last_s = end_s > last_s ? end_s : last_s;
    }
    return last_s > first_s ? (int)((last_s - first_s + DAY_S / 2) / DAY_S) : 0;
}

static void judge(struct ctx *cx, struct bridge *bridge, const struct account *account,
    const cJSON *event, struct probe *probe)
{
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(event, "end_time");
    int64_t day;
    if (!when_parse_date(json_text(end, "date"), &day))
        return;
    int days =
        day == PROBE_DAY + 1 ? busy_days(cx, bridge, account->id, account->open_id) : 0;
    const struct {
        bool holds, read_end_exclusive, write_end_inclusive;
    } cases[] = {
        {day == PROBE_DAY + 2, true, true},
        {day == PROBE_DAY, false, false},
        {days == 2, false, true},
        {days == 1, true, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (cases[i].holds) {
            *probe = (struct probe){
                cases[i].read_end_exclusive, cases[i].write_end_inclusive, true};
            return;
        }
}

void allday_probe(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *primary_calendar_id)
{
    char *value = NULL;
    struct account account;
    struct probe probe = {0};
    const char *event_id;
    const cJSON *event;
    if (store_setting(cx, bridge->store, SETTING, &value) || value ||
        store_account(cx, bridge->store, account_id, &account))
        return;
    if (create(cx, bridge, account_id, primary_calendar_id, &event_id, &event)) {
        log_line(cx, LOG_INFO, LOG_SYNC, "all-day probe failed: %s", ctx_error(cx));
        return;
    }
    judge(cx, bridge, &account, event, &probe);
    delete (cx, bridge, account_id, primary_calendar_id, event_id);
    if (!probe.known)
        return;
    bridge->read_end_exclusive = probe.read_end_exclusive;
    bridge->write_end_inclusive = probe.write_end_inclusive;
    store_setting_set(cx, bridge->store, SETTING,
        arena_printf(cx->arena, "read-%s write-%s",
            probe.read_end_exclusive ? "exclusive" : "inclusive",
            probe.write_end_inclusive ? "inclusive" : "exclusive"));
}
