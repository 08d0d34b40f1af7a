#include "relative.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "mem.h"
#include "switches.h"
#include "zone.h"

static double number(const cJSON *object, const char *name, double missing)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(v) ? v->valuedouble : missing;
}

static const char *text(const cJSON *object, const char *name, const char *missing)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return s ? s : missing;
}

/* Local day number meant by {"day": n} or {"week": n, "weekday": "TU"}. */
static bool day_of(const cJSON *when, const struct zone *zone, int64_t *out)
{
    static const char *const names[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    int64_t now = clock_s(), today = (now + zone_offset(zone, now)) / 86400;
    const char *weekday = text(when, "weekday", NULL);

    if (!weekday) {
        *out = today + (int64_t)number(when, "day", 0);
        return true;
    }
    for (int i = 0; i < 7; i++)
        if (strcmp(names[i], weekday) == 0) {
            *out = today - (today + 3) % 7 + i + 7 * (int64_t)number(when, "week", 0);
            return true;
        }
    return false;
}

static void add_date(cJSON *event, const char *name, int64_t day)
{
    cJSON *time = cJSON_AddObjectToObject(event, name);
    char date[11];

    date_print(day * 86400, date);
    cJSON_AddStringToObject(time, "date", date);
    cJSON_AddStringToObject(time, "timezone", "UTC");
}

static void add_time(cJSON *event, const char *name, int64_t at, const char *zone)
{
    cJSON *time = cJSON_AddObjectToObject(event, name);
    char digits[24];

    snprintf(digits, sizeof digits, "%lld", (long long)at);
    cJSON_AddStringToObject(time, "timestamp", digits);
    cJSON_AddStringToObject(time, "timezone", zone);
}

static char *resolve_when(cJSON *event, const cJSON *when)
{
    const char *zone_name = text(when, "timezone", "Asia/Shanghai");
    const char *time = text(when, "time", NULL);
    const struct zone *zone = zone_find(zone_name);
    int64_t day, start, days = (int64_t)number(when, "days", 1);
    int hour, minute;

    if (!zone)
        return xfmt("when: no time zone %s", zone_name);
    if (!day_of(when, zone, &day))
        return xfmt("when: weekday is not MO to SU");
    if (!time) {
        add_date(event, "start_time", day);
        add_date(event, "end_time", day + days - sw_is(SW_ALLDAY_WRITE, "inclusive"));
        return NULL;
    }
    if (sscanf(time, "%d:%d", &hour, &minute) != 2)
        return xfmt("when: time is not hh:mm");
    start = zone_to_utc(zone, day * 86400 + hour * 3600 + minute * 60);
    add_time(event, "start_time", start, zone_name);
    add_time(event, "end_time", start + (int64_t)(number(when, "minutes", 60) * 60),
        zone_name);
    return NULL;
}

/* UNTIL as the Feishu client writes it: the last second of the local day, in UTC. */
static void resolve_until(cJSON *event, const cJSON *when, double until_day)
{
    const char *zone_name = text(when, "timezone", "Asia/Shanghai");
    const struct zone *zone = zone_find(zone_name);
    int64_t now = clock_s(),
            day = (now + zone_offset(zone, now)) / 86400 + (int64_t)until_day;
    char iso[32], compact[17], *rule;
    size_t n = 0;

    rfc3339_print(zone_to_utc(zone, day * 86400 + 86399), 0, iso);
    for (size_t i = 0; i < 19; i++)
        if (iso[i] != '-' && iso[i] != ':')
            compact[n++] = iso[i];
    compact[n] = '\0';
    rule = xfmt("%s;UNTIL=%sZ", text(event, "recurrence", "FREQ=DAILY"), compact);
    cJSON_DeleteItemFromObjectCaseSensitive(event, "recurrence");
    cJSON_AddStringToObject(event, "recurrence", rule);
    free(rule);
}

char *relative_resolve(cJSON *event)
{
    cJSON *when = cJSON_DetachItemFromObjectCaseSensitive(event, "when");
    cJSON *until = cJSON_DetachItemFromObjectCaseSensitive(event, "until_day");
    char *complaint = when ? resolve_when(event, when) : NULL;

    if (!complaint && cJSON_IsNumber(until))
        resolve_until(event, when, until->valuedouble);
    cJSON_Delete(when);
    cJSON_Delete(until);
    return complaint;
}
