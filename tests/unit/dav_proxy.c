/* Who may act for whom (calendarserver.org caldav-proxy). */
#include "dav_fake_backend.h"

#define P "/dav/principals/"
#define SELF P "ada/"
#define READ SELF "calendar-proxy-read/"
#define WRITE SELF "calendar-proxy-write/"
#define MEMBERS "//D:group-member-set/D:href"

static void share(struct world *w, const char *segment, enum be_role role)
{
    struct be_share one = {.segment = segment, .role = role};
    LIST_ADD(w->cx->arena, &w->bridge.shares, one);
}

static void open_to_ada(struct world *w, const char *segment, enum be_role role)
{
    struct be_share one = {.segment = segment, .role = role};
    LIST_ADD(w->cx->arena, &w->bridge.proxy_for, one);
}

/* "segment=role " of each. */
static const char *shares(struct world *w)
{
    struct buf out = buf_new(w->cx->arena);
    for (size_t i = 0; i < w->bridge.shares.n; i++)
        buf_printf(&out, "%s=%d ", w->bridge.shares.items[i].segment,
            (int)w->bridge.shares.items[i].role);
    return buf_str(&out);
}

static void each_principal_has_two_groups_below_it(void **state)
{
    struct world *w = *state;
    assert_status(w, 207,
        propfind(w, SELF, "1",
            "<D:resourcetype/><D:principal-URL/><D:displayname/><D:group-membership/>"));
    assert_found(w, 3, "//D:response");
    assert_non_null(strstr(answer_header(w, "DAV"), ", calendar-proxy,"));
    assert_found(w, 1, "//D:response[1]//D:resourcetype[D:collection]/D:principal");
    assert_found(w, 1,
        "//D:response[D:href='" READ "']//D:resourcetype[D:principal]"
        "/CS:calendar-proxy-read");
    assert_found(w, 1,
        "//D:response[D:href='" WRITE "']//D:resourcetype[D:principal]"
        "/CS:calendar-proxy-write");
    assert_found(w, 1, "//D:principal-URL/D:href[.='" WRITE "']");
    assert_status(w, 207, propfind(w, P "bob/calendar-proxy-read/", "0",
        "<D:group-member-set/><D:displayname/>"));
    assert_string_equal(text_at(w, "//D:displayname"), "calendar-proxy-read");
    assert_status(w, 404, propfind(w, SELF "calendar-proxy-other/", "0", "<D:owner/>"));
    assert_status(w, 404, propfind(w, READ "deeper", "0", "<D:owner/>"));
    assert_status(w, 404,
        propfind(w, "/dav/calendars/ada/calendar-proxy-read/", "0", "<D:owner/>"));
}

static void members_are_those_who_may_read_or_write_the_primary_calendar(void **state)
{
    struct world *w = *state;
    share(w, "bob", BE_WRITER);
    share(w, "wang", BE_READER);
    share(w, "omm_1", BE_FREEBUSY);
    assert_status(w, 207, propfind(w, WRITE, "0", "<D:group-member-set/>"));
    assert_found(w, 1, MEMBERS);
    assert_string_equal(text_at(w, MEMBERS), P "bob/");
    assert_status(w, 207, propfind(w, READ, "0", "<D:group-member-set/>"));
    assert_found(w, 1, MEMBERS);
    assert_string_equal(text_at(w, MEMBERS), P "wang/");
    assert_status(w, 207, propfind(w, P "bob/", "0",
        "<D:group-membership/><CS:calendar-proxy-write-for/>"
        "<CS:calendar-proxy-read-for/>"));
    assert_string_equal(text_at(w, "//D:group-membership/D:href"), WRITE);
    assert_string_equal(text_at(w, "//CS:calendar-proxy-write-for/D:href"), SELF);
    assert_found(w, 1, "//CS:calendar-proxy-read-for[not(*)]");
}

static void one_acts_for_who_has_opened_the_primary_calendar(void **state)
{
    struct world *w = *state;
    open_to_ada(w, "bob", BE_WRITER);
    open_to_ada(w, "wang", BE_READER);
    assert_status(w, 207, propfind(w, SELF, "0",
        "<D:group-membership/><CS:calendar-proxy-write-for/>"
        "<CS:calendar-proxy-read-for/><D:group-member-set/>"));
    assert_string_equal(text_at(w, "//CS:calendar-proxy-write-for/D:href"), P "bob/");
    assert_string_equal(text_at(w, "//CS:calendar-proxy-read-for/D:href"), P "wang/");
    assert_found(w, 2, "//D:group-membership/D:href");
    assert_found(
        w, 1, "//D:group-membership/D:href[.='" P "bob/calendar-proxy-write/']");
    assert_found(w, 1, "//D:group-member-set[not(*)]");
}

static void of_the_groups_of_others_one_sees_oneself_alone(void **state)
{
    struct world *w = *state;
    share(w, "wang", BE_WRITER);
    open_to_ada(w, "bob", BE_WRITER);
    assert_status(w, 207,
        propfind(w, P "bob/calendar-proxy-write/", "0", "<D:group-member-set/>"));
    assert_found(w, 1, MEMBERS);
    assert_string_equal(text_at(w, MEMBERS), SELF);
    assert_status(w, 207,
        propfind(w, P "bob/calendar-proxy-read/", "0", "<D:group-member-set/>"));
    assert_found(w, 0, MEMBERS);
}

static int set_members(struct world *w, const char *group, const char *hrefs)
{
    char *inner = arena_printf(w->cx->arena,
        "<D:set><D:prop><D:group-member-set>%s</D:group-member-set></D:prop></D:set>",
        hrefs);
    return ask(w, "PROPPATCH", group, NULL, element(w, "D:propertyupdate", inner));
}

static void members_are_changed_in_the_access_list(void **state)
{
    struct world *w = *state;
    share(w, "wang", BE_READER);
    assert_status(w, 207, set_members(w, WRITE, "<D:href>" P "bob/</D:href>"));
    assert_found(w, 1, "//D:propstat[contains(D:status,' 200 ')]//D:group-member-set");
    assert_string_equal(shares(w), "wang=1 bob=2 ");
    assert_status(w, 207, set_members(w, WRITE, "<D:href>" P "bob/</D:href>"));
    assert_int_equal(w->bridge.n_shared, 1); /* nothing to do */
    assert_status(w, 207, set_members(w, READ, ""));
    assert_string_equal(shares(w), "bob=2 ");
    assert_status(w, 207,
        set_members(w, READ,
            "<D:href>" P "bob/</D:href><D:href>" P "wang/</D:href>"));
    assert_string_equal(shares(w), "bob=1 wang=1 ");
    assert_status(w, 207,
        ask(w, "PROPPATCH", READ, NULL,
            element(w, "D:propertyupdate",
                "<D:remove><D:prop><D:group-member-set/></D:prop></D:remove>")));
    assert_string_equal(shares(w), "");
}

static void groups_are_changed_by_their_owner_and_hold_people_alone(void **state)
{
    struct world *w = *state;
    assert_status(w, 207,
        set_members(w, P "bob/calendar-proxy-write/", "<D:href>" SELF "</D:href>"));
    assert_found(w, 1, "//D:error/D:cannot-modify-protected-property");
    assert_status(w, 207, set_members(w, WRITE, "<D:href>" P "nobody/</D:href>"));
    assert_found(w, 1, "//D:propstat[contains(D:status,' 403 ')]"
                       "/D:error/D:recognized-principal");
    assert_status(w, 207, set_members(w, SELF, "<D:href>" P "bob/</D:href>"));
    assert_found(w, 1, "//D:error/D:cannot-modify-protected-property");
    assert_status(w, 207,
        ask(w, "PROPPATCH", WRITE, NULL,
            element(w, "D:propertyupdate",
                "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>")));
    assert_found(w, 1, "//D:error/D:cannot-modify-protected-property");
    assert_int_equal(w->bridge.n_shared, 0);
    w->bridge.next_err = ERR_ALLOWED_PRINCIPAL;
    assert_precondition(w, 403, "D:allowed-principal",
        set_members(w, WRITE, "<D:href>" P "omm_1/</D:href>"));
}

static void apple_expands_its_delegates(void **state)
{
    struct world *w = *state;
    share(w, "bob", BE_WRITER);
    open_to_ada(w, "wang", BE_WRITER);
    assert_status(w, 207,
        report(w, SELF, NULL, "D:expand-property",
            "<D:property name='calendar-proxy-write-for' "
            "namespace='http://calendarserver.org/ns/'>"
            "<D:property name='displayname'/>"
            "<D:property name='calendar-user-address-set' "
            "namespace='urn:ietf:params:xml:ns:caldav'/></D:property>"));
    assert_string_equal(
        text_at(w, "//CS:calendar-proxy-write-for/D:response//D:displayname"),
        "\xe7\x8e\x8b\xe8\x8a\xb3");
    assert_status(w, 207,
        report(w, WRITE, NULL, "D:expand-property",
            "<D:property name='group-member-set'>"
            "<D:property name='email-address-set' "
            "namespace='http://calendarserver.org/ns/'/></D:property>"));
    assert_string_equal(
        text_at(w, "//D:group-member-set/D:response//CS:email-address"),
        "bob@example.com");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(each_principal_has_two_groups_below_it),
        WORLD_TEST(members_are_those_who_may_read_or_write_the_primary_calendar),
        WORLD_TEST(one_acts_for_who_has_opened_the_primary_calendar),
        WORLD_TEST(of_the_groups_of_others_one_sees_oneself_alone),
        WORLD_TEST(members_are_changed_in_the_access_list),
        WORLD_TEST(groups_are_changed_by_their_owner_and_hold_people_alone),
        WORLD_TEST(apple_expands_its_delegates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
