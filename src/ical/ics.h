/*
 * What a calendar object means: the times and identities of its components, and whether
 * it may be stored (RFC 4791 section 4.1).
 */
#ifndef ICAL_ICS_H
#define ICAL_ICS_H

#include "ical/lines.h"
#include "ical/zone.h"

#define ICS_MIN_YEAR 1583 /* the first whole year of the Gregorian calendar */
#define ICS_MAX_YEAR 9999
#define ICS_MAX_UID_BYTES 1024
#define ICS_MAX_EXCEPTIONS 5000

/* A DATE or DATE-TIME property value with its zone. */
struct ics_time {
    bool set;
    bool is_date;
    struct civil civil;       /* wall clock as written */
    const struct zone *zone;  /* NULL = floating (and for dates) */
    const char *tzid;         /* as written, NULL when none */
};

/* Reads a line such as DTSTART in its calendar (for the VTIMEZONE; may be NULL).
 * VALUE=DATE makes a date of a time; a value of eight digits is a date without it; Z wins
 * over TZID. Errors: VALID_CALENDAR_DATA for a broken value or VTIMEZONE, VALID_TIMEZONE
 * for a zone by name alone that is not known. */
enum err ics_time(struct ctx *cx, const struct comp *calendar, const struct line *line,
    struct ics_time *time);
/* One value of a list such as EXDATE's. */
enum err ics_time_value(struct ctx *cx, const struct comp *calendar,
    const struct line *line, const char *value, struct ics_time *time);
/* Unix seconds; floating times and dates are read in zone floating. */
int64_t ics_time_unix(const struct ics_time *time, const struct zone *floating);
/* RFC 5545 3.3.6, sign included, in seconds; *days apart (nominal). */
bool ics_duration(const char *text, int64_t *days, int64_t *seconds);
/* Adds days on the wall clock, then exact seconds (for dates: full days). What no wall
 * clock of the zone says becomes a time in UTC. */
void ics_time_add(struct ics_time *time, int64_t days, int64_t seconds);
/* Start and end of a VEVENT by DTEND, DURATION or the defaults of RFC 5545 3.6.1. The end
 * of a date is the exclusive date; a DTEND that equals a DTSTART date means one day. */
enum err ics_event_times(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, struct ics_time *start, struct ics_time *end);

/* What validation learned. */
struct ics_object {
    struct comp *calendar;
    const char *component; /* "VEVENT" */
    const char *uid;
    struct comp *master; /* NULL for exceptions alone */
};

/* Parses and checks a calendar object resource: VCALENDAR 2.0, one kind of component, one
 * UID, at most one master, no two components with one RECURRENCE-ID, readable times and
 * rules, DTEND not before DTSTART, not both DTEND and DURATION. METHOD is dropped
 * (Thunderbird sends it). Tolerated, because clients leave them out or write them: no
 * VERSION, PRODID or DTSTAMP, no VTIMEZONE for a TZID that is known, X- components, an
 * exception of another type (date or time) than its master. Errors: VALID_CALENDAR_DATA,
 * VALID_CALENDAR_OBJECT, SUPPORTED_COMPONENT (anything but VEVENT). */
enum err ics_object_parse(struct ctx *cx, const char *text, size_t len_bytes,
    struct ics_object *object);

#endif
