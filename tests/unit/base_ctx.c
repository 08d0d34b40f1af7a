#include "base/ctx.h"

#include "unit.h"

static void a_failure_is_recorded_and_returned(void **state)
{
    struct ctx *cx = *state;
    assert_int_equal(cx->err, ERR_OK);
    assert_string_equal(ctx_error(cx), "no error");
    assert_int_equal(
        fail(cx, ERR_UID_CONFLICT, "uid %s is at %d", "abc", 7), ERR_UID_CONFLICT);
    assert_int_equal(cx->err, ERR_UID_CONFLICT);
    assert_string_equal(ctx_error(cx), "uid abc is at 7");
}

static void a_failure_may_quote_the_one_before(void **state)
{
    struct ctx *cx = *state;
    fail(cx, ERR_IO, "disk on fire");
    fail(cx, ERR_STORE, "cannot open: %s", ctx_error(cx));
    assert_string_equal(ctx_error(cx), "cannot open: disk on fire");
}

static void a_kind_without_text_speaks_for_itself(void **state)
{
    struct ctx *cx = *state;
    cx->err = ERR_NOT_FOUND;
    assert_string_equal(ctx_error(cx), "not found");
}

static void every_kind_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
        assert_string_not_equal(err_name((enum err)kind), "?");
        assert_true(strlen(err_text((enum err)kind)) > 3);
    }
    assert_string_equal(err_name(ERR_UPSTREAM_SYNC_TOKEN), "UPSTREAM_SYNC_TOKEN");
    assert_string_equal(err_name(ERR_KIND_COUNT), "?");
    assert_string_equal(err_name((enum err)-1), "?");
}

static enum err step(struct ctx *cx, enum err outcome, int *reached)
{
    TRY(outcome);
    (void)cx;
    *reached += 1;
    return ERR_OK;
}

static void try_returns_the_error_and_nothing_else(void **state)
{
    int reached = 0;
    assert_int_equal(step(*state, ERR_GONE, &reached), ERR_GONE);
    assert_int_equal(reached, 0);
    assert_int_equal(step(*state, ERR_OK, &reached), ERR_OK);
    assert_int_equal(reached, 1);
}

static void a_reset_clears_everything_but_arena_and_seam(void **state)
{
    (void)state;
    struct still still = {.wall_ms = 5000};
    struct seam seam = still_seam(&still);
    struct ctx *cx = ctx_new(&seam);
    char id[sizeof(cx->id)];
    memcpy(id, cx->id, sizeof(id));
    for (int i = 0; i < 100; i++)
        fail(cx, ERR_IO, "%500d", i);
    cx->deadline_ms = 7;
    cx->retry_after_s = 7;
    cx->upstream_calls = 7;
    ctx_reset(cx);
    assert_int_equal(cx->err, ERR_OK);
    assert_null(cx->err_text);
    assert_int_equal(cx->deadline_ms, 0);
    assert_int_equal(cx->retry_after_s, 0);
    assert_int_equal(cx->upstream_calls, 0);
    assert_string_not_equal(cx->id, id);
    assert_int_equal(ctx_now_s(cx), 5);
    ctx_free(cx);
}

static void ids_are_unique(void **state)
{
    struct ctx *one = *state, *two = ctx_new(NULL);
    assert_int_equal(strlen(one->id), 10);
    assert_string_not_equal(one->id, two->id);
    ctx_free(two);
}

static void time_comes_through_the_seam(void **state)
{
    (void)state;
    struct still still = {.wall_ms = 1999, .monotonic_ms = 300};
    struct seam seam = still_seam(&still);
    struct ctx *cx = ctx_new(&seam);
    assert_int_equal(ctx_now_ms(cx), 1999);
    assert_int_equal(ctx_now_s(cx), 1);
    assert_int_equal(ctx_monotonic_ms(cx), 300);
    still.wall_ms = -1;
    assert_int_equal(ctx_now_s(cx), -1);
    ctx_free(cx);
}

static void time_left_never_falls_below_nothing(void **state)
{
    (void)state;
    struct still still = {.monotonic_ms = 300};
    struct seam seam = still_seam(&still);
    struct ctx *cx = ctx_new(&seam);
    assert_int_equal(ctx_left_ms(cx, 99), 99);
    cx->deadline_ms = 1000;
    assert_int_equal(ctx_left_ms(cx, 99), 700);
    still.monotonic_ms = 1000;
    assert_int_equal(ctx_left_ms(cx, 99), 0);
    still.monotonic_ms = 5000;
    assert_int_equal(ctx_left_ms(cx, 99), 0);
    ctx_free(cx);
}

static void the_system_has_a_clock_and_randomness(void **state)
{
    struct ctx *cx = *state;
    unsigned char a[16] = {0}, b[16] = {0};
    assert_true(ctx_now_s(cx) > 1700000000);
    int64_t before_ms = ctx_monotonic_ms(cx);
    assert_true(ctx_monotonic_ms(cx) >= before_ms);
    cx->seam->random(cx->seam->self, a, sizeof(a));
    cx->seam->random(cx->seam->self, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_failure_is_recorded_and_returned),
        CTX_TEST(a_failure_may_quote_the_one_before),
        CTX_TEST(a_kind_without_text_speaks_for_itself),
        CTX_TEST(every_kind_has_a_name_and_a_text),
        CTX_TEST(try_returns_the_error_and_nothing_else),
        cmocka_unit_test(a_reset_clears_everything_but_arena_and_seam),
        CTX_TEST(ids_are_unique),
        cmocka_unit_test(time_comes_through_the_seam),
        cmocka_unit_test(time_left_never_falls_below_nothing),
        CTX_TEST(the_system_has_a_clock_and_randomness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
