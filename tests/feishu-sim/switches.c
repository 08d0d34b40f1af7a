#include "switches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* allowed: positions separated by '|', the first is the default; or "number:<default>".
 */
static const struct row {
    const char *name, *allowed, *about;
} ROWS[N_SWITCHES] = {
    [SW_ACL_SUBSCRIBES] = {"acl_subscribes", "on|off",
        "a new access entry puts the calendar into the person's list"},
    [SW_ACL_TWICE] = {"acl_twice", "replace|refuse|keep",
        "16.23 access entry for somebody who has one"},
    [SW_ALLDAY_READ] = {"allday_read", "exclusive|inclusive",
        "16.1 end date in responses"},
    [SW_ALLDAY_WRITE] = {"allday_write", "inclusive|exclusive",
        "16.1 end date in requests"},
    [SW_ANCHOR_WITH_SYNC] = {"anchor_with_sync", "refuse|accept",
        "16.8 anchor_time beside sync_token (190009)"},
    [SW_APP] = {"app", "on|off|uninstalled",
        "the app itself; off: 99991662, 20069; uninstalled: 99991673, 20009"},
    [SW_ATTENDEE_TWICE] = {"attendee_twice", "ignore|refuse",
        "16.22 adding an attendee who is there"},
    [SW_BAD_TOKEN] = {"bad_token", "190002|190008", "a page or sync token nobody issued"},
    [SW_BOT] = {"bot", "on|off", "bot ability; off: 190007 with a tenant token"},
    [SW_CLEAR_EMPTY] = {"clear_empty", "clear|keep|text",
        "16.14 empty values in PATCH; text: only summary and description"},
    [SW_COUNT] = {"count", "accept|refuse", "16.2 COUNT in a rule (190014)"},
    [SW_DELETE_EXCEPTION] = {"delete_exception", "on|refuse|ignore", "16.18"},
    [SW_DELETE_MASTER] = {"delete_master", "leave|cascade",
        "16.16 what becomes of the exceptions"},
    [SW_DELETED_GET] = {"deleted_get", "refuse|cancelled", "5.10 GET of a deleted event"},
    [SW_DELETED_ITEMS] = {"deleted_items", "full|minimal|absent",
        "16.5 deleted events in an incremental list"},
    [SW_ERROR_LOG_ID] = {"error_log_id", "log_id|logid|absent", "1.4 spelling in errors"},
    [SW_FREE_BUSY_READER_LIST] = {"free_busy_reader_list", "refuse|opaque",
        "event list for a free_busy_reader"},
    [SW_FREEBUSY_ALLDAY] = {"freebusy_allday", "on|off", "16.29 all-day events count"},
    [SW_FREEBUSY_ORDER] = {"freebusy_order", "mixed|sorted", "16.29"},
    [SW_GEO_FLOAT32] = {"geo_float32", "on|off", "coordinates come back as float32"},
    [SW_LISTS_EMPTY] = {"lists_empty", "array|null|missing", "16.28"},
    [SW_OCCURRENCE_GET] = {"occurrence_get", "plain|not_found",
        "16.12 GET of an occurrence never touched"},
    [SW_OCCURRENCE_UNKNOWN] = {"occurrence_unknown", "not_found|accept",
        "16.13 writing an occurrence the rule does not have"},
    [SW_PAGE_SIZE_BELOW_MIN] = {"page_size_below_min", "refuse|clamp", "16.34"},
    [SW_PAGE_TOKEN_WITHOUT_ANCHOR] = {"page_token_without_anchor", "off|on",
        "16.7 off: a truncated page without token"},
    [SW_PARTICIPANT_PATCH] = {"participant_patch", "refuse|ignore", "16.38"},
    [SW_PRIMARY_ALIAS] = {"primary_alias", "refuse|accept",
        "16.19 the word primary as calendar id, user tokens"},
    [SW_PUSH_DETAILS] = {"push_details", "off|on",
        "11.2 members in limited release: calendar_event_id, change_type, rsvp_infos"},
    [SW_PUSH_WINDOW_MS] = {"push_window_ms", "number:3000",
        "11.2 changes of one event are told together"},
    [SW_RATE_LIMIT] = {"rate_limit", "on|off", "token buckets per method"},
    [SW_RATE_PER_MINUTE] = {"rate_per_minute", "number:1000", "bound of level 4 methods"},
    [SW_RATE_PER_SECOND] = {"rate_per_second", "number:50", "bound of level 4 methods"},
    [SW_RECORD_CALLS] = {"record_calls", "on|off", "keep the list of calls"},
    [SW_REFRESH_TOKENS] = {"refresh_tokens", "on|off|missing",
        "off: app may not refresh (20074); missing: none is issued"},
    [SW_RESTORE_CANCELLED] = {"restore_cancelled", "patch|refuse",
        "16.17 PATCH of a cancelled occurrence"},
    [SW_ROOM_DELAY_MS] = {"room_delay_ms", "number:2000", "until a room answers"},
    [SW_RRULE_PARTS] = {"rrule_parts", "wide|named", "16.3 accepted parts"},
    [SW_RRULE_PREFIX] = {"rrule_prefix", "off|on", "16.4 RRULE: in responses"},
    [SW_SELF_RSVP] = {"self_rsvp", "on|off", "self_rsvp_status in responses"},
    [SW_SERIES_TIME_CHANGE] = {"series_time_change", "keep|drop",
        "5.8 exceptions of a series whose start moved"},
    [SW_STRINGS_EMPTY] = {"strings_empty", "text|missing|null", "16.28 optional texts"},
    [SW_SUB_MINUTE] = {"sub_minute", "accept|refuse", "16.37 times with seconds"},
    [SW_SYNC_PAGE_TOKEN] = {"sync_page_token", "either|alone|both",
        "16.9 page_token of an incremental read"},
    [SW_SYNC_REMEMBERS_ANCHOR] = {"sync_remembers_anchor", "off|on", "16.8"},
    [SW_THIRD_PARTY_ATTENDEE] = {"third_party_attendee", "accept|refuse|invalid",
        "16.22 refuse: 194004, invalid: 190002"},
    [SW_TIMED_ALLDAY_PATCH] = {"timed_allday_patch", "accept|refuse", "16.15"},
    [SW_TOKEN_V2] = {"token_v2", "on|404", "token endpoint v2"},
    [SW_TOKEN_V3] = {"token_v3", "on|404", "16.40 token endpoint v3"},
    [SW_UNTIL_FORM] = {"until_form", "kept|date", "5.4 form of UNTIL in responses"},
    [SW_WRITE_LAG_MS] = {"write_lag_ms", "number:0", "5.19 until a write can be read"},
    [SW_ZERO_LENGTH] = {"zero_length", "accept|refuse", "16.37 end equals start"},
    [SW_ZONE_ALIASES] = {"zone_aliases", "refuse|accept", "16.24"},
    [SW_ZONE_PATCH] = {"zone_patch", "accept|refuse",
        "16.36 other zone by PATCH of a series"},
};

static struct {
    size_t from, length; /* position inside row->allowed */
    int64_t number;
} state[N_SWITCHES];

static bool is_number(const struct row *row)
{
    return strncmp(row->allowed, "number:", 7) == 0;
}

/* Finds a position among the allowed ones. */
static bool find(
    const struct row *row, const char *position, size_t *from, size_t *length)
{
    for (const char *at = row->allowed;;) {
        size_t n = strcspn(at, "|");

        if (strlen(position) == n && strncmp(at, position, n) == 0) {
            *from = (size_t)(at - row->allowed);
            *length = n;
            return true;
        }
        if (!at[n])
            return false;
        at += n + 1;
    }
}

bool sw_is(enum sw which, const char *position)
{
    size_t from, length;

    if (!find(&ROWS[which], position, &from, &length))
        abort();
    return state[which].from == from;
}

int64_t sw_number(enum sw which)
{
    return state[which].number;
}

void sw_defaults(void)
{
    for (size_t i = 0; i < N_SWITCHES; i++) {
        state[i].from = 0;
        state[i].length = strcspn(ROWS[i].allowed, "|");
        state[i].number =
            is_number(&ROWS[i]) ? strtoll(ROWS[i].allowed + 7, NULL, 10) : 0;
    }
}

static bool set_one(size_t i, const cJSON *value)
{
    const char *text = cJSON_GetStringValue(value);
    char digits[24];

    if (is_number(&ROWS[i])) {
        if (!cJSON_IsNumber(value) || value->valuedouble < 0)
            return false;
        state[i].number = (int64_t)value->valuedouble;
        return true;
    }
    if (cJSON_IsNumber(value)) {
        snprintf(digits, sizeof digits, "%d", value->valueint);
        text = digits;
    }
    if (cJSON_IsBool(value))
        text = cJSON_IsTrue(value) ? "on" : "off";
    return text && find(&ROWS[i], text, &state[i].from, &state[i].length);
}

char *sw_set(const cJSON *values)
{
    const cJSON *value;

    cJSON_ArrayForEach(value, values)
    {
        size_t i = 0;

        while (i < N_SWITCHES && strcmp(ROWS[i].name, value->string) != 0)
            i++;
        if (i == N_SWITCHES)
            return xfmt("unknown switch %s", value->string);
        if (!set_one(i, value))
            return xfmt("switch %s takes %s", value->string, ROWS[i].allowed);
    }
    return NULL;
}

static void print_one(struct buf *out, size_t i)
{
    const struct row *row = &ROWS[i];

    jw_open(out, row->name, '{');
    if (is_number(row)) {
        jw_int(out, "value", state[i].number);
        jw_int(out, "default", strtoll(row->allowed + 7, NULL, 10));
        jw_str(out, "allowed", "a number");
    } else {
        jw_strn(out, "value", row->allowed + state[i].from, state[i].length);
        jw_strn(out, "default", row->allowed, strcspn(row->allowed, "|"));
        jw_open(out, "allowed", '[');
        for (const char *at = row->allowed; *at;) {
            size_t n = strcspn(at, "|");

            jw_strn(out, NULL, at, n);
            at += n + (at[n] == '|');
        }
        jw_close(out, ']');
    }
    jw_str(out, "about", row->about);
    jw_close(out, '}');
}

void sw_print(struct buf *out, const char *key)
{
    jw_open(out, key, '{');
    for (size_t i = 0; i < N_SWITCHES; i++)
        print_one(out, i);
    jw_close(out, '}');
}
