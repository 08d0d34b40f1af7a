/* What the files of the scheduler share: schedule.c the workers, house.c what is looked
 * after beside them. */
#ifndef BRIDGE_SCHEDULE_H
#define BRIDGE_SCHEDULE_H

#include "bridge/bridge_internal.h"
#include "bridge/job.h"
#include "bridge/poll.h"

/* Those that do short work are never fewer than the difference. */
#define WORKERS 6
#define WORKERS_LONG 2
#define LOOK_MS 10000 /* at most this long between two looks for what is due */

struct scheduler {
    struct bridge *bridge;
    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t changed;
    pthread_t threads[WORKERS + 2];
    size_t n_threads;
    struct jobs jobs;
    unsigned seed;
    bool plan_now;
    struct poll_purse purse;
};

int64_t scheduler_now_ms(void); /* monotonic */
/* The mutex is held; until_ms is monotonic. */
void scheduler_wait(struct scheduler *scheduler, int64_t until_ms);

/* ---- house.c: threads ---- */
/* Decides whose time has come. */
void *planner_run(void *scheduler);
/* Notes of interest and spending, other processes' accounts, unfinished writes, old
 * tombstones. */
void *house_run(void *scheduler);

#endif
