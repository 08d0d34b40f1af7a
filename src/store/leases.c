#include "store/store_internal.h"

enum err store_lease_take(struct ctx *cx, struct store *store, const char *name,
    const char *holder, int64_t now_s, int64_t until_s, bool *taken)
{
    struct store_conn *conn;
    int64_t unused;
    TRY(conn_get(cx, store, &conn));
    return sql_number(
        cx, conn, SQL_LEASE_TAKE, &unused, taken, "ttii", name, holder, now_s, until_s);
}

enum err store_lease_release(
    struct ctx *cx, struct store *store, const char *name, const char *holder)
{
    STORE_RUN(cx, store, SQL_LEASE_RELEASE, "tt", name, holder);
}
