#include "config.h"

#include "bridge/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_DEFAULT_MS 30000
#define FILE_LOCK_STEP_MS 25
#define TURN_MS 1000

struct lock {
    struct locks *locks;
    struct lock *next;
    enum lock_kind kind;
    int64_t number;
    unsigned users; /* holders and waiters */
    unsigned sharing, waiting_alone;
    int64_t waited_from_ms; /* by who wants it alone */
    bool alone;
    pthread_cond_t freed;
};

struct locks {
    pthread_mutex_t mutex;
    struct lock *first;
    char *path;
    bool ordered;
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

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Who waits alone comes before later sharers, so that these cannot pass it for ever; but
 * a holder may be slow, and they need not all wait for it. Some of the time is theirs,
 * and ever less of it: the second, third, fifth, ninth, seventeenth ... turn. */
static bool is_turn_of_sharers(int64_t waited_ms)
{
    int64_t turn = waited_ms / TURN_MS;
    return turn && !(turn & (turn - 1));
}

static bool is_free(const struct lock *lock, bool shared)
{
    if (lock->alone)
        return false;
    return shared
        ? !lock->waiting_alone || is_turn_of_sharers(now_ms() - lock->waited_from_ms)
        : !lock->sharing;
}

/* The mutex is held. Until somebody lets go, or the next turn. */
static void wait_a_turn(struct lock *lock, bool shared, int64_t until_ms)
{
    int64_t now = now_ms(), waited_ms = now - lock->waited_from_ms;
    int64_t turn_ms = now + TURN_MS - waited_ms % TURN_MS;
    if (shared && lock->waiting_alone && turn_ms < until_ms)
        until_ms = turn_ms;
    struct timespec at = {
        .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    pthread_cond_timedwait(&lock->freed, &lock->locks->mutex, &at);
}

/* The mutex is held. */
static bool wait_for(struct ctx *cx, struct lock *lock, bool shared)
{
    int64_t until_ms = now_ms() + ctx_left_ms(cx, WAIT_DEFAULT_MS);
    if (!shared && !lock->waiting_alone++)
        lock->waited_from_ms = now_ms();
    while (!is_free(lock, shared) && now_ms() < until_ms)
        wait_a_turn(lock, shared, until_ms);
    lock->waiting_alone -= !shared;
    if (is_free(lock, shared))
        return true;
    pthread_cond_broadcast(&lock->freed); /* those who would share it */
    return false;
}

enum err lock_take(struct ctx *cx, struct locks *locks, const struct wanted *wanted,
    struct lock **result)
{
    pthread_mutex_lock(&locks->mutex);
    struct lock *lock = find_or_add(locks, wanted->kind, wanted->number);
    lock->users++;
    bool taken = wait_for(cx, lock, wanted->shared);
    if (!taken)
        drop_user(lock);
    else if (wanted->shared)
        lock->sharing++;
    else
        lock->alone = true;
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
    if (lock->alone) {
        lock->alone = false;
        lock->waited_from_ms = now_ms(); /* the next one's turns begin */
    } else {
        lock->sharing--;
    }
    pthread_cond_broadcast(&lock->freed);
    drop_user(lock);
    pthread_mutex_unlock(&locks->mutex);
}

/* FNV-1a. */
int64_t lock_number(int64_t calendar_id, const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)calendar_id;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return (int64_t)(hash % (uint64_t)LOCK_NUMBER_MAX);
}

/* Locks of an open file description belong to neither a thread nor the process, so that
 * they work between both, and vanish when their owner is killed. 0 or an errno. */
static int set_lock(int fd, int64_t place, int type)
{
    struct flock range = {
        .l_type = (short)type,
        .l_whence = SEEK_SET,
        .l_start = (off_t)place,
        .l_len = 1,
    };
    return fcntl(fd, F_OFD_SETLK, &range) ? errno : 0;
}

/* Nobody queues for such a lock. Who wants it alone closes a gate through which sharers
 * must pass, and opens it when it is their turn. */
static int try_lock(int fd, const struct wanted *wanted, int64_t waited_ms)
{
    int64_t place = (int64_t)wanted->kind * LOCK_NUMBER_MAX + wanted->number;
    int64_t gate = place + (LOCK_TOKEN + 1) * LOCK_NUMBER_MAX;
    int type = wanted->shared ? F_RDLCK : F_WRLCK;
    bool open = !wanted->shared && is_turn_of_sharers(waited_ms);
    int status = set_lock(fd, gate, open ? F_UNLCK : type);
    if (status && wanted->shared)
        return status;
    status = set_lock(fd, place, type);
    if (!status || wanted->shared)
        set_lock(fd, gate, F_UNLCK);
    return status;
}

static enum err wait_for_processes(struct ctx *cx, struct locks *locks, int fd,
    const struct wanted *wanted, int64_t wait_ms)
{
    int64_t begin_ms = now_ms(), waited_ms = 0;
    int status;
    while ((status = try_lock(fd, wanted, waited_ms))) {
        if (status != EAGAIN && status != EACCES)
            return fail(cx, ERR_IO, "%s: %s", locks->path, strerror(status));
        if (waited_ms >= wait_ms)
            return fail(cx, ERR_UPSTREAM_BUSY,
                "another process of this bridge was at work here for %lld s: try again",
                (long long)waited_ms / 1000);
        nanosleep(&(struct timespec){.tv_nsec = FILE_LOCK_STEP_MS * 1000000L}, NULL);
        waited_ms = now_ms() - begin_ms;
    }
    return ERR_OK;
}

static enum err open_file(struct ctx *cx, struct locks *locks, int *result)
{
    int fd = open(locks->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(cx, ERR_IO, "%s: %s", locks->path, strerror(errno));
    *result = fd;
    return ERR_OK;
}

/* ---- their order ---- */

#ifdef TEST_HOOKS

static _Thread_local int held_here[LOCK_TOKEN + 1];

void locks_check_order(struct locks *locks)
{
    locks->ordered = true;
}

static void check_order(const struct locks *locks, enum lock_kind first)
{
    for (int kind = (int)first; locks->ordered && kind <= LOCK_TOKEN; kind++)
        if (held_here[kind]) {
            fprintf(stderr, "lock %d is taken after lock %d\n", (int)first, kind);
            abort();
        }
}

static void note_order(const struct held *held, int by)
{
    for (size_t i = 0; i < HELD_MAX; i++)
        if (held->locks[i] && held->locks[i]->locks->ordered)
            held_here[held->locks[i]->kind] += by;
}

#else

void locks_check_order(struct locks *locks)
{
    (void)locks;
}

static void check_order(const struct locks *locks, enum lock_kind first)
{
    (void)locks;
    (void)first;
}

static void note_order(const struct held *held, int by)
{
    (void)held;
    (void)by;
}

#endif

enum err lock_file_take(struct ctx *cx, struct locks *locks, enum lock_kind kind,
    int64_t number, int64_t wait_ms, int *result)
{
    int fd = -1;
    check_order(locks, kind);
    TRY(open_file(cx, locks, &fd));
    enum err err = wait_for_processes(
        cx, locks, fd, &(struct wanted){.kind = kind, .number = number}, wait_ms);
    if (err) {
        close(fd);
        return err;
    }
    *result = fd;
    return ERR_OK;
}

void lock_file_release(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* ---- both ---- */

static int by_place(const void *a, const void *b)
{
    const struct wanted *one = a, *other = b;
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1;
    return (one->number > other->number) - (one->number < other->number);
}

enum err held_take_all(struct ctx *cx, struct locks *locks, struct wanted *wanted,
    size_t n, struct held *held)
{
    struct held taken = {.fd = -1};
    qsort(wanted, n, sizeof(*wanted), by_place);
    check_order(locks, wanted[0].kind);
    enum err err = open_file(cx, locks, &taken.fd);
    for (size_t i = 0; i < n && !err; i++) {
        if (i && !by_place(&wanted[i - 1], &wanted[i]))
            continue;
        err = lock_take(cx, locks, &wanted[i], &taken.locks[i]);
        if (!err)
            err = wait_for_processes(
                cx, locks, taken.fd, &wanted[i], ctx_left_ms(cx, WAIT_DEFAULT_MS));
    }
    note_order(&taken, 1);
    if (err) {
        held_release(&taken);
        return err;
    }
    *held = taken;
    return ERR_OK;
}

enum err held_take(struct ctx *cx, struct locks *locks, enum lock_kind kind,
    int64_t number, struct held *held)
{
    struct wanted wanted = {.kind = kind, .number = number};
    return held_take_all(cx, locks, &wanted, 1, held);
}

void held_release(struct held *held)
{
    note_order(held, -1);
    lock_file_release(held->fd);
    for (size_t i = HELD_MAX; i-- > 0;)
        lock_release(held->locks[i]);
}
