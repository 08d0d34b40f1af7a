/* Expansion of rows into what takes place. */
#ifndef SIM_INSTANCES_H
#define SIM_INSTANCES_H

#include "event.h"

struct instance {
    const struct event *ev; /* master, single event or exception row */
    int64_t original;       /* 0 for a single event */
    struct when start, end;
};

/* False stops. */
typedef bool (*instance_fn)(void *arg, const struct instance *in);

/* Instances of one row that overlap from..to (open interval; an instance without length
 * counts when it starts inside). Occurrences which have a row of their own are left to
 * that row. */
void instances_of(
    const struct event *ev, int64_t from, int64_t to, instance_fn fn, void *arg);

/* Does the series have this occurrence? */
bool instance_exists(const struct event *master, int64_t original);

#endif
