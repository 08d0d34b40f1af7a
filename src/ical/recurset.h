/*
 * The recurrence set of an event (RFC 5545 3.8.5): DTSTART, RRULEs and RDATEs on its wall
 * clock, merged. Exceptions are the caller's. Private to the expand files.
 */
#ifndef ICAL_RECURSET_H
#define ICAL_RECURSET_H

#include "ical/ics.h"

struct recurset;

/* One scheduled start. */
struct recurset_item {
    int64_t wall_s; /* on the clock of DTSTART; for dates midnight */
    int64_t unix_s;
    bool has_end; /* RDATE with a PERIOD */
    int64_t end_s;
};

/* floating: the zone of floating times and dates, not NULL. Errors:
 * VALID_CALENDAR_DATA. */
enum err recurset_open(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, const struct zone *floating, struct recurset **set);
/* True when a rule has neither COUNT nor UNTIL. */
bool recurset_endless(const struct recurset *set);
/* Leaves out what is before, but for periods. Before the first recurset_next. */
void recurset_seek(struct recurset *set, int64_t wall_s);
/* Ascending by wall clock, each once. */
bool recurset_next(struct recurset *set, struct recurset_item *item);
/* True when there are more than n starts: of rules with COUNT all are counted, else those
 * until that time. The set is walked, if at all, only so far; not to be used afterwards.
 */
bool recurset_more_than(struct recurset *set, size_t n, int64_t until_s);
/* True when a rule was too long to be walked to its end. */
bool recurset_spent(const struct recurset *set);
const struct ics_time *recurset_start(const struct recurset *set);
/* Conversions on the clock of DTSTART. */
int64_t recurset_unix(const struct recurset *set, int64_t wall_s);
int64_t recurset_wall(const struct recurset *set, int64_t unix_s);
/* What a RECURRENCE-ID or EXDATE names: true = the day that begins at *key_s on the wall
 * clock (a date, or any value for an all-day event), false = the instant *key_s. */
bool recurset_key(
    const struct recurset *set, const struct ics_time *time, int64_t *key_s);

#endif
