/* A zone by the rules of a VTIMEZONE. Private to tzid.c. */
#ifndef ICAL_TZID_RULES_H
#define ICAL_TZID_RULES_H

#include "ical/zone.h"

/* The first well-known zone whose offsets agree with the VTIMEZONE's in the years around
 * now, else in the years after its last DTSTART (outdated rules). NULL when there is
 * none. */
const struct zone *tzid_by_rules(struct ctx *cx, const struct comp *vtimezone);
/* One that stays at this offset, and has done so for some years. */
const struct zone *tzid_by_offset(struct ctx *cx, int offset_s);
/* "+0100", "-05:30", "+053000" */
bool tzid_offset(const char *text, int *offset_s);

#endif
