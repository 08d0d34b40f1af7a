#include "ical/posix_tz.h"

#include "base/when.h"

#include <string.h>

#define DAY_S 86400

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool number(const char **at, int max, int *value)
{
    int n = 0;
    if (!is_digit(**at))
        return false;
    for (; is_digit(**at); ++*at) {
        n = n * 10 + (**at - '0');
        if (n > max)
            return false;
    }
    *value = n;
    return true;
}

static bool eat(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

/* Letters, or anything between angle brackets. */
static bool abbreviation(const char **at, char out[POSIX_TZ_ABBR_BYTES])
{
    bool bracket = eat(at, '<');
    size_t n = 0;
    while (**at && (bracket ? **at != '>' : !strchr("0123456789+-,", **at))) {
        if (n == POSIX_TZ_ABBR_BYTES - 1)
            return false;
        out[n++] = *(*at)++;
    }
    out[n] = '\0';
    return n > 0 && (!bracket || eat(at, '>'));
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool clock_time(const char **at, int *seconds)
{
    int sign = 1, h, m = 0, s = 0;
    if (eat(at, '-'))
        sign = -1;
    else
        eat(at, '+');
    if (!number(at, 167, &h) || (eat(at, ':') && !number(at, 59, &m)) ||
        (eat(at, ':') && !number(at, 59, &s)))
        return false;
    *seconds = sign * (h * 3600 + m * 60 + s);
    return true;
}

static bool change(const char **at, struct posix_change *out)
{
    out->time_s = 2 * 3600;
    if (eat(at, 'M')) {
        out->kind = POSIX_DAY_MONTH_WEEK;
        if (!number(at, 12, &out->month) || !eat(at, '.') || !number(at, 5, &out->week) ||
            !eat(at, '.') || !number(at, 6, &out->weekday) || !out->month || !out->week)
            return false;
    } else if (eat(at, 'J')) {
        out->kind = POSIX_DAY_JULIAN;
        if (!number(at, 365, &out->day) || !out->day)
            return false;
    } else {
        out->kind = POSIX_DAY_OF_YEAR;
        if (!number(at, 365, &out->day))
            return false;
    }
    return !eat(at, '/') || clock_time(at, &out->time_s);
}

bool posix_tz_parse(const char *text, struct posix_tz *rule)
{
    struct posix_tz read = {.has_dst = false};
    int west_s;
    if (!abbreviation(&text, read.std_abbr) || !clock_time(&text, &west_s))
        return false;
    read.std_offset_s = -west_s;
    if (*text) {
        read.has_dst = true;
        read.dst_offset_s = read.std_offset_s + 3600;
        if (!abbreviation(&text, read.dst_abbr))
            return false;
        if (*text != ',') {
            if (!clock_time(&text, &west_s))
                return false;
            read.dst_offset_s = -west_s;
        }
        if (!eat(&text, ',') || !change(&text, &read.to_dst) || !eat(&text, ',') ||
            !change(&text, &read.to_std) || *text)
            return false;
    }
    *rule = read;
    return true;
}

/* Days since 1970 of the day a change's time counts from. */
static int64_t change_day(const struct posix_change *change, int year)
{
    int64_t first;
    switch (change->kind) {
    case POSIX_DAY_MONTH_WEEK:
        if (change->week == 5) {
            first = change->month == 12 ? civil_days(year + 1, 1, 1)
                                        : civil_days(year, change->month + 1, 1);
            return first - 1 - (civil_weekday(first - 1) - change->weekday + 7) % 7;
        }
        first = civil_days(year, change->month, 1);
        return first + (change->weekday - civil_weekday(first) + 7) % 7 +
            (int64_t)(change->week - 1) * 7;
    case POSIX_DAY_JULIAN:
        first = civil_days(year, 1, 1) + change->day - 1;
        if (change->day >= 60 && civil_days(year, 3, 1) - civil_days(year, 1, 1) == 60)
            first++;
        return first;
    case POSIX_DAY_OF_YEAR:
        break;
    }
    return civil_days(year, 1, 1) + change->day;
}

void posix_tz_year(
    const struct posix_tz *rule, int year, int64_t *to_dst_s, int64_t *to_std_s)
{
    *to_dst_s = change_day(&rule->to_dst, year) * DAY_S + rule->to_dst.time_s -
        rule->std_offset_s;
    *to_std_s = change_day(&rule->to_std, year) * DAY_S + rule->to_std.time_s -
        rule->dst_offset_s;
}
