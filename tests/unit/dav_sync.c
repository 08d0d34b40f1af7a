/* sync-collection (RFC 6578): what clients hold after it is what the server has. */
#include "dav_fake_backend.h"

#include "base/url.h"

#define ETAG "<D:prop><D:getetag/></D:prop>"

static int sync_at(struct world *w, const char *path, const char *headers,
    const char *token, const char *rest)
{
    return report(w, path, headers, "D:sync-collection",
        arena_printf(
            w->cx->arena, "<D:sync-token>%s</D:sync-token>%s" ETAG, token, rest));
}

static int sync_collection(struct world *w, const char *token)
{
    return sync_at(w, WORK, "Depth: 1", token, "<D:sync-level>1</D:sync-level>");
}

static char *token_of(struct world *w)
{
    return text_at(w, "/D:multistatus/D:sync-token");
}

static void add(struct world *w, const char *uid)
{
    fake_add(w, "work", arena_printf(w->cx->arena, "%s.ics", uid),
        event_text(w, uid, "20261120T080000Z", NULL));
}

static void an_empty_token_gives_everything(void **state)
{
    struct world *w = *state;
    add(w, "a");
    add(w, "b");
    assert_status(w, 207, sync_collection(w, ""));
    assert_found(w, 2, "//D:response[D:propstat/D:prop/D:getetag]");
    assert_string_equal(token_of(w), "data:," FAKE_EPOCH "-107");
}

static void an_unchanged_poll_is_empty_and_asks_for_no_listing(void **state)
{
    struct world *w = *state;
    add(w, "a");
    assert_status(w, 207, sync_collection(w, ""));
    char *token = token_of(w);
    unsigned listings = w->bridge.n_listings;
    assert_status(w, 207, sync_collection(w, token));
    assert_found(w, 0, "//D:response");
    assert_string_equal(token_of(w), token);
    assert_int_equal(w->bridge.n_listings, listings);
    assert_int_equal(w->bridge.n_changes, 0);
    /* The token is the calendar's property too. */
    assert_status(w, 207, propfind(w, WORK, "0", "<D:sync-token/>"));
    assert_string_equal(text_at(w, "//D:prop/D:sync-token"), token);
}

static void changes_and_removals_are_told_once(void **state)
{
    struct world *w = *state;
    add(w, "a");
    add(w, "b");
    assert_status(w, 207, sync_collection(w, ""));
    char *token = token_of(w);
    fake_remove(w, "work", "a.ics");
    fake_add(w, "work", "b.ics", event_text(w, "b", "20261121T080000Z", NULL));
    add(w, "c");
    assert_status(w, 207, sync_collection(w, token));
    assert_found(w, 3, "//D:response");
    assert_found(w, 1, "//D:response[D:href='" WORK "a.ics']"
                       "[contains(D:status,' 404 ')][not(D:propstat)]");
    assert_found(
        w, 2, "//D:response[D:propstat[contains(D:status,' 200 ')]/D:prop/D:getetag]");
    assert_status(w, 207, sync_collection(w, token_of(w)));
    assert_found(w, 0, "//D:response");
}

static void all_ways_to_say_depth_and_level_are_taken(void **state)
{
    struct world *w = *state;
    add(w, "a");
    /* Apple: Depth 1, no level. DAVx5: Depth 0, level 1. tsdav: no Depth. */
    static const char *const headers[] = {
        "Depth: 1", "Depth: 0", NULL, "Depth: infinity"};
    static const char *const levels[] = {"", "<D:sync-level>1</D:sync-level>",
        "<D:sync-level>infinite</D:sync-level>",
        "<D:sync-level>infinity</D:sync-level>"};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 3; k++) {
            assert_status(w, 207, sync_at(w, WORK, headers[i], "", levels[k]));
            assert_found(w, 1, "//D:response");
        }
    assert_status(w, 400, sync_at(w, WORK, NULL, "", "<D:sync-level>2</D:sync-level>"));
    /* Apple may leave the token element empty, others leave it out. */
    assert_status(w, 207, report(w, WORK, "Depth: 1", "D:sync-collection", ETAG));
    assert_found(w, 1, "//D:response");
}

static void tokens_that_are_not_ours_make_the_client_start_over(void **state)
{
    static const char *const bad[] = {"nonsense", "data:,other-105",
        "data:," FAKE_EPOCH "-", "data:," FAKE_EPOCH "-x", "data:," FAKE_EPOCH "--1",
        "data:," FAKE_EPOCH "-999", "data:," FAKE_EPOCH "-1-999",
        "data:," FAKE_EPOCH "-1-", "data:," FAKE_EPOCH,
        "data:," FAKE_EPOCH "-99999999999999999999", "http://sabre.io/ns/sync/1"};
    struct world *w = *state;
    add(w, "a");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_precondition(w, 403, "D:valid-sync-token", sync_collection(w, bad[i]));
    w->bridge.floor = 50;
    assert_precondition(w, 403, "D:valid-sync-token",
        sync_collection(w, "data:," FAKE_EPOCH "-49"));
    assert_status(w, 207, sync_collection(w, "data:," FAKE_EPOCH "-50"));
}

/* A client that follows pages of n. Names it holds are joined in *held, in the order it
 * learned them. */
static unsigned follow(struct world *w, unsigned n, char **token, struct buf *held)
{
    unsigned pages = 0;
    bool more = true;
    while (more) {
        char *limit = arena_printf(w->cx->arena,
            "<D:sync-level>1</D:sync-level>"
            "<D:limit><D:nresults>%u</D:nresults></D:limit>",
            n);
        assert_status(w, 207, sync_at(w, WORK, NULL, *token, limit));
        more = found(w, "//D:response[D:href='" WORK "'][contains(D:status,' 507 ')]"
                        "/D:error/D:number-of-matches-within-limits") == 1;
        int members = found(w, "//D:response[D:href!='" WORK "']");
        assert_true(members <= (int)n);
        assert_true(!more || members == (int)n);
        for (int i = 1; i <= members; i++) {
            char *at =
                arena_printf(w->cx->arena, "//D:response[D:href!='" WORK "'][%d]", i);
            buf_adds(held,
                found(w, arena_printf(w->cx->arena, "%s/D:propstat", at)) ? "+" : "-");
            buf_adds(held, text_at(w, arena_printf(w->cx->arena, "%s/D:href", at)) +
                strlen(WORK));
            buf_addc(held, ' ');
        }
        assert_true(pages++ < 50);
        *token = token_of(w);
    }
    return pages;
}

static void pages_deliver_everything_and_never_the_newest_token_too_early(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 7; i++)
        add(w, arena_printf(w->cx->arena, "%d", i));
    char *token = "";
    struct buf held = buf_new(w->cx->arena);
    assert_int_equal(follow(w, 3, &token, &held), 3);
    assert_string_equal(buf_str(&held),
        "+0.ics +1.ics +2.ics +3.ics +4.ics +5.ics +6.ics ");
    assert_string_equal(token, "data:," FAKE_EPOCH "-112");
    /* The same for changes. */
    held.len_bytes = 0;
    fake_remove(w, "work", "3.ics");
    add(w, "1");
    add(w, "7");
    assert_int_equal(follow(w, 2, &token, &held), 2);
    assert_string_equal(buf_str(&held), "-3.ics +1.ics +7.ics ");
    /* Exactly as many as allowed is not truncated. */
    held.len_bytes = 0;
    add(w, "8");
    add(w, "9");
    assert_int_equal(follow(w, 2, &token, &held), 1);
}

static void a_first_listing_in_pages_survives_changes_and_old_tombstones(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 4; i++)
        add(w, arena_printf(w->cx->arena, "%d", i)); /* numbers 106 to 109 */
    w->bridge.floor = 109; /* tombstones up to here are gone */
    assert_status(w, 207, sync_at(w, WORK, NULL, "",
        "<D:limit><D:nresults>2</D:nresults></D:limit>"));
    assert_found(w, 2, "//D:response/D:propstat");
    char *token = token_of(w);
    /* The number alone would be below the floor. */
    assert_string_equal(token, "data:," FAKE_EPOCH "-107-109");
    fake_remove(w, "work", "0.ics"); /* it has that one */
    add(w, "2");                     /* changed before it came */
    struct buf held = buf_new(w->cx->arena);
    follow(w, 2, &token, &held);
    assert_string_equal(buf_str(&held), "+3.ics -0.ics +2.ics ");
    assert_string_equal(token, "data:," FAKE_EPOCH "-111");
}

static void limits_must_be_positive_numbers(void **state)
{
    static const char *const bad[] = {"0", "-1", "x", ""};
    struct world *w = *state;
    for (size_t i = 0; i < 4; i++)
        assert_status(w, 400, sync_at(w, WORK, NULL, "", arena_printf(w->cx->arena,
            "<D:limit><D:nresults>%s</D:nresults></D:limit>", bad[i])));
}

static void properties_that_sync_cannot_give_are_404_inside(void **state)
{
    struct world *w = *state;
    add(w, "a");
    /* tsdav asks for these. */
    assert_status(w, 207,
        report(w, WORK, NULL, "D:sync-collection",
            "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop>"
            "<D:getetag/><D:displayname/>"
            "<C:calendar-data/><D:getcontentlength/><D:getcontenttype/></D:prop>"));
    assert_found(w, 1, "//D:propstat[contains(D:status,' 404 ')]/D:prop/C:calendar-data");
    assert_found(
        w, 1, "//D:propstat[contains(D:status,' 200 ')]/D:prop/D:getcontentlength");
    char *token = token_of(w);
    add(w, "b");
    assert_status(w, 207, report(w, WORK, NULL, "D:sync-collection",
        arena_printf(w->cx->arena, "<D:sync-token>%s</D:sync-token><D:prop><D:getetag/>"
                                   "<D:getcontentlength/></D:prop>", token)));
    assert_found(
        w, 1, "//D:propstat[contains(D:status,' 200 ')]/D:prop/D:getcontentlength");
}

static void hrefs_are_raw_prefixes_of_the_collection(void **state)
{
    struct world *w = *state;
    const char *calendar = ADA "a%20b@c%26d/";
    fake_add(w, "a b@c&d", "x y@z.ics", event_text(w, "x", "20261120T080000Z", NULL));
    assert_status(w, 207, sync_at(w, ADA "a%20b%40c%26d/", NULL, "", ""));
    assert_string_equal(text_at(w, "//D:response/D:href"),
        arena_printf(w->cx->arena, "%sx%%20y@z.ics", calendar));
}

static void the_home_tells_which_calendars_changed(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, sync_at(w, ADA, NULL, "", ""));
    assert_found(w, 6, "//D:response");
    char *token = token_of(w);
    add(w, "a");
    assert_status(w, 207, sync_at(w, ADA, NULL, token, ""));
    assert_found(w, 1, "//D:response");
    assert_string_equal(text_at(w, "//D:response/D:href"), WORK);
    token = token_of(w);
    assert_status(w, 207, sync_at(w, ADA, NULL, token, ""));
    assert_found(w, 0, "//D:response");
    assert_status(w, 204, ask(w, "DELETE", ADA "team/", NULL, NULL));
    assert_status(w, 207, sync_at(w, ADA, NULL, token, ""));
    assert_found(w, 1, "//D:response");
    assert_found(w, 1,
        "//D:response[D:href='" ADA "team/'][contains(D:status,' 404 ')]");
}

static void the_inbox_is_synchronised_and_never_changes(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, sync_at(w, ADA "inbox/", "Depth: 1", "", ""));
    assert_found(w, 0, "//D:response");
    char *token = token_of(w);
    add(w, "a");
    assert_status(w, 207, sync_at(w, ADA "inbox/", NULL, token, ""));
    assert_found(w, 0, "//D:response");
    assert_string_equal(token_of(w), token);
    assert_precondition(w, 403, "D:valid-sync-token",
        sync_at(w, ADA "inbox/", NULL, "data:," FAKE_EPOCH "-5", ""));
    assert_precondition(
        w, 403, "D:supported-report", sync_at(w, ADA "outbox/", NULL, "", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_empty_token_gives_everything),
        WORLD_TEST(an_unchanged_poll_is_empty_and_asks_for_no_listing),
        WORLD_TEST(changes_and_removals_are_told_once),
        WORLD_TEST(all_ways_to_say_depth_and_level_are_taken),
        WORLD_TEST(tokens_that_are_not_ours_make_the_client_start_over),
        WORLD_TEST(pages_deliver_everything_and_never_the_newest_token_too_early),
        WORLD_TEST(a_first_listing_in_pages_survives_changes_and_old_tombstones),
        WORLD_TEST(limits_must_be_positive_numbers),
        WORLD_TEST(properties_that_sync_cannot_give_are_404_inside),
        WORLD_TEST(hrefs_are_raw_prefixes_of_the_collection),
        WORLD_TEST(the_home_tells_which_calendars_changed),
        WORLD_TEST(the_inbox_is_synchronised_and_never_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
