#include "ical/ics.h"

#include <string.h>

#define DAY_S 86400
#define MAX_DURATION_DAYS 3660000 /* ten thousand years */

static const struct comp *find_vtimezone(const struct comp *calendar, const char *tzid)
{
    const struct comp *sub;
    for (size_t at = 0; calendar && (sub = comp_next_sub(calendar, "VTIMEZONE", &at));) {
        const struct line *line = comp_line(sub, "TZID");
        if (line && str_eq(line->value, tzid))
            return sub;
    }
    return NULL;
}

enum err ics_time_value(struct ctx *cx, const struct comp *calendar,
    const struct line *line, const char *value, struct ics_time *time)
{
    struct ics_time read = {.set = true};
    bool is_utc;
    if (!when_parse_ics(value, &read.civil, &read.is_date, &is_utc))
        return fail(cx, ERR_VALID_CALENDAR_DATA, "%s is not a time: \"%.40s\"",
            line->name, value);
    if (read.civil.year < ICS_MIN_YEAR)
        return fail(cx, ERR_VALID_CALENDAR_DATA, "%s is in an absurd year: \"%.40s\"",
            line->name, value);
    read.tzid = line_param(line, "TZID");
    if (!read.is_date && str_ieq(line_param(line, "VALUE"), "DATE")) {
        /* Some clients write midnight for a date. */
        read.is_date = true;
        read.civil.hour = read.civil.minute = read.civil.second = 0;
    }
    if (is_utc && !read.is_date) {
        read.zone = zone_utc();
    } else if (!read.is_date && !str_empty(read.tzid)) {
        const struct comp *vtimezone = find_vtimezone(calendar, read.tzid);
        read.zone = zone_from_tzid(cx, read.tzid, vtimezone);
        if (!read.zone) /* RFC 7809 section 3.1.4 for those by name alone */
            return fail(cx, vtimezone ? ERR_VALID_CALENDAR_DATA : ERR_VALID_TIMEZONE,
                "unknown time zone \"%.80s\"", read.tzid);
    }
    *time = read;
    return ERR_OK;
}

enum err ics_time(struct ctx *cx, const struct comp *calendar, const struct line *line,
    struct ics_time *time)
{
    const char *value = line->value;
    size_t len = strlen(value);
    if (len && strchr(" \t", value[len - 1]))
        value = str_trim(cx->arena, value);
    return ics_time_value(cx, calendar, line, value, time);
}

int64_t ics_time_unix(const struct ics_time *time, const struct zone *floating)
{
    const struct zone *zone = time->zone ? time->zone : floating ? floating : zone_utc();
    return zone_to_unix(zone, &time->civil);
}

bool ics_duration(const char *text, int64_t *days, int64_t *seconds)
{
    static const struct {
        char unit;
        bool time;
        int64_t days, seconds;
    } units[] = {
        {'W', false, 7, 0},
        {'D', false, 1, 0},
        {'H', true, 0, 3600},
        {'M', true, 0, 60},
        {'S', true, 0, 1},
    };
    int64_t d = 0, s = 0, sign = *text == '-' ? -1 : 1;
    bool in_time = false;
    size_t next = 0; /* units come in this order, each once */
    text += *text == '-' || *text == '+';
    if (*text++ != 'P' || !*text)
        return false;
    while (*text) {
        int64_t n = 0;
        if (*text == 'T' && !in_time) {
            in_time = true;
            text++;
            /* "P1DT", from Apple's programs */
            if (!*text && next)
                break;
        }
        const char *digits = text;
        for (; *text >= '0' && *text <= '9'; text++) {
            n = n * 10 + (*text - '0');
            if (n > MAX_DURATION_DAYS * (int64_t)DAY_S)
                return false;
        }
        while (next < 5 && (units[next].unit != *text || units[next].time != in_time))
            next++;
        if (text == digits || next == 5)
            return false;
        d += n * units[next].days;
        s += n * units[next].seconds;
        next++;
        text++;
    }
    if (d > MAX_DURATION_DAYS || s > MAX_DURATION_DAYS * (int64_t)DAY_S)
        return false;
    *days = sign * d;
    *seconds = sign * s;
    return true;
}

void ics_time_add(struct ics_time *time, int64_t days, int64_t seconds)
{
    time->civil = civil_from_seconds(civil_seconds(&time->civil) + days * DAY_S);
    if (time->is_date) {
        /* A part of a day makes the day full. */
        int64_t more = (seconds + (seconds > 0 ? DAY_S - 1 : 0)) / DAY_S;
        time->civil = civil_from_seconds(civil_seconds(&time->civil) + more * DAY_S);
    } else if (seconds && time->zone) {
        int64_t unix_s = zone_to_unix(time->zone, &time->civil) + seconds;
        time->civil = zone_to_local(time->zone, unix_s);
        if (zone_to_unix(time->zone, &time->civil) != unix_s) {
            /* The second of two equal wall clocks (RFC 5545 3.3.5). */
            time->zone = zone_utc();
            time->civil = zone_to_local(time->zone, unix_s);
            time->tzid = NULL;
        }
    } else if (seconds) {
        time->civil = civil_from_seconds(civil_seconds(&time->civil) + seconds);
    }
}

enum err ics_event_times(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, struct ics_time *start, struct ics_time *end)
{
    const struct line *dtstart = comp_line(event, "DTSTART");
    const struct line *dtend = comp_line(event, "DTEND");
    const struct line *duration = comp_line(event, "DURATION");
    struct ics_time from, until;
    int64_t days = 0, seconds = 0;
    if (!dtstart)
        return fail(cx, ERR_VALID_CALENDAR_DATA, "%s without DTSTART", event->name);
    TRY(ics_time(cx, calendar, dtstart, &from));
    until = from;
    if (dtend) {
        TRY(ics_time(cx, calendar, dtend, &until));
        if (until.is_date && !from.is_date)
            until.zone = from.zone;
    } else if (duration) {
        if (!ics_duration(duration->value, &days, &seconds))
            return fail(cx, ERR_VALID_CALENDAR_DATA, "DURATION is broken: \"%.40s\"",
                duration->value);
        ics_time_add(&until, days, seconds);
    }
    /* The default, and what clients mean that write the last day instead of the one after
     * it. */
    if (from.is_date && until.is_date &&
        civil_seconds(&until.civil) <= civil_seconds(&from.civil) &&
        (!dtend || civil_seconds(&until.civil) == civil_seconds(&from.civil))) {
        until = from;
        ics_time_add(&until, 1, 0);
    }
    *start = from;
    *end = until;
    return ERR_OK;
}
