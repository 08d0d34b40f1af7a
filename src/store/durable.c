/* Commits that wait for the disk, together. The writer's own commits are written to the
 * log and not synced, so that the next thread has its turn; whoever needs to be on disk
 * then waits for a sync of the log that began after the commit, and one sync serves all
 * who wait. (SQLite itself syncs the log before anything of it is copied into the
 * database.) */
#include "config.h"

#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void durable_init(struct durable *durable)
{
    pthread_mutex_init(&durable->lock, NULL);
    pthread_cond_init(&durable->ended_one, NULL);
    durable->fd = -1;
}

void durable_free(struct durable *durable)
{
    if (durable->fd >= 0)
        close(durable->fd);
    pthread_cond_destroy(&durable->ended_one);
    pthread_mutex_destroy(&durable->lock);
}

/* Asked while the connection is the caller's: another thread has it when the log is
 * opened. */
void durable_watch(struct durable *durable, const struct store_conn *writer)
{
    durable->path = sqlite3_filename_wal(sqlite3_db_filename(writer->db, "main"));
}

/* The log stays the same file as long as a connection is open. */
static bool open_log(struct durable *durable)
{
    if (durable->fd < 0)
        durable->fd = open(durable->path, O_RDONLY | O_CLOEXEC);
    return durable->fd >= 0;
}

/* The lock is held; not while it syncs. */
static void sync_one(struct durable *durable)
{
    uint64_t number = ++durable->begun;
    durable->busy = true;
    pthread_mutex_unlock(&durable->lock);
    int error = fdatasync(durable->fd) == 0 ? 0 : errno;
    pthread_mutex_lock(&durable->lock);
    durable->busy = false;
    durable->ended = number;
    durable->error = error;
    pthread_cond_broadcast(&durable->ended_one);
}

/* After one failure no later success means anything: what was not written is not tried
 * again, and all that follows it in the log would be lost with it. */
static enum err failure(struct ctx *cx, struct store *store, int error)
{
    if (error == 0)
        return ERR_OK;
    return fail(cx, ERR_STORE,
        "the log of %s could not be synced (%s); nothing is written until a restart",
        store->path, strerror(error));
}

enum err durable_check(struct ctx *cx, struct store *store)
{
    struct durable *durable = &store->durable;
    pthread_mutex_lock(&durable->lock);
    int error = durable->error;
    pthread_mutex_unlock(&durable->lock);
    return failure(cx, store, error);
}

uint64_t durable_next(struct store *store)
{
    struct durable *durable = &store->durable;
    pthread_mutex_lock(&durable->lock);
    uint64_t next = durable->begun + 1;
    pthread_mutex_unlock(&durable->lock);
    return next;
}

void durable_hint(struct store *store)
{
    struct durable *durable = &store->durable;
    pthread_mutex_lock(&durable->lock);
    int fd = open_log(durable) ? durable->fd : -1;
    pthread_mutex_unlock(&durable->lock);
    if (fd >= 0)
        sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

enum err durable_wait(struct ctx *cx, struct store *store, uint64_t mine)
{
    struct durable *durable = &store->durable;
    pthread_mutex_lock(&durable->lock);
    if (!open_log(durable)) {
        int reason = errno;
        pthread_mutex_unlock(&durable->lock);
        return fail(cx, ERR_STORE, "cannot open the log of %s: %s", store->path,
            strerror(reason));
    }
    while (durable->ended < mine && durable->error == 0) {
        if (durable->busy)
            pthread_cond_wait(&durable->ended_one, &durable->lock);
        else
            sync_one(durable);
    }
    int error = durable->error;
    pthread_mutex_unlock(&durable->lock);
    return failure(cx, store, error);
}
