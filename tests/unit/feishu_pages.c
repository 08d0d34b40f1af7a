/* Listings in pages. */
#include "feishu_client_unit.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(pages_are_followed_whatever_shape_the_lists_have),
        WORLD_TEST(both_tokens_are_sent_when_the_page_token_alone_is_refused),
        WORLD_TEST(more_without_a_token_is_an_error_and_no_endless_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
