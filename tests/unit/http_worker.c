#include "http/worker.h"

#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define THREADS 4
#define WAITING 64
#define ONE_BY_ONE 40

struct world {
    struct ctx *cx;
    struct workers *workers;
};

/* A task that says who runs it and ends when it may. */
struct task {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool begun, may_end, ended;
    pthread_t by;
};

static int world_new(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->cx = ctx_new(NULL);
    assert_ok(w->cx, workers_start(w->cx, THREADS, WAITING, &w->workers));
    *state = w;
    return 0;
}

static int world_free(void **state)
{
    struct world *w = *state;
    workers_stop(w->workers);
    workers_free(w->workers);
    ctx_free(w->cx);
    free(w);
    return 0;
}

static struct task *task_new(struct world *w)
{
    struct task *task = ARENA_NEW(w->cx->arena, struct task);
    pthread_mutex_init(&task->lock, NULL);
    pthread_cond_init(&task->changed, NULL);
    return task;
}

static void run_task(void *job)
{
    struct task *task = job;
    pthread_mutex_lock(&task->lock);
    task->by = pthread_self();
    task->begun = true;
    pthread_cond_broadcast(&task->changed);
    while (!task->may_end)
        pthread_cond_wait(&task->changed, &task->lock);
    task->ended = true;
    pthread_cond_broadcast(&task->changed);
    pthread_mutex_unlock(&task->lock);
}

static void wait_until(struct task *task, const bool *what)
{
    pthread_mutex_lock(&task->lock);
    while (!*what)
        pthread_cond_wait(&task->changed, &task->lock);
    pthread_mutex_unlock(&task->lock);
}

static void let_end(struct task *task)
{
    pthread_mutex_lock(&task->lock);
    task->may_end = true;
    pthread_cond_broadcast(&task->changed);
    pthread_mutex_unlock(&task->lock);
    wait_until(task, &task->ended);
}

static struct task *begin(struct world *w)
{
    struct task *task = task_new(w);
    assert_true(workers_add(w->workers, run_task, task));
    wait_until(task, &task->begun);
    return task;
}

static void tasks_run_side_by_side_on_threads_of_their_own(void **state)
{
    struct world *w = *state;
    struct task *tasks[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        tasks[i] = begin(w);
    for (size_t i = 0; i < THREADS; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(pthread_equal(tasks[i]->by, tasks[k]->by));
    for (size_t i = 0; i < THREADS; i++)
        let_end(tasks[i]);
}

/* A thread whose task has ended rests a little later: another one may be woken at times,
 * but never do they take turns. */
static void who_rested_last_works_first(void **state)
{
    struct world *w = *state;
    pthread_t last = 0;
    int again = 0;
    for (int i = 0; i < ONE_BY_ONE; i++) {
        struct task *task = begin(w);
        again += i && pthread_equal(task->by, last);
        last = task->by;
        let_end(task);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    assert_true(again > ONE_BY_ONE / 2);
}

static void count(void *job)
{
    atomic_fetch_add((atomic_int *)job, 1);
}

static void what_does_not_fit_is_refused_and_what_waits_is_run_before_the_end(
    void **state)
{
    struct world *w = *state;
    struct task *tasks[THREADS];
    atomic_int ran = 0;
    for (size_t i = 0; i < THREADS; i++)
        tasks[i] = begin(w);
    for (size_t i = 0; i < WAITING; i++)
        assert_true(workers_add(w->workers, count, &ran));
    assert_false(workers_add(w->workers, count, &ran));
    for (size_t i = 0; i < THREADS; i++)
        let_end(tasks[i]);
    workers_stop(w->workers);
    assert_int_equal(ran, WAITING);
    assert_false(workers_add(w->workers, count, &ran));
}

static void *add_many(void *self)
{
    void **all = self;
    for (int i = 0; i < 5000; i++)
        while (!workers_add(all[0], count, all[1]))
            nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
    return NULL;
}

static void no_task_is_lost_or_run_twice(void **state)
{
    struct world *w = *state;
    atomic_int ran = 0;
    void *all[] = {w->workers, &ran};
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, all), 0);
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    workers_stop(w->workers);
    assert_int_equal(ran, 15000);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_new, world_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(tasks_run_side_by_side_on_threads_of_their_own),
        WORLD_TEST(who_rested_last_works_first),
        WORLD_TEST(what_does_not_fit_is_refused_and_what_waits_is_run_before_the_end),
        WORLD_TEST(no_task_is_lost_or_run_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
