#include "store/store_internal.h"

#include "base/str.h"

#define CALENDAR_PLACE "calendar:"

static enum err read_all(
    struct ctx *cx, struct cursor *cursor, struct property **list, size_t *n)
{
    LIST(struct property) found = {0};
    for (;;) {
        bool more;
        TRY(cursor_next(cx, cursor, &more));
        if (!more)
            break;
        struct property one = {
            .ns = column_copy(cx, cursor->stmt, 0),
            .name = column_copy(cx, cursor->stmt, 1),
            .xml = column_copy(cx, cursor->stmt, 2),
        };
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

enum err store_properties(struct ctx *cx, struct store *store, int64_t account_id,
    const char *place, struct property **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_PROPERTIES, &cursor, "it", account_id, place));
    return read_all(cx, &cursor, list, n);
}

enum err store_property_set(struct ctx *cx, struct store_tx *tx, int64_t account_id,
    const char *place, const struct property *property)
{
    struct store_conn *conn = tx->conn;
    int64_t unused;
    long long calendar_id = 0;
    bool differs;
    if (str_starts(place, CALENDAR_PLACE) &&
        !str_to_ll(place + sizeof(CALENDAR_PLACE) - 1, 1, INT64_MAX, &calendar_id))
        return fail(cx, ERR_STORE, "%s is no place of properties", place);
    const char *ns = property->ns == NULL ? "" : property->ns;
    if (property->xml == NULL)
        TRY(sql_number(cx, conn, SQL_PROPERTY_REMOVE, &unused, &differs, "ittt",
            account_id, place, ns, property->name));
    else
        TRY(sql_number(cx, conn, SQL_PROPERTY_SET, &unused, &differs, "itttt", account_id,
            place, ns, property->name, property->xml));
    if (!differs || str_eq(place, "principal"))
        return ERR_OK;
    return number_home(cx, conn, account_id, calendar_id, &unused);
}

/* ---- of objects ---- */

enum err store_object_properties(struct ctx *cx, struct store *store,
    const struct object_place *place, struct property **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_OBJECT_PROPERTIES, &cursor, "it", place->calendar_id,
        place->name));
    return read_all(cx, &cursor, list, n);
}

enum err store_object_properties_any(
    struct ctx *cx, struct store *store, int64_t calendar_id, bool *any)
{
    struct store_conn *conn;
    int64_t unused;
    TRY(conn_get(cx, store, &conn));
    return sql_number(
        cx, conn, SQL_OBJECT_PROPERTIES_ANY, &unused, any, "i", calendar_id);
}

enum err store_object_property_set(struct ctx *cx, struct store_tx *tx,
    const struct object_place *place, const struct property *property)
{
    struct store_conn *conn = tx->conn;
    int64_t unused;
    bool found;
    const char *ns = property->ns == NULL ? "" : property->ns;
    if (property->xml == NULL)
        return sql_run(cx, conn, SQL_OBJECT_PROPERTY_REMOVE, "ittt", place->calendar_id,
            place->name, ns, property->name);
    TRY(sql_number(cx, conn, SQL_OBJECT_PROPERTY_SET, &unused, &found, "itttt",
        place->calendar_id, place->name, ns, property->name, property->xml));
    return found ? ERR_OK : fail(cx, ERR_NOT_FOUND, "there is no %s", place->name);
}

enum err store_object_properties_copy(struct ctx *cx, struct store_tx *tx,
    const struct object_place *from, const struct object_place *to)
{
    TRY(sql_run(cx, tx->conn, SQL_OBJECT_PROPERTIES_REMOVE, "it", to->calendar_id,
        to->name));
    return sql_run(cx, tx->conn, SQL_OBJECT_PROPERTIES_COPY, "itit", from->calendar_id,
        from->name, to->calendar_id, to->name);
}
