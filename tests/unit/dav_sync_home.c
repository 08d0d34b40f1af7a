/* sync-collection on the home (RFC 6578): which calendars changed and, at level infinite,
 * which of their events. */
#include "dav_fake_backend.h"

#define MAX_HELD 64

/* What a client holds: hrefs with what it knows of them. */
struct client {
    struct world *w;
    const char *level, *token;
    char *hrefs[MAX_HELD], *etags[MAX_HELD];
    size_t n;
    unsigned pages;
};

static void forget(struct client *c, const char *href)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->hrefs[i], href) == 0) {
            c->n--;
            c->hrefs[i] = c->hrefs[c->n];
            c->etags[i] = c->etags[c->n];
            return;
        }
}

/* A collection goes with all that is in it: of its members nothing is said. */
static void forget_all(struct client *c, const char *href)
{
    for (size_t i = c->n; i-- > 0;)
        if (str_starts(c->hrefs[i], href) && (str_ends(href, "/") ||
                                                 strcmp(c->hrefs[i], href) == 0))
            forget(c, c->hrefs[i]);
}

static void learn(struct client *c, char *href, char *etag)
{
    forget(c, href);
    assert_true(c->n < MAX_HELD);
    c->hrefs[c->n] = href;
    c->etags[c->n++] = etag;
}

/* One page; true when there are more. */
static bool page(struct client *c, unsigned limit)
{
    struct world *w = c->w;
    char *inner = arena_printf(w->cx->arena,
        "<D:sync-token>%s</D:sync-token><D:sync-level>%s</D:sync-level>"
        "<D:limit><D:nresults>%u</D:nresults></D:limit><D:prop><D:getetag/></D:prop>",
        c->token, c->level, limit);
    assert_status(w, 207, report(w, ADA, NULL, "D:sync-collection", inner));
    bool more = found(w, "//D:response[D:href='" ADA "'][contains(D:status,' 507 ')]"
                         "/D:error/D:number-of-matches-within-limits") == 1;
    int n = found(w, "//D:response[D:href!='" ADA "']");
    assert_true(n <= (int)limit && (!more || n == (int)limit));
    for (int i = 1; i <= n; i++) {
        char *at = arena_printf(w->cx->arena, "//D:response[D:href!='" ADA "'][%d]", i);
        char *href = text_at(w, arena_printf(w->cx->arena, "%s/D:href", at));
        if (found(w, arena_printf(w->cx->arena, "%s/D:propstat", at)))
            learn(c, href,
                text_at(w, arena_printf(w->cx->arena, "%s//D:getetag", at)));
        else
            forget_all(c, href);
    }
    c->token = text_at(w, "/D:multistatus/D:sync-token");
    c->pages++;
    return more;
}

static void follow(struct client *c, unsigned limit)
{
    while (page(c, limit))
        assert_true(c->pages < 200);
}

/* It holds all calendars, and of each event that may be read the newest. */
static void assert_holds_all(struct client *c)
{
    struct world *w = c->w;
    size_t expected = w->bridge.n_calendars;
    for (size_t i = 0; i < w->bridge.objects.n; i++) {
        const struct fake_object *one = &w->bridge.objects.items[i];
        /* free/busy only; of a calendar that was deleted */
        if (!one->text || one->calendar_id == 4 || !one->calendar_id)
            continue;
        bool held = false;
        for (size_t k = 0; k < c->n; k++)
            held |= str_ends(c->hrefs[k], one->name) && strstr(c->etags[k], one->etag);
        if (!held)
            fail_msg("the client does not have %s", one->name);
        expected++;
    }
    assert_int_equal(c->n, expected);
}

static void add(struct world *w, const char *calendar, const char *uid, int version)
{
    char *summary = arena_printf(w->cx->arena, "X-VERSION:%d\r\n", version);
    fake_add(w, calendar, arena_printf(w->cx->arena, "%s.ics", uid),
        event_text(w, uid, "20261120T080000Z", summary));
}

static void fill(struct world *w)
{
    static const char *const names[] = {"work", "team", "public", "colleague"};
    for (int i = 0; i < 12; i++)
        add(w, names[i % 4], arena_printf(w->cx->arena, "e%d", i), 1);
    fake_remove(w, "team", "e5.ics");
}

static void change(struct world *w)
{
    add(w, "work", "e0", 2);
    fake_remove(w, "public", "e2.ics");
    add(w, "team", "new", 1);
    fake_remove(w, "work", "e4.ics");
    add(w, "colleague", "hidden", 1);
}

static void level_infinite_tells_events_of_all_calendars(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207,
        report(w, ADA, "Depth: 0", "D:sync-collection",
            "<D:sync-token/><D:sync-level>infinite</D:sync-level>"
            "<D:prop><D:getetag/><D:resourcetype/></D:prop>"));
    assert_found(w, 6, "//D:response[.//D:resourcetype/C:calendar]");
    assert_found(w, 8, "//D:response[.//D:getetag[text()]]");
    assert_found(w, 0, "//D:response[contains(D:href,'colleague/e')]");
    char *token = text_at(w, "//D:sync-token");
    change(w);
    assert_status(w, 207,
        report(w, ADA, NULL, "D:sync-collection",
            arena_printf(w->cx->arena,
                "<D:sync-token>%s</D:sync-token>"
                "<D:sync-level>infinite</D:sync-level><D:prop><D:getetag/></D:prop>",
                token)));
    assert_found(w, 2, "//D:response[contains(D:status,' 404 ')][not(D:propstat)]");
    assert_found(w, 1, "//D:response[D:href='" WORK "e4.ics'][D:status]");
    assert_found(w, 2, "//D:response[.//D:getetag[text()]]");
    assert_found(w, 4, "//D:response[substring(D:href, string-length(D:href))='/']");
    token = text_at(w, "//D:sync-token");
    assert_status(w, 207,
        report(w, ADA, NULL, "D:sync-collection",
            arena_printf(w->cx->arena,
                "<D:sync-token>%s</D:sync-token>"
                "<D:sync-level>infinite</D:sync-level><D:prop><D:getetag/></D:prop>",
                token)));
    assert_found(w, 0, "//D:response");
}

/* RFC 6578 appendix A: older clients say it by Depth; older drafts called it infinity. */
static void level_infinite_has_other_names(void **state)
{
    struct world *w = *state;
    fill(w);
    static const struct {
        const char *depth, *level;
        int events;
    } rows[] = {
        {"Depth: infinity", "", 8},
        {"Depth: 1", "", 0},
        {NULL, "", 0},
        {"Depth: 0", "<D:sync-level>infinity</D:sync-level>", 8},
        {"Depth: infinity", "<D:sync-level>1</D:sync-level>", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_status(w, 207, report(w, ADA, rows[i].depth, "D:sync-collection",
            arena_printf(w->cx->arena,
                "<D:sync-token/>%s<D:prop><D:getetag/></D:prop>", rows[i].level)));
        assert_found(w, rows[i].events, "//D:response[.//D:getetag[text()]]");
    }
}

static void pages_of_every_length_lose_nothing_and_end(void **state)
{
    struct world *w = *state;
    struct client clients[10];
    fill(w);
    for (unsigned limit = 1; limit <= 10; limit++) {
        struct client *c = &clients[limit - 1];
        *c = (struct client){.w = w, .level = "infinite", .token = ""};
        follow(c, limit);
        assert_holds_all(c);
    }
    change(w);
    for (unsigned limit = 1; limit <= 10; limit++) {
        follow(&clients[limit - 1], limit);
        assert_holds_all(&clients[limit - 1]);
    }
}

static void what_changes_between_two_pages_is_told(void **state)
{
    struct world *w = *state;
    fill(w);
    for (unsigned limit = 1; limit <= 6; limit++) {
        struct client c = {.w = w, .level = "infinite", .token = ""};
        for (int turn = 0; page(&c, limit) && turn < 40; turn++) {
            assert_true(c.pages < 200);
            if (turn % 3 == 0 && turn < 9)
                add(w, "work", "e0", (int)limit * 10 + turn);
            if (turn == 1 && fake_object(w, "public", "e6.ics"))
                fake_remove(w, "public", "e6.ics");
            if (turn == 2)
                add(w, "public", "e6", 1);
        }
        follow(&c, limit);
        assert_holds_all(&c);
    }
}

static void level_1_has_pages_too(void **state)
{
    struct world *w = *state;
    struct client c = {.w = w, .level = "1", .token = ""};
    fill(w);
    follow(&c, 2);
    assert_int_equal(c.n, 6);
    assert_int_equal(c.pages, 3);
    char *before = arena_strdup(w->cx->arena, c.token);
    change(w);
    c.n = 0;
    follow(&c, 1);
    assert_int_equal(c.n, 4);
    assert_string_not_equal(before, c.token);
}

static int since(struct world *w, const char *token, const char *level)
{
    return report(w, ADA, NULL, "D:sync-collection",
        arena_printf(w->cx->arena,
            "<D:sync-token>%s</D:sync-token><D:sync-level>%s</D:sync-level>"
            "<D:prop><D:displayname/><D:getetag/></D:prop>",
            token, level));
}

static void comes(struct world *w, const char *name)
{
    assert_status(w, 201,
        ask(w, "MKCALENDAR", arena_printf(w->cx->arena, ADA "%s/", name), NULL, NULL));
}

static void goes(struct world *w, const char *name)
{
    assert_status(w, 204,
        ask(w, "DELETE", arena_printf(w->cx->arena, ADA "%s/", name), NULL, NULL));
}

static void a_calendar_that_comes_or_goes_is_told_once(void **state)
{
    static const char *const levels[] = {"1", "infinite"};
    struct world *w = *state;
    fill(w);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i ? "third" : "second", *last = i ? "second" : "public";
        char *href = arena_printf(w->cx->arena, ADA "%s/", name);
        char *gone = arena_printf(w->cx->arena, ADA "%s/", last);
        assert_status(w, 207, since(w, "", levels[i]));
        char *token = text_at(w, "//D:sync-token");
        comes(w, name);
        add(w, name, "inside", 1);
        goes(w, last);
        assert_status(w, 207, since(w, token, levels[i]));
        assert_found(w, i ? 3 : 2, "//D:response");
        assert_found(w, 1,
            arena_printf(w->cx->arena,
                "//D:response[D:href='%s']/D:propstat[contains(D:status,' 200 ')]//"
                "D:displayname[text()]",
                href));
        assert_found(w, (int)i,
            arena_printf(w->cx->arena,
                "//D:response[D:href='%sinside.ics']//D:getetag[text()]", href));
        assert_found(w, 1,
            arena_printf(w->cx->arena,
                "//D:response[D:href='%s'][contains(D:status,' 404 ')][not(D:propstat)]",
                gone));
        token = text_at(w, "//D:sync-token");
        assert_status(w, 207, since(w, token, levels[i]));
        assert_found(w, 0, "//D:response");
    }
}

static void a_renamed_calendar_is_told_with_its_new_name(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, since(w, "", "1"));
    char *token = text_at(w, "//D:sync-token");
    assert_status(w, 207,
        ask(w, "PROPPATCH", WORK, NULL,
            element(w, "D:propertyupdate",
                "<D:set><D:prop><D:displayname>Other</D:displayname></D:prop></D:set>")));
    assert_status(w, 207, since(w, token, "1"));
    assert_found(w, 1, "//D:response");
    assert_string_equal(
        text_at(w, "//D:response[D:href='" WORK "']//D:displayname"), "Other");
}

static void what_came_and_went_between_two_looks_was_never_there(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, since(w, "", "infinite"));
    char *token = text_at(w, "//D:sync-token");
    comes(w, "second");
    add(w, "second", "stays", 1);
    add(w, "second", "goes", 1);
    fake_remove(w, "second", "goes.ics");
    assert_status(w, 207, since(w, token, "infinite"));
    assert_found(w, 2, "//D:response");
    assert_found(w, 0, "//D:response[contains(D:href,'goes')]");
}

static void a_calendar_made_again_at_its_place_is_another_one(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, since(w, "", "1"));
    char *token = text_at(w, "//D:sync-token");
    goes(w, "public");
    comes(w, "public");
    assert_status(w, 207, since(w, token, "1"));
    assert_found(w, 1, "//D:response");
    assert_found(w, 1, "//D:response[D:href='" ADA "public/']/D:propstat[1]");
    assert_found(w, 0, "//D:response/D:status");
    assert_precondition(w, 403, "D:valid-sync-token", since(w, token, "infinite"));
}

static void what_may_not_be_read_any_more_has_gone(void **state)
{
    struct world *w = *state;
    fill(w);
    add(w, "team", "seen", 1);
    assert_status(w, 207, since(w, "", "infinite"));
    char *token = text_at(w, "//D:sync-token");
    fake_remove(w, "team", "seen.ics");
    add(w, "team", "unseen", 1);
    fake_calendar(w, "team")->role = BE_FREEBUSY;
    assert_status(w, 207, since(w, token, "infinite"));
    assert_found(w, 1,
        "//D:response[D:href='" ADA "team/seen.ics'][contains(D:status,' 404 ')]");
    assert_found(w, 0, "//D:response[contains(D:href,'unseen')]");
}

static void calendars_that_come_and_go_between_two_pages_are_told(void **state)
{
    static const char *const levels[] = {"1", "infinite"};
    struct world *w = *state;
    fill(w);
    for (unsigned i = 0; i < 2; i++)
        for (unsigned limit = 1; limit <= 6; limit++) {
            struct client c = {.w = w, .level = levels[i], .token = ""};
            char *name = arena_printf(w->cx->arena, "new%u%u", i, limit);
            char *other = arena_printf(w->cx->arena, "other%u%u", i, limit);
            comes(w, other);
            add(w, other, "one", 1);
            for (int turn = 0; page(&c, limit); turn++) {
                assert_true(c.pages < 200);
                if (turn == 0)
                    comes(w, name);
                if (turn < 3)
                    add(w, name, arena_printf(w->cx->arena, "in%d", turn), 1);
                if (turn == 3)
                    fake_remove(w, name, "in1.ics");
                if (turn == 4)
                    goes(w, other);
                if (turn == 7)
                    goes(w, name);
            }
            follow(&c, limit);
            if (i)
                assert_holds_all(&c);
            else
                assert_int_equal(c.n, w->bridge.n_calendars);
            if (fake_calendar(w, name))
                goes(w, name);
            if (fake_calendar(w, other))
                goes(w, other);
            follow(&c, limit);
            if (i)
                assert_holds_all(&c);
            else
                assert_int_equal(c.n, w->bridge.n_calendars);
        }
}

static void what_is_forgotten_makes_the_client_start_over(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, since(w, "", "1"));
    char *token = text_at(w, "//D:sync-token");
    comes(w, "new");
    assert_status(w, 207, since(w, token, "1"));
    w->bridge.home_floor = w->bridge.counter; /* of calendars that went away */
    char *newest = text_at(w, "//D:sync-token");
    assert_precondition(w, 403, "D:valid-sync-token", since(w, token, "1"));
    assert_precondition(w, 403, "D:valid-sync-token", since(w, token, "infinite"));
    assert_status(w, 207, since(w, newest, "1"));
    change(w);
    w->bridge.floor = w->bridge.counter + 1; /* of events that went away */
    assert_status(w, 207, since(w, newest, "1"));
    assert_precondition(w, 403, "D:valid-sync-token", since(w, newest, "infinite"));
}

static void tokens_of_pages_are_read_as_they_are_written(void **state)
{
    static const char *const bad[] = {"-1-", "-1--", "-1-5-", "-1--0", "-01", "-1-2-3-4"};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_precondition(w, 403, "D:valid-sync-token",
            report(w, ADA, NULL, "D:sync-collection",
                arena_printf(w->cx->arena,
                    "<D:sync-token>data:," FAKE_EPOCH "%s</D:sync-token><D:prop/>",
                    bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(level_infinite_tells_events_of_all_calendars),
        WORLD_TEST(level_infinite_has_other_names),
        WORLD_TEST(pages_of_every_length_lose_nothing_and_end),
        WORLD_TEST(what_changes_between_two_pages_is_told),
        WORLD_TEST(level_1_has_pages_too),
        WORLD_TEST(a_calendar_that_comes_or_goes_is_told_once),
        WORLD_TEST(a_renamed_calendar_is_told_with_its_new_name),
        WORLD_TEST(what_came_and_went_between_two_looks_was_never_there),
        WORLD_TEST(a_calendar_made_again_at_its_place_is_another_one),
        WORLD_TEST(what_may_not_be_read_any_more_has_gone),
        WORLD_TEST(calendars_that_come_and_go_between_two_pages_are_told),
        WORLD_TEST(what_is_forgotten_makes_the_client_start_over),
        WORLD_TEST(tokens_of_pages_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
