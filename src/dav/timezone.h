/* The time zone of a calendar and of a request (RFC 4791 section 5.2.2, RFC 7809). */
#ifndef DAV_TIMEZONE_H
#define DAV_TIMEZONE_H

#include "dav/request.h"
#include "ical/zone.h"

/* The zone that a VCALENDAR with one VTIMEZONE means. Errors: VALID_CALENDAR_DATA. */
enum err timezone_parse(struct dav *dav, const char *text, const struct zone **zone);
/* Errors: VALID_TIMEZONE. */
enum err timezone_by_id(struct dav *dav, const char *id, const struct zone **zone);
/* The calendar's zone as a client set it, else the person's; never NULL. */
const struct zone *timezone_of(struct dav *dav, struct resource *calendar);
/* Its name, as the client gave it where it is an IANA name. */
const char *timezone_name(struct dav *dav, struct resource *calendar);
/* The same as a VCALENDAR: the client's own text where it sent one. NULL when that fails.
 */
char *timezone_text(struct dav *dav, struct resource *calendar);

/* RFC 7809 section 7.1, "CalDAV-Timezones: F": the client knows the zones of the tz
 * database itself. Also tells caches. */
bool timezone_by_reference(struct dav *dav);
/* The calendar without the VTIMEZONEs that everybody knows by name. */
const struct comp *timezone_strip(struct ctx *cx, const struct comp *calendar);

#endif
