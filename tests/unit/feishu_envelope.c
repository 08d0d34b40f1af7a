#include "feishu/envelope.h"

#include "base/str.h"
#include "unit.h"

#define CHANGED "calendar.calendar.event.changed_v4"

static struct feishu_event read_text(struct ctx *cx, const char *text)
{
    struct feishu_event event = {0};
    cJSON *json = json_parse(cx->arena, text);
    assert_non_null(json);
    assert_ok(cx, envelope_read(cx, json, &event));
    return event;
}

static struct feishu_event read_event(struct ctx *cx, const char *type, const char *body)
{
    return read_text(cx,
        arena_printf(cx->arena,
            "{\"schema\":\"2.0\",\"header\":{\"event_id\":\"e1\",\"event_type\":\"%s\","
            "\"create_time\":\"1608725989000\",\"app_id\":\"cli_a\"},\"event\":%s}",
            type, body));
}

static void each_type_has_its_kind(void **state)
{
    static const struct {
        const char *type, *body;
        enum feishu_event_kind kind;
    } rows[] = {
        {"calendar.calendar.changed_v4", "{}", FEISHU_TOLD_LIST},
        {CHANGED, "{}", FEISHU_TOLD_EVENTS},
        {"calendar.calendar.acl.created_v4", "{}", FEISHU_TOLD_ACL},
        {"calendar.calendar.acl.deleted_v4", "{}", FEISHU_TOLD_ACL},
        {"auth.user_access_token.revoked_v4", "{}", FEISHU_TOLD_REVOKED},
        {"im.message.receive_v1", "{}", FEISHU_TOLD_OTHER},
        {"im.message.receive_v1", "null", FEISHU_TOLD_OTHER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(
            read_event(*state, rows[i].type, rows[i].body).kind, rows[i].kind);
}

static void members_in_limited_release_are_not_needed_and_do_no_harm(void **state)
{
    struct feishu_event event = read_event(*state, CHANGED,
        "{\"calendar_id\":\"c\",\"calendar_event_id\":\"x_0\",\"change_type\":\"rsvp\","
        "\"rsvp_infos\":[{\"from_user_id\":{\"open_id\":\"ou_9\"}}],"
        "\"user_id_list\":[{\"open_id\":\"ou_1\"},{\"union_id\":\"on_2\"},{},null]}");
    assert_string_equal(event.calendar_id, "c");
    assert_int_equal(event.n_users, 2);
    assert_string_equal(event.users[0].open_id, "ou_1");
    assert_string_equal(event.users[1].open_id, "");
    assert_string_equal(event.users[1].union_id, "on_2");
    assert_string_equal(event.app_id, "cli_a");
}

static void an_access_entry_names_its_person_too(void **state)
{
    struct feishu_event event = read_event(*state, "calendar.calendar.acl.created_v4",
        "{\"acl_id\":\"a\",\"role\":\"writer\",\"scope\":{\"type\":\"user\","
        "\"user_id\":{\"open_id\":\"ou_2\"}},\"user_id_list\":[{\"open_id\":\"ou_1\"}]}");
    assert_int_equal(event.n_users, 2);
    assert_string_equal(event.users[0].open_id, "ou_1");
    assert_string_equal(event.users[1].open_id, "ou_2");
}

static void a_revocation_names_its_person_beside_the_reason(void **state)
{
    struct feishu_event event = read_event(*state, "auth.user_access_token.revoked_v4",
        "{\"revoke_token_type\":\"user_access_token\",\"open_id\":\"ou_1\"}");
    assert_int_equal(event.n_users, 1);
    assert_string_equal(event.users[0].open_id, "ou_1");
}

static void the_length_of_the_time_tells_its_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"\"1608725989000\"", 1608725989000},
        {"\"1608725989000123\"", 1608725989000},
        {"\"1608725989\"", 1608725989000},
        {"1608725989000", 1608725989000},
        {"\"\"", 0},
        {"null", 0},
    };
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct feishu_event event = read_text(cx,
            arena_printf(cx->arena,
                "{\"header\":{\"event_id\":\"e\",\"event_type\":\"t\","
                "\"create_time\":%s}}",
                rows[i].text));
        assert_true(event.created_ms == rows[i].ms);
    }
}

static void more_users_than_fit_are_left_out(void **state)
{
    struct ctx *cx = *state;
    struct buf text = buf_new(cx->arena);
    buf_adds(&text, "{\"user_id_list\":[");
    for (int i = 0; i < ENVELOPE_USERS_MAX + 50; i++)
        buf_printf(&text, "%s{\"open_id\":\"ou_%d\"}", i ? "," : "", i);
    buf_adds(&text, "]}");
    assert_int_equal(
        read_event(cx, "calendar.calendar.changed_v4", buf_str(&text)).n_users,
        ENVELOPE_USERS_MAX);
}

static void an_event_is_remembered_until_many_others_came(void **state)
{
    struct ctx *cx = *state;
    struct event_memory *memory = event_memory_new();
    assert_false(event_memory_has(memory, "first"));
    event_memory_add(memory, "first");
    event_memory_add(memory, "first");
    assert_true(event_memory_has(memory, "first"));
    for (int i = 0; i < EVENT_MEMORY_IDS - 1; i++)
        event_memory_add(memory, arena_printf(cx->arena, "%d", i));
    assert_true(event_memory_has(memory, "first"));
    event_memory_add(memory, "one more");
    assert_false(event_memory_has(memory, "first"));
    assert_true(event_memory_has(memory, "0"));
    event_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(each_type_has_its_kind),
        CTX_TEST(members_in_limited_release_are_not_needed_and_do_no_harm),
        CTX_TEST(an_access_entry_names_its_person_too),
        CTX_TEST(a_revocation_names_its_person_beside_the_reason),
        CTX_TEST(the_length_of_the_time_tells_its_unit),
        CTX_TEST(more_users_than_fit_are_left_out),
        CTX_TEST(an_event_is_remembered_until_many_others_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
