#include "bridge/lock.h"

#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "bridge_lock.test"
#define THREADS 8
#define ROUNDS 200

struct shared {
    struct locks *locks;
    int inside, worst, rounds;
};

static void *contend(void *self)
{
    struct shared *shared = self;
    struct ctx *cx = ctx_new(NULL);
    for (int i = 0; i < ROUNDS; i++) {
        struct held held;
        assert_ok(cx, held_take(cx, shared->locks, LOCK_CALENDAR, 7, &held));
        if (++shared->inside > shared->worst)
            shared->worst = shared->inside;
        shared->rounds++;
        shared->inside--;
        held_release(&held);
    }
    ctx_free(cx);
    return NULL;
}

static void one_thread_at_a_time_holds_a_lock(void **state)
{
    struct shared shared = {.locks = locks_new(PATH)};
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, contend, &shared), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared.worst, 1);
    assert_int_equal(shared.rounds, THREADS * ROUNDS);
    locks_free(shared.locks);
    unlink(PATH);
}

static void locks_of_other_numbers_and_kinds_are_others(void **state)
{
    struct ctx *cx = *state;
    struct locks *locks = locks_new(PATH);
    struct lock *first, *second, *third;
    assert_ok(cx, lock_take(cx, locks, LOCK_CALENDAR, 1, &first));
    assert_ok(cx, lock_take(cx, locks, LOCK_CALENDAR, 2, &second));
    assert_ok(cx, lock_take(cx, locks, LOCK_HOME, 1, &third));
    lock_release(first);
    lock_release(second);
    lock_release(third);
    locks_free(locks);
}

static void waiting_ends_at_the_deadline(void **state)
{
    struct ctx *cx = *state;
    struct locks *locks = locks_new(PATH);
    struct lock *first, *second;
    assert_ok(cx, lock_take(cx, locks, LOCK_CALENDAR, 1, &first));
    cx->deadline_ms = ctx_monotonic_ms(cx) + 50;
    assert_err(cx, ERR_UPSTREAM_BUSY, lock_take(cx, locks, LOCK_CALENDAR, 1, &second));
    lock_release(first);
    assert_ok(cx, lock_take(cx, locks, LOCK_CALENDAR, 1, &second));
    lock_release(second);
    locks_free(locks);
}

static void another_process_waits_and_a_killed_one_lets_go(void **state)
{
    struct ctx *cx = *state;
    struct locks *locks = locks_new(PATH);
    int ready[2], fd = -1, status;
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        lock_file_take(cx, locks, LOCK_PULL, 1, 0, &fd);
        if (write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_err(cx, ERR_UPSTREAM_BUSY, lock_file_take(cx, locks, LOCK_PULL, 1, 0, &fd));
    assert_ok(cx, lock_file_take(cx, locks, LOCK_PULL, 2, 0, &fd));
    lock_file_release(fd);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_ok(cx, lock_file_take(cx, locks, LOCK_PULL, 1, 5000, &fd));
    lock_file_release(fd);
    close(ready[0]);
    close(ready[1]);
    locks_free(locks);
    unlink(PATH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(one_thread_at_a_time_holds_a_lock),
        CTX_TEST(locks_of_other_numbers_and_kinds_are_others),
        CTX_TEST(waiting_ends_at_the_deadline),
        CTX_TEST(another_process_waits_and_a_killed_one_lets_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
