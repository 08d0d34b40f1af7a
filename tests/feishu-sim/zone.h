/* Time zones read from the system's zoneinfo files (RFC 8536), with the footer's rule for
 * instants after the last transition. */
#ifndef SIM_ZONE_H
#define SIM_ZONE_H

#include <stdbool.h>
#include <stdint.h>

struct zone;

/* NULL when the system has no such zone. Zones live until zone_forget. */
const struct zone *zone_find(const char *name);
/* Is it a name of the zone table or UTC, not a link such as Etc/UTC or Asia/Calcutta? */
bool zone_is_canonical(const char *name);
/* Seconds east of UTC at an instant. */
int zone_offset(const struct zone *z, int64_t utc);
/* The instant of a local time (counted as if it were UTC). A time in a gap is read with
 * the offset before it, an ambiguous one is the first (RFC 5545, 3.3.5). */
int64_t zone_to_utc(const struct zone *z, int64_t local);
void zone_forget(void);

#endif
