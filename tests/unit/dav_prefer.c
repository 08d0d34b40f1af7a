/* What clients prefer of an answer (RFC 7240, RFC 8144). */
#include "dav_fake_backend.h"

#define OK "/D:propstat[contains(D:status,' 200 ')]/D:prop/"

static void minimal_leaves_out_what_is_missing(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, ask(w, "PROPFIND", WORK, "Depth: 0\nPrefer: return=minimal",
        element(w, "D:propfind", "<D:prop><D:displayname/><X:a/></D:prop>")));
    assert_found(w, 1, "//D:propstat");
    assert_found(w, 1, "//D:response" OK "D:displayname");
    assert_string_equal(answer_header(w, "Preference-Applied"), "return=minimal");
}

static void a_preference_is_read_however_it_is_written(void **state)
{
    static const struct {
        const char *headers, *applied;
    } rows[] = {
        {"Prefer: return=minimal", "return=minimal"},
        {"Prefer: Return = \"Minimal\" ; foo=bar", "return=minimal"},
        {"Prefer: wait=10, return=minimal; x, depth-noroot",
            "return=minimal, depth-noroot"},
        {"Prefer: depth-noroot;q=1", "depth-noroot"},
        {"Prefer: return=minimal, return=representation", "return=minimal"},
        {"Prefer: return=representation, return=minimal", NULL},
        {"Brief: t", "return=minimal"},
        {"Brief: f", NULL},
        {"Prefer: respond-async, =, ;, return, return=", NULL},
    };
    struct world *w = *state;
    char *body = element(w, "D:propfind", "<D:prop><D:resourcetype/><X:no/></D:prop>");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(w, 207,
            ask(w, "PROPFIND", WORK,
                arena_printf(w->cx->arena, "Depth: 1\n%s", rows[i].headers), body));
        const char *applied = answer_header(w, "Preference-Applied");
        if (rows[i].applied)
            assert_string_equal(applied, rows[i].applied);
        else
            assert_null(applied);
        bool minimal = applied && strstr(applied, "minimal");
        bool no_root = applied && strstr(applied, "noroot");
        assert_found(w, no_root ? 0 : 1, "//D:response");
        assert_found(w, minimal || no_root ? 0 : 1, "//X:no");
    }
}

static void minimal_is_for_reports_too(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", event_text(w, "one", "20261120T080000Z", NULL));
    assert_status(w, 207,
        report(w, WORK, "Depth: 1\nPrefer: return=minimal, depth-noroot",
            "C:calendar-multiget",
            "<D:prop><D:getetag/><X:no/></D:prop><D:href>" WORK "one.ics</D:href>"
            "<D:href>" WORK "two.ics</D:href>"));
    assert_found(w, 0, "//X:no");
    assert_found(w, 1, "//D:response/D:status[contains(.,'404')]");
    assert_string_equal(answer_header(w, "Preference-Applied"), "return=minimal");
    assert_status(w, 207,
        report(w, WORK, "Prefer: return=minimal", "D:sync-collection",
            "<D:sync-token/><D:sync-level>1</D:sync-level>"
            "<D:prop><D:getetag/><X:no/></D:prop>"));
    assert_found(w, 0, "//X:no");
    assert_found(w, 1, "//D:sync-token");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(minimal_leaves_out_what_is_missing),
        WORLD_TEST(a_preference_is_read_however_it_is_written),
        WORLD_TEST(minimal_is_for_reports_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
