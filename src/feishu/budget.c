#include "feishu/budget.h"
#include "base/str.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_MS 1000
#define MINUTE_MS 60000
#define RATE_MAX 100000L
#define PRIORITIES 4
#define TURNS 1024 /* accounts that share a slot only share turns */
#define NEVER_MS INT64_MIN

struct waiter {
    struct waiter *next;
    int64_t payer;
};

struct method {
    int64_t *taken_ms; /* ring of the last per_minute calls, newest before head */
    size_t head;
    int64_t paused_until_ms;
    long per_second;
    unsigned n_waiting;
    struct waiter *queue[PRIORITIES]; /* as they came */
    uint32_t turn, *turns;            /* number of the last turn of each account */
};

struct budget {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    long per_second, per_minute;
    atomic_bool stopped;
    struct method methods[BUDGET_METHODS];
};

static long clamp(long value, long min, long max)
{
    return value < min ? min : value > max ? max : value;
}

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* When the window is open again: the n-th call back from now must have left it. */
static int64_t window_open_ms(
    const struct budget *budget, const struct method *method, long n, int64_t window_ms)
{
    if (n > budget->per_minute)
        return NEVER_MS;
    size_t at =
        (method->head + (size_t)(budget->per_minute - n)) % (size_t)budget->per_minute;
    int64_t taken_ms = method->taken_ms[at];
    return taken_ms == NEVER_MS ? NEVER_MS : taken_ms + window_ms;
}

static long share(long n, enum feishu_priority priority)
{
    return priority >= FEISHU_POLL ? clamp(n * 4 / 5, 1, n) : n;
}

static int64_t free_at_ms(const struct budget *budget, const struct method *method,
    enum feishu_priority priority)
{
    int64_t second =
        window_open_ms(budget, method, share(method->per_second, priority), SECOND_MS);
    int64_t minute =
        window_open_ms(budget, method, share(budget->per_minute, priority), MINUTE_MS);
    int64_t at = second > minute ? second : minute;
    return at > method->paused_until_ms ? at : method->paused_until_ms;
}

static uint32_t *turn_of(const struct method *method, int64_t payer)
{
    return &method->turns[(uint64_t)payer % TURNS];
}

static void count_call(const struct budget *budget, struct method *method, int64_t payer,
    int64_t now_ms)
{
    *turn_of(method, payer) = ++method->turn;
    method->taken_ms[method->head] = now_ms;
    method->head = (method->head + 1) % (size_t)budget->per_minute;
}

static struct method *open_method(struct budget *budget, unsigned number)
{
    struct method *method = &budget->methods[number];
    if (method->taken_ms)
        return method;
    size_t n = (size_t)budget->per_minute;
    method->taken_ms = must(malloc(n * sizeof(*method->taken_ms)));
    for (size_t i = 0; i < n; i++)
        method->taken_ms[i] = NEVER_MS;
    method->turns = must(calloc(TURNS, sizeof(*method->turns)));
    long own = number < FEISHU_ENDPOINT_COUNT
        ? feishu_endpoint_row((enum feishu_endpoint)number)->rate_per_second
        : 0;
    method->per_second = own && own < budget->per_second ? own : budget->per_second;
    method->paused_until_ms = NEVER_MS;
    return method;
}

static void enqueue(
    struct method *method, enum feishu_priority priority, struct waiter *waiter)
{
    struct waiter **end = &method->queue[priority];
    while (*end)
        end = &(*end)->next;
    *end = waiter;
    method->n_waiting++;
}

static void dequeue(struct budget *budget, struct method *method,
    enum feishu_priority priority, struct waiter *waiter)
{
    struct waiter **at = &method->queue[priority];
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    method->n_waiting--;
    if (method->n_waiting)
        pthread_cond_broadcast(&budget->changed);
}

/* A turn before the other; the numbers may wrap. */
static bool is_earlier(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static bool is_first(const struct method *method, enum feishu_priority priority,
    const struct waiter *waiter)
{
    for (int i = 0; i < (int)priority; i++)
        if (method->queue[i])
            return false;
    const struct waiter *best = method->queue[priority];
    for (const struct waiter *one = best->next; one; one = one->next)
        if (is_earlier(*turn_of(method, one->payer), *turn_of(method, best->payer)))
            best = one;
    return best == waiter;
}

static void wait_ms(struct budget *budget, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&budget->changed, &budget->lock, &until);
}

static enum err fail_busy(struct ctx *cx, int64_t wait_for_ms)
{
    cx->retry_after_s = (int)clamp((long)((wait_for_ms + 999) / 1000), 1, 3600);
    return fail(cx, ERR_UPSTREAM_BUSY,
        "the rate budget of this Feishu method is used up for %d s", cx->retry_after_s);
}

/* With the lock held. */
static enum err take(struct ctx *cx, struct budget *budget, struct method *method,
    enum feishu_priority priority, const struct waiter *self, int64_t until_ms)
{
    for (;;) {
        int64_t now_ms = ctx_monotonic_ms(cx);
        int64_t at_ms = free_at_ms(budget, method, priority);
        bool first = is_first(method, priority, self);
        if (budget->stopped)
            return fail(cx, ERR_UPSTREAM_DOWN, "the Feishu client is stopping");
        if (first && at_ms <= now_ms) {
            count_call(budget, method, cx->payer, now_ms);
            return ERR_OK;
        }
        if (at_ms > until_ms || now_ms >= until_ms)
            return fail_busy(cx, at_ms > now_ms ? at_ms - now_ms : SECOND_MS);
        wait_ms(budget, (first ? at_ms : until_ms) - now_ms);
    }
}

struct budget *budget_new(long per_second, long per_minute)
{
    struct budget *budget = must(calloc(1, sizeof(*budget)));
    budget->per_minute = clamp(per_minute, 1, RATE_MAX);
    budget->per_second = clamp(per_second, 1, budget->per_minute);
    pthread_mutex_init(&budget->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&budget->changed, &attr);
    pthread_condattr_destroy(&attr);
    return budget;
}

void budget_free(struct budget *budget)
{
    if (!budget)
        return;
    for (size_t i = 0; i < BUDGET_METHODS; i++) {
        free(budget->methods[i].taken_ms);
        free(budget->methods[i].turns);
    }
    pthread_cond_destroy(&budget->changed);
    pthread_mutex_destroy(&budget->lock);
    free(budget);
}

enum err budget_take(struct ctx *cx, struct budget *budget, unsigned number,
    enum feishu_priority priority, int64_t until_ms)
{
    pthread_mutex_lock(&budget->lock);
    struct method *method = open_method(budget, number);
    struct waiter self = {.payer = cx->payer};
    enqueue(method, priority, &self);
    enum err err = take(cx, budget, method, priority, &self, until_ms);
    dequeue(budget, method, priority, &self);
    pthread_mutex_unlock(&budget->lock);
    return err;
}

void budget_pause(struct budget *budget, unsigned number, int64_t until_ms)
{
    pthread_mutex_lock(&budget->lock);
    struct method *method = open_method(budget, number);
    if (until_ms > method->paused_until_ms)
        method->paused_until_ms = until_ms;
    pthread_mutex_unlock(&budget->lock);
}

bool budget_sleep(struct budget *budget, int64_t sleep_ms)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pthread_mutex_lock(&budget->lock);
    int64_t left_ms = sleep_ms;
    while (!budget->stopped && left_ms > 0) {
        wait_ms(budget, left_ms);
        clock_gettime(CLOCK_MONOTONIC, &now);
        left_ms = sleep_ms -
            ((int64_t)(now.tv_sec - start.tv_sec) * 1000 +
                (now.tv_nsec - start.tv_nsec) / 1000000);
    }
    pthread_mutex_unlock(&budget->lock);
    return !budget->stopped;
}

void budget_stop(struct budget *budget)
{
    pthread_mutex_lock(&budget->lock);
    budget->stopped = true;
    pthread_cond_broadcast(&budget->changed);
    pthread_mutex_unlock(&budget->lock);
}

unsigned budget_waiting(struct budget *budget, unsigned number)
{
    pthread_mutex_lock(&budget->lock);
    unsigned n = budget->methods[number].n_waiting;
    pthread_mutex_unlock(&budget->lock);
    return n;
}

void budget_wake(struct budget *budget)
{
    pthread_mutex_lock(&budget->lock);
    pthread_cond_broadcast(&budget->changed);
    pthread_mutex_unlock(&budget->lock);
}
