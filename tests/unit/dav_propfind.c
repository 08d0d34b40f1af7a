/* PROPFIND, OPTIONS and GET of collections: discovery as clients do it. */
#include "dav_fake_backend.h"

#define OK "/D:propstat[contains(D:status,' 200 ')]/D:prop/"
#define MISSING "/D:propstat[contains(D:status,' 404 ')]/D:prop/"

static void the_principal_leads_to_everything(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, propfind(w, "/dav/", "0", "<D:current-user-principal/>"));
    assert_string_equal(text_at(w, "//D:response" OK "D:current-user-principal/D:href"),
        "/dav/principals/ada/");
    assert_status(w, 207, propfind(w, "/dav/principals/ada/", "0",
        "<C:calendar-home-set/><C:calendar-user-address-set/><C:schedule-inbox-URL/>"
        "<C:schedule-outbox-URL/><D:displayname/><D:resourcetype/><D:principal-URL/>"
        "<C:calendar-user-type/><CS:email-address-set/><D:group-membership/>"
        "<D:principal-collection-set/>"));
    assert_found(w, 0, "//D:response" MISSING "*");
    assert_string_equal(text_at(w, "//C:calendar-home-set/D:href"), ADA);
    assert_string_equal(text_at(w, "//C:calendar-user-address-set/D:href[1]"),
        "mailto:ada@example.com");
    assert_string_equal(text_at(w, "//C:schedule-inbox-URL/D:href"), ADA "inbox/");
    assert_string_equal(text_at(w, "//C:schedule-outbox-URL/D:href"), ADA "outbox/");
    assert_string_equal(text_at(w, "//D:displayname"), "Ada Lovelace");
    assert_string_equal(text_at(w, "//CS:email-address[2]"), "countess@example.com");
    assert_string_equal(text_at(w, "//C:calendar-user-type"), "INDIVIDUAL");
    assert_found(w, 1, "//D:resourcetype/D:principal");
}

static void the_current_user_is_named_at_every_resource(void **state)
{
    static const char *const places[] = {
        "/dav/",
        "/dav",
        "/dav/principals/",
        "/dav/principals/ada/",
        "/dav/principals/bob/",
        "/dav/calendars/",
        ADA,
        ADA "inbox/",
        ADA "outbox/",
        WORK,
        WORK "one.ics",
    };
    struct world *w = *state;
    fake_add(w, "work", "one.ics", event_text(w, "one", "20261120T080000Z", NULL));
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        assert_status(w, 207, propfind(w, places[i], "0", "<D:current-user-principal/>"));
        assert_found(w, 1, "//D:response" OK "D:current-user-principal/D:href");
    }
}

static void the_home_lists_calendars_inbox_and_outbox(void **state)
{
    struct world *w = *state;
    assert_status(w, 207,
        propfind(w, ADA, "1",
            "<D:resourcetype/><D:displayname/><A:calendar-color/>"
            "<CS:getctag/><D:sync-token/>"));
    assert_found(w, 9, "//D:response");
    assert_string_equal(text_at(w, "//D:response[1]/D:href"), ADA);
    assert_found(w, 6, "//D:resourcetype[D:collection]/C:calendar");
    assert_found(w, 1, "//D:resourcetype[D:collection]/C:schedule-inbox");
    assert_found(w, 1, "//D:resourcetype[D:collection]/C:schedule-outbox");
    assert_string_equal(text_at(w, "//D:response[D:href='" WORK "']//D:displayname"),
        "Work & play");
    assert_string_equal(text_at(w, "//D:response[D:href='" WORK "']//A:calendar-color"),
        "#3366CCFF");
    assert_string_equal(text_at(w, "//D:response[D:href='" WORK "']//CS:getctag"),
        FAKE_EPOCH "-100");
    assert_string_equal(text_at(w, "//D:response[D:href='" WORK "']//D:sync-token"),
        "data:," FAKE_EPOCH "-100");
    /* The home's own moves with every calendar in it. */
    assert_string_equal(text_at(w, "//D:response[1]//CS:getctag"), FAKE_EPOCH "-105");
}

static void hrefs_have_one_encoding_whatever_was_asked(void **state)
{
    struct world *w = *state;
    const char *canonical = ADA "a%20b@c%26d/";
    assert_status(w, 207, propfind(w, ADA, "1", "<D:displayname/>"));
    assert_found(w, 1, "//D:response[D:href='" ADA "a%20b@c%26d/']");
    assert_status(w, 207, propfind(w, ADA "a%20b%40c&d", "0", "<D:displayname/>"));
    assert_string_equal(text_at(w, "//D:href"), canonical);
    fake_add(w, "a b@c&d", "x'y&%z\xc3\xa9.ics",
        event_text(w, "odd", "20261120T080000Z", NULL));
    assert_status(w, 207, propfind(w, canonical, "1", "<D:getetag/>"));
    const char *member = ADA "a%20b@c%26d/x%27y%26%25z%C3%A9.ics";
    assert_string_equal(text_at(w, "//D:response[2]/D:href"), member);
    assert_status(w, 200, ask(w, "GET", member, NULL, NULL));
}

static void a_slash_more_or_less_is_the_same(void **state)
{
    static const char *const places[] = {"/dav", "/dav/principals/ada",
        "/dav/calendars/ada", "/dav/calendars/ada/work", "/dav/calendars/ada/inbox"};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        assert_status(w, 207, propfind(w, places[i], "0", "<D:resourcetype/>"));
        assert_string_equal(text_at(w, "//D:response/D:href"),
            arena_printf(w->cx->arena, "%s/", places[i]));
    }
}

static void a_calendar_tells_what_it_can(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, propfind(w, WORK, "0",
        "<C:calendar-description/><C:supported-calendar-component-set/>"
        "<C:supported-calendar-data/><C:supported-collation-set/><C:max-resource-size/>"
        "<C:min-date-time/><C:max-date-time/><C:max-instances/>"
        "<C:max-attendees-per-instance/><D:owner/><D:supported-report-set/><D:acl/>"
        "<C:schedule-calendar-transp/><D:supported-privilege-set/>"
        "<D:supported-method-set/><D:acl-restrictions/><D:supportedlock/>"));
    assert_found(w, 0, "//D:response" MISSING "*");
    assert_string_equal(text_at(w, "//C:supported-calendar-component-set/C:comp/@name"),
        "VEVENT");
    assert_found(w, 1, "//C:supported-calendar-component-set/C:comp");
    assert_found(
        w, 1, "//C:calendar-data[@content-type='text/calendar'][@version='2.0']");
    assert_found(w, 3, "//C:supported-collation");
    assert_string_equal(text_at(w, "//D:owner/D:href"), "/dav/principals/ada/");
    assert_found(w, 1, "//C:schedule-calendar-transp/C:opaque");
    assert_found(w, 1, "//D:supported-method[@name='MKCALENDAR']");
}

static void reports_are_wrapped_twice_for_thunderbird(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, propfind(w, WORK, "0", "<D:supported-report-set/>"));
    const char *at = "//D:supported-report-set/D:supported-report/D:report/";
    assert_found(w, 1, arena_printf(w->cx->arena, "%sD:sync-collection", at));
    assert_found(w, 1, arena_printf(w->cx->arena, "%sC:calendar-query", at));
    assert_found(w, 1, arena_printf(w->cx->arena, "%sC:calendar-multiget", at));
    assert_found(w, 1, arena_printf(w->cx->arena, "%sC:free-busy-query", at));
    assert_status(w, 207, propfind(w, "/dav/principals/ada/", "0",
        "<D:supported-report-set/>"));
    assert_found(w, 0, "//D:report/C:calendar-query");
}

static void privileges_tell_the_truth_for_each_role(void **state)
{
    static const struct {
        const char *calendar;
        int read, free_busy, write;
    } roles[] = {
        {"work", 1, 1, 1}, {"team", 1, 1, 1}, {"public", 1, 1, 0}, {"colleague", 0, 1, 0},
        {"locked", 1, 1, 0},
    };
    static const char *const writes[] = {
        "write", "write-content", "write-properties", "bind", "unbind"};
    struct world *w = *state;
    const char *at = "//D:current-user-privilege-set/D:privilege/";
    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
        char *path = arena_printf(w->cx->arena, ADA "%s/", roles[i].calendar);
        assert_status(w, 207, propfind(w, path, "0", "<D:current-user-privilege-set/>"));
        assert_found(
            w, roles[i].read, "//D:current-user-privilege-set/D:privilege/D:read");
        assert_found(w, roles[i].free_busy,
            "//D:current-user-privilege-set/D:privilege/C:read-free-busy");
        for (size_t k = 0; k < sizeof(writes) / sizeof(*writes); k++)
            assert_found(w, roles[i].write,
                arena_printf(w->cx->arena, "%sD:%s", at, writes[k]));
    }
    assert_status(w, 207, propfind(w, ADA, "0", "<D:current-user-privilege-set/>"));
    assert_found(w, 1, "//D:privilege/D:bind");
}

static void what_is_unknown_is_404_inside_never_an_error(void **state)
{
    struct world *w = *state;
    /* Apple asks the home for 39 properties, most of them its own. */
    assert_status(w, 207, propfind(w, ADA, "1",
        "<D:displayname/><D:quota-available-bytes/><CS:pushkey/><CS:push-transports/>"
        "<C:default-alarm-vevent-date/><A:refreshrate/><X:anything/><nothing xmlns=''/>"
        "<D:getetag/><D:resource-id/><CS:allowed-sharing-modes/><C:calendar-data/>"));
    assert_found(w, 9, "//D:response[count(D:propstat)=2]");
    assert_found(w, 9, "//D:response" OK "D:displayname");
    assert_found(w, 9, "//D:response" MISSING "CS:pushkey");
    assert_found(w, 9, "//D:response" MISSING "X:anything");
    assert_found(
        w, 9, "//D:response" MISSING "*[local-name()='nothing'][namespace-uri()='']");
    assert_found(w, 0, "//D:propstat[not(D:status)]");
    assert_status(w, 207, propfind(w, WORK, "0", "<X:only/>"));
    assert_found(w, 1, "//D:propstat");
    assert_status(w, 207, propfind(w, WORK, "0", ""));
    assert_found(w, 1, "//D:propstat[contains(D:status,' 200 ')]");
}

static void no_body_and_allprop_are_the_same(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", event_text(w, "one", "20261120T080000Z", NULL));
    assert_status(w, 207, ask(w, "PROPFIND", WORK, "Depth: 1", NULL));
    assert_found(w, 1, "//D:response[2]" OK "D:getetag");
    assert_found(w, 1, "//D:response[2]" OK "D:getcontentlength");
    assert_found(w, 0, "//C:calendar-timezone");
    assert_found(w, 0, "//D:response" MISSING "*");
    assert_status(w, 207, ask(w, "PROPFIND", WORK, "Depth: 0",
        element(w, "D:propfind",
            "<D:allprop/><D:include><CS:getctag/></D:include>")));
    assert_found(w, 1, "//D:response" OK "D:resourcetype");
    assert_found(w, 1, "//D:response" OK "CS:getctag");
}

static void propname_gives_names_alone(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, ask(w, "PROPFIND", WORK, "Depth: 0",
        element(w, "D:propfind", "<D:propname/>")));
    assert_found(w, 1, "//D:prop/CS:getctag[not(node())]");
    assert_found(w, 1, "//D:prop/C:supported-calendar-component-set[not(node())]");
    assert_found(w, 0, "//D:prop/D:getetag");
    assert_found(w, 0, "//D:response" MISSING "*");
}

static void infinity_is_refused_with_its_precondition(void **state)
{
    struct world *w = *state;
    assert_precondition(w, 403, "D:propfind-finite-depth",
        propfind(w, WORK, "infinity", "<D:getetag/>"));
    /* RFC 4918 section 9.1: no Depth means infinity */
    assert_precondition(w, 403, "D:propfind-finite-depth",
        propfind(w, WORK, NULL, "<D:getetag/>"));
    assert_status(w, 400, propfind(w, WORK, "2", "<D:getetag/>"));
}

static void members_of_a_calendar_are_its_objects(void **state)
{
    struct world *w = *state;
    char *text = event_text(w, "one", "20261120T080000Z", NULL);
    struct fake_object *one = fake_add(w, "work", "one.ics", text);
    fake_add(w, "team", "two.ics", text);
    assert_status(w, 207, propfind(w, WORK, "1",
        "<D:getetag/><D:getcontenttype/><D:getcontentlength/><D:resourcetype/>"
        "<C:schedule-tag/><D:owner/>"));
    assert_found(w, 2, "//D:response");
    assert_string_equal(text_at(w, "//D:response[2]/D:href"), WORK "one.ics");
    assert_string_equal(text_at(w, "//D:response[2]" OK "D:getetag"),
        arena_printf(w->cx->arena, "\"%s\"", one->etag));
    assert_string_equal(text_at(w, "//D:response[2]//D:getcontenttype"),
        "text/calendar; charset=utf-8; component=VEVENT");
    assert_string_equal(text_at(w, "//D:response[2]//D:getcontentlength"),
        arena_printf(w->cx->arena, "%zu", strlen(text)));
    assert_found(w, 0, "//D:response[2]//D:resourcetype/*");
    assert_found(w, 1, "//D:response[2]" MISSING "C:schedule-tag");
}

static void a_listing_of_etags_reads_no_text(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 20; i++)
        fake_add(w, "work", arena_printf(w->cx->arena, "%d.ics", i),
            event_text(
                w, arena_printf(w->cx->arena, "u%d", i), "20261120T080000Z", NULL));
    assert_status(w, 207, propfind(w, WORK, "1", "<D:getetag/><D:resourcetype/>"));
    assert_found(w, 20, "//D:response" OK "D:getetag");
    assert_int_equal(w->bridge.n_texts, 0);
    assert_int_equal(w->bridge.n_listings, 1);
    assert_status(w, 207, propfind(w, WORK, "0", "<CS:getctag/><D:sync-token/>"));
    assert_int_equal(w->bridge.n_listings, 1);
}

static void what_is_not_there_is_404_with_a_body(void **state)
{
    static const char *const places[] = {WORK "no.ics", ADA "no/", ADA "no/no.ics",
        "/dav/no", "/dav/principals/eve/", "/dav/calendars/eve/", WORK "a/b",
        ADA "inbox/x"};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        assert_status(w, 404, propfind(w, places[i], "0", "<D:resourcetype/>"));
        assert_found(w, 1, "/D:error/*");
    }
}

static void other_peoples_homes_need_privileges(void **state)
{
    struct world *w = *state;
    assert_precondition(w, 403, "D:need-privileges",
        propfind(w, "/dav/calendars/bob/", "1", "<D:resourcetype/>"));
    assert_string_equal(text_at(w, "//D:need-privileges/D:resource/D:href"),
        "/dav/calendars/bob/");
    assert_found(w, 1, "//D:need-privileges/D:resource/D:privilege/D:read");
    assert_precondition(w, 403, "D:need-privileges",
        ask(w, "GET", "/dav/calendars/bob/work/x.ics", NULL, NULL));
    /* but who they are may be known */
    assert_status(w, 207, propfind(w, "/dav/principals/bob/", "0",
        "<D:displayname/><C:calendar-home-set/><C:schedule-outbox-URL/>"));
    assert_string_equal(text_at(w, "//D:displayname"), "Bob");
    assert_found(w, 1, "//D:response" MISSING "C:calendar-home-set");
}

static void busy_times_of_a_colleague_are_no_objects(void **state)
{
    struct world *w = *state;
    fake_add(w, "colleague", "x.ics", event_text(w, "x", "20261120T080000Z", NULL));
    assert_status(w, 207, propfind(w, ADA "colleague/", "1", "<D:getetag/>"));
    assert_found(w, 1, "//D:response");
    assert_precondition(w, 403, "D:need-privileges",
        ask(w, "GET", ADA "colleague/x.ics", NULL, NULL));
    assert_found(w, 1, "//D:privilege/D:read");
}

static void the_root_and_its_collections_can_be_walked(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, propfind(w, "/dav/", "1", "<D:resourcetype/>"));
    assert_found(w, 3, "//D:response[.//D:collection]");
    assert_status(w, 207, propfind(w, "/dav/principals/", "1", "<D:resourcetype/>"));
    assert_found(w, 1, "//D:response[D:href='/dav/principals/ada/']//D:principal");
    assert_status(w, 207, propfind(w, "/dav/calendars/", "1", "<D:resourcetype/>"));
    assert_found(w, 1, "//D:response[D:href='" ADA "']");
    assert_status(w, 207, ask(w, "PROPFIND", ADA, "Depth: 1\nPrefer: depth-noroot",
        element(w, "D:propfind", "<D:prop><D:resourcetype/></D:prop>")));
    assert_found(w, 8, "//D:response");
    assert_string_equal(answer_header(w, "Preference-Applied"), "depth-noroot");
    assert_status(w, 207, ask(w, "PROPFIND", ADA, "Depth: 0\nPrefer: depth-noroot",
        element(w, "D:propfind", "<D:prop><D:resourcetype/></D:prop>")));
    assert_found(w, 1, "//D:response");
    assert_null(answer_header(w, "Preference-Applied"));
}

static void options_tell_classes_and_methods_by_resource(void **state)
{
    static const char *const places[] = {"/dav/", "/dav/principals/ada/", ADA, WORK,
        WORK "new.ics", ADA "outbox/"};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        assert_status(w, 200, ask(w, "OPTIONS", places[i], NULL, NULL));
        const char *classes = answer_header(w, "DAV");
        /* DAVx5 looks at the principal; Thunderbird at the home, and drops the first one.
         */
        assert_non_null(strstr(classes, ", calendar-access"));
        assert_non_null(strstr(classes, ", calendar-auto-schedule"));
        assert_true(str_starts(classes, "1, 3"));
    }
    assert_non_null(strstr(answer_header(w, "Allow"), "POST"));
    assert_status(w, 200, ask(w, "OPTIONS", WORK, NULL, NULL));
    const char *allow = answer_header(w, "Allow");
    assert_non_null(strstr(allow, "MKCALENDAR"));
    assert_non_null(strstr(allow, "REPORT"));
    assert_null(strstr(allow, "PUT"));
    assert_null(strstr(allow, "LOCK"));
    assert_status(w, 200, ask(w, "OPTIONS", WORK "new.ics", NULL, NULL));
    assert_non_null(strstr(answer_header(w, "Allow"), "PUT"));
}

static void refused_methods_say_what_is_allowed(void **state)
{
    static const char *const methods[] = {
        "LOCK", "UNLOCK", "COPY", "MOVE"};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
        assert_status(w, 405, ask(w, methods[i], WORK, NULL, NULL));
        assert_non_null(strstr(answer_header(w, "Allow"), "PROPFIND"));
    }
    assert_status(w, 501, ask(w, "BREW", WORK, NULL, NULL));
}

static void only_writes_may_wait_for_upstream(void **state)
{
    static const char *const slow[] = {
        "PUT", "DELETE", "MKCALENDAR", "MKCOL", "PROPPATCH", "POST", "COPY", "MOVE"};
    static const char *const quick[] = {
        "GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "X"};
    struct path path = {.n = 1, .segments = {"calendars"}};
    (void)state;
    for (size_t i = 0; i < sizeof(slow) / sizeof(*slow); i++)
        assert_true(dav_may_block(slow[i], &path));
    for (size_t i = 0; i < sizeof(quick) / sizeof(*quick); i++)
        assert_false(dav_may_block(quick[i], &path));
}

static void a_collection_in_a_browser_is_a_page_and_no_calendar(void **state)
{
    struct world *w = *state;
    assert_status(w, 200, ask(w, "GET", WORK, NULL, NULL));
    assert_true(str_starts(answer_header(w, "Content-Type"), "text/html"));
    assert_non_null(strstr(answer_body(w), "Work &amp; play"));
}

static void inbox_names_the_default_calendar(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, propfind(w, ADA "inbox/", "1",
        "<C:schedule-default-calendar-URL/><C:calendar-free-busy-set/>"
        "<D:current-user-privilege-set/>"));
    assert_found(w, 1, "//D:response");
    assert_string_equal(text_at(w, "//C:schedule-default-calendar-URL/D:href"), WORK);
    assert_found(w, 1, "//C:calendar-free-busy-set/D:href[.='" WORK "']");
    assert_status(
        w, 207, propfind(w, ADA "outbox/", "0", "<D:current-user-privilege-set/>"));
    assert_found(w, 1, "//D:privilege/C:schedule-send");
}

static void apple_expands_properties_of_principals(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, report(w, "/dav/principals/ada/", NULL, "D:expand-property",
        "<D:property name='calendar-proxy-write-for' "
        "namespace='http://calendarserver.org/ns/'><D:property name='displayname'/>"
        "</D:property><D:property name='displayname'/>"
        "<D:property name='calendar-home-set' namespace='urn:ietf:params:xml:ns:caldav'>"
        "<D:property name='owner'><D:property name='displayname'/></D:property>"
        "<D:property name='getetag'/></D:property>"));
    assert_string_equal(text_at(w, "/D:multistatus/D:response" OK "D:displayname"),
        "Ada Lovelace");
    assert_found(
        w, 1, "/D:multistatus/D:response" OK "CS:calendar-proxy-write-for[not(*)]");
    const char *home = "//C:calendar-home-set/D:response[D:href='" ADA "']";
    assert_found(w, 1, arena_printf(w->cx->arena, "%s" MISSING "D:getetag", home));
    assert_string_equal(text_at(w, arena_printf(w->cx->arena,
        "%s" OK "D:owner/D:response" OK "D:displayname", home)), "Ada Lovelace");
    assert_status(w, 400, report(w, "/dav/principals/ada/", NULL, "D:expand-property",
        "<D:property/>"));
    assert_status(w, 400, report(w, "/dav/principals/ada/", NULL, "D:expand-property",
        "<D:property name='a b'/>"));
}

static void expansion_ends_somewhere(void **state)
{
    struct world *w = *state;
    const char *inner = "";
    for (int i = 0; i < 20; i++)
        inner = arena_printf(w->cx->arena, "<D:property name='calendar-free-busy-set' "
            "namespace='urn:ietf:params:xml:ns:caldav'>%s</D:property>"
            "<D:property name='current-user-principal'>"
            "<D:property name='principal-URL'/></D:property>", inner);
    assert_status(w, 207, report(w, ADA "inbox/", NULL, "D:expand-property", inner));
    inner = "";
    for (int i = 0; i < 10; i++)
        inner = arena_printf(w->cx->arena,
            "<D:property name='current-user-principal'>%s</D:property>"
            "<D:property name='principal-collection-set'>%s</D:property>", inner, inner);
    assert_precondition(w, 507, "D:number-of-matches-within-limits",
        report(w, ADA, NULL, "D:expand-property", inner));
}

static void requests_for_too_many_properties_are_refused(void **state)
{
    struct world *w = *state;
    struct buf many = buf_new(w->cx->arena);
    for (int i = 0; i < 256; i++)
        buf_printf(&many, "<X:p%d/>", i);
    assert_status(w, 207, propfind(w, WORK, "1", buf_str(&many)));
    assert_found(w, 256, "//D:response" MISSING "*");
    buf_adds(&many, "<X:more/>");
    assert_status(w, 413, propfind(w, WORK, "1", buf_str(&many)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_principal_leads_to_everything),
        WORLD_TEST(the_current_user_is_named_at_every_resource),
        WORLD_TEST(the_home_lists_calendars_inbox_and_outbox),
        WORLD_TEST(hrefs_have_one_encoding_whatever_was_asked),
        WORLD_TEST(a_slash_more_or_less_is_the_same),
        WORLD_TEST(a_calendar_tells_what_it_can),
        WORLD_TEST(reports_are_wrapped_twice_for_thunderbird),
        WORLD_TEST(privileges_tell_the_truth_for_each_role),
        WORLD_TEST(what_is_unknown_is_404_inside_never_an_error),
        WORLD_TEST(no_body_and_allprop_are_the_same),
        WORLD_TEST(propname_gives_names_alone),
        WORLD_TEST(infinity_is_refused_with_its_precondition),
        WORLD_TEST(members_of_a_calendar_are_its_objects),
        WORLD_TEST(a_listing_of_etags_reads_no_text),
        WORLD_TEST(what_is_not_there_is_404_with_a_body),
        WORLD_TEST(other_peoples_homes_need_privileges),
        WORLD_TEST(busy_times_of_a_colleague_are_no_objects),
        WORLD_TEST(the_root_and_its_collections_can_be_walked),
        WORLD_TEST(options_tell_classes_and_methods_by_resource),
        WORLD_TEST(refused_methods_say_what_is_allowed),
        WORLD_TEST(only_writes_may_wait_for_upstream),
        WORLD_TEST(a_collection_in_a_browser_is_a_page_and_no_calendar),
        WORLD_TEST(inbox_names_the_default_calendar),
        WORLD_TEST(apple_expands_properties_of_principals),
        WORLD_TEST(expansion_ends_somewhere),
        WORLD_TEST(requests_for_too_many_properties_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
