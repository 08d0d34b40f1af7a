/* WebDAV-Push: what is offered, registered and taken back. */
#include "dav_fake_backend.h"

#define WEB_PUSH(resource)                                                               \
    "<P:subscription><P:web-push-subscription><P:push-resource>" resource                \
    "</P:push-resource><P:content-encoding>aes128gcm</P:content-encoding>"               \
    "<P:subscription-public-key type='p256dh'>KEY</P:subscription-public-key>"           \
    "<P:auth-secret>AUTH</P:auth-secret></P:web-push-subscription></P:subscription>"
#define GOOD WEB_PUSH("https://push.example.com/1")
#define CONTENT                                                                          \
    "<P:content-update><D:sync-level>1</D:sync-level></P:content-update>"
#define PROPERTIES "<P:property-update><D:depth>0</D:depth></P:property-update>"
#define TRIGGER(what) "<P:trigger>" what "</P:trigger>"

static int enrol(struct world *w, const char *path, const char *inner)
{
    return ask(w, "POST", path, "Content-Type: application/xml; charset=\"utf-8\"",
        element(w, "P:push-register", inner));
}

static void calendars_and_home_offer_pushes(void **state)
{
    const char *props = "<P:transports/><P:topic/><P:supported-triggers/>";
    struct world *w = *state;
    assert_status(w, 207, propfind(w, WORK, "0", props));
    assert_string_equal(text_at(w, "//P:transports/P:web-push/P:vapid-public-key"
                                   "[@type='p256ecdsa']"),
        "SERVERKEY");
    assert_string_equal(text_at(w, "//P:topic"), "topic-work");
    assert_string_equal(
        text_at(w, "//P:supported-triggers/P:content-update/D:sync-level"), "1");
    assert_string_equal(
        text_at(w, "//P:supported-triggers/P:property-update/D:depth"), "0");
    assert_status(w, 207, propfind(w, ADA, "0", props));
    assert_string_equal(text_at(w, "//P:topic"), "topic-home");
    assert_string_equal(
        text_at(w, "//P:supported-triggers/P:property-update/D:depth"), "0");
    assert_status(w, 200, ask(w, "OPTIONS", WORK, NULL, NULL));
    assert_non_null(strstr(answer_header(w, "DAV"), "webdav-push"));
    assert_non_null(strstr(answer_header(w, "Allow"), "POST"));
}

static void davx5_registers_and_unregisters(void **state)
{
    struct world *w = *state;
    assert_status(w, 204,
        enrol(w, WORK,
            GOOD TRIGGER(CONTENT PROPERTIES)
            "<P:expires>Wed, 20 Dec 2028 10:03:31 GMT</P:expires>"));
    const char *href = arena_strdup(w->cx->arena, answer_header(w, "Location"));
    assert_string_equal(href, "/dav/push/ada/registration-1");
    assert_string_equal(answer_header(w, "Expires"), "Wed, 20 Dec 2028 10:03:31 GMT");
    assert_string_equal(w->bridge.push.resource, "https://push.example.com/1");
    assert_string_equal(w->bridge.push.public_key, "KEY");
    assert_int_equal(w->bridge.push_calendar_id, 1);
    assert_true(w->bridge.push.content && w->bridge.push.properties);
    assert_status(w, 404, ask(w, "DELETE", "/dav/push/ada/other", NULL, NULL));
    assert_status(w, 404, ask(w, "DELETE", "/dav/push/bob/registration-1", NULL, NULL));
    assert_status(w, 405, ask(w, "GET", href, NULL, NULL));
    assert_status(w, 204, ask(w, "DELETE", href, NULL, NULL));
    assert_status(w, 404, ask(w, "DELETE", href, NULL, NULL));
}

static void triggers_that_are_not_supported_are_ignored(void **state)
{
    struct world *w = *state;
    assert_status(w, 204, enrol(w, ADA, GOOD TRIGGER(CONTENT PROPERTIES)));
    assert_true(w->bridge.push.content && w->bridge.push.properties);
    assert_int_equal(w->bridge.push_calendar_id, 0);
    assert_non_null(answer_header(w, "Expires"));
    assert_status(w, 204, enrol(w, WORK, GOOD TRIGGER("<X:other/>" PROPERTIES)));
    assert_true(!w->bridge.push.content && w->bridge.push.properties);
    assert_precondition(w, 403, "P:no-supported-trigger",
        enrol(w, WORK, GOOD TRIGGER("<X:other/>")));
}

static void davx5_names_no_trigger_and_means_all(void **state)
{
    struct world *w = *state;
    assert_status(w, 204, enrol(w, WORK, GOOD));
    assert_true(w->bridge.push.content && w->bridge.push.properties);
    assert_status(w, 204, enrol(w, ADA, GOOD));
    assert_true(w->bridge.push.content && w->bridge.push.properties);
}

static void subscriptions_that_cannot_be_used_are_refused(void **state)
{
    struct world *w = *state;
    assert_precondition(
        w, 403, "P:invalid-subscription", enrol(w, WORK, TRIGGER(CONTENT)));
    assert_precondition(w, 403, "P:invalid-subscription",
        enrol(w, WORK,
            WEB_PUSH("http://push.example.com/1") TRIGGER(CONTENT)));
    assert_precondition(w, 403, "P:invalid-subscription",
        enrol(w, WORK,
            "<P:subscription><X:other/></P:subscription>" TRIGGER(CONTENT)));
    assert_status(w, 400,
        enrol(w, WORK, GOOD TRIGGER(CONTENT) "<P:expires>tomorrow</P:expires>"));
    assert_status(w, 415,
        ask(w, "POST", WORK, "Content-Type: application/xml", "<x xmlns=\"urn:x\"/>"));
    assert_null(w->bridge.push.resource);
}

#define MINE "https://dav.example.com/dav/push/ada/"

static const char *hushed_by(struct world *w, const char *value)
{
    char *text = event_text(w, "one", "20261120T080000Z", NULL);
    char *headers = arena_printf(
        w->cx->arena, "Content-Type: text/calendar\nPush-Dont-Notify: %s", value);
    w->bridge.hushed = w->bridge.hush_objects = NULL;
    int status = ask(w, "PUT", WORK "one.ics", headers, text);
    assert_true(status == 201 || status == 204);
    return w->bridge.hushed;
}

static void a_client_is_not_told_of_what_it_changes(void **state)
{
    struct world *w = *state;
    assert_string_equal(hushed_by(w, "\"" MINE "a\""), "a ");
    assert_string_equal(w->bridge.hush_objects, "one.ics ");
    assert_string_equal(hushed_by(w, "\"" MINE "a\", \"" MINE "b\""), "a b ");
    assert_string_equal(hushed_by(w, "/dav/push/ada/a"), "a ");
    assert_string_equal(hushed_by(w, " * "), "*");
    assert_null(hushed_by(w, "\"https://dav.example.com/dav/push/bob/a\""));
    assert_null(hushed_by(w, "\"" MINE "\", nonsense, \"\""));
    w->bridge.hushed = NULL;
    assert_status(w, 207,
        ask(w, "PROPFIND", WORK, "Depth: 0\nPush-Dont-Notify: *", NULL));
    assert_null(w->bridge.hushed);
}

static void what_a_move_or_a_post_changes_is_known_by_name(void **state)
{
    struct world *w = *state;
    assert_string_equal(hushed_by(w, "*"), "*");
    assert_status(w, 201,
        ask(w, "MOVE", WORK "one.ics",
            "Destination: " ADA "team/two.ics\nPush-Dont-Notify: *", NULL));
    assert_string_equal(w->bridge.hush_objects, "one.ics two.ics ");
    assert_status(w, 201,
        ask(w, "POST", WORK, "Content-Type: text/calendar\nPush-Dont-Notify: *",
            event_text(w, "new", "20261120T080000Z", NULL)));
    assert_non_null(strstr(answer_header(w, "Location"),
        str_trim(w->cx->arena, w->bridge.hush_objects)));
    w->bridge.next_err = ERR_UPSTREAM_BUSY;
    assert_status(w, 503,
        ask(w, "PUT", WORK "x.ics", "Push-Dont-Notify: *",
            event_text(w, "x", "20261120T080000Z", NULL)));
    assert_string_equal(w->bridge.hush_objects, "x.ics ");
    assert_non_null(strstr(answer_body(w), "as the test wants it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(calendars_and_home_offer_pushes),
        WORLD_TEST(davx5_registers_and_unregisters),
        WORLD_TEST(triggers_that_are_not_supported_are_ignored),
        WORLD_TEST(davx5_names_no_trigger_and_means_all),
        WORLD_TEST(subscriptions_that_cannot_be_used_are_refused),
        WORLD_TEST(a_client_is_not_told_of_what_it_changes),
        WORLD_TEST(what_a_move_or_a_post_changes_is_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
