/* Texts that an object was served with before. */
#include "store/store_internal.h"

#include "base/str.h"

enum err store_older_add(
    struct ctx *cx, struct store_tx *tx, const struct object *one, int64_t now_s)
{
    TRY(sql_run(
        cx, tx->conn, SQL_OLDER_ADD, "iiti", one->id, one->change, one->text, now_s));
    TRY(sql_run(cx, tx->conn, SQL_OLDERS_CUT, "ii", one->id, (int64_t)OLDER_MAX));
    return sql_run(cx, tx->conn, SQL_OLDERS_EXPIRE, "i", now_s - OLDER_MAX_S);
}

enum err store_olders_remove(struct ctx *cx, struct store_tx *tx, int64_t object_id)
{
    return sql_run(cx, tx->conn, SQL_OLDERS_REMOVE, "i", object_id);
}

enum err store_olders(
    struct ctx *cx, struct store *store, int64_t object_id, const char ***list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    LIST(const char *) found = {0};
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_OLDERS, &cursor, "i", object_id));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        LIST_ADD(cx->arena, &found, column_copy(cx, cursor.stmt, 0));
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}
