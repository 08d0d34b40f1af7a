#include "bridge/bridge_internal.h"

#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#define NAME "ada@example.com"

/* A bridge without a Feishu app on a store of its own, in a world that stands still. */
struct world {
    struct still still;
    struct seam seam;
    struct ctx *cx;
    struct conf conf;
    struct bridge *bridge;
    char dir[64];
    int64_t account_id;
    char *password;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->still = (struct still){.wall_ms = 1795000000000, .monotonic_ms = 1000};
    world->seam = still_seam(&world->still);
    world->cx = ctx_new(&world->seam);
    snprintf(world->dir, sizeof(world->dir), "/tmp/bridge_account.XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    world->conf.store.path = arena_printf(world->cx->arena, "%s/store", world->dir);
    world->conf.store.key_file = arena_printf(world->cx->arena, "%s/key", world->dir);
    world->conf.server.base_url = "http://127.0.0.1:1";
    assert_ok(world->cx, bridge_open(world->cx, &world->conf, &world->bridge));
    struct account account = {.name = NAME, .open_id = "ou_ada", .display_name = "Ada"};
    assert_ok(world->cx, store_account_save(world->cx, world->bridge->store, &account));
    world->account_id = account.id;
    assert_ok(world->cx,
        account_password_new(
            world->cx, world->bridge, account.id, "play", &world->password, NULL));
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    static const char *const files[] = {
        "store", "store-wal", "store-shm", "store.lock", "key", NULL};
    bridge_close(world->bridge);
    for (size_t i = 0; files[i]; i++)
        unlink(arena_printf(world->cx->arena, "%s/%s", world->dir, files[i]));
    rmdir(world->dir);
    ctx_free(world->cx);
    free(world);
    return 0;
}

static enum err try(
    struct world *world, const char *name, const char *password, const char *peer)
{
    int64_t id = 0;
    enum err err =
        account_authenticate(world->cx, world->bridge, name, password, peer, &id);
    if (!err)
        assert_int_equal(id, world->account_id);
    return err;
}

static void a_password_is_160_bits_in_groups_and_the_store_has_only_a_digest(void **state)
{
    struct world *world = *state;
    struct password *list;
    size_t n;
    assert_int_equal(strlen(world->password), 32 + 3);
    assert_int_equal(strspn(world->password, "abcdefghijklmnopqrstuvwxyz234567-"), 35);
    assert_ok(world->cx,
        store_passwords(world->cx, world->bridge->store, world->account_id, &list, &n));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].label, "play");
}

static void a_label_is_one_line(void **state)
{
    struct world *world = *state;
    char *password, *long_one = arena_alloc(world->cx->arena, 202);
    memset(long_one, 'a', 201);
    const char *const wrong[] = {"a\x1b[2J", "a\nb", "\xff", long_one};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_err(world->cx, ERR_BAD_REQUEST,
            account_password_new(world->cx, world->bridge, world->account_id, wrong[i],
                &password, NULL));
    assert_ok(world->cx,
        account_password_new(world->cx, world->bridge, world->account_id, long_one + 1,
            &password, NULL));
}

static void the_right_password_opens_however_it_is_grouped(void **state)
{
    struct world *world = *state;
    char *plain = arena_strdup(world->cx->arena, world->password), *to = plain;
    for (const char *at = world->password; *at; at++)
        if (*at != '-')
            *to++ = (char)(*at >= 'a' ? *at - 32 : *at);
    *to = 0;
    for (int i = 0; i < 2; i++) { /* the second time from the cache */
        assert_ok(world->cx, try(world, NAME, world->password, "192.0.2.1"));
        assert_ok(world->cx, try(world, NAME, plain, "192.0.2.1"));
        assert_ok(world->cx, try(world, "ADA@example.com", plain, "192.0.2.1"));
    }
}

static void wrong_names_and_passwords_are_refused_alike(void **state)
{
    struct world *world = *state;
    char *first, *second;
    assert_err(world->cx, ERR_UNAUTHORIZED, try(world, NAME, "wrong", "192.0.2.1"));
    first = arena_strdup(world->cx->arena, ctx_error(world->cx));
    assert_err(world->cx, ERR_UNAUTHORIZED,
        try(world, "nobody@example.com", world->password, "192.0.2.1"));
    second = arena_strdup(world->cx->arena, ctx_error(world->cx));
    assert_string_equal(first, second);
    char *long_one = arena_alloc(world->cx->arena, 100001);
    memset(long_one, 'a', 100000);
    assert_err(world->cx, ERR_UNAUTHORIZED, try(world, NAME, long_one, "192.0.2.1"));
    assert_err(world->cx, ERR_UNAUTHORIZED, try(world, NAME, "", "192.0.2.1"));
}

static void a_revoked_password_is_worthless_at_once_though_it_was_cached(void **state)
{
    struct world *world = *state;
    struct password *list;
    size_t n;
    assert_ok(world->cx, try(world, NAME, world->password, "192.0.2.1"));
    assert_ok(world->cx,
        store_passwords(world->cx, world->bridge->store, world->account_id, &list, &n));
    assert_ok(world->cx,
        account_password_revoke(world->cx, world->bridge, world->account_id, list[0].id));
    assert_err(
        world->cx, ERR_UNAUTHORIZED, try(world, NAME, world->password, "192.0.2.1"));
}

static void guesses_from_one_address_are_throttled_and_forgiven(void **state)
{
    struct world *world = *state;
    enum err err = ERR_UNAUTHORIZED;
    int tries = 0;
    for (; err == ERR_UNAUTHORIZED && tries < 1000; tries++)
        err = try(world, NAME, "guess", "192.0.2.1");
    assert_err(world->cx, ERR_THROTTLED, err);
    assert_true(tries > 5 && tries < 50);
    assert_true(world->cx->retry_after_s > 0);
    /* A new device behind the same address waits, one elsewhere does not. */
    assert_err(world->cx, ERR_THROTTLED, try(world, NAME, world->password, "192.0.2.1"));
    assert_ok(world->cx, try(world, NAME, world->password, "192.0.2.2"));
    /* What has been verified goes on working. */
    assert_ok(world->cx, try(world, NAME, world->password, "192.0.2.1"));
    world->still.wall_ms += 1000 * (int64_t)(world->cx->retry_after_s + 301);
    assert_err(world->cx, ERR_UNAUTHORIZED, try(world, NAME, "guess", "192.0.2.1"));
}

static void one_customer_cannot_guess_from_a_whole_ipv6_network(void **state)
{
    struct world *world = *state;
    enum err err = ERR_UNAUTHORIZED;
    for (int i = 1; err == ERR_UNAUTHORIZED && i < 50; i++)
        err = try(world, NAME, "guess",
            arena_printf(world->cx->arena, "2001:db8:1:2::%x", (unsigned)i));
    assert_err(world->cx, ERR_THROTTLED, err);
    assert_err(world->cx, ERR_UNAUTHORIZED, try(world, NAME, "guess", "2001:db8:1:3::1"));
}

static void guesses_of_one_user_from_many_addresses_are_throttled(void **state)
{
    struct world *world = *state;
    enum err err = ERR_UNAUTHORIZED;
    for (int i = 1; err == ERR_UNAUTHORIZED && i < 250; i++)
        err = try(world, NAME, "guess", arena_printf(world->cx->arena, "192.0.2.%d", i));
    assert_err(world->cx, ERR_THROTTLED, err);
    assert_err(
        world->cx, ERR_UNAUTHORIZED, try(world, "bob@example.com", "x", "198.51.100.1"));
}

static enum err check(struct world *world, const char *cookie)
{
    int64_t id;
    return account_session_check(world->cx, world->bridge, cookie, &id);
}

static void a_session_ends_with_its_sign_out_and_all_end_together(void **state)
{
    struct world *world = *state;
    struct ctx *cx = world->cx;
    char *cookies[4];
    for (size_t i = 0; i < 4; i++)
        assert_ok(
            cx, account_session_new(cx, world->bridge, world->account_id, &cookies[i]));
    assert_ok(cx, account_session_end(cx, world->bridge, cookies[1]));
    assert_ok(cx, account_session_end(cx, world->bridge, "unknown"));
    assert_ok(cx, account_session_end(cx, world->bridge, ""));
    assert_err(cx, ERR_UNAUTHORIZED, check(world, cookies[1]));
    assert_ok(cx, check(world, cookies[0]));
    assert_ok(cx, account_sessions_end(cx, world->bridge, world->account_id));
    for (size_t i = 0; i < 4; i++)
        assert_err(cx, ERR_UNAUTHORIZED, check(world, cookies[i]));
}

static void who_starts_sign_ins_without_end_waits_and_who_finishes_them_does_not(
    void **state)
{
    struct world *world = *state;
    struct ctx *cx = world->cx;
    for (int i = 0; i < 200; i++) {
        assert_ok(cx, account_login_allow(cx, world->bridge, "192.0.2.1"));
        account_login_good(cx, world->bridge, "192.0.2.1");
    }
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < 200; i++)
        err = account_login_allow(cx, world->bridge, "192.0.2.1");
    assert_err(cx, ERR_THROTTLED, err);
    assert_true(cx->retry_after_s > 0);
    assert_ok(cx, account_login_allow(cx, world->bridge, "192.0.2.2"));
    world->still.wall_ms += 301 * 1000;
    assert_ok(cx, account_login_allow(cx, world->bridge, "192.0.2.1"));
    world->still.wall_ms -= 86400 * 1000; /* a clock that was set back punishes nobody */
    assert_ok(cx, account_login_allow(cx, world->bridge, "192.0.2.1"));
}

static void a_session_lasts_twelve_hours_and_cannot_be_altered(void **state)
{
    struct world *world = *state;
    struct ctx *cx = world->cx;
    char *cookie, *altered;
    int64_t id = 0;
    assert_ok(cx, account_session_new(cx, world->bridge, world->account_id, &cookie));
    assert_ok(cx, account_session_check(cx, world->bridge, cookie, &id));
    assert_int_equal(id, world->account_id);
    altered = arena_strdup(cx->arena, cookie);
    altered[strlen(altered) / 2] ^= 1;
    assert_err(
        cx, ERR_UNAUTHORIZED, account_session_check(cx, world->bridge, altered, &id));
    assert_err(cx, ERR_UNAUTHORIZED, account_session_check(cx, world->bridge, "", &id));
    world->still.wall_ms += 12LL * 3600 * 1000;
    assert_err(
        cx, ERR_UNAUTHORIZED, account_session_check(cx, world->bridge, cookie, &id));
}

static void without_an_app_signing_in_says_what_to_configure(void **state)
{
    struct world *world = *state;
    char *url, *login;
    assert_err(world->cx, ERR_UPSTREAM_APP,
        account_login_start(world->cx, world->bridge, NULL, &url, &login));
    assert_non_null(strstr(ctx_error(world->cx), "feishu.app-id"));
}

int main(void)
{
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_password_is_160_bits_in_groups_and_the_store_has_only_a_digest),
        WORLD_TEST(a_label_is_one_line),
        WORLD_TEST(the_right_password_opens_however_it_is_grouped),
        WORLD_TEST(wrong_names_and_passwords_are_refused_alike),
        WORLD_TEST(a_revoked_password_is_worthless_at_once_though_it_was_cached),
        WORLD_TEST(guesses_from_one_address_are_throttled_and_forgiven),
        WORLD_TEST(one_customer_cannot_guess_from_a_whole_ipv6_network),
        WORLD_TEST(guesses_of_one_user_from_many_addresses_are_throttled),
        WORLD_TEST(a_session_lasts_twelve_hours_and_cannot_be_altered),
        WORLD_TEST(a_session_ends_with_its_sign_out_and_all_end_together),
        WORLD_TEST(
            who_starts_sign_ins_without_end_waits_and_who_finishes_them_does_not),
        WORLD_TEST(without_an_app_signing_in_says_what_to_configure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
