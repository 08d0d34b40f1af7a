/* free-busy-query, and POST of a free/busy request to the schedule outbox. */
#include "dav_fake_backend.h"

#define OUTBOX ADA "outbox/"
#define RANGE "<C:time-range start='20261120T000000Z' end='20261121T000000Z'/>"

static int freebusy_query(struct world *w, const char *path, const char *inner)
{
    return report(w, path, "Depth: 1", "C:free-busy-query", inner);
}

static void add(
    struct world *w, const char *calendar, const char *start, const char *extra)
{
    fake_add(w, calendar, arena_printf(w->cx->arena, "%s.ics", start),
        event_text(w, start, start, extra));
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        n++;
    return n;
}

static void busy_periods_are_merged_cut_and_sorted(void **state)
{
    struct world *w = *state;
    add(w, "work", "20261120T100000Z", NULL);
    add(w, "work", "20261120T103000Z", NULL);
    add(w, "work", "20261120T080000Z", NULL);
    add(w, "work", "20261119T233000Z", NULL);
    add(w, "work", "20261122T080000Z", NULL);
    add(w, "work", "20261120T110000Z", "STATUS:TENTATIVE\r\n");
    assert_status(w, 200, freebusy_query(w, WORK, RANGE));
    assert_string_equal(answer_header(w, "Content-Type"), "text/calendar; charset=utf-8");
    const char *text = answer_body(w);
    assert_non_null(strstr(text, "BEGIN:VFREEBUSY\r\n"));
    assert_non_null(
        strstr(text, "DTSTART:20261120T000000Z\r\nDTEND:20261121T000000Z\r\n"));
    assert_non_null(strstr(text,
        "FREEBUSY;FBTYPE=BUSY:20261120T000000Z/20261120T003000Z\r\n"
        "FREEBUSY;FBTYPE=BUSY:20261120T080000Z/20261120T090000Z\r\n"
        "FREEBUSY;FBTYPE=BUSY:20261120T100000Z/20261120T113000Z\r\n"
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261120T113000Z/20261120T120000Z\r\n"));
    assert_int_equal(count(text, "FREEBUSY;"), 4);
    assert_null(strstr(text, "METHOD"));
}

static void a_colleague_whose_busy_times_are_known_can_be_asked(void **state)
{
    struct world *w = *state;
    add(w, "colleague", "20261120T080000Z", NULL);
    assert_status(w, 200, freebusy_query(w, ADA "colleague/", RANGE));
    assert_int_equal(count(answer_body(w), "FREEBUSY;"), 1);
    add(w, "work", "20261120T120000Z", NULL);
    add(w, "team", "20261120T140000Z", NULL);
    /* The home: one's own calendars. */
    assert_status(w, 200, freebusy_query(w, ADA, RANGE));
    assert_int_equal(count(answer_body(w), "FREEBUSY;"), 1);
    assert_non_null(strstr(answer_body(w), "20261120T120000Z/"));
}

static void a_transparent_calendar_makes_nobody_busy(void **state)
{
    struct world *w = *state;
    add(w, "work", "20261120T120000Z", NULL);
    char *set = element(w, "D:propertyupdate",
        "<D:set><D:prop><C:schedule-calendar-transp><C:transparent/>"
        "</C:schedule-calendar-transp></D:prop></D:set>");
    assert_status(w, 207, ask(w, "PROPPATCH", WORK, NULL, set));
    assert_status(w, 200, freebusy_query(w, ADA, RANGE));
    assert_int_equal(count(answer_body(w), "FREEBUSY;"), 0);
    assert_status(w, 200, freebusy_query(w, WORK, RANGE));
    assert_int_equal(count(answer_body(w), "FREEBUSY;"), 1);
    assert_status(
        w, 207, propfind(w, ADA "inbox/", "0", "<C:calendar-free-busy-set/>"));
    assert_found(w, 0, "//C:calendar-free-busy-set/D:href[.='" WORK "']");
    assert_found(w, 2, "//C:calendar-free-busy-set/D:href");
}

static void a_free_busy_query_needs_its_range(void **state)
{
    struct world *w = *state;
    assert_status(w, 400, freebusy_query(w, WORK, ""));
    assert_status(w, 400, freebusy_query(w, WORK,
        "<C:time-range start='20261120T000000Z'/>"));
    assert_status(w, 400, freebusy_query(w, WORK,
        "<C:time-range start='20261120T000000Z' end='20261120T000000Z'/>"));
}

static char *request(struct world *w, const char *attendees)
{
    return arena_printf(w->cx->arena,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\n"
        "BEGIN:VFREEBUSY\r\nUID:ask-1\r\nDTSTAMP:20261101T000000Z\r\n"
        "ORGANIZER;CN=%s\r\n%s"
        "DTSTART:20261120T000000Z\r\nDTEND:20261121T000000Z\r\n"
        "END:VFREEBUSY\r\nEND:VCALENDAR\r\n",
        w->user_id == 2 ? "Bob:mailto:bob@example.com" : "Ada:mailto:ada@example.com",
        attendees);
}

#define POST_HEADERS                                                                     \
    "Originator: mailto:ada@example.com\nContent-Type: text/calendar; charset=utf-8"

static void thunderbird_learns_when_bob_is_busy(void **state)
{
    struct world *w = *state;
    assert_status(w, 200, ask(w, "POST", OUTBOX,
        POST_HEADERS "\nRecipient: mailto:bob@example.com",
        request(w, "ATTENDEE;CN=\"Bob, B.\":mailto:bob@example.com\r\n")));
    assert_found(w, 1, "/C:schedule-response/C:response");
    assert_string_equal(text_at(w, "//C:recipient/D:href"), "mailto:bob@example.com");
    assert_string_equal(text_at(w, "//C:request-status"), "2.0;Success");
    const char *text = text_at(w, "//C:calendar-data");
    assert_non_null(strstr(text, "METHOD:REPLY\r\n"));
    assert_non_null(strstr(text, "UID:ask-1\r\n"));
    assert_non_null(strstr(text, "ORGANIZER;CN=Ada:mailto:ada@example.com\r\n"));
    assert_non_null(strstr(text, "ATTENDEE;CN=\"Bob, B.\":mailto:bob@example.com\r\n"));
    assert_non_null(
        strstr(text, "FREEBUSY;FBTYPE=BUSY:20261120T000000Z/20261120T010000Z"));
}

static void each_recipient_has_its_own_answer(void **state)
{
    struct world *w = *state;
    /* Apple: one header with commas; the event in question is left out by its UID. */
    assert_status(w, 200,
        ask(w, "POST", OUTBOX,
            POST_HEADERS
            "\nRecipient: mailto:bob@example.com, mailto:nobody@example.com,"
            "mailto:c@example.com",
            request(w, "X-CALENDARSERVER-MASK-UID:one\r\n")));
    assert_found(w, 3, "//C:response");
    assert_string_equal(text_at(w, "//C:response[2]/C:request-status"),
        "3.7;Invalid calendar user");
    assert_found(w, 0, "//C:response[2]/C:calendar-data");
    assert_found(w, 1, "//C:response[3]/C:calendar-data");
    assert_int_equal(w->bridge.n_freebusy, 1);
    /* RFC 6638: no headers, the attendees are asked. */
    assert_status(w, 200,
        ask(w, "POST", OUTBOX, NULL,
            request(w,
                "ATTENDEE:mailto:bob@example.com\r\nATTENDEE:MAILTO:Bob@example.com\r\n"
                "ATTENDEE:mailto:c@example.com\r\n")));
    assert_string_equal(w->bridge.last_freebusy,
        "mailto:bob@example.com mailto:c@example.com ");
}

/* Not every address that somebody has is known; who acts for somebody else asks in her
 * name. */
static void who_asks_does_not_ask_in_the_name_of_strangers(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *organizer;
        bool sees, good;
    } rows[] = {
        {"mailto:ada@example.com", false, true},
        {"MAILTO:Ada@Example.com", false, true},
        {"mailto:ada.at.home@example.org", false, true},
        {"urn:uuid:7d6e5b1c", false, true},
        {"mailto:bob@example.com", true, true},
        {"mailto:bob@example.com", false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        fake_calendar(w, "team")->owner = rows[i].sees ? "bob" : NULL;
        char *body = arena_printf(w->cx->arena,
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\n"
            "UID:ask-2\r\nDTSTART:20261120T000000Z\r\nDTEND:20261121T000000Z\r\n"
            "ORGANIZER:%s\r\nATTENDEE:mailto:c@example.com\r\n"
            "END:VFREEBUSY\r\nEND:VCALENDAR\r\n",
            rows[i].organizer);
        if (rows[i].good)
            assert_status(w, 200, ask(w, "POST", OUTBOX, NULL, body));
        else
            assert_precondition(
                w, 403, "C:valid-organizer", ask(w, "POST", OUTBOX, NULL, body));
    }
}

static void what_is_no_free_busy_request_is_refused(void **state)
{
    struct world *w = *state;
    const char *headers = POST_HEADERS "\nRecipient: mailto:bob@example.com";
    char *good = request(w, "");
    struct {
        const char *element, *body;
    } rows[] = {
        {"C:valid-calendar-data", ""},
        {"C:valid-calendar-data", "x"},
        {"C:valid-scheduling-message", NULL},
        {"C:valid-scheduling-message", event_text(w, "one", "20261120T080000Z", NULL)},
        {"C:valid-scheduling-message",
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\n"
            "END:VFREEBUSY\r\nEND:VCALENDAR\r\n"},
        {"C:valid-scheduling-message",
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\n"
            "DTSTART:20261120T000000Z\r\nDTEND:20261119T000000Z\r\n"
            "END:VFREEBUSY\r\nEND:VCALENDAR\r\n"},
    };
    /* RFC 5546 section 3.3.2: one VFREEBUSY */
    const char *whole = strstr(good, "BEGIN:VFREEBUSY");
    const char *end = strstr(whole, "END:VCALENDAR");
    rows[2].body = arena_printf(w->cx->arena, "%.*s%s", (int)(end - good), good, whole);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(w, 403, ask(w, "POST", OUTBOX, headers, rows[i].body));
        assert_found(w, 1, arena_printf(w->cx->arena, "/D:error/%s", rows[i].element));
    }
    assert_precondition(w, 403, "C:valid-scheduling-message",
        ask(w, "POST", OUTBOX, NULL, good));
    assert_precondition(w, 403, "C:supported-calendar-data",
        ask(w, "POST", OUTBOX, "Content-Type: text/xml", good));
    assert_int_equal(w->bridge.n_freebusy, 0);
    assert_status(w, 405, ask(w, "POST", ADA "inbox/", headers, good));
}

#define HOURS                                                                            \
    "BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nBEGIN:VAVAILABILITY&#13;\n"                 \
    "UID:a&#13;\nDTSTAMP:20260101T000000Z&#13;\nBEGIN:AVAILABLE&#13;\nUID:b&#13;\n"      \
    "DTSTART:20261120T090000&#13;\nDTEND:20261120T170000&#13;\n"                         \
    "END:AVAILABLE&#13;\nEND:VAVAILABILITY&#13;\nEND:VCALENDAR&#13;\n"

static int set_at(struct world *w, const char *path, const char *inner)
{
    char *set = arena_printf(w->cx->arena, "<D:set><D:prop>%s</D:prop></D:set>", inner);
    return ask(w, "PROPPATCH", path, NULL, element(w, "D:propertyupdate", set));
}

static void availability_is_kept_on_the_inbox(void **state)
{
    struct world *w = *state;
    assert_status(w, 207,
        set_at(w, ADA "inbox/",
            "<C:calendar-availability>" HOURS "</C:calendar-availability>"));
    assert_found(w, 1, "//D:propstat[contains(D:status, '200')]");
    assert_status(w, 207,
        propfind(w, ADA "inbox/", "0",
            "<C:calendar-availability/><CS:calendar-availability/>"));
    assert_non_null(strstr(text_at(w, "//C:calendar-availability"), "UID:a\r\n"));
    assert_non_null(strstr(text_at(w, "//CS:calendar-availability"), "UID:a\r\n"));
    /* Apple's name means the same one. */
    assert_status(w, 207,
        set_at(w, ADA "inbox/",
            "<CS:calendar-availability>" HOURS "</CS:calendar-availability>"));
    assert_status(w, 207,
        ask(w, "PROPPATCH", ADA "inbox/", NULL,
            element(w, "D:propertyupdate",
                "<D:remove><D:prop><C:calendar-availability/></D:prop></D:remove>")));
    assert_status(w, 207, propfind(w, ADA "inbox/", "0", "<C:calendar-availability/>"));
    assert_found(w, 1, "//D:propstat[contains(D:status, '404')]");
}

static void what_is_no_availability_is_not_kept(void **state)
{
    struct world *w = *state;
    assert_status(w, 207,
        set_at(w, ADA "inbox/",
            "<C:calendar-availability>nothing</C:calendar-availability>"));
    assert_found(w, 1, "//D:propstat/D:error/C:valid-calendar-data");
    assert_status(w, 207, set_at(w, ADA "inbox/", "<X:dead/>"));
    assert_found(w, 1, "//D:propstat/D:error/D:cannot-modify-protected-property");
    assert_status(w, 207, set_at(w, ADA "inbox/", "<D:displayname>x</D:displayname>"));
    assert_found(w, 1, "//D:propstat/D:error/D:cannot-modify-protected-property");
    assert_status(w, 207,
        set_at(w, ADA, "<C:calendar-availability>" HOURS "</C:calendar-availability>"));
    assert_found(w, 1, "//D:propstat/D:error/D:cannot-modify-protected-property");
}

static void availability_is_part_of_busy_time(void **state)
{
    struct world *w = *state;
    add(w, "work", "20261120T000000Z", NULL);
    assert_status(w, 207,
        set_at(w, ADA "inbox/",
            "<C:calendar-availability>" HOURS "</C:calendar-availability>"));
    /* Nine to five in Shanghai is one to nine in UTC. */
    const char *expected = "FREEBUSY;FBTYPE=BUSY:20261120T000000Z/20261120T010000Z\r\n"
                           "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261120T090000Z/"
                           "20261121T000000Z\r\n";
    assert_status(w, 200, freebusy_query(w, ADA, RANGE));
    assert_non_null(strstr(answer_body(w), expected));
    /* Meetings are holes in the time that she is not there. */
    add(w, "work", "20261120T110000Z", NULL);
    add(w, "work", "20261120T140000Z", NULL);
    assert_status(w, 200, freebusy_query(w, ADA, RANGE));
    assert_non_null(strstr(answer_body(w),
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261120T090000Z/20261120T110000Z\r\n"
        "FREEBUSY;FBTYPE=BUSY:20261120T110000Z/20261120T120000Z\r\n"
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261120T120000Z/20261120T140000Z\r\n"
        "FREEBUSY;FBTYPE=BUSY:20261120T140000Z/20261120T150000Z\r\n"
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261120T150000Z/20261121T000000Z\r\n"));
    /* A calendar alone says what is in it. */
    assert_status(w, 200, freebusy_query(w, WORK, RANGE));
    assert_null(strstr(answer_body(w), "UNAVAILABLE"));
    /* Others who ask for her are told too; what is busy hides what is unavailable. */
    w->user_id = 2;
    assert_status(w, 200,
        ask(w, "POST", "/dav/calendars/bob/outbox/", POST_HEADERS,
            request(w, "ATTENDEE:mailto:ada@example.com\r\n")));
    assert_non_null(strstr(text_at(w, "//C:calendar-data"),
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261120T090000Z/20261121T000000Z"));
    assert_status(w, 200,
        ask(w, "POST", "/dav/calendars/bob/outbox/", POST_HEADERS,
            request(w, "ATTENDEE:mailto:bob@example.com\r\n")));
    assert_null(strstr(text_at(w, "//C:calendar-data"), "UNAVAILABLE"));
}

static void too_many_people_are_too_many(void **state)
{
    struct world *w = *state;
    struct buf many = buf_new(w->cx->arena);
    for (int i = 0; i < 101; i++)
        buf_printf(&many, "ATTENDEE:mailto:p%d@example.com\r\n", i);
    assert_precondition(w, 403, "C:max-attendees-per-instance",
        ask(w, "POST", OUTBOX, NULL, request(w, buf_str(&many))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(busy_periods_are_merged_cut_and_sorted),
        WORLD_TEST(a_colleague_whose_busy_times_are_known_can_be_asked),
        WORLD_TEST(a_transparent_calendar_makes_nobody_busy),
        WORLD_TEST(a_free_busy_query_needs_its_range),
        WORLD_TEST(thunderbird_learns_when_bob_is_busy),
        WORLD_TEST(each_recipient_has_its_own_answer),
        WORLD_TEST(who_asks_does_not_ask_in_the_name_of_strangers),
        WORLD_TEST(what_is_no_free_busy_request_is_refused),
        WORLD_TEST(availability_is_kept_on_the_inbox),
        WORLD_TEST(what_is_no_availability_is_not_kept),
        WORLD_TEST(availability_is_part_of_busy_time),
        WORLD_TEST(too_many_people_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
