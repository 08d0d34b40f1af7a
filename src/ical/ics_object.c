#include "ical/ics.h"
#include "ical/recur.h"

#include <string.h>

#define OBJECT(cx, ...) fail((cx), ERR_VALID_CALENDAR_OBJECT, __VA_ARGS__)
#define DATA(cx, ...) fail((cx), ERR_VALID_CALENDAR_DATA, __VA_ARGS__)

/* Properties that an event may have once (RFC 5545 3.6.1); those only whose repetition
 * would leave open what the event means. */
static const char *const single[] = {
    "UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"};

static enum err check_single(struct ctx *cx, const struct comp *event)
{
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
        size_t at = 0;
        if (comp_next_line(event, single[i], &at) &&
            comp_next_line(event, single[i], &at))
            return DATA(cx, "%s twice in one event", single[i]);
    }
    if (comp_line(event, "DTEND") && comp_line(event, "DURATION"))
        return DATA(cx, "both DTEND and DURATION");
    return ERR_OK;
}

static enum err check_order(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, struct ics_time *start)
{
    struct ics_time end;
    TRY(ics_event_times(cx, calendar, event, start, &end));
    if (start->is_date != end.is_date)
        return DATA(cx, "DTSTART and DTEND must both be dates or both be times");
    if (ics_time_unix(&end, NULL) < ics_time_unix(start, NULL))
        return DATA(cx, "the end is before the start");
    if (end.civil.year > ICS_MAX_YEAR)
        return DATA(cx, "the end is in an absurd year");
    return ERR_OK;
}

/* RDATE and EXDATE: lists of times or periods. */
static enum err check_dates(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, const char *name)
{
    const struct line *line;
    struct ics_time time;
    for (size_t at = 0; (line = comp_next_line(event, name, &at));) {
        for (char **value = str_split(cx->arena, line->value, ','); *value; value++) {
            char *slash = strchr(*value, '/');
            if (slash && !strcmp(name, "RDATE"))
                *slash = '\0';
            TRY(ics_time_value(cx, calendar, line, *value, &time));
        }
    }
    return ERR_OK;
}

static enum err check_event(struct ctx *cx, const struct comp *calendar,
    const struct comp *event, int64_t *recurrence_s)
{
    struct ics_time start, recurrence;
    struct recur *recur;
    const struct line *line;
    TRY(check_single(cx, event));
    TRY(check_order(cx, calendar, event, &start));
    for (size_t at = 0; (line = comp_next_line(event, "RRULE", &at));)
        TRY(recur_open(cx, line->value, &start.civil, start.is_date, &recur));
    TRY(check_dates(cx, calendar, event, "RDATE"));
    TRY(check_dates(cx, calendar, event, "EXDATE"));
    line = comp_line(event, "RECURRENCE-ID");
    if (line) {
        TRY(ics_time(cx, calendar, line, &recurrence));
        *recurrence_s = ics_time_unix(&recurrence, NULL);
    }
    return ERR_OK;
}

static enum err check_uid(
    struct ctx *cx, const struct comp *event, struct ics_object *object)
{
    const struct line *uid = comp_line(event, "UID");
    if (!uid || str_empty(uid->value))
        return DATA(cx, "an event without UID");
    if (strlen(uid->value) > ICS_MAX_UID_BYTES)
        return DATA(cx, "the UID is too long");
    if (object->uid && !str_eq(object->uid, uid->value))
        return OBJECT(cx, "two UIDs in one object: \"%.80s\" and \"%.80s\"", object->uid,
            uid->value);
    object->uid = uid->value;
    return ERR_OK;
}

/* Everything but time zones and extensions is a calendar component, and all must be
 * events. */
static enum err check_kinds(struct ctx *cx, const struct comp *calendar)
{
    const char *kind = NULL;
    for (size_t i = 0; i < calendar->items.n; i++) {
        const struct comp *sub = calendar->items.items[i].comp;
        if (!sub || str_eq(sub->name, "VTIMEZONE") || str_starts(sub->name, "X-"))
            continue;
        if (kind && !str_eq(kind, sub->name))
            return OBJECT(cx, "%s and %s in one object", kind, sub->name);
        kind = sub->name;
    }
    if (!kind)
        return OBJECT(cx, "no event in the calendar object");
    if (!str_eq(kind, "VEVENT"))
        return fail(
            cx, ERR_SUPPORTED_COMPONENT, "%s is not supported, only VEVENT", kind);
    return ERR_OK;
}

static enum err check_events(struct ctx *cx, struct ics_object *object)
{
    LIST(int64_t) seen = {.n = 0};
    struct comp *event;
    for (size_t at = 0; (event = comp_next_sub(object->calendar, "VEVENT", &at));) {
        int64_t recurrence_s = 0;
        TRY(check_uid(cx, event, object));
        TRY(check_event(cx, object->calendar, event, &recurrence_s));
        if (!comp_line(event, "RECURRENCE-ID")) {
            if (object->master)
                return OBJECT(cx, "two events without RECURRENCE-ID in one object");
            object->master = event;
            continue;
        }
        for (size_t i = 0; i < seen.n; i++)
            if (seen.items[i] == recurrence_s)
                return OBJECT(cx, "two exceptions for one RECURRENCE-ID");
        LIST_ADD(cx->arena, &seen, recurrence_s);
        if (seen.n > ICS_MAX_EXCEPTIONS)
            return OBJECT(cx, "too many exceptions");
    }
    return ERR_OK;
}

enum err ics_object_parse(
    struct ctx *cx, const char *text, size_t len_bytes, struct ics_object *object)
{
    struct ics_object read = {.component = "VEVENT"};
    const struct line *line;
    TRY(lines_parse(cx, text, len_bytes, &read.calendar));
    line = comp_line(read.calendar, "VERSION");
    if (line && !str_eq(str_trim(cx->arena, line->value), "2.0"))
        return DATA(cx, "iCalendar version \"%.20s\" is not 2.0", line->value);
    while ((line = comp_line(read.calendar, "METHOD")))
        comp_remove_line(read.calendar, line);
    TRY(check_kinds(cx, read.calendar));
    TRY(check_events(cx, &read));
    *object = read;
    return ERR_OK;
}
