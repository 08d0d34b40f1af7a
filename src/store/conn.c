#include "store/store_internal.h"

#include <stdlib.h>

enum err db_fail(struct ctx *cx, sqlite3 *db, const char *what)
{
    return fail(cx, ERR_STORE, "%s: %s", what, sqlite3_errmsg(db));
}

enum err db_exec(struct ctx *cx, sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(cx, db, "the database");
    return ERR_OK;
}

/* The caches are small because there is one for every thread. */
enum err conn_prepare(struct ctx *cx, sqlite3 *db)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* Otherwise each new value of a column that a partial index asks about has its
     * statement prepared again. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    return db_exec(cx, db,
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA cache_size = -1024; PRAGMA mmap_size = 0;"
        "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
        "PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 16777216;");
}

static enum err open_one(struct ctx *cx, struct store *store, struct store_conn *conn)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(store->path, &conn->db, flags, NULL) != SQLITE_OK)
        return fail(cx, ERR_STORE, "cannot open the store %s: %s", store->path,
            conn->db == NULL ? "no memory" : sqlite3_errmsg(conn->db));
    return conn_prepare(cx, conn->db);
}

static void release(struct store_conn *conn)
{
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(conn->statements[i]);
    sqlite3_close_v2(conn->db);
    free(conn);
}

enum err conn_open(struct ctx *cx, struct store *store, struct store_conn **conn)
{
    struct store_conn *one = calloc(1, sizeof(*one));
    if (one == NULL)
        return fail(cx, ERR_STORE, "no memory for a connection");
    one->store = store;
    one->tx.conn = one;
    enum err err = open_one(cx, store, one);
    if (err != ERR_OK) {
        release(one);
        return err;
    }
    pthread_mutex_lock(&store->lock);
    one->next = store->conns;
    store->conns = one;
    pthread_mutex_unlock(&store->lock);
    *conn = one;
    return ERR_OK;
}

enum err conn_own(struct ctx *cx, struct store *store, struct store_conn **conn)
{
    struct store_conn *one = pthread_getspecific(store->conn_key);
    if (one == NULL) {
        TRY(conn_open(cx, store, &one));
        if (pthread_setspecific(store->conn_key, one) != 0) {
            conn_close(one);
            return fail(cx, ERR_STORE, "no memory for a connection");
        }
    }
    *conn = one;
    return ERR_OK;
}

enum err conn_get(struct ctx *cx, struct store *store, struct store_conn **conn)
{
    struct store_conn *one = NULL;
    TRY(conn_own(cx, store, &one));
    *conn = one->borrowed != NULL ? one->borrowed : one;
    return ERR_OK;
}

void conn_close(struct store_conn *conn)
{
    struct store *store = conn->store;
    pthread_mutex_lock(&store->lock);
    for (struct store_conn **at = &store->conns; *at != NULL; at = &(*at)->next) {
        if (*at == conn) {
            *at = conn->next;
            break;
        }
    }
    pthread_mutex_unlock(&store->lock);
    release(conn);
}
