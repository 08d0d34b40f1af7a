/* VAVAILABILITY: when a person cannot be had. */
#include "ical_unit.h"

#include "ical/availability.h"

#define OFFICE                                                                           \
    "BEGIN:VAVAILABILITY\nUID:a\nDTSTAMP:20260101T000000Z\n"                             \
    "BEGIN:AVAILABLE\nUID:week\nDTSTART:20260105T090000Z\nDTEND:20260105T170000Z\n"      \
    "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\nEND:AVAILABLE\nEND:VAVAILABILITY\n"

static char *periods(
    struct ctx *cx, const char *lines, const char *from, const char *until)
{
    struct expand_range range = {.from_s = at(from), .until_s = at(until)};
    availability_list list = {0};
    struct buf out = buf_new(cx->arena);
    assert_ok(cx, availability_busy(cx, calendar_of(cx, lines), &range, &list));
    for (size_t i = 0; i < list.n; i++) {
        char start[WHEN_TEXT_BYTES], end[WHEN_TEXT_BYTES];
        buf_printf(&out, "%d:%.11s-%.11s ", list.items[i].kind,
            when_ics_utc(list.items[i].start_s, start),
            when_ics_utc(list.items[i].end_s, end));
    }
    return arena_strdup(cx->arena, buf_str(&out));
}

static void outside_of_office_hours_nobody_is_there(void **state)
{
    struct ctx *cx = *state;
    /* Friday 20 November 2026, and the weekend behind it. */
    assert_string_equal(periods(cx, OFFICE, "20261120T000000Z", "20261123T120000Z"),
        "3:20261120T00-20261120T09 3:20261120T17-20261123T09 ");
}

static void bounds_and_busy_type_are_those_of_the_component(void **state)
{
    struct ctx *cx = *state;
    const char *away =
        "BEGIN:VAVAILABILITY\nUID:v\nDTSTART:20261120T100000Z\nDTEND:20261120T140000Z\n"
        "BUSYTYPE:BUSY-TENTATIVE\nEND:VAVAILABILITY\n";
    assert_string_equal(periods(cx, away, "20261120T000000Z", "20261121T000000Z"),
        "2:20261120T10-20261120T14 ");
    assert_string_equal(periods(cx, away, "20261121T000000Z", "20261122T000000Z"), "");
    const char *from_noon =
        "BEGIN:VAVAILABILITY\nUID:v\nDTSTART:20261120T120000Z\nDURATION:PT2H\n"
        "BUSYTYPE:BUSY\nEND:VAVAILABILITY\n";
    assert_string_equal(periods(cx, from_noon, "20261120T000000Z", "20261121T000000Z"),
        "1:20261120T12-20261120T14 ");
}

static void the_higher_priority_decides(void **state)
{
    struct ctx *cx = *state;
    const char *open =
        "BEGIN:VAVAILABILITY\nUID:b\nPRIORITY:1\nDTSTART:20261120T060000Z\n"
        "DTEND:20261120T120000Z\nBEGIN:AVAILABLE\nUID:x\nDTSTART:20261120T060000Z\n"
        "DTEND:20261120T080000Z\nEND:AVAILABLE\nEND:VAVAILABILITY\n";
    const char *expected =
        "3:20261120T00-20261120T06 3:20261120T08-20261120T12 3:20261120T17-20261121T00 ";
    const char *both[] = {OFFICE, open};
    for (int swap = 0; swap < 2; swap++)
        assert_string_equal(
            periods(cx, arena_printf(cx->arena, "%s%s", both[swap], both[!swap]),
                "20261120T000000Z", "20261121T000000Z"),
            expected);
}

static void an_exception_takes_the_place_of_an_available_time(void **state)
{
    struct ctx *cx = *state;
    const char *text =
        "BEGIN:VAVAILABILITY\nUID:a\nBEGIN:AVAILABLE\nUID:d\nDTSTART:20261119T090000Z\n"
        "DTEND:20261119T170000Z\nRRULE:FREQ=DAILY\nEND:AVAILABLE\n"
        "BEGIN:AVAILABLE\nUID:d\nRECURRENCE-ID:20261120T090000Z\n"
        "DTSTART:20261120T130000Z\nDTEND:20261120T150000Z\nEND:AVAILABLE\n"
        "END:VAVAILABILITY\n";
    assert_string_equal(periods(cx, text, "20261120T000000Z", "20261121T000000Z"),
        "3:20261120T00-20261120T13 3:20261120T15-20261121T00 ");
}

static void what_is_no_availability_is_refused(void **state)
{
    struct ctx *cx = *state;
    struct comp *calendar;
    const char *event =
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nEND:VEVENT\nEND:VCALENDAR\n";
    const char *nothing = "BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n";
    assert_int_equal(availability_parse(cx, event, strlen(event), &calendar),
        ERR_SUPPORTED_COMPONENT);
    assert_int_equal(availability_parse(cx, nothing, strlen(nothing), &calendar),
        ERR_VALID_CALENDAR_DATA);
    assert_int_equal(
        availability_parse(cx, "x", 1, &calendar), ERR_VALID_CALENDAR_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(outside_of_office_hours_nobody_is_there),
        CTX_TEST(bounds_and_busy_type_are_those_of_the_component),
        CTX_TEST(the_higher_priority_decides),
        CTX_TEST(an_exception_takes_the_place_of_an_available_time),
        CTX_TEST(what_is_no_availability_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
