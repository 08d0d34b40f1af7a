#include "feishu/longconn.h"

#include "feishu_server.h"
#include "feishu/websocket.h"

/* Plays speak the whole protocol with the simulator; here is what refuses to begin. */

struct world {
    struct ctx *cx;
    struct server *server;
    struct feishu *feishu;
    struct longconn *longconn;
    struct longconn_handler handler;
    int downs, downs_max;
};

static void on_up(void *self, struct ctx *cx)
{
    (void)self;
    (void)cx;
    fail_msg("there is no connection");
}

static void on_down(void *self, struct ctx *cx, const char *why)
{
    struct world *world = self;
    (void)cx;
    assert_non_null(why);
    if (++world->downs >= world->downs_max)
        longconn_stop(world->longconn);
}

static enum err on_message(void *self, struct ctx *cx, const char *json, size_t len_bytes)
{
    (void)self;
    (void)json;
    (void)len_bytes;
    return fail(cx, ERR_INTERNAL, "there is no message");
}

static int with_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->cx = ctx_new(NULL);
    world->server = server_start();
    world->feishu = feishu_new(&(struct feishu_options){
        .base_url = world->server->url,
        .accounts_url = world->server->url,
        .app_id = "cli_a",
        .app_secret = secret_new(world->cx->arena, "the secret"),
        .rate_per_second = 50,
        .rate_per_minute = 1000,
        .timeout_s = 5,
    });
    world->longconn = longconn_new(world->feishu);
    world->handler = (struct longconn_handler){
        .up = on_up, .down = on_down, .message = on_message, .self = world};
    world->downs_max = 1;
    *state = world;
    return 0;
}

static int without_world(void **state)
{
    struct world *world = *state;
    longconn_free(world->longconn);
    feishu_free(world->feishu);
    server_stop(world->server);
    ctx_free(world->cx);
    free(world);
    return 0;
}

static enum err run(struct world *world)
{
    return server_settled(
        world->server, longconn_run(world->cx, world->longconn, &world->handler));
}

static void the_bootstrap_sends_the_credentials(void **state)
{
    struct world *world = *state;
    SERVER_SCRIPT(
        world->server, {.status = 200, .body = "{\"code\":403,\"msg\":\"no\"}"});
    assert_err(world->cx, ERR_UPSTREAM_APP, run(world));
    const struct server_seen *seen = &world->server->seen[0];
    assert_string_equal(seen->method, "POST");
    assert_string_equal(seen->path, "/callback/ws/endpoint");
    assert_string_equal(seen->body, "{\"AppID\":\"cli_a\",\"AppSecret\":\"the secret\"}");
    assert_null(strstr(ctx_error(world->cx), "the secret"));
}

static void codes_that_mean_stop_end_the_attempts(void **state)
{
    static const char *const bodies[] = {
        "{\"code\":403,\"msg\":\"forbidden\",\"data\":{}}",
        "{\"code\":514,\"msg\":\"auth failed\",\"data\":null}",
        "{\"code\":1000040344}",
        "{\"code\":1000040350,\"msg\":\"too many\"}",
        "{\"code\":99,\"msg\":\"not listed\"}",
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        SERVER_SCRIPT(world->server, {.status = 200, .body = bodies[i]});
        assert_err(world->cx, ERR_UPSTREAM_APP, run(world));
    }
    assert_int_equal(world->downs, 0);
}

/* The handler stops it after the first failure: that it was called shows that another
 * attempt would have followed. */
static void is_tried_again(struct world *world, struct server_step step)
{
    SERVER_SCRIPT(world->server, step);
    assert_ok(world->cx, run(world));
    assert_int_equal(world->downs, 1);
}

static void a_busy_server_is_asked_again(void **state)
{
    is_tried_again(*state, (struct server_step){.status = 200, .body = "{\"code\":1}"});
}

static void an_internal_error_is_asked_again(void **state)
{
    is_tried_again(
        *state, (struct server_step){.status = 200, .body = "{\"code\":1000040343}"});
}

static void another_http_status_is_asked_again(void **state)
{
    is_tried_again(*state, (struct server_step){.status = 502, .body = "{\"code\":403}"});
}

static void a_cut_connection_is_asked_again(void **state)
{
    is_tried_again(*state, (struct server_step){.status = 0});
}

static void no_json_is_asked_again(void **state)
{
    is_tried_again(*state, (struct server_step){.status = 200, .body = "<html>"});
}

static void an_address_without_service_is_not_followed(void **state)
{
    is_tried_again(*state,
        (struct server_step){.status = 200,
            .body = "{\"code\":0,\"data\":{\"URL\":\"ws://127.0.0.1:1/ws/v2?a=b\"}}"});
    struct world *world = *state;
    assert_int_equal(world->server->n_seen, 1);
}

static void a_page_of_another_kind_is_no_websocket(void **state)
{
    struct world *world = *state;
    struct websocket *ws;
    struct websocket_refusal refusal;
    struct transport *transport = transport_new();
    struct websocket_options options = {
        .transport = transport,
        .url = arena_printf(
            world->cx->arena, "ws%s/ws?x=1", world->server->url + strlen("http")),
        .wake_fd = -1,
        .timeout_ms = 5000,
    };
    SERVER_SCRIPT(world->server,
        {.status = 200, .body = "hello", .header = "Handshake-Status", .value = "403"});
    assert_err(
        world->cx, ERR_UPSTREAM_DOWN, websocket_open(world->cx, &options, &ws, &refusal));
    assert_int_equal(refusal.status, 200);
    assert_int_equal(refusal.handshake_status, 403);
    assert_int_equal(refusal.auth_code, 0);
    options.url = "gopher://127.0.0.1/";
    assert_err(
        world->cx, ERR_UPSTREAM_DOWN, websocket_open(world->cx, &options, &ws, &refusal));
    assert_int_equal(refusal.status, 0);
    transport_free(transport);
}

/* The example of RFC 6455 section 1.3. */
static void the_key_of_the_handshake_is_answered_as_published(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(websocket_accept(cx->arena, "dGhlIHNhbXBsZSBub25jZQ=="),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, with_world, without_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_bootstrap_sends_the_credentials),
        WORLD_TEST(codes_that_mean_stop_end_the_attempts),
        WORLD_TEST(a_busy_server_is_asked_again),
        WORLD_TEST(an_internal_error_is_asked_again),
        WORLD_TEST(another_http_status_is_asked_again),
        WORLD_TEST(a_cut_connection_is_asked_again),
        WORLD_TEST(no_json_is_asked_again),
        WORLD_TEST(an_address_without_service_is_not_followed),
        WORLD_TEST(a_page_of_another_kind_is_no_websocket),
        CTX_TEST(the_key_of_the_handshake_is_answered_as_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
