/* Whose a calendar is and whom it is shared with. */
#include "store/store_internal.h"

#include "base/str.h"

#include <string.h>

enum err store_calendar_set_owner(struct ctx *cx, struct store_tx *tx,
    const struct calendar *one, const char *owner)
{
    int64_t unused;
    bool differs;
    TRY(sql_number(
        cx, tx->conn, SQL_CALENDAR_SET_OWNER, &unused, &differs, "it", one->id, owner));
    /* From "not looked for" to "not to be found out" nobody sees a difference. */
    if (!differs || (str_empty(one->owner) && str_empty(owner)))
        return ERR_OK;
    return number_home(cx, tx->conn, one->account_id, one->id, &unused);
}

enum err store_calendar_owner(
    struct ctx *cx, struct store *store, const char *upstream_id, const char **open_id)
{
    struct store_conn *conn;
    struct cursor cursor;
    bool more;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_CALENDAR_OWNER, &cursor, "t", upstream_id));
    TRY(cursor_next(cx, &cursor, &more));
    *open_id = more ? column_copy(cx, cursor.stmt, 0) : NULL;
    cursor_close(&cursor);
    return ERR_OK;
}

static enum err read_shares(struct ctx *cx, struct store_conn *conn, int64_t calendar_id,
    struct share **list, size_t *n)
{
    struct cursor cursor;
    LIST(struct share) found = {0};
    TRY(cursor_open(cx, conn, SQL_SHARES, &cursor, "i", calendar_id));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        struct share one = {
            .open_id = column_copy(cx, cursor.stmt, 0),
            .acl_id = column_copy(cx, cursor.stmt, 1),
            .role = column_copy(cx, cursor.stmt, 2),
        };
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

enum err store_shares(struct ctx *cx, struct store *store, int64_t calendar_id,
    struct share **list, size_t *n)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    return read_shares(cx, conn, calendar_id, list, n);
}

static bool has_share(const struct share *list, size_t n, const struct share *wanted)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].open_id, wanted->open_id) == 0)
            return str_eq(list[i].role, wanted->role);
    return false;
}

enum err store_shares_save(struct ctx *cx, struct store_tx *tx,
    const struct calendar *one, const struct share *list, size_t n, int64_t now_s)
{
    struct share *old;
    size_t n_old;
    int64_t unused;
    TRY(read_shares(cx, tx->conn, one->id, &old, &n_old));
    TRY(sql_run(cx, tx->conn, SQL_SHARES_READ, "ii", one->id, now_s));
    TRY(sql_run(cx, tx->conn, SQL_SHARES_REMOVE, "i", one->id));
    bool same = n == n_old;
    for (size_t i = 0; i < n; i++) {
        TRY(sql_run(cx, tx->conn, SQL_SHARE_ADD, "ittt", one->id, list[i].open_id,
            list[i].acl_id, list[i].role));
        same = same && has_share(old, n_old, &list[i]);
    }
    return same ? ERR_OK
                : number_home(cx, tx->conn, one->account_id, one->id, &unused);
}

enum err store_shares_stale(struct ctx *cx, struct store *store, int64_t calendar_id)
{
    STORE_RUN(cx, store, SQL_SHARES_READ, "ii", calendar_id, (int64_t)0);
}
