#include "feishu/breaker.h"

#include "unit.h"

static void fail_often(struct breaker *breaker, int n, int64_t now_ms)
{
    for (int i = 0; i < n; i++) {
        assert_int_equal(breaker_wait_ms(breaker, now_ms), 0);
        breaker_note(breaker, false, now_ms);
    }
}

static void an_answer_between_failures_keeps_it_closed(void **state)
{
    struct breaker *breaker = breaker_new();
    (void)state;
    for (int i = 0; i < 5; i++) {
        fail_often(breaker, BREAKER_FAILURES - 1, 1000);
        breaker_note(breaker, true, 1000);
    }
    assert_int_equal(breaker_wait_ms(breaker, 1000), 0);
    breaker_free(breaker);
}

static void after_many_failures_in_a_row_one_call_tries_after_the_pause(void **state)
{
    struct breaker *breaker = breaker_new();
    int64_t now_ms = 1000 + BREAKER_PAUSE_FIRST_MS;
    (void)state;
    fail_often(breaker, BREAKER_FAILURES, 1000);
    assert_int_equal(breaker_wait_ms(breaker, 1000), BREAKER_PAUSE_FIRST_MS);
    assert_int_equal(breaker_wait_ms(breaker, now_ms - 1), 1);
    assert_int_equal(breaker_wait_ms(breaker, now_ms), 0);
    assert_int_equal(breaker_wait_ms(breaker, now_ms), BREAKER_PAUSE_FIRST_MS);
    breaker_note(breaker, true, now_ms);
    assert_int_equal(breaker_wait_ms(breaker, now_ms), 0);
    assert_int_equal(breaker_wait_ms(breaker, now_ms), 0);
    breaker_free(breaker);
}

static void failed_tries_double_the_pause_up_to_its_limit(void **state)
{
    struct breaker *breaker = breaker_new();
    int64_t now_ms = 1000, pause_ms = BREAKER_PAUSE_FIRST_MS;
    (void)state;
    fail_often(breaker, BREAKER_FAILURES, now_ms);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(breaker_wait_ms(breaker, now_ms), pause_ms);
        now_ms += pause_ms;
        assert_int_equal(breaker_wait_ms(breaker, now_ms), 0);
        breaker_note(breaker, false, now_ms);
        pause_ms =
            pause_ms * 2 > BREAKER_PAUSE_MAX_MS ? BREAKER_PAUSE_MAX_MS : pause_ms * 2;
    }
    breaker_free(breaker);
}

static void late_failures_do_not_lengthen_the_pause(void **state)
{
    struct breaker *breaker = breaker_new();
    (void)state;
    fail_often(breaker, BREAKER_FAILURES, 1000);
    for (int i = 0; i < 20; i++)
        breaker_note(breaker, false, 1100);
    assert_int_equal(breaker_wait_ms(breaker, 1000), BREAKER_PAUSE_FIRST_MS);
    breaker_free(breaker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_between_failures_keeps_it_closed),
        cmocka_unit_test(after_many_failures_in_a_row_one_call_tries_after_the_pause),
        cmocka_unit_test(failed_tries_double_the_pause_up_to_its_limit),
        cmocka_unit_test(late_failures_do_not_lengthen_the_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
