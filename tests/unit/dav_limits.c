/* The limits that calendars announce (RFC 4791 sections 5.2.6 to 5.2.8), in PUT, in
 * reports and in the answers to them; reports that go to members, too. */
#include "dav_fake_backend.h"

#define ONE WORK "one.ics"
#define EVENTS(inner)                                                                    \
    "<C:filter><C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'>" inner      \
    "</C:comp-filter></C:comp-filter></C:filter>"
#define OK "/D:propstat[contains(D:status,' 200 ')]/D:prop/"

static int put(struct world *w, const char *start, const char *extra)
{
    return ask(w, "PUT", ONE, NULL, event_text(w, "one", start, extra));
}

static void what_clients_make_is_never_too_many_instances(void **state)
{
    static const char *const rules[] = {"RRULE:FREQ=DAILY\r\n", "RRULE:FREQ=YEARLY\r\n",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU\r\n",
        "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z\r\n",
        "RRULE:FREQ=DAILY;UNTIL=20991231\r\n", "RRULE:FREQ=DAILY;COUNT=36525\r\n",
        "RRULE:FREQ=DAILY;COUNT=100000\r\n", "RRULE:FREQ=MONTHLY;BYDAY=-1FR\r\n",
        "RRULE:FREQ=DAILY\r\nRDATE:20270101T080000Z,20270102T090000Z\r\n",
        "RRULE:FREQ=HOURLY;COUNT=1000\r\n"};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        int status = put(w, "19000102T080000Z", rules[i]);
        if (status != 201 && status != 204)
            fail_msg("%d for %s", status, rules[i]);
    }
}

static void more_instances_than_announced_are_refused(void **state)
{
    static const char *const rules[] = {"RRULE:FREQ=DAILY;COUNT=100001\r\n",
        "RRULE:FREQ=HOURLY\r\n", "RRULE:FREQ=SECONDLY;COUNT=500000\r\n",
        "RRULE:FREQ=DAILY;BYHOUR=1,2,3,4\r\n", "RRULE:FREQ=MINUTELY;UNTIL=20301231\r\n",
        "RRULE:FREQ=DAILY\r\nRRULE:FREQ=DAILY;BYHOUR=1,2,3\r\n"};
    struct world *w = *state;
    assert_status(w, 207, propfind(w, WORK, "0", "<C:max-instances/>"));
    assert_string_equal(text_at(w, "//C:max-instances"), "100000");
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        int status = put(w, "20100102T080000Z", rules[i]);
        if (status != 403 || found(w, "/D:error/C:max-instances") != 1)
            fail_msg("%d for %s", status, rules[i]);
        assert_null(fake_object(w, "work", "one.ics"));
    }
}

static void dates_beyond_the_limits_are_refused(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, propfind(w, WORK, "0", "<C:min-date-time/><C:max-date-time/>"));
    assert_string_equal(text_at(w, "//C:min-date-time"), "19000101T000000Z");
    assert_string_equal(text_at(w, "//C:max-date-time"), "21001231T235959Z");
    assert_precondition(w, 403, "C:min-date-time", put(w, "18991231T235900Z", NULL));
    assert_precondition(w, 403, "C:max-date-time", put(w, "21001231T233000Z", NULL));
    assert_status(w, 201, put(w, "19000101T000000Z", NULL));
    assert_status(w, 204, put(w, "21001231T220000Z", NULL));
}

static int query(struct world *w, const char *prop, const char *range)
{
    return report(w, WORK, "Depth: 1", "C:calendar-query",
        arena_printf(w->cx->arena, "<D:prop><D:getetag/>%s</D:prop>%s", prop, range));
}

static void ranges_that_reach_beyond_the_limits_are_good(void **state)
{
    static const char *const ranges[] = {
        "start='00010101T000000Z' end='20270101T000000Z'",
        "start='20260101T000000Z' end='99991231T235959Z'", "start='19700101T000000Z'",
        "start='00010101T000000Z' end='99991231T235959Z'", "end='99991231T235959Z'",
        "start='16010101T000000Z'", "end='19000101T000000Z'",
        "start='21001231T235959Z'"};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
        assert_status(w, 207,
            query(w, "",
                arena_printf(
                    w->cx->arena, EVENTS("<C:time-range %s/>"), ranges[i])));
}

static void ranges_beyond_the_limits_have_their_preconditions(void **state)
{
    static const struct {
        const char *element, *range;
    } rows[] = {
        {"C:min-date-time", "start='18500101T000000Z' end='18991231T000000Z'"},
        {"C:max-date-time", "start='21010101T000000Z' end='21020101T000000Z'"},
    };
    static const char *const parts[] = {"expand", "limit-recurrence-set",
        "limit-freebusy-set"};
    struct world *w = *state;
    struct arena *arena = w->cx->arena;
    for (size_t i = 0; i < 2; i++) {
        char *at = arena_printf(arena, "/D:error/%s", rows[i].element);
        assert_status(w, 403,
            query(w, "",
                arena_printf(arena, EVENTS("<C:time-range %s/>"), rows[i].range)));
        assert_found(w, 1, at);
        assert_status(w, 403,
            query(w, "",
                arena_printf(arena,
                    EVENTS("<C:prop-filter name='DTSTAMP'><C:time-range %s/>"
                           "</C:prop-filter>"),
                    rows[i].range)));
        assert_found(w, 1, at);
        for (size_t k = 0; k < 3; k++) {
            char *data = arena_printf(arena,
                "<C:calendar-data><C:%s %s/></C:calendar-data>", parts[k], rows[i].range);
            assert_status(w, 403, query(w, data, EVENTS("")));
            assert_found(w, 1, at);
            assert_status(w, 403,
                report(w, WORK, NULL, "C:calendar-multiget",
                    arena_printf(arena, "<D:prop>%s</D:prop><D:href>" ONE "</D:href>",
                        data)));
            assert_found(w, 1, at);
        }
    }
}

/* What is stored may have more: the answer alone is too large. */
static void an_expansion_without_measure_is_too_much_for_one_answer(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics",
        event_text(w, "one", "20260101T080000Z", "RRULE:FREQ=DAILY\r\n"));
    fake_add(w, "work", "two.ics", event_text(w, "two", "20260101T080000Z", NULL));
    assert_status(w, 207,
        query(w,
            "<C:calendar-data><C:expand start='20260101T000000Z' end='21000101T000000Z'/>"
            "</C:calendar-data>",
            EVENTS("")));
    assert_found(w, 1, "//D:response[D:href='" ONE "'][contains(D:status,' 507 ')]"
                       "/D:error/D:number-of-matches-within-limits");
    assert_found(w, 1, "//D:response[D:href='" WORK "two.ics']//C:calendar-data");
}

/* ---- RFC 3253 section 3.6 ---- */

static int expand_owner(struct world *w, const char *path, const char *depth)
{
    return report(w, path, depth, "D:expand-property",
        "<D:property name='owner'><D:property name='displayname'/></D:property>"
        "<D:property name='getetag'/>");
}

static void properties_are_expanded_of_members_too(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 300; i++)
        fake_add(w, "work", arena_printf(w->cx->arena, "%d.ics", i),
            event_text(w, arena_printf(w->cx->arena, "%d", i), "20260101T080000Z", NULL));
    static const char *const alone[] = {NULL, "Depth: 0"};
    for (int i = 0; i < 2; i++) {
        assert_status(w, 207, expand_owner(w, WORK, alone[i]));
        assert_found(w, 1, "/D:multistatus/D:response");
    }
    assert_status(w, 207, expand_owner(w, WORK, "Depth: 1"));
    assert_found(w, 301, "/D:multistatus/D:response");
    assert_found(w, 301,
        "/D:multistatus/D:response" OK "D:owner/D:response" OK
        "D:displayname[text()='Ada Lovelace']");
    assert_found(w, 300, "/D:multistatus/D:response" OK "D:getetag");
    assert_status(w, 207, expand_owner(w, ADA, "Depth: 1"));
    assert_found(w, 9, "/D:multistatus/D:response"); /* itself, calendars, two boxes */
    assert_status(w, 207, expand_owner(w, ADA "colleague/", "Depth: 1"));
    assert_found(w, 1, "/D:multistatus/D:response");
    assert_precondition(w, 403, "D:propfind-finite-depth",
        expand_owner(w, WORK, "Depth: infinity"));
    assert_status(w, 207, expand_owner(w, "/dav/principals/ada/", "Depth: infinity"));
    assert_status(w, 400, expand_owner(w, WORK, "Depth: 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(what_clients_make_is_never_too_many_instances),
        WORLD_TEST(more_instances_than_announced_are_refused),
        WORLD_TEST(dates_beyond_the_limits_are_refused),
        WORLD_TEST(ranges_that_reach_beyond_the_limits_are_good),
        WORLD_TEST(ranges_beyond_the_limits_have_their_preconditions),
        WORLD_TEST(an_expansion_without_measure_is_too_much_for_one_answer),
        WORLD_TEST(properties_are_expanded_of_members_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
