#include "store/store_internal.h"

enum err store_lease_take(struct ctx *cx, struct store *store, const char *name,
    const char *holder, int64_t now_s, int64_t until_s, bool *taken)
{
    struct scope scope;
    int64_t unused;
    bool found = false;
    TRY(scope_open(cx, store, &scope));
    enum err err = sql_number(cx, scope.conn, SQL_LEASE_TAKE, &unused, &found, "ttii",
        name, holder, now_s, until_s);
    TRY(scope_close(cx, &scope, err));
    *taken = found;
    return ERR_OK;
}

enum err store_lease_release(
    struct ctx *cx, struct store *store, const char *name, const char *holder)
{
    STORE_RUN(cx, store, SQL_LEASE_RELEASE, "tt", name, holder);
}
