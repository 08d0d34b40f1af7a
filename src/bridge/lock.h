/*
 * Locks with a name made of a kind and a number. Those of lock_take order threads of this
 * process; those of lock_file_take also processes that share the store, and end with
 * their process.
 */
#ifndef BRIDGE_LOCK_H
#define BRIDGE_LOCK_H

#include "base/ctx.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order in which a thread that needs several must take them. Whoever writes one
 * event shares its calendar with other such writers and has the event to itself. */
enum lock_kind {
    LOCK_PULL,
    LOCK_HOME,
    LOCK_MOVE,
    LOCK_CALENDAR,
    LOCK_EVENT, /* lock_number of its calendar and its name or UID */
    LOCK_TOKEN
};

struct locks;
struct lock;

/* path: of the lock file, copied; made when first needed. */
struct locks *locks_new(const char *path);
void locks_free(struct locks *locks);
/* With test hooks, the program ends when a thread takes a lock while it holds one of the
 * same kind or of a later one. */
void locks_check_order(struct locks *locks);

struct wanted {
    enum lock_kind kind;
    int64_t number; /* less than LOCK_NUMBER_MAX */
    bool shared;    /* with others who want it so */
};
#define LOCK_NUMBER_MAX ((int64_t)1 << 40)

/* Of a text within a calendar: others may have the same one, and then wait needlessly. */
int64_t lock_number(int64_t calendar_id, const char *text);

/* Waits until cx's deadline, 30 s without one. Who wants it alone goes before those who
 * come later and would share it, except in some seconds of a long wait. Error:
 * UPSTREAM_BUSY. */
enum err lock_take(struct ctx *cx, struct locks *locks, const struct wanted *wanted,
    struct lock **lock);
void lock_release(struct lock *lock); /* NULL is allowed */

/* As lock_take, between processes too. *fd is given to lock_file_release. wait_ms 0 = try
 * once. Errors: UPSTREAM_BUSY, IO. */
enum err lock_file_take(struct ctx *cx, struct locks *locks, enum lock_kind kind,
    int64_t number, int64_t wait_ms, int *fd);
void lock_file_release(int fd); /* -1 is allowed */

/* All of them at once, waiting as lock_take does: threads in turn, then processes. Two
 * that are the same count as one. */
#define HELD_MAX 3
struct held {
    struct lock *locks[HELD_MAX];
    int fd;
};
enum err held_take_all(struct ctx *cx, struct locks *locks, struct wanted *wanted,
    size_t n, struct held *held); /* sorts wanted */
enum err held_take(struct ctx *cx, struct locks *locks, enum lock_kind kind,
    int64_t number, struct held *held);
void held_release(struct held *held);

#endif
