/*
 * A master with its exceptions, or exceptions whose master is not here. Private to the
 * expand files.
 */
#ifndef ICAL_SERIES_H
#define ICAL_SERIES_H

#include "ical/expand.h"
#include "ical/recurset.h"

/* Days on the wall clock, then exact seconds (RFC 5545 3.8.5.3: a DTEND makes the exact
 * duration that of all instances, a DURATION the nominal one). */
struct length {
    int64_t days, seconds;
};

struct override {
    const struct comp *event;
    struct ics_time start;
    struct length length;
    int64_t start_s, end_s;
    int64_t recurrence_s;
    enum busy_kind busy;
    bool future;     /* RANGE=THISANDFUTURE */
    int64_t shift_s; /* from scheduled to real start, on the wall clock */
};

/* Sorted after series_open. */
struct keys {
    LIST(int64_t) instants;
    LIST(int64_t) days;
};

struct series {
    const struct comp *master; /* NULL: exceptions alone */
    struct recurset *set;      /* of the master */
    const struct zone *floating;
    struct length length;
    enum busy_kind busy;
    LIST(struct override) overrides; /* by recurrence_s */
    struct keys excluded, overridden;
    int64_t reach_s; /* how far before its end an instance may be scheduled, at most */
    bool has_future;
};

/* All series of a calendar; objects have one. Errors: VALID_CALENDAR_DATA. */
struct series_list {
    LIST(struct series) list;
};
enum err series_open(struct ctx *cx, const struct comp *calendar,
    const struct zone *floating, struct series_list *all);
/* The scheduled instance by its exceptions; false when it is cancelled or stands in a
 * RECURRENCE-ID of its own. */
bool series_instance(const struct series *series, const struct recurset_item *item,
    struct instance *one);
struct instance override_instance(const struct override *override);

#endif
