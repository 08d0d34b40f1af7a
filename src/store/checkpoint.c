/* Copying the log into the database (https://www.sqlite.org/wal.html, "checkpoint")
 * beside the writers: it takes two syncs and as many writes as pages have changed, for
 * which no client should wait. */
#include "config.h"

#include "store/checkpoint.h"
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

#define LOG_PAGES 2000

struct copier {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int pages;     /* length of the log */
    int due_pages; /* the one at which it is copied next */
    char *error;   /* what went wrong the last time; NULL = nothing */
    bool due, stopping;
};

/* Busy is no error: another process copies it. */
static enum err copy_part(
    struct ctx *cx, struct store_conn *conn, int *left_pages, int *copied_pages)
{
    int status = sqlite3_wal_checkpoint_v2(
        conn->db, NULL, SQLITE_CHECKPOINT_PASSIVE, left_pages, copied_pages);
    if (status == SQLITE_OK || (status & 0xff) == SQLITE_BUSY)
        return ERR_OK;
    return db_fail(cx, conn->db,
        arena_printf(cx->arena, "the log of %s cannot be copied into it",
            conn->store->path));
}

/* The first pass leaves the writers alone, the second has only what they wrote meanwhile
 * left to copy; the log then begins anew unless a reader still needs it. */
static enum err copy(struct ctx *cx, struct store *store, int *due_pages)
{
    struct store_conn *conn = NULL;
    int left_pages = 0, copied_pages = 0;
    TRY(conn_own(cx, store, &conn));
    TRY(copy_part(cx, conn, NULL, NULL));
    pthread_mutex_lock(&store->write_lock);
    enum err err = copy_part(cx, conn, &left_pages, &copied_pages);
    pthread_mutex_unlock(&store->write_lock);
    TRY(err);
    *due_pages = copied_pages == left_pages ? LOG_PAGES : left_pages + LOG_PAGES;
    return ERR_OK;
}

/* The lock is held. NULL = it went well. */
static void note_error(struct copier *copier, const char *text)
{
    free(copier->error);
    copier->error = text == NULL ? NULL : strdup(text);
}

static void *run(void *self)
{
    struct store *store = self;
    struct copier *copier = store->copier;
    struct ctx *cx = ctx_new(NULL);
    pthread_mutex_lock(&copier->lock);
    while (!copier->stopping) {
        if (!copier->due) {
            pthread_cond_wait(&copier->changed, &copier->lock);
            continue;
        }
        pthread_mutex_unlock(&copier->lock);
        int due_pages = 0;
        enum err err = copy(cx, store, &due_pages);
        pthread_mutex_lock(&copier->lock);
        copier->due_pages = err == ERR_OK ? due_pages : copier->pages + LOG_PAGES;
        copier->due = false;
        note_error(copier, err == ERR_OK ? NULL : ctx_error(cx));
        ctx_reset(cx);
    }
    pthread_mutex_unlock(&copier->lock);
    ctx_free(cx);
    return NULL;
}

/* After a commit of the writer. */
static int log_grew(void *self, sqlite3 *db, const char *name, int pages)
{
    struct store *store = self;
    struct copier *copier = store->copier;
    store->writer->logged = true;
    if (copier == NULL) {
        if (pages >= LOG_PAGES)
            sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        return SQLITE_OK;
    }
    pthread_mutex_lock(&copier->lock);
    copier->pages = pages;
    if (pages >= copier->due_pages && !copier->due) {
        copier->due = true;
        pthread_cond_signal(&copier->changed);
    }
    pthread_mutex_unlock(&copier->lock);
    return SQLITE_OK;
}

void checkpoint_watch(struct store *store, struct store_conn *writer)
{
    sqlite3_wal_hook(writer->db, log_grew, store);
}

/* The writer looks at it. */
static void set_copier(struct store *store, struct copier *copier)
{
    pthread_mutex_lock(&store->write_lock);
    store->copier = copier;
    pthread_mutex_unlock(&store->write_lock);
}

static void free_copier(struct store *store)
{
    struct copier *copier = store->copier;
    set_copier(store, NULL);
    pthread_cond_destroy(&copier->changed);
    pthread_mutex_destroy(&copier->lock);
    free(copier->error);
    free(copier);
}

enum err store_copier_start(struct ctx *cx, struct store *store)
{
    struct copier *copier = calloc(1, sizeof(*copier));
    if (copier == NULL)
        return fail(cx, ERR_STORE, "no memory for a thread");
    pthread_mutex_init(&copier->lock, NULL);
    pthread_cond_init(&copier->changed, NULL);
    copier->due_pages = LOG_PAGES;
    set_copier(store, copier);
    if (pthread_create(&copier->thread, NULL, run, store) == 0)
        return ERR_OK;
    free_copier(store);
    return fail(cx, ERR_STORE, "no thread can be started");
}

void store_copier_stop(struct store *store)
{
    struct copier *copier = store->copier;
    if (copier == NULL)
        return;
    pthread_mutex_lock(&copier->lock);
    copier->stopping = true;
    pthread_cond_signal(&copier->changed);
    pthread_mutex_unlock(&copier->lock);
    pthread_join(copier->thread, NULL);
    free_copier(store);
}

enum err store_copier_check(struct ctx *cx, struct store *store)
{
    struct copier *copier = store->copier;
    enum err err = ERR_OK;
    if (copier == NULL)
        return ERR_OK;
    pthread_mutex_lock(&copier->lock);
    if (copier->error != NULL)
        err = fail(cx, ERR_STORE, "%s", copier->error);
    pthread_mutex_unlock(&copier->lock);
    return err;
}

enum err store_copy(struct ctx *cx, struct store *store)
{
    struct store_conn *conn = NULL;
    TRY(conn_own(cx, store, &conn));
    return copy_part(cx, conn, NULL, NULL);
}
