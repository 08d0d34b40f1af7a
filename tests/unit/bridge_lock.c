#include "config.h"

#include "bridge/lock.h"

#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH "bridge_lock.test"
#define THREADS 8
#define ROUNDS 200

static enum err take(struct ctx *cx, struct locks *locks, enum lock_kind kind,
    int64_t number, struct lock **lock)
{
    return lock_take(
        cx, locks, &(struct wanted){.kind = kind, .number = number}, lock);
}

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
    assert_ok(cx, take(cx, locks, LOCK_CALENDAR, 1, &first));
    assert_ok(cx, take(cx, locks, LOCK_CALENDAR, 2, &second));
    assert_ok(cx, take(cx, locks, LOCK_HOME, 1, &third));
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
    assert_ok(cx, take(cx, locks, LOCK_CALENDAR, 1, &first));
    cx->deadline_ms = ctx_monotonic_ms(cx) + 50;
    assert_err(cx, ERR_UPSTREAM_BUSY, take(cx, locks, LOCK_CALENDAR, 1, &second));
    lock_release(first);
    assert_ok(cx, take(cx, locks, LOCK_CALENDAR, 1, &second));
    lock_release(second);
    locks_free(locks);
}

static void sharers_do_not_wait_for_each_other(void **state)
{
    struct ctx *cx = *state;
    struct locks *locks = locks_new(PATH);
    struct wanted shared = {.kind = LOCK_CALENDAR, .number = 1, .shared = true};
    struct lock *first, *second, *alone;
    assert_ok(cx, lock_take(cx, locks, &shared, &first));
    assert_ok(cx, lock_take(cx, locks, &shared, &second));
    cx->deadline_ms = ctx_monotonic_ms(cx) + 50;
    assert_err(cx, ERR_UPSTREAM_BUSY, take(cx, locks, LOCK_CALENDAR, 1, &alone));
    lock_release(first);
    assert_err(cx, ERR_UPSTREAM_BUSY, take(cx, locks, LOCK_CALENDAR, 1, &alone));
    lock_release(second);
    assert_ok(cx, take(cx, locks, LOCK_CALENDAR, 1, &alone));
    assert_err(cx, ERR_UPSTREAM_BUSY, lock_take(cx, locks, &shared, &first));
    lock_release(alone);
    assert_ok(cx, lock_take(cx, locks, &shared, &first));
    lock_release(first);
    locks_free(locks);
}

static void *take_alone(void *self)
{
    struct ctx *cx = ctx_new(NULL);
    struct lock *lock;
    assert_ok(cx, take(cx, self, LOCK_CALENDAR, 1, &lock));
    lock_release(lock);
    ctx_free(cx);
    return NULL;
}

static void *hold_alone(void *self)
{
    struct ctx *cx = ctx_new(NULL);
    struct held held;
    assert_ok(cx, held_take(cx, self, LOCK_CALENDAR, 1, &held));
    held_release(&held);
    ctx_free(cx);
    return NULL;
}

static void wait_for_waiter(
    struct ctx *cx, struct locks *locks, struct wanted *shared)
{
    struct lock *lock;
    enum err err = ERR_OK;
    while (!err) {
        cx->deadline_ms = ctx_monotonic_ms(cx) + 20;
        err = lock_take(cx, locks, shared, &lock);
        if (!err)
            lock_release(lock);
    }
    assert_err(cx, ERR_UPSTREAM_BUSY, err);
}

static void who_wants_it_alone_is_not_passed_by_sharers(void **state)
{
    struct ctx *cx = *state;
    struct locks *locks = locks_new(PATH);
    struct wanted shared = {.kind = LOCK_CALENDAR, .number = 1, .shared = true};
    struct lock *first;
    pthread_t thread;
    assert_ok(cx, lock_take(cx, locks, &shared, &first));
    assert_int_equal(pthread_create(&thread, NULL, take_alone, locks), 0);
    wait_for_waiter(cx, locks, &shared);
    lock_release(first);
    pthread_join(thread, NULL);
    cx->deadline_ms = 0;
    assert_ok(cx, lock_take(cx, locks, &shared, &first));
    lock_release(first);
    locks_free(locks);
}

/* A writer that waits long for Feishu does not hold up those who come after a pull. */
static void sharers_get_turns_while_somebody_waits_long_for_it_alone(void **state)
{
    struct ctx *cx = *state;
    struct locks *locks = locks_new(PATH);
    struct wanted shared = {.kind = LOCK_CALENDAR, .number = 1, .shared = true};
    struct lock *slow, *other;
    pthread_t thread;
    assert_ok(cx, lock_take(cx, locks, &shared, &slow));
    assert_int_equal(pthread_create(&thread, NULL, take_alone, locks), 0);
    wait_for_waiter(cx, locks, &shared);
    cx->deadline_ms = ctx_monotonic_ms(cx) + 5000;
    assert_ok(cx, lock_take(cx, locks, &shared, &other));
    lock_release(other);
    lock_release(slow);
    pthread_join(thread, NULL);
    locks_free(locks);
}

struct sharing {
    struct locks *locks;
    atomic_bool over;
    atomic_int rounds;
};

static void *share_on(void *self)
{
    struct sharing *sharing = self;
    struct wanted shared = {.kind = LOCK_CALENDAR, .number = 1, .shared = true};
    struct ctx *cx = ctx_new(NULL);
    struct held held;
    while (!sharing->over) {
        assert_ok(cx, held_take_all(cx, sharing->locks, &shared, 1, &held));
        nanosleep(&(struct timespec){.tv_nsec = 60000000L}, NULL);
        held_release(&held);
        sharing->rounds++;
    }
    ctx_free(cx);
    return NULL;
}

static void another_process_gets_it_alone_between_those_who_always_share_it(void **state)
{
    struct ctx *cx = *state;
    struct sharing sharing = {.locks = locks_new(PATH)};
    struct locks *elsewhere = locks_new(PATH);
    pthread_t threads[THREADS];
    struct held held;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, share_on, &sharing), 0);
    while (sharing.rounds < THREADS)
        sched_yield();
    cx->deadline_ms = ctx_monotonic_ms(cx) + 5000;
    enum err err = held_take(cx, elsewhere, LOCK_CALENDAR, 1, &held);
    sharing.over = true;
    if (!err)
        held_release(&held);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_ok(cx, err);
    locks_free(sharing.locks);
    locks_free(elsewhere);
    unlink(PATH);
}

static void a_slow_sharer_elsewhere_holds_up_no_others_for_long(void **state)
{
    struct ctx *cx = *state;
    struct locks *locks = locks_new(PATH), *elsewhere = locks_new(PATH);
    struct wanted shared = {.kind = LOCK_CALENDAR, .number = 1, .shared = true};
    struct held slow, other;
    pthread_t thread;
    assert_ok(cx, held_take_all(cx, locks, &shared, 1, &slow));
    assert_int_equal(pthread_create(&thread, NULL, hold_alone, elsewhere), 0);
    enum err err = ERR_OK;
    while (!err) { /* until the other process waits */
        cx->deadline_ms = ctx_monotonic_ms(cx) + 20;
        err = held_take_all(cx, locks, &shared, 1, &other);
        if (!err)
            held_release(&other);
    }
    assert_err(cx, ERR_UPSTREAM_BUSY, err);
    assert_non_null(strstr(ctx_error(cx), "another process"));
    cx->deadline_ms = ctx_monotonic_ms(cx) + 5000;
    assert_ok(cx, held_take_all(cx, locks, &shared, 1, &other));
    held_release(&other);
    held_release(&slow);
    pthread_join(thread, NULL);
    locks_free(locks);
    locks_free(elsewhere);
    unlink(PATH);
}

static void several_locks_are_held_at_once_or_not_at_all(void **state)
{
    struct ctx *cx = *state;
    struct locks *locks = locks_new(PATH), *elsewhere = locks_new(PATH);
    int64_t name = lock_number(1, "a.ics"), uid = lock_number(1, "a");
    struct wanted wanted[] = {{.kind = LOCK_EVENT, .number = uid},
        {.kind = LOCK_EVENT, .number = name}, {.kind = LOCK_CALENDAR, .number = 1,
        .shared = true}};
    struct wanted twice[] = {{.kind = LOCK_EVENT, .number = 5},
        {.kind = LOCK_EVENT, .number = 5}};
    struct held held, other;
    assert_int_not_equal(name, uid);
    assert_int_not_equal(name, lock_number(2, "a.ics"));
    assert_ok(cx, held_take_all(cx, locks, wanted, 3, &held));
    cx->deadline_ms = ctx_monotonic_ms(cx) + 50;
    /* neither a thread of this process nor, through the file, another one */
    assert_err(cx, ERR_UPSTREAM_BUSY, held_take(cx, locks, LOCK_EVENT, uid, &other));
    assert_err(cx, ERR_UPSTREAM_BUSY, held_take(cx, elsewhere, LOCK_EVENT, name, &other));
    assert_err(cx, ERR_UPSTREAM_BUSY, held_take(cx, elsewhere, LOCK_CALENDAR, 1, &other));
    assert_err(cx, ERR_UPSTREAM_BUSY, held_take_all(cx, elsewhere, wanted, 3, &other));
    held_release(&held);
    cx->deadline_ms = 0;
    assert_ok(cx, held_take_all(cx, elsewhere, wanted, 3, &other));
    assert_ok(cx, held_take_all(cx, locks, twice, 2, &held));
    held_release(&held);
    held_release(&other);
    locks_free(locks);
    locks_free(elsewhere);
    unlink(PATH);
}

#ifdef TEST_HOOKS
static int end_of(enum lock_kind first, enum lock_kind second)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct ctx *cx = ctx_new(NULL);
        struct locks *locks = locks_new(PATH);
        struct held one, other, again;
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        locks_check_order(locks);
        held_take(cx, locks, first, 1, &one);
        held_release(&one);
        held_take(cx, locks, second, 1, &other);
        held_release(&other);
        held_take(cx, locks, first, 1, &one);
        held_take(cx, locks, second, 2, &again);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    unlink(PATH);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void another_order_ends_the_program(void **state)
{
    (void)state;
    assert_int_equal(end_of(LOCK_HOME, LOCK_CALENDAR), 0);
    assert_int_equal(end_of(LOCK_CALENDAR, LOCK_HOME), SIGABRT);
    assert_int_equal(end_of(LOCK_CALENDAR, LOCK_CALENDAR), SIGABRT);
}
#endif

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
        CTX_TEST(sharers_do_not_wait_for_each_other),
        CTX_TEST(who_wants_it_alone_is_not_passed_by_sharers),
        CTX_TEST(sharers_get_turns_while_somebody_waits_long_for_it_alone),
        CTX_TEST(another_process_gets_it_alone_between_those_who_always_share_it),
        CTX_TEST(a_slow_sharer_elsewhere_holds_up_no_others_for_long),
        CTX_TEST(several_locks_are_held_at_once_or_not_at_all),
#ifdef TEST_HOOKS
        CTX_TEST(another_order_ends_the_program),
#endif
        CTX_TEST(another_process_waits_and_a_killed_one_lets_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
