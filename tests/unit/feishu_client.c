/* Calls, their answers and the tokens they carry. */
#include "feishu_client_unit.h"

static void a_call_is_made_as_the_table_says(void **state)
{
    static const char *const query[] = {
        "page_size", "500", "sync_token", NULL, "q", "a b&c", NULL};
    struct world *world = *state;
    cJSON *data;
    int code = -1;
    SERVER_SCRIPT(world->server, {.status = 200, .body = OK_EVENT});
    assert_ok(world->cx, request(world, FEISHU_EVENT_PATCH, query, &code, &data));
    const struct server_seen *seen = &world->server->seen[0];
    assert_int_equal(code, 0);
    assert_string_equal(seen->method, "PATCH");
    assert_string_equal(seen->path,
        "/open-apis/calendar/v4/calendars/feishu.cn_a%40group.calendar.feishu.cn/events/"
        "u%2F1_0");
    assert_string_equal(seen->query, "page_size=500&q=a%20b%26c");
    assert_string_equal(seen->authorization, "Bearer eyJ-0");
    assert_string_equal(seen->type, "application/json; charset=utf-8");
    assert_string_equal(seen->agent, "feishu-caldav/0.1.0");
    assert_string_equal(seen->body, "{\"summary\":\"x\"}");
    assert_string_equal(json_text(cJSON_GetObjectItem(data, "event"), "event_id"), "u_0");
    assert_int_equal(world->cx->upstream_calls, 1);
}

static void a_reply_without_data_gives_an_empty_object(void **state)
{
    struct world *world = *state;
    cJSON *data = NULL;
    SERVER_SCRIPT(world->server, {.status = 200, .body = OK_EMPTY});
    assert_ok(world->cx, request(world, FEISHU_EVENT_DELETE, NULL, NULL, &data));
    assert_true(cJSON_IsObject(data));
    assert_int_equal(cJSON_GetArraySize(data), 0);
    assert_string_equal(world->server->seen[0].body, "{\"summary\":\"x\"}");
}

static void a_chunked_reply_is_read_whole(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server, {.status = 200, .body = OK_EVENT, .chunked = true});
    assert_ok(world->cx, request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    assert_non_null(cJSON_GetObjectItem(data, "event"));
}

static void connections_are_kept(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server, {.status = 200, .body = OK_EVENT});
    for (int i = 0; i < 10; i++)
        assert_ok(world->cx, request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    assert_int_equal(world->server->n_seen, 10);
    assert_int_equal(world->server->connections, 1);
}

static void the_code_decides_and_the_text_carries_code_message_and_log_id(void **state)
{
    struct world *world = *state;
    cJSON *data;
    int code;
    SERVER_SCRIPT(world->server,
        {.status = 200,
            .body =
                "{\"code\":193002,\"msg\":\"no permission to operate event\",\"error\":"
                "{\"field_violations\":[{\"field\":\"summary\",\"description\":\"bad\"}]}"
                "}"});
    assert_err(world->cx, ERR_UPSTREAM_RIGHTS,
        request(world, FEISHU_EVENT_PATCH, NULL, &code, &data));
    assert_int_equal(code, 193002);
    const char *text = ctx_error(world->cx);
    assert_non_null(strstr(text, "193002"));
    assert_non_null(strstr(text, "no permission to operate event"));
    assert_non_null(strstr(text, "2026090412000000000000000000LOGID"));
    assert_non_null(strstr(text, "calendar.event.patch"));
    assert_non_null(strstr(text, "summary"));
    assert_null(strstr(text, "eyJ"));
    assert_int_equal(world->server->n_seen, 1);
}

static void an_error_that_is_plain_text_is_no_trouble(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server,
        {.status = 400,
            .body = "{\"code\":\"190014\",\"msg\":null,\"error\":\"some text\"}"});
    assert_err(world->cx, ERR_UPSTREAM_REFUSED,
        request(world, FEISHU_EVENT_PATCH, NULL, NULL, &data));
    SERVER_SCRIPT(
        world->server, {.status = 400, .body = "{\"code\":777777,\"msg\":\"new\"}"});
    assert_err(world->cx, ERR_UPSTREAM_REFUSED,
        request(world, FEISHU_EVENT_PATCH, NULL, NULL, &data));
}

static void a_404_in_plain_text_is_a_wrong_host_and_never_a_deleted_event(void **state)
{
    struct world *world = *state;
    cJSON *data;
    int code = -1;
    SERVER_SCRIPT(world->server,
        {.status = 404, .type = "text/plain", .body = "404 page not found"});
    assert_err(world->cx, ERR_UPSTREAM_APP,
        request(world, FEISHU_EVENT_GET, NULL, &code, &data));
    assert_int_equal(code, 0);
    assert_int_equal(world->server->n_seen, 1);
}

static void a_page_of_somebody_else_is_not_taken_for_an_answer(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server,
        {.status = 200, .type = "text/html", .body = "{\"code\":0,\"data\":{}}"});
    assert_err(world->cx, ERR_UPSTREAM_DOWN,
        request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    SERVER_SCRIPT(world->server,
        {.status = 302,
            .type = "text/html",
            .header = "Location",
            .value = "/elsewhere"});
    assert_err(world->cx, ERR_UPSTREAM_DOWN,
        request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    assert_int_equal(world->server->n_seen, 1);
}

static void an_expired_user_token_is_renewed_once(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server,
        {.status = 401,
            .body = "{\"code\":99991677,\"msg\":\"Authentication token expired\"}"},
        {.status = 200, .body = OK_EVENT});
    assert_ok(world->cx, request(world, FEISHU_ATTENDEE_CREATE, NULL, NULL, &data));
    assert_int_equal(world->renewed, 1);
    assert_string_equal(world->server->seen[0].authorization, "Bearer eyJ-0");
    assert_string_equal(world->server->seen[1].authorization, "Bearer eyJ-1");
    assert_string_equal(world->server->seen[1].body, "{\"summary\":\"x\"}");
}

static void a_user_token_refused_twice_asks_for_sign_in(void **state)
{
    struct world *world = *state;
    cJSON *data;
    int code;
    SERVER_SCRIPT(world->server,
        {.status = 400, .body = "{\"code\":99991668,\"msg\":\"invalid\"}"});
    assert_err(world->cx, ERR_UPSTREAM_SIGN_IN,
        request(world, FEISHU_EVENT_LIST, NULL, &code, &data));
    assert_int_equal(world->renewed, 1);
    assert_int_equal(world->server->n_seen, 2);
    assert_int_equal(code, 99991668);
}

static enum err tenant_call(struct world *world)
{
    struct feishu_call call = {.endpoint = FEISHU_ROOM_LIST, .priority = FEISHU_READ};
    cJSON *data;
    return server_settled(
        world->server, feishu_request(world->cx, world->feishu, &call, NULL, &data));
}

static void the_tenant_token_is_kept_and_renewed_once_when_refused(void **state)
{
    struct world *world = *state;
    SERVER_SCRIPT(world->server,
        {.status = 200,
            .body = "{\"code\":0,\"tenant_access_token\":\"t-1\",\"expire\":7200}"},
        {.status = 200, .body = OK_EMPTY}, {.status = 200, .body = OK_EMPTY},
        {.status = 400, .body = "{\"code\":99991663,\"msg\":\"invalid\"}"},
        {.status = 200,
            .body = "{\"code\":0,\"tenant_access_token\":\"t-2\",\"expire\":7200}"},
        {.status = 200, .body = OK_EMPTY});
    for (int i = 0; i < 3; i++)
        assert_ok(world->cx, tenant_call(world));
    const struct server_seen *seen = world->server->seen;
    assert_string_equal(seen[0].body, "{\"app_id\":\"cli_x\",\"app_secret\":\"s3cret\"}");
    assert_string_equal(seen[0].authorization, "");
    assert_string_equal(seen[1].authorization, "Bearer t-1");
    assert_string_equal(seen[2].authorization, "Bearer t-1");
    assert_string_equal(seen[3].authorization, "Bearer t-1");
    assert_string_equal(seen[5].authorization, "Bearer t-2");
    assert_int_equal(world->server->n_seen, 6);
}

static void a_tenant_token_about_to_end_is_not_used_again(void **state)
{
    struct world *world = *state;
    SERVER_SCRIPT(world->server,
        {.status = 200,
            .body = "{\"code\":0,\"tenant_access_token\":\"t-1\",\"expire\":30}"},
        {.status = 200, .body = OK_EMPTY},
        {.status = 200,
            .body = "{\"code\":0,\"tenant_access_token\":\"t-2\",\"expire\":30}"},
        {.status = 200, .body = OK_EMPTY});
    assert_ok(world->cx, tenant_call(world));
    assert_ok(world->cx, tenant_call(world));
    assert_string_equal(world->server->seen[3].authorization, "Bearer t-2");
}

static void a_wrong_app_secret_is_the_administrators_matter(void **state)
{
    struct world *world = *state;
    SERVER_SCRIPT(world->server,
        {.status = 200, .body = "{\"code\":10015,\"msg\":\"app secret invalid\"}"});
    assert_err(world->cx, ERR_UPSTREAM_APP, tenant_call(world));
    assert_null(strstr(ctx_error(world->cx), "s3cret"));
    assert_int_equal(world->server->n_seen, 1);
}

/* What was told of calls that were sent. */
struct spending {
    char text[1024];
};

static void note_spent(
    void *self, int64_t payer, const char *calendar_id, enum feishu_purpose purpose)
{
    struct spending *spending = self;
    size_t len = strlen(spending->text);
    snprintf(spending->text + len, sizeof(spending->text) - len, "%lld %s %d\n",
        (long long)payer, calendar_id ? calendar_id : "-", (int)purpose);
}

static void every_call_is_told_of_with_payer_calendar_and_purpose(void **state)
{
    static const char calendar[] = "feishu.cn_a@group.calendar.feishu.cn";
    struct world *world = *state;
    struct spending spending = {""};
    cJSON *data;
    struct feishu_options options = options_for(world->cx, world->server->url, 5);
    options.spent = note_spent;
    options.spent_self = &spending;
    feishu_free(world->feishu);
    world->feishu = feishu_new(&options);
    world->cx->payer = 7;
    SERVER_SCRIPT(world->server,
        {.status = 500, .body = "{\"code\":190003,\"msg\":\"x\"}"},
        {.status = 200, .body = OK_EVENT}, {.status = 200, .body = OK_EVENT},
        {.status = 200, .body = OK_EMPTY}, {.status = 200, .body = OK_EMPTY});
    assert_ok(world->cx, request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    assert_ok(world->cx, request(world, FEISHU_EVENT_CREATE, NULL, NULL, &data));
    world->cx->payer = 0;
    assert_ok(world->cx, request(world, FEISHU_CALENDAR_LIST, NULL, NULL, &data));
    char *expected = arena_printf(world->cx->arena, "7 %s %d\n7 %s %d\n7 %s %d\n0 - %d\n",
        calendar, FEISHU_FOR_ATTENDEES, calendar, FEISHU_FOR_ATTENDEES, calendar,
        FEISHU_FOR_WRITES, FEISHU_FOR_CALENDARS);
    assert_string_equal(spending.text, expected);
}

static enum err not_ready_at_first(void *self, struct ctx *cx)
{
    int *asked = self;
    return ++*asked == 1 ? fail(cx, ERR_STORE, "the disk is full") : ERR_OK;
}

static void nothing_is_sent_before_the_caller_is_ready(void **state)
{
    struct world *world = *state;
    cJSON *data;
    int asked = 0;
    struct feishu_options options = options_for(world->cx, world->server->url, 5);
    options.ready = not_ready_at_first;
    options.ready_self = &asked;
    feishu_free(world->feishu);
    world->feishu = feishu_new(&options);
    SERVER_SCRIPT(world->server,
        {.status = 500, .body = "{\"code\":190003,\"msg\":\"x\"}"},
        {.status = 200, .body = OK_EVENT});
    assert_err(
        world->cx, ERR_STORE, request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    assert_int_equal(world->server->n_seen, 0);
    assert_ok(world->cx, request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    assert_int_equal(world->server->n_seen, 2); /* the first try failed */
    assert_int_equal(asked, 3);
}

static void a_call_with_little_patience_does_not_wait_long_for_its_turn(void **state)
{
    struct world *world = *state;
    cJSON *data;
    struct feishu_options options = options_for(world->cx, world->server->url, 5);
    options.rate_per_second = 1;
    options.rate_per_minute = 1;
    struct feishu_call call = {.endpoint = FEISHU_CALENDAR_LIST,
        .user = &world->user,
        .priority = FEISHU_POLL,
        .patience_ms = 200};
    feishu_free(world->feishu);
    world->feishu = feishu_new(&options);
    SERVER_SCRIPT(world->server, {.status = 200, .body = OK_EMPTY});
    assert_ok(world->cx, feishu_request(world->cx, world->feishu, &call, NULL, &data));
    int64_t start_ms = ctx_monotonic_ms(world->cx);
    assert_err(world->cx, ERR_UPSTREAM_BUSY,
        feishu_request(world->cx, world->feishu, &call, NULL, &data));
    assert_true(ctx_monotonic_ms(world->cx) - start_ms < 2000);
    assert_in_range(world->cx->retry_after_s, 50, 60);
    assert_int_equal(world->server->n_seen, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_call_is_made_as_the_table_says),
        WORLD_TEST(every_call_is_told_of_with_payer_calendar_and_purpose),
        WORLD_TEST(nothing_is_sent_before_the_caller_is_ready),
        WORLD_TEST(a_call_with_little_patience_does_not_wait_long_for_its_turn),
        WORLD_TEST(a_reply_without_data_gives_an_empty_object),
        WORLD_TEST(a_chunked_reply_is_read_whole),
        WORLD_TEST(connections_are_kept),
        WORLD_TEST(the_code_decides_and_the_text_carries_code_message_and_log_id),
        WORLD_TEST(an_error_that_is_plain_text_is_no_trouble),
        WORLD_TEST(a_404_in_plain_text_is_a_wrong_host_and_never_a_deleted_event),
        WORLD_TEST(a_page_of_somebody_else_is_not_taken_for_an_answer),
        WORLD_TEST(an_expired_user_token_is_renewed_once),
        WORLD_TEST(a_user_token_refused_twice_asks_for_sign_in),
        WORLD_TEST(the_tenant_token_is_kept_and_renewed_once_when_refused),
        WORLD_TEST(a_tenant_token_about_to_end_is_not_used_again),
        WORLD_TEST(a_wrong_app_secret_is_the_administrators_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
