/* When accounts are pulled: worker threads and the table of what is to be done. */
#include "config.h"

#include "bridge/schedule.h"
#include "bridge/spent.h"
#include "store/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PASS_LIMIT_MS 900000
#define TAKEN_MS 1000 /* another process is pulling the account */
#define TAKEN_WAIT_MS 300
#define BACK_OFF_MAX_MS 300000
#define BUSY_MAX_MS 60000
#define GAP_MS 200 /* between two slices: another process gets its turn */
#define STOP_MS 4000

int64_t scheduler_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Up to a quarter later, so that accounts do not march in step. The mutex is held. */
static int64_t with_jitter(struct scheduler *scheduler, int64_t ms)
{
    scheduler->seed = scheduler->seed * 1103515245u + 12345u;
    return ms + ms * (int64_t)(scheduler->seed >> 16 & 1023) / 4096;
}

void scheduler_wait(struct scheduler *scheduler, int64_t until_ms)
{
    int64_t limit_ms = scheduler_now_ms() + LOOK_MS;
    if (until_ms > limit_ms)
        until_ms = limit_ms;
    struct timespec at = {
        .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    pthread_cond_timedwait(&scheduler->changed, &scheduler->mutex, &at);
}

/* ---- pokes ---- */

/* NULL before the start; what is asked for then is done after it in any case. */
static struct job *poke_begin(struct bridge *bridge, int64_t account_id)
{
    struct scheduler *scheduler = bridge->scheduler;
    if (!scheduler)
        return NULL;
    pthread_mutex_lock(&scheduler->mutex);
    return job_of(&scheduler->jobs, account_id);
}

static void poke_end(struct bridge *bridge)
{
    pthread_cond_broadcast(&bridge->scheduler->changed);
    pthread_mutex_unlock(&bridge->scheduler->mutex);
}

void bridge_poke_later(
    struct bridge *bridge, int64_t account_id, int64_t calendar_id, int64_t delay_ms)
{
    struct job *job = poke_begin(bridge, account_id);
    if (!job)
        return;
    job_mark_dirty(job, calendar_id, scheduler_now_ms() + delay_ms);
    job->met |= !calendar_id;
    poke_end(bridge);
}

void bridge_poke(struct bridge *bridge, int64_t account_id, int64_t calendar_id)
{
    bridge_poke_later(bridge, account_id, calendar_id, 0);
}

void bridge_poke_list(struct bridge *bridge, int64_t account_id)
{
    struct job *job = poke_begin(bridge, account_id);
    if (!job)
        return;
    job_poke_list(job, scheduler_now_ms());
    poke_end(bridge);
}

void bridge_poke_shares(struct bridge *bridge, int64_t account_id)
{
    struct job *job = poke_begin(bridge, account_id);
    if (!job)
        return;
    job_poke_shares(job, scheduler_now_ms());
    poke_end(bridge);
}

bool bridge_poke_stale_list(struct bridge *bridge, int64_t account_id, int64_t before_s)
{
    struct job *job = poke_begin(bridge, account_id);
    if (!job)
        return false;
    bool stale = job->listed_ms && job->listed_ms < before_s * 1000;
    if (stale)
        job_poke_list(job, scheduler_now_ms());
    poke_end(bridge);
    return stale;
}

/* The planner spreads them, so that what is poked meanwhile does not wait behind
 * everybody. Who is about to be read in any case is not read twice. */
void bridge_poke_all(struct bridge *bridge, int64_t delay_ms)
{
    struct scheduler *scheduler = bridge->scheduler;
    if (!scheduler)
        return;
    pthread_mutex_lock(&scheduler->mutex);
    for (size_t i = 0; i < scheduler->jobs.n; i++) {
        struct job *job = scheduler->jobs.items[i];
        if (!job->all && !job->all_ms)
            job->all_ms = scheduler_now_ms() + delay_ms;
    }
    scheduler->plan_now = true;
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->mutex);
}

/* ---- workers ---- */

static int64_t back_off_ms(unsigned failures)
{
    int64_t ms = 1000LL << (failures < 9 ? failures : 9);
    return ms < BACK_OFF_MAX_MS ? ms : BACK_OFF_MAX_MS;
}

/* Only news is worth a warning: an outage is not logged anew with every attempt. */
static void report(struct ctx *cx, struct job *job, enum err err,
    const struct bridge_pull_result *result)
{
    const char *text = err ? ctx_error(cx) : NULL;
    if (err == ERR_CONFLICT)
        return;
    if (err && !str_eq(text, job->last_error))
        sync_warn(cx, "account %lld: pull failed: %s", (long long)job->account_id, text);
    else if (!err && job->last_error)
        log_line(cx, LOG_INFO, LOG_SYNC, "account %lld: pull works again",
            (long long)job->account_id);
    if (result->changed || result->removed || result->calendars)
        log_line(cx, LOG_INFO, LOG_SYNC,
            "account %lld: %zu calendars, %zu objects changed, %zu removed, %zu failed, "
            "%u calls",
            (long long)job->account_id, result->calendars, result->changed,
            result->removed, result->failed, cx->upstream_calls);
    free(job->last_error);
    job->last_error = text ? strdup(text) : NULL;
}

/* The mutex is held. */
static void finish(struct ctx *cx, struct scheduler *scheduler, const struct task *task,
    const struct sync_pass *pass, enum err err)
{
    struct job *job = task->job;
    struct task_end end = {.failed = err != ERR_OK, .more = pass->more};
    int64_t busy_ms = pass->busy_s * 1000LL;
    if (err == ERR_CONFLICT) {
        end.wait_ms = TAKEN_MS;
    } else if (err) {
        job->failures++;
        end.wait_ms = with_jitter(scheduler, back_off_ms(job->failures - 1));
        end.more = end.more || task->is_long;
    } else {
        job->failures = 0;
        end.more_ms = task->is_long ? GAP_MS : 0;
        if (busy_ms)
            end.more_ms =
                with_jitter(scheduler, busy_ms < BUSY_MAX_MS ? busy_ms : BUSY_MAX_MS);
        if (pass->list)
            end.listed_ms = ctx_now_ms(cx);
    }
    if (err == ERR_CONFLICT && task->is_long)
        end.more = true;
    job->gone = err == ERR_NOT_FOUND;
    job_end(&scheduler->jobs, task, &end, scheduler_now_ms());
}

static struct sync_pass pass_of(const struct task *task)
{
    return (struct sync_pass){
        .is_long = task->is_long,
        .wait_ms = task->is_long ? 0 : TAKEN_WAIT_MS,
        .list = task->list,
        .all = task->all,
        .shares = task->shares,
        .dirty = task->dirty,
        .n_dirty = task->n_dirty,
        .due = task->due,
        .n_due = task->n_due,
    };
}

static void log_task(struct ctx *cx, const struct task *task)
{
    log_line(cx, LOG_DEBUG, LOG_SYNC, "account %lld: %s%s%s%s, %zu told of, %zu due",
        (long long)task->job->account_id, task->is_long ? "long" : "short",
        task->all ? ", all" : "", task->list ? ", list" : "",
        task->shares ? ", shares" : "", task->n_dirty, task->n_due);
}

static void run(struct scheduler *scheduler, struct job *job)
{
    struct task task;
    struct bridge_pull_result result = {0};
    struct ctx *cx = ctx_new(NULL);
    job_take(&scheduler->jobs, job, scheduler_now_ms(), cx->arena, &task);
    pthread_mutex_unlock(&scheduler->mutex);
    struct sync_pass pass = pass_of(&task);
    log_task(cx, &task);
    cx->deadline_ms = ctx_monotonic_ms(cx) + PASS_LIMIT_MS;
    enum err err = sync_account(cx, scheduler->bridge, job->account_id, &pass, &result);
    pthread_mutex_lock(&scheduler->mutex);
    if (!scheduler->bridge->stopping)
        report(cx, job, err, &result);
    finish(cx, scheduler, &task, &pass, err);
    pthread_cond_broadcast(&scheduler->changed);
    ctx_free(cx);
}

static void *work(void *self)
{
    struct scheduler *scheduler = self;
    pthread_mutex_lock(&scheduler->mutex);
    while (!scheduler->bridge->stopping) {
        int64_t until_ms = INT64_MAX;
        struct job *job =
            jobs_next(&scheduler->jobs, scheduler_now_ms(), WORKERS_LONG, &until_ms);
        if (job)
            run(scheduler, job);
        else
            scheduler_wait(scheduler, until_ms);
    }
    pthread_mutex_unlock(&scheduler->mutex);
    return NULL;
}

/* ---- start and stop ---- */

enum err bridge_start(struct ctx *cx, struct bridge *bridge)
{
    pthread_condattr_t attributes;
    struct scheduler *scheduler = calloc(1, sizeof(*scheduler));
    if (!scheduler)
        abort();
    scheduler->bridge = bridge;
    crypto_random(cx, &scheduler->seed, sizeof(scheduler->seed));
    pthread_mutex_init(&scheduler->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&scheduler->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    bridge->scheduler = scheduler;
    if (bridge->feishu)
        events_prepare(bridge);
    TRY(store_copier_start(cx, bridge->store));
    notify_start(bridge);
    if (!bridge->feishu)
        return ERR_OK;
    for (size_t i = 0; i < WORKERS + 2; i++) {
        void *(*run_thread)(void *self) = i == 0 ? house_run
            : i == 1                             ? planner_run
                                                 : work;
        if (pthread_create(&scheduler->threads[i], NULL, run_thread, scheduler))
            return fail(cx, ERR_INTERNAL, "no thread can be started");
        scheduler->n_threads++;
    }
    return events_start(cx, bridge);
}

/* All threads within the limit together; what hangs on the network then is left alone. */
static bool join_all(struct scheduler *scheduler)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_MS / 1000;
    for (size_t i = 0; i < scheduler->n_threads; i++)
        if (pthread_timedjoin_np(scheduler->threads[i], NULL, &until))
            return false;
    return true;
}

static void rest(struct bridge *bridge)
{
    struct ctx *cx = ctx_new(NULL);
    spent_settle(bridge);
    store_copier_stop(bridge->store);
    if (store_rest(cx, bridge->store))
        sync_warn(cx, "%s", ctx_error(cx));
    ctx_free(cx);
}

void bridge_stop_waiting(struct bridge *bridge)
{
    struct scheduler *scheduler = bridge->scheduler;
    notify_stop(bridge);
    if (!scheduler)
        return;
    pthread_mutex_lock(&scheduler->mutex);
    bridge->stopping = true;
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->mutex);
    events_stop(bridge);
    if (bridge->feishu)
        feishu_stop(bridge->feishu);
}

void bridge_stop(struct bridge *bridge)
{
    struct scheduler *scheduler = bridge->scheduler;
    if (!scheduler || bridge->abandoned)
        return;
    bridge_stop_waiting(bridge);
    if (!join_all(scheduler) || !events_end(bridge)) {
        bridge->abandoned = true;
        return;
    }
    bridge->scheduler = NULL;
    jobs_free(&scheduler->jobs);
    pthread_cond_destroy(&scheduler->changed);
    pthread_mutex_destroy(&scheduler->mutex);
    free(scheduler);
    rest(bridge);
}
