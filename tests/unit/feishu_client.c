#include "feishu/client.h"

#include "feishu_server.h"

#define OK_EVENT                                                                         \
    "{\"code\":0,\"msg\":\"success\",\"data\":{\"event\":{\"event_id\":\"u_0\"}}}"
#define OK_EMPTY "{\"code\":0,\"msg\":\"success\"}"

struct world {
    struct server *server;
    struct feishu *feishu;
    struct seam seam;
    struct ctx *cx;
    struct feishu_user user;
    int token_number, renewed;
};

/* No jitter: pauses take their shorter half. */
static void zero_random(void *self, void *out, size_t len_bytes)
{
    (void)self;
    memset(out, 0, len_bytes);
}

static enum err user_token(
    void *self, struct ctx *cx, const char *stale, const char **token)
{
    struct world *world = self;
    if (stale) {
        world->renewed++;
        world->token_number++;
    }
    *token = arena_printf(cx->arena, "eyJ-%d", world->token_number);
    return ERR_OK;
}

static struct feishu *client_for(struct ctx *cx, const char *url, long timeout_s)
{
    struct feishu_options options = {.base_url = url,
        .accounts_url = url,
        .app_id = "cli_x",
        .app_secret = secret_new(cx->arena, "s3cret"),
        .rate_per_second = 50,
        .rate_per_minute = 1000,
        .timeout_s = timeout_s};
    return feishu_new(&options);
}

static int with_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->seam = *seam_system();
    world->seam.random = zero_random;
    world->cx = ctx_new(&world->seam);
    world->server = server_start();
    world->feishu = client_for(world->cx, world->server->url, 5);
    world->user = (struct feishu_user){.token = user_token, .self = world};
    *state = world;
    return 0;
}

static int without_world(void **state)
{
    struct world *world = *state;
    feishu_free(world->feishu);
    server_stop(world->server);
    ctx_free(world->cx);
    free(world);
    return 0;
}

static enum err request(struct world *world, enum feishu_endpoint endpoint,
    const char *const *query, int *code, cJSON **data)
{
    cJSON *body = json_object(world->cx->arena);
    cJSON_AddStringToObject(body, "summary", "x");
    const struct feishu_endpoint_row *row = feishu_endpoint_row(endpoint);
    struct feishu_call call = {.endpoint = endpoint,
        .user = &world->user,
        .args = {"feishu.cn_a@group.calendar.feishu.cn", "u/1_0"},
        .query = query,
        .body = strcmp(row->method, "GET") == 0 ? NULL : body,
        .priority = row->retry == FEISHU_RETRY_READ ? FEISHU_READ : FEISHU_WRITE};
    return server_settled(
        world->server, feishu_request(world->cx, world->feishu, &call, code, data));
}

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

static void a_429_waits_for_its_reset_header(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server,
        {.status = 429,
            .body = "{\"code\":99991400,\"msg\":\"limit\"}",
            .header = "x-ogw-ratelimit-reset",
            .value = "1"},
        {.status = 200, .body = OK_EVENT});
    int64_t start_ms = ctx_monotonic_ms(world->cx);
    assert_ok(world->cx, request(world, FEISHU_ATTENDEE_CREATE, NULL, NULL, &data));
    assert_true(ctx_monotonic_ms(world->cx) - start_ms >= 1000);
    assert_int_equal(world->server->n_seen, 2);
    assert_int_equal(world->cx->retry_after_s, 0);
}

static void a_reset_behind_the_deadline_is_told_and_not_waited_for(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server,
        {.status = 429,
            .body = "{\"code\":99991400,\"msg\":\"limit\"}",
            .header = "x-ogw-ratelimit-reset",
            .value = "40"});
    int64_t start_ms = ctx_monotonic_ms(world->cx);
    assert_err(world->cx, ERR_UPSTREAM_BUSY,
        request(world, FEISHU_EVENT_PATCH, NULL, NULL, &data));
    assert_true(ctx_monotonic_ms(world->cx) - start_ms < 5000);
    assert_int_equal(world->cx->retry_after_s, 40);
    /* The pause is the method's: the next call is not even sent. */
    assert_err(world->cx, ERR_UPSTREAM_BUSY,
        request(world, FEISHU_EVENT_PATCH, NULL, NULL, &data));
    assert_int_equal(world->server->n_seen, 1);
}

static void contention_is_backed_off_from_and_repeated(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server,
        {.status = 429, .body = "{\"code\":190010,\"msg\":\"x\"}"},
        {.status = 429, .body = "{\"code\":190004,\"msg\":\"x\"}"},
        {.status = 200, .body = OK_EVENT});
    int64_t start_ms = ctx_monotonic_ms(world->cx);
    assert_ok(world->cx, request(world, FEISHU_CALENDAR_CREATE, NULL, NULL, &data));
    assert_true(ctx_monotonic_ms(world->cx) - start_ms >= 750);
    assert_int_equal(world->server->n_seen, 3);
}

static void a_read_survives_a_server_fault_and_a_cut_connection(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server,
        {.status = 500, .body = "{\"code\":190003,\"msg\":\"x\"}"}, {.status = 0},
        {.status = 200, .body = OK_EVENT});
    assert_ok(world->cx, request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    SERVER_SCRIPT(world->server,
        {.status = 502, .type = "text/html", .body = "bad gateway"},
        {.status = 200, .body = OK_EVENT});
    assert_ok(world->cx, request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
}

static void a_read_that_keeps_failing_is_down(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(
        world->server, {.status = 500, .body = "{\"code\":190003,\"msg\":\"x\"}"});
    assert_err(world->cx, ERR_UPSTREAM_DOWN,
        request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    assert_int_equal(world->server->n_seen, 3);
}

static void a_cut_write_without_a_key_is_unknown_and_reaches_the_server_once(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server, {.status = 200, .body = OK_EVENT}, {.status = 0},
        {.status = 200, .body = OK_EVENT});
    /* A kept connection is there: libcurl would repeat on it by itself. */
    assert_ok(world->cx, request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    assert_err(world->cx, ERR_UPSTREAM_UNKNOWN,
        request(world, FEISHU_ATTENDEE_CREATE, NULL, NULL, &data));
    assert_int_equal(world->server->n_seen, 2);
    SERVER_SCRIPT(
        world->server, {.status = 500, .body = "{\"code\":190003,\"msg\":\"x\"}"});
    assert_err(world->cx, ERR_UPSTREAM_UNKNOWN,
        request(world, FEISHU_EVENT_CREATE, NULL, NULL, &data));
    assert_int_equal(world->server->n_seen, 1);
}

static void a_cut_create_with_a_key_is_repeated_with_the_same_key(void **state)
{
    static const char *const query[] = {
        "idempotency_key", "0ec1e0a6-8a4e-4f0e-9d0b-0123456789ab", NULL};
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server, {.status = 0}, {.status = 200, .body = OK_EVENT});
    assert_ok(world->cx, request(world, FEISHU_EVENT_CREATE, query, NULL, &data));
    assert_int_equal(world->server->n_seen, 2);
    assert_string_equal(world->server->seen[0].query, world->server->seen[1].query);
    assert_string_equal(world->server->seen[0].body, world->server->seen[1].body);
}

static void a_limit_takes_no_earlier_doubt_back(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server, {.status = 0},
        {.status = 429,
            .body = "{\"code\":99991400,\"msg\":\"limit\"}",
            .header = "x-ogw-ratelimit-reset",
            .value = "100"});
    assert_err(world->cx, ERR_UPSTREAM_UNKNOWN,
        request(world, FEISHU_EVENT_DELETE, NULL, NULL, &data));
}

static void a_repeated_delete_that_finds_nothing_is_gone(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server, {.status = 0},
        {.status = 403, .body = "{\"code\":193003,\"msg\":\"event is deleted\"}"});
    assert_err(world->cx, ERR_UPSTREAM_GONE,
        request(world, FEISHU_EVENT_DELETE, NULL, NULL, &data));
}

static void a_write_to_nobody_is_known_not_to_have_happened(void **state)
{
    struct world *world = *state;
    cJSON *data;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, never listening */
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    char url[64];
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    feishu_free(world->feishu);
    world->feishu = client_for(world->cx, url, 5);
    assert_err(world->cx, ERR_UPSTREAM_DOWN,
        request(world, FEISHU_ATTENDEE_CREATE, NULL, NULL, &data));
    assert_int_equal(world->cx->upstream_calls, 3);
    close(fd);
}

static void a_silent_server_ends_with_the_deadline(void **state)
{
    struct world *world = *state;
    cJSON *data;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* takes connections, answers nothing */
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    char url[64];
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", (unsigned)ntohs(address.sin_port));
    feishu_free(world->feishu);
    world->feishu = client_for(world->cx, url, 30);
    int64_t start_ms = ctx_monotonic_ms(world->cx);
    world->cx->deadline_ms = start_ms + 400;
    assert_err(world->cx, ERR_UPSTREAM_UNKNOWN,
        request(world, FEISHU_EVENT_PATCH, NULL, NULL, &data));
    int64_t took_ms = ctx_monotonic_ms(world->cx) - start_ms;
    assert_in_range(took_ms, 300, 3000);
    close(fd);
}

static void a_reply_over_64_mb_is_refused(void **state)
{
    struct world *world = *state;
    cJSON *data;
    world->cx->deadline_ms = ctx_monotonic_ms(world->cx) + 20000;
    SERVER_SCRIPT(world->server,
        {.status = 200,
            .body = OK_EVENT,
            .chunked = true,
            .padding_bytes = 65u * 1024 * 1024});
    assert_err(world->cx, ERR_UPSTREAM_DOWN,
        request(world, FEISHU_EVENT_GET, NULL, NULL, &data));
    assert_non_null(strstr(ctx_error(world->cx), "too large"));
}

static void a_stopped_client_sends_nothing_more(void **state)
{
    struct world *world = *state;
    cJSON *data;
    SERVER_SCRIPT(world->server, {.status = 200, .body = OK_EVENT});
    feishu_stop(world->feishu);
    assert_err(world->cx, ERR_UPSTREAM_DOWN,
        request(world, FEISHU_EVENT_PATCH, NULL, NULL, &data));
    assert_int_equal(world->server->n_seen, 0);
}

static void a_missing_id_is_our_own_mistake(void **state)
{
    struct world *world = *state;
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_GET, .user = &world->user, .args = {"cal", ""}};
    cJSON *data;
    assert_err(world->cx, ERR_INTERNAL,
        feishu_request(world->cx, world->feishu, &call, NULL, &data));
}

static void pages_are_followed_whatever_shape_the_lists_have(void **state)
{
    static const char *const query[] = {"page_size", "50", "sync_token", "s-old", NULL};
    struct world *world = *state;
    struct feishu_pages pages;
    struct feishu_call call = {.endpoint = FEISHU_EVENT_LIST,
        .user = &world->user,
        .args = {"cal"},
        .query = query,
        .priority = FEISHU_READ};
    const cJSON *page = NULL;
    int sizes[4], n = 0;
    SERVER_SCRIPT(world->server,
        {.status = 200,
            .body = "{\"code\":0,\"data\":{\"has_more\":true,\"page_token\":\"p1\","
                    "\"items\":[{\"event_id\":\"a_0\"},{\"event_id\":\"b_0\"}]}}"},
        {.status = 200,
            .body = "{\"code\":0,\"data\":{\"has_more\":true,\"page_token\":\"p2\","
                    "\"items\":null}}"},
        {.status = 200,
            .body = "{\"code\":0,\"data\":{\"has_more\":true,\"page_token\":\"p3\"}}"},
        {.status = 200,
            .body = "{\"code\":0,\"data\":{\"has_more\":false,\"page_token\":\"\","
                    "\"sync_token\":\"s-new\",\"items\":[]}}"});
    feishu_pages_start(&pages, world->feishu, &call, "items");
    for (;;) {
        assert_ok(world->cx,
            server_settled(world->server, feishu_pages_next(world->cx, &pages, &page)));
        if (!page)
            break;
        assert_true(n < 4);
        sizes[n++] = cJSON_GetArraySize(page);
    }
    assert_int_equal(n, 4);
    assert_int_equal(sizes[0], 2);
    assert_int_equal(sizes[1] + sizes[2] + sizes[3], 0);
    assert_string_equal(pages.sync_token, "s-new");
    assert_string_equal(world->server->seen[0].query, "page_size=50&sync_token=s-old");
    assert_string_equal(world->server->seen[1].query, "page_size=50&page_token=p1");
    assert_string_equal(world->server->seen[3].query, "page_size=50&page_token=p3");
}

static void both_tokens_are_sent_when_the_page_token_alone_is_refused(void **state)
{
    static const char *const query[] = {"sync_token", "s-old", NULL};
    struct world *world = *state;
    struct feishu_pages pages;
    struct feishu_call call = {.endpoint = FEISHU_EVENT_LIST,
        .user = &world->user,
        .args = {"cal"},
        .query = query,
        .priority = FEISHU_READ};
    const cJSON *page;
    SERVER_SCRIPT(world->server,
        {.status = 200,
            .body = "{\"code\":0,\"data\":{\"has_more\":true,\"page_token\":\"p1\"}}"},
        {.status = 400, .body = "{\"code\":190002,\"msg\":\"invalid parameters\"}"},
        {.status = 200, .body = "{\"code\":0,\"data\":{\"sync_token\":\"s\"}}"});
    feishu_pages_start(&pages, world->feishu, &call, "items");
    assert_ok(world->cx,
        server_settled(world->server, feishu_pages_next(world->cx, &pages, &page)));
    assert_ok(world->cx,
        server_settled(world->server, feishu_pages_next(world->cx, &pages, &page)));
    assert_string_equal(world->server->seen[2].query, "sync_token=s-old&page_token=p1");
    assert_true(pages.done);
}

static void more_without_a_token_is_an_error_and_no_endless_loop(void **state)
{
    struct world *world = *state;
    struct feishu_pages pages;
    struct feishu_call call = {.endpoint = FEISHU_CALENDAR_LIST, .user = &world->user};
    const cJSON *page;
    SERVER_SCRIPT(world->server,
        {.status = 200,
            .body = "{\"code\":0,\"data\":{\"has_more\":true,\"calendar_list\":[{}]}}"});
    feishu_pages_start(&pages, world->feishu, &call, "calendar_list");
    assert_err(world->cx, ERR_UPSTREAM_DOWN, feishu_pages_next(world->cx, &pages, &page));
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, with_world, without_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_call_is_made_as_the_table_says),
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
        WORLD_TEST(a_429_waits_for_its_reset_header),
        WORLD_TEST(a_reset_behind_the_deadline_is_told_and_not_waited_for),
        WORLD_TEST(contention_is_backed_off_from_and_repeated),
        WORLD_TEST(a_read_survives_a_server_fault_and_a_cut_connection),
        WORLD_TEST(a_read_that_keeps_failing_is_down),
        WORLD_TEST(a_cut_write_without_a_key_is_unknown_and_reaches_the_server_once),
        WORLD_TEST(a_cut_create_with_a_key_is_repeated_with_the_same_key),
        WORLD_TEST(a_limit_takes_no_earlier_doubt_back),
        WORLD_TEST(a_repeated_delete_that_finds_nothing_is_gone),
        WORLD_TEST(a_write_to_nobody_is_known_not_to_have_happened),
        WORLD_TEST(a_silent_server_ends_with_the_deadline),
        WORLD_TEST(a_reply_over_64_mb_is_refused),
        WORLD_TEST(a_stopped_client_sends_nothing_more),
        WORLD_TEST(a_missing_id_is_our_own_mistake),
        WORLD_TEST(pages_are_followed_whatever_shape_the_lists_have),
        WORLD_TEST(both_tokens_are_sent_when_the_page_token_alone_is_refused),
        WORLD_TEST(more_without_a_token_is_an_error_and_no_endless_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
