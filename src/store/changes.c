#include "store/store_internal.h"

enum err store_changes(struct ctx *cx, struct store *store, int64_t calendar_id,
    int64_t since, bool (*each)(void *self, const struct object *one), void *self)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_CHANGES, &cursor, "ii", calendar_id, since));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            return ERR_OK;
        struct object one;
        object_view_listed(&cursor, calendar_id, &one);
        if (!each(self, &one)) {
            cursor_close(&cursor);
            return ERR_OK;
        }
    }
}

static enum err expire(struct ctx *cx, struct store_conn *conn, int64_t before_s)
{
    TRY(sql_run(cx, conn, SQL_FLOORS_RAISE, "i", before_s));
    TRY(sql_run(cx, conn, SQL_TOMBSTONES_EXPIRE, "i", before_s));
    TRY(sql_run(cx, conn, SQL_HOME_FLOORS_RAISE, "i", before_s));
    return sql_run(cx, conn, SQL_CALENDAR_TOMBSTONES_EXPIRE, "i", before_s);
}

enum err store_expire_tombstones(struct ctx *cx, struct store *store, int64_t before_s)
{
    struct scope scope;
    TRY(scope_open(cx, store, &scope));
    return scope_close(cx, &scope, expire(cx, scope.conn, before_s));
}
