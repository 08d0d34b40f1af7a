/* The VTIMEZONEs we print, read by another implementation: libical. */
#include "ical/zone.h"

#include "ical_unit.h"

#include <libical/ical.h>

#define DAY_S ((int64_t)86400)

static const char *const zones[] = {
    "Asia/Shanghai",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Moscow",
    "Europe/Istanbul",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Nuuk",
    "Africa/Casablanca",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Asia/Gaza",
    "Africa/Cairo",
    "America/Havana",
    "Asia/Kathmandu",
    "Pacific/Apia",
};

static icaltimezone *libical_zone(struct ctx *cx, const struct comp *vtimezone)
{
    icalcomponent *component = icalcomponent_new_from_string(lines_text(cx, vtimezone));
    icaltimezone *zone = icaltimezone_new();
    assert_non_null(component);
    assert_true(icaltimezone_set_component(zone, component));
    return zone;
}

static void check(struct ctx *cx, const char *name, int64_t from_s, int64_t until_s,
    int64_t printed_until_s)
{
    const struct zone *zone = zone_find(name);
    icaltimezone *theirs =
        libical_zone(cx, zone_vtimezone(cx, zone, from_s, printed_until_s));
    /* Seven hours and a bit: no change is always met at the same time of day. */
    for (int64_t s = from_s; s < until_s; s += 7 * 3600 * 5 + 1234) {
        struct icaltimetype when =
            icaltime_from_timet_with_zone((time_t)s, 0, icaltimezone_get_utc_timezone());
        int offset_s = icaltimezone_get_utc_offset_of_utc_time(theirs, &when, NULL);
        if (offset_s != zone_offset_s(zone, s)) {
            char text[WHEN_TEXT_BYTES];
            fail_msg("%s at %s: %d instead of %d", name, when_rfc3339(s, text), offset_s,
                zone_offset_s(zone, s));
        }
    }
    icaltimezone_free(theirs, 1);
}

static void libical_reads_the_offsets_from_1970_to_2045(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        check(cx, zones[i], 0, at("20450101T000000Z"), at("20450101T000000Z"));
}

static void a_current_event_gets_the_offsets_of_the_years_to_come(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        check(cx, zones[i], at("20251120T000000Z"), at("20450101T000000Z"), INT64_MAX);
}

static void an_old_event_gets_the_offsets_of_its_time(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        for (int year = 1970; year < 2040; year += 3) {
            int64_t from_s = civil_days(year, 5, 5) * DAY_S;
            check(cx, zones[i], from_s, from_s + 200 * DAY_S, from_s + 200 * DAY_S);
        }
}

static void later_times_have_the_current_rules(void **state)
{
    struct ctx *cx = *state;
    /* Morocco's and Gaza's tables are forecasts of single years: no rules to compare. */
    static const char *const ruled[] = {"Asia/Shanghai", "Europe/Berlin",
        "Europe/Istanbul", "America/New_York", "America/Santiago", "Asia/Jerusalem"};
    for (size_t i = 0; i < sizeof(ruled) / sizeof(ruled[0]); i++) {
        const struct zone *zone = zone_find(ruled[i]);
        int64_t from_s = at("19850701T000000Z");
        icaltimezone *theirs =
            libical_zone(cx, zone_vtimezone(cx, zone, from_s, from_s + DAY_S));
        for (int64_t s = at("20260101T000000Z"); s < at("20320101T000000Z");
             s += 3 * DAY_S) {
            struct icaltimetype when = icaltime_from_timet_with_zone(
                (time_t)s, 0, icaltimezone_get_utc_timezone());
            assert_int_equal(icaltimezone_get_utc_offset_of_utc_time(theirs, &when, NULL),
                zone_offset_s(zone, s));
        }
        icaltimezone_free(theirs, 1);
    }
}

static void a_zone_without_changes_is_one_standard(void **state)
{
    struct ctx *cx = *state;
    struct comp *vtimezone = zone_vtimezone(
        cx, zone_find("Asia/Shanghai"), at("20261120T000000Z"), at("20261121T000000Z"));
    assert_string_equal(lines_text(cx, vtimezone),
        "BEGIN:VTIMEZONE\r\nTZID:Asia/Shanghai\r\nBEGIN:STANDARD\r\n"
        "DTSTART:19700101T000000\r\nTZNAME:CST\r\nTZOFFSETFROM:+0800\r\n"
        "TZOFFSETTO:+0800\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n");
}

static void a_current_event_has_two_rules_whatever_its_time(void **state)
{
    struct ctx *cx = *state;
    const struct zone *zone = zone_find("Europe/Berlin");
    const char *one = lines_text(
        cx, zone_vtimezone(cx, zone, at("20261120T000000Z"), at("20261121T000000Z")));
    assert_string_equal(one,
        "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\n"
        "DTSTART:19960331T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
        "TZNAME:CEST\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\n"
        "BEGIN:STANDARD\r\nDTSTART:19961027T030000\r\n"
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZNAME:CET\r\n"
        "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n");
    assert_string_equal(
        one, lines_text(cx, zone_vtimezone(cx, zone, at("20000101T000000Z"), INT64_MAX)));
}

static void irish_summer_is_daylight(void **state)
{
    struct ctx *cx = *state;
    struct comp *vtimezone =
        zone_vtimezone(cx, zone_find("Europe/Dublin"), at("20261120T000000Z"), INT64_MAX);
    struct comp *daylight = comp_sub(vtimezone, "DAYLIGHT");
    assert_string_equal(comp_line(daylight, "TZNAME")->value, "IST");
    assert_string_equal(comp_line(daylight, "TZOFFSETTO")->value, "+0100");
}

static void utc_has_a_vtimezone_too(void **state)
{
    struct ctx *cx = *state;
    struct comp *vtimezone = zone_vtimezone(cx, zone_utc(), 0, INT64_MAX);
    assert_string_equal(
        comp_line(comp_sub(vtimezone, "STANDARD"), "TZOFFSETTO")->value, "+0000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(libical_reads_the_offsets_from_1970_to_2045),
        CTX_TEST(a_current_event_gets_the_offsets_of_the_years_to_come),
        CTX_TEST(an_old_event_gets_the_offsets_of_its_time),
        CTX_TEST(later_times_have_the_current_rules),
        CTX_TEST(a_zone_without_changes_is_one_standard),
        CTX_TEST(a_current_event_has_two_rules_whatever_its_time),
        CTX_TEST(irish_summer_is_daylight),
        CTX_TEST(utc_has_a_vtimezone_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
