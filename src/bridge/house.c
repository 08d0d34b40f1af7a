/* What is looked after beside the pulls: whose time has come, and house-keeping. */
#include "config.h"

#include "bridge/pull.h"
#include "bridge/push.h"
#include "bridge/schedule.h"
#include "bridge/spent.h"
#include "bridge/unanswered.h"
#include "store/checkpoint.h"

#define TICK_MS fault_wait_ms(1000)
#define HOUSE_MS 60000
#define JOURNAL_MS fault_wait_ms(5000) /* the same while unfinished writes wait */
#define TOMBSTONES_S (90 * 86400LL)
#define PLAN_SHARE 20 /* planning takes at most this part of the time */

/* ---- planning ---- */

struct planned {
    int64_t account_id, interest_s;
    int64_t n_calendars;
    bool is_long, list_told;
};

struct outlook {
    struct ctx *cx;
    struct bridge *bridge;
    int64_t now_s, now_ms, base_ms, stretch;
    bool is_told;   /* Feishu tells of changes at all */
    bool attendees; /* they may be asked for */
    LIST(struct poll) polls;
    LIST(struct planned) accounts;
};

static bool still_told(const struct outlook *plan, int64_t told_s)
{
    return plan->is_told && told_s + SUBSCRIPTION_GONE_S > plan->now_s;
}

static struct planned *planned_of(struct outlook *plan, const struct poll_row *row)
{
    size_t n = plan->accounts.n;
    if (!n || plan->accounts.items[n - 1].account_id != row->account_id)
        LIST_ADD(plan->cx->arena, &plan->accounts,
            ((struct planned){.account_id = row->account_id,
                .list_told = still_told(plan, row->list_told_s)}));
    return &plan->accounts.items[plan->accounts.n - 1];
}

static void plan_calendar(void *self, const struct poll_row *row)
{
    struct outlook *plan = self;
    struct planned *account = planned_of(plan, row);
    enum be_role role = role_of(row->role);
    struct poll_facts facts = {
        .interest_s = row->last_interest_s,
        .changed_s = row->changed_s,
        .cost = row->cost,
        .told = still_told(plan, row->events_told_s),
    };
    struct poll one = {
        .account_id = row->account_id,
        .calendar_id = row->calendar_id,
        .last_ms = row->last_pull_s * 1000,
        .interval_ms = poll_interval_ms(plan->base_ms, &facts, plan->now_s),
    };
    one.calls = poll_calls(&facts, one.interval_ms, role == BE_OWNER,
        still_told(plan, row->shares_told_s));
    account->n_calendars++;
    account->is_long |= (row->bare && role != BE_FREEBUSY && plan->attendees) ||
        reading_is_due(row->pull, row->full_s, plan->now_s, plan->stretch);
    if (row->last_interest_s > account->interest_s)
        account->interest_s = row->last_interest_s;
    if (row->pull == PULL_DONE && row->full_s)
        LIST_ADD(plan->cx->arena, &plan->polls, one);
}

/* How often it changes is not known, and makes no difference. */
static void plan_list(
    struct outlook *plan, const struct planned *account, const struct job *job)
{
    struct poll_facts facts = {
        .interest_s = account->interest_s,
        .changed_s = plan->now_s - 86400,
        .cost = 100,
        .told = account->list_told,
    };
    struct poll one = {
        .account_id = account->account_id,
        .last_ms = job->listed_ms,
        .interval_ms =
            poll_interval_ms(plan->base_ms * POLL_LIST_FACTOR, &facts, plan->now_s),
        .calls = 100,
    };
    LIST_ADD(plan->cx->arena, &plan->polls, one);
}

static long calls_per_minute(const struct bridge *bridge)
{
    long calls = bridge->conf->feishu.rate_per_minute * POLL_SHARE_PERCENT / 100;
    return calls > 0 ? calls : 1;
}

/* The mutex is held, as for those below. */
static void release_all(struct scheduler *scheduler, int64_t now_ms)
{
    for (size_t i = 0; i < scheduler->jobs.n && scheduler->purse.credit > 0; i++) {
        struct job *job = scheduler->jobs.items[i];
        if (!job->all_ms || job->all_ms > now_ms)
            continue;
        job->all_ms = 0;
        job_poke_all(job, now_ms);
        scheduler->purse.credit -= 100 * (job->n_calendars + 1);
    }
}

static void note_accounts(
    struct scheduler *scheduler, struct outlook *plan, int64_t now_ms)
{
    for (size_t i = 0; i < plan->accounts.n; i++) {
        const struct planned *account = &plan->accounts.items[i];
        struct job *job = job_of(&scheduler->jobs, account->account_id);
        job->n_calendars = account->n_calendars;
        if (account->is_long)
            job_mark_long(job, now_ms);
        plan_list(plan, account, job);
    }
}

static bool is_asleep(const struct job *job, int64_t now_ms)
{
    return job->running || job->gone || job->all || job->all_ms || !job->met ||
        job->wait_ms > now_ms;
}

static void release_polls(
    struct scheduler *scheduler, struct outlook *plan, int64_t now_ms)
{
    for (size_t i = 0; i < plan->polls.n; i++) {
        struct poll *one = &plan->polls.items[i];
        one->asleep = is_asleep(job_of(&scheduler->jobs, one->account_id), now_ms);
    }
    poll_release(plan->polls.items, plan->polls.n, plan->stretch, plan->now_ms,
        &scheduler->purse);
    for (size_t i = 0; i < plan->polls.n; i++) {
        const struct poll *one = &plan->polls.items[i];
        if (one->released)
            job_mark_due(job_of(&scheduler->jobs, one->account_id), one->calendar_id,
                one->last_ms / 1000, now_ms);
    }
}

static void make_plan(struct ctx *cx, struct scheduler *scheduler)
{
    struct bridge *bridge = scheduler->bridge;
    struct outlook plan = {
        .cx = cx,
        .bridge = bridge,
        .now_s = ctx_now_s(cx),
        .now_ms = ctx_now_ms(cx),
        .base_ms = bridge->conf->sync.poll_interval_s * 1000,
        .stretch = bridge->stretch,
        .is_told = events_way(bridge) != EVENTS_POLLING,
        .attendees = ctx_monotonic_ms(cx) >= bridge->attendees_wait_ms,
    };
    if (store_polls(cx, bridge->store, plan_calendar, &plan)) {
        log_line(cx, LOG_INFO, LOG_SYNC, "no plan: %s", ctx_error(cx));
        return;
    }
    int64_t now_ms = scheduler_now_ms();
    pthread_mutex_lock(&scheduler->mutex);
    note_accounts(scheduler, &plan, now_ms);
    plan.stretch = poll_stretch(plan.polls.items, plan.polls.n, calls_per_minute(bridge));
    poll_earn(&scheduler->purse, calls_per_minute(bridge), now_ms);
    release_all(scheduler, now_ms);
    release_polls(scheduler, &plan, now_ms);
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->mutex);
    bridge->stretch = plan.stretch;
}

void *planner_run(void *self)
{
    struct scheduler *scheduler = self;
    struct bridge *bridge = scheduler->bridge;
    int64_t period_ms = bridge->conf->sync.poll_interval_s * 1000 / 4;
    struct ctx *cx = ctx_new(NULL);
    period_ms = period_ms < LOOK_MS ? period_ms : LOOK_MS;
    pthread_mutex_lock(&scheduler->mutex);
    while (!bridge->stopping) {
        int64_t start_ms = scheduler_now_ms();
        scheduler->plan_now = false;
        pthread_mutex_unlock(&scheduler->mutex);
        make_plan(cx, scheduler);
        ctx_reset(cx);
        pthread_mutex_lock(&scheduler->mutex);
        int64_t end_ms = scheduler_now_ms();
        int64_t pause_ms = (end_ms - start_ms) * PLAN_SHARE;
        int64_t next_ms = end_ms + (pause_ms > period_ms ? pause_ms : period_ms);
        while (!bridge->stopping && !scheduler->plan_now && scheduler_now_ms() < next_ms)
            scheduler_wait(scheduler, next_ms);
    }
    pthread_mutex_unlock(&scheduler->mutex);
    ctx_free(cx);
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
        struct job *job = job_of(&scheduler->jobs, list[i].id);
        if (job->gone || job->failures)
            job_poke_all(job, scheduler_now_ms());
        else if (!job->met)
            job->all_ms = scheduler_now_ms();
        job->gone = false;
        job->met = true;
    }
    scheduler->plan_now = true;
    pthread_cond_broadcast(&scheduler->changed);
    pthread_mutex_unlock(&scheduler->mutex);
}

struct house {
    int64_t version; /* of the accounts, as they were met */
    int64_t next_ms; /* monotonic */
    int64_t wall_ms; /* of the last time */
    int64_t open_ms; /* until open writes are looked at again; doubles while they are */
    bool uncopied;   /* the log of the store, and that was told */
};

/* A machine that slept wakes with another time of day. */
static bool is_time(struct ctx *cx, struct bridge *bridge, struct house *house)
{
    int64_t now_ms = scheduler_now_ms(), moved_ms = ctx_now_ms(cx) - house->wall_ms;
    if (atomic_exchange(&bridge->journal_left, false)) {
        house->open_ms = JOURNAL_MS;
        if (house->next_ms > now_ms + JOURNAL_MS)
            house->next_ms = now_ms + JOURNAL_MS;
    }
    return now_ms >= house->next_ms || moved_ms < -HOUSE_MS || moved_ms > HOUSE_MS;
}

static void tell_of_copier(struct ctx *cx, struct bridge *bridge, struct house *house)
{
    bool uncopied = store_copier_check(cx, bridge->store) != ERR_OK;
    if (uncopied && !house->uncopied)
        sync_warn(cx, "%s", ctx_error(cx));
    else if (!uncopied && house->uncopied)
        log_line(cx, LOG_INFO, LOG_STORE, "the log of the store is copied again");
    house->uncopied = uncopied;
}

static void keep_house(
    struct ctx *cx, struct scheduler *scheduler, struct house *house)
{
    struct bridge *bridge = scheduler->bridge;
    int64_t now;
    interest_flush(cx, bridge);
    spent_flush(cx, bridge);
    unanswered_flush(cx, bridge);
    tell_of_copier(cx, bridge, house);
    if (!store_credentials_version(cx, bridge->store, &now) && now != house->version) {
        house->version = now;
        meet_accounts(cx, scheduler);
    }
    if (!is_time(cx, bridge, house))
        return;
    bool open = journal_finish_all(cx, bridge);
    int64_t doubled_ms = house->open_ms * 2 < HOUSE_MS ? house->open_ms * 2 : HOUSE_MS;
    house->open_ms = open && house->open_ms ? doubled_ms : JOURNAL_MS;
    house->next_ms = scheduler_now_ms() + (open ? house->open_ms : HOUSE_MS);
    house->wall_ms = ctx_now_ms(cx);
    store_expire_tombstones(cx, bridge->store, ctx_now_s(cx) - TOMBSTONES_S);
    store_expire(cx, bridge->store, ctx_now_s(cx));
}

void *house_run(void *self)
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
            scheduler_wait(scheduler, scheduler_now_ms() + TICK_MS);
    }
    pthread_mutex_unlock(&scheduler->mutex);
    ctx_free(cx);
    return NULL;
}
