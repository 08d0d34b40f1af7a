/*
 * Time zones from the system's tz database, and the names that products give them.
 *
 * A zone is immutable, cached for the life of the process and safe to share between
 * threads.
 */
#ifndef ICAL_ZONE_H
#define ICAL_ZONE_H

#include "base/ctx.h"
#include "base/when.h"
#include "ical/lines.h"

struct zone;

const struct zone *zone_utc(void);
/* By IANA name. Old spellings are the zone they lead to ("PRC" is Asia/Shanghai), so that
 * one zone has one name and one address. NULL when there is none. */
const struct zone *zone_find(const char *iana);
const struct zone *zone_find_nocase(const char *iana); /* reads directories: slow */
const char *zone_name(const struct zone *zone); /* "UTC" for all names of UTC */

/* Other names for a zone, kept with the zones; the first 8192 of them. */
void zone_remember(const char *name, const struct zone *zone);
const struct zone *zone_remembered(const char *name); /* NULL = not there */

/* RFC 5545 3.3.5: a time in a gap is read with the offset before the gap, a time that
 * occurs twice is the first of the two. */
int64_t zone_to_unix(const struct zone *zone, const struct civil *local);
struct civil zone_to_local(const struct zone *zone, int64_t unix_s);
int zone_offset_s(const struct zone *zone, int64_t unix_s);

/* What a client's TZID means: an IANA name, one with a vendor prefix
 * ("/freeassociation..."), a Windows or Outlook name, or the rules of its VTIMEZONE (may
 * be NULL), matched to an IANA zone that agrees with them. NULL when nothing fits. */
const struct zone *zone_from_tzid(struct ctx *cx, const char *tzid,
    const struct comp *vtimezone);

/* A VTIMEZONE component with the plain IANA name as TZID, right for instants in
 * [from_s, until_s] and, with the current rules, for all later ones. Deterministic. */
struct comp *zone_vtimezone(struct ctx *cx, const struct zone *zone, int64_t from_s,
    int64_t until_s);

#endif
