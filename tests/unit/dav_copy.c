/* COPY, MOVE, refused locks, and POST to add-member. */
#include "dav_fake_backend.h"

#define ONE WORK "one.ics"
#define TEAM ADA "team/"

static char *one(struct world *w)
{
    return event_text(w, "one", "20261120T080000Z", NULL);
}

static char *to(struct world *w, const char *destination, const char *more)
{
    return arena_printf(w->cx->arena, "Destination: %s%s%s", destination,
        more ? "\n" : "", more ? more : "");
}

static void a_move_within_a_calendar_gives_another_name(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", one(w));
    assert_status(w, 201, ask(w, "MOVE", ONE, to(w, WORK "two.ics", NULL), NULL));
    assert_string_equal(answer_header(w, "Location"), WORK "two.ics");
    assert_non_null(answer_header(w, "ETag"));
    assert_null(fake_object(w, "work", "one.ics"));
    assert_string_equal(fake_object(w, "work", "two.ics")->text, one(w));
}

static void a_move_takes_an_event_to_another_calendar(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", one(w));
    assert_status(w, 201,
        ask(w, "MOVE", ONE, to(w, "https://dav.example.com" TEAM "one.ics", NULL), NULL));
    assert_null(fake_object(w, "work", "one.ics"));
    assert_non_null(fake_object(w, "team", "one.ics"));
}

static void a_copy_leaves_the_source(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", one(w));
    assert_status(w, 201, ask(w, "COPY", ONE, to(w, TEAM "one.ics", NULL), NULL));
    assert_non_null(fake_object(w, "work", "one.ics"));
    assert_status(w, 204, ask(w, "COPY", ONE, to(w, TEAM "one.ics", NULL), NULL));
    assert_status(
        w, 412, ask(w, "COPY", ONE, to(w, TEAM "one.ics", "Overwrite: F"), NULL));
}

static void a_copy_in_the_same_calendar_is_a_uid_conflict(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", one(w));
    assert_precondition(w, 403, "C:no-uid-conflict",
        ask(w, "COPY", ONE, to(w, WORK "two.ics", NULL), NULL));
    assert_string_equal(text_at(w, "//C:no-uid-conflict/D:href"), ONE);
    w->bridge.next_err = ERR_UNIQUE_SCHEDULING;
    assert_precondition(w, 403, "C:unique-scheduling-object-resource",
        ask(w, "COPY", ONE, to(w, TEAM "one.ics", NULL), NULL));
}

static char *kept_at(struct world *w, const char *href)
{
    assert_status(w, 207, propfind(w, href, "0", "<X:kept/>"));
    return text_at(w, "//D:propstat[contains(D:status,' 200 ')]/D:prop/X:kept");
}

static void keep(struct world *w, const char *href, const char *value)
{
    char *set = arena_printf(w->cx->arena,
        "<D:set><D:prop><X:kept>%s</X:kept></D:prop></D:set>", value);
    assert_status(w, 207,
        ask(w, "PROPPATCH", href, NULL, element(w, "D:propertyupdate", set)));
}

static void dead_properties_are_copied_moved_and_deleted_with_their_event(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", one(w));
    keep(w, ONE, "1");
    assert_status(w, 201, ask(w, "COPY", ONE, to(w, TEAM "one.ics", NULL), NULL));
    assert_string_equal(kept_at(w, TEAM "one.ics"), "1");
    keep(w, TEAM "one.ics", "2");
    assert_string_equal(kept_at(w, ONE), "1");
    assert_status(w, 204, ask(w, "COPY", ONE, to(w, TEAM "one.ics", NULL), NULL));
    assert_string_equal(kept_at(w, TEAM "one.ics"), "1");
    assert_status(w, 201, ask(w, "MOVE", ONE, to(w, WORK "two.ics", NULL), NULL));
    assert_string_equal(kept_at(w, WORK "two.ics"), "1");
    assert_status(w, 204, ask(w, "DELETE", WORK "two.ics", NULL, NULL));
    fake_add(w, "work", "two.ics", one(w));
    assert_string_equal(kept_at(w, WORK "two.ics"), "");
}

static void conditions_are_about_the_source(void **state)
{
    struct world *w = *state;
    const char *etag = fake_add(w, "work", "one.ics", one(w))->etag;
    assert_status(w, 412,
        ask(w, "MOVE", ONE, to(w, WORK "two.ics", "If-Match: \"other\""), NULL));
    assert_status(
        w, 412, ask(w, "MOVE", ONE, to(w, WORK "two.ics", "If: ([\"x\"])"), NULL));
    char *match = arena_printf(w->cx->arena, "If-Match: \"%s\"", etag);
    assert_status(w, 201, ask(w, "MOVE", ONE, to(w, WORK "two.ics", match), NULL));
    assert_true(w->bridge.last_expect.check && w->bridge.last_expect.strict);
    assert_string_equal(w->bridge.last_expect.etag, etag);
}

static void impossible_destinations_are_told_apart(void **state)
{
    static const struct {
        int status;
        const char *headers;
    } rows[] = {
        {400, NULL},
        {400, "Destination: " TEAM "one.ics\nOverwrite: maybe"},
        {400, "Destination: %zz"},
        {403, "Destination: " ONE},
        {403, "Destination: " TEAM},
        {403, "Destination: /dav/principals/ada/"},
        {403, "Destination: /dav/calendars/bob/work/one.ics"},
        {403, "Destination: " ADA "public/one.ics"},
        {403, "Destination: " ADA "locked/one.ics"},
        {409, "Destination: " ADA "nowhere/one.ics"},
        {404, "Destination: /elsewhere/one.ics"},
        {502, "Destination: https://other.example.com" TEAM "one.ics"},
    };
    struct world *w = *state;
    fake_add(w, "work", "one.ics", one(w));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_status(w, rows[i].status, ask(w, "MOVE", ONE, rows[i].headers, NULL));
    assert_status(
        w, 404, ask(w, "MOVE", WORK "no.ics", to(w, WORK "two.ics", NULL), NULL));
    assert_non_null(fake_object(w, "work", "one.ics"));
}

static void a_reader_may_copy_out_but_not_move(void **state)
{
    struct world *w = *state;
    fake_add(w, "public", "one.ics", one(w));
    assert_precondition(w, 403, "D:need-privileges",
        ask(w, "MOVE", ADA "public/one.ics", to(w, ONE, NULL), NULL));
    assert_string_equal(text_at(w, "//D:resource/D:href"), ADA "public/one.ics");
    assert_found(w, 1, "//D:privilege/D:unbind");
    assert_status(w, 201, ask(w, "COPY", ADA "public/one.ics", to(w, ONE, NULL), NULL));
}

static void calendars_are_not_copied_or_moved(void **state)
{
    struct world *w = *state;
    assert_status(w, 405, ask(w, "MOVE", WORK, to(w, ADA "new/", NULL), NULL));
    assert_null(strstr(answer_header(w, "Allow"), "MOVE"));
    assert_status(w, 405, ask(w, "COPY", ADA, to(w, "/dav/x/", NULL), NULL));
}

static void there_are_no_locks(void **state)
{
    static const char *const places[] = {"/dav/", ADA, WORK, ONE};
    struct world *w = *state;
    fake_add(w, "work", "one.ics", one(w));
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        assert_status(w, 405, ask(w, "LOCK", places[i], NULL, "<x/>"));
        assert_null(strstr(answer_header(w, "Allow"), "LOCK"));
        assert_null(strstr(answer_header(w, "DAV"), " 2"));
        assert_status(w, 405, ask(w, "UNLOCK", places[i], "Lock-Token: <urn:x>", NULL));
    }
    assert_status(w, 207, propfind(w, ONE, "0", "<D:supportedlock/><D:lockdiscovery/>"));
    assert_found(w, 2, "//D:propstat[contains(D:status, '200')]/D:prop/*[not(node())]");
}

static void add_member_names_the_new_event(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, propfind(w, WORK, "0", "<D:add-member/>"));
    assert_string_equal(text_at(w, "//D:add-member/D:href"), WORK);
    assert_status(w, 201, ask(w, "POST", WORK, "Content-Type: text/calendar", one(w)));
    const char *href = arena_strdup(w->cx->arena, answer_header(w, "Location"));
    assert_true(str_starts(href, WORK) && str_ends(href, ".ics"));
    assert_non_null(answer_header(w, "ETag"));
    assert_status(w, 200, ask(w, "GET", href, NULL, NULL));
    assert_string_equal(answer_body(w), one(w));
    assert_precondition(w, 403, "C:no-uid-conflict",
        ask(w, "POST", WORK, "Content-Type: text/calendar", one(w)));
    assert_string_equal(text_at(w, "//C:no-uid-conflict/D:href"), href);
    assert_precondition(w, 403, "C:valid-calendar-data",
        ask(w, "POST", WORK, "Content-Type: text/calendar", "nothing"));
}

static void readers_have_no_add_member(void **state)
{
    struct world *w = *state;
    assert_status(w, 207, propfind(w, ADA "public/", "0", "<D:add-member/>"));
    assert_found(w, 1, "//D:propstat[contains(D:status, '404')]/D:prop/D:add-member");
    assert_precondition(w, 403, "D:need-privileges",
        ask(w, "POST", ADA "public/", "Content-Type: text/calendar", one(w)));
    assert_status(w, 415, ask(w, "POST", ADA, "Content-Type: text/calendar", one(w)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_move_within_a_calendar_gives_another_name),
        WORLD_TEST(a_move_takes_an_event_to_another_calendar),
        WORLD_TEST(a_copy_leaves_the_source),
        WORLD_TEST(a_copy_in_the_same_calendar_is_a_uid_conflict),
        WORLD_TEST(dead_properties_are_copied_moved_and_deleted_with_their_event),
        WORLD_TEST(conditions_are_about_the_source),
        WORLD_TEST(impossible_destinations_are_told_apart),
        WORLD_TEST(a_reader_may_copy_out_but_not_move),
        WORLD_TEST(calendars_are_not_copied_or_moved),
        WORLD_TEST(there_are_no_locks),
        WORLD_TEST(add_member_names_the_new_event),
        WORLD_TEST(readers_have_no_add_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
