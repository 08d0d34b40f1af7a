/*
 * Recurrence rules (RFC 5545 3.3.10) on the wall clock, without zones: times are seconds
 * since 1970-01-01T00:00:00 of the event's own clock (civil_seconds).
 *
 * libical reads the rule; the occurrences are computed here, because libical 3.0's
 * iterator never ends for some rules without an occurrence, does not know BYSETPOS for
 * weeks and days nor negative BYMONTHDAY for days, and starts ICU (30 ms) for the first
 * rule.
 */
#ifndef ICAL_RECUR_H
#define ICAL_RECUR_H

#include "base/ctx.h"
#include "base/when.h"

#include <stdbool.h>

#define RECUR_MAX_STEPS 2000000 /* occurrences looked at by one walk through a rule */
#define RECUR_MAX_TIMES 1440    /* BYHOUR, BYMINUTE and BYSECOND: times a day */

struct recur;
struct recur_until {
    bool set, is_date, is_utc;
    struct civil civil;
};

/* Reads a rule for a first occurrence at start. Errors: VALID_CALENDAR_DATA; a calendar
 * other than the Gregorian (RFC 7529) and a frequency below DAILY for dates are errors
 * too. */
enum err recur_open(struct ctx *cx, const char *rule, const struct civil *start,
    bool is_date, struct recur **recur);
const struct recur_until *recur_until(const struct recur *recur);
bool recur_has_count(const struct recur *recur);
/* The last wall clock time that may occur: the caller resolves UNTIL, which may be in
 * UTC. */
void recur_stop(struct recur *recur, int64_t last_s);
/* Leaves out what is before: quick for old series, but without effect on rules with
 * COUNT. */
void recur_seek(struct recur *recur, int64_t first_s);
/* Ascending, each once; the start is the first, whether or not it fits the rule. False at
 * the end. */
bool recur_next(struct recur *recur, int64_t *wall_s);
/* At most so many occurrences begin on one day. */
int64_t recur_most_a_day(const struct recur *recur);
/* True when the walk ended because it was too long. */
bool recur_spent(const struct recur *recur);

#endif
