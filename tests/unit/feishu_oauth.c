#include "feishu/oauth.h"

#include "base/url.h"
#include "feishu_server.h"

#define TOKENS                                                                           \
    "{\"code\":0,\"access_token\":\"eyJa\",\"expires_in\":7200,\"refresh_token\":"       \
    "\"eyJr\","                                                                          \
    "\"refresh_token_expires_in\":604800,\"token_type\":\"Bearer\","                     \
    "\"scope\":\"calendar:calendar offline_access\"}"
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define PAGE_404                                                                         \
    {                                                                                    \
        .status = 404, .type = "text/plain", .body = "404 page not found"                \
    }

struct world {
    struct server *server;
    struct feishu *feishu;
    struct still still;
    struct seam seam;
    struct ctx *cx;
};

static int64_t real_monotonic(void *self)
{
    (void)self;
    return seam_system()->monotonic_ms(NULL);
}

static void renew_client(struct world *world, const char *token_path)
{
    struct feishu_options options = {.base_url = world->server->url,
        .accounts_url = world->server->url,
        .token_path = token_path,
        .app_id = "cli_x",
        .app_secret = secret_new(world->cx->arena, "s&cret"),
        .rate_per_second = 50,
        .rate_per_minute = 1000,
        .timeout_s = 5};
    feishu_free(world->feishu);
    world->feishu = feishu_new(&options);
}

static int with_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->still.wall_ms = 1700000000000;
    world->seam = still_seam(&world->still);
    world->seam.monotonic_ms = real_monotonic;
    world->cx = ctx_new(&world->seam);
    world->server = server_start();
    renew_client(world, NULL);
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

static enum err exchange(struct world *world, struct feishu_tokens *tokens)
{
    return server_settled(world->server,
        oauth_exchange(world->cx, world->feishu, "c0de", "http://127.0.0.1/cb?x=1",
            VERIFIER, tokens));
}

static enum err refresh(struct world *world, struct feishu_tokens *tokens)
{
    return server_settled(
        world->server, oauth_refresh(world->cx, world->feishu, "eyJr", tokens));
}

static void the_authorize_url_has_all_parts_and_the_challenge_of_rfc_7636(void **state)
{
    struct world *world = *state;
    struct feishu_options options = {.base_url = "https://open.feishu.cn",
        .accounts_url = "https://accounts.feishu.cn",
        .app_id = "cli_x",
        .timeout_s = 5};
    struct feishu *feishu = feishu_new(&options);
    assert_string_equal(
        oauth_authorize_url(world->cx, feishu, "https://cal.example/oauth/callback",
            "calendar:calendar offline_access", "st-1", VERIFIER),
        "https://accounts.feishu.cn/open-apis/authen/v1/authorize?client_id=cli_x"
        "&response_type=code&redirect_uri=https%3A%2F%2Fcal.example%2Foauth%2Fcallback"
        "&scope=calendar%3Acalendar%20offline_access&state=st-1"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        "&code_challenge_method=S256");
    feishu_free(feishu);
}

static void a_code_is_exchanged_at_v3_with_a_form(void **state)
{
    struct world *world = *state;
    struct feishu_tokens tokens;
    SERVER_SCRIPT(world->server, {.status = 200, .body = TOKENS});
    assert_ok(world->cx, exchange(world, &tokens));
    const struct server_seen *seen = &world->server->seen[0];
    assert_string_equal(seen->path, "/oauth/v3/token");
    assert_string_equal(seen->type, "application/x-www-form-urlencoded");
    assert_string_equal(seen->body,
        "grant_type=authorization_code&client_id=cli_x&client_secret=s%26cret&code=c0de"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb%3Fx%3D1&code_verifier=" VERIFIER);
    assert_string_equal(seen->authorization, "");
    assert_string_equal(tokens.access_token, "eyJa");
    assert_string_equal(tokens.refresh_token, "eyJr");
    assert_int_equal(tokens.access_expires_s, 1700007200);
    assert_int_equal(tokens.refresh_expires_s, 1700604800);
    assert_string_equal(tokens.scope, "calendar:calendar offline_access");
}

static void a_missing_refresh_token_is_told(void **state)
{
    struct world *world = *state;
    struct feishu_tokens tokens;
    SERVER_SCRIPT(world->server,
        {.status = 200,
            .body = "{\"code\":\"0\",\"access_token\":\"a\",\"expires_in\":\"60\"}"});
    assert_ok(world->cx, exchange(world, &tokens));
    assert_string_equal(tokens.refresh_token, "");
    assert_int_equal(tokens.refresh_expires_s, 0);
    assert_int_equal(tokens.access_expires_s, 1700000060);
}

static void a_host_without_v3_is_asked_in_v2_from_then_on(void **state)
{
    struct world *world = *state;
    struct feishu_tokens tokens;
    SERVER_SCRIPT(world->server, PAGE_404, {.status = 200, .body = TOKENS});
    assert_ok(world->cx, exchange(world, &tokens));
    assert_ok(world->cx, refresh(world, &tokens));
    const struct server_seen *seen = world->server->seen;
    assert_int_equal(world->server->n_seen, 3);
    assert_string_equal(seen[0].path, "/oauth/v3/token");
    assert_string_equal(seen[1].path, "/open-apis/authen/v2/oauth/token");
    assert_string_equal(seen[1].type, "application/json; charset=utf-8");
    assert_non_null(strstr(seen[1].body, "\"code\":\"c0de\""));
    assert_string_equal(seen[2].path, "/open-apis/authen/v2/oauth/token");
    assert_non_null(strstr(seen[2].body, "\"refresh_token\":\"eyJr\""));
}

static void a_configured_path_chooses_host_and_form(void **state)
{
    static const struct {
        const char *option, *path, *type;
    } rows[] = {
        {"/open-apis/authen/v2/oauth/token", "/open-apis/authen/v2/oauth/token",
            "application/json; charset=utf-8"},
        {"/oauth/v4/token", "/oauth/v4/token", "application/x-www-form-urlencoded"},
        {NULL, "/whole/url", "application/x-www-form-urlencoded"},
    };
    struct world *world = *state;
    struct feishu_tokens tokens;
    for (size_t i = 0; i < 3; i++) {
        renew_client(world,
            rows[i].option
                ? rows[i].option
                : arena_printf(world->cx->arena, "%s/whole/url", world->server->url));
        SERVER_SCRIPT(world->server, {.status = 200, .body = TOKENS});
        assert_ok(world->cx, exchange(world, &tokens));
        assert_string_equal(world->server->seen[0].path, rows[i].path);
        assert_string_equal(world->server->seen[0].type, rows[i].type);
    }
    SERVER_SCRIPT(world->server, PAGE_404);
    assert_err(world->cx, ERR_UPSTREAM_APP, exchange(world, &tokens));
    assert_int_equal(world->server->n_seen, 1);
}

static void a_used_code_means_start_again(void **state)
{
    struct world *world = *state;
    struct feishu_tokens tokens;
    SERVER_SCRIPT(world->server,
        {.status = 400,
            .body = "{\"code\":20065,\"error\":\"invalid_grant\",\"error_description\":"
                    "\"used\"}"});
    assert_err(world->cx, ERR_UPSTREAM_REFUSED, exchange(world, &tokens));
    assert_non_null(strstr(ctx_error(world->cx), "20065"));
    assert_non_null(strstr(ctx_error(world->cx), "used"));
    assert_null(strstr(ctx_error(world->cx), "c0de"));
}

static void a_wrong_secret_is_the_administrators_matter(void **state)
{
    struct world *world = *state;
    struct feishu_tokens tokens;
    SERVER_SCRIPT(world->server,
        {.status = 400, .body = "{\"code\":20002,\"error\":\"invalid_client\"}"});
    assert_err(world->cx, ERR_UPSTREAM_APP, exchange(world, &tokens));
}

static void a_dead_refresh_token_asks_for_sign_in(void **state)
{
    static const char *const bodies[] = {"{\"code\":20026}", "{\"code\":20037}",
        "{\"code\":20064}", "{\"code\":20073}", "{\"error\":\"invalid_grant\"}"};
    struct world *world = *state;
    struct feishu_tokens tokens;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        SERVER_SCRIPT(world->server, {.status = 400, .body = bodies[i]});
        assert_err(world->cx, ERR_UPSTREAM_SIGN_IN, refresh(world, &tokens));
        assert_int_equal(world->server->n_seen, 1);
    }
}

static void a_refresh_that_was_cut_is_unknown_and_sent_once(void **state)
{
    struct world *world = *state;
    struct feishu_tokens tokens;
    SERVER_SCRIPT(world->server, {.status = 0}, {.status = 200, .body = TOKENS});
    assert_err(world->cx, ERR_UPSTREAM_UNKNOWN, refresh(world, &tokens));
    assert_int_equal(world->server->n_seen, 1);
    SERVER_SCRIPT(world->server, {.status = 500, .body = "{\"code\":20050}"});
    assert_err(world->cx, ERR_UPSTREAM_UNKNOWN, refresh(world, &tokens));
    assert_int_equal(world->server->n_seen, 1);
}

static void a_revocation_may_answer_nothing(void **state)
{
    struct world *world = *state;
    SERVER_SCRIPT(world->server, {.status = 200, .type = "text/plain", .body = ""});
    assert_ok(world->cx,
        server_settled(world->server, oauth_revoke(world->cx, world->feishu, "eyJr")));
    assert_string_equal(world->server->seen[0].path, "/oauth/v1/revoke");
    assert_string_equal(
        world->server->seen[0].body, "token=eyJr&client_id=cli_x&client_secret=s%26cret");
}

static void user_info_is_read_with_the_given_token(void **state)
{
    struct world *world = *state;
    struct feishu_me me;
    SERVER_SCRIPT(world->server,
        {.status = 200,
            .body = "{\"code\":0,\"data\":{\"open_id\":\"ou_1\",\"name\":\"Ann\","
                    "\"email\":\"ann@example.com\",\"union_id\":null}}"});
    assert_ok(world->cx,
        server_settled(
            world->server, oauth_user_info(world->cx, world->feishu, "eyJa", &me)));
    assert_string_equal(world->server->seen[0].authorization, "Bearer eyJa");
    assert_string_equal(me.open_id, "ou_1");
    assert_string_equal(me.email, "ann@example.com");
    assert_string_equal(me.union_id, "");
    assert_string_equal(me.enterprise_email, "");
    SERVER_SCRIPT(world->server, {.status = 200, .body = "{\"code\":99991677}"});
    assert_err(world->cx, ERR_UPSTREAM_SIGN_IN,
        oauth_user_info(world->cx, world->feishu, "eyJa", &me));
    SERVER_SCRIPT(world->server, {.status = 200, .body = "{\"code\":20022}"});
    assert_err(world->cx, ERR_UPSTREAM_SIGN_IN,
        oauth_user_info(world->cx, world->feishu, "eyJa", &me));
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, with_world, without_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_authorize_url_has_all_parts_and_the_challenge_of_rfc_7636),
        WORLD_TEST(a_code_is_exchanged_at_v3_with_a_form),
        WORLD_TEST(a_missing_refresh_token_is_told),
        WORLD_TEST(a_host_without_v3_is_asked_in_v2_from_then_on),
        WORLD_TEST(a_configured_path_chooses_host_and_form),
        WORLD_TEST(a_used_code_means_start_again),
        WORLD_TEST(a_wrong_secret_is_the_administrators_matter),
        WORLD_TEST(a_dead_refresh_token_asks_for_sign_in),
        WORLD_TEST(a_refresh_that_was_cut_is_unknown_and_sent_once),
        WORLD_TEST(a_revocation_may_answer_nothing),
        WORLD_TEST(user_info_is_read_with_the_given_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
