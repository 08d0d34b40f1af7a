/*
 * The accounts that are pulled, what is to be done for each, and whose turn it is: a
 * table without threads. Times are monotonic milliseconds unless said otherwise. Whoever
 * uses it from several threads holds a mutex.
 *
 * There are two kinds of work. Short: the list of calendars, and changes of calendars
 * that somebody told of or whose time has come. Long: first and full readings and
 * attendees, a slice at a time, of which only some run at once, so that nobody's short
 * work waits for anybody's long work; accounts take turns at the slices.
 */
#ifndef BRIDGE_JOB_H
#define BRIDGE_JOB_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of an account with more dirty calendars all are. */
#define JOB_CALENDARS_MAX 1000

struct job_mark {
    int64_t calendar_id;
    int64_t when; /* dirty: due at; due: last_pull_s when it was released */
};
struct job_marks {
    struct job_mark *items;
    size_t n, room;
};

struct job {
    int64_t account_id;
    bool running, gone;
    bool met;        /* everything of it was asked for since the start */
    int64_t wait_ms; /* after a failure nothing is done before, unless somebody pokes */
    unsigned failures;
    char *last_error; /* on the heap, NULL = none */

    struct job_marks dirty; /* somebody told of a change, or asked for them */
    bool all;               /* everything is dirty, the list of calendars, too */
    int64_t all_ms;         /* when everything becomes dirty; 0 = not asked for */
    bool list, shares;      /* the list of calendars, access lists alone */
    int64_t poked_ms;       /* since when; only with one of the above */

    struct job_marks due; /* calendars whose time has come */
    bool list_due;
    int64_t due_ms;    /* since when; only with one of the above */
    int64_t listed_ms; /* Unix, when the list of calendars was read; 0 = not yet */

    int64_t n_calendars;
    bool is_long;    /* long work is left */
    int64_t long_ms; /* not before */
    uint64_t turn;   /* number of its last slice */
};

struct jobs {
    struct job **items;
    size_t n, room;
    size_t *slots; /* by account_id: index into items + 1, 0 = free */
    size_t n_slots;
    uint64_t turn;
    unsigned n_long; /* slices that run */
};
void jobs_free(struct jobs *jobs);
/* Made when it is not there. */
struct job *job_of(struct jobs *jobs, int64_t account_id);

/* "That calendar (0 = everything) is dirty", not before due_ms. */
void job_mark_dirty(struct job *job, int64_t calendar_id, int64_t due_ms);
void job_poke_list(struct job *job, int64_t now_ms);
void job_poke_shares(struct job *job, int64_t now_ms);
void job_poke_all(struct job *job, int64_t now_ms);
/* Its time has come; false when it is marked already. calendar_id 0 = the list. */
bool job_mark_due(
    struct job *job, int64_t calendar_id, int64_t last_pull_s, int64_t now_ms);
void job_mark_long(struct job *job, int64_t now_ms);

/* Work for one pass, in the arena that job_take was given. */
struct task {
    struct job *job;
    bool is_long;
    bool all, list, list_poked, list_due, shares;
    int64_t *dirty; /* calendars */
    size_t n_dirty;
    struct job_mark *due;
    size_t n_due;
};
/* What is next: pokes, then what has its time, both as they came, then slices of long
 * work in turns. NULL: nothing now, look again at *until_ms. */
struct job *jobs_next(
    const struct jobs *jobs, int64_t now_ms, unsigned max_long, int64_t *until_ms);
/* What is due of it moves into the task. */
void job_take(struct jobs *jobs, struct job *job, int64_t now_ms, struct arena *arena,
    struct task *task);

struct task_end {
    bool failed;       /* what was asked for is to be done again */
    int64_t wait_ms;   /* that long from now nothing that nobody pokes for */
    bool more;         /* long work is left */
    int64_t more_ms;   /* that long from now none of it */
    int64_t listed_ms; /* as in struct job; 0 = the list was not read */
};
void job_end(struct jobs *jobs, const struct task *task, const struct task_end *end,
    int64_t now_ms);

#endif
