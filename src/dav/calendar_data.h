/*
 * The calendar-data element of reports (RFC 4791 section 9.6): what the client wants of
 * each object's text, and the text written so.
 */
#ifndef DAV_CALENDAR_DATA_H
#define DAV_CALENDAR_DATA_H

#include "dav/request.h"
#include "ical/expand.h"
#include "ical/filter.h"

struct calendar_data {
    bool wanted;
    bool expand, limit;          /* at most one */
    bool by_reference;           /* known time zones are left out */
    struct expand_range range;   /* of expand or limit; floating set by the report */
    struct comp_select *select;  /* NULL = all */
};
/* From the DAV:prop element of a report. Errors: SUPPORTED_CALENDAR_DATA, BAD_REQUEST. */
enum err calendar_data_parse(struct dav *dav, const struct xml *prop,
    struct calendar_data *data);
/* The element with the object's text, transformed as asked. scratch: a context for what
 * is only needed meanwhile. calendar: the parsed text, NULL = not parsed yet. Nothing is
 * written on failure. Errors: those of parsing and expansion. */
enum err calendar_data_write(struct ctx *scratch, const struct calendar_data *data,
    const struct be_object *object, const struct comp *calendar, struct buf *out);

/* start and end attributes in UTC. is_open: either may be missing. Returns false when
 * they are broken. */
bool range_parse(const struct xml *node, bool is_open, int64_t *from_s, int64_t *until_s);
/* RFC 4791 section 7.8: start or end must be within the limits of 5.2.6 and 5.2.7; ranges
 * that reach beyond them, as clients send them, are good. Errors: MIN_DATE_TIME,
 * MAX_DATE_TIME. */
enum err range_check(struct ctx *cx, int64_t from_s, int64_t until_s);

#endif
