#include "config.h"

#include "bridge/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_DEFAULT_MS 30000
#define FILE_LOCK_STEP_MS 25

struct lock {
    struct locks *locks;
    struct lock *next;
    enum lock_kind kind;
    int64_t number;
    unsigned users; /* holder and waiters */
    bool held;
    pthread_cond_t freed;
};

struct locks {
    pthread_mutex_t mutex;
    struct lock *first;
    char *path;
};

struct locks *locks_new(const char *path)
{
    struct locks *locks = calloc(1, sizeof(*locks));
    if (!locks || !(locks->path = strdup(path)))
        abort();
    pthread_mutex_init(&locks->mutex, NULL);
    return locks;
}

void locks_free(struct locks *locks)
{
    if (!locks)
        return;
    pthread_mutex_destroy(&locks->mutex);
    free(locks->path);
    free(locks);
}

static struct lock *find_or_add(struct locks *locks, enum lock_kind kind, int64_t number)
{
    for (struct lock *lock = locks->first; lock; lock = lock->next)
        if (lock->kind == kind && lock->number == number)
            return lock;
    struct lock *lock = calloc(1, sizeof(*lock));
    pthread_condattr_t attributes;
    if (!lock)
        abort();
    lock->locks = locks;
    lock->kind = kind;
    lock->number = number;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&lock->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    lock->next = locks->first;
    locks->first = lock;
    return lock;
}

/* The mutex is held. */
static void drop_user(struct lock *lock)
{
    if (--lock->users)
        return;
    for (struct lock **at = &lock->locks->first; *at; at = &(*at)->next)
        if (*at == lock) {
            *at = lock->next;
            break;
        }
    pthread_cond_destroy(&lock->freed);
    free(lock);
}

static struct timespec time_after_ms(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

enum err lock_take(struct ctx *cx, struct locks *locks, enum lock_kind kind,
    int64_t number, struct lock **result)
{
    struct timespec until = time_after_ms(ctx_left_ms(cx, WAIT_DEFAULT_MS));
    int status = 0;
    pthread_mutex_lock(&locks->mutex);
    struct lock *lock = find_or_add(locks, kind, number);
    lock->users++;
    while (lock->held && status != ETIMEDOUT)
        status = pthread_cond_timedwait(&lock->freed, &locks->mutex, &until);
    bool taken = !lock->held;
    if (taken)
        lock->held = true;
    else
        drop_user(lock);
    pthread_mutex_unlock(&locks->mutex);
    if (!taken)
        return fail(cx, ERR_UPSTREAM_BUSY, "another write is still under way");
    *result = lock;
    return ERR_OK;
}

void lock_release(struct lock *lock)
{
    if (!lock)
        return;
    struct locks *locks = lock->locks;
    pthread_mutex_lock(&locks->mutex);
    lock->held = false;
    pthread_cond_signal(&lock->freed);
    drop_user(lock);
    pthread_mutex_unlock(&locks->mutex);
}

/* Locks of an open file description belong to neither a thread nor the process, so that
 * they work between both, and vanish when their owner is killed. */
static bool try_lock(int fd, enum lock_kind kind, int64_t number)
{
    struct flock range = {
        .l_type = F_WRLCK,
        .l_whence = SEEK_SET,
        .l_start = (off_t)(((int64_t)kind << 40) + number),
        .l_len = 1,
    };
    return fcntl(fd, F_OFD_SETLK, &range) == 0;
}

enum err lock_file_take(struct ctx *cx, struct locks *locks, enum lock_kind kind,
    int64_t number, int64_t wait_ms, int *result)
{
    int64_t end_ms = ctx_monotonic_ms(cx) + wait_ms;
    int fd = open(locks->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(cx, ERR_IO, "%s: %s", locks->path, strerror(errno));
    while (!try_lock(fd, kind, number)) {
        if (errno != EAGAIN && errno != EACCES) {
            enum err err = fail(cx, ERR_IO, "%s: %s", locks->path, strerror(errno));
            close(fd);
            return err;
        }
        if (ctx_monotonic_ms(cx) >= end_ms) {
            close(fd);
            return fail(cx, ERR_UPSTREAM_BUSY, "another process is at it");
        }
        nanosleep(&(struct timespec){.tv_nsec = FILE_LOCK_STEP_MS * 1000000L}, NULL);
    }
    *result = fd;
    return ERR_OK;
}

void lock_file_release(int fd)
{
    if (fd >= 0)
        close(fd);
}

enum err held_take(struct ctx *cx, struct locks *locks, enum lock_kind kind,
    int64_t number, struct held *held)
{
    struct held taken = {.fd = -1};
    TRY(lock_take(cx, locks, kind, number, &taken.lock));
    enum err err = lock_file_take(
        cx, locks, kind, number, ctx_left_ms(cx, WAIT_DEFAULT_MS), &taken.fd);
    if (err) {
        lock_release(taken.lock);
        return err;
    }
    *held = taken;
    return ERR_OK;
}

void held_release(struct held *held)
{
    lock_file_release(held->fd);
    lock_release(held->lock);
}
