/* Where clients want to be pushed to (WebDAV-Push). */
#include "store/store_internal.h"

#include "base/str.h"

enum err store_push_save(
    struct ctx *cx, struct store *store, struct push_target *one)
{
    struct scope scope;
    struct cursor cursor;
    bool more = false;
    TRY(scope_open(cx, store, &scope));
    enum err err = cursor_open(cx, scope.conn, SQL_PUSH_SAVE, &cursor,
        "iittttiiiit", one->account_id, one->calendar_id, one->name, one->resource,
        one->public_key, one->auth_secret, (int64_t)one->content,
        (int64_t)one->properties, one->expires_s, one->sent, one->state);
    if (!err)
        err = cursor_next(cx, &cursor, &more);
    if (!err && more)
        one->name = column_copy(cx, cursor.stmt, 0);
    while (!err && more)
        err = cursor_next(cx, &cursor, &more);
    return scope_close(cx, &scope, err);
}

enum err store_pushes_count(
    struct ctx *cx, struct store *store, int64_t account_id, int64_t *n)
{
    struct store_conn *conn;
    bool found;
    TRY(conn_get(cx, store, &conn));
    return sql_number(cx, conn, SQL_PUSHES_COUNT, n, &found, "i", account_id);
}

enum err store_push_remove(
    struct ctx *cx, struct store *store, int64_t account_id, const char *name)
{
    struct scope scope;
    int64_t unused;
    bool found = false;
    TRY(scope_open(cx, store, &scope));
    enum err err = sql_number(cx, scope.conn, SQL_PUSH_REMOVE, &unused, &found,
        "it", account_id, name);
    TRY(scope_close(cx, &scope, err));
    return found ? ERR_OK : fail(cx, ERR_NOT_FOUND, "there is no such subscription");
}

enum err store_push_drop(struct ctx *cx, struct store *store, int64_t id)
{
    STORE_RUN(cx, store, SQL_PUSH_DROP, "i", id);
}

enum err store_push_sent(
    struct ctx *cx, struct store *store, const struct push_target *one)
{
    STORE_RUN(cx, store, SQL_PUSH_SENT, "iitii", one->id, one->sent, one->state,
        one->failed_s, one->retry_s);
}

static enum err read_all(
    struct ctx *cx, struct cursor *cursor, struct push_target **list, size_t *n)
{
    LIST(struct push_target) found = {0};
    for (;;) {
        bool more;
        TRY(cursor_next(cx, cursor, &more));
        if (!more)
            break;
        sqlite3_stmt *stmt = cursor->stmt;
        struct push_target one = {
            .id = sqlite3_column_int64(stmt, 0),
            .account_id = sqlite3_column_int64(stmt, 1),
            .calendar_id = sqlite3_column_int64(stmt, 2),
            .name = column_copy(cx, stmt, 3),
            .resource = column_copy(cx, stmt, 4),
            .public_key = column_copy(cx, stmt, 5),
            .auth_secret = column_copy(cx, stmt, 6),
            .content = sqlite3_column_int(stmt, 7) != 0,
            .properties = sqlite3_column_int(stmt, 8) != 0,
            .expires_s = sqlite3_column_int64(stmt, 9),
            .sent = sqlite3_column_int64(stmt, 10),
            .state = column_copy(cx, stmt, 11),
            .failed_s = sqlite3_column_int64(stmt, 12),
            .retry_s = sqlite3_column_int64(stmt, 13),
            .change = sqlite3_column_int64(stmt, 14),
        };
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

enum err store_pushes(struct ctx *cx, struct store *store, int64_t account_id,
    struct push_target **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_PUSHES, &cursor, "i", account_id));
    return read_all(cx, &cursor, list, n);
}

enum err store_pushes_due(struct ctx *cx, struct store *store, int64_t now_s,
    struct push_target **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_PUSHES_DUE, &cursor, "i", now_s));
    return read_all(cx, &cursor, list, n);
}
