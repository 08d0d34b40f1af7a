/* When calendars are looked at, by itself and over hours of a clock that is moved by
 * hand, against the real rate budget. */
#include "bridge/poll.h"

#include "feishu/budget.h"

#include "unit.h"

#include <stdlib.h>

#define BASE_MS 120000
#define NOW_S 1800000000
#define RATE 1000
#define SHARE (RATE * POLL_SHARE_PERCENT / 100)
#define HOUR_S 3600
#define DAY_S 86400
#define LONGEST_MS ((int64_t)BASE_MS * POLL_IDLE_FACTOR_MAX * POLL_COST_FACTOR_MAX)

static int64_t factor(int64_t interest_ago_s, int64_t changed_ago_s, bool told)
{
    struct poll_facts facts = {
        .interest_s = interest_ago_s < 0 ? 0 : NOW_S - interest_ago_s,
        .changed_s = changed_ago_s < 0 ? 0 : NOW_S - changed_ago_s,
        .cost = 100,
        .told = told};
    int64_t interval_ms = poll_interval_ms(BASE_MS, &facts, NOW_S);
    assert_int_equal(interval_ms % BASE_MS, 0);
    assert_true(interval_ms <= LONGEST_MS);
    return interval_ms / BASE_MS;
}

static void what_a_client_looks_at_is_polled_at_the_set_interval(void **state)
{
    (void)state;
    assert_int_equal(factor(0, -1, false), 1);
    assert_int_equal(factor(POLL_ACTIVE_S, -1, false), 1);
    assert_int_equal(factor(10, 10, false), 1);
}

static void the_longer_nobody_looked_the_less_it_is_polled(void **state)
{
    (void)state;
    assert_int_equal(factor(POLL_ACTIVE_S + 1, 2 * DAY_S, false), 4);
    assert_int_equal(factor(2 * DAY_S, 2 * DAY_S, false), 8);
    assert_int_equal(factor(30 * DAY_S, 2 * DAY_S, false), 16);
    assert_int_equal(factor(-1, 2 * DAY_S, false), 16);
}

static void what_changes_is_polled_more_than_what_does_not(void **state)
{
    (void)state;
    assert_int_equal(factor(HOUR_S, 60, false), 2);
    assert_int_equal(factor(-1, 60, false), 8);
    assert_int_equal(factor(-1, 30 * DAY_S, false), POLL_IDLE_FACTOR_MAX);
    assert_int_equal(factor(-1, -1, false), POLL_IDLE_FACTOR_MAX);
}

static void what_feishu_tells_of_is_polled_rarely(void **state)
{
    (void)state;
    assert_int_equal(factor(0, 0, true), POLL_TOLD_FACTOR);
    assert_int_equal(factor(HOUR_S, 60, true), 2 * POLL_TOLD_FACTOR);
    assert_int_equal(factor(-1, -1, true), POLL_IDLE_FACTOR_MAX);
}

static void a_dear_calendar_is_polled_less(void **state)
{
    (void)state;
    struct poll_facts facts = {.interest_s = NOW_S, .changed_s = NOW_S, .cost = 300};
    assert_int_equal(poll_interval_ms(BASE_MS, &facts, NOW_S), 3 * BASE_MS);
    facts.cost = 100000;
    assert_int_equal(
        poll_interval_ms(BASE_MS, &facts, NOW_S), POLL_COST_FACTOR_MAX * BASE_MS);
    facts.cost = 0;
    assert_int_equal(poll_interval_ms(BASE_MS, &facts, NOW_S), BASE_MS);
    assert_int_equal(poll_calls(&facts, BASE_MS, false, false), 100);
    facts.cost = 300;
    assert_int_equal(poll_calls(&facts, BASE_MS, true, false),
        300 + 100 * BASE_MS / (1000 * POLL_SHARES_S));
    assert_int_equal(poll_calls(&facts, 1000LL * DAY_S, true, false), 400);
}

static void intervals_stretch_only_when_all_do_not_fit(void **state)
{
    (void)state;
    struct poll list[4];
    for (size_t i = 0; i < 4; i++)
        list[i] = (struct poll){.interval_ms = 60000, .calls = 100};
    assert_int_equal(poll_stretch(list, 4, 4), 1000);
    assert_in_range(poll_stretch(list, 4, 2), 2000, 2001);
    list[0].calls = 500;
    assert_in_range(poll_stretch(list, 4, 2), 4000, 4001);
    assert_int_equal(poll_stretch(list, 0, 2), 1000);
}

static void the_purse_fills_with_time_and_only_so_far(void **state)
{
    (void)state;
    struct poll_purse purse = {0};
    poll_earn(&purse, 600, 5000);
    int64_t full = purse.credit;
    assert_int_equal(full, 100 * 600 / 6);
    purse.credit = 0;
    for (int64_t ms = 5000; ms <= 6000; ms += 7)
        poll_earn(&purse, 600, ms);
    assert_in_range(purse.credit, 980, 1000);
    poll_earn(&purse, 600, 1000000);
    assert_int_equal(purse.credit, full);
    poll_earn(&purse, 600, 500); /* a clock that went back */
    assert_int_equal(purse.credit, full);
}

static void what_waited_longest_for_its_own_kind_goes_first(void **state)
{
    (void)state;
    struct poll_purse purse = {.credit = 100, .at_ms = 1};
    struct poll list[] = {
        {.last_ms = 1000000, .interval_ms = 60000, .calls = 100},
        {.last_ms = 900000, .interval_ms = 600000, .calls = 100},
        {.last_ms = 1050000, .interval_ms = 20000, .calls = 100, .asleep = true},
        {.last_ms = 1050000, .interval_ms = 30000, .calls = 100},
        {.last_ms = 9000000, .interval_ms = 1200000, .calls = 100},
        {.last_ms = 1110900, .interval_ms = 600, .calls = 100}, /* this very second */
    };
    assert_int_equal(poll_release(list, 6, 1000, 1110000, &purse), 1);
    assert_true(list[3].released);
    purse.credit = 100000;
    assert_int_equal(poll_release(list, 6, 1000, 1110000, &purse), 3);
    assert_false(list[1].released); /* not due */
    assert_false(list[2].released);
    assert_true(list[4].released); /* noted by a clock that was wrong */
    assert_false(list[5].released);
}

/* ---- hours of a tenant ---- */

struct tenant {
    size_t users, calendars; /* of each */
    int active_percent;      /* users with a client at work */
    bool told;
    int hours;
    double longest_intervals; /* out: wait for a look, in its own stretched intervals */
    long most_per_minute;     /* out: of any sliding minute, cut in seconds */
    long per_hour;            /* out, on the average after the first hour */
    int64_t stretch;          /* out, at the end */
    int64_t longest_ms;       /* out: wait for a look */
    int64_t longest_turn_ms;  /* out: from being due and released to the look */
};

struct calendar_state {
    struct poll_facts facts;
    int64_t last_ms, released_ms;
};

/* Who is at work changes from hour to hour. */
static void live_on(struct tenant *tenant, struct calendar_state *all, int64_t now_s)
{
    for (size_t user = 0; user < tenant->users; user++) {
        bool active = (int)((user * 37 + (size_t)(now_s / HOUR_S) * 11) % 100) <
            tenant->active_percent;
        for (size_t i = 0; i < tenant->calendars; i++) {
            struct calendar_state *one = &all[user * tenant->calendars + i];
            if (active)
                one->facts.interest_s = now_s;
            if ((user + i + (size_t)(now_s / 600)) % 97 == 0)
                one->facts.changed_s = now_s;
        }
    }
}

static int64_t world_ms(void *self)
{
    return *(int64_t *)self;
}

struct counts {
    long seconds[60], all, most;
};

static void count(struct counts *counts, int64_t second, long calls)
{
    counts->seconds[second % 60] = calls;
    counts->all += calls;
    long sum = 0;
    for (size_t i = 0; i < 60; i++)
        sum += counts->seconds[i];
    if (sum > counts->most)
        counts->most = sum;
}

static void plan(
    struct tenant *tenant, struct calendar_state *all, struct poll *polls, int64_t now_ms)
{
    size_t n = tenant->users * tenant->calendars;
    for (size_t i = 0; i < n; i++) {
        struct poll_facts *facts = &all[i].facts;
        bool owned = i % tenant->calendars == 0, asleep = polls[i].released;
        int64_t interval_ms = poll_interval_ms(BASE_MS, facts, now_ms / 1000);
        polls[i] = (struct poll){.account_id = 1 + (int64_t)(i / tenant->calendars),
            .calendar_id = 1 + (int64_t)i,
            .last_ms = all[i].last_ms,
            .interval_ms = interval_ms,
            .calls = poll_calls(facts, interval_ms, owned, tenant->told),
            .asleep = asleep};
    }
    tenant->stretch = poll_stretch(polls, n, SHARE);
}

static void note_look(struct tenant *tenant, struct calendar_state *one,
    const struct poll *poll, int64_t now_ms)
{
    double wanted_ms = (double)poll->interval_ms * (double)tenant->stretch / 1000;
    int64_t waited_ms = one->last_ms ? now_ms - one->last_ms : 0;
    if ((double)waited_ms / wanted_ms > tenant->longest_intervals)
        tenant->longest_intervals = (double)waited_ms / wanted_ms;
    if (waited_ms > tenant->longest_ms)
        tenant->longest_ms = waited_ms;
    if (now_ms - one->released_ms > tenant->longest_turn_ms)
        tenant->longest_turn_ms = now_ms - one->released_ms;
    one->last_ms = now_ms;
}

/* Looks at what was released, as fast as the workers and the budget let it. Each second a
 * person writes, which must never wait. */
static long look(struct tenant *tenant, struct calendar_state *all, struct poll *polls,
    struct budget *budget, struct ctx *cx, int64_t now_ms)
{
    size_t n = tenant->users * tenant->calendars;
    long calls = 0;
    cx->payer = 7;
    assert_ok(cx, budget_take(cx, budget, FEISHU_EVENT_LIST, FEISHU_WRITE, now_ms));
    for (size_t i = 0; i < n; i++) {
        if (!polls[i].released)
            continue;
        cx->payer = polls[i].account_id;
        if (budget_take(cx, budget, FEISHU_EVENT_LIST, FEISHU_POLL, now_ms))
            break; /* in the next second */
        note_look(tenant, &all[i], &polls[i], now_ms);
        polls[i].released = false;
        calls++;
    }
    return calls + 1;
}

static void live(struct tenant *tenant)
{
    size_t n = tenant->users * tenant->calendars;
    struct calendar_state *all = calloc(n, sizeof(*all));
    struct poll *polls = calloc(n, sizeof(*polls)), *fresh = calloc(n, sizeof(*fresh));
    struct counts counts = {.all = 0};
    struct poll_purse purse = {0};
    int64_t now_ms = NOW_S * 1000LL, first_hour = 0;
    struct seam seam = *seam_system();
    seam.monotonic_ms = world_ms;
    seam.self = &now_ms;
    struct ctx *cx = ctx_new(&seam);
    struct budget *budget = budget_new(50, RATE);
    for (size_t i = 0; i < n; i++)
        all[i].facts = (struct poll_facts){.cost = 100, .told = tenant->told};
    for (int64_t second = 0; second < tenant->hours * (int64_t)HOUR_S; second++) {
        if (second % 60 == 0)
            live_on(tenant, all, now_ms / 1000);
        if (second % 10 == 0) {
            plan(tenant, all, polls, now_ms);
            poll_earn(&purse, SHARE, now_ms);
            /* What was released before and still waits stays so. */
            memcpy(fresh, polls, n * sizeof(*polls));
            poll_release(fresh, n, tenant->stretch, now_ms, &purse);
            for (size_t i = 0; i < n; i++) {
                polls[i].released = polls[i].asleep || fresh[i].released;
                if (fresh[i].released)
                    all[i].released_ms = now_ms;
            }
        }
        count(&counts, second, look(tenant, all, polls, budget, cx, now_ms));
        ctx_reset(cx);
        if (second == HOUR_S)
            first_hour = counts.all;
        now_ms += 1000;
    }
    tenant->most_per_minute = counts.most;
    tenant->per_hour =
        tenant->hours > 1 ? (counts.all - first_hour) / (tenant->hours - 1) : counts.all;
    for (size_t i = 0; i < n; i++)
        assert_true(now_ms - all[i].last_ms <= LONGEST_MS * tenant->stretch / 1000);
    budget_free(budget);
    ctx_free(cx);
    free(all);
    free(polls);
    free(fresh);
}

static void two_hundred_users_with_five_calendars_stay_inside_the_budget(void **state)
{
    (void)state;
    struct tenant tenant = {
        .users = 200, .calendars = 5, .active_percent = 100, .hours = 4};
    live(&tenant);
    assert_true(tenant.most_per_minute <= RATE);
    assert_true(tenant.longest_turn_ms <= 5000);
    assert_int_equal(tenant.stretch, 1000); /* they fit as they are */
    assert_true(tenant.longest_intervals < 1.5);
}

static void with_users_who_come_and_go_it_costs_less(void **state)
{
    (void)state;
    struct tenant some = {.users = 200, .calendars = 5, .active_percent = 30, .hours = 6};
    struct tenant all = {.users = 200, .calendars = 5, .active_percent = 100, .hours = 6};
    live(&some);
    live(&all);
    assert_true(some.most_per_minute <= RATE);
    assert_true(2 * some.per_hour < all.per_hour);
    assert_true(some.longest_ms <= BASE_MS * POLL_IDLE_FACTOR_MAX + 60000);
}

static void with_push_polls_are_rare(void **state)
{
    (void)state;
    struct tenant told = {
        .users = 200, .calendars = 5, .active_percent = 100, .told = true, .hours = 6};
    live(&told);
    /* Twice an hour each, and the writes. */
    assert_in_range(told.per_hour - HOUR_S, 1500, 2500);
    assert_true(told.longest_intervals < 1.5);
}

static void ten_times_as_many_share_what_there_is(void **state)
{
    (void)state;
    struct tenant tenant = {
        .users = 2000, .calendars = 5, .active_percent = 100, .hours = 3};
    live(&tenant);
    assert_true(tenant.most_per_minute <= RATE);
    assert_true(tenant.longest_turn_ms <= 5000);
    assert_true(tenant.stretch > 8000);
    assert_true(tenant.longest_intervals < 2.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_client_looks_at_is_polled_at_the_set_interval),
        cmocka_unit_test(the_longer_nobody_looked_the_less_it_is_polled),
        cmocka_unit_test(what_changes_is_polled_more_than_what_does_not),
        cmocka_unit_test(what_feishu_tells_of_is_polled_rarely),
        cmocka_unit_test(a_dear_calendar_is_polled_less),
        cmocka_unit_test(intervals_stretch_only_when_all_do_not_fit),
        cmocka_unit_test(the_purse_fills_with_time_and_only_so_far),
        cmocka_unit_test(what_waited_longest_for_its_own_kind_goes_first),
        cmocka_unit_test(two_hundred_users_with_five_calendars_stay_inside_the_budget),
        cmocka_unit_test(with_users_who_come_and_go_it_costs_less),
        cmocka_unit_test(with_push_polls_are_rare),
        cmocka_unit_test(ten_times_as_many_share_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
