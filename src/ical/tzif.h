/*
 * Compiled time zones (TZif, RFC 9636, version 2 and later) and what a zone is made of.
 * Private to the zone files of this layer.
 */
#ifndef ICAL_TZIF_H
#define ICAL_TZIF_H

#include "ical/posix_tz.h"

#include <stddef.h>

#define TZIF_MAX_BYTES 65536
#define TZIF_TABLE_YEAR 2100 /* transitions are in the table up to this year */

struct zone_type {
    int offset_s; /* east of UTC */
    bool dst;
    char abbr[POSIX_TZ_ABBR_BYTES];
};

struct zone {
    const char *name;
    struct zone_type *types;
    size_t n_types, first_type; /* first_type: before all transitions */
    int64_t *at_s;              /* transitions, ascending */
    unsigned char *type_of;     /* the type each begins */
    size_t n;
    bool has_rule; /* for the time behind the table; else the last type goes on */
    struct posix_tz rule;
    size_t std_type, dst_type; /* of the rule */
    /* From this transition on the table is what the rule says, year for year; n when the
     * rule knows no daylight saving time. */
    size_t era;
};

/* Fills everything but the name, on the heap. False when it is not a TZif file we can
 * use. */
bool tzif_read(const unsigned char *data, size_t len_bytes, struct zone *zone);

/* A stretch of one offset: [from_s, until_s), open ends as INT64_MIN and INT64_MAX. */
struct zone_span {
    int64_t from_s, until_s;
    const struct zone_type *type;
};
void zone_span(const struct zone *zone, int64_t unix_s, struct zone_span *span);
/* The text of the database's zone.tab, "" when there is none. */
const char *zone_tab_text(void);
/* The type in force before transition i. */
const struct zone_type *zone_type_before(const struct zone *zone, size_t i);

#endif
