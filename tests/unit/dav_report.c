/* calendar-query, and what it shares with calendar-multiget. */
#include "dav_fake_backend.h"

#define FILTER(inner)                                                                    \
    "<C:filter><C:comp-filter name='VCALENDAR'>" inner "</C:comp-filter></C:filter>"
#define EVENTS(inner) FILTER("<C:comp-filter name='VEVENT'>" inner "</C:comp-filter>")
#define NOVEMBER "<C:time-range start='20261101T000000Z' end='20261201T000000Z'/>"
#define DATA "<D:prop><D:getetag/><C:calendar-data/></D:prop>"

static int query(struct world *w, const char *inner)
{
    return report(w, WORK, "Depth: 1", "C:calendar-query", inner);
}

static void fill(struct world *w)
{
    fake_add(w, "work", "oct.ics", event_text(w, "oct", "20261020T080000Z", NULL));
    fake_add(w, "work", "nov.ics",
        event_text(w, "nov", "20261120T080000Z", "LOCATION:Caf\xc3\xa9\r\n"));
    fake_add(w, "work", "daily.ics",
        event_text(w, "daily", "20261028T080000Z", "RRULE:FREQ=DAILY;COUNT=7\r\n"));
    fake_add(w, "work", "old.ics",
        event_text(w, "old", "20260101T080000Z", "RRULE:FREQ=DAILY;COUNT=3\r\n"));
}

static void a_month_is_answered_without_parsing_what_the_index_knows(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "oct.ics", event_text(w, "oct", "20261020T080000Z", NULL));
    /* Were it parsed, it would be an error. */
    struct fake_object *nov = fake_add(w, "work", "nov.ics",
        event_text(w, "nov", "20261120T080000Z", NULL));
    nov->text = arena_strdup(w->cx->arena, "not iCalendar <&>");
    assert_status(w, 207, query(w, DATA EVENTS(NOVEMBER)));
    assert_found(w, 1, "//D:response");
    assert_string_equal(text_at(w, "//D:response/D:href"), WORK "nov.ics");
    assert_string_equal(text_at(w, "//C:calendar-data"), "not iCalendar <&>");
    assert_string_equal(text_at(w, "//D:getetag"),
        arena_printf(w->cx->arena, "\"%s\"", nov->etag));
    assert_status(w, 207, query(w, "<D:prop><D:getetag/></D:prop>" EVENTS(NOVEMBER)));
    assert_int_equal(w->bridge.n_texts, 1);
}

static void series_are_matched_by_their_instances(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, query(w, DATA EVENTS(NOVEMBER)));
    assert_found(w, 2, "//D:response");
    assert_found(w, 1, "//D:response[D:href='" WORK "daily.ics']");
    /* iOS 5 and DAVx5 send a start alone. */
    assert_status(w, 207, query(w, DATA
        EVENTS("<C:time-range start='20261001T000000Z'/>")));
    assert_found(w, 3, "//D:response");
    assert_status(
        w, 207, query(w, DATA EVENTS("<C:time-range end='20261001T000000Z'/>")));
    assert_found(w, 1, "//D:response[D:href='" WORK "old.ics']");
}

static void bytes_come_back_as_they_are(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, query(w, DATA EVENTS(NOVEMBER)));
    assert_string_equal(
        text_at(w, "//D:response[D:href='" WORK "nov.ics']//C:calendar-data"),
        fake_object(w, "work", "nov.ics")->text);
}

static void everything_and_nothing_need_no_filter_work(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, query(w, DATA EVENTS("")));
    assert_found(w, 4, "//D:response");
    assert_status(w, 207, query(w, DATA FILTER("")));
    assert_found(w, 4, "//D:response");
    w->bridge.n_listings = 0;
    /* Reminders asks for its own kind. */
    assert_status(w, 207, query(w, DATA FILTER("<C:comp-filter name='VTODO'/>")));
    assert_found(w, 0, "//D:response");
    assert_int_equal(w->bridge.n_listings, 0);
    assert_status(w, 207, query(w, DATA
        FILTER("<C:comp-filter name='VTODO'><C:is-not-defined/></C:comp-filter>")));
    assert_found(w, 4, "//D:response");
}

static void property_and_text_filters_look_into_the_text(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, query(w, DATA
        EVENTS("<C:prop-filter name='UID'><C:text-match collation='i;octet'>nov"
               "</C:text-match></C:prop-filter>")));
    assert_found(w, 1, "//D:response[D:href='" WORK "nov.ics']");
    assert_found(w, 1, "//D:response");
    assert_status(w, 207,
        query(w,
            DATA EVENTS(
                "<C:prop-filter name='location'><C:text-match "
                "collation='i;unicode-casemap'>CAF\xc3\x89</C:text-match>"
                "</C:prop-filter>")));
    assert_found(w, 1, "//D:response");
    assert_status(w, 207, query(w, DATA
        EVENTS("<C:prop-filter name='LOCATION'><C:is-not-defined/></C:prop-filter>")));
    assert_found(w, 3, "//D:response");
    assert_status(w, 207,
        query(w,
            DATA EVENTS(NOVEMBER
                "<C:prop-filter name='UID'><C:text-match negate-condition='yes'>nov"
                "</C:text-match></C:prop-filter>")));
    assert_found(w, 1, "//D:response[D:href='" WORK "daily.ics']");
    assert_found(w, 1, "//D:response");
}

static void expansion_gives_instances_in_utc(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, query(w,
        "<D:prop><C:calendar-data><C:expand start='20261101T000000Z' "
        "end='20261201T000000Z'/></C:calendar-data></D:prop>" EVENTS(NOVEMBER)));
    const char *text = text_at(w,
        "//D:response[D:href='" WORK "daily.ics']//C:calendar-data");
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, "BEGIN:VEVENT")); at++)
        n++;
    assert_int_equal(n, 3);
    assert_null(strstr(text, "RRULE"));
    assert_non_null(strstr(text, "RECURRENCE-ID:20261101T080000Z"));
    assert_status(w, 207, query(w,
        "<D:prop><C:calendar-data><C:limit-recurrence-set start='20261101T000000Z' "
        "end='20261201T000000Z'/></C:calendar-data></D:prop>" EVENTS(NOVEMBER)));
    text = text_at(w, "//D:response[D:href='" WORK "daily.ics']//C:calendar-data");
    assert_non_null(strstr(text, "RRULE:FREQ=DAILY"));
}

static void components_and_properties_can_be_selected(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, query(w,
        "<D:prop><C:calendar-data><C:comp name='VCALENDAR'><C:prop name='VERSION'/>"
        "<C:comp name='vevent'><C:prop name='UID'/><C:prop name='SUMMARY' novalue='yes'/>"
        "</C:comp></C:comp><C:limit-freebusy-set start='20261101T000000Z' "
        "end='20261201T000000Z'/></C:calendar-data></D:prop>" EVENTS(NOVEMBER)));
    const char *text =
        text_at(w, "//D:response[D:href='" WORK "nov.ics']//C:calendar-data");
    assert_non_null(strstr(text, "UID:nov"));
    assert_non_null(strstr(text, "VERSION:2.0"));
    assert_non_null(strstr(text, "SUMMARY:\r\n"));
    assert_null(strstr(text, "DTSTART"));
    assert_null(strstr(text, "PRODID"));
}

static void an_unreadable_object_is_its_own_error(void **state)
{
    struct world *w = *state;
    fill(w);
    fake_object(w, "work", "daily.ics")->text = arena_strdup(w->cx->arena, "broken");
    assert_status(w, 207, query(w, DATA EVENTS(NOVEMBER)));
    assert_found(w, 2, "//D:response");
    assert_found(
        w, 1, "//D:response[D:href='" WORK "daily.ics'][D:status][not(D:propstat)]");
    assert_found(w, 1, "//D:response/D:error/C:valid-calendar-data");
    assert_found(w, 1, "//D:response[D:href='" WORK "nov.ics']/D:propstat");
    char *inner = "<D:prop><C:calendar-data><C:expand start='20261101T000000Z' "
                  "end='20261201T000000Z'/></C:calendar-data></D:prop>"
                  "<D:href>" WORK "daily.ics</D:href><D:href>" WORK "nov.ics</D:href>";
    assert_status(w, 207, report(w, WORK, NULL, "C:calendar-multiget", inner));
    assert_found(w, 1, "//D:response[1][D:status][not(D:propstat)]");
    assert_found(w, 1, "//D:response[2]//C:calendar-data");
}

#define ZONE(tzid, offset)                                                               \
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VTIMEZONE\nTZID:" tzid                \
    "\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:" offset                    \
    "\nTZOFFSETTO:" offset "\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR\n"

static void floating_times_are_read_in_the_zone_of_the_query(void **state)
{
    struct world *w = *state;
    struct fake_object *object = fake_add(w, "work", "f.ics",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:f\r\n"
        "DTSTAMP:20260101T000000Z\r\nDTSTART:20261120T090000\r\nDTEND:20261120T100000\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n");
    /* The index knows it as the person's zone has it: 2026-11-20T01:00:00Z. */
    object->exact = true;
    object->from_s = 1795136400;
    object->until_s = object->from_s + 3600;
    /* 09:00 in Shanghai is 01:00 UTC, in New York 14:00 UTC. */
    const char *morning =
        EVENTS("<C:time-range start='20261120T003000Z' end='20261120T013000Z'/>");
    const char *afternoon =
        EVENTS("<C:time-range start='20261120T133000Z' end='20261120T143000Z'/>");
    const char *prop = "<D:prop><D:getetag/></D:prop>";
    const char *zone = "<C:timezone>" ZONE("America/New_York", "-0500") "</C:timezone>";
    const char *id = "<C:timezone-id>America/New_York</C:timezone-id>";
    const struct {
        const char *range, *zone;
        int n;
    } rows[] = {{morning, "", 1}, {afternoon, "", 0}, {morning, zone, 0},
        {afternoon, zone, 1}, {morning, id, 0}, {afternoon, id, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(w, 207, query(w, arena_printf(w->cx->arena, "%s%s%s", prop,
            rows[i].range, rows[i].zone)));
        assert_found(w, rows[i].n, "//D:response");
    }
    assert_precondition(w, 403, "C:valid-timezone", query(w,
        arena_printf(w->cx->arena, "%s%s<C:timezone-id>Mars</C:timezone-id>", prop,
            morning)));
    assert_precondition(w, 403, "C:valid-calendar-data", query(w,
        arena_printf(w->cx->arena, "%s%s<C:timezone>x</C:timezone>", prop, morning)));
}

static void known_time_zones_are_left_out_for_who_knows_them(void **state)
{
    struct world *w = *state;
    const char *text =
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\n"
        "TZID:Europe/Berlin\r\nEND:VTIMEZONE\r\nBEGIN:VTIMEZONE\r\nTZID:Own\r\n"
        "END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:f\r\nDTSTAMP:20260101T000000Z\r\n"
        "DTSTART;TZID=Europe/Berlin:20261120T090000\r\nEND:VEVENT\r\n"
        "END:VCALENDAR\r\n";
    fake_add(w, "work", "f.ics", text);
    assert_status(w, 200, ask(w, "GET", WORK "f.ics", "CalDAV-Timezones: T", NULL));
    assert_string_equal(answer_body(w), text);
    assert_status(w, 200, ask(w, "GET", WORK "f.ics", "CalDAV-Timezones: F", NULL));
    assert_null(strstr(answer_body(w), "TZID:Europe/Berlin"));
    assert_non_null(strstr(answer_body(w), "TZID:Own"));
    assert_non_null(strstr(answer_body(w), "DTSTART;TZID=Europe/Berlin:"));
    assert_string_equal(answer_header(w, "Vary"), "CalDAV-Timezones");
    const char *inner =
        "<D:prop><C:calendar-data/></D:prop><D:href>" WORK "f.ics</D:href>";
    assert_status(w, 207,
        report(w, WORK, "CalDAV-Timezones: F", "C:calendar-multiget", inner));
    assert_null(strstr(answer_body(w), "TZID:Europe/Berlin"));
    assert_non_null(strstr(answer_body(w), "TZID:Own"));
    assert_status(w, 207, report(w, WORK, NULL, "C:calendar-multiget", inner));
    assert_non_null(strstr(answer_body(w), "TZID:Europe/Berlin"));
    assert_non_null(strstr(answer_header(w, "DAV"), "calendar-no-timezone"));
}

static void a_limit_on_free_busy_needs_its_range(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", event_text(w, "one", "20261120T080000Z", NULL));
    assert_status(w, 207,
        report(w, WORK, NULL, "C:calendar-multiget",
            "<D:prop><C:calendar-data><C:limit-freebusy-set start='20261120T000000Z' "
            "end='20261121T000000Z'/></C:calendar-data></D:prop><D:href>" WORK
            "one.ics</D:href>"));
    assert_non_null(strstr(text_at(w, "//C:calendar-data"), "UID:one"));
    assert_status(w, 400,
        report(w, WORK, NULL, "C:calendar-multiget",
            "<D:prop><C:calendar-data><C:limit-freebusy-set start='x'/>"
            "</C:calendar-data></D:prop><D:href>" WORK "one.ics</D:href>"));
}

static void wrong_filters_have_their_preconditions(void **state)
{
    static const struct {
        const char *element, *filter;
    } rows[] = {
        {"C:valid-filter", ""},
        {"C:valid-filter", "<C:filter/>"},
        {"C:valid-filter", "<C:filter><C:comp-filter name='VEVENT'/></C:filter>"},
        {"C:valid-filter", "<C:filter><C:comp-filter/></C:filter>"},
        {"C:valid-filter", EVENTS("<C:time-range/>")},
        {"C:valid-filter", EVENTS("<C:time-range start='20261101' end='20261201'/>")},
        {"C:valid-filter", EVENTS("<C:time-range start='20261101T000000'/>")},
        {"C:valid-filter",
            EVENTS("<C:time-range start='20261201T000000Z' "
                   "end='20261101T000000Z'/>")},
        {"C:valid-filter", EVENTS("<C:is-not-defined/><C:prop-filter name='UID'/>")},
        {"C:valid-filter", EVENTS("<C:prop-filter/>")},
        /* RFC 4791 section 7.8: components out of place, times of what has none */
        {"C:valid-filter", EVENTS("<C:comp-filter name='VEVENT'/>")},
        {"C:valid-filter", EVENTS("<C:comp-filter name='VALARM'>"
                                  "<C:comp-filter name='VEVENT'/></C:comp-filter>")},
        {"C:valid-filter", FILTER("<C:comp-filter name='VALARM'/>")},
        {"C:valid-filter", FILTER("<C:time-range start='20261101T000000Z'/>")},
        {"C:valid-filter", FILTER("<C:comp-filter name='VTIMEZONE'><C:time-range "
                                       "start='20261101T000000Z'/></C:comp-filter>")},
        {"C:valid-filter", EVENTS("<C:comp-filter name='X-COMP'><C:time-range "
                                  "start='20261101T000000Z'/></C:comp-filter>")},
        {"C:valid-filter", EVENTS("<C:prop-filter name='SUMMARY'><C:time-range "
                                  "start='20261101T000000Z'/></C:prop-filter>")},
        {"C:valid-filter",
            EVENTS("<C:prop-filter name='UID'><C:text-match "
                   "negate-condition='maybe'>x</C:text-match></C:prop-filter>")},
        {"C:supported-filter", EVENTS("<C:frob-filter name='x'/>")},
        {"C:supported-filter", "<C:filter><X:other/></C:filter>"},
        {"C:supported-filter",
            EVENTS("<C:prop-filter name='UID'><X:y/></C:prop-filter>")},
        {"C:supported-collation",
            EVENTS("<C:prop-filter name='UID'><C:text-match "
                   "collation='i;klingon'>x</C:text-match>"
                   "</C:prop-filter>")},
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(w, 403, query(w,
            arena_printf(w->cx->arena, "%s%s", DATA, rows[i].filter)));
        assert_found(w, 1, arena_printf(w->cx->arena, "/D:error/%s", rows[i].element));
    }
}

static void what_no_rfc_names_may_be_filtered_anywhere(void **state)
{
    static const char *const rows[] = {
        FILTER("<C:comp-filter name='X-COMP'/>"),
        EVENTS("<C:comp-filter name='X-COMP'><C:comp-filter name='X-IN'/>"
               "</C:comp-filter>"),
        EVENTS("<C:prop-filter name='X-AT'><C:time-range start='20261101T000000Z'/>"
               "</C:prop-filter>"),
        EVENTS("<C:comp-filter name='VALARM'><C:time-range start='20261101T000000Z'/>"
               "</C:comp-filter>"),
        FILTER("<C:comp-filter name='VTIMEZONE'><C:comp-filter name='STANDARD'/>"
                    "</C:comp-filter>"),
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_status(
            w, 207, query(w, arena_printf(w->cx->arena, "%s%s", DATA, rows[i])));
}

static void other_kinds_of_data_are_not_served(void **state)
{
    static const char *const wrong[] = {"content-type='application/calendar+json'",
        "content-type='text/calendar' version='1.0'", "version='3'"};
    struct world *w = *state;
    for (size_t i = 0; i < 3; i++)
        assert_precondition(w, 403, "C:supported-calendar-data", query(w,
            arena_printf(w->cx->arena,
                "<D:prop><C:calendar-data %s/></D:prop>" EVENTS(""), wrong[i])));
    assert_status(w, 400, query(w, "<D:prop><C:calendar-data><C:expand "
        "start='20261101T000000Z'/></C:calendar-data></D:prop>" EVENTS("")));
    assert_status(w, 400, query(w, "<D:prop><C:calendar-data><C:comp name='VEVENT'/>"
        "</C:calendar-data></D:prop>" EVENTS("")));
}

/* RFC 4791 section 7: "on all calendar collections and calendar object resources" */
static void an_event_itself_can_be_asked(void **state)
{
    static const struct {
        const char *summary;
        int n;
    } rows[] = {{"Event a", 1}, {"Event b", 0}};
    struct world *w = *state;
    fake_add(w, "work", "a.ics", event_text(w, "a", "20261120T080000Z", NULL));
    fake_add(w, "work", "b.ics", event_text(w, "b", "20261120T080000Z", NULL));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *inner = arena_printf(w->cx->arena,
            "<D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter>"
            "<C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'>"
            "<C:time-range start='20261120T000000Z' end='20261121T000000Z'/>"
            "<C:prop-filter name='SUMMARY'><C:text-match>%s</C:text-match>"
            "</C:prop-filter></C:comp-filter></C:comp-filter></C:filter>",
            rows[i].summary);
        assert_status(w, 207, report(w, WORK "a.ics", NULL, "C:calendar-query", inner));
        assert_found(w, rows[i].n, "//D:response[D:href='" WORK "a.ics']");
        assert_found(w, rows[i].n, "//D:response");
    }
    assert_status(w, 207,
        report(w, WORK "a.ics", NULL, "C:calendar-multiget",
            "<D:prop><D:getetag/></D:prop><D:href>" WORK "a.ics</D:href>"
            "<D:href>" WORK "b.ics</D:href>"));
    assert_found(w, 1, "//D:response[D:href='" WORK "a.ics']//D:getetag");
    assert_found(w, 1, "//D:response[D:href='" WORK "b.ics'][contains(D:status,'404')]");
    assert_status(w, 404,
        report(w, WORK "no.ics", NULL, "C:calendar-multiget",
            "<D:prop><D:getetag/></D:prop><D:href>" WORK "no.ics</D:href>"));
    assert_status(w, 207, propfind(w, WORK "a.ics", "0", "<D:supported-report-set/>"));
    assert_found(w, 1, "//D:report/C:calendar-query");
    assert_found(w, 1, "//D:report/C:calendar-multiget");
    assert_found(w, 0, "//D:report/C:free-busy-query");
}

static void a_colleagues_objects_stay_hidden_in_reports(void **state)
{
    struct world *w = *state;
    const char *calendar = ADA "colleague/";
    fake_add(w, "colleague", "x.ics", event_text(w, "x", "20261120T080000Z", NULL));
    assert_status(w, 207, report(w, calendar, "Depth: 1", "C:calendar-query",
        DATA EVENTS(NOVEMBER)));
    assert_found(w, 0, "//D:response");
    assert_status(w, 207, report(w, calendar, NULL, "C:calendar-multiget",
        DATA "<D:href>" ADA "colleague/x.ics</D:href>"));
    assert_found(w, 1, "//D:response[contains(D:status,' 404 ')]");
    assert_status(w, 207, report(w, calendar, NULL, "D:sync-collection",
        "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"));
    assert_found(w, 0, "//D:response");
}

static void unknown_reports_have_their_precondition(void **state)
{
    struct world *w = *state;
    assert_precondition(
        w, 403, "D:supported-report", report(w, WORK, NULL, "X:report", ""));
    assert_precondition(w, 403, "D:supported-report",
        report(w, "/dav/principals/ada/", NULL, "C:calendar-query", EVENTS("")));
    assert_status(w, 400, ask(w, "REPORT", WORK, NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_month_is_answered_without_parsing_what_the_index_knows),
        WORLD_TEST(series_are_matched_by_their_instances),
        WORLD_TEST(bytes_come_back_as_they_are),
        WORLD_TEST(everything_and_nothing_need_no_filter_work),
        WORLD_TEST(property_and_text_filters_look_into_the_text),
        WORLD_TEST(expansion_gives_instances_in_utc),
        WORLD_TEST(components_and_properties_can_be_selected),
        WORLD_TEST(an_unreadable_object_is_its_own_error),
        WORLD_TEST(floating_times_are_read_in_the_zone_of_the_query),
        WORLD_TEST(known_time_zones_are_left_out_for_who_knows_them),
        WORLD_TEST(a_limit_on_free_busy_needs_its_range),
        WORLD_TEST(wrong_filters_have_their_preconditions),
        WORLD_TEST(what_no_rfc_names_may_be_filtered_anywhere),
        WORLD_TEST(other_kinds_of_data_are_not_served),
        WORLD_TEST(an_event_itself_can_be_asked),
        WORLD_TEST(a_colleagues_objects_stay_hidden_in_reports),
        WORLD_TEST(unknown_reports_have_their_precondition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
