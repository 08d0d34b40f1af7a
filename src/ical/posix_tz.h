/*
 * The rule for the time after a TZif file's last transition: its footer, in the form of
 * POSIX's TZ variable with the extensions of RFC 9636 section 3.3.1.
 */
#ifndef ICAL_POSIX_TZ_H
#define ICAL_POSIX_TZ_H

#include <stdbool.h>
#include <stdint.h>

#define POSIX_TZ_ABBR_BYTES 16

enum posix_day { POSIX_DAY_MONTH_WEEK, POSIX_DAY_JULIAN, POSIX_DAY_OF_YEAR };

/* When a change happens: in the local time before it. */
struct posix_change {
    enum posix_day kind;
    int month, week, weekday; /* MONTH_WEEK: week 5 = last, weekday 0 = Sunday */
    int day;                  /* JULIAN: 1 to 365 without 29 February; OF_YEAR: from 0 */
    int time_s;               /* may be negative or beyond 24 hours */
};

struct posix_tz {
    char std_abbr[POSIX_TZ_ABBR_BYTES], dst_abbr[POSIX_TZ_ABBR_BYTES];
    int std_offset_s, dst_offset_s; /* east of UTC */
    bool has_dst;
    struct posix_change to_dst, to_std;
};

bool posix_tz_parse(const char *text, struct posix_tz *rule);
/* The instants of a year's two changes. */
void posix_tz_year(
    const struct posix_tz *rule, int year, int64_t *to_dst_s, int64_t *to_std_s);

#endif
