#include "bridge/rrule.h"
#include "bridge/rrule_parts.h"

#include "unit.h"

#define FRIDAY_S INT64_C(1795150800) /* 2026-11-20 13:00 in Shanghai, a Friday */

static bool same(struct ctx *cx, const char *a, const char *b)
{
    return rrule_same(cx, a, b, false, FRIDAY_S, zone_find("Asia/Shanghai"));
}

static bool same_dates(struct ctx *cx, const char *a, const char *b)
{
    return rrule_same(cx, a, b, true, INT64_C(1795132800), zone_utc());
}

static void order_case_prefix_and_defaults_do_not_matter(void **state)
{
    assert_true(
        same(*state, "FREQ=WEEKLY;INTERVAL=1;BYDAY=FR,MO", "byday=MO,FR;freq=weekly"));
    assert_true(same(*state, "RRULE:FREQ=DAILY", "FREQ=DAILY;INTERVAL=1;WKST=SU"));
    assert_true(same(*state, "FREQ=MONTHLY;BYDAY=+1FR", "FREQ=MONTHLY;BYDAY=1FR"));
    assert_true(
        same(*state, "FREQ=MONTHLY;BYMONTHDAY=1,1,2", "FREQ=MONTHLY;BYMONTHDAY=2,1"));
}

static void what_the_start_implies_may_be_left_out(void **state)
{
    assert_true(same(*state, "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=FR"));
    assert_true(same(*state, "FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=20"));
    assert_true(same(*state, "FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=20"));
    assert_false(same(*state, "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=SA"));
    assert_false(same(*state, "FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=21"));
}

static void different_rules_differ(void **state)
{
    assert_false(same(*state, "FREQ=DAILY", "FREQ=WEEKLY"));
    assert_false(same(*state, "FREQ=DAILY", "FREQ=DAILY;INTERVAL=2"));
    assert_false(same(*state, "FREQ=DAILY", "FREQ=DAILY;COUNT=3"));
    assert_false(same(
        *state, "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1"));
}

static void the_first_day_of_the_week_matters_only_where_weeks_are_counted(void **state)
{
    assert_true(
        same(*state, "FREQ=WEEKLY;BYDAY=MO,SU;WKST=SU", "FREQ=WEEKLY;BYDAY=MO,SU"));
    assert_false(same(*state, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU"));
    assert_true(same(*state, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU"));
}

static void an_until_is_the_last_day_with_an_occurrence(void **state)
{
    /* The end of the local day, the occurrence itself, and just before it. */
    assert_true(same(*state, "FREQ=DAILY;UNTIL=20261130T155959Z",
        "FREQ=DAILY;UNTIL=20261130T050000Z"));
    assert_true(same(*state, "FREQ=DAILY;UNTIL=20261130T045959Z",
        "FREQ=DAILY;UNTIL=20261129T050000Z"));
    assert_false(same(*state, "FREQ=DAILY;UNTIL=20261130T045959Z",
        "FREQ=DAILY;UNTIL=20261130T050000Z"));
    /* Of the wrong type: a date, or local time. */
    assert_true(
        same(*state, "FREQ=DAILY;UNTIL=20261130", "FREQ=DAILY;UNTIL=20261130T155959Z"));
    assert_true(same(
        *state, "FREQ=DAILY;UNTIL=20261130T130000", "FREQ=DAILY;UNTIL=20261130T155959Z"));
    assert_true(same_dates(
        *state, "FREQ=DAILY;UNTIL=20261130", "FREQ=DAILY;UNTIL=20261130T155959Z"));
}

static void a_count_equals_the_until_of_its_last_occurrence(void **state)
{
    assert_true(same(*state, "FREQ=DAILY;COUNT=11", "FREQ=DAILY;UNTIL=20261130T155959Z"));
    assert_false(
        same(*state, "FREQ=DAILY;COUNT=12", "FREQ=DAILY;UNTIL=20261130T155959Z"));
    assert_true(same_dates(*state, "FREQ=DAILY;COUNT=11", "FREQ=DAILY;UNTIL=20261130"));
    assert_true(same(*state, "FREQ=MONTHLY;BYDAY=3FR;COUNT=2",
        "FREQ=MONTHLY;BYDAY=3FR;UNTIL=20261218T155959Z"));
}

static void an_unreadable_end_is_no_end_of_another_kind(void **state)
{
    assert_false(same(*state, "FREQ=DAILY;UNTIL=soon", "FREQ=DAILY"));
    assert_false(same(*state, "FREQ=DAILY;COUNT=0", "FREQ=DAILY"));
}

static const char *readable(struct ctx *cx, const char *text)
{
    static const struct civil start = {.year = 2026, .month = 11, .day = 20, .hour = 13};
    return rrule_readable(cx, text, &start, false);
}

static void only_the_parts_that_nobody_could_read_are_left_out(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(
        readable(cx, "freq=weekly;byday=FR;COUNT=2"), "FREQ=WEEKLY;BYDAY=FR;COUNT=2");
    assert_string_equal(
        readable(cx, "FREQ=WEEKLY;;YDAY=FR;COUNT=2;x"), "FREQ=WEEKLY;COUNT=2");
    assert_string_equal(readable(cx, "FREQ=WEEKLY;NTERVAL=2;BYDAY=FR;UNTIL=2026\xb5T"),
        "FREQ=WEEKLY;BYDAY=FR");
    assert_string_equal(
        readable(cx, "COUNT=3;UNTIL=20270101;FREQ=DAILY"), "FREQ=DAILY;COUNT=3");
    assert_null(readable(cx, "FREQ=FORTNIGHTLY;COUNT=3"));
    assert_null(readable(cx, "nonsense"));
    assert_null(readable(cx, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(order_case_prefix_and_defaults_do_not_matter),
        CTX_TEST(what_the_start_implies_may_be_left_out),
        CTX_TEST(different_rules_differ),
        CTX_TEST(the_first_day_of_the_week_matters_only_where_weeks_are_counted),
        CTX_TEST(an_until_is_the_last_day_with_an_occurrence),
        CTX_TEST(a_count_equals_the_until_of_its_last_occurrence),
        CTX_TEST(an_unreadable_end_is_no_end_of_another_kind),
        CTX_TEST(only_the_parts_that_nobody_could_read_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
