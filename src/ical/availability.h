/*
 * VAVAILABILITY (RFC 7953): when a person can be had at all, apart from what is in the
 * calendar.
 */
#ifndef ICAL_AVAILABILITY_H
#define ICAL_AVAILABILITY_H

#include "ical/expand.h"

#define AVAILABILITY_MAX_COMPONENTS 100
#define AVAILABILITY_MAX_INSTANCES 5000

/* A VCALENDAR with at least one VAVAILABILITY and nothing else but time zones. Errors:
 * VALID_CALENDAR_DATA, SUPPORTED_COMPONENT. */
enum err availability_parse(
    struct ctx *cx, const char *text, size_t len_bytes, struct comp **calendar);

struct availability_period {
    int64_t start_s, end_s;
    enum busy_kind kind; /* never BUSY_FREE */
};
typedef LIST(struct availability_period) availability_list;

/* When the person is not available, inside the range (which must have both ends), in
 * order and without overlaps. Errors: those of expand_each. */
enum err availability_busy(struct ctx *cx, const struct comp *calendar,
    const struct expand_range *range, availability_list *list);

#endif
