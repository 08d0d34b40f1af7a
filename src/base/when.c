#include "base/when.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define ERA_YEARS 400
#define ERA_DAYS 146097
/* From 0000-03-01, the start of an era whose leap day comes last, to 1970-01-01. */
#define EPOCH_DAYS 719468

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t civil_days(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = floor_div(y, ERA_YEARS), of_era = y - era * ERA_YEARS;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
        EPOCH_DAYS;
}

struct civil civil_from_days(int64_t days)
{
    days += EPOCH_DAYS;
    int64_t era = floor_div(days, ERA_DAYS), of_era = days - era * ERA_DAYS;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    return (struct civil){
        .year = (int)(year + era * ERA_YEARS + (month <= 2)),
        .month = (int)month,
        .day = (int)day,
    };
}

int64_t civil_seconds(const struct civil *civil)
{
    return civil_days(civil->year, civil->month, civil->day) * DAY_S +
        civil->hour * 3600 + civil->minute * 60 + civil->second;
}

struct civil civil_from_seconds(int64_t seconds)
{
    int64_t days = floor_div(seconds, DAY_S);
    int of_day = (int)(seconds - days * DAY_S);
    struct civil civil = civil_from_days(days);
    civil.hour = of_day / 3600;
    civil.minute = of_day / 60 % 60;
    civil.second = of_day % 60;
    return civil;
}

static int days_in_month(int year, int month)
{
    if (month == 2)
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

bool civil_valid(const struct civil *civil)
{
    return civil->year >= 0 && civil->year <= 9999 && civil->month >= 1 &&
        civil->month <= 12 && civil->day >= 1 &&
        civil->day <= days_in_month(civil->year, civil->month) && civil->hour >= 0 &&
        civil->hour <= 23 && civil->minute >= 0 && civil->minute <= 59 &&
        civil->second >= 0 && civil->second <= 59;
}

int civil_weekday(int64_t days)
{
    return (int)(days + 4 - floor_div(days + 4, 7) * 7); /* 1970-01-01 was a Thursday */
}

char *when_rfc3339(int64_t unix_s, char *out)
{
    struct civil c = civil_from_seconds(unix_s);
    snprintf(out, WHEN_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month,
        c.day, c.hour, c.minute, c.second);
    return out;
}

char *when_ics_utc(int64_t unix_s, char *out)
{
    struct civil c = civil_from_seconds(unix_s);
    snprintf(out, WHEN_TEXT_BYTES, "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day,
        c.hour, c.minute, c.second);
    return out;
}

static const char *const weekdays[] = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

char *when_http(int64_t unix_s, char *out)
{
    struct civil c = civil_from_seconds(unix_s);
    snprintf(out, WHEN_TEXT_BYTES, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
        weekdays[civil_weekday(floor_div(unix_s, DAY_S))], c.day,
        months + 3 * (c.month - 1), c.year, c.hour, c.minute, c.second);
    return out;
}

char *when_date(int64_t days, char *out)
{
    struct civil c = civil_from_days(days);
    snprintf(out, WHEN_TEXT_BYTES, "%04d-%02d-%02d", c.year, c.month, c.day);
    return out;
}

char *when_ics_date(int64_t days, char *out)
{
    struct civil c = civil_from_days(days);
    snprintf(out, WHEN_TEXT_BYTES, "%04d%02d%02d", c.year, c.month, c.day);
    return out;
}

/* Reads exactly n digits and moves on; false leaves at where it was. */
static bool digits(const char **at, int n, int *value)
{
    int number = 0;
    for (int i = 0; i < n; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    *at += n;
    *value = number;
    return true;
}

static bool one_of(const char **at, const char *set)
{
    if (!**at || !strchr(set, **at))
        return false;
    ++*at;
    return true;
}

/* Neither Unix time nor we count leap seconds (RFC 5545 section 3.3.12: take 60 as
 * 59). */
static bool settle(struct civil *civil)
{
    if (civil->second == 60)
        civil->second = 59;
    return civil_valid(civil);
}

static bool date_part(const char **at, struct civil *civil)
{
    return digits(at, 4, &civil->year) && one_of(at, "-") &&
        digits(at, 2, &civil->month) && one_of(at, "-") && digits(at, 2, &civil->day);
}

static bool time_part(const char **at, struct civil *civil)
{
    return digits(at, 2, &civil->hour) && one_of(at, ":") &&
        digits(at, 2, &civil->minute) && one_of(at, ":") && digits(at, 2, &civil->second);
}

/* "Z" or "+08:00"; the end of the text. */
static bool offset_part(const char **at, int *offset_s)
{
    int hours, minutes, sign = **at == '-' ? -1 : 1;
    if (one_of(at, "Zz"))
        *offset_s = 0;
    else if (one_of(at, "+-") && digits(at, 2, &hours) && one_of(at, ":") &&
        digits(at, 2, &minutes) && hours <= 23 && minutes <= 59)
        *offset_s = sign * (hours * 3600 + minutes * 60);
    else
        return false;
    return !**at;
}

bool when_parse_rfc3339(const char *text, int64_t *unix_s)
{
    struct civil civil = {.year = 0};
    int offset_s;
    if (!text || !date_part(&text, &civil) || !one_of(&text, "Tt ") ||
        !time_part(&text, &civil))
        return false;
    if (one_of(&text, ".")) {
        size_t fraction = strspn(text, "0123456789");
        if (!fraction)
            return false;
        text += fraction;
    }
    if (!offset_part(&text, &offset_s) || !settle(&civil))
        return false;
    *unix_s = civil_seconds(&civil) - offset_s;
    return true;
}

static bool literal(const char **at, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(*at, text, len) != 0)
        return false;
    *at += len;
    return true;
}

static bool month_part(const char **at, int *month)
{
    for (int i = 0; i < 12; i++)
        if (strncmp(*at, months + 3 * i, 3) == 0) {
            *at += 3;
            *month = i + 1;
            return true;
        }
    return false;
}

/* The weekday, whole or its first three letters. */
static bool weekday_part(const char **at, bool *whole)
{
    for (size_t i = 0; i < sizeof(weekdays) / sizeof(*weekdays); i++) {
        *whole = literal(at, weekdays[i]);
        if (*whole)
            return true;
        if (strncmp(*at, weekdays[i], 3) == 0) {
            *at += 3;
            return true;
        }
    }
    return false;
}

/* "06 Nov 1994 08:49:37 GMT", and the same with dashes and two digits of the year. */
static bool http_day_first(const char **at, bool obsolete, int now_year, struct civil *c)
{
    const char *between = obsolete ? "-" : " ";
    if (!digits(at, 2, &c->day) || !literal(at, between) || !month_part(at, &c->month) ||
        !literal(at, between) || !digits(at, obsolete ? 2 : 4, &c->year) ||
        !literal(at, " ") || !time_part(at, c) || !literal(at, " GMT"))
        return false;
    if (obsolete) {
        c->year += now_year / 100 * 100;
        c->year -= c->year > now_year + 50 ? 100 : 0;
    }
    return true;
}

/* "Nov  6 08:49:37 1994", as C prints it. */
static bool http_year_last(const char **at, struct civil *c)
{
    return month_part(at, &c->month) && literal(at, " ") &&
        (literal(at, " ") ? digits(at, 1, &c->day) : digits(at, 2, &c->day)) &&
        literal(at, " ") && time_part(at, c) && literal(at, " ") &&
        digits(at, 4, &c->year);
}

bool when_parse_http(const char *text, int64_t now_s, int64_t *unix_s)
{
    struct civil civil = {.year = 0};
    bool whole = false;
    if (!text || !weekday_part(&text, &whole))
        return false;
    int now_year = civil_from_seconds(now_s).year;
    bool read = literal(&text, ", ") ? http_day_first(&text, whole, now_year, &civil)
        : literal(&text, " ")        ? !whole && http_year_last(&text, &civil)
                                     : false;
    if (!read || *text || !settle(&civil))
        return false;
    *unix_s = civil_seconds(&civil);
    return true;
}

bool when_parse_date(const char *text, int64_t *days)
{
    struct civil civil = {.year = 0};
    if (!text || !date_part(&text, &civil) || *text || !civil_valid(&civil))
        return false;
    *days = civil_days(civil.year, civil.month, civil.day);
    return true;
}

bool when_parse_ics(const char *text, struct civil *civil, bool *is_date, bool *is_utc)
{
    struct civil read = {.year = 0};
    bool date = false, utc = false;
    if (!text || !digits(&text, 4, &read.year) || !digits(&text, 2, &read.month) ||
        !digits(&text, 2, &read.day))
        return false;
    if (!*text) {
        date = true;
    } else {
        if (!one_of(&text, "T") || !digits(&text, 2, &read.hour) ||
            !digits(&text, 2, &read.minute) || !digits(&text, 2, &read.second))
            return false;
        utc = one_of(&text, "Z");
    }
    if (*text || !settle(&read))
        return false;
    *civil = read;
    *is_date = date;
    *is_utc = utc;
    return true;
}
