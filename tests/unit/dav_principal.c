/* People and rooms: principals, searches, and what else RFC 3744 asks about them. */
#include "dav_fake_backend.h"

#define PRINCIPALS "/dav/principals/"
#define NAME "<D:prop><D:displayname/></D:prop>"
#define MAIL "<D:prop><C:calendar-user-address-set/></D:prop>"
#define BOTH "<D:prop><D:displayname/><CS:email-address-set/></D:prop>"
#define TYPE "<D:prop><C:calendar-user-type/></D:prop>"
#define FOR(prop, match) "<D:property-search>" prop match "</D:property-search>"
#define IS(words) "<D:match>" words "</D:match>"
#define IS_TYPE(type, words) "<D:match match-type='" type "'>" words "</D:match>"

/* The segments that are found, a space behind each, in the order of the answer. */
static const char *search(struct world *w, const char *root, const char *inner)
{
    struct buf out = buf_new(w->cx->arena);
    assert_status(w, 207, report(w, PRINCIPALS, "Depth: 0", root,
        arena_printf(w->cx->arena, "%s<D:prop><D:displayname/></D:prop>", inner)));
    int n = found(w, "//D:response[D:propstat]");
    for (int i = 1; i <= n; i++) {
        char *path = arena_printf(w->cx->arena, "//D:response[%d]/D:href", i);
        buf_printf(&out, "%s ", text_at(w, path) + strlen(PRINCIPALS));
    }
    return buf_str(&out);
}

static void what_can_be_searched_is_told_with_status_200(void **state)
{
    struct world *w = *state;
    /* Apple: 200, not 207. */
    assert_status(w, 200, report(w, PRINCIPALS, "Depth: 0",
        "D:principal-search-property-set", ""));
    assert_found(w, 1,
        "/D:principal-search-property-set/D:principal-search-property/D:prop/"
        "CS:email-address-set");
    assert_found(w, 5, "//D:principal-search-property[D:description]");
}

static void principals_are_searched_as_the_criteria_say(void **state)
{
    struct world *w = *state;
    const struct {
        const char *root, *inner, *who;
    } rows[] = {
        {"D:principal-property-search", FOR(NAME, IS("LOVE")), "ada/ "},
        {"D:principal-property-search", FOR(MAIL, IS("mailto:bob@")), "bob/ "},
        {"D:principal-property-search", FOR(NAME, IS("bob@")), ""},
        {"D:principal-property-search", FOR(BOTH, IS("example.com")), "ada/ bob/ wang/ "},
        /* RFC 3744 section 9.4: all, unless it says any */
        {"D:principal-property-search", FOR(NAME, IS("ada")) FOR(MAIL, IS("countess")),
            "ada/ "},
        {"D:principal-property-search", FOR(NAME, IS("ada")) FOR(MAIL, IS("bob")), ""},
        {"D:principal-property-search test='anyof'",
            FOR(NAME, IS("lovelace")) FOR(MAIL, IS("bob")), "ada/ bob/ "},
        {"D:principal-property-search", FOR(NAME, IS("")), ""},
        {"D:principal-property-search", FOR("<D:prop><X:no/></D:prop>", IS("ada")), ""},
        /* Apple's match-type */
        {"D:principal-property-search", FOR(NAME, IS_TYPE("starts-with", "love")),
            "ada/ "},
        {"D:principal-property-search", FOR(NAME, IS_TYPE("starts-with", "ove")), ""},
        {"D:principal-property-search", FOR(NAME, IS_TYPE("contains", "ove")), "ada/ "},
        {"D:principal-property-search", FOR(NAME, IS_TYPE("equals", "bob")), "bob/ "},
        {"D:principal-property-search", FOR(NAME, IS_TYPE("equals", "bo")), ""},
        /* pinyin is the directory's to know */
        {"D:principal-property-search", FOR(NAME, IS("wangf")), "wang/ "},
        {"D:principal-property-search", FOR(NAME, IS_TYPE("starts-with", "wang")),
            "wang/ "},
        {"D:principal-property-search", FOR(MAIL, IS("wangf")), ""},
        {"D:principal-property-search", FOR(NAME, IS("\xe8\x8a\xb3")), "wang/ "},
        /* rooms */
        {"D:principal-property-search", FOR(NAME, IS("lotus")), "omm_1/ "},
        {"D:principal-property-search",
            FOR(NAME, IS("lotus")) FOR(TYPE, IS_TYPE("equals", "INDIVIDUAL")), ""},
        {"D:principal-property-search", FOR(TYPE, IS_TYPE("equals", "ROOM")), "omm_1/ "},
        /* Thunderbird: whose home is this? */
        {"D:principal-property-search",
            FOR("<D:prop><C:calendar-home-set/></D:prop>", IS("/dav/calendars/ada")),
            "ada/ "},
        {"D:principal-property-search",
            FOR("<D:prop><C:calendar-home-set/></D:prop>", IS("/dav/calendars/bob")), ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *who = search(w, rows[i].root, rows[i].inner);
        if (strcmp(who, rows[i].who) != 0)
            print_error("%s\n", rows[i].inner);
        assert_string_equal(who, rows[i].who);
    }
    assert_status(w, 400,
        report(w, PRINCIPALS, "Depth: 0", "D:principal-property-search", NAME));
}

/* RFC 3744 section 9.4: the principal asked is all that is searched, unless the element
 * says otherwise. */
static void a_search_at_a_principal_applies_to_it_or_to_all(void **state)
{
    struct world *w = *state;
    const char *apply = "<D:apply-to-principal-collection-set/>";
    const struct {
        const char *inner, *apply;
        int n;
    } rows[] = {
        {FOR(NAME, IS("lotus")), apply, 1},
        {FOR(NAME, IS("lotus")), "", 0},
        {FOR(NAME, IS("ada")), "", 1},
        {FOR(BOTH, IS("example.com")), apply, 3},
        {FOR(BOTH, IS("example.com")), "", 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(w, 207, report(w, PRINCIPALS "ada/", "Depth: 0",
            "D:principal-property-search", arena_printf(w->cx->arena,
                "%s<D:prop><D:displayname/></D:prop>%s", rows[i].inner, rows[i].apply)));
        assert_found(w, rows[i].n, "//D:response[D:propstat]");
    }
    assert_status(w, 207, report(w, PRINCIPALS "ada/", "Depth: 0",
        "CS:calendarserver-principal-search context='attendee'",
        "<CS:search-token>lotus</CS:search-token><D:prop><D:displayname/></D:prop>"));
    assert_found(w, 1, "//D:response[D:propstat]");
}

static void apple_finds_people_by_tokens(void **state)
{
    struct world *w = *state;
    const struct {
        const char *context, *tokens, *who;
    } rows[] = {
        {"attendee", "<CS:search-token>ada</CS:search-token>", "ada/ "},
        {"attendee",
            "<CS:search-token>LOVE</CS:search-token>"
            "<CS:search-token>ada@</CS:search-token>",
            "ada/ "},
        {"attendee",
            "<CS:search-token>ada</CS:search-token>"
            "<CS:search-token>bob</CS:search-token>",
            ""},
        {"attendee", "<CS:search-token>o</CS:search-token>", "ada/ bob/ wang/ omm_1/ "},
        {"user", "<CS:search-token>lotus</CS:search-token>", ""},
        {"location", "<CS:search-token>lotus</CS:search-token>", "omm_1/ "},
        {"group", "<CS:search-token>ada</CS:search-token>", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *root = arena_printf(w->cx->arena,
            "CS:calendarserver-principal-search context='%s'", rows[i].context);
        assert_string_equal(search(w, root, rows[i].tokens), rows[i].who);
    }
}

static void the_same_words_are_asked_once(void **state)
{
    struct world *w = *state;
    search(w, "D:principal-property-search test='anyof'",
        FOR(NAME, IS("wang")) FOR(MAIL, IS("wang")));
    assert_int_equal(w->bridge.n_searches, 1);
    search(w, "D:principal-property-search",
        FOR("<D:prop><C:calendar-home-set/></D:prop>", IS("/dav/")));
    assert_int_equal(w->bridge.n_searches, 1);
}

static void too_many_are_cut_and_it_is_told(void **state)
{
    struct world *w = *state;
    assert_string_equal(search(w, "CS:calendarserver-principal-search context='attendee'",
        "<D:limit><D:nresults>2</D:nresults></D:limit>"
        "<CS:search-token>o</CS:search-token>"), "ada/ bob/ ");
    assert_found(w, 1,
        "//D:response[D:status='HTTP/1.1 507 Insufficient Storage']/D:error/"
        "D:number-of-matches-within-limits");
}

static void people_and_rooms_without_an_account_have_principals(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, propfind(w, PRINCIPALS "omm_1/", "0",
        "<D:displayname/><D:resourcetype/><D:principal-URL/><C:calendar-user-type/>"
        "<C:calendar-user-address-set/><C:calendar-home-set/><CS:record-type/>"
        "<C:schedule-inbox-URL/><CS:calendar-proxy-read-for/>"));
    assert_string_equal(text_at(w, "//D:displayname"), "Lotus room");
    assert_string_equal(text_at(w, "//C:calendar-user-type"), "ROOM");
    assert_string_equal(text_at(w, "//CS:record-type"), "locations");
    assert_found(w, 1,
        "//C:calendar-user-address-set[D:href='mailto:omm_1@feishu.invalid']");
    assert_string_equal(text_at(w, "//D:principal-URL/D:href"), PRINCIPALS "omm_1/");
    assert_found(w, 2, "//D:propstat[contains(D:status,'404')]/D:prop/*");
    assert_status(
        w, 207, propfind(w, PRINCIPALS "wang/", "0", "<C:calendar-user-type/>"));
    assert_string_equal(text_at(w, "//C:calendar-user-type"), "INDIVIDUAL");
    assert_status(w, 404, propfind(w, PRINCIPALS "omm_2/", "0", "<D:displayname/>"));
    assert_status(w, 403, propfind(w, "/dav/calendars/omm_1/", "0", "<D:displayname/>"));
}

static void principals_match_who_asks(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, report(w, PRINCIPALS, "Depth: 0", "D:principal-match",
        "<D:self/><D:prop><D:displayname/></D:prop>"));
    assert_found(w, 1, "//D:response[D:href='/dav/principals/ada/']");
    struct be_share bob = {.segment = "bob", .role = BE_WRITER};
    LIST_ADD(w->cx->arena, &w->bridge.proxy_for, bob);
    assert_status(w, 207, report(w, PRINCIPALS, "Depth: 0", "D:principal-match",
        "<D:self/><D:prop><D:displayname/></D:prop>"));
    assert_found(w, 2, "//D:response");
    assert_found(
        w, 1, "//D:response[D:href='/dav/principals/bob/calendar-proxy-write/']");
    w->bridge.proxy_for.n = 0;
    assert_status(w, 207, report(w, PRINCIPALS, "Depth: 0", "D:principal-match",
        "<D:principal-property><D:principal-URL/></D:principal-property>" NAME));
    assert_found(w, 1, "//D:response[D:href='/dav/principals/ada/']");
    assert_status(w, 207, report(w, PRINCIPALS, "Depth: 0", "D:principal-match",
        "<D:principal-property><D:group-membership/></D:principal-property>" NAME));
    assert_found(w, 0, "//D:response");
    /* RFC 3744 section 9.3: resources whose owner is whoever asks */
    assert_status(w, 207, report(w, ADA, "Depth: 0", "D:principal-match",
        "<D:principal-property><D:owner/></D:principal-property>" NAME));
    assert_found(w, 1, "//D:response[D:href='" WORK "']");
    assert_found(w, 0, "//D:response[D:href='" ADA "team/']");
    assert_status(w, 400, report(w, ADA, "Depth: 0", "D:principal-match", NAME));
}

static void the_principals_of_an_acl_are_told(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "a.ics", event_text(w, "a", "20261120T080000Z", NULL));
    assert_status(w, 207,
        report(w, WORK "a.ics", "Depth: 0", "D:acl-principal-prop-set", NAME));
    assert_found(w, 1, "//D:response[D:href='/dav/principals/ada/']");
    assert_status(
        w, 207, report(w, WORK, "Depth: 0", "D:acl-principal-prop-set", NAME));
    assert_found(w, 1, "//D:response[D:href='/dav/principals/ada/']");
    assert_string_equal(
        text_at(w, "//D:response[D:href='/dav/principals/ada/']//D:displayname"),
        "Ada Lovelace");
}

/* RFC 3744 sections 9.2 to 9.5; 9.2 and 9.3 have at most one DAV:prop. A search may have
 * another Depth, since Thunderbird's has. */
static void reports_on_principals_have_depth_0_and_one_list_of_properties(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *at, *root, *inner;
    } rows[] = {
        {WORK, "D:acl-principal-prop-set", NAME},
        {PRINCIPALS, "D:principal-match", "<D:self/>" NAME},
        {PRINCIPALS, "D:principal-search-property-set", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *root = rows[i].root;
        assert_status(w, 400, report(w, rows[i].at, "Depth: 1", root, rows[i].inner));
        assert_status(
            w, 400, report(w, rows[i].at, "Depth: infinity", root, rows[i].inner));
        assert_int_equal(report(w, rows[i].at, NULL, root, rows[i].inner) / 100, 2);
        if (*rows[i].inner)
            assert_status(w, 400, report(w, rows[i].at, "Depth: 0", root,
                arena_printf(w->cx->arena, "%s" NAME, rows[i].inner)));
    }
}

static void searches_wait_in_a_worker_thread(void **state)
{
    (void)state;
    struct path root = {.n = 0}, principals = {.n = 1, .segments = {"principals"}};
    struct path home = {.n = 2, .segments = {"calendars", "ada"}};
    assert_true(dav_may_block("REPORT", &root));
    assert_true(dav_may_block("REPORT", &principals));
    assert_false(dav_may_block("REPORT", &home));
    assert_false(dav_may_block("PROPFIND", &principals));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(what_can_be_searched_is_told_with_status_200),
        WORLD_TEST(principals_are_searched_as_the_criteria_say),
        WORLD_TEST(a_search_at_a_principal_applies_to_it_or_to_all),
        WORLD_TEST(apple_finds_people_by_tokens),
        WORLD_TEST(the_same_words_are_asked_once),
        WORLD_TEST(too_many_are_cut_and_it_is_told),
        WORLD_TEST(people_and_rooms_without_an_account_have_principals),
        WORLD_TEST(principals_match_who_asks),
        WORLD_TEST(the_principals_of_an_acl_are_told),
        WORLD_TEST(reports_on_principals_have_depth_0_and_one_list_of_properties),
        WORLD_TEST(searches_wait_in_a_worker_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
