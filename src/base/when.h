/*
 * Civil time without a time zone, and the text forms of instants. Time zones are in
 * ical/zone.h.
 */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct civil {
    int year, month, day; /* month and day from 1 */
    int hour, minute, second;
};

/* Days since 1970-01-01 in the proleptic Gregorian calendar. */
int64_t civil_days(int year, int month, int day);
struct civil civil_from_days(int64_t days);
/* Seconds since 1970-01-01T00:00:00 of the same clock (for UTC: Unix time). */
int64_t civil_seconds(const struct civil *civil);
struct civil civil_from_seconds(int64_t seconds);
bool civil_valid(const struct civil *civil);
/* 0 = Sunday ... 6 = Saturday */
int civil_weekday(int64_t days);

#define WHEN_TEXT_BYTES 40
/* Each writes into out (WHEN_TEXT_BYTES) and returns out. */
char *when_rfc3339(int64_t unix_s, char *out);    /* 2026-11-20T09:41:00Z */
char *when_ics_utc(int64_t unix_s, char *out);    /* 20261120T094100Z */
char *when_http(int64_t unix_s, char *out);       /* Fri, 20 Nov 2026 09:41:00 GMT */
char *when_date(int64_t days, char *out);         /* 2026-11-20 */
char *when_ics_date(int64_t days, char *out);     /* 20261120 */

/* RFC 3339 with Z or offset; fractions are cut. */
bool when_parse_rfc3339(const char *text, int64_t *unix_s);
/* All three forms of RFC 9110 section 5.6.7; a year of two digits is none that is more
 * than 50 years after now. */
bool when_parse_http(const char *text, int64_t now_s, int64_t *unix_s);
/* YYYY-MM-DD */
bool when_parse_date(const char *text, int64_t *days);
/* YYYYMMDD, YYYYMMDDTHHMMSS or YYYYMMDDTHHMMSSZ (RFC 5545 3.3.4, 3.3.5). */
bool when_parse_ics(const char *text, struct civil *civil, bool *is_date, bool *is_utc);

#endif
