/* Long answers come in pieces, and are what they would be in one. */
#include "dav_fake_backend.h"

#include "dav/stream.h"

#define MANY 3000
#define GETETAG "<D:prop><D:getetag/></D:prop>"
#define TEXTS "<D:prop><D:getetag/><C:calendar-data/></D:prop>"

/* In the order of their names, as the store lists them. */
static void fill(struct world *w, const char *calendar)
{
    for (int i = 0; i < MANY; i++) {
        char *uid = arena_printf(w->cx->arena, "event-%05d", i);
        fake_add(w, calendar, arena_printf(w->cx->arena, "%s.ics", uid),
            event_text(w, uid, "20261120T080000Z", NULL));
    }
}

static void assert_pieces(struct world *w, int responses)
{
    assert_true(w->n_pieces > 3);
    assert_true(w->longest_piece_bytes < STREAM_PIECE_BYTES + 4096);
    assert_found(w, responses, "/D:multistatus/D:response");
    assert_int_equal(
        found(w, "//D:response[not(D:href = following-sibling::D:response[1]/D:href)]"),
        responses);
}

static int sync(struct world *w, const char *token, const char *more)
{
    return report(w, WORK, "Depth: 0", "D:sync-collection",
        arena_printf(w->cx->arena,
            "<D:sync-token>%s</D:sync-token><D:sync-level>1</D:sync-level>%s" GETETAG,
            token, more));
}

static void a_listing_comes_in_pieces(void **state)
{
    struct world *w = *state;
    fill(w, "work");
    assert_status(w, 207, propfind(w, WORK, "1", "<D:getetag/>"));
    assert_pieces(w, MANY + 1);
    assert_status(w, 207, propfind(w, WORK, "1", "<D:getcontentlength/>"));
    assert_found(w, MANY, "//D:getcontentlength[number() > 0]");
}

static void a_short_answer_is_one_piece(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", event_text(w, "one", "20261120T080000Z", NULL));
    assert_status(w, 207, propfind(w, WORK, "1", "<D:getetag/>"));
    assert_int_equal(w->n_pieces, 1);
    assert_status(w, 207, sync(w, "", ""));
    assert_int_equal(w->n_pieces, 1);
}

static void a_first_sync_comes_in_pieces_and_ends_with_its_token(void **state)
{
    struct world *w = *state;
    fill(w, "work");
    assert_status(w, 207, sync(w, "", ""));
    assert_pieces(w, MANY);
    assert_status(w, 207, sync(w, text_at(w, "//D:sync-token"), ""));
    assert_found(w, 0, "//D:response");
}

static void many_changes_come_in_pieces(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, sync(w, "", ""));
    const char *token = text_at(w, "//D:sync-token");
    fill(w, "work");
    for (int i = 0; i < MANY; i += 10)
        fake_remove(w, "work", arena_printf(w->cx->arena, "event-%05d.ics", i));
    assert_status(w, 207, sync(w, token, ""));
    assert_pieces(w, MANY);
    assert_found(w, MANY / 10, "//D:response/D:status");
}

static void a_page_comes_in_pieces(void **state)
{
    struct world *w = *state;
    fill(w, "work");
    assert_status(
        w, 207, sync(w, "", "<D:limit><D:nresults>2000</D:nresults></D:limit>"));
    assert_pieces(w, 2001);
    assert_status(w, 207, sync(w, text_at(w, "//D:sync-token"), ""));
    assert_found(w, MANY - 2000, "//D:response");
}

static void touch_first(struct world *w)
{
    fake_add(w, "work", "event-00000.ics",
        event_text(w, "event-00000", "20261121T080000Z",
            arena_printf(w->cx->arena, "X-N:%d\r\n", (int)w->bridge.counter)));
}

static void what_changes_meanwhile_is_told_next_time(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, sync(w, "", ""));
    const char *empty = text_at(w, "//D:sync-token");
    fill(w, "work");
    w->between_pieces = touch_first;
    assert_status(w, 207, sync(w, "", ""));
    const char *after_listing = text_at(w, "//D:sync-token");
    assert_status(w, 207, sync(w, empty, ""));
    const char *after_changes = text_at(w, "//D:sync-token");
    assert_found(w, MANY - 1, "//D:response");
    w->between_pieces = NULL;
    const char *tokens[] = {after_listing, after_changes};
    for (int i = 0; i < 2; i++) {
        assert_status(w, 207, sync(w, tokens[i], ""));
        assert_found(w, 1, "//D:response");
        assert_string_equal(text_at(w, "//D:href"), WORK "event-00000.ics");
    }
}

static void a_large_multiget_comes_in_pieces(void **state)
{
    struct world *w = *state;
    struct buf hrefs = buf_new(w->cx->arena);
    fill(w, "work");
    for (int i = 0; i < MANY; i++)
        buf_printf(&hrefs, "<D:href>" WORK "event-%05d.ics</D:href>", i);
    buf_adds(&hrefs, "<D:href>" WORK "none.ics</D:href>");
    char *inner = arena_printf(w->cx->arena, TEXTS "%s", buf_str(&hrefs));
    assert_status(w, 207, report(w, WORK, NULL, "C:calendar-multiget", inner));
    assert_pieces(w, MANY + 1);
    assert_found(w, MANY, "//C:calendar-data");
    assert_status(w, 207, report(w, ADA, NULL, "C:calendar-multiget", inner));
    assert_pieces(w, MANY + 1);
}

static void a_query_comes_in_pieces_with_and_without_a_range(void **state)
{
    static const char *const filters[] = {
        "<C:comp-filter name='VEVENT'/>",
        "<C:comp-filter name='VEVENT'><C:time-range start='20261101T000000Z'/>"
        "</C:comp-filter>",
        "<C:comp-filter name='VEVENT'><C:prop-filter name='SUMMARY'><C:text-match>event"
        "</C:text-match></C:prop-filter></C:comp-filter>",
    };
    struct world *w = *state;
    fill(w, "work");
    for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
        assert_status(w, 207,
            report(w, WORK, "Depth: 1", "C:calendar-query",
                arena_printf(w->cx->arena,
                    TEXTS "<C:filter><C:comp-filter name='VCALENDAR'>%s</C:comp-filter>"
                          "</C:filter>",
                    filters[i])));
        assert_pieces(w, MANY);
        assert_found(w, MANY, "//C:calendar-data");
    }
}

static void expire(struct world *w)
{
    w->bridge.floor = w->bridge.counter + 1;
}

static void an_answer_that_cannot_go_on_is_broken_off(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, sync(w, "", ""));
    const char *token = text_at(w, "//D:sync-token");
    fill(w, "work");
    w->between_pieces = expire;
    assert_int_equal(sync(w, token, ""), 207);
    assert_true(w->broken);
    assert_null(strstr(answer_body(w), "</D:multistatus>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_listing_comes_in_pieces),
        WORLD_TEST(a_short_answer_is_one_piece),
        WORLD_TEST(a_first_sync_comes_in_pieces_and_ends_with_its_token),
        WORLD_TEST(many_changes_come_in_pieces),
        WORLD_TEST(a_page_comes_in_pieces),
        WORLD_TEST(what_changes_meanwhile_is_told_next_time),
        WORLD_TEST(a_large_multiget_comes_in_pieces),
        WORLD_TEST(a_query_comes_in_pieces_with_and_without_a_range),
        WORLD_TEST(an_answer_that_cannot_go_on_is_broken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
