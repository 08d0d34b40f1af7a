#include "config.h"

#include "base/fault.h"
#include "store/store_internal.h"

#include <time.h>

/* As long as SQLite waits for a writer in another process. */
#define WRITER_WAIT_S 10

/* The write lock is held. What must be on disk is waited for after the commit. */
static enum err open_writer(struct ctx *cx, struct store *store)
{
    if (store->writer != NULL)
        return ERR_OK;
    TRY(conn_open(cx, store, &store->writer));
    checkpoint_watch(store, store->writer);
    durable_watch(&store->durable, store->writer);
    return db_exec(cx, store->writer->db, "PRAGMA synchronous = NORMAL");
}

static enum err take_writer(struct ctx *cx, struct store *store, struct store_conn *own)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WRITER_WAIT_S;
    if (pthread_mutex_timedlock(&store->write_lock, &until) != 0)
        return fail(cx, ERR_STORE, "another transaction takes too long");
    enum err err = open_writer(cx, store);
    if (err != ERR_OK) {
        pthread_mutex_unlock(&store->write_lock);
        return err;
    }
    own->borrowed = store->writer;
    store->writer->borrower = own;
    return ERR_OK;
}

static void give_back(struct store_conn *writer)
{
    writer->writing = false;
    writer->borrower->borrowed = NULL;
    writer->borrower = NULL;
    pthread_mutex_unlock(&writer->store->write_lock);
}

static enum err begin(struct ctx *cx, struct store *store, enum durability durability,
    struct store_conn **writer)
{
    struct store_conn *own = NULL;
    TRY(conn_own(cx, store, &own));
    if (own->borrowed != NULL)
        return fail(cx, ERR_STORE, "a transaction is already open on this thread");
    if (own->snapshot) { /* what is read afterwards must not be older than what is written
                          */
        own->snapshot = false;
        TRY(sql_run(cx, own, SQL_COMMIT, ""));
    }
    TRY(durable_check(cx, store));
    TRY(take_writer(cx, store, own));
    struct store_conn *one = store->writer;
    one->broken = false;
    one->durability = durability;
    enum err err = sql_run(cx, one, SQL_BEGIN, "");
    if (err != ERR_OK) {
        give_back(one);
        return err;
    }
    one->writing = true;
    *writer = one;
    return ERR_OK;
}

static void roll_back(struct store_conn *writer)
{
    /* After errors such as a full disk SQLite has already rolled back by itself. */
    if (!sqlite3_get_autocommit(writer->db))
        sqlite3_exec(writer->db, "ROLLBACK", NULL, NULL, NULL);
    give_back(writer);
}

/* What one sync brings to disk, a later one does too: only the last is remembered. */
enum err store_settle(struct ctx *cx, struct store *store)
{
    struct store_conn *own = pthread_getspecific(store->conn_key);
    if (own == NULL || own->owed == 0)
        return ERR_OK;
    TRY(durable_wait(cx, store, own->owed));
    own->owed = 0;
    return ERR_OK;
}

static enum err commit(struct ctx *cx, struct store_conn *writer)
{
    struct store *store = writer->store;
    enum err err;
    fault_moment();
    writer->logged = false;
    if (writer->broken || sqlite3_get_autocommit(writer->db))
        err = fail(
            cx, ERR_STORE, "the transaction was rolled back because of an earlier error");
    else
        err = sql_run(cx, writer, SQL_COMMIT, "");
    fault_moment();
    if (err != ERR_OK) {
        roll_back(writer);
        return err;
    }
    struct store_conn *own = writer->borrower;
    enum durability durability = writer->logged ? writer->durability : SOME_TIME;
    give_back(writer);
    if (durability == SOME_TIME)
        return ERR_OK;
    own->owed = durable_next(store);
    if (durability == AT_ONCE)
        return store_settle(cx, store);
    durable_hint(store);
    return ERR_OK;
}

enum err store_begin(struct ctx *cx, struct store *store, struct store_tx **tx)
{
    struct store_conn *writer = NULL;
    TRY(begin(cx, store, AT_ONCE, &writer));
    *tx = &writer->tx;
    return ERR_OK;
}

enum err store_begin_journalled(struct ctx *cx, struct store *store, struct store_tx **tx)
{
    struct store_conn *writer = NULL;
    TRY(begin(cx, store, SOME_TIME, &writer));
    *tx = &writer->tx;
    return ERR_OK;
}

static enum err end(struct ctx *cx, struct store_conn *writer, enum err err)
{
    if (err == ERR_OK)
        return commit(cx, writer);
    roll_back(writer);
    return err;
}

enum err store_end(struct ctx *cx, struct store_tx *tx, enum err err)
{
    return end(cx, tx->conn, err);
}

enum err scope_open_for(struct ctx *cx, struct store *store, enum durability durability,
    struct scope *scope)
{
    struct store_conn *conn = NULL;
    TRY(conn_get(cx, store, &conn));
    bool own = !conn->writing;
    if (own)
        TRY(begin(cx, store, durability, &conn));
    *scope = (struct scope){.conn = conn, .own = own};
    return ERR_OK;
}

enum err scope_open(struct ctx *cx, struct store *store, struct scope *scope)
{
    return scope_open_for(cx, store, AT_ONCE, scope);
}

enum err scope_close(struct ctx *cx, struct scope *scope, enum err err)
{
    return scope->own ? end(cx, scope->conn, err) : err;
}

enum err store_snapshot_begin(struct ctx *cx, struct store *store)
{
    struct store_conn *own = NULL;
    TRY(conn_own(cx, store, &own));
    if (own->snapshot_depth == 0 && own->borrowed == NULL) {
        TRY(sql_run(cx, own, SQL_BEGIN_READ, ""));
        own->snapshot = true;
    }
    own->snapshot_depth++;
    return ERR_OK;
}

void store_snapshot_end(struct store *store)
{
    struct store_conn *own = pthread_getspecific(store->conn_key);
    if (own == NULL || own->snapshot_depth == 0)
        return;
    if (--own->snapshot_depth > 0 || !own->snapshot)
        return;
    own->snapshot = false;
    if (!sqlite3_get_autocommit(own->db))
        sqlite3_exec(own->db, "COMMIT", NULL, NULL, NULL);
}

enum err counter_next(
    struct ctx *cx, struct store_conn *conn, enum counter counter, int64_t *value)
{
    bool found;
    int64_t next = 0;
    TRY(sql_number(cx, conn, SQL_STATE_NEXT, &next, &found, "i", (int64_t)counter));
    if (!found)
        return fail(cx, ERR_STORE, "counter %d is missing", (int)counter);
    *value = next;
    return ERR_OK;
}

enum err number_home(struct ctx *cx, struct store_conn *conn, int64_t account_id,
    int64_t calendar_id, int64_t *number)
{
    int64_t next = 0;
    TRY(counter_next(cx, conn, COUNTER_CHANGE, &next));
    TRY(sql_run(cx, conn, SQL_ACCOUNT_SET_HOME_CHANGE, "ii", account_id, next));
    if (calendar_id != 0)
        TRY(sql_run(cx, conn, SQL_CALENDAR_SET_CHANGE, "iii", calendar_id, next,
            ctx_now_s(cx)));
    *number = next;
    return ERR_OK;
}

enum err number_calendar(
    struct ctx *cx, struct store_conn *conn, int64_t calendar_id, int64_t *number)
{
    int64_t next = 0;
    TRY(counter_next(cx, conn, COUNTER_CHANGE, &next));
    TRY(sql_run(
        cx, conn, SQL_CALENDAR_SET_CHANGE, "iii", calendar_id, next, ctx_now_s(cx)));
    *number = next;
    return ERR_OK;
}

static enum err note_now(
    struct ctx *cx, struct store_conn *writer, enum sql id, int64_t row, int64_t value)
{
    struct cursor cursor;
    TRY(cursor_open(cx, writer, id, &cursor, "ii", row, value));
    sqlite3_busy_timeout(writer->db, 0);
    int rc = sqlite3_step(cursor.stmt);
    enum err err = ERR_OK;
    if (rc != SQLITE_DONE && (rc & 0xff) != SQLITE_BUSY)
        err = db_fail(cx, writer->db, "the database");
    cursor_close(&cursor);
    sqlite3_busy_timeout(writer->db, BUSY_TIMEOUT_MS);
    return err;
}

enum err note_run(
    struct ctx *cx, struct store *store, enum sql id, int64_t row, int64_t value)
{
    struct store_conn *own = NULL;
    TRY(conn_own(cx, store, &own));
    if (own->borrowed != NULL)
        return sql_run(cx, own->borrowed, id, "ii", row, value);
    if (pthread_mutex_trylock(&store->write_lock) != 0)
        return ERR_OK;
    enum err err = open_writer(cx, store);
    if (err == ERR_OK)
        err = note_now(cx, store->writer, id, row, value);
    pthread_mutex_unlock(&store->write_lock);
    return err;
}

static enum err begin_now(struct ctx *cx, struct store_conn *writer, bool *begun)
{
    sqlite3_busy_timeout(writer->db, 0);
    int rc = sqlite3_exec(writer->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    *begun = rc == SQLITE_OK;
    if (*begun)
        return ERR_OK;
    sqlite3_busy_timeout(writer->db, BUSY_TIMEOUT_MS);
    return (rc & 0xff) == SQLITE_BUSY ? ERR_OK
                                      : db_fail(cx, writer->db, "the database");
}

enum err note_begin(struct ctx *cx, struct store *store, struct store_conn **writer)
{
    struct store_conn *own = NULL;
    bool begun = false;
    *writer = NULL;
    TRY(conn_own(cx, store, &own));
    if (own->borrowed != NULL || pthread_mutex_trylock(&store->write_lock) != 0)
        return ERR_OK;
    enum err err = open_writer(cx, store);
    if (err == ERR_OK)
        err = begin_now(cx, store->writer, &begun);
    if (begun)
        *writer = store->writer;
    else
        pthread_mutex_unlock(&store->write_lock);
    return err;
}

enum err note_end(struct ctx *cx, struct store_conn *writer, enum err err)
{
    if (err == ERR_OK && sqlite3_exec(writer->db, "COMMIT", NULL, NULL, NULL))
        err = db_fail(cx, writer->db, "the database");
    if (!sqlite3_get_autocommit(writer->db))
        sqlite3_exec(writer->db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_busy_timeout(writer->db, BUSY_TIMEOUT_MS);
    pthread_mutex_unlock(&writer->store->write_lock);
    return err;
}
