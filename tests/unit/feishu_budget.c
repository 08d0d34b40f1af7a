#include "feishu/budget.h"

#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define METHOD FEISHU_EVENT_LIST

/* Read by several threads. */
struct clock {
    _Atomic int64_t monotonic_ms;
};

struct world {
    struct clock clock;
    struct seam seam;
    struct ctx *cx;
};

static int64_t clock_ms(void *self)
{
    return ((struct clock *)self)->monotonic_ms;
}

static int with_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->clock.monotonic_ms = 1000000;
    world->seam = *seam_system();
    world->seam.monotonic_ms = clock_ms;
    world->seam.self = &world->clock;
    world->cx = ctx_new(&world->seam);
    *state = world;
    return 0;
}

static int without_world(void **state)
{
    struct world *world = *state;
    ctx_free(world->cx);
    free(world);
    return 0;
}

/* Takes as many as go without waiting. */
static int take_all(
    struct world *world, struct budget *budget, enum feishu_priority priority)
{
    int n = 0;
    while (budget_take(world->cx, budget, METHOD, priority, world->clock.monotonic_ms) ==
        ERR_OK)
        n++;
    return n;
}

static void no_second_holds_more_than_allowed(void **state)
{
    struct world *world = *state;
    struct budget *budget = budget_new(50, 1000);
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 50);
    world->clock.monotonic_ms += 999;
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 0);
    world->clock.monotonic_ms += 1;
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 50);
    budget_free(budget);
}

static void no_minute_holds_more_than_allowed(void **state)
{
    struct world *world = *state;
    struct budget *budget = budget_new(50, 1000);
    int n = 0;
    for (int second = 0; second < 60; second++, world->clock.monotonic_ms += 1000)
        n += take_all(world, budget, FEISHU_READ);
    assert_int_equal(n, 1000);
    assert_int_equal(take_all(world, budget, FEISHU_READ), 50);
    budget_free(budget);
}

static void a_backfill_leaves_a_fifth_to_the_others(void **state)
{
    struct world *world = *state;
    struct budget *budget = budget_new(50, 1000);
    assert_int_equal(take_all(world, budget, FEISHU_BACKFILL), 40);
    assert_int_equal(take_all(world, budget, FEISHU_READ), 10);
    int n = 50;
    for (int second = 0; second < 59; second++) {
        world->clock.monotonic_ms += 1000;
        n += take_all(world, budget, FEISHU_BACKFILL);
    }
    assert_int_equal(n, 800);
    budget_free(budget);
}

static void polls_leave_a_fifth_to_what_somebody_waits_for(void **state)
{
    struct world *world = *state;
    struct budget *budget = budget_new(50, 1000);
    assert_int_equal(take_all(world, budget, FEISHU_POLL), 40);
    assert_int_equal(take_all(world, budget, FEISHU_BACKFILL), 0);
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 10);
    budget_free(budget);
}

static void methods_have_budgets_of_their_own(void **state)
{
    struct world *world = *state;
    struct budget *budget = budget_new(2, 1000);
    int64_t now_ms = world->clock.monotonic_ms;
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 2);
    assert_ok(world->cx,
        budget_take(world->cx, budget, FEISHU_EVENT_GET, FEISHU_WRITE, now_ms));
    budget_free(budget);
}

static void a_method_with_a_lower_bound_keeps_it(void **state)
{
    struct world *world = *state;
    struct budget *budget = budget_new(50, 1000);
    int64_t now_ms = world->clock.monotonic_ms;
    for (int i = 0; i < 5; i++)
        assert_ok(world->cx,
            budget_take(
                world->cx, budget, FEISHU_USER_BASIC_BATCH, FEISHU_WRITE, now_ms));
    assert_err(world->cx, ERR_UPSTREAM_BUSY,
        budget_take(world->cx, budget, FEISHU_USER_BASIC_BATCH, FEISHU_WRITE, now_ms));
    budget_free(budget);
}

static void a_turn_behind_the_deadline_fails_at_once_and_says_when(void **state)
{
    struct world *world = *state;
    struct budget *budget = budget_new(50, 50);
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 50);
    assert_err(world->cx, ERR_UPSTREAM_BUSY,
        budget_take(
            world->cx, budget, METHOD, FEISHU_WRITE, world->clock.monotonic_ms + 25000));
    assert_int_equal(world->cx->retry_after_s, 60);
    assert_int_equal(budget_waiting(budget, METHOD), 0);
    budget_free(budget);
}

static void a_pause_holds_everybody(void **state)
{
    struct world *world = *state;
    struct budget *budget = budget_new(50, 1000);
    budget_pause(budget, METHOD, world->clock.monotonic_ms + 3000);
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 0);
    world->clock.monotonic_ms += 3000;
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 50);
    budget_free(budget);
}

struct taker {
    struct world *world;
    struct budget *budget;
    enum feishu_priority priority;
    int64_t payer;
    atomic_int *order;
    int place;
    enum err err;
    pthread_t thread;
};

static void *run_taker(void *self)
{
    struct taker *taker = self;
    struct ctx *cx = ctx_new(&taker->world->seam);
    cx->payer = taker->payer;
    taker->err = budget_take(cx, taker->budget, METHOD, taker->priority,
        taker->world->clock.monotonic_ms + 600000);
    if (taker->err == ERR_OK)
        taker->place = atomic_fetch_add(taker->order, 1) + 1;
    ctx_free(cx);
    return NULL;
}

static void start_taker(struct taker *taker, unsigned waiting_then)
{
    pthread_create(&taker->thread, NULL, run_taker, taker);
    while (budget_waiting(taker->budget, METHOD) < waiting_then)
        sched_yield();
}

/* One call a second: who waits, and in which place each of them is let through. */
struct waiting {
    enum feishu_priority priority;
    int64_t payer;
    int place;
};

static void let_through(struct world *world, const struct waiting *list, unsigned n)
{
    struct budget *budget = budget_new(1, 1000);
    atomic_int order = 0;
    struct taker takers[8];
    assert_in_range(n, 1, 8);
    world->cx->payer = 1;
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 1);
    for (unsigned i = 0; i < n; i++) {
        takers[i] = (struct taker){.world = world,
            .budget = budget,
            .priority = list[i].priority,
            .payer = list[i].payer,
            .order = &order};
        start_taker(&takers[i], i + 1);
    }
    for (int done = 0; done < (int)n; done++) {
        assert_int_equal(order, done);
        world->clock.monotonic_ms += 1000;
        while (order == done) {
            budget_wake(budget);
            sched_yield();
        }
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(takers[i].thread, NULL);
        assert_int_equal(takers[i].err, ERR_OK);
        assert_int_equal(takers[i].place, list[i].place);
    }
    budget_free(budget);
}

static void waiting_writes_go_before_reads_before_polls_before_backfills(void **state)
{
    static const struct waiting list[] = {{FEISHU_BACKFILL, 0, 5}, {FEISHU_POLL, 0, 4},
        {FEISHU_READ, 0, 2}, {FEISHU_READ, 0, 3}, {FEISHU_WRITE, 0, 1}};
    let_through(*state, list, 5);
}

static void accounts_that_wait_take_turns(void **state)
{
    static const struct waiting list[] = {{FEISHU_BACKFILL, 1, 3},
        {FEISHU_BACKFILL, 1, 5}, {FEISHU_BACKFILL, 1, 6}, {FEISHU_BACKFILL, 2, 1},
        {FEISHU_BACKFILL, 2, 4}, {FEISHU_BACKFILL, 3, 2}};
    let_through(*state, list, 6);
}

static void an_account_that_waits_for_the_first_time_waits_for_nobodys_backlog(
    void **state)
{
    static const struct waiting list[] = {{FEISHU_POLL, 1, 2}, {FEISHU_POLL, 1, 3},
        {FEISHU_POLL, 1, 4}, {FEISHU_POLL, 1, 5}, {FEISHU_POLL, 7, 1}};
    let_through(*state, list, 5);
}

static void turns_do_not_put_a_backfill_before_a_write(void **state)
{
    static const struct waiting list[] = {
        {FEISHU_BACKFILL, 2, 3}, {FEISHU_WRITE, 1, 1}, {FEISHU_WRITE, 1, 2}};
    let_through(*state, list, 3);
}

static void a_stop_ends_every_wait(void **state)
{
    struct world *world = *state;
    struct budget *budget = budget_new(1, 1000);
    atomic_int order = 0;
    assert_int_equal(take_all(world, budget, FEISHU_WRITE), 1);
    struct taker taker = {.world = world, .budget = budget, .order = &order};
    start_taker(&taker, 1);
    budget_stop(budget);
    pthread_join(taker.thread, NULL);
    assert_int_equal(taker.err, ERR_UPSTREAM_DOWN);
    assert_false(budget_sleep(budget, 60000));
    budget_free(budget);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, with_world, without_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(no_second_holds_more_than_allowed),
        WORLD_TEST(no_minute_holds_more_than_allowed),
        WORLD_TEST(a_backfill_leaves_a_fifth_to_the_others),
        WORLD_TEST(methods_have_budgets_of_their_own),
        WORLD_TEST(a_method_with_a_lower_bound_keeps_it),
        WORLD_TEST(a_turn_behind_the_deadline_fails_at_once_and_says_when),
        WORLD_TEST(a_pause_holds_everybody),
        WORLD_TEST(polls_leave_a_fifth_to_what_somebody_waits_for),
        WORLD_TEST(waiting_writes_go_before_reads_before_polls_before_backfills),
        WORLD_TEST(accounts_that_wait_take_turns),
        WORLD_TEST(an_account_that_waits_for_the_first_time_waits_for_nobodys_backlog),
        WORLD_TEST(turns_do_not_put_a_backfill_before_a_write),
        WORLD_TEST(a_stop_ends_every_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
