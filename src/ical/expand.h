/*
 * Recurrence: the instances of a calendar object, and the forms of an answer that depend
 * on them (RFC 4791 9.6.5 expand, 9.6.6 limit-recurrence-set).
 */
#ifndef ICAL_EXPAND_H
#define ICAL_EXPAND_H

#include "ical/ics.h"

#define EXPAND_MAX_INSTANCES 10000

struct expand_range {
    int64_t from_s, until_s;      /* [from, until); INT64_MIN and INT64_MAX = open */
    const struct zone *floating;  /* zone of floating times and dates; NULL = UTC */
    size_t max_instances;         /* 0 = EXPAND_MAX_INSTANCES */
};

/* RFC 5545 3.2.9; the index of the store knows the numbers. */
enum busy_kind { BUSY_FREE, BUSY_BUSY, BUSY_TENTATIVE, BUSY_UNAVAILABLE };

struct instance {
    int64_t start_s, end_s;
    int64_t recurrence_s; /* scheduled start; equals start_s where it was not moved */
    bool all_day;
    enum busy_kind busy;  /* by TRANSP and STATUS; cancelled is BUSY_FREE */
    const struct comp *event; /* master or override */
    struct civil local_start; /* in the zone of DTSTART */
};

/* Calls each for every instance that overlaps the range (RFC 4791 9.9), in no promised
 * order. Stops with MAX_INSTANCES when there are more than allowed. each returns false to
 * stop early. */
enum err expand_each(struct ctx *cx, const struct comp *calendar,
    const struct expand_range *range,
    bool (*each)(void *self, const struct instance *one), void *self);

/* The hull of all instances; *until_s = INT64_MAX for a series without end. */
enum err expand_bounds(struct ctx *cx, const struct comp *calendar,
    const struct zone *floating, int64_t *from_s, int64_t *until_s);

/* RFC 4791 5.2.8: *more = the rules and dates of a series have more than n starts, those
 * of a series without COUNT until that time. */
enum err expand_more_than(struct ctx *cx, const struct comp *calendar, size_t n,
    int64_t until_s, bool *more);

/* True when the scheduled start is an instance of the master's RRULE/RDATE (EXDATEs
 * ignored). */
bool expand_has(struct ctx *cx, const struct comp *calendar, int64_t recurrence_s,
    const struct zone *floating);

/* RFC 4791 9.6.5: instances in the range as components of their own, times in UTC, no
 * VTIMEZONE, no recurrence properties; dates stay dates. */
enum err expand_print(struct ctx *cx, const struct comp *calendar,
    const struct expand_range *range, struct comp **result);
/* RFC 4791 9.6.6: the master and the overrides that matter to the range. */
enum err expand_limit(struct ctx *cx, const struct comp *calendar,
    const struct expand_range *range, struct comp **result);

#endif
