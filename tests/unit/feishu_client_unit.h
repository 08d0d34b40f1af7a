/* A client of Feishu in front of a server that answers by a script. */
#ifndef TESTS_UNIT_FEISHU_CLIENT_UNIT_H
#define TESTS_UNIT_FEISHU_CLIENT_UNIT_H

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
static inline void zero_random(void *self, void *out, size_t len_bytes)
{
    (void)self;
    memset(out, 0, len_bytes);
}

static inline enum err user_token(
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

static inline struct feishu_options options_for(
    struct ctx *cx, const char *url, long timeout_s)
{
    return (struct feishu_options){.base_url = url,
        .accounts_url = url,
        .app_id = "cli_x",
        .app_secret = secret_new(cx->arena, "s3cret"),
        .rate_per_second = 50,
        .rate_per_minute = 1000,
        .timeout_s = timeout_s};
}

static inline struct feishu *client_for(struct ctx *cx, const char *url, long timeout_s)
{
    struct feishu_options options = options_for(cx, url, timeout_s);
    return feishu_new(&options);
}

static inline int with_world(void **state)
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

static inline int without_world(void **state)
{
    struct world *world = *state;
    feishu_free(world->feishu);
    server_stop(world->server);
    ctx_free(world->cx);
    free(world);
    return 0;
}

static inline enum err request(struct world *world, enum feishu_endpoint endpoint,
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

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, with_world, without_world)

#endif
