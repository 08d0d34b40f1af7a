/* PUT, GET, HEAD and DELETE of objects, and conditional requests. */
#include "base/when.h"
#include "dav_fake_backend.h"

#define ONE WORK "one.ics"

static char *one(struct world *w)
{
    return event_text(w, "one", "20261120T080000Z", NULL);
}

static char *quoted(struct world *w, const char *header, const char *tag)
{
    return arena_printf(w->cx->arena, "%s: \"%s\"", header, tag);
}

static void a_new_event_is_created_and_read_back(void **state)
{
    struct world *w = *state;
    assert_status(w, 201, ask(w, "PUT", ONE, NULL, one(w)));
    const char *etag = answer_header(w, "ETag");
    assert_string_equal(etag,
        arena_printf(w->cx->arena, "\"%s\"", fake_object(w, "work", "one.ics")->etag));
    assert_int_equal(w->answer.body.len_bytes, 0);
    assert_false(w->bridge.last_expect.check);
    assert_status(w, 200, ask(w, "GET", ONE, NULL, NULL));
    assert_string_equal(answer_header(w, "ETag"), etag);
    assert_string_equal(answer_header(w, "Content-Type"),
        "text/calendar; charset=utf-8; component=VEVENT");
    assert_string_equal(answer_body(w), one(w));
    assert_status(w, 200, ask(w, "HEAD", ONE, NULL, NULL));
    assert_string_equal(answer_header(w, "ETag"), etag);
}

static void an_etag_is_given_only_for_the_very_bytes(void **state)
{
    struct world *w = *state;
    w->bridge.rewrites = true;
    assert_status(w, 201, ask(w, "PUT", ONE, NULL, one(w)));
    assert_null(answer_header(w, "ETag"));
    assert_status(w, 204, ask(w, "PUT", ONE, NULL, one(w)));
    assert_null(answer_header(w, "ETag"));
}

static void an_update_needs_the_etag_that_is_there(void **state)
{
    struct world *w = *state;
    const char *etag = fake_add(w, "work", "one.ics", one(w))->etag;
    assert_status(w, 204, ask(w, "PUT", ONE, quoted(w, "If-Match", etag),
        event_text(w, "one", "20261121T080000Z", NULL)));
    assert_true(w->bridge.last_expect.check && w->bridge.last_expect.strict);
    assert_string_equal(w->bridge.last_expect.etag, etag);
    assert_status(w, 412, ask(w, "PUT", ONE, quoted(w, "If-Match", etag), one(w)));
    assert_found(w, 1, "/D:error/*");
    char *weak = arena_printf(w->cx->arena, "If-Match: W/\"%s\"",
        fake_object(w, "work", "one.ics")->etag);
    assert_status(w, 412, ask(w, "PUT", ONE, weak, one(w)));
    char *list = arena_printf(w->cx->arena, "If-Match: \"a\", \"%s\" , \"b\"",
        fake_object(w, "work", "one.ics")->etag);
    assert_status(w, 204, ask(w, "PUT", ONE, list, one(w)));
    assert_status(w, 204, ask(w, "PUT", ONE, "If-Match: *", one(w)));
    assert_status(w, 412, ask(w, "PUT", WORK "no.ics", "If-Match: *", one(w)));
}

static void a_race_lost_below_is_412_too(void **state)
{
    struct world *w = *state;
    const char *etag = fake_add(w, "work", "one.ics", one(w))->etag;
    w->bridge.next_err = ERR_PRECONDITION;
    assert_status(w, 412, ask(w, "PUT", ONE, quoted(w, "If-Match", etag), one(w)));
    w->bridge.next_err = ERR_PRECONDITION;
    char *headers = arena_printf(w->cx->arena,
        "If-Match: \"%s\"\nPrefer: return=representation", etag);
    assert_status(w, 412, ask(w, "PUT", ONE, headers, one(w)));
    assert_string_equal(answer_body(w), one(w));
}

static void create_only_is_if_none_match_star(void **state)
{
    struct world *w = *state;
    assert_status(w, 201, ask(w, "PUT", ONE, "If-None-Match: *", one(w)));
    assert_true(w->bridge.last_expect.check && w->bridge.last_expect.strict);
    assert_null(w->bridge.last_expect.etag);
    assert_status(w, 412, ask(w, "PUT", ONE, "If-None-Match: *", one(w)));
}

static void an_unchanged_object_is_not_sent_again(void **state)
{
    struct world *w = *state;
    const char *etag = fake_add(w, "work", "one.ics", one(w))->etag;
    assert_status(w, 304, ask(w, "GET", ONE, quoted(w, "If-None-Match", etag), NULL));
    assert_int_equal(w->answer.body.len_bytes, 0);
    char *weak = arena_printf(w->cx->arena, "If-None-Match: \"x\", W/\"%s\"", etag);
    assert_status(w, 304, ask(w, "GET", ONE, weak, NULL));
    assert_status(w, 200, ask(w, "GET", ONE, "If-None-Match: \"x\"", NULL));
    assert_status(w, 412, ask(w, "GET", ONE, "If-Match: \"x\"", NULL));
}

/* The date of the object, and the seconds before and after it. */
static char *dated(struct world *w, const char *header, int64_t more_s)
{
    char text[WHEN_TEXT_BYTES];
    return arena_printf(w->cx->arena, "%s: %s", header,
        when_http(FAKE_TIME + fake_object(w, "work", "one.ics")->change + more_s, text));
}

static void an_object_is_sent_again_when_it_was_modified_since(void **state)
{
    struct world *w = *state;
    const char *etag = fake_add(w, "work", "one.ics", one(w))->etag;
    for (int i = 0; i < 2; i++) {
        const char *method = i ? "HEAD" : "GET";
        assert_status(w, 200, ask(w, method, ONE, NULL, NULL));
        assert_string_equal(answer_header(w, "Last-Modified"),
            dated(w, "x", 0) + strlen("x: "));
        assert_string_equal(answer_header(w, "Cache-Control"), "private, no-cache");
        assert_status(w, 304,
            ask(w, method, ONE, dated(w, "If-Modified-Since", 0), NULL));
        assert_non_null(answer_header(w, "Last-Modified"));
        assert_non_null(answer_header(w, "ETag"));
        assert_string_equal(answer_header(w, "Cache-Control"), "private, no-cache");
        assert_int_equal(w->answer.body.len_bytes, 0);
        assert_status(w, 304,
            ask(w, method, ONE, dated(w, "If-Modified-Since", 100), NULL));
        assert_status(w, 200,
            ask(w, method, ONE, dated(w, "If-Modified-Since", -1), NULL));
    }
    /* What is no date, and for other methods, it says nothing. */
    assert_status(w, 200, ask(w, "GET", ONE, "If-Modified-Since: yesterday", NULL));
    assert_status(w, 207,
        ask(w, "PROPFIND", ONE, dated(w, "If-Modified-Since", 0), NULL));
    /* An entity tag says more. */
    char *both = arena_printf(w->cx->arena, "%s\n%s", dated(w, "If-Modified-Since", 0),
        "If-None-Match: \"x\"");
    assert_status(w, 200, ask(w, "GET", ONE, both, NULL));
    both = arena_printf(w->cx->arena, "%s\n%s", dated(w, "If-Modified-Since", -1),
        quoted(w, "If-None-Match", etag));
    assert_status(w, 304, ask(w, "GET", ONE, both, NULL));
}

static void a_write_may_demand_that_nothing_was_modified_since(void **state)
{
    struct world *w = *state;
    const char *etag = fake_add(w, "work", "one.ics", one(w))->etag;
    assert_status(w, 412,
        ask(w, "PUT", ONE, dated(w, "If-Unmodified-Since", -1), one(w)));
    assert_status(w, 412,
        ask(w, "DELETE", ONE, dated(w, "If-Unmodified-Since", -1), NULL));
    assert_status(w, 412, ask(w, "GET", ONE, dated(w, "If-Unmodified-Since", -1), NULL));
    char *both = arena_printf(w->cx->arena, "%s\n%s",
        dated(w, "If-Unmodified-Since", -1), quoted(w, "If-Match", etag));
    assert_status(w, 204, ask(w, "PUT", ONE, both, one(w)));
    etag = fake_object(w, "work", "one.ics")->etag;
    assert_status(w, 204, ask(w, "PUT", ONE, dated(w, "If-Unmodified-Since", 0), one(w)));
    /* What happens between the look and the write counts, too. */
    assert_true(w->bridge.last_expect.check && w->bridge.last_expect.strict);
    assert_string_equal(w->bridge.last_expect.etag, etag);
    assert_status(w, 204,
        ask(w, "PUT", ONE, "If-Unmodified-Since: tomorrow", one(w)));
    assert_status(w, 201,
        ask(w, "PUT", WORK "new.ics", dated(w, "If-Unmodified-Since", -1),
            event_text(w, "new", "20261121T080000Z", NULL)));
    assert_status(w, 204,
        ask(w, "DELETE", ONE, dated(w, "If-Unmodified-Since", 0), NULL));
}

static void a_time_that_lies_ahead_is_not_told_yet(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "one.ics", one(w))->change += 4000000000;
    assert_status(w, 200, ask(w, "GET", ONE, NULL, NULL));
    assert_null(answer_header(w, "Last-Modified"));
}

static void the_if_header_knows_lists_tags_and_not(void **state)
{
    struct world *w = *state;
    struct arena *arena = w->cx->arena;
    const char *etag = fake_add(w, "work", "one.ics", one(w))->etag;
    const struct {
        int status;
        const char *value;
    } rows[] = {
        {200, arena_printf(arena, "([\"%s\"])", etag)},
        {412, "([\"other\"])"},
        {200, arena_printf(arena, "([\"other\"]) ([\"%s\"])", etag)},
        {412, arena_printf(arena, "([\"other\"] [\"%s\"])", etag)},
        {200, "(Not [\"other\"])"},
        {200, "(Not <DAV:no-lock>)"},
        {412, "(<DAV:no-lock>)"},
        {412, "(<opaquelocktoken:x>)"},
        {200,
            arena_printf(
                arena, "(<opaquelocktoken:x>) (Not <DAV:no-lock> [\"%s\"])", etag)},
        {200, arena_printf(arena, "<" ONE "> ([\"%s\"])", etag)},
        {200, arena_printf(arena, "<https://dav.example.com" ONE "> ([\"%s\"])", etag)},
        {412,
            arena_printf(
                arena, "<https://elsewhere.example.com" ONE "> ([\"%s\"])", etag)},
        {412, arena_printf(arena, "<" WORK "two.ics> ([\"%s\"])", etag)},
        {200, "<" WORK "> (<data:," FAKE_EPOCH "-106>)"},
        {412, "<" WORK "> (<data:," FAKE_EPOCH "-99>)"},
        {412, "<" WORK "two.ics> (<data:," FAKE_EPOCH "-106>)"},
        {400, ""},
        {400, "()"},
        {400, "(["},
        {400, "x"},
        {400, "(\"a\")"},
        {400, "<" ONE ">"},
        {400, "([\"a\"]"},
        {400, "(<a"},
        {400, "(Not)"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int status =
            ask(w, "GET", ONE, arena_printf(arena, "If: %s", rows[i].value), NULL);
        if (status != rows[i].status)
            print_error("If: %s\n", rows[i].value);
        assert_int_equal(status, rows[i].status);
    }
    char *header = arena_printf(arena, "If: ([\"%s\"])", etag);
    assert_status(w, 204, ask(w, "PUT", ONE, header, one(w)));
    assert_string_equal(w->bridge.last_expect.etag, etag);
    assert_true(w->bridge.last_expect.strict);
}

static void a_schedule_tag_is_matched_in_place_of_the_etag(void **state)
{
    struct world *w = *state;
    char *meeting = event_text(w, "one", "20261120T080000Z",
        "ORGANIZER:mailto:bob@example.com\r\nATTENDEE:mailto:ada@example.com\r\n");
    struct fake_object *object = fake_add(w, "work", "one.ics", meeting);
    const char *tag = arena_strdup(w->cx->arena, object->schedule_tag);
    assert_status(w, 200, ask(w, "GET", ONE, NULL, NULL));
    assert_string_equal(answer_header(w, "Schedule-Tag"),
        arena_printf(w->cx->arena, "\"%s\"", tag));
    const char *match = quoted(w, "If-Schedule-Tag-Match", tag);
    assert_status(w, 204, ask(w, "PUT", ONE, match, meeting));
    assert_non_null(answer_header(w, "Schedule-Tag"));
    assert_true(w->bridge.last_expect.check);
    assert_false(w->bridge.last_expect.strict); /* what attendees answered is merged */
    assert_status(w, 412, ask(w, "PUT", ONE, "If-Schedule-Tag-Match: \"x\"", meeting));
    assert_status(w, 412, ask(w, "DELETE", ONE, "If-Schedule-Tag-Match: \"x\"", NULL));
    assert_status(w, 204, ask(w, "DELETE", ONE, match, NULL));
}

static void thunderbirds_test_put_never_gets_409_or_412(void **state)
{
    static const char *const places[] = {"/dav/", "/dav/principals/ada/", ADA, WORK,
        ADA "inbox/", ADA "nothing", "/dav/calendars/"};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        assert_status(w, 405, ask(w, "PUT", places[i],
            "If-Match: nothing\nContent-Type: text/plain", ""));
        assert_non_null(answer_header(w, "Allow"));
    }
    assert_status(w, 403, ask(w, "PUT", "/dav/typo",
        "If-Match: nothing\nContent-Type: text/plain", ""));
}

static void a_put_needs_its_calendar(void **state)
{
    struct world *w = *state;
    assert_status(w, 409, ask(w, "PUT", ADA "none/one.ics", NULL, one(w)));
    assert_status(w, 403, ask(w, "PUT", WORK "deep/one.ics", NULL, one(w)));
}

static void readers_are_told_which_privilege_they_lack(void **state)
{
    static const char *const calendars[] = {"public", "locked"};
    struct world *w = *state;
    for (size_t i = 0; i < 2; i++) {
        fake_add(w, calendars[i], "one.ics", one(w));
        char *path = arena_printf(w->cx->arena, ADA "%s/one.ics", calendars[i]);
        /* DAVx5 takes 403 for "read-only" only with this element. */
        assert_precondition(
            w, 403, "D:need-privileges", ask(w, "PUT", path, NULL, one(w)));
        assert_found(w, 1, "//D:need-privileges/D:resource/D:privilege/D:write-content");
        assert_precondition(
            w, 403, "D:need-privileges", ask(w, "DELETE", path, NULL, NULL));
        assert_found(w, 1, "//D:resource/D:privilege/D:unbind");
    }
    assert_precondition(w, 403, "D:need-privileges",
        ask(w, "PUT", ADA "colleague/one.ics", NULL, one(w)));
    assert_status(w, 201, ask(w, "PUT", ADA "team/one.ics", NULL, one(w)));
}

static void content_types_of_all_clients_are_taken(void **state)
{
    static const char *const good[] = {"text/calendar", "text/calendar; charset=utf-8",
        "text/calendar; charset=\"utf-8\"",
        "TEXT/Calendar;charset=UTF-8;component=VEVENT",
        "text/calendar; component=vevent; charset = utf-8"};
    static const char *const bad[] = {"text/plain", "text/vcard; charset=utf-8",
        "text/calendar; charset=iso-8859-1", "application/calendar+json"};
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        int status = ask(w, "PUT", ONE,
            arena_printf(w->cx->arena, "Content-Type: %s", good[i]), one(w));
        assert_in_range(status, 201, 204);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_precondition(w, 403, "C:supported-calendar-data",
            ask(w, "PUT", ONE, arena_printf(w->cx->arena, "Content-Type: %s", bad[i]),
                one(w)));
}

static void a_uid_conflict_names_the_other_object(void **state)
{
    struct world *w = *state;
    fake_add(w, "work", "first one.ics", one(w));
    assert_precondition(w, 403, "C:no-uid-conflict", ask(w, "PUT", ONE, NULL, one(w)));
    assert_string_equal(text_at(w, "//C:no-uid-conflict/D:href"), WORK "first%20one.ics");
    assert_null(fake_object(w, "work", "one.ics"));
}

static void preferences_are_honoured_and_confirmed(void **state)
{
    struct world *w = *state;
    assert_status(w, 201, ask(w, "PUT", ONE, "Prefer: return=minimal", one(w)));
    assert_int_equal(w->answer.body.len_bytes, 0);
    w->bridge.rewrites = true;
    assert_status(w, 200, ask(w, "PUT", ONE, "Prefer: handling=lenient, "
        "return=representation", one(w)));
    assert_string_equal(answer_body(w), fake_object(w, "work", "one.ics")->text);
    assert_string_equal(answer_header(w, "Preference-Applied"), "return=representation");
    assert_string_equal(answer_header(w, "Content-Location"), ONE);
    assert_non_null(answer_header(w, "ETag"));
}

static void deleting_is_conditional_and_may_be_silent(void **state)
{
    struct world *w = *state;
    const char *etag = fake_add(w, "work", "one.ics", one(w))->etag;
    assert_status(w, 412, ask(w, "DELETE", ONE, "If-Match: \"x\"", NULL));
    assert_status(w, 204, ask(w, "DELETE", ONE, quoted(w, "If-Match", etag), NULL));
    assert_true(w->bridge.last_reply);
    assert_string_equal(w->bridge.last_expect.etag, etag);
    assert_null(fake_object(w, "work", "one.ics"));
    assert_status(w, 404, ask(w, "DELETE", ONE, NULL, NULL));
    fake_add(w, "work", "one.ics", one(w));
    assert_status(w, 204, ask(w, "DELETE", ONE, "Schedule-Reply: F", NULL));
    assert_false(w->bridge.last_reply);
}

static void upstream_errors_keep_their_meaning(void **state)
{
    static const struct {
        enum err err;
        int status;
        const char *element;
    } rows[] = {
        {ERR_UPSTREAM_DOWN, 503, NULL},
        {ERR_UPSTREAM_BUSY, 503, NULL},
        {ERR_UPSTREAM_UNKNOWN, 503, NULL},
        /* Never 401, the password is right; nor 403, DAVx5 would drop the change. */
        {ERR_UPSTREAM_SIGN_IN, 503, NULL},
        {ERR_UPSTREAM_REFUSED, 403, "C:valid-calendar-object-resource"},
        {ERR_UPSTREAM_GONE, 404, NULL}, /* DAVx5 sends it again as new */
        {ERR_UPSTREAM_RIGHTS, 403, "D:need-privileges"},
        {ERR_ORGANIZER_CHANGE, 403, "C:allowed-organizer-scheduling-object-change"},
        {ERR_ATTENDEE_CHANGE, 403, "C:allowed-attendee-scheduling-object-change"},
        {ERR_THROTTLED, 429, NULL},
        {ERR_STORE, 503, NULL},
    };
    struct world *w = *state;
    w->bridge.retry_after_s = 17;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        w->bridge.next_err = rows[i].err;
        assert_status(w, rows[i].status, ask(w, "PUT", ONE, NULL, one(w)));
        assert_string_equal(answer_header(w, "Retry-After"), "17");
        assert_found(w, 1, "/D:error/CS:error-description");
        if (rows[i].err == ERR_UPSTREAM_RIGHTS)
            assert_string_equal(text_at(w, "//D:need-privileges/D:resource/D:href"), ONE);
        if (rows[i].element)
            assert_found(
                w, 1, arena_printf(w->cx->arena, "/D:error/%s", rows[i].element));
    }
    /* What went wrong inside is not for strangers. */
    assert_null(strstr(answer_body(w), "as the test wants it"));
}

static void errors_of_the_http_layer_have_the_same_form(void **state)
{
    struct world *w = *state;
    struct dav_response response = {.body = buf_new(NULL)};
    dav_error_response(w->cx, fail(w->cx, ERR_TOO_LARGE, "a & b"), &response);
    assert_int_equal(response.status, 413);
    assert_non_null(strstr(buf_str(&response.body), "a &amp; b"));
    buf_free(&response.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_new_event_is_created_and_read_back),
        WORLD_TEST(an_etag_is_given_only_for_the_very_bytes),
        WORLD_TEST(an_update_needs_the_etag_that_is_there),
        WORLD_TEST(a_race_lost_below_is_412_too),
        WORLD_TEST(create_only_is_if_none_match_star),
        WORLD_TEST(an_unchanged_object_is_not_sent_again),
        WORLD_TEST(an_object_is_sent_again_when_it_was_modified_since),
        WORLD_TEST(a_write_may_demand_that_nothing_was_modified_since),
        WORLD_TEST(a_time_that_lies_ahead_is_not_told_yet),
        WORLD_TEST(the_if_header_knows_lists_tags_and_not),
        WORLD_TEST(a_schedule_tag_is_matched_in_place_of_the_etag),
        WORLD_TEST(thunderbirds_test_put_never_gets_409_or_412),
        WORLD_TEST(a_put_needs_its_calendar),
        WORLD_TEST(readers_are_told_which_privilege_they_lack),
        WORLD_TEST(content_types_of_all_clients_are_taken),
        WORLD_TEST(a_uid_conflict_names_the_other_object),
        WORLD_TEST(preferences_are_honoured_and_confirmed),
        WORLD_TEST(deleting_is_conditional_and_may_be_silent),
        WORLD_TEST(upstream_errors_keep_their_meaning),
        WORLD_TEST(errors_of_the_http_layer_have_the_same_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
