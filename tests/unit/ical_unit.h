/* What the tests of the iCalendar layer share. */
#ifndef TESTS_UNIT_ICAL_UNIT_H
#define TESTS_UNIT_ICAL_UNIT_H

#include "unit.h"

#include "ical/expand.h"

/* "20261120T094100Z" as Unix time. */
static inline int64_t at(const char *text)
{
    struct civil civil;
    bool is_date, is_utc;
    assert_true(when_parse_ics(text, &civil, &is_date, &is_utc));
    return civil_seconds(&civil);
}

/* A calendar of these content lines, without its frame; "\n" ends a line. */
static inline struct comp *calendar_of(struct ctx *cx, const char *lines)
{
    struct comp *calendar;
    const char *text = arena_printf(cx->arena,
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//\n%sEND:VCALENDAR\n", lines);
    assert_ok(cx, lines_parse(cx, text, strlen(text), &calendar));
    return calendar;
}

/* One event of these lines, with a UID. */
static inline struct comp *event_of(struct ctx *cx, const char *lines)
{
    return calendar_of(
        cx, arena_printf(cx->arena, "BEGIN:VEVENT\nUID:one\n%sEND:VEVENT\n", lines));
}

#endif
