#include "ical/recur_impl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_RULE_BYTES 4096
#define END ICAL_RECURRENCE_ARRAY_MAX

static uint64_t mask_of(const short *values, int min, int max)
{
    uint64_t mask = 0;
    for (; *values != END; values++)
        if (*values >= min && *values <= max)
            mask |= (uint64_t)1 << *values;
    return mask;
}

static uint32_t back_mask_of(const short *values)
{
    uint32_t mask = 0;
    for (; *values != END; values++)
        if (*values < 0 && *values >= -31)
            mask |= 1u << -*values;
    return mask;
}

static void take_weekdays(struct recur *recur, const struct icalrecurrencetype *rule)
{
    bool ordinals = recur->freq == ICAL_MONTHLY_RECURRENCE ||
        (recur->freq == ICAL_YEARLY_RECURRENCE && rule->by_week_no[0] == END);
    recur->nth_of_month = recur->freq == ICAL_MONTHLY_RECURRENCE || recur->months;
    for (const short *value = rule->by_day; *value != END; value++) {
        int weekday = (int)icalrecurrencetype_day_day_of_week(*value) - 1;
        int n = icalrecurrencetype_day_position(*value);
        if (n && ordinals)
            LIST_ADD(recur->arena, &recur->nth_days,
                ((struct nth_day){.weekday = weekday, .n = n}));
        else
            recur->weekdays |= 1u << weekday;
    }
}

/* "Information not in the rule is taken from DTSTART" (RFC 5545 3.3.10). */
static void take_defaults(
    struct recur *recur, const struct civil *start, int64_t start_day)
{
    bool days = recur->month_days || recur->month_days_back || recur->year_days.n ||
        recur->weekdays || recur->nth_days.n;
    if (days)
        return;
    if (recur->freq == ICAL_WEEKLY_RECURRENCE || recur->weeks.n) {
        if (recur->freq >= ICAL_WEEKLY_RECURRENCE)
            recur->weekdays = 1u << civil_weekday(start_day);
        return;
    }
    if (recur->freq == ICAL_YEARLY_RECURRENCE && !recur->months)
        recur->months = 1u << start->month;
    if (recur->freq >= ICAL_MONTHLY_RECURRENCE)
        recur->month_days = 1u << start->day;
}

/* What is coarser than the base, or as coarse, is a limit and not a time within it. */
static uint64_t time_mask(uint64_t mask, int start, bool expands)
{
    return !expands ? 1 : mask ? mask : (uint64_t)1 << start;
}

/* The times of an occurrence within its base; what is finer than the base expands. */
static bool take_times(struct recur *recur, const struct civil *start, bool is_date)
{
    enum icalrecurrencetype_frequency freq = recur->freq;
    uint64_t hours =
        time_mask(recur->hours, start->hour, freq >= ICAL_DAILY_RECURRENCE && !is_date);
    uint64_t minutes = time_mask(
        recur->minutes, start->minute, freq >= ICAL_HOURLY_RECURRENCE && !is_date);
    uint64_t seconds = time_mask(
        recur->seconds, start->second, freq >= ICAL_MINUTELY_RECURRENCE && !is_date);
    int n = __builtin_popcountll(hours) * __builtin_popcountll(minutes) *
        __builtin_popcountll(seconds);
    if (n > RECUR_MAX_TIMES)
        return false;
    recur->times_s = ARENA_ARRAY(recur->arena, int, (size_t)n);
    for (int h = 0; h < 24; h++)
        for (int m = 0; m < 60 && hours >> h & 1; m++)
            for (int s = 0; s < 60 && minutes >> m & 1; s++)
                if (seconds >> s & 1)
                    recur->times_s[recur->n_times++] = h * 3600 + m * 60 + s;
    return true;
}

static void take_parts(struct recur *recur, const struct icalrecurrencetype *rule)
{
    const short *value;
    recur->freq = rule->freq;
    recur->interval = rule->interval;
    recur->week_start = (int)rule->week_start - 1;
    recur->count = rule->count;
    recur->months = (uint32_t)mask_of(rule->by_month, 1, 12);
    recur->month_days = (uint32_t)mask_of(rule->by_month_day, 1, 31);
    recur->month_days_back = back_mask_of(rule->by_month_day);
    recur->hours = (uint32_t)mask_of(rule->by_hour, 0, 23);
    recur->minutes = mask_of(rule->by_minute, 0, 59);
    recur->seconds = mask_of(rule->by_second, 0, 59);
    for (value = rule->by_year_day; *value != END; value++)
        LIST_ADD(recur->arena, &recur->year_days, *value);
    for (value = rule->by_week_no; *value != END; value++)
        LIST_ADD(recur->arena, &recur->weeks, *value);
    for (value = rule->by_set_pos; *value != END; value++)
        LIST_ADD(recur->arena, &recur->positions, *value);
    if (!icaltime_is_null_time(rule->until))
        recur->until = (struct recur_until){
            .set = true,
            .is_date = rule->until.is_date,
            .is_utc = icaltime_is_utc(rule->until),
            .civil = {rule->until.year, rule->until.month, rule->until.day,
                rule->until.hour, rule->until.minute, rule->until.second},
        };
    take_weekdays(recur, rule);
}

/* A part whose values all lie outside what the Gregorian calendar has can never fit. */
static bool sane(const struct recur *recur, const struct icalrecurrencetype *rule)
{
    return (rule->by_month[0] == END || recur->months) &&
        (rule->by_month_day[0] == END || recur->month_days || recur->month_days_back) &&
        (rule->by_hour[0] == END || recur->hours) &&
        (rule->by_minute[0] == END || recur->minutes) &&
        (rule->by_second[0] == END || recur->seconds) &&
        (!recur->until.set || civil_valid(&recur->until.civil));
}

enum err recur_open(struct ctx *cx, const char *text, const struct civil *start,
    bool is_date, struct recur **result)
{
    if (strlen(text) > MAX_RULE_BYTES)
        return fail(cx, ERR_VALID_CALENDAR_DATA, "recurrence rule too long");
    icalerror_clear_errno();
    struct icalrecurrencetype rule = icalrecurrencetype_from_string(text);
    bool gregorian = !rule.rscale || !strcasecmp(rule.rscale, "GREGORIAN");
    bool skips = rule.skip != ICAL_SKIP_OMIT;
    free(rule.rscale);
    if (rule.freq == ICAL_NO_RECURRENCE)
        return fail(cx, ERR_VALID_CALENDAR_DATA, "broken recurrence rule \"%s\"", text);
    if (!gregorian || skips)
        return fail(cx, ERR_VALID_CALENDAR_DATA, "RSCALE is not supported");
    if (is_date && rule.freq < ICAL_DAILY_RECURRENCE)
        return fail(
            cx, ERR_VALID_CALENDAR_DATA, "an all-day event cannot recur by the hour");
    struct recur *recur = ARENA_NEW(cx->arena, struct recur);
    int64_t start_day = civil_days(start->year, start->month, start->day);
    recur->arena = cx->arena;
    recur->stop_s = INT64_MAX;
    recur->start_s = recur->floor_s = civil_seconds(start);
    take_parts(recur, &rule);
    if (!sane(recur, &rule) || !take_times(recur, start, is_date))
        return fail(
            cx, ERR_VALID_CALENDAR_DATA, "recurrence rule \"%s\" is absurd", text);
    take_defaults(recur, start, start_day);
    recur->bases_s =
        ARENA_ARRAY(cx->arena, int64_t, recur->freq == ICAL_YEARLY_RECURRENCE ? 366 : 31);
    *result = recur;
    return ERR_OK;
}
