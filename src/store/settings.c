#include "store/store_internal.h"

enum err store_setting(
    struct ctx *cx, struct store *store, const char *name, char **value)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    struct cursor cursor;
    bool more;
    TRY(cursor_open(cx, conn, SQL_SETTING, &cursor, "t", name));
    TRY(cursor_next(cx, &cursor, &more));
    const char *text = more ? column_view(cursor.stmt, 0) : NULL;
    *value = arena_strdup(cx->arena, text);
    cursor_close(&cursor);
    return ERR_OK;
}

enum err store_setting_set(
    struct ctx *cx, struct store *store, const char *name, const char *value)
{
    if (value == NULL)
        STORE_RUN(cx, store, SQL_SETTING_REMOVE, "t", name);
    STORE_RUN(cx, store, SQL_SETTING_SET, "tt", name, value);
}
