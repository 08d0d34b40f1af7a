/* Properties of events: dead ones, and the live ones that clients may set. */
#include "base/when.h"
#include "dav_fake_backend.h"

#define SET(xml) "<D:set><D:prop>" xml "</D:prop></D:set>"
#define REMOVE(xml) "<D:remove><D:prop>" xml "</D:prop></D:remove>"

static int proppatch(struct world *w, const char *path, const char *inner)
{
    return ask(w, "PROPPATCH", path, NULL, element(w, "D:propertyupdate", inner));
}

static char *status_of(struct world *w, const char *name)
{
    return text_at(w, arena_printf(w->cx->arena,
        "//D:propstat[D:prop/%s]/D:status", name));
}

#define assert_prop(w, expected, name)                                                   \
    assert_non_null(strstr(status_of((w), (name)), (expected)))

#define ONE WORK "one.ics"

static const char *add_one(struct world *w)
{
    return fake_add(w, "work", "one.ics", event_text(w, "one", "20261120T080000Z", NULL))
        ->etag;
}

static void events_keep_dead_properties_as_they_are(void **state)
{
    struct world *w = *state;
    const char *etag = add_one(w);
    int64_t change = fake_calendar(w, "work")->change;
    assert_status(w, 207,
        proppatch(w, ONE, SET("<X:a xml:lang='fr'>un<X:b/></X:a><X:c>2</X:c>")));
    assert_prop(w, "200", "X:a");
    assert_status(w, 207, propfind(w, ONE, "0", "<X:a/><X:c/><X:never/><D:getetag/>"));
    assert_found(w, 1, "//X:a[@xml:lang='fr'][text()='un']/X:b");
    assert_found(w, 1, "//D:propstat[contains(D:status,' 404 ')]/D:prop/X:never");
    assert_string_equal(text_at(w, "//D:getetag"), arena_printf(w->cx->arena,
        "\"%s\"", etag));
    assert_int_equal(fake_calendar(w, "work")->change, change);
    assert_status(w, 207, proppatch(w, ONE, REMOVE("<X:a/>") SET("<X:c>3</X:c>")));
    assert_status(w, 207, propfind(w, ONE, "0", "<X:a/><X:c/>"));
    assert_found(w, 1, "//D:propstat[contains(D:status,' 404 ')]/D:prop/X:a");
    assert_string_equal(text_at(w, "//X:c"), "3");
}

static void allprop_propname_and_include_show_dead_properties_of_events(void **state)
{
    struct world *w = *state;
    add_one(w);
    proppatch(w, ONE, SET("<X:a>1</X:a>"));
    assert_status(w, 207, ask(w, "PROPFIND", ONE, "Depth: 0", NULL));
    assert_string_equal(text_at(w, "//D:prop/X:a"), "1");
    assert_found(w, 1, "//D:prop/D:getetag");
    assert_status(w, 207, ask(w, "PROPFIND", WORK, "Depth: 1",
        element(w, "D:propfind", "<D:allprop/><D:include><C:schedule-tag/>"
                                 "<X:a/></D:include>")));
    assert_found(w, 1, "//D:response[contains(D:href,'one.ics')]//D:prop/X:a[.='1']");
    assert_status(w, 207,
        ask(w, "PROPFIND", ONE, "Depth: 0", element(w, "D:propfind", "<D:propname/>")));
    assert_found(w, 1, "//D:prop/X:a[not(node())]");
}

static void reports_show_dead_properties_of_events(void **state)
{
    static const char *const reports[][2] = {
        {"D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level>"},
        {"C:calendar-multiget", "<D:href>" ONE "</D:href><D:href>" WORK
                                "two.ics</D:href>"},
        {"C:calendar-query", "<C:filter><C:comp-filter name='VCALENDAR'/></C:filter>"},
    };
    struct world *w = *state;
    add_one(w);
    fake_add(w, "work", "two.ics", event_text(w, "two", "20261120T080000Z", NULL));
    proppatch(w, ONE, SET("<X:a>1</X:a>"));
    for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
        char *inner = arena_printf(
            w->cx->arena, "<D:prop><X:a/></D:prop>%s", reports[i][1]);
        assert_status(w, 207, report(w, WORK, "Depth: 1", reports[i][0], inner));
        assert_found(w, 2, "//D:response");
        assert_found(w, 1, "//D:propstat[contains(D:status,' 200 ')]/D:prop/X:a[.='1']");
        assert_found(w, 1, "//D:propstat[contains(D:status,' 404 ')]/D:prop/X:a");
    }
}

static void a_proppatch_of_an_event_is_all_or_nothing(void **state)
{
    struct world *w = *state;
    add_one(w);
    assert_status(w, 207, proppatch(w, ONE,
        SET("<X:a/><D:getetag>x</D:getetag>") REMOVE("<C:schedule-tag/>")));
    assert_prop(w, "424", "X:a");
    assert_prop(w, "403", "D:getetag");
    assert_prop(w, "403", "C:schedule-tag");
    assert_found(w, 2, "//D:error/D:cannot-modify-protected-property");
    assert_int_equal(w->bridge.properties.n, 0);
    w->bridge.next_err = ERR_QUOTA;
    assert_precondition(
        w, 507, "D:quota-not-exceeded", proppatch(w, ONE, SET("<X:a/>")));
    w->bridge.next_err = ERR_NOT_FOUND;
    assert_status(w, 404, proppatch(w, ONE, SET("<X:a/>")));
    assert_int_equal(w->bridge.properties.n, 0);
}

static void an_event_may_have_a_name_and_a_language(void **state)
{
    struct world *w = *state;
    add_one(w);
    assert_status(w, 207, propfind(w, ONE, "0", "<D:displayname/>"));
    assert_found(w, 1, "//D:propstat[contains(D:status,' 404 ')]/D:prop/D:displayname");
    assert_status(w, 207, proppatch(w, ONE,
        SET("<D:displayname>a &amp; b</D:displayname>"
            "<D:getcontentlanguage>fr</D:getcontentlanguage>")));
    assert_prop(w, "200", "D:displayname");
    assert_status(w, 207, ask(w, "PROPFIND", ONE, "Depth: 0", NULL));
    assert_string_equal(text_at(w, "//D:displayname"), "a & b");
    assert_string_equal(text_at(w, "//D:getcontentlanguage"), "fr");
    assert_found(w, 1, "//D:displayname");
    assert_null(strstr(fake_object(w, "work", "one.ics")->text, "a & b"));
}

static void an_event_was_made_when_it_says(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics",
        event_text(w, "one", "20261120T080000Z", "CREATED:20260102T030405Z\r\n"));
    fake_add(w, "work", "two.ics",
        event_text(w, "two", "20261120T080000Z", "CREATED:long ago\r\n"));
    assert_status(w, 207, ask(w, "PROPFIND", WORK, "Depth: 1", NULL));
    assert_found(w, 1, "//D:creationdate");
    assert_string_equal(text_at(w, "//D:creationdate"), "2026-01-02T03:04:05Z");
    assert_status(w, 207, propfind(w, WORK "two.ics", "0", "<D:creationdate/>"));
    assert_found(w, 1, "//D:propstat[contains(D:status,' 404 ')]/D:prop/D:creationdate");
}

static void events_and_calendars_tell_when_they_were_modified(void **state)
{
    struct world *w = *state;
    char first[WHEN_TEXT_BYTES], second[WHEN_TEXT_BYTES];
    when_http(FAKE_TIME + fake_add(w, "work", "one.ics",
        event_text(w, "one", "20261120T080000Z", NULL))->change, first);
    when_http(FAKE_TIME + fake_add(w, "work", "two.ics",
        event_text(w, "two", "20261120T080000Z", NULL))->change, second);
    static const char *const names[] = {NULL, "<D:getlastmodified/>"};
    for (int i = 0; i < 2; i++) {
        if (names[i])
            assert_status(w, 207, propfind(w, WORK, "1", names[i]));
        else
            assert_status(w, 207, ask(w, "PROPFIND", WORK, "Depth: 1", NULL));
        assert_string_equal(
            text_at(w, "//D:response[D:href='" WORK "']//D:getlastmodified"), second);
        assert_string_equal(
            text_at(w, "//D:response[D:href='" WORK "one.ics']//D:getlastmodified"),
            first);
    }
    /* In every kind of report, changes in pages included. */
    static const char *const levels[] = {"1", "infinite"};
    for (int i = 0; i < 4; i++) {
        char *inner = arena_printf(w->cx->arena,
            "<D:sync-token/><D:sync-level>%s</D:sync-level>%s"
            "<D:prop><D:getlastmodified/></D:prop>", levels[i / 2],
            i % 2 ? "<D:limit><D:nresults>99</D:nresults></D:limit>" : "");
        assert_status(w, 207,
            report(w, i / 2 ? ADA : WORK, NULL, "D:sync-collection", inner));
        assert_string_equal(
            text_at(w, "//D:response[D:href='" WORK "one.ics']//D:getlastmodified"),
            first);
    }
    assert_status(w, 207, propfind(w, ADA, "0", "<D:getlastmodified/>"));
    assert_found(w, 1, "//D:propstat[contains(D:status,' 404 ')]//D:getlastmodified");
}

static void properties_of_events_have_conditions_and_rights(void **state)
{
    struct world *w = *state;
    char *body = element(w, "D:propertyupdate", SET("<X:a/>"));
    const char *etag = add_one(w);
    assert_status(w, 412, ask(w, "PROPPATCH", ONE, "If-Match: \"other\"", body));
    assert_status(w, 207, ask(w, "PROPPATCH", ONE,
        arena_printf(w->cx->arena, "If: ([\"%s\"])", etag), body));
    assert_status(w, 404, ask(w, "PROPPATCH", WORK "no.ics", NULL, body));
    fake_add(w, "public", "p.ics", event_text(w, "p", "20261120T080000Z", NULL));
    assert_precondition(w, 403, "D:need-privileges",
        ask(w, "PROPPATCH", ADA "public/p.ics", NULL, body));
    assert_found(w, 1, "//D:privilege/D:write-properties");
}

static void listings_do_not_ask_each_event_for_properties(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 30; i++)
        fake_add(w, "work", arena_printf(w->cx->arena, "%d.ics", i),
            event_text(w, arena_printf(w->cx->arena, "u%d", i), "20261120T080000Z",
                NULL));
    assert_status(w, 207, ask(w, "PROPFIND", WORK, "Depth: 1", NULL));
    assert_found(w, 31, "//D:response");
    assert_in_range(w->bridge.n_properties, 0, 1); /* of the calendar itself */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(events_keep_dead_properties_as_they_are),
        WORLD_TEST(allprop_propname_and_include_show_dead_properties_of_events),
        WORLD_TEST(reports_show_dead_properties_of_events),
        WORLD_TEST(a_proppatch_of_an_event_is_all_or_nothing),
        WORLD_TEST(an_event_may_have_a_name_and_a_language),
        WORLD_TEST(an_event_was_made_when_it_says),
        WORLD_TEST(events_and_calendars_tell_when_they_were_modified),
        WORLD_TEST(properties_of_events_have_conditions_and_rights),
        WORLD_TEST(listings_do_not_ask_each_event_for_properties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
