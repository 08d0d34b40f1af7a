#include "store/store_internal.h"

#include "base/str.h"

static enum err read_rows(
    struct ctx *cx, struct cursor *cursor, struct row **list, size_t *n)
{
    LIST(struct row) found = {0};
    for (;;) {
        bool more;
        TRY(cursor_next(cx, cursor, &more));
        if (!more)
            break;
        sqlite3_stmt *stmt = cursor->stmt;
        struct row one = {
            .calendar_id = sqlite3_column_int64(stmt, 0),
            .uid = column_copy(cx, stmt, 1),
            .original_time = sqlite3_column_int64(stmt, 2),
            .json = column_copy(cx, stmt, 3),
            .attendees = column_copy(cx, stmt, 4),
            .seen = sqlite3_column_int64(stmt, 5),
        };
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

static enum err rows_of(struct ctx *cx, struct store_conn *conn, int64_t calendar_id,
    const char *uid, struct row **list, size_t *n)
{
    struct cursor cursor;
    TRY(cursor_open(cx, conn, SQL_ROWS, &cursor, "it", calendar_id, uid));
    return read_rows(cx, &cursor, list, n);
}

enum err store_rows(struct ctx *cx, struct store *store, int64_t calendar_id,
    const char *uid, struct row **list, size_t *n)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    return rows_of(cx, conn, calendar_id, uid, list, n);
}

enum err store_rows_tx(struct ctx *cx, struct store_tx *tx, int64_t calendar_id,
    const char *uid, struct row **list, size_t *n)
{
    return rows_of(cx, tx->conn, calendar_id, uid, list, n);
}

static enum err add(struct ctx *cx, struct store_conn *conn, const struct row *row)
{
    int64_t id;
    bool found;
    TRY(sql_number(
        cx, conn, SQL_ROW_TEXT_ADD, &id, &found, "tt", row->json, row->attendees));
    return sql_run(cx, conn, SQL_ROW_ADD, "itiiii", row->calendar_id, row->uid,
        row->original_time, id, row->seen, (int64_t)(row->attendees != NULL));
}

/* A full read mostly meets what is there: only what differs is written. */
enum err store_row_save(struct ctx *cx, struct store_tx *tx, const struct row *row)
{
    struct store_conn *conn = tx->conn;
    struct cursor cursor;
    bool more;
    TRY(cursor_open(cx, conn, SQL_ROW, &cursor, "iti", row->calendar_id, row->uid,
        row->original_time));
    TRY(cursor_next(cx, &cursor, &more));
    if (!more)
        return add(cx, conn, row);
    int64_t id = sqlite3_column_int64(cursor.stmt, 0);
    int64_t seen = sqlite3_column_int64(cursor.stmt, 1);
    const char *attendees = column_view(cursor.stmt, 3);
    bool had_attendees = attendees != NULL;
    bool same_text = str_eq(column_view(cursor.stmt, 2), row->json) &&
        str_eq(attendees, row->attendees);
    cursor_close(&cursor);
    if (!same_text)
        TRY(sql_run(cx, conn, SQL_ROW_TEXT_SET, "itt", id, row->json, row->attendees));
    if (seen == row->seen && had_attendees == (row->attendees != NULL))
        return ERR_OK;
    return sql_run(cx, conn, SQL_ROW_SET, "itiii", row->calendar_id, row->uid,
        row->original_time, row->seen, (int64_t)(row->attendees != NULL));
}

enum err store_row_remove(struct ctx *cx, struct store_tx *tx, int64_t calendar_id,
    const char *uid, int64_t original_time)
{
    return sql_run(cx, tx->conn, SQL_ROW_REMOVE, "iti", calendar_id, uid, original_time);
}

enum err store_rows_unseen(struct ctx *cx, struct store *store, int64_t calendar_id,
    int64_t seen, struct row **list, size_t *n, size_t *all)
{
    struct store_conn *conn;
    struct cursor cursor;
    int64_t count;
    bool found;
    TRY(conn_get(cx, store, &conn));
    TRY(sql_number(cx, conn, SQL_ROWS_COUNT, &count, &found, "i", calendar_id));
    TRY(cursor_open(cx, conn, SQL_ROWS_UNSEEN, &cursor, "ii", calendar_id, seen));
    TRY(read_rows(cx, &cursor, list, n));
    *all = (size_t)count;
    return ERR_OK;
}

enum err store_rows_without_attendees(struct ctx *cx, struct store *store,
    int64_t calendar_id, int64_t now_s, size_t max, const char ***uids, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    LIST(const char *) found = {0};
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_ROWS_WITHOUT_ATTENDEES, &cursor, "iii", calendar_id,
        now_s, (int64_t)max));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        LIST_ADD(cx->arena, &found, column_copy(cx, cursor.stmt, 0));
    }
    *uids = found.items;
    *n = found.n;
    return ERR_OK;
}

enum err store_rows_set_back(
    struct ctx *cx, struct store *store, int64_t calendar_id, int64_t seen)
{
    STORE_RUN(cx, store, SQL_ROWS_SET_BACK, "ii", calendar_id, seen);
}
