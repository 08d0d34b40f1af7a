/* What Feishu was asked to tell of, and when that is to be asked again. */
#include "store/store_internal.h"

#include "base/str.h"

static enum err read_all(
    struct ctx *cx, struct cursor *cursor, struct subscription **list, size_t *n)
{
    bool more;
    LIST(struct subscription) found = {0};
    for (;;) {
        TRY(cursor_next(cx, cursor, &more));
        if (!more)
            break;
        struct subscription one = {
            .account_id = sqlite3_column_int64(cursor->stmt, 0),
            .kind = (enum subscription_kind)sqlite3_column_int(cursor->stmt, 1),
            .upstream_id = column_copy(cx, cursor->stmt, 2),
            .made_s = sqlite3_column_int64(cursor->stmt, 3),
            .sign_in_s = sqlite3_column_int64(cursor->stmt, 4),
            .due_s = sqlite3_column_int64(cursor->stmt, 5),
            .error = column_copy(cx, cursor->stmt, 6),
            .wanted = sqlite3_column_int(cursor->stmt, 7) != 0,
        };
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

enum err store_subscriptions(struct ctx *cx, struct store *store, int64_t account_id,
    struct subscription **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_SUBSCRIPTIONS, &cursor, "i", account_id));
    return read_all(cx, &cursor, list, n);
}

enum err store_subscriptions_due(struct ctx *cx, struct store *store, int64_t now_s,
    size_t max, struct subscription **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_SUBSCRIPTIONS_DUE, &cursor, "ii", now_s, (int64_t)max));
    return read_all(cx, &cursor, list, n);
}

enum err store_subscription_save(
    struct ctx *cx, struct store *store, const struct subscription *one)
{
    STORE_RUN(cx, store, SQL_SUBSCRIPTION_SET, "iitiiit", one->account_id,
        (int64_t)one->kind, one->upstream_id, one->made_s, one->sign_in_s, one->due_s,
        one->error == NULL ? "" : one->error);
}

enum err store_subscription_remove(
    struct ctx *cx, struct store *store, const struct subscription *one)
{
    STORE_RUN(cx, store, SQL_SUBSCRIPTION_REMOVE, "iit", one->account_id,
        (int64_t)one->kind, one->upstream_id);
}

enum err store_subscriptions_count(struct ctx *cx, struct store *store, int64_t *count)
{
    struct store_conn *conn;
    bool found;
    TRY(conn_get(cx, store, &conn));
    return sql_number(cx, conn, SQL_SUBSCRIPTIONS_COUNT, count, &found, "");
}
