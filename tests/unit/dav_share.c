/* Sharing: the acl and the ACL method of RFC 3744, calendarserver.org's CS:share, and
 * draft-pot-webdav-resource-sharing. */
#include "dav_fake_backend.h"

#define P "/dav/principals/"
#define XML "Content-Type: application/xml; charset=utf-8"
#define ACE(who, inner)                                                                  \
    "<D:ace><D:principal>" who "</D:principal>" inner "</D:ace>"
#define HREF(who) "<D:href>" P who "/</D:href>"
#define GRANT(what) "<D:grant><D:privilege>" what "</D:privilege></D:grant>"
#define SET(who, access) "<CS:set><D:href>" who "</D:href>" access "</CS:set>"

static void share(struct world *w, const char *segment, enum be_role role)
{
    struct be_share one = {.segment = segment, .role = role};
    LIST_ADD(w->bridge.arena, &w->bridge.shares, one);
}

static int acl(struct world *w, const char *path, const char *inner)
{
    return ask(w, "ACL", path, XML, element(w, "D:acl", inner));
}

static int post(struct world *w, const char *path, const char *root, const char *inner)
{
    return ask(w, "POST", path, XML, element(w, root, inner));
}

/* "bob:2 wang:1 " */
static const char *shares(struct world *w)
{
    struct buf out = buf_new(w->cx->arena);
    for (size_t i = 0; i < w->bridge.shares.n; i++)
        buf_printf(&out, "%s:%d ", w->bridge.shares.items[i].segment,
            (int)w->bridge.shares.items[i].role);
    return buf_str(&out);
}

static void an_owner_sees_whom_the_calendar_is_shared_with(void **state)
{
    struct world *w = *state;
    share(w, "bob", BE_WRITER);
    share(w, "wang", BE_FREEBUSY);
    fake_calendar(w, "work")->everybody = BE_BUSY_TIMES;
    assert_status(w, 207, propfind(w, WORK, "0",
        "<D:acl/><D:owner/><D:invite/><D:share-access/><CS:invite/><D:resourcetype/>"
        "<CS:allowed-sharing-modes/><D:current-user-privilege-set/>"));
    assert_string_equal(text_at(w, "//D:owner/D:href"), P "ada/");
    assert_found(w, 4, "//D:acl/D:ace");
    assert_found(w, 1, "//D:ace[D:protected]/D:principal[D:href='" P "ada/']");
    assert_found(w, 1,
        "//D:ace[not(D:protected)][D:principal/D:href='" P "bob/']"
        "/D:grant/D:privilege/D:write");
    assert_found(w, 0, "//D:ace[D:principal/D:href='" P "wang/']//D:read");
    assert_found(w, 1, "//D:ace[D:principal/D:href='" P "wang/']//C:read-free-busy");
    assert_found(w, 1,
        "//D:ace[D:protected][D:principal/D:authenticated]//C:read-free-busy");
    assert_found(w, 2, "//CS:invite/CS:user[CS:invite-accepted]");
    assert_found(w, 1,
        "//CS:invite/CS:user[D:href='mailto:bob@example.com'][CS:common-name='Bob']"
        "/CS:access/CS:read-write");
    assert_string_equal(text_at(w, "//CS:organizer/D:href"), "mailto:ada@example.com");
    assert_found(w, 1,
        "//D:invite/D:sharee[D:href='mailto:bob@example.com']"
        "[D:prop/D:displayname='Bob']/D:share-access/D:read-write");
    assert_found(w, 1, "//D:share-access/D:shared-owner");
    assert_found(w, 1, "//D:resourcetype[C:calendar]/CS:shared-owner");
    assert_found(w, 1, "//CS:allowed-sharing-modes/CS:can-be-shared");
    assert_found(w, 1, "//D:current-user-privilege-set/D:privilege/D:write-acl");
    assert_status(w, 207, report(w, WORK, "Depth: 0", "D:acl-principal-prop-set",
        "<D:prop><D:displayname/></D:prop>"));
    assert_found(w, 3, "//D:response[D:propstat]");
}

static void a_calendar_of_ones_own_is_not_shared(void **state)
{
    struct world *w = *state;
    assert_status(w, 207,
        propfind(w, WORK, "0", "<D:resourcetype/><D:share-access/><CS:invite/>"
                               "<D:share-resource-uri/>"));
    assert_found(w, 0, "//D:resourcetype/CS:*");
    assert_found(w, 0, "//D:share-resource-uri/*");
    assert_found(w, 1, "//D:share-access/D:not-shared");
    assert_found(w, 1, "//D:propstat[contains(D:status,'404')]/D:prop/CS:invite");
}

static void who_it_is_shared_with_sees_the_owner_alone(void **state)
{
    struct world *w = *state;
    share(w, "wang", BE_READER);
    assert_status(w, 207, propfind(w, ADA "team/", "0",
        "<D:owner/><D:acl/><CS:invite/><D:resourcetype/><D:share-access/><D:invite/>"
        "<CS:allowed-sharing-modes/><D:current-user-privilege-set/>"
        "<D:share-resource-uri/>"));
    assert_string_equal(text_at(w, "//D:owner/D:href"), P "bob/");
    assert_string_equal(text_at(w, "//D:share-resource-uri/D:href"), "urn:uuid:2");
    assert_found(w, 1, "//D:resourcetype/CS:shared");
    assert_found(w, 1, "//D:share-access/D:read-write");
    assert_string_equal(text_at(w, "//CS:organizer/CS:common-name"), "Bob");
    assert_found(w, 0, "//CS:user");
    assert_found(w, 1, "//D:acl/D:ace");
    assert_found(w, 0, "//D:privilege/D:write-acl");
    assert_found(w, 2, "//D:propstat[contains(D:status,'404')]/D:prop/*");
    /* Where it is not to be found out, section 5.1 allows an empty one. */
    assert_status(w, 207, propfind(w, ADA "public/", "0", "<D:owner/>"));
    assert_found(w, 1, "//D:owner[not(*)]");
}

static void privileges_are_parts_of_others_as_the_rfcs_have_it(void **state)
{
    static const char *const parts[][2] = {
        {"D:read", "C:read-free-busy"}, {"D:write", "D:write-content"},
        {"D:write", "D:write-properties"}, {"D:write", "D:bind"},
        {"D:write", "D:unbind"}, {"C:schedule-send", "C:schedule-send-freebusy"},
        {"D:all", "D:write-acl"}, {"D:all", "D:read-acl"}, {"D:all", "D:write"},
        {"D:all", "C:schedule-deliver"},
    };
    struct world *w = *state;
    assert_status(w, 207, propfind(w, WORK, "0", "<D:supported-privilege-set/>"));
    assert_found(w, 1, "//D:supported-privilege-set/D:supported-privilege");
    assert_found(
        w, 14, "//D:supported-privilege[D:privilege/*][D:description/@xml:lang]");
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        assert_found(w, 1,
            arena_printf(w->cx->arena,
                "//D:supported-privilege[D:privilege/%s]/D:supported-privilege/"
                "D:privilege/%s",
                parts[i][0], parts[i][1]));
    assert_found(w, 0, "//D:abstract"); /* all of them can be granted */
}

static void acl_replaces_the_list(void **state)
{
    struct world *w = *state;
    const struct {
        const char *inner, *shares;
    } rows[] = {
        {ACE(HREF("bob"), GRANT("<D:write/>")), "bob:2 "},
        {ACE(HREF("bob"), GRANT("<D:read/>")), "bob:1 "},
        {ACE(HREF("bob"), GRANT("<C:read-free-busy/>")), "bob:0 "},
        {ACE(HREF("bob"), GRANT("<D:all/>")), "bob:3 "},
        /* the highest of several counts */
        {ACE(HREF("wang"),
             "<D:grant><D:privilege><D:read-acl/></D:privilege><D:privilege><D:read/>"
             "</D:privilege><D:privilege><D:bind/></D:privilege></D:grant>"),
            "wang:2 "},
        {ACE(HREF("bob"), GRANT("<D:read/>")) ACE(HREF("wang"), GRANT("<D:read/>"))
                ACE(HREF("bob"), GRANT("<D:write/>")),
            "bob:2 wang:1 "},
        /* what was read and comes back */
        {"<D:ace><D:principal>" HREF("ada") "</D:principal>" GRANT("<D:all/>")
             "<D:protected/></D:ace>"
             "<D:ace><D:principal><D:authenticated/></D:principal>" GRANT("<D:read/>")
             "<D:protected/></D:ace>" ACE(HREF("bob"), GRANT("<D:read/>")),
            "bob:1 "},
        {ACE(HREF("ada"), GRANT("<D:read/>")), ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(w, 200, acl(w, WORK, rows[i].inner));
        assert_string_equal(shares(w), rows[i].shares);
    }
}

static void what_feishu_cannot_grant_is_told_by_its_precondition(void **state)
{
    struct world *w = *state;
    const struct {
        const char *inner, *precondition;
    } rows[] = {
        {ACE(HREF("bob"),
             "<D:deny><D:privilege><D:read/></D:privilege></D:deny>"), "D:grant-only"},
        {"<D:ace><D:invert><D:principal>" HREF("bob") "</D:principal></D:invert>"
         GRANT("<D:read/>") "</D:ace>", "D:no-invert"},
        {ACE(HREF("nobody"), GRANT("<D:read/>")), "D:recognized-principal"},
        {ACE("<D:href>http://elsewhere.example/x</D:href>", GRANT("<D:read/>")),
            "D:recognized-principal"},
        {ACE("<D:all/>", GRANT("<D:read/>")), "D:allowed-principal"},
        {ACE("<D:authenticated/>", GRANT("<D:read/>")), "D:allowed-principal"},
        {ACE(HREF("bob"), GRANT("<C:schedule-send/>")), "D:not-supported-privilege"},
    };
    share(w, "wang", BE_READER);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(w, 403, acl(w, WORK, rows[i].inner));
        assert_found(w, 1,
            arena_printf(w->cx->arena, "/D:error/%s", rows[i].precondition));
    }
    assert_status(w, 400, acl(w, WORK, ACE(HREF("bob"), "<D:grant/>")));
    assert_string_equal(shares(w), "wang:1 ");
    assert_int_equal(w->bridge.n_shared, 0);
}

static void a_list_has_an_end(void **state)
{
    struct world *w = *state;
    struct buf aces = buf_new(w->cx->arena);
    for (int i = 0; i < 1000; i++)
        buf_adds(&aces, ACE(HREF("bob"), GRANT("<D:read/>")));
    assert_status(w, 200, acl(w, WORK, buf_str(&aces)));
    buf_adds(&aces, ACE(HREF("wang"), GRANT("<D:read/>")));
    assert_precondition(
        w, 403, "D:limited-number-of-aces", acl(w, WORK, buf_str(&aces)));
    assert_string_equal(shares(w), "bob:1 ");
}

static void only_owners_share(void **state)
{
    static const char *const places[] = {"team", "public", "colleague", "locked"};
    struct world *w = *state;
    const char *set = SET("mailto:bob@example.com", "<CS:read/>");
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        char *path = arena_printf(w->cx->arena, ADA "%s/", places[i]);
        assert_precondition(w, 403, "D:need-privileges",
            acl(w, path, ACE(HREF("wang"), GRANT("<D:read/>"))));
        assert_found(w, 1, "//D:need-privileges/D:resource/D:privilege/D:write-acl");
        assert_precondition(
            w, 403, "D:need-privileges", post(w, path, "CS:share", set));
    }
    assert_status(w, 405, acl(w, ADA, ""));
    assert_status(w, 405, acl(w, P "ada/", ""));
    assert_int_equal(w->bridge.n_shared, 0);
}

static void apple_shares_by_post(void **state)
{
    struct world *w = *state;
    assert_status(w, 200, post(w, WORK, "CS:share",
        SET("mailto:bob@example.com",
            "<CS:summary>Work</CS:summary><CS:common-name>Bob</CS:common-name>"
            "<CS:read-write/>")
        SET("/dav/principals/wang/", "<CS:read/>")));
    assert_string_equal(shares(w), "bob:2 wang:1 ");
    assert_status(w, 200, post(w, WORK, "CS:share",
        SET("mailto:bob@example.com", "<CS:read/>")
        "<CS:remove><D:href>mailto:wf@example.com</D:href></CS:remove>"));
    assert_string_equal(shares(w), "bob:1 ");
    /* All of it or nothing. */
    assert_precondition(w, 403, "D:recognized-principal",
        post(w, WORK, "CS:share", SET("mailto:bob@example.com", "<CS:read-write/>")
            SET("mailto:nobody@example.com", "<CS:read/>")));
    assert_status(
        w, 400, post(w, WORK, "CS:share", SET("mailto:bob@example.com", "")));
    assert_status(w, 400, post(w, WORK, "CS:share", ""));
    assert_string_equal(shares(w), "bob:1 ");
    w->bridge.next_err = ERR_UPSTREAM_DOWN;
    assert_status(w, 503, post(w, WORK, "CS:share",
        SET("mailto:bob@example.com", "<CS:read-write/>")));
}

static void resources_are_shared_by_post(void **state)
{
    struct world *w = *state;
    const char *body = element(w, "D:share-resource",
        "<D:sharee><D:href>mailto:bob@example.com</D:href><D:comment>Hi</D:comment>"
        "<D:share-access><D:read-write/></D:share-access></D:sharee>"
        "<D:sharee><D:href>mailto:wf@example.com</D:href>"
        "<D:share-access><D:read/></D:share-access></D:sharee>");
    assert_status(w, 200,
        ask(w, "POST", WORK, "Content-Type: application/davsharing+xml", body));
    assert_string_equal(shares(w), "bob:2 wang:1 ");
    assert_status(w, 200, post(w, WORK, "D:share-resource",
        "<D:sharee><D:href>mailto:bob@example.com</D:href>"
        "<D:share-access><D:no-access/></D:share-access></D:sharee>"));
    assert_string_equal(shares(w), "wang:1 ");
    assert_status(w, 400, post(w, WORK, "D:share-resource",
        "<D:sharee><D:href>mailto:bob@example.com</D:href></D:sharee>"));
    assert_status(w, 415, post(w, WORK, "X:share", ""));
}

static void clients_are_told_that_sharing_is_possible(void **state)
{
    struct world *w = *state;
    assert_status(w, 200, ask(w, "OPTIONS", WORK, NULL, NULL));
    assert_non_null(strstr(answer_header(w, "DAV"), "calendarserver-sharing"));
    assert_non_null(strstr(answer_header(w, "DAV"), "resource-sharing"));
    assert_non_null(strstr(answer_header(w, "Allow"), "ACL"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_owner_sees_whom_the_calendar_is_shared_with),
        WORLD_TEST(a_calendar_of_ones_own_is_not_shared),
        WORLD_TEST(who_it_is_shared_with_sees_the_owner_alone),
        WORLD_TEST(privileges_are_parts_of_others_as_the_rfcs_have_it),
        WORLD_TEST(acl_replaces_the_list),
        WORLD_TEST(what_feishu_cannot_grant_is_told_by_its_precondition),
        WORLD_TEST(a_list_has_an_end),
        WORLD_TEST(only_owners_share),
        WORLD_TEST(apple_shares_by_post),
        WORLD_TEST(resources_are_shared_by_post),
        WORLD_TEST(clients_are_told_that_sharing_is_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
