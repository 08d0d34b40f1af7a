#include "ical/tzif.h"
#include "ical/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400
/* Where the first offset has no beginning: as Windows and Outlook write it. */
#define DAWN "16010101T000000"
#define PLAIN_START "19700101T000000"
/* Tables that are irregular beyond this year are forecasts (Morocco, Gaza). */
#define FORECAST_YEAR 2037

/* One STANDARD or DAYLIGHT. */
struct observance {
    bool daylight;
    int from_s, to_s;
    const char *abbr, *start, *rule; /* rule NULL = none */
    LIST(const char *) dates;        /* further onsets */
};

static const char *offset_text(struct ctx *cx, int offset_s)
{
    int abs_s = abs(offset_s);
    const char *sign = offset_s < 0 ? "-" : "+";
    if (abs_s % 60)
        return arena_printf(
            cx->arena, "%s%02d%02d%02d", sign, abs_s / 3600, abs_s / 60 % 60, abs_s % 60);
    return arena_printf(cx->arena, "%s%02d%02d", sign, abs_s / 3600, abs_s / 60 % 60);
}

static void add_observance(
    struct ctx *cx, struct comp *vtimezone, const struct observance *one)
{
    struct comp *sub = comp_new(cx, one->daylight ? "DAYLIGHT" : "STANDARD");
    comp_add_line(cx, sub, line_new(cx, "DTSTART:%s", one->start));
    if (one->rule)
        comp_add_line(cx, sub, line_new(cx, "RRULE:%s", one->rule));
    if (one->dates.n) {
        struct buf dates = buf_new(cx->arena);
        for (size_t i = 0; i < one->dates.n; i++)
            buf_printf(&dates, "%s%s", i ? "," : "", one->dates.items[i]);
        comp_add_line(cx, sub, line_new(cx, "RDATE:%s", buf_str(&dates)));
    }
    comp_add_line(cx, sub, line_new(cx, "TZNAME:%s", one->abbr));
    comp_add_line(cx, sub, line_new(cx, "TZOFFSETFROM:%s", offset_text(cx, one->from_s)));
    comp_add_line(cx, sub, line_new(cx, "TZOFFSETTO:%s", offset_text(cx, one->to_s)));
    comp_add_sub(cx, vtimezone, sub);
}

/* An onset in the local time before it (RFC 5545 3.6.5). */
static const char *onset_text(struct ctx *cx, int64_t at_s, int from_s)
{
    char text[WHEN_TEXT_BYTES];
    when_ics_utc(at_s + from_s, text);
    text[strlen(text) - 1] = '\0';
    return arena_strdup(cx->arena, text);
}

/* Ireland and Morocco keep "daylight saving time" in which the clock goes back; iCalendar
 * knows only the other kind. */
static bool is_daylight(const struct zone_type *before, const struct zone_type *type)
{
    if (type->dst && type->offset_s < before->offset_s)
        return false;
    if (!type->dst && before->dst && type->offset_s > before->offset_s)
        return true;
    return type->dst;
}

/* Adds the transitions [first, last), equal ones in one observance. */
static void add_history(struct ctx *cx, struct comp *vtimezone, const struct zone *zone,
    size_t first, size_t last)
{
    LIST(struct observance) list = {.n = 0};
    for (size_t i = first; i < last; i++) {
        const struct zone_type *before = zone_type_before(zone, i);
        const struct zone_type *type = &zone->types[zone->type_of[i]];
        const char *onset = onset_text(cx, zone->at_s[i], before->offset_s);
        bool daylight = is_daylight(before, type);
        struct observance *one = NULL;
        for (size_t k = 0; k < list.n && !one; k++)
            if (list.items[k].from_s == before->offset_s &&
                list.items[k].to_s == type->offset_s &&
                list.items[k].daylight == daylight &&
                !strcmp(list.items[k].abbr, type->abbr))
                one = &list.items[k];
        if (one) {
            LIST_ADD(cx->arena, &one->dates, onset);
            continue;
        }
        LIST_ADD(cx->arena, &list,
            ((struct observance){
                .daylight = daylight,
                .from_s = before->offset_s,
                .to_s = type->offset_s,
                .abbr = type->abbr,
                .start = onset,
            }));
    }
    for (size_t i = 0; i < list.n; i++)
        add_observance(cx, vtimezone, &list.items[i]);
}

/* A change of the footer as an RRULE; NULL when RFC 5545 cannot say it. */
static const char *change_rule(struct ctx *cx, const struct posix_change *change)
{
    static const char days[][3] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (change->kind != POSIX_DAY_MONTH_WEEK)
        return NULL;
    /* Times before 0:00 or from 24:00 on belong to another day than the one counted. */
    int shift = change->time_s >= 0 ? change->time_s / DAY_S
                                    : -((DAY_S - 1 - change->time_s) / DAY_S);
    int length = month_days[change->month - 1];
    const char *weekday = days[((change->weekday + shift) % 7 + 7) % 7];
    if (!shift)
        return arena_printf(cx->arena, "FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s", change->month,
            change->week == 5 ? -1 : change->week, weekday);
    int first = (change->week == 5 ? length - 6 : 7 * change->week - 6) + shift;
    if (first < 1 || first + 6 > length || (change->week == 5 && change->month == 2))
        return NULL;
    return arena_printf(cx->arena,
        "FREQ=YEARLY;BYMONTH=%d;BYMONTHDAY=%d,%d,%d,%d,%d,%d,%d;BYDAY=%s", change->month,
        first, first + 1, first + 2, first + 3, first + 4, first + 5, first + 6, weekday);
}

/* The footer's two changes for ever, from the given instants on. */
static void add_rules(struct ctx *cx, struct comp *vtimezone, const struct zone *zone,
    int64_t to_dst_s, int64_t to_std_s)
{
    const struct posix_tz *rule = &zone->rule;
    bool turned = rule->dst_offset_s < rule->std_offset_s;
    struct observance dst = {
        .daylight = !turned,
        .from_s = rule->std_offset_s,
        .to_s = rule->dst_offset_s,
        .abbr = rule->dst_abbr,
        .start = onset_text(cx, to_dst_s, rule->std_offset_s),
        .rule = change_rule(cx, &rule->to_dst),
    };
    struct observance std = {
        .daylight = turned,
        .from_s = rule->dst_offset_s,
        .to_s = rule->std_offset_s,
        .abbr = rule->std_abbr,
        .start = onset_text(cx, to_std_s, rule->dst_offset_s),
        .rule = change_rule(cx, &rule->to_std),
    };
    add_observance(cx, vtimezone, to_dst_s < to_std_s ? &dst : &std);
    add_observance(cx, vtimezone, to_dst_s < to_std_s ? &std : &dst);
}

static bool can_rule(struct ctx *cx, const struct zone *zone)
{
    return zone->has_rule && zone->rule.has_dst && change_rule(cx, &zone->rule.to_dst) &&
        change_rule(cx, &zone->rule.to_std);
}

/* The first transition behind an instant. */
static size_t transition_after(const struct zone *zone, int64_t unix_s)
{
    size_t i = 0;
    while (i < zone->n && zone->at_s[i] <= unix_s)
        i++;
    return i;
}

/* What was in force before the first printed transition. */
static void add_first(struct ctx *cx, struct comp *vtimezone, const struct zone *zone,
    size_t next, const char *start)
{
    const struct zone_type *type = zone_type_before(zone, next);
    if (start || next == 0) {
        struct observance one = {
            .daylight = false,
            .from_s = type->offset_s,
            .to_s = type->offset_s,
            .abbr = type->abbr,
            .start = start ? start : DAWN,
        };
        add_observance(cx, vtimezone, &one);
    } else {
        add_history(cx, vtimezone, zone, next - 1, next);
    }
}

/* A zone whose present has no daylight saving time: transitions up to the one behind
 * until_s that brings the present offset. */
static void add_fixed(struct ctx *cx, struct comp *vtimezone, const struct zone *zone,
    size_t next, int64_t from_s, int64_t until_s)
{
    const struct zone_type *last = zone_type_before(zone, zone->n);
    size_t stop = next;
    while (stop < zone->n &&
        (zone->at_s[stop] <= until_s || zone->rule.has_dst ||
            zone_type_before(zone, stop)->offset_s != last->offset_s))
        stop++;
    if (stop == next)
        add_first(cx, vtimezone, zone, next, from_s >= 0 ? PLAIN_START : DAWN);
    else
        add_first(cx, vtimezone, zone, next, NULL);
    add_history(cx, vtimezone, zone, next, stop);
}

static void add_ruled(struct ctx *cx, struct comp *vtimezone, const struct zone *zone,
    size_t next, int64_t until_s)
{
    size_t era = zone->era;
    if (next > era) {
        next = era; /* the rules alone */
    } else {
        add_first(cx, vtimezone, zone, next, NULL);
    }
    int64_t forecast_s = civil_days(FORECAST_YEAR, 1, 1) * DAY_S;
    int64_t change_s[2];
    if (era + 1 < zone->n &&
        (zone->at_s[era] < forecast_s || until_s >= zone->at_s[era])) {
        bool dst_first = zone->type_of[era] == zone->dst_type;
        change_s[dst_first ? 0 : 1] = zone->at_s[era];
        change_s[dst_first ? 1 : 0] = zone->at_s[era + 1];
    } else {
        posix_tz_year(&zone->rule, civil_from_seconds(until_s > 0 ? until_s : 0).year + 1,
            &change_s[0], &change_s[1]);
        era = transition_after(
            zone, change_s[0] < change_s[1] ? change_s[0] - 1 : change_s[1] - 1);
    }
    if (next < era)
        add_history(cx, vtimezone, zone, next, era);
    add_rules(cx, vtimezone, zone, change_s[0], change_s[1]);
}

struct comp *zone_vtimezone(
    struct ctx *cx, const struct zone *zone, int64_t from_s, int64_t until_s)
{
    struct comp *vtimezone = comp_new(cx, "VTIMEZONE");
    size_t next = transition_after(zone, from_s);
    comp_add_line(cx, vtimezone, line_new(cx, "TZID:%s", zone->name));
    if (can_rule(cx, zone))
        add_ruled(cx, vtimezone, zone, next, until_s);
    else
        add_fixed(cx, vtimezone, zone, next, from_s, until_s);
    return vtimezone;
}
