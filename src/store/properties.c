#include "store/store_internal.h"

#include "base/str.h"

#define CALENDAR_PLACE "calendar:"

enum err store_properties(struct ctx *cx, struct store *store, int64_t account_id,
    const char *place, struct property **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    LIST(struct property) found = {0};
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_PROPERTIES, &cursor, "it", account_id, place));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        struct property one = {
            .ns = column_copy(cx, cursor.stmt, 0),
            .name = column_copy(cx, cursor.stmt, 1),
            .xml = column_copy(cx, cursor.stmt, 2),
        };
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
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
