#include "store/store_internal.h"

static enum err begin(struct ctx *cx, struct store_conn *conn)
{
    if (conn->writing)
        return fail(cx, ERR_STORE, "a transaction is already open on this thread");
    if (conn->snapshot) { /* its state would be too old to write on */
        conn->snapshot = false;
        TRY(sql_run(cx, conn, SQL_COMMIT, ""));
    }
    TRY(sql_run(cx, conn, SQL_BEGIN, ""));
    conn->writing = true;
    conn->broken = false;
    return ERR_OK;
}

static void roll_back(struct store_conn *conn)
{
    conn->writing = false;
    /* After errors such as a full disk SQLite has already rolled back by itself. */
    if (!sqlite3_get_autocommit(conn->db))
        sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
}

static enum err commit(struct ctx *cx, struct store_conn *conn)
{
    if (conn->broken || sqlite3_get_autocommit(conn->db)) {
        roll_back(conn);
        return fail(
            cx, ERR_STORE, "the transaction was rolled back because of an earlier error");
    }
    enum err err = sql_run(cx, conn, SQL_COMMIT, "");
    if (err != ERR_OK)
        roll_back(conn);
    else
        conn->writing = false;
    return err;
}

enum err store_begin(struct ctx *cx, struct store *store, struct store_tx **tx)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    TRY(begin(cx, conn));
    *tx = &conn->tx;
    return ERR_OK;
}

enum err store_commit(struct ctx *cx, struct store_tx *tx)
{
    return commit(cx, tx->conn);
}

void store_rollback(struct store_tx *tx)
{
    roll_back(tx->conn);
}

enum err scope_open(struct ctx *cx, struct store *store, struct scope *scope)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    bool own = !conn->writing;
    if (own)
        TRY(begin(cx, conn));
    *scope = (struct scope){.conn = conn, .own = own};
    return ERR_OK;
}

enum err scope_close(struct ctx *cx, struct scope *scope, enum err err)
{
    if (!scope->own)
        return err;
    if (err == ERR_OK)
        return commit(cx, scope->conn);
    roll_back(scope->conn);
    return err;
}

enum err store_snapshot_begin(struct ctx *cx, struct store *store)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    if (conn->snapshot_depth == 0 && !conn->writing) {
        TRY(sql_run(cx, conn, SQL_BEGIN_READ, ""));
        conn->snapshot = true;
    }
    conn->snapshot_depth++;
    return ERR_OK;
}

void store_snapshot_end(struct store *store)
{
    struct store_conn *conn = pthread_getspecific(store->conn_key);
    if (conn == NULL || conn->snapshot_depth == 0)
        return;
    if (--conn->snapshot_depth > 0 || !conn->snapshot)
        return;
    conn->snapshot = false;
    if (!sqlite3_get_autocommit(conn->db))
        sqlite3_exec(conn->db, "COMMIT", NULL, NULL, NULL);
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
        TRY(sql_run(cx, conn, SQL_CALENDAR_SET_CHANGE, "ii", calendar_id, next));
    *number = next;
    return ERR_OK;
}

enum err number_calendar(
    struct ctx *cx, struct store_conn *conn, int64_t calendar_id, int64_t *number)
{
    int64_t next = 0;
    TRY(counter_next(cx, conn, COUNTER_CHANGE, &next));
    TRY(sql_run(cx, conn, SQL_CALENDAR_SET_CHANGE, "ii", calendar_id, next));
    *number = next;
    return ERR_OK;
}

enum err note_run(
    struct ctx *cx, struct store *store, enum sql id, int64_t row, int64_t value)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    if (!sqlite3_get_autocommit(conn->db)) {
        if (conn->writing)
            return sql_run(cx, conn, id, "ii", row, value);
        return ERR_OK; /* inside a snapshot: the next request will note it */
    }
    struct cursor cursor;
    TRY(cursor_open(cx, conn, id, &cursor, "ii", row, value));
    sqlite3_busy_timeout(conn->db, 0);
    sqlite3_exec(conn->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    int rc = sqlite3_step(cursor.stmt);
    enum err err = ERR_OK;
    if (rc != SQLITE_DONE && (rc & 0xff) != SQLITE_BUSY)
        err = db_fail(cx, conn->db, "the database");
    cursor_close(&cursor);
    enum err after = conn_prepare(cx, conn->db);
    return err != ERR_OK ? err : after;
}
