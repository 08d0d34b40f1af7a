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
    bool good = open_log(durable);
    durable->busy = true;
    pthread_mutex_unlock(&durable->lock);
    good = good && fdatasync(durable->fd) == 0;
    int error = errno;
    pthread_mutex_lock(&durable->lock);
    durable->busy = false;
    durable->ended = number;
    if (!good) {
        durable->failed = number;
        durable->error = error;
    }
    pthread_cond_broadcast(&durable->ended_one);
}

enum err durable_wait(struct ctx *cx, struct store *store)
{
    struct durable *durable = &store->durable;
    pthread_mutex_lock(&durable->lock);
    uint64_t mine = durable->begun + 1;
    while (durable->ended < mine) {
        if (durable->busy)
            pthread_cond_wait(&durable->ended_one, &durable->lock);
        else
            sync_one(durable);
    }
    int error = durable->failed >= mine ? durable->error : 0;
    pthread_mutex_unlock(&durable->lock);
    if (error != 0)
        return fail(cx, ERR_STORE, "cannot sync the log of %s: %s", store->path,
            strerror(error));
    return ERR_OK;
}
