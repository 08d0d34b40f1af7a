#include "feishu/retry.h"

#include "unit.h"

static void low_random(void *self, void *out, size_t len_bytes)
{
    (void)self;
    memset(out, 0, len_bytes);
}

static void high_random(void *self, void *out, size_t len_bytes)
{
    (void)self;
    memset(out, 0xff, len_bytes);
}

static struct ctx *ctx_with(
    struct seam *seam, struct still *still, void (*random)(void *, void *, size_t))
{
    *seam = still_seam(still);
    seam->random = random;
    return ctx_new(seam);
}

static void pauses_double_from_half_a_second_to_ten(void **state)
{
    static const int64_t most_ms[] = {500, 1000, 2000, 4000, 8000, 10000, 10000};
    struct still still = {.monotonic_ms = 5000};
    struct seam low, high;
    struct ctx *least = ctx_with(&low, &still, low_random);
    struct ctx *most = ctx_with(&high, &still, high_random);
    (void)state;
    for (int try = 1; try <= 7; try++) {
        assert_int_equal(retry_pause_ms(most, try, -1), most_ms[try - 1]);
        assert_int_equal(retry_pause_ms(least, try, -1), most_ms[try - 1] / 2);
    }
    ctx_free(least);
    ctx_free(most);
}

static void a_named_reset_is_waited_for_in_full(void **state)
{
    struct still still = {.monotonic_ms = 5000};
    struct seam low;
    struct ctx *cx = ctx_with(&low, &still, low_random);
    (void)state;
    assert_int_equal(retry_pause_ms(cx, 1, 7), 7000);
    assert_int_equal(retry_pause_ms(cx, 1, 0), 250);
    ctx_free(cx);
}

static void limits_are_tried_five_times_whatever_the_call(void **state)
{
    struct reply limit = {
        .kind = ERR_UPSTREAM_BUSY, .rule = CODE_WAIT, .status = 429, .sent = true};
    (void)state;
    assert_true(retry_allowed(&limit, FEISHU_RETRY_ONCE, 4));
    assert_false(retry_allowed(&limit, FEISHU_RETRY_ONCE, 5));
    assert_true(retry_allowed(&limit, FEISHU_RETRY_READ, 4));
}

static void an_uncertain_write_is_repeated_only_when_that_is_harmless(void **state)
{
    struct reply cut = {.kind = ERR_UPSTREAM_UNKNOWN, .rule = CODE_UNSURE, .sent = true};
    struct reply fault = {.kind = ERR_UPSTREAM_UNKNOWN,
        .rule = CODE_UNSURE,
        .status = 500,
        .code = 190003,
        .sent = true};
    (void)state;
    assert_false(retry_allowed(&cut, FEISHU_RETRY_ONCE, 1));
    assert_false(retry_allowed(&fault, FEISHU_RETRY_ONCE, 1));
    assert_true(retry_allowed(&cut, FEISHU_RETRY_REPEATABLE, 1));
    assert_true(retry_allowed(&fault, FEISHU_RETRY_READ, 1));
    assert_false(retry_allowed(&fault, FEISHU_RETRY_READ, 3));
}

static void what_never_left_may_be_sent_again_by_anybody(void **state)
{
    struct reply down = {.kind = ERR_UPSTREAM_DOWN, .rule = CODE_UNSURE};
    (void)state;
    assert_true(retry_allowed(&down, FEISHU_RETRY_ONCE, 1));
    assert_false(retry_allowed(&down, FEISHU_RETRY_ONCE, 3));
}

static void refusals_and_tokens_are_not_repeated(void **state)
{
    struct reply refused = {
        .kind = ERR_UPSTREAM_REFUSED, .rule = CODE_FINAL, .status = 400};
    struct reply token = {
        .kind = ERR_UPSTREAM_SIGN_IN, .rule = CODE_TOKEN, .status = 401};
    (void)state;
    assert_false(retry_allowed(&refused, FEISHU_RETRY_READ, 1));
    assert_false(retry_allowed(&token, FEISHU_RETRY_READ, 1));
}

static void a_write_ends_within_25_s_and_any_call_within_the_deadline(void **state)
{
    struct still still = {.monotonic_ms = 5000};
    struct seam low;
    struct ctx *cx = ctx_with(&low, &still, low_random);
    (void)state;
    assert_int_equal(retry_until_ms(cx, FEISHU_RETRY_ONCE, FEISHU_WRITE), 30000);
    assert_int_equal(retry_until_ms(cx, FEISHU_RETRY_REPEATABLE, FEISHU_WRITE), 30000);
    assert_int_equal(retry_until_ms(cx, FEISHU_RETRY_READ, FEISHU_READ), 65000);
    assert_int_equal(retry_until_ms(cx, FEISHU_RETRY_READ, FEISHU_BACKFILL), 305000);
    cx->deadline_ms = 6000;
    assert_int_equal(retry_until_ms(cx, FEISHU_RETRY_READ, FEISHU_BACKFILL), 6000);
    ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_from_half_a_second_to_ten),
        cmocka_unit_test(a_named_reset_is_waited_for_in_full),
        cmocka_unit_test(limits_are_tried_five_times_whatever_the_call),
        cmocka_unit_test(an_uncertain_write_is_repeated_only_when_that_is_harmless),
        cmocka_unit_test(what_never_left_may_be_sent_again_by_anybody),
        cmocka_unit_test(refusals_and_tokens_are_not_repeated),
        cmocka_unit_test(a_write_ends_within_25_s_and_any_call_within_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
