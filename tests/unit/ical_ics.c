#include "ical/ics.h"

#include "ical_unit.h"

static struct ics_time time_of(struct ctx *cx, const char *lines)
{
    struct comp *calendar = event_of(cx, lines);
    struct ics_time time;
    assert_ok(cx,
        ics_time(
            cx, calendar, comp_line(comp_sub(calendar, "VEVENT"), "DTSTART"), &time));
    return time;
}

static void times_have_zone_type_and_wall_clock(void **state)
{
    struct ctx *cx = *state;
    struct ics_time time = time_of(cx, "DTSTART;TZID=Europe/Berlin:20260715T120000\n");
    assert_true(time.set && !time.is_date);
    assert_ptr_equal(time.zone, zone_find("Europe/Berlin"));
    assert_string_equal(time.tzid, "Europe/Berlin");
    assert_int_equal(time.civil.hour, 12);
    assert_int_equal(ics_time_unix(&time, NULL), at("20260715T100000Z"));
    time = time_of(cx, "DTSTART:20260715T120000Z\n");
    assert_ptr_equal(time.zone, zone_utc());
    time = time_of(cx, "DTSTART:20260715T120000\n");
    assert_null(time.zone);
    assert_int_equal(ics_time_unix(&time, NULL), at("20260715T120000Z"));
    assert_int_equal(
        ics_time_unix(&time, zone_find("Asia/Shanghai")), at("20260715T040000Z"));
    time = time_of(cx, "DTSTART;VALUE=DATE:20260715\n");
    assert_true(time.is_date);
    assert_int_equal(
        ics_time_unix(&time, zone_find("Asia/Shanghai")), at("20260714T160000Z"));
}

static void sloppy_times_are_read_as_meant(void **state)
{
    struct ctx *cx = *state;
    assert_true(time_of(cx, "DTSTART:20260715\n").is_date);
    assert_true(time_of(cx, "DTSTART;VALUE=DATE:20260715T000000\n").is_date);
    assert_ptr_equal(
        time_of(cx, "DTSTART;TZID=Europe/Berlin:20260715T120000Z\n").zone, zone_utc());
    assert_null(time_of(cx, "DTSTART;TZID=Europe/Berlin;VALUE=DATE:20260715\n").zone);
    assert_int_equal(time_of(cx, "DTSTART:20261231T235960Z \n").civil.second, 59);
}

static void a_custom_zone_is_found_by_its_vtimezone(void **state)
{
    struct ctx *cx = *state;
    struct comp *calendar = calendar_of(cx,
        "BEGIN:VTIMEZONE\nTZID:Mine\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0900\nTZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\n"
        "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Mine:20260715T120000\nEND:VEVENT\n");
    struct ics_time time;
    assert_ok(cx,
        ics_time(
            cx, calendar, comp_line(comp_sub(calendar, "VEVENT"), "DTSTART"), &time));
    assert_string_equal(zone_name(time.zone), "Asia/Tokyo");
}

static void broken_times_are_errors(void **state)
{
    struct ctx *cx = *state;
    static const char *const values[] = {"", "2026", "20261301", "20260230T000000Z",
        "20260715T250000", "2026-07-15", "00000101", "15000101T000000Z", "20260715T1200"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct line *line = line_new(cx, "DTSTART:%s", values[i]);
        struct ics_time time = {.set = false};
        assert_err(cx, ERR_VALID_CALENDAR_DATA, ics_time(cx, NULL, line, &time));
        assert_false(time.set);
    }
    struct ics_time time;
    assert_err(cx, ERR_VALID_TIMEZONE,
        ics_time(cx, NULL, line_new(cx, "DTSTART;TZID=No/Where:20260715T120000"), &time));
}

static void durations_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t days, seconds;
    } rows[] = {
        {"PT15M", true, 0, 900},
        {"-PT15M", true, 0, -900},
        {"+P1D", true, 1, 0},
        {"P15DT5H0M20S", true, 15, 18020},
        {"P7W", true, 49, 0},
        {"PT0S", true, 0, 0},
        {"-P1DT2H", true, -1, -7200},
        {"P1W2D", true, 9, 0},
        {"PT36H", true, 0, 129600},
        {"", false, 0, 0},
        {"P", false, 0, 0},
        {"PT", false, 0, 0},
        {"P1H", false, 0, 0},
        {"PT1D", false, 0, 0},
        {"1D", false, 0, 0},
        {"P1", false, 0, 0},
        {"PT1S1H", false, 0, 0},
        {"P99999999999999999999D", false, 0, 0},
        {"--P1D", false, 0, 0},
        {"P1DT", true, 1, 0},
        {"-P1WT", true, -7, 0},
        {"P1DTT", false, 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t days = -1, seconds = -1;
        bool good = ics_duration(rows[i].text, &days, &seconds);
        if (good != rows[i].good)
            fail_msg("\"%s\" is %s", rows[i].text, good ? "taken" : "refused");
        if (good) {
            assert_int_equal(days, rows[i].days);
            assert_int_equal(seconds, rows[i].seconds);
        }
    }
}

static void ends_follow_from_dtend_duration_or_default(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *lines, *start, *end;
    } rows[] = {
        {"DTSTART:20260715T120000Z\nDTEND:20260715T130000Z\n", "20260715T120000Z",
            "20260715T130000Z"},
        {"DTSTART:20260715T120000Z\n", "20260715T120000Z", "20260715T120000Z"},
        {"DTSTART:20260715T120000Z\nDURATION:PT90M\n", "20260715T120000Z",
            "20260715T133000Z"},
        /* A day on the wall clock, 24 exact hours, over the end of summer time */
        {"DTSTART;TZID=Europe/Berlin:20261024T120000\nDURATION:P1D\n", "20261024T100000Z",
            "20261025T110000Z"},
        {"DTSTART;TZID=Europe/Berlin:20261024T120000\nDURATION:PT24H\n",
            "20261024T100000Z", "20261025T100000Z"},
        {"DTSTART;VALUE=DATE:20260715\n", "20260715T000000Z", "20260716T000000Z"},
        {"DTSTART;VALUE=DATE:20260715\nDTEND;VALUE=DATE:20260718\n", "20260715T000000Z",
            "20260718T000000Z"},
        {"DTSTART;VALUE=DATE:20260715\nDTEND;VALUE=DATE:20260715\n", "20260715T000000Z",
            "20260716T000000Z"},
        {"DTSTART;TZID=America/New_York:20261101T013000\nDURATION:PT30M\n",
            "20261101T053000Z", "20261101T060000Z"},
        {"DTSTART;TZID=America/New_York:20261101T013000\nDURATION:PT1H\n",
            "20261101T053000Z", "20261101T063000Z"},
        {"DTSTART;VALUE=DATE:20260715\nDURATION:P2D\n", "20260715T000000Z",
            "20260717T000000Z"},
        {"DTSTART;VALUE=DATE:20260715\nDURATION:PT1H\n", "20260715T000000Z",
            "20260716T000000Z"},
        {"DTSTART;TZID=Asia/Tokyo:20260715T120000\n"
         "DTEND;TZID=Europe/Berlin:20260715T120000\n",
            "20260715T030000Z", "20260715T100000Z"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct comp *calendar = event_of(cx, rows[i].lines);
        struct ics_time start, end;
        char text[WHEN_TEXT_BYTES];
        assert_ok(cx,
            ics_event_times(cx, calendar, comp_sub(calendar, "VEVENT"), &start, &end));
        assert_string_equal(
            when_ics_utc(ics_time_unix(&start, NULL), text), rows[i].start);
        assert_string_equal(when_ics_utc(ics_time_unix(&end, NULL), text), rows[i].end);
    }
}

#define EVENT(lines) "BEGIN:VEVENT\nDTSTAMP:20260101T000000Z\n" lines "END:VEVENT\n"
#define ONE "UID:1\nDTSTART:20260715T120000Z\n"

static const struct {
    const char *lines;
    enum err expected;
} objects[] = {
    {EVENT(ONE), ERR_OK},
    {EVENT(ONE "DTEND:20260715T130000Z\n"), ERR_OK},
    {EVENT(ONE "DTEND:20260715T120000Z\n"), ERR_OK},
    {EVENT(ONE "RRULE:FREQ=WEEKLY;BYDAY=MO,TU\nEXDATE:20260716T120000Z\n")
            EVENT(ONE "RECURRENCE-ID:20260720T120000Z\n"),
        ERR_OK},
    {EVENT(ONE "RECURRENCE-ID:20260715T120000Z\n"), ERR_OK},
    {EVENT(ONE) "BEGIN:X-THING\nEND:X-THING\n", ERR_OK},
    {"METHOD:PUBLISH\n" EVENT(ONE), ERR_OK},
    {EVENT("UID:1\nDTSTART;TZID=Europe/Berlin:20260715T120000\n"), ERR_OK},
    {EVENT(ONE "RDATE;VALUE=PERIOD:20260801T100000Z/PT1H,20260802T100000Z/"
               "20260802T113000Z\n"),
        ERR_OK},
    {EVENT("DTSTART:20260715T120000Z\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT("UID:\nDTSTART:20260715T120000Z\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT("UID:1\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT("UID:1\nDTSTART:yesterday\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT("UID:1\nDTSTART:01230715T120000Z\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT("UID:1\nDTSTART;TZID=Nowhere:20260715T120000\n"), ERR_VALID_TIMEZONE},
    {EVENT(ONE "DTSTART:20260715T120000Z\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "DTEND:20260715T110000Z\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "DTEND;VALUE=DATE:20260716\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "DTEND:20260715T130000Z\nDURATION:PT1H\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "DURATION:-PT1H\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "DURATION:1 hour\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "RRULE:FREQ=SOMETIMES\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "RRULE:BYDAY=MO\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101T000000Z\n"),
        ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "RRULE:FREQ=DAILY;INTERVAL=0\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "RRULE:RSCALE=CHINESE;FREQ=YEARLY\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT("UID:1\nDTSTART;VALUE=DATE:20260715\nRRULE:FREQ=HOURLY\n"),
        ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "EXDATE:20260715T120000Z,oops\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "RDATE:oops\n"), ERR_VALID_CALENDAR_DATA},
    {EVENT(ONE "RECURRENCE-ID:oops\n"), ERR_VALID_CALENDAR_DATA},
    {"", ERR_VALID_CALENDAR_OBJECT},
    {"BEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE\n", ERR_VALID_CALENDAR_OBJECT},
    {EVENT(ONE) EVENT(ONE), ERR_VALID_CALENDAR_OBJECT},
    {EVENT(ONE) EVENT("UID:2\nDTSTART:20260715T120000Z\n"), ERR_VALID_CALENDAR_OBJECT},
    {EVENT(ONE "RECURRENCE-ID:20260715T120000Z\n")
            EVENT(ONE "RECURRENCE-ID;TZID=Europe/Berlin:20260715T140000\n"),
        ERR_VALID_CALENDAR_OBJECT},
    {EVENT(ONE) "BEGIN:VTODO\nUID:1\nEND:VTODO\n", ERR_VALID_CALENDAR_OBJECT},
    {"BEGIN:VTODO\nUID:1\nEND:VTODO\n", ERR_SUPPORTED_COMPONENT},
    {"BEGIN:VJOURNAL\nUID:1\nEND:VJOURNAL\n", ERR_SUPPORTED_COMPONENT},
    {"BEGIN:VFREEBUSY\nUID:1\nEND:VFREEBUSY\n", ERR_SUPPORTED_COMPONENT},
};

static void objects_are_taken_or_refused_with_the_right_kind(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        struct ics_object object = {.uid = NULL};
        const char *text = arena_printf(cx->arena,
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n%sEND:VCALENDAR\n",
            objects[i].lines);
        enum err found = ics_object_parse(cx, text, strlen(text), &object);
        if (found != objects[i].expected)
            fail_msg(
                "%s (%s) for\n%s", err_name(found), found ? ctx_error(cx) : "", text);
        if (found == ERR_OK)
            assert_string_equal(object.uid, "1");
        else
            assert_null(object.uid);
    }
}

static void the_master_is_known_and_method_dropped(void **state)
{
    struct ctx *cx = *state;
    static const char text[] =
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\n" EVENT(ONE "RECURRENCE-ID:20260716T120000Z\n")
            EVENT(ONE "RRULE:FREQ=DAILY\n") "END:VCALENDAR\n";
    struct ics_object object;
    assert_ok(cx, ics_object_parse(cx, text, sizeof(text) - 1, &object));
    assert_non_null(comp_line(object.master, "RRULE"));
    assert_null(comp_line(object.calendar, "METHOD"));
    assert_string_equal(object.component, "VEVENT");
}

static void another_version_is_refused_and_none_tolerated(void **state)
{
    struct ctx *cx = *state;
    static const char old[] =
        "BEGIN:VCALENDAR\nVERSION:1.0\n" EVENT(ONE) "END:VCALENDAR\n";
    static const char none[] = "BEGIN:VCALENDAR\n" EVENT(ONE) "END:VCALENDAR\n";
    struct ics_object object;
    assert_err(
        cx, ERR_VALID_CALENDAR_DATA, ics_object_parse(cx, old, sizeof(old) - 1, &object));
    assert_ok(cx, ics_object_parse(cx, none, sizeof(none) - 1, &object));
    assert_ptr_equal(object.master, comp_sub(object.calendar, "VEVENT"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(times_have_zone_type_and_wall_clock),
        CTX_TEST(sloppy_times_are_read_as_meant),
        CTX_TEST(a_custom_zone_is_found_by_its_vtimezone),
        CTX_TEST(broken_times_are_errors),
        CTX_TEST(durations_are_read),
        CTX_TEST(ends_follow_from_dtend_duration_or_default),
        CTX_TEST(objects_are_taken_or_refused_with_the_right_kind),
        CTX_TEST(the_master_is_known_and_method_dropped),
        CTX_TEST(another_version_is_refused_and_none_tolerated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
