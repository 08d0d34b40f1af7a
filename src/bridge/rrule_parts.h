/*
 * A recurrence rule as a list of its parts (RFC 5545 3.3.10), in the order in which they
 * stand.
 */
#ifndef BRIDGE_RRULE_PARTS_H
#define BRIDGE_RRULE_PARTS_H

#include "base/ctx.h"
#include "base/when.h"
#include "bridge/rrule.h"

#include <stdbool.h>

struct rrule_part {
    const char *name, *value; /* upper case */
};

struct rrule {
    struct rrule_part parts[RRULE_MAX_PARTS];
    size_t n;
    const char *refused; /* NULL = it could be read */
};

/* With or without "RRULE:" in front. */
struct rrule rrule_parse(struct ctx *cx, const char *text);
/* The value of the first part of that name, NULL when there is none. */
const char *rrule_part(const struct rrule *rule, const char *name);
/* The rule without the parts that no client could read, which must not spoil the event;
 * NULL when nothing is left. start is the wall clock of the first occurrence. */
const char *rrule_readable(
    struct ctx *cx, const char *text, const struct civil *start, bool is_date);

#endif
