#include "bridge/job.h"

#include "unit.h"

#include <stdlib.h>

#define A 11
#define B 12
#define C 13
#define LONG_MAX 2

struct world {
    struct jobs jobs;
    struct arena *arena;
    struct task task;
    int64_t now_ms;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->arena = arena_new();
    world->now_ms = 1000;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    jobs_free(&world->jobs);
    arena_free(world->arena);
    free(world);
    return 0;
}

static struct job *job(struct world *world, int64_t account_id)
{
    return job_of(&world->jobs, account_id);
}

/* The account whose turn it is, taken; 0 = nobody's. */
static int64_t next(struct world *world, struct task *task)
{
    int64_t until_ms;
    struct job *one = jobs_next(&world->jobs, world->now_ms, LONG_MAX, &until_ms);
    if (!one)
        return 0;
    job_take(&world->jobs, one, world->now_ms, world->arena, task);
    return one->account_id;
}

static void end(struct world *world, const struct task *task, struct task_end how)
{
    job_end(&world->jobs, task, &how, world->now_ms);
}

static void an_account_has_one_job_however_many_there_are(void **state)
{
    struct world *world = *state;
    for (int64_t id = 1; id <= 5000; id++)
        job(world, id * 7)->n_calendars = id;
    for (int64_t id = 1; id <= 5000; id++)
        assert_int_equal(job(world, id * 7)->n_calendars, id);
    assert_int_equal(world->jobs.n, 5000);
}

static void pokes_go_before_polls_before_long_work(void **state)
{
    struct world *world = *state;
    struct task task;
    job_mark_long(job(world, A), 0);
    job_mark_due(job(world, B), 5, 0, 0);
    job_mark_dirty(job(world, C), 6, 900);
    assert_int_equal(next(world, &task), C);
    assert_int_equal(next(world, &task), B);
    assert_int_equal(next(world, &task), A);
    assert_int_equal(next(world, &task), 0);
}

static void among_equals_who_came_first_is_first(void **state)
{
    struct world *world = *state;
    struct task task;
    job_mark_dirty(job(world, A), 1, 800);
    job_mark_dirty(job(world, B), 1, 700);
    job_poke_list(job(world, C), 600);
    assert_int_equal(next(world, &task), C);
    assert_int_equal(next(world, &task), B);
    assert_int_equal(next(world, &task), A);
}

static void accounts_take_turns_at_long_work(void **state)
{
    struct world *world = *state;
    static const int64_t turns[] = {A, B, C, A, B, C};
    struct task task;
    job_mark_long(job(world, A), 0);
    job_mark_long(job(world, B), 0);
    job_mark_long(job(world, C), 0);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(next(world, &task), turns[i]);
        assert_true(task.is_long);
        end(world, &task, (struct task_end){.more = true});
        world->now_ms++;
    }
}

static void who_has_not_had_a_turn_at_long_work_is_next(void **state)
{
    struct world *world = *state;
    struct task task;
    job_mark_long(job(world, A), 0);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(next(world, &task), A);
        end(world, &task, (struct task_end){.more = true});
    }
    job_mark_long(job(world, B), world->now_ms);
    assert_int_equal(next(world, &task), B);
}

static void long_work_leaves_room_for_short_work(void **state)
{
    struct world *world = *state;
    struct task one, other, third;
    job_mark_long(job(world, A), 0);
    job_mark_long(job(world, B), 0);
    job_mark_long(job(world, C), 0);
    assert_int_equal(next(world, &one), A);
    assert_int_equal(next(world, &other), B);
    assert_int_equal(next(world, &third), 0);
    job_mark_dirty(job(world, C), 1, world->now_ms);
    assert_int_equal(next(world, &third), C);
    assert_false(third.is_long);
    end(world, &third, (struct task_end){0});
    end(world, &one, (struct task_end){0});
    assert_int_equal(next(world, &third), C);
    assert_true(third.is_long);
}

static void one_account_is_pulled_by_one_at_a_time(void **state)
{
    struct world *world = *state;
    struct task task, none;
    job_mark_dirty(job(world, A), 1, 0);
    assert_int_equal(next(world, &task), A);
    job_mark_dirty(job(world, A), 2, 0);
    assert_int_equal(next(world, &none), 0);
    end(world, &task, (struct task_end){0});
    assert_int_equal(next(world, &task), A);
    assert_int_equal(task.n_dirty, 1);
    assert_int_equal(task.dirty[0], 2);
}

static void a_storm_on_one_calendar_is_one_pull(void **state)
{
    struct world *world = *state;
    struct task task;
    int64_t until_ms;
    for (int i = 0; i < 40; i++)
        job_mark_dirty(job(world, A), 1, world->now_ms + 200 + i);
    assert_null(jobs_next(&world->jobs, world->now_ms, LONG_MAX, &until_ms));
    assert_int_equal(until_ms, world->now_ms + 200);
    world->now_ms += 200;
    assert_int_equal(next(world, &task), A);
    assert_int_equal(task.n_dirty, 1);
    end(world, &task, (struct task_end){0});
    assert_int_equal(next(world, &task), 0);
}

static void what_failed_is_done_again_after_a_pause(void **state)
{
    struct world *world = *state;
    struct task task;
    job_mark_dirty(job(world, A), 1, 0);
    job_poke_shares(job(world, A), 0);
    assert_int_equal(next(world, &task), A);
    end(world, &task, (struct task_end){.failed = true, .wait_ms = 5000});
    job_mark_due(job(world, A), 2, 0, world->now_ms);
    assert_int_equal(next(world, &task), 0);
    world->now_ms += 5000;
    assert_int_equal(next(world, &task), A);
    assert_int_equal(task.n_dirty, 1);
    assert_int_equal(task.n_due, 1);
    assert_true(task.shares);
}

static void a_new_poke_does_not_wait_for_the_end_of_a_pause(void **state)
{
    struct world *world = *state;
    struct task task;
    job_poke_all(job(world, A), 0);
    assert_int_equal(next(world, &task), A);
    assert_true(task.all && task.list);
    end(world, &task, (struct task_end){.failed = true, .wait_ms = 300000});
    assert_int_equal(next(world, &task), 0);
    job_poke_all(job(world, A), world->now_ms);
    assert_int_equal(next(world, &task), A);
}

static void what_is_due_is_marked_once(void **state)
{
    struct world *world = *state;
    struct task task;
    assert_true(job_mark_due(job(world, A), 1, 77, 0));
    assert_false(job_mark_due(job(world, A), 1, 77, 0));
    assert_true(job_mark_due(job(world, A), 0, 0, 0));
    assert_false(job_mark_due(job(world, A), 0, 0, 0));
    assert_int_equal(next(world, &task), A);
    assert_int_equal(task.n_due, 1);
    assert_int_equal(task.due[0].when, 77);
    assert_true(task.list);
    end(world, &task, (struct task_end){.listed_ms = 123});
    assert_int_equal(job(world, A)->listed_ms, 123);
    assert_true(job_mark_due(job(world, A), 1, 78, 0));
}

static void more_dirty_calendars_than_an_account_can_have_are_all(void **state)
{
    struct world *world = *state;
    struct task task;
    for (int64_t id = 1; id <= JOB_CALENDARS_MAX + 1; id++)
        job_mark_dirty(job(world, A), id, 0);
    assert_int_equal(next(world, &task), A);
    assert_true(task.all);
    assert_int_equal(task.n_dirty, JOB_CALENDARS_MAX);
}

static void an_account_that_is_gone_is_left_alone(void **state)
{
    struct world *world = *state;
    struct task task;
    job_poke_all(job(world, A), 0);
    job(world, A)->gone = true;
    assert_int_equal(next(world, &task), 0);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_account_has_one_job_however_many_there_are),
        WORLD_TEST(pokes_go_before_polls_before_long_work),
        WORLD_TEST(among_equals_who_came_first_is_first),
        WORLD_TEST(accounts_take_turns_at_long_work),
        WORLD_TEST(who_has_not_had_a_turn_at_long_work_is_next),
        WORLD_TEST(long_work_leaves_room_for_short_work),
        WORLD_TEST(one_account_is_pulled_by_one_at_a_time),
        WORLD_TEST(a_storm_on_one_calendar_is_one_pull),
        WORLD_TEST(what_failed_is_done_again_after_a_pause),
        WORLD_TEST(a_new_poke_does_not_wait_for_the_end_of_a_pause),
        WORLD_TEST(what_is_due_is_marked_once),
        WORLD_TEST(more_dirty_calendars_than_an_account_can_have_are_all),
        WORLD_TEST(an_account_that_is_gone_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
