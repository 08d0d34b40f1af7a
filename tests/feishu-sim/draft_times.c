#include "draft_times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "rule.h"
#include "switches.h"
#include "zone.h"

#define TIMESTAMP_MAX 16725225600LL
#define ZONE_MISSING "Asia/Shanghai"

static int bad(struct reply *rp, const char *prefix, const char *name, const char *value,
    const char *why)
{
    char field[96];

    snprintf(field, sizeof field, "%s.%s", prefix, name);
    return refuse_field(rp, 190014, field, value, why);
}

static int read_zone(
    struct reply *rp, const char *prefix, const char *name, struct when *out)
{
    if (!name)
        name = ZONE_MISSING;
    if (strlen(name) >= sizeof out->zone || !zone_find(name))
        return bad(rp, prefix, "timezone", name, "not a time zone");
    if (sw_is(SW_ZONE_ALIASES, "refuse") && !zone_is_canonical(name))
        return bad(rp, prefix, "timezone", name, "not a canonical IANA time zone");
    memcpy(out->zone, name, strlen(name) + 1);
    return 0;
}

int time_read(struct reply *rp, const cJSON *value, const char *prefix, struct when *out)
{
    const char *date = json_filled(value, "date"),
               *stamp = json_filled(value, "timestamp");
    size_t n = stamp ? strlen(stamp) : 0;

    *out = (struct when){0};
    if (date && stamp)
        return refuse_with(
            rp, 190002, "%s: date and timestamp exclude each other", prefix);
    if (date) {
        out->all_day = true;
        snprintf(out->zone, sizeof out->zone, "UTC");
        if (!date_parse(date, &out->at))
            return bad(rp, prefix, "date", date, "not a date");
        return 0;
    }
    if (!stamp || n > 11 || strspn(stamp, "0123456789") != n)
        return bad(rp, prefix, "timestamp", stamp, "not a time in seconds");
    out->at = strtoll(stamp, NULL, 10);
    if (out->at < 1 || out->at > TIMESTAMP_MAX)
        return bad(rp, prefix, "timestamp", stamp, "out of range");
    if (out->at % 60 && sw_is(SW_SUB_MINUTE, "refuse"))
        return bad(rp, prefix, "timestamp", stamp, "not a whole minute");
    return read_zone(rp, prefix, json_filled(value, "timezone"), out);
}

int times_read(struct reply *rp, const cJSON *start, const cJSON *end,
    struct when *start_out, struct when *end_out)
{
    struct when from, to;

    if (time_read(rp, start, "start_time", &from) || time_read(rp, end, "end_time", &to))
        return rp->code;
    if (from.all_day != to.all_day)
        return bad(rp, "end_time", "date", "", "start and end are not of one kind");
    if (to.at < from.at)
        return bad(rp, "end_time", to.all_day ? "date" : "timestamp", "",
            "the end is before the start");
    if (to.all_day && sw_is(SW_ALLDAY_WRITE, "inclusive"))
        to.at += 86400;
    if (to.at == from.at && sw_is(SW_ZERO_LENGTH, "refuse"))
        return bad(rp, "end_time", to.all_day ? "date" : "timestamp", "",
            "the end equals the start");
    if (to.at == from.at && to.all_day)
        to.at += 86400;
    *start_out = from;
    *end_out = to;
    return 0;
}

int rule_read(struct reply *rp, const char *text, char **out)
{
    struct rule rule;
    const char *wrong =
        rule_parse(text, sw_is(SW_RRULE_PARTS, "named") ? RULE_NAMED : RULE_WIDE, &rule);

    if (wrong && strstr(wrong, "exclude"))
        return refuse(rp, 190002);
    if (wrong)
        return refuse_field(rp, 190014, "recurrence", text, wrong);
    if (rule.count && sw_is(SW_COUNT, "refuse"))
        return refuse_field(rp, 190014, "recurrence", text, "COUNT is not supported");
    *out = rule_normalise(text);
    return 0;
}
