#include "bridge/job.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 8
#define FIRST_SLOTS 64

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void *grown(void *items, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return items;
    *room = *room ? 2 * *room : FIRST_ROOM;
    return must(realloc(items, *room * size));
}

/* ---- the table ---- */

static size_t *slot_of(const struct jobs *jobs, int64_t account_id)
{
    size_t at = (size_t)((uint64_t)account_id * 0x9e3779b97f4a7c15u >> 17);
    for (;; at++) {
        size_t *slot = &jobs->slots[at % jobs->n_slots];
        if (!*slot || jobs->items[*slot - 1]->account_id == account_id)
            return slot;
    }
}

static void index_again(struct jobs *jobs)
{
    free(jobs->slots);
    jobs->n_slots = jobs->n_slots ? 2 * jobs->n_slots : FIRST_SLOTS;
    jobs->slots = must(calloc(jobs->n_slots, sizeof(*jobs->slots)));
    for (size_t i = 0; i < jobs->n; i++)
        *slot_of(jobs, jobs->items[i]->account_id) = i + 1;
}

struct job *job_of(struct jobs *jobs, int64_t account_id)
{
    if (2 * (jobs->n + 1) > jobs->n_slots)
        index_again(jobs);
    size_t *slot = slot_of(jobs, account_id);
    if (*slot)
        return jobs->items[*slot - 1];
    struct job *job = must(calloc(1, sizeof(*job)));
    job->account_id = account_id;
    jobs->items = grown(jobs->items, jobs->n, &jobs->room, sizeof(*jobs->items));
    jobs->items[jobs->n++] = job;
    *slot = jobs->n;
    return job;
}

void jobs_free(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->n; i++) {
        free(jobs->items[i]->dirty.items);
        free(jobs->items[i]->due.items);
        free(jobs->items[i]->last_error);
        free(jobs->items[i]);
    }
    free(jobs->items);
    free(jobs->slots);
    *jobs = (struct jobs){0};
}

/* ---- marks ---- */

static struct job_mark *find(const struct job_marks *marks, int64_t calendar_id)
{
    for (size_t i = 0; i < marks->n; i++)
        if (marks->items[i].calendar_id == calendar_id)
            return &marks->items[i];
    return NULL;
}

static void add(struct job_marks *marks, int64_t calendar_id, int64_t when)
{
    marks->items = grown(marks->items, marks->n, &marks->room, sizeof(*marks->items));
    marks->items[marks->n++] = (struct job_mark){calendar_id, when};
}

static bool is_poked(const struct job *job)
{
    return job->all || job->list || job->shares;
}

static void poke(struct job *job, int64_t now_ms)
{
    if (!is_poked(job) || now_ms < job->poked_ms)
        job->poked_ms = now_ms;
}

void job_poke_all(struct job *job, int64_t now_ms)
{
    poke(job, now_ms);
    job->all = true;
}

void job_poke_list(struct job *job, int64_t now_ms)
{
    poke(job, now_ms);
    job->list = true;
}

void job_poke_shares(struct job *job, int64_t now_ms)
{
    poke(job, now_ms);
    job->shares = true;
}

void job_mark_dirty(struct job *job, int64_t calendar_id, int64_t due_ms)
{
    struct job_mark *mark = find(&job->dirty, calendar_id);
    if (!calendar_id || (!mark && job->dirty.n == JOB_CALENDARS_MAX))
        job_poke_all(job, due_ms);
    else if (!mark)
        add(&job->dirty, calendar_id, due_ms);
    else if (due_ms < mark->when)
        mark->when = due_ms;
}

bool job_mark_due(
    struct job *job, int64_t calendar_id, int64_t last_pull_s, int64_t now_ms)
{
    if (calendar_id ? find(&job->due, calendar_id) != NULL : job->list_due)
        return false;
    if (job->due.n == JOB_CALENDARS_MAX)
        return false;
    if (!job->due.n && !job->list_due)
        job->due_ms = now_ms;
    if (calendar_id)
        add(&job->due, calendar_id, last_pull_s);
    else
        job->list_due = true;
    return true;
}

void job_mark_long(struct job *job, int64_t now_ms)
{
    if (job->is_long)
        return;
    job->is_long = true;
    job->long_ms = now_ms;
}

/* ---- whose turn it is ---- */

enum rank { RANK_POKED, RANK_DUE, RANK_LONG, RANK_NONE };

struct turn {
    enum rank rank;
    int64_t ready_ms; /* when it may begin */
};

static int64_t poked_ms(const struct job *job)
{
    int64_t at_ms = is_poked(job) ? job->poked_ms : INT64_MAX;
    for (size_t i = 0; i < job->dirty.n; i++)
        if (job->dirty.items[i].when < at_ms)
            at_ms = job->dirty.items[i].when;
    return at_ms;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The best that the job has now; else when it will have something. Who pokes does not
 * wait for the end of a pause. */
static struct turn turn_of(const struct job *job, int64_t now_ms)
{
    bool is_due = job->due.n || job->list_due;
    int64_t ready_ms[] = {
        [RANK_POKED] = poked_ms(job),
        [RANK_DUE] = is_due ? later(job->due_ms, job->wait_ms) : INT64_MAX,
        [RANK_LONG] = job->is_long ? later(job->long_ms, job->wait_ms) : INT64_MAX,
    };
    struct turn next = {RANK_NONE, INT64_MAX};
    for (enum rank rank = RANK_POKED; rank < RANK_NONE; rank++) {
        if (ready_ms[rank] <= now_ms)
            return (struct turn){rank, ready_ms[rank]};
        if (ready_ms[rank] < next.ready_ms)
            next.ready_ms = ready_ms[rank];
    }
    return next;
}

static bool is_before(const struct job *a, const struct turn *at_a, const struct job *b,
    const struct turn *at_b)
{
    if (at_a->rank != at_b->rank)
        return at_a->rank < at_b->rank;
    return at_a->rank == RANK_LONG ? a->turn < b->turn : at_a->ready_ms < at_b->ready_ms;
}

struct job *jobs_next(
    const struct jobs *jobs, int64_t now_ms, unsigned max_long, int64_t *until_ms)
{
    struct job *best = NULL;
    struct turn best_turn = {RANK_NONE, 0};
    int64_t earliest_ms = INT64_MAX;
    for (size_t i = 0; i < jobs->n; i++) {
        struct job *job = jobs->items[i];
        if (job->running || job->gone)
            continue;
        struct turn turn = turn_of(job, now_ms);
        if (turn.rank == RANK_NONE) {
            if (turn.ready_ms < earliest_ms)
                earliest_ms = turn.ready_ms;
        } else if (turn.rank == RANK_LONG && jobs->n_long >= max_long) {
            continue; /* the end of a slice wakes whoever waits */
        } else if (!best || is_before(job, &turn, best, &best_turn)) {
            best = job;
            best_turn = turn;
        }
    }
    if (!best)
        *until_ms = earliest_ms;
    return best;
}

/* ---- from the job into a task and back ---- */

static void take_dirty(
    struct job *job, int64_t now_ms, struct arena *arena, struct task *task)
{
    size_t kept = 0;
    task->dirty = ARENA_ARRAY(arena, int64_t, job->dirty.n + 1);
    for (size_t i = 0; i < job->dirty.n; i++)
        if (job->dirty.items[i].when <= now_ms)
            task->dirty[task->n_dirty++] = job->dirty.items[i].calendar_id;
        else
            job->dirty.items[kept++] = job->dirty.items[i];
    job->dirty.n = kept;
}

static void take_due(struct job *job, struct arena *arena, struct task *task)
{
    task->due = ARENA_ARRAY(arena, struct job_mark, job->due.n + 1);
    for (size_t i = 0; i < job->due.n; i++)
        task->due[task->n_due++] = job->due.items[i];
    task->list_due = job->list_due;
    job->list_due = false;
    job->due.n = 0;
}

/* With short work goes all the short work there is. */
void job_take(struct jobs *jobs, struct job *job, int64_t now_ms, struct arena *arena,
    struct task *task)
{
    enum rank rank = turn_of(job, now_ms).rank;
    *task = (struct task){.job = job, .is_long = rank == RANK_LONG};
    job->running = true;
    if (task->is_long) {
        job->turn = ++jobs->turn;
        jobs->n_long++;
        return;
    }
    take_dirty(job, now_ms, arena, task);
    take_due(job, arena, task);
    if (job->poked_ms <= now_ms) {
        task->all = job->all;
        task->list_poked = job->list;
        task->shares = job->shares;
        job->all = job->list = job->shares = false;
        if (task->all)
            job->all_ms = 0; /* that is done with it */
    }
    task->list = task->all || task->list_poked || task->list_due;
}

static void give_back(struct job *job, const struct task *task, int64_t at_ms)
{
    for (size_t i = 0; i < task->n_dirty; i++)
        job_mark_dirty(job, task->dirty[i], at_ms);
    if (task->all)
        job_poke_all(job, at_ms);
    if (task->list_poked)
        job_poke_list(job, at_ms);
    if (task->shares)
        job_poke_shares(job, at_ms);
}

void job_end(struct jobs *jobs, const struct task *task, const struct task_end *end,
    int64_t now_ms)
{
    struct job *job = task->job;
    job->running = false;
    job->wait_ms = now_ms + end->wait_ms;
    if (task->is_long)
        jobs->n_long--;
    if (end->failed)
        give_back(job, task, job->wait_ms);
    if (end->listed_ms)
        job->listed_ms = end->listed_ms;
    if (task->is_long || end->more) {
        job->is_long = end->more;
        job->long_ms = now_ms + end->more_ms;
    }
}
