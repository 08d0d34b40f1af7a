/* What is waited for, what is repeated, and what ends. */
#include "feishu_client_unit.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
