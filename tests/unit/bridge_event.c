#include "bridge/bridge_internal.h"

#include "unit.h"

static cJSON *json(struct ctx *cx, const char *text)
{
    cJSON *parsed = json_parse(cx->arena, text);
    assert_non_null(parsed);
    return parsed;
}

static bool differ(struct ctx *cx, const char *a, const char *b)
{
    return event_differs(json(cx, a), json(cx, b));
}

static void an_event_id_is_a_uid_and_an_original_time(void **state)
{
    struct ctx *cx = *state;
    char *uid;
    int64_t time;
    assert_true(event_id_split(cx, "3430be1f-0000_1765933200", &uid, &time));
    assert_string_equal(uid, "3430be1f-0000");
    assert_int_equal(time, 1765933200);
    assert_true(event_id_split(cx, "a_b_0", &uid, &time));
    assert_string_equal(uid, "a_b");
    assert_string_equal(event_id_join(cx, uid, time), "a_b_0");
}

static void an_event_id_of_another_shape_is_not_guessed_at(void **state)
{
    static const char *const bad[] = {
        "", "_0", " _0", "uid", "uid_", "uid_x", "uid_1x", NULL};
    struct ctx *cx = *state;
    char *uid;
    int64_t time;
    for (size_t i = 0; bad[i]; i++)
        assert_false(event_id_split(cx, bad[i], &uid, &time));
    assert_false(event_id_split(cx, NULL, &uid, &time));
}

static void absent_null_and_empty_are_no_difference(void **state)
{
    struct ctx *cx = *state;
    assert_false(differ(cx, "{\"summary\":\"\"}", "{}"));
    assert_false(differ(cx, "{\"reminders\":[]}", "{\"reminders\":null}"));
    assert_false(differ(cx, "{\"location\":{}}", "{}"));
    assert_false(differ(cx, "{\"color\":0}", "{\"color\":-1}"));
    assert_false(differ(cx, "{}", "{\"color\":-1,\"is_exception\":false}"));
}

static void what_only_some_calls_give_is_no_difference(void **state)
{
    struct ctx *cx = *state;
    assert_false(differ(cx, "{\"app_link\":\"a\"}", "{\"app_link\":\"b\"}"));
    assert_false(differ(cx, "{\"event_check_in\":{\"enable_check_in\":false}}", "{}"));
    assert_false(differ(cx, "{\"vchat\":{\"vc_type\":\"vc\",\"meeting_settings\":{}}}",
        "{\"vchat\":{\"vc_type\":\"vc\"}}"));
    assert_false(differ(cx, "{\"self_rsvp_status\":\"accept\"}", "{}"));
}

static void what_people_see_is_a_difference(void **state)
{
    static const char *const pairs[][2] = {
        {"{\"summary\":\"a\"}", "{\"summary\":\"A\"}"},
        {"{\"summary\":\"a\"}", "{}"},
        {"{\"status\":\"confirmed\"}", "{\"status\":\"cancelled\"}"},
        {"{\"start_time\":{\"timestamp\":\"1\"}}",
            "{\"start_time\":{\"timestamp\":\"2\"}}"},
        {"{\"start_time\":{\"timestamp\":\"1\",\"timezone\":\"UTC\"}}",
            "{\"start_time\":{\"timestamp\":\"1\",\"timezone\":\"Asia/Tokyo\"}}"},
        {"{\"reminders\":[{\"minutes\":5}]}", "{\"reminders\":[{\"minutes\":6}]}"},
        {"{\"color\":-1}", "{\"color\":-14513409}"},
        {"{\"self_rsvp_status\":\"accept\"}", "{\"self_rsvp_status\":\"decline\"}"},
        {"{\"vchat\":{\"vc_type\":\"vc\"}}", "{\"vchat\":{\"vc_type\":\"no_meeting\"}}"},
    };
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        assert_true(differ(cx, pairs[i][0], pairs[i][1]));
        assert_false(differ(cx, pairs[i][0], pairs[i][0]));
    }
}

static bool covers(struct ctx *cx, const char *event, const char *body)
{
    struct bridge bridge = {.read_end_exclusive = true, .write_end_inclusive = true};
    return event_covers(cx, &bridge, json(cx, event), json(cx, body));
}

static void a_patch_is_recognized_in_the_event_it_made(void **state)
{
    struct ctx *cx = *state;
    static const char event[] =
        "{\"summary\":\"a\",\"visibility\":\"Public\",\"description\":\"Text\"}";
    assert_true(covers(cx, event, "{\"summary\":\"a\",\"visibility\":\"public\"}"));
    assert_true(covers(cx, event, "{\"need_notification\":false}"));
    assert_false(covers(cx, event, "{\"summary\":\"b\"}"));
    assert_false(covers(cx, event, "{\"description\":\"text\"}"));
    assert_false(covers(cx, event, "{\"summary\":\"a\",\"color\":1}"));
}

static void a_rule_and_an_end_are_recognized_by_what_they_mean(void **state)
{
    struct ctx *cx = *state;
    static const char event[] =
        "{\"recurrence\":\"FREQ=DAILY;INTERVAL=1;UNTIL=20270109T155959Z\","
        "\"start_time\":{\"timestamp\":\"1799114400\",\"timezone\":\"Asia/Shanghai\"},"
        "\"end_time\":{\"timestamp\":\"1799118000\",\"timezone\":\"Asia/Shanghai\"}}";
    assert_true(
        covers(cx, event, "{\"recurrence\":\"UNTIL=20270109T155959Z;FREQ=DAILY\"}"));
    assert_false(
        covers(cx, event, "{\"recurrence\":\"UNTIL=20270108T155959Z;FREQ=DAILY\"}"));
    assert_false(covers(cx, event, "{\"recurrence\":\"FREQ=WEEKLY\"}"));
    assert_false(covers(cx, event, "{\"recurrence\":\"\"}"));
    assert_true(covers(cx, event,
        "{\"end_time\":{\"timestamp\":\"1799118000\",\"timezone\":\"Asia/Shanghai\"}}"));
    assert_false(covers(cx, event,
        "{\"end_time\":{\"timestamp\":\"1799121600\",\"timezone\":\"Asia/Shanghai\"}}"));
    assert_true(covers(cx, "{\"end_time\":{\"date\":\"2027-01-06\"}}",
        "{\"end_time\":{\"date\":\"2027-01-05\"}}"));
    assert_false(covers(cx, "{\"end_time\":{\"date\":\"2027-01-06\"}}",
        "{\"end_time\":{\"date\":\"2027-01-06\"}}"));
}

static void people_of_an_event_are_listed_once(void **state)
{
    struct ctx *cx = *state;
    text_list ids = {0};
    event_people(cx, json(cx, "{\"event_organizer\":{\"user_id\":\"ou_a\"}}"),
        json(cx,
            "[{\"type\":\"user\",\"user_id\":\"ou_a\"},"
            "{\"type\":\"user\",\"user_id\":\"ou_b\"},"
            "{\"type\":\"resource\",\"room_id\":\"omm_1\"}]"),
        &ids);
    assert_int_equal(ids.n, 2);
    assert_string_equal(ids.items[1], "ou_b");
}

static void only_a_fresh_write_is_guarded(void **state)
{
    (void)state;
    assert_true(seen_is_guarded(seen_by_push(1000000), 1000001));
    assert_false(seen_is_guarded(seen_by_push(1000000), 1000000 + WRITE_GUARD_MS));
    assert_false(seen_is_guarded(seen_by_pull(1000000), 1000001));
    /* A pass looks at what was written since it began, a clock set back at what was
     * written in the time to come. */
    assert_true(seen_is_guarded(seen_by_push(9000000), 9000000 - 600000));
    assert_false(seen_is_guarded(seen_by_push(9000000), 9000000 - CLOCK_SET_BACK_MS));
    assert_true(seen_by_push(5) > seen_by_pull(5) && seen_by_pull(6) > seen_by_push(5));
}

static void only_what_reads_as_before_a_write_is_older_than_it(void **state)
{
    struct ctx *cx = *state;
    cJSON *event = json(cx, "{\"summary\":\"new\",\"color\":3}");
    event_keep_was(event, json(cx, "{\"summary\":\"old\",\"color\":3}"), false);
    assert_true(event_is_stale(event, json(cx, "{\"summary\":\"old\",\"color\":3}")));
    assert_true(event_is_stale(event, json(cx, "{\"summary\":\"old\",\"color\":4}")));
    assert_false(event_is_stale(event, json(cx, "{\"summary\":\"new\",\"color\":4}")));
    assert_false(event_is_stale(event, json(cx, "{\"summary\":\"other\"}")));
    /* A second write remembers what the first one did. */
    cJSON *again = json(cx, "{\"summary\":\"newest\",\"color\":3}");
    event_keep_was(again, event, true);
    assert_true(event_is_stale(again, json(cx, "{\"summary\":\"old\",\"color\":3}")));
    assert_true(event_is_stale(again, json(cx, "{\"summary\":\"new\",\"color\":3}")));
    event_keep_was(again, event, false);
    assert_false(event_is_stale(again, json(cx, "{\"summary\":\"old\",\"color\":3}")));
}

static void what_was_deleted_is_not_alive_again(void **state)
{
    struct ctx *cx = *state;
    const cJSON *gone = json(cx, "{\"status\":\"cancelled\"}");
    assert_true(event_is_stale(gone, json(cx, "{\"status\":\"confirmed\"}")));
    assert_false(event_is_stale(json(cx, "{\"summary\":\"a\"}"), gone));
}

static enum err served(struct ctx *cx, const char *start, int64_t original)
{
    static const struct convert_env env = {.timezone = "Asia/Shanghai"};
    char *text = arena_printf(cx->arena,
        "{\"event_id\":\"u_0\",\"start_time\":%s,\"end_time\":%s}", start, start);
    struct series_row row = {.original_time = original, .event = json(cx, text)};
    struct series series = {.uid = "u", .ical_uid = "u"};
    if (original) {
        series.exceptions = &row;
        series.n_exceptions = 1;
    } else {
        series.master = &row;
    }
    return convert_down(cx, &env, &series, NULL, &text);
}

static void a_time_that_no_client_can_be_told_is_none(void **state)
{
    static const char good[] = "{\"timestamp\":\"1795150800\",\"timezone\":\"UTC\"}";
    struct ctx *cx = *state;
    for (int64_t original = 0; original < 100; original += 99) {
        assert_int_equal(served(cx, good, original), ERR_OK);
        assert_int_equal(served(cx, "{\"date\":\"1583-01-02\"}", original), ERR_OK);
        assert_int_equal(served(cx, "{\"date\":\"9999-12-29\"}", original), ERR_OK);
        assert_int_not_equal(served(cx, "{\"date\":\"1013-05-21\"}", original), ERR_OK);
        assert_int_not_equal(served(cx, "{\"date\":\"9999-12-31\"}", original), ERR_OK);
        assert_int_not_equal(
            served(cx, "{\"timestamp\":\"977914880000\"}", original), ERR_OK);
        assert_int_not_equal(
            served(cx, "{\"timestamp\":\"-977914880000\"}", original), ERR_OK);
    }
    assert_int_not_equal(served(cx, good, INT64_C(977914880000)), ERR_OK);
}

static void a_status_says_no_more_than_the_own_answer(void **state)
{
    struct ctx *cx = *state;
    const cJSON *old =
        json(cx, "{\"status\":\"tentative\",\"self_rsvp_status\":\"accept\"}");
    /* Answered a moment ago, and read again. */
    assert_false(event_differs(
        old, json(cx, "{\"status\":\"confirmed\",\"self_rsvp_status\":\"accept\"}")));
    assert_false(event_differs(old, json(cx, "{\"status\":\"confirmed\"}")));
    assert_true(event_differs(
        old, json(cx, "{\"status\":\"confirmed\",\"self_rsvp_status\":\"decline\"}")));
    assert_true(event_differs(old, json(cx, "{\"status\":\"cancelled\"}")));
    assert_true(event_differs(
        json(cx, "{\"status\":\"tentative\"}"), json(cx, "{\"status\":\"confirmed\"}")));
    assert_true(event_differs(json(cx, "{\"status\":\"tentative\"}"),
        json(cx, "{\"status\":\"confirmed\",\"self_rsvp_status\":\"accept\"}")));
    assert_false(event_differs(json(cx, "{\"status\":\"confirmed\"}"),
        json(cx, "{\"status\":\"confirmed\",\"self_rsvp_status\":\"decline\"}")));
}

static void exceptions_that_cannot_be_read_are_named(void **state)
{
    struct ctx *cx = *state;
    struct series_row rows[] = {
        {.original_time = 100,
            .event = json(cx, "{\"start_time\":{\"date\":\"2026-05-18\"}}")},
        {.original_time = 200, .event = json(cx, "{\"start_time\":{\"date\":\"soon\"}}")},
        {.original_time = 300, .event = json(cx, "{\"attendees\":[]}")},
        {.original_time = 400, .event = json(cx, "{\"status\":\"cancelled\"}")},
        {.original_time = INT64_C(977914880000), .event = json(cx, "{}")},
    };
    struct series_row master = {.event = json(cx, "{}")};
    struct series series = {
        .uid = "u", .master = &master, .exceptions = rows, .n_exceptions = 5};
    assert_string_equal(
        convert_unreadable(cx, &series), "u_200, u_977914880000 (left out)");
    series.master = NULL;
    series.n_exceptions = 2;
    assert_string_equal(convert_unreadable(cx, &series), "u_200 (left out)");
    series.n_exceptions = 1;
    assert_string_equal(convert_unreadable(cx, &series), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(an_event_id_is_a_uid_and_an_original_time),
        CTX_TEST(an_event_id_of_another_shape_is_not_guessed_at),
        CTX_TEST(absent_null_and_empty_are_no_difference),
        CTX_TEST(what_only_some_calls_give_is_no_difference),
        CTX_TEST(what_people_see_is_a_difference),
        CTX_TEST(a_patch_is_recognized_in_the_event_it_made),
        CTX_TEST(a_rule_and_an_end_are_recognized_by_what_they_mean),
        CTX_TEST(people_of_an_event_are_listed_once),
        CTX_TEST(only_a_fresh_write_is_guarded),
        CTX_TEST(only_what_reads_as_before_a_write_is_older_than_it),
        CTX_TEST(what_was_deleted_is_not_alive_again),
        CTX_TEST(a_time_that_no_client_can_be_told_is_none),
        CTX_TEST(a_status_says_no_more_than_the_own_answer),
        CTX_TEST(exceptions_that_cannot_be_read_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
