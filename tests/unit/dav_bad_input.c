/* Bad input: the status and the precondition element of the RFC, and nothing is changed.
 */
#include "dav_fake_backend.h"

#define ONE WORK "one.ics"
#define CALENDAR(inner)                                                                  \
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" inner "END:VCALENDAR\r\n"
#define EVENT(lines)                                                                     \
    "BEGIN:VEVENT\r\nUID:one\r\nDTSTAMP:20260101T000000Z\r\n" lines "END:VEVENT\r\n"

#define TWO_UIDS                                                                         \
    CALENDAR(EVENT("DTSTART:20261120T080000Z\r\n")                                       \
            "BEGIN:VEVENT\r\nUID:two\r\nDTSTAMP:20260101T000000Z\r\n"                    \
            "DTSTART:20261120T080000Z\r\nEND:VEVENT\r\n")

static void broken_objects_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *element, *body;
    } rows[] = {
        {"C:valid-calendar-data", ""},
        {"C:valid-calendar-data", "hello"},
        {"C:valid-calendar-data", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"},
        {"C:valid-calendar-data", CALENDAR("BEGIN:VEVENT\r\nno colon\r\nEND:VEVENT\r\n")},
        {"C:valid-calendar-data",
            CALENDAR(EVENT("DTSTART:20261120T080000Z\r\n"
                           "SUMMARY:\xff\xfe\r\n"))},
        {"C:valid-calendar-data", CALENDAR(EVENT("DTSTART:yesterday\r\n"))},
        {"C:supported-calendar-component",
            CALENDAR(
                "BEGIN:VTODO\r\nUID:one\r\nDTSTAMP:20260101T000000Z\r\nEND:VTODO\r\n")},
        {"C:supported-calendar-component",
            CALENDAR("BEGIN:VJOURNAL\r\nUID:one\r\nDTSTAMP:20260101T000000Z\r\n"
                     "END:VJOURNAL\r\n")},
        {"C:valid-calendar-object-resource", TWO_UIDS},
        {"C:valid-calendar-object-resource",
            CALENDAR(EVENT("DTSTART:20261120T080000Z\r\n")
                    EVENT("DTSTART:20261121T080000Z\r\n"))},
        {"C:valid-calendar-object-resource", CALENDAR("")},
        {"C:min-date-time", CALENDAR(EVENT("DTSTART:18991231T080000Z\r\n"))},
        {"C:max-date-time", CALENDAR(EVENT("DTSTART:21010102T080000Z\r\n"))},
    };
    struct world *w = *state;
    fake_add(w, "work", "one.ics", event_text(w, "one", "20261120T080000Z", NULL));
    const char *before = fake_object(w, "work", "one.ics")->text;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(w, 403, ask(w, "PUT", ONE, NULL, rows[i].body));
        assert_found(w, 1, arena_printf(w->cx->arena, "/D:error/%s", rows[i].element));
        assert_string_equal(fake_object(w, "work", "one.ics")->text, before);
    }
}

static void objects_have_a_largest_size_and_most_attendees(void **state)
{
    struct world *w = *state;
    struct buf lines = buf_new(w->cx->arena);
    while (lines.len_bytes < (1u << 20))
        buf_adds(&lines, "X-FILL:012345678901234567890123456789\r\n");
    assert_precondition(w, 403, "C:max-resource-size", ask(w, "PUT", ONE, NULL,
        event_text(w, "one", "20261120T080000Z", buf_str(&lines))));
    lines.len_bytes = 0;
    for (int i = 0; i <= 3000; i++)
        buf_printf(&lines, "ATTENDEE:mailto:p%d@example.com\r\n", i);
    assert_precondition(w, 403, "C:max-attendees-per-instance", ask(w, "PUT", ONE, NULL,
        event_text(w, "one", "20261120T080000Z", buf_str(&lines))));
    assert_null(fake_object(w, "work", "one.ics"));
}

/* Every method that reads XML, with a body of its kind. */
static const struct {
    const char *method, *path, *headers, *root;
} readers[] = {
    {"PROPFIND", WORK, "Depth: 0", "D:propfind"},
    {"PROPPATCH", WORK, NULL, "D:propertyupdate"},
    {"REPORT", WORK, NULL, "C:calendar-query"},
    {"MKCALENDAR", ADA "new/", NULL, "C:mkcalendar"},
    {"MKCOL", ADA "new/", NULL, "D:mkcol"},
};
#define N_READERS (sizeof(readers) / sizeof(*readers))

static void broken_xml_is_400_everywhere(void **state)
{
    static const char *const broken[] = {"<", "no xml", "<a><b></a>", "<D:propfind/>",
        "<a>\xc3\x28</a>", "\x01"};
    struct world *w = *state;
    for (size_t i = 0; i < N_READERS; i++)
        for (size_t k = 0; k < sizeof(broken) / sizeof(*broken); k++) {
            assert_status(w, 400, ask(w, readers[i].method, readers[i].path,
                readers[i].headers, broken[k]));
            assert_found(w, 1, "/D:error/CS:error-description");
        }
    assert_null(fake_calendar(w, "new"));
}

static void dtds_and_entities_are_refused_everywhere(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < N_READERS; i++) {
        char *body = arena_printf(w->cx->arena,
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">"
            "<!ENTITY f SYSTEM \"file:///etc/passwd\">]>"
            "<%s xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'>&b;&f;</%s>",
            readers[i].root, readers[i].root);
        assert_precondition(w, 403, "D:no-external-entities",
            ask(w, readers[i].method, readers[i].path, readers[i].headers, body));
        body = element(w, readers[i].root, "&unknown;");
        assert_precondition(w, 403, "D:no-external-entities",
            ask(w, readers[i].method, readers[i].path, readers[i].headers, body));
    }
    assert_null(fake_calendar(w, "new"));
}

static void deep_and_large_xml_is_refused_everywhere(void **state)
{
    struct world *w = *state;
    struct buf deep = buf_new(w->cx->arena), wide = buf_new(w->cx->arena);
    for (int i = 0; i < 100000; i++)
        buf_adds(&deep, "<a>");
    for (int i = 0; i < 60000; i++)
        buf_adds(&wide, "<a/>");
    char *huge = arena_alloc(w->cx->arena, (5u << 20) + 1);
    memset(huge, ' ', 5u << 20);
    for (size_t i = 0; i < N_READERS; i++) {
        assert_status(w, 400,
            ask(w, readers[i].method, readers[i].path, readers[i].headers,
                element(w, readers[i].root, buf_str(&deep))));
        assert_status(w, 413,
            ask(w, readers[i].method, readers[i].path, readers[i].headers,
                element(w, readers[i].root, buf_str(&wide))));
        assert_status(
            w, 413, ask(w, readers[i].method, readers[i].path, readers[i].headers, huge));
    }
}

static void a_body_of_the_wrong_kind_is_refused(void **state)
{
    struct world *w = *state;
    assert_status(w, 415,
        ask(w, "PROPFIND", WORK, "Depth: 0\nContent-Type: text/calendar",
            element(w, "D:propfind", "<D:allprop/>")));
    assert_status(w, 415, ask(w, "REPORT", WORK, "Content-Type: application/json", "{}"));
    assert_status(w, 415, ask(w, "MKCOL", WORK "inner/", "Content-Type: x-foo/bar", "x"));
    assert_status(
        w, 415, ask(w, "MKCALENDAR", ADA "new/", "Content-Type: image/png", "x"));
    assert_status(w, 207, ask(w, "PROPFIND", WORK,
        "Depth: 0\nContent-Type: Text/XML; charset=\"utf-8\"",
        element(w, "D:propfind", "<D:allprop/>")));
    assert_status(w, 400, ask(w, "PROPFIND", WORK, "Depth: 0",
        element(w, "D:propfind", "<D:allprop/><D:propname/>")));
    assert_status(w, 400, ask(w, "PROPFIND", WORK, "Depth: 0",
        element(w, "D:propfind", "")));
    assert_status(w, 400, ask(w, "PROPFIND", WORK, "Depth: 0",
        element(w, "C:calendar-query", "<D:prop/>")));
}

static void headers_that_make_no_sense_are_400(void **state)
{
    struct world *w = *state;
    assert_status(w, 400, ask(w, "PROPFIND", WORK, "Depth: -1", NULL));
    assert_status(w, 400, ask(w, "PROPFIND", WORK, "Depth: 1\nIf: nonsense", NULL));
    assert_status(w, 400, ask(w, "GET", WORK, "If: <x> [\"", NULL));
}

static void packed_and_partial_bodies_are_refused(void **state)
{
    struct world *w = *state;
    char *text = event_text(w, "one", "20261120T080000Z", NULL);
    assert_status(w, 415, ask(w, "PUT", WORK "one.ics", "Content-Encoding: gzip", text));
    assert_status(
        w, 400, ask(w, "PUT", WORK "one.ics", "Content-Range: bytes 0-9/100", text));
    assert_status(w, 415,
        ask(w, "PROPFIND", WORK, "Depth: 0\nContent-Encoding: BR",
            element(w, "D:propfind", "<D:allprop/>")));
    assert_null(fake_object(w, "work", "one.ics"));
    assert_status(
        w, 201, ask(w, "PUT", WORK "one.ics", "Content-Encoding: utf-8", text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(broken_objects_are_refused_with_the_reason),
        WORLD_TEST(objects_have_a_largest_size_and_most_attendees),
        WORLD_TEST(broken_xml_is_400_everywhere),
        WORLD_TEST(dtds_and_entities_are_refused_everywhere),
        WORLD_TEST(deep_and_large_xml_is_refused_everywhere),
        WORLD_TEST(a_body_of_the_wrong_kind_is_refused),
        WORLD_TEST(headers_that_make_no_sense_are_400),
        WORLD_TEST(packed_and_partial_bodies_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
