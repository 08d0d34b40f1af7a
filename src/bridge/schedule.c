/* When accounts are pulled: a few worker threads, a table of accounts, a thread that
 * keeps house. */
#include "config.h"

#include "bridge/push.h"
#include "bridge/unanswered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORKERS 4
#define DIRTY_MAX 64
#define PASS_LIMIT_MS 900000
#define TICK_MS fault_wait_ms(1000)
#define GAP_MS 200    /* in which another process gets its turn */
#define LOOK_MS 10000 /* at most this long between two looks for what is due */
#define LIST_FACTOR 5 /* the list of calendars is read every so many poll intervals */
#define BACK_OFF_MAX_MS 300000
#define SPREAD_MS 300 /* between two accounts, when everything is dirty */
#define STOP_MS 4000
#define HOUSE_MS 60000
#define JOURNAL_MS fault_wait_ms(5000) /* the same while unfinished writes wait */
#define TOMBSTONES_S (90 * 86400LL)

struct dirty {
    int64_t calendar_id, due_ms;
};
struct job {
    int64_t account_id;
    int64_t next_ms; /* monotonic */
    int64_t list_ms; /* when the list of calendars is due */
    int64_t all_ms;  /* when everything is dirty; 0 = not asked for */
    bool running, gone, list_dirty;
    bool list_poked; /* the list alone */
    unsigned failures;
    char *last_error;
    struct dirty dirty[DIRTY_MAX];
    size_t n_dirty;
};

struct scheduler {
    struct bridge *bridge;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t threads[WORKERS + 1];
    size_t n_threads;
    struct job **jobs;
    size_t n_jobs;
    unsigned seed;
};

static int64_t monotonic_ms(void)
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

static struct job *job_of(struct scheduler *scheduler, int64_t account_id)
{
    for (size_t i = 0; i < scheduler->n_jobs; i++)
        if (scheduler->jobs[i]->account_id == account_id)
            return scheduler->jobs[i];
    struct job **jobs =
        realloc(scheduler->jobs, (scheduler->n_jobs + 1) * sizeof(struct job *));
    struct job *job = calloc(1, sizeof(*job));
    if (!jobs || !job)
        abort();
    job->account_id = account_id;
    job->next_ms = monotonic_ms();
    scheduler->jobs = jobs;
    scheduler->jobs[scheduler->n_jobs++] = job;
    return job;
}

/* ---- pokes ---- */

static void mark_dirty(struct job *job, int64_t calendar_id, int64_t due_ms)
{
    if (due_ms < job->next_ms)
        job->next_ms = due_ms;
    if (!calendar_id) {
        job->list_dirty = true;
        return;
    }
    for (size_t i = 0; i < job->n_dirty; i++)
        if (job->dirty[i].calendar_id == calendar_id) {
            if (due_ms < job->dirty[i].due_ms)
                job->dirty[i].due_ms = due_ms;
            return;
        }
    if (job->n_dirty == DIRTY_MAX)
        job->list_dirty = true; /* then everything is */
    else
        job->dirty[job->n_dirty++] =
            (struct dirty){.calendar_id = calendar_id, .due_ms = due_ms};
}

void bridge_poke_later(
    struct bridge *bridge, int64_t account_id, int64_t calendar_id, int64_t delay_ms)
{
    struct scheduler *scheduler = bridge->scheduler;
    if (!scheduler)
        return;
    pthread_mutex_lock(&scheduler->mutex);
    mark_dirty(job_of(scheduler, account_id), calendar_id, monotonic_ms() + delay_ms);
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->mutex);
}

void bridge_poke(struct bridge *bridge, int64_t account_id, int64_t calendar_id)
{
    bridge_poke_later(bridge, account_id, calendar_id, 0);
}

void bridge_poke_list(struct bridge *bridge, int64_t account_id)
{
    struct scheduler *scheduler = bridge->scheduler;
    if (!scheduler)
        return;
    pthread_mutex_lock(&scheduler->mutex);
    struct job *job = job_of(scheduler, account_id);
    job->list_poked = true;
    job->next_ms = monotonic_ms();
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->mutex);
}

/* Spread, so that what is poked meanwhile does not wait behind everybody. Who is about to
 * be read in any case is not read twice. */
void bridge_poke_all(struct bridge *bridge, int64_t delay_ms)
{
    struct scheduler *scheduler = bridge->scheduler;
    if (!scheduler)
        return;
    pthread_mutex_lock(&scheduler->mutex);
    for (size_t i = 0; i < scheduler->n_jobs; i++) {
        struct job *job = scheduler->jobs[i];
        if (job->list_dirty)
            continue;
        if (!job->all_ms)
            job->all_ms = monotonic_ms() + delay_ms + (int64_t)i * SPREAD_MS;
        if (job->all_ms < job->next_ms)
            job->next_ms = job->all_ms;
    }
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->mutex);
}

/* ---- workers ---- */

struct task {
    struct sync_pass pass;
    bool list_poked;
    int64_t dirty[DIRTY_MAX];
};

static bool is_poked(const struct job *job)
{
    return job->list_dirty || job->list_poked || job->n_dirty;
}

/* Of those that are due, what was poked goes before what merely has its turn. */
static bool is_before(const struct job *a, const struct job *b, int64_t now_ms)
{
    if (is_poked(a) != is_poked(b) && a->next_ms <= now_ms && b->next_ms <= now_ms)
        return is_poked(a);
    return a->next_ms < b->next_ms;
}

static struct job *pick(struct scheduler *scheduler, int64_t *wait_until_ms)
{
    struct job *best = NULL;
    int64_t now_ms = monotonic_ms();
    for (size_t i = 0; i < scheduler->n_jobs; i++) {
        struct job *job = scheduler->jobs[i];
        if (!job->running && !job->gone && (!best || is_before(job, best, now_ms)))
            best = job;
    }
    if (best && best->next_ms <= now_ms)
        return best;
    *wait_until_ms = best ? best->next_ms : now_ms + LOOK_MS;
    return NULL;
}

/* What is due moves from the job into the task. */
static void take(struct job *job, struct task *task)
{
    int64_t now_ms = monotonic_ms();
    size_t kept = 0;
    bool all = job->list_dirty || (job->all_ms && job->all_ms <= now_ms);
    *task = (struct task){
        .pass = {.list = all || job->list_poked || job->list_ms <= now_ms, .all = all},
        .list_poked = job->list_poked,
    };
    if (all)
        job->all_ms = 0;
    job->list_poked = false;
    for (size_t i = 0; i < job->n_dirty; i++)
        if (job->dirty[i].due_ms <= now_ms)
            task->dirty[task->pass.n_dirty++] = job->dirty[i].calendar_id;
        else
            job->dirty[kept++] = job->dirty[i];
    task->pass.dirty = task->dirty;
    job->n_dirty = kept;
    job->list_dirty = false;
    job->running = true;
    job->next_ms = INT64_MAX; /* pokes that come meanwhile bring it forward again */
}

static void give_back(struct job *job, const struct task *task)
{
    int64_t now_ms = monotonic_ms();
    for (size_t i = 0; i < task->pass.n_dirty; i++)
        mark_dirty(job, task->dirty[i], now_ms);
    job->list_dirty |= task->pass.all;
    job->list_poked |= task->list_poked;
}

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
static void finish(
    struct scheduler *scheduler, struct job *job, const struct task *task, enum err err)
{
    int64_t now_ms = monotonic_ms(),
            poll_ms = scheduler->bridge->conf->sync.poll_interval_s * 1000;
    int64_t look_ms = poll_ms / 4 < LOOK_MS ? poll_ms / 4 : LOOK_MS;
    job->running = false;
    if (err == ERR_CONFLICT) {
        give_back(job, task);
        job->next_ms = now_ms + TICK_MS;
        return;
    }
    if (err) {
        give_back(job, task);
        job->failures++;
        job->next_ms = now_ms + with_jitter(scheduler, back_off_ms(job->failures - 1));
        return;
    }
    job->failures = 0;
    if (task->pass.list)
        job->list_ms = now_ms + with_jitter(scheduler, poll_ms * LIST_FACTOR);
    if (task->pass.more)
        look_ms = GAP_MS;
    if (now_ms + look_ms < job->next_ms)
        job->next_ms = now_ms + look_ms;
    if (job->all_ms && job->all_ms < job->next_ms)
        job->next_ms = job->all_ms;
    for (size_t i = 0; i < job->n_dirty; i++)
        if (job->dirty[i].due_ms < job->next_ms)
            job->next_ms = job->dirty[i].due_ms;
}

static void run(struct scheduler *scheduler, struct job *job)
{
    struct task task;
    struct bridge_pull_result result = {0};
    take(job, &task);
    pthread_mutex_unlock(&scheduler->mutex);
    struct ctx *cx = ctx_new(NULL);
    cx->deadline_ms = ctx_monotonic_ms(cx) + PASS_LIMIT_MS;
    enum err err =
        sync_account(cx, scheduler->bridge, job->account_id, &task.pass, &result);
    pthread_mutex_lock(&scheduler->mutex);
    if (!scheduler->bridge->stopping)
        report(cx, job, err, &result);
    job->gone = err == ERR_NOT_FOUND;
    finish(scheduler, job, &task, err);
    ctx_free(cx);
}

static void wait_until(struct scheduler *scheduler, int64_t until_ms)
{
    int64_t limit_ms = monotonic_ms() + LOOK_MS;
    if (until_ms > limit_ms)
        until_ms = limit_ms;
    struct timespec at = {
        .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    pthread_cond_timedwait(&scheduler->changed, &scheduler->mutex, &at);
}

static void *work(void *self)
{
    struct scheduler *scheduler = self;
    pthread_mutex_lock(&scheduler->mutex);
    while (!scheduler->bridge->stopping) {
        int64_t until_ms = 0;
        struct job *job = pick(scheduler, &until_ms);
        if (job)
            run(scheduler, job);
        else
            wait_until(scheduler, until_ms);
    }
    pthread_mutex_unlock(&scheduler->mutex);
    return NULL;
}

/* ---- house-keeping ---- */

/* Accounts that another process added or that signed in again. */
static void meet_accounts(struct ctx *cx, struct scheduler *scheduler)
{
    struct account *list;
    size_t n;
    if (store_accounts(cx, scheduler->bridge->store, &list, &n))
        return;
    pthread_mutex_lock(&scheduler->mutex);
    for (size_t i = 0; i < n; i++) {
        if (list[i].state != ACCOUNT_OK)
            continue;
        size_t before = scheduler->n_jobs;
        struct job *job = job_of(scheduler, list[i].id);
        if (scheduler->n_jobs != before || job->gone || job->failures) {
            job->gone = false;
            mark_dirty(job, 0, monotonic_ms());
        }
    }
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->mutex);
}

struct house {
    int64_t version; /* of the accounts, as they were met */
    int64_t next_ms; /* monotonic */
    int64_t wall_ms; /* of the last time */
    int64_t open_ms; /* until open writes are looked at again; doubles while they are */
};

/* A machine that slept wakes with another time of day. */
static bool is_time(struct ctx *cx, struct bridge *bridge, struct house *house)
{
    int64_t now_ms = monotonic_ms(), moved_ms = ctx_now_ms(cx) - house->wall_ms;
    if (atomic_exchange(&bridge->journal_left, false)) {
        house->open_ms = JOURNAL_MS;
        if (house->next_ms > now_ms + JOURNAL_MS)
            house->next_ms = now_ms + JOURNAL_MS;
    }
    return now_ms >= house->next_ms || moved_ms < -HOUSE_MS || moved_ms > HOUSE_MS;
}

static void keep_house(
    struct ctx *cx, struct scheduler *scheduler, struct house *house)
{
    struct bridge *bridge = scheduler->bridge;
    int64_t now;
    interest_flush(cx, bridge);
    unanswered_flush(cx, bridge);
    if (!store_credentials_version(cx, bridge->store, &now) && now != house->version) {
        house->version = now;
        meet_accounts(cx, scheduler);
    }
    if (!is_time(cx, bridge, house))
        return;
    bool open = journal_finish_all(cx, bridge);
    int64_t doubled_ms = house->open_ms * 2 < HOUSE_MS ? house->open_ms * 2 : HOUSE_MS;
    house->open_ms = open && house->open_ms ? doubled_ms : JOURNAL_MS;
    house->next_ms = monotonic_ms() + (open ? house->open_ms : HOUSE_MS);
    house->wall_ms = ctx_now_ms(cx);
    store_expire_tombstones(cx, bridge->store, ctx_now_s(cx) - TOMBSTONES_S);
    store_expire(cx, bridge->store, ctx_now_s(cx));
}

static void *house(void *self)
{
    struct scheduler *scheduler = self;
    struct ctx *cx = ctx_new(NULL);
    struct house house = {.version = -1};
    pthread_mutex_lock(&scheduler->mutex);
    while (!scheduler->bridge->stopping) {
        pthread_mutex_unlock(&scheduler->mutex);
        keep_house(cx, scheduler, &house);
        ctx_reset(cx);
        pthread_mutex_lock(&scheduler->mutex);
        if (!scheduler->bridge->stopping)
            wait_until(scheduler, monotonic_ms() + TICK_MS);
    }
    pthread_mutex_unlock(&scheduler->mutex);
    ctx_free(cx);
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
    notify_start(bridge);
    if (!bridge->feishu)
        return ERR_OK;
    for (size_t i = 0; i <= WORKERS; i++) {
        if (pthread_create(&scheduler->threads[i], NULL, i ? work : house, scheduler))
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
    for (size_t i = 0; i < scheduler->n_jobs; i++) {
        free(scheduler->jobs[i]->last_error);
        free(scheduler->jobs[i]);
    }
    free(scheduler->jobs);
    pthread_cond_destroy(&scheduler->changed);
    pthread_mutex_destroy(&scheduler->mutex);
    free(scheduler);
    rest(bridge);
}
