/* PROPPATCH, MKCALENDAR, MKCOL and DELETE of calendars. */
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

static void name_color_order_and_description_are_kept(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, proppatch(w, WORK,
        SET("<D:displayname>Neue Arbeit</D:displayname>"
            "<A:calendar-color symbolic-color='blue'>#0E61B9FF</A:calendar-color>"
            "<A:calendar-order>7</A:calendar-order>"
            "<C:calendar-description>a &lt; b</C:calendar-description>")));
    assert_found(w, 4, "//D:propstat[contains(D:status,' 200 ')]");
    assert_string_equal(fake_calendar(w, "work")->display_name, "Neue Arbeit");
    assert_string_equal(fake_calendar(w, "work")->color, "#0E61B9FF");
    assert_status(w, 207, propfind(w, WORK, "0",
        "<A:calendar-color/><A:calendar-order/><C:calendar-description/>"));
    assert_string_equal(text_at(w, "//A:calendar-color"), "#0E61B9FF");
    assert_string_equal(text_at(w, "//A:calendar-color/@symbolic-color"), "blue");
    assert_string_equal(text_at(w, "//A:calendar-order"), "7");
    assert_string_equal(text_at(w, "//C:calendar-description"), "a < b");
    /* Another colour from upstream: the client's word for the old one is gone. */
    fake_calendar(w, "work")->color = "#FF0000FF";
    assert_status(w, 207, propfind(w, WORK, "0", "<A:calendar-color/>"));
    assert_string_equal(text_at(w, "//A:calendar-color"), "#FF0000FF");
    assert_found(w, 0, "//A:calendar-color/@symbolic-color");
}

static void unknown_properties_are_kept_as_they_are(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, proppatch(w, WORK,
        SET("<X:dead X:a='1'>x<X:deep>&amp;</X:deep><none xmlns=''/></X:dead>"
            "<CS:subscribed-strip-alarms/>")));
    assert_status(
        w, 207, propfind(w, WORK, "0", "<X:dead/><CS:subscribed-strip-alarms/>"));
    assert_found(w, 1, "//X:dead[@X:a='1']/X:deep[.='&']");
    assert_found(w, 1, "//X:dead/none");
    assert_found(w, 1, "//D:propstat");
    assert_status(w, 207, ask(w, "PROPFIND", WORK, "Depth: 0", NULL));
    assert_found(w, 1, "//D:prop/X:dead");
    assert_status(w, 207, proppatch(w, WORK, REMOVE("<X:dead/><X:never/>")));
    assert_found(w, 2, "//D:propstat[contains(D:status,' 200 ')]");
    assert_status(w, 207, propfind(w, WORK, "0", "<X:dead/>"));
    assert_found(w, 1, "//D:propstat[contains(D:status,' 404 ')]/D:prop/X:dead");
}

static void apples_defaults_are_kept_at_the_home(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, proppatch(w, ADA,
        SET("<C:default-alarm-vevent-date>BEGIN:VALARM&#13;\nEND:VALARM&#13;\n"
            "</C:default-alarm-vevent-date>")));
    assert_prop(w, "200", "C:default-alarm-vevent-date");
    assert_status(w, 207, propfind(w, ADA, "0", "<C:default-alarm-vevent-date/>"));
    assert_string_equal(text_at(w, "//C:default-alarm-vevent-date"),
        "BEGIN:VALARM\r\nEND:VALARM\r\n");
    assert_status(w, 207, propfind(w, WORK, "0", "<C:default-alarm-vevent-date/>"));
    assert_found(w, 0, "//D:propstat[contains(D:status,' 200 ')]");
}

static void one_protected_property_stops_all(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, proppatch(w, WORK,
        SET("<D:displayname>Other</D:displayname><CS:getctag>1</CS:getctag>"
            "<X:dead/><D:getlastmodified>x</D:getlastmodified>")));
    assert_prop(w, "424", "D:displayname");
    assert_prop(w, "424", "X:dead");
    assert_prop(w, "403", "CS:getctag");
    assert_prop(w, "403", "D:getlastmodified");
    assert_found(w, 2, "//D:propstat/D:error/D:cannot-modify-protected-property");
    assert_string_equal(fake_calendar(w, "work")->display_name, "Work & play");
    assert_int_equal(w->bridge.properties.n, 0);
}

static void values_that_make_no_sense_are_conflicts(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, proppatch(w, WORK,
        SET("<A:calendar-color>red</A:calendar-color>")));
    assert_prop(w, "409", "A:calendar-color");
    assert_status(w, 207, proppatch(w, WORK, SET("<D:displayname> </D:displayname>")));
    assert_prop(w, "409", "D:displayname");
    assert_status(w, 207, proppatch(w, WORK,
        SET("<C:schedule-calendar-transp><C:glass/></C:schedule-calendar-transp>")));
    assert_prop(w, "409", "C:schedule-calendar-transp");
}

#define EOL "&#13;\n"
#define VTIMEZONE(tzid)                                                                  \
    "BEGIN:VCALENDAR" EOL "VERSION:2.0" EOL "PRODID:-//x//EN" EOL "BEGIN:VTIMEZONE" EOL  \
    "TZID:" tzid EOL "BEGIN:STANDARD" EOL "DTSTART:19700101T000000" EOL                  \
    "TZOFFSETFROM:+0100" EOL "TZOFFSETTO:+0100" EOL "END:STANDARD" EOL                   \
    "END:VTIMEZONE" EOL "END:VCALENDAR" EOL

static void the_time_zone_is_text_and_name_at_once(void **state)
{
    struct world *w = *state;
    /* Before anybody says something it is the person's. */
    assert_status(w, 207, propfind(w, WORK, "0",
        "<C:calendar-timezone/><C:calendar-timezone-id/>"));
    assert_string_equal(text_at(w, "//C:calendar-timezone-id"), "Asia/Shanghai");
    assert_non_null(
        strstr(text_at(w, "//C:calendar-timezone"), "TZID:Asia/Shanghai\r\n"));
    assert_status(w, 207,
        proppatch(w, WORK,
            SET("<C:calendar-timezone>\n" VTIMEZONE(
                "Europe/Berlin") "</C:calendar-timezone>")));
    assert_prop(w, "200", "C:calendar-timezone");
    assert_status(w, 207, propfind(w, WORK, "0",
        "<C:calendar-timezone/><C:calendar-timezone-id/>"));
    assert_string_equal(text_at(w, "//C:calendar-timezone-id"), "Europe/Berlin");
    assert_non_null(strstr(text_at(w, "//C:calendar-timezone"), "PRODID:-//x//EN\r\n"));
    assert_status(w, 207, proppatch(w, WORK,
        SET("<C:calendar-timezone-id>America/New_York</C:calendar-timezone-id>")));
    assert_status(w, 207, propfind(w, WORK, "0",
        "<C:calendar-timezone/><C:calendar-timezone-id/>"));
    assert_string_equal(text_at(w, "//C:calendar-timezone-id"), "America/New_York");
    assert_non_null(strstr(text_at(w, "//C:calendar-timezone"), "America/New_York"));
    /* A name that Feishu is not sent is the client's all the same. */
    assert_status(w, 207, proppatch(w, WORK,
        SET("<C:calendar-timezone-id>Etc/GMT-8</C:calendar-timezone-id>")));
    assert_status(w, 207, propfind(w, WORK, "0", "<C:calendar-timezone-id/>"));
    assert_string_equal(text_at(w, "//C:calendar-timezone-id"), "Etc/GMT-8");
    assert_status(w, 207, proppatch(w, WORK,
        SET("<C:calendar-timezone>" VTIMEZONE("Etc/GMT-1") "</C:calendar-timezone>")));
    assert_status(w, 207, propfind(w, WORK, "0", "<C:calendar-timezone-id/>"));
    assert_string_equal(text_at(w, "//C:calendar-timezone-id"), "Etc/GMT-1");
}

static void wrong_time_zones_have_their_preconditions(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, proppatch(w, WORK,
        SET("<C:calendar-timezone-id>Mars/Olympus</C:calendar-timezone-id>")));
    assert_prop(w, "403", "C:calendar-timezone-id");
    assert_found(w, 1, "//D:propstat/D:error/C:valid-timezone");
    assert_status(w, 207, proppatch(w, WORK,
        SET("<C:calendar-timezone>nonsense</C:calendar-timezone>")));
    assert_found(w, 1, "//D:propstat/D:error/C:valid-calendar-data");
    /* RFC 4791 section 5.2.2: one VTIMEZONE and nothing else */
    assert_status(w, 207, proppatch(w, WORK,
        SET("<C:calendar-timezone>BEGIN:VCALENDAR" EOL "VERSION:2.0" EOL
            "BEGIN:VTIMEZONE" EOL "TZID:Europe/Berlin" EOL "END:VTIMEZONE" EOL
            "BEGIN:VEVENT" EOL "UID:1" EOL "END:VEVENT" EOL "END:VCALENDAR" EOL
            "</C:calendar-timezone>")));
    assert_found(w, 1, "//D:propstat/D:error/C:valid-calendar-data");
}

static void readers_may_rename_for_themselves(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, proppatch(w, ADA "public/",
        SET("<D:displayname>Alias</D:displayname>")));
    assert_prop(w, "200", "D:displayname");
    assert_string_equal(fake_calendar(w, "public")->display_name, "Alias");
}

static void principals_and_the_home_protect_what_is_theirs(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, proppatch(w, ADA, SET("<D:displayname>x</D:displayname>")));
    assert_prop(w, "403", "D:displayname");
    assert_status(w, 207, proppatch(w, "/dav/principals/ada/",
        SET("<D:displayname>x</D:displayname>")));
    assert_prop(w, "403", "D:displayname");
}

static void too_many_properties_are_refused_before_anything_changes(void **state)
{
    struct world *w = *state;
    struct buf props = buf_new(w->cx->arena);
    for (int i = 0; i < 100; i++)
        buf_printf(&props, "<X:p%d/>", i);
    char *set = arena_printf(
        w->cx->arena, "<D:set><D:prop>%s</D:prop></D:set>", buf_str(&props));
    assert_status(w, 207, proppatch(w, WORK, set));
    assert_status(w, 207, proppatch(w, WORK, set));
    buf_clear(&props);
    for (int i = 100; i < 199; i++)
        buf_printf(&props, "<X:p%d/>", i);
    set = arena_printf(
        w->cx->arena, "<D:set><D:prop>%s</D:prop></D:set>", buf_str(&props));
    assert_status(w, 207, proppatch(w, WORK, set));
    assert_precondition(w, 507, "D:quota-not-exceeded",
        proppatch(w, WORK,
            SET("<D:displayname>Other</D:displayname><X:p200/><X:p201/>")));
    assert_string_equal(fake_calendar(w, "work")->display_name, "Work & play");
    assert_status(w, 207,
        proppatch(w, WORK,
            SET("<D:displayname>Other</D:displayname><X:p200/>") REMOVE("<X:p1/>")));
    assert_string_equal(fake_calendar(w, "work")->display_name, "Other");
}

static void an_upstream_refusal_changes_nothing(void **state)
{
    struct world *w = *state;
    w->bridge.next_err = ERR_UPSTREAM_BUSY;
    w->bridge.retry_after_s = 9;
    assert_status(w, 503, proppatch(w, WORK,
        SET("<D:displayname>Other</D:displayname><X:dead/>")));
    assert_string_equal(answer_header(w, "Retry-After"), "9");
    assert_int_equal(w->bridge.properties.n, 0);
}

static void minimal_proppatch_answers_without_a_body(void **state)
{
    struct world *w = *state;
    char *body = element(w, "D:propertyupdate", SET("<X:dead/>"));
    assert_status(w, 200, ask(w, "PROPPATCH", WORK, "Prefer: return=minimal", body));
    assert_int_equal(w->answer.body.len_bytes, 0);
    body = element(w, "D:propertyupdate", SET("<CS:getctag/>"));
    assert_status(w, 207, ask(w, "PROPPATCH", WORK, "Prefer: return=minimal", body));
}

static void mkcalendar_without_a_body_is_enough(void **state)
{
    struct world *w = *state;
    assert_status(w, 201, ask(w, "MKCALENDAR", ADA "new/", NULL, NULL));
    assert_string_equal(fake_calendar(w, "new")->display_name, "new");
    assert_null(answer_header(w, "Preference-Applied"));
    assert_status(w, 201,
        ask(w, "MKCALENDAR", ADA "small/", "Prefer: return=minimal", NULL));
    assert_string_equal(answer_header(w, "Preference-Applied"), "return=minimal");
    assert_int_equal(w->answer.body.len_bytes, 0);
    assert_precondition(w, 405, "D:resource-must-be-null",
        ask(w, "MKCALENDAR", ADA "new", NULL, NULL));
    assert_precondition(w, 405, "D:resource-must-be-null",
        ask(w, "MKCALENDAR", ADA "inbox/", NULL, NULL));
}

static void davx5_sends_resourcetype_and_wants_201(void **state)
{
    struct world *w = *state;
    assert_status(w, 201, ask(w, "MKCALENDAR", ADA "davx5/", NULL,
        element(w, "C:mkcalendar",
            SET("<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
                "<D:displayname>Phone</D:displayname>"
                "<A:calendar-color>#8BC34AFF</A:calendar-color>"
                "<C:calendar-timezone-id>Europe/Vienna</C:calendar-timezone-id>"
                "<C:supported-calendar-component-set><C:comp name='VEVENT'/>"
                "</C:supported-calendar-component-set>"))));
    assert_int_equal(w->answer.body.len_bytes, 0);
    assert_string_equal(fake_calendar(w, "davx5")->display_name, "Phone");
    assert_string_equal(fake_calendar(w, "davx5")->color, "#8BC34AFF");
    assert_status(w, 207, propfind(w, ADA "davx5/", "0", "<C:calendar-timezone-id/>"));
    assert_string_equal(text_at(w, "//C:calendar-timezone-id"), "Europe/Vienna");
}

static void extended_mkcol_makes_a_calendar_for_vdirsyncer(void **state)
{
    struct world *w = *state;
    assert_status(w, 201, ask(w, "MKCOL", ADA "vd/", NULL,
        element(w, "D:mkcol",
            SET("<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"))));
    assert_non_null(fake_calendar(w, "vd"));
    assert_status(w, 403, ask(w, "MKCOL", ADA "plain/", NULL,
        element(w, "D:mkcol", SET("<D:resourcetype><D:collection/></D:resourcetype>"
                                  "<D:displayname>x</D:displayname>"))));
    assert_found(w, 1, "/D:mkcol-response/D:propstat/D:error/D:valid-resourcetype");
    assert_found(w, 1, "/D:mkcol-response/D:propstat[contains(D:status,'424')]");
    assert_null(fake_calendar(w, "plain"));
}

static void reminders_is_told_that_there_are_no_todos(void **state)
{
    struct world *w = *state;
    assert_status(w, 403, ask(w, "MKCALENDAR", ADA "todo/", NULL,
        element(w, "C:mkcalendar",
            SET("<D:displayname>To do</D:displayname>"
                "<C:supported-calendar-component-set><C:comp name='VTODO'/>"
                "</C:supported-calendar-component-set>"))));
    assert_found(w, 1,
        "/C:mkcalendar-response/D:propstat/D:error/C:supported-calendar-component");
    assert_null(fake_calendar(w, "todo"));
    assert_status(
        w, 207, propfind(w, ADA, "0", "<C:supported-calendar-component-sets/>"));
    assert_found(w, 1, "//C:supported-calendar-component-sets/"
                       "C:supported-calendar-component-set/C:comp");
    assert_string_equal(text_at(w, "//C:comp/@name"), "VEVENT");
}

static void calendars_are_made_in_the_home_only(void **state)
{
    struct world *w = *state;
    assert_precondition(w, 403, "C:calendar-collection-location-ok",
        ask(w, "MKCALENDAR", WORK "inner/", NULL, NULL));
    assert_precondition(w, 403, "C:calendar-collection-location-ok",
        ask(w, "MKCALENDAR", "/dav/x/", NULL, NULL));
    assert_status(w, 409, ask(w, "MKCALENDAR", ADA "none/inner/", NULL, NULL));
    assert_status(w, 405, ask(w, "MKCALENDAR", ADA, NULL, NULL));
    assert_precondition(w, 403, "D:need-privileges",
        ask(w, "MKCALENDAR", "/dav/calendars/bob/x/", NULL, NULL));
    assert_status(
        w, 400, ask(w, "MKCALENDAR", ADA "x/", NULL, element(w, "D:mkcol", "")));
}

static void calendars_can_be_deleted_but_not_the_default(void **state)
{
    struct world *w = *state;
    assert_status(w, 400, ask(w, "DELETE", ADA "team/", "Depth: 0", NULL));
    assert_status(w, 400, ask(w, "DELETE", ADA "team/", "Depth: 1", NULL));
    assert_status(w, 204, ask(w, "DELETE", ADA "team/", "Depth: infinity", NULL));
    assert_null(fake_calendar(w, "team"));
    assert_status(w, 204, ask(w, "DELETE", ADA "public/", NULL, NULL));
    assert_precondition(w, 403, "C:default-calendar-needed",
        ask(w, "DELETE", WORK, NULL, NULL));
    assert_status(w, 405, ask(w, "DELETE", ADA, NULL, NULL));
    assert_status(w, 404, ask(w, "DELETE", ADA "team/", NULL, NULL));
}

static void broken_updates_are_bad_requests(void **state)
{
    struct world *w = *state;
    assert_status(w, 400, ask(w, "PROPPATCH", WORK, NULL, NULL));
    assert_status(w, 400, ask(w, "PROPPATCH", WORK, NULL, "<x"));
    assert_status(w, 400, ask(w, "PROPPATCH", WORK, NULL, element(w, "D:propfind", "")));
    assert_status(w, 400, proppatch(w, WORK, ""));
    struct buf many = buf_new(w->cx->arena);
    for (int i = 0; i < 101; i++)
        buf_printf(&many, "<X:p%d/>", i);
    assert_status(w, 413, proppatch(w, WORK,
        arena_printf(w->cx->arena, SET("%s"), buf_str(&many))));
    char *large = arena_alloc(w->cx->arena, 70001);
    memset(large, 'x', 70000);
    assert_status(w, 413, proppatch(w, WORK,
        arena_printf(w->cx->arena, SET("<X:a>%s</X:a>"), large)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(name_color_order_and_description_are_kept),
        WORLD_TEST(unknown_properties_are_kept_as_they_are),
        WORLD_TEST(apples_defaults_are_kept_at_the_home),
        WORLD_TEST(one_protected_property_stops_all),
        WORLD_TEST(values_that_make_no_sense_are_conflicts),
        WORLD_TEST(the_time_zone_is_text_and_name_at_once),
        WORLD_TEST(wrong_time_zones_have_their_preconditions),
        WORLD_TEST(readers_may_rename_for_themselves),
        WORLD_TEST(principals_and_the_home_protect_what_is_theirs),
        WORLD_TEST(too_many_properties_are_refused_before_anything_changes),
        WORLD_TEST(an_upstream_refusal_changes_nothing),
        WORLD_TEST(minimal_proppatch_answers_without_a_body),
        WORLD_TEST(mkcalendar_without_a_body_is_enough),
        WORLD_TEST(davx5_sends_resourcetype_and_wants_201),
        WORLD_TEST(extended_mkcol_makes_a_calendar_for_vdirsyncer),
        WORLD_TEST(reminders_is_told_that_there_are_no_todos),
        WORLD_TEST(calendars_are_made_in_the_home_only),
        WORLD_TEST(calendars_can_be_deleted_but_not_the_default),
        WORLD_TEST(broken_updates_are_bad_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
