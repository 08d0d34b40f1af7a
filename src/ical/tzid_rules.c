#include "ical/tzid_rules.h"

#include "ical/recur.h"
#include "ical/tzid_names.h"
#include "ical/tzif.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S ((int64_t)86400)
#define YEAR_S (365 * DAY_S)
#define WINDOW_YEARS 5
#define SAMPLE_S (30 * DAY_S)
#define MAX_ONSETS 1000

/* A change of a VTIMEZONE. */
struct onset {
    int64_t at_s;
    int from_s, to_s;
};
struct timeline {
    LIST(struct onset) onsets;
    int64_t last_start_s; /* the last DTSTART */
};
struct sample {
    int64_t at_s;
    int offset_s;
};
struct samples {
    LIST(struct sample) list;
};

bool tzid_offset(const char *text, int *offset_s)
{
    int digits[6] = {0}, n = 0, sign = *text == '-' ? -1 : 1;
    if (*text != '+' && *text != '-')
        return false;
    for (text++; *text; text++) {
        if (*text == ':')
            continue;
        if (*text < '0' || *text > '9' || n == 6)
            return false;
        digits[n++] = *text - '0';
    }
    if (n < 2 || n % 2)
        return false;
    *offset_s = sign *
        ((digits[0] * 10 + digits[1]) * 3600 + (digits[2] * 10 + digits[3]) * 60 +
            digits[4] * 10 + digits[5]);
    return abs(*offset_s) <= 26 * 3600;
}

static void add_onset(
    struct ctx *cx, struct timeline *timeline, int64_t wall_s, int from_s, int to_s)
{
    if (timeline->onsets.n < MAX_ONSETS)
        LIST_ADD(cx->arena, &timeline->onsets,
            ((struct onset){.at_s = wall_s - from_s, .from_s = from_s, .to_s = to_s}));
}

static void add_rule(struct ctx *cx, struct timeline *timeline, const char *rule,
    const struct civil *start, const struct onset *one, int64_t from_s, int64_t until_s)
{
    struct recur *recur;
    int64_t wall_s;
    if (recur_open(cx, rule, start, false, &recur) != ERR_OK)
        return;
    const struct recur_until *until = recur_until(recur);
    if (until->set) {
        int64_t last_s = civil_seconds(&until->civil);
        recur_stop(recur,
            until->is_utc ? last_s + one->from_s
                          : last_s + (until->is_date ? DAY_S - 1 : 0));
    }
    recur_seek(recur, from_s - YEAR_S);
    while (recur_next(recur, &wall_s) && wall_s < until_s)
        add_onset(cx, timeline, wall_s, one->from_s, one->to_s);
}

/* The onsets of one STANDARD or DAYLIGHT, those of its rule only between from_s (less a
 * year) and until_s. */
static void add_observance(struct ctx *cx, struct timeline *timeline,
    const struct comp *sub, int64_t from_s, int64_t until_s)
{
    const struct line *start = comp_line(sub, "DTSTART"), *line;
    const struct line *from = comp_line(sub, "TZOFFSETFROM"),
                      *to = comp_line(sub, "TZOFFSETTO");
    struct onset one;
    struct civil civil;
    bool is_date, is_utc;
    if (!start || !to || !tzid_offset(to->value, &one.to_s) ||
        !when_parse_ics(start->value, &civil, &is_date, &is_utc))
        return;
    if (!from || !tzid_offset(from->value, &one.from_s))
        one.from_s = one.to_s;
    int64_t start_s = civil_seconds(&civil);
    add_onset(cx, timeline, start_s, one.from_s, one.to_s);
    if (start_s > timeline->last_start_s)
        timeline->last_start_s = start_s;
    for (size_t at = 0; (line = comp_next_line(sub, "RRULE", &at));)
        add_rule(cx, timeline, line->value, &civil, &one, from_s, until_s);
    for (size_t at = 0; (line = comp_next_line(sub, "RDATE", &at));) {
        char **values = str_split(cx->arena, line->value, ',');
        for (; *values; values++)
            if (when_parse_ics(*values, &civil, &is_date, &is_utc))
                add_onset(cx, timeline, civil_seconds(&civil), one.from_s, one.to_s);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct onset *x = a, *y = b;
    return (x->at_s > y->at_s) - (x->at_s < y->at_s);
}

static bool read_timeline(struct ctx *cx, const struct comp *vtimezone, int64_t from_s,
    int64_t until_s, struct timeline *timeline)
{
    *timeline = (struct timeline){.last_start_s = INT64_MIN};
    for (size_t i = 0; i < vtimezone->items.n; i++) {
        const struct comp *sub = vtimezone->items.items[i].comp;
        if (sub && (str_eq(sub->name, "STANDARD") || str_eq(sub->name, "DAYLIGHT")))
            add_observance(cx, timeline, sub, from_s, until_s);
    }
    if (timeline->onsets.n)
        qsort(timeline->onsets.items, timeline->onsets.n, sizeof(struct onset), by_time);
    return timeline->onsets.n > 0;
}

static int timeline_offset(const struct timeline *timeline, int64_t at_s)
{
    int offset_s = timeline->onsets.items[0].from_s;
    for (size_t i = 0; i < timeline->onsets.n && timeline->onsets.items[i].at_s <= at_s;
         i++)
        offset_s = timeline->onsets.items[i].to_s;
    return offset_s;
}

static void add_sample(struct ctx *cx, struct samples *samples,
    const struct timeline *timeline, int64_t at_s)
{
    LIST_ADD(cx->arena, &samples->list,
        ((struct sample){.at_s = at_s, .offset_s = timeline_offset(timeline, at_s)}));
}

static bool agrees(const struct zone *zone, const struct samples *samples)
{
    for (size_t i = 0; i < samples->list.n; i++) {
        const struct sample *sample = &samples->list.items[i];
        if (zone_offset_s(zone, sample->at_s) != sample->offset_s)
            return false;
    }
    return true;
}

/* The zones of zone.tab: the third column. */
static const struct zone *search_tab(struct ctx *cx, const struct samples *samples)
{
    for (const char *row = zone_tab_text(); *row;
         row += strcspn(row, "\n"), row += *row == '\n') {
        size_t len = strcspn(row, "\n");
        const char *tab = *row == '#' ? NULL : memchr(row, '\t', len);
        const char *name =
            tab ? memchr(tab + 1, '\t', len - (size_t)(tab + 1 - row)) : NULL;
        if (!name)
            continue;
        const struct zone *zone =
            zone_find(arena_strndup(cx->arena, name + 1, strcspn(name + 1, "\t\n")));
        if (zone && agrees(zone, samples))
            return zone;
    }
    return NULL;
}

/* Of many that agree, people expect these. */
static const char *const preferred[] = {"UTC", "Asia/Shanghai", "Asia/Tokyo",
    "Asia/Singapore", "Asia/Kolkata", "Asia/Bangkok", "Asia/Dhaka", "Asia/Karachi",
    "Asia/Dubai", "Europe/Moscow", "Europe/Berlin", "Europe/London", "Europe/Athens",
    "Africa/Johannesburg", "Africa/Lagos", "America/Sao_Paulo", "America/Halifax",
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
    "America/Los_Angeles", "Australia/Sydney", "Australia/Brisbane", "Pacific/Auckland"};

static const struct zone *search(struct ctx *cx, const struct samples *samples)
{
    for (size_t i = 0; i < sizeof(preferred) / sizeof(preferred[0]); i++) {
        const struct zone *zone = zone_find(preferred[i]);
        if (zone && agrees(zone, samples))
            return zone;
    }
    for (size_t i = 0; i < tzid_windows_n; i++) {
        const struct zone *zone = zone_find(tzid_windows[i].iana);
        if (zone && agrees(zone, samples))
            return zone;
    }
    return search_tab(cx, samples);
}

static const struct zone *search_years(
    struct ctx *cx, const struct comp *vtimezone, int64_t from_s)
{
    struct timeline timeline;
    struct samples samples = {.list = {.n = 0}};
    int64_t until_s = from_s + WINDOW_YEARS * YEAR_S;
    if (!read_timeline(cx, vtimezone, from_s, until_s, &timeline))
        return NULL;
    for (int64_t at_s = from_s; at_s < until_s; at_s += SAMPLE_S)
        add_sample(cx, &samples, &timeline, at_s);
    for (size_t i = 0; i < timeline.onsets.n; i++) {
        int64_t at_s = timeline.onsets.items[i].at_s;
        if (at_s < from_s || at_s >= until_s)
            continue;
        add_sample(cx, &samples, &timeline, at_s - 1);
        add_sample(cx, &samples, &timeline, at_s);
    }
    return search(cx, &samples);
}

const struct zone *tzid_by_rules(struct ctx *cx, const struct comp *vtimezone)
{
    struct timeline timeline;
    const struct zone *zone = search_years(cx, vtimezone, ctx_now_s(cx) - YEAR_S);
    if (zone || !read_timeline(cx, vtimezone, 0, 0, &timeline))
        return zone;
    return search_years(cx, vtimezone, timeline.last_start_s);
}

const struct zone *tzid_by_offset(struct ctx *cx, int offset_s)
{
    struct samples samples = {.list = {.n = 0}};
    int64_t from_s = ctx_now_s(cx) - YEAR_S;
    for (int64_t at_s = from_s; at_s < from_s + WINDOW_YEARS * YEAR_S; at_s += SAMPLE_S)
        LIST_ADD(cx->arena, &samples.list,
            ((struct sample){.at_s = at_s, .offset_s = offset_s}));
    return search(cx, &samples);
}
