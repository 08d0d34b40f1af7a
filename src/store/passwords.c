#include "store/store_internal.h"

#include "base/str.h"

#include <string.h>

#define USED_GRAIN_S 60

static void read_password(struct ctx *cx, sqlite3_stmt *stmt, struct password *one)
{
    *one = (struct password){
        .id = sqlite3_column_int64(stmt, 0),
        .account_id = sqlite3_column_int64(stmt, 1),
        .label = column_copy(cx, stmt, 2),
        .created_s = sqlite3_column_int64(stmt, 4),
        .last_used_s = sqlite3_column_int64(stmt, 5),
    };
    const void *digest = sqlite3_column_blob(stmt, 3);
    if (digest != NULL && sqlite3_column_bytes(stmt, 3) == SHA256_BYTES)
        memcpy(one->digest, digest, SHA256_BYTES);
}

enum err store_passwords(struct ctx *cx, struct store *store, int64_t account_id,
    struct password **list, size_t *n)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    struct cursor cursor;
    bool more;
    LIST(struct password) found = {0};
    TRY(cursor_open(cx, conn, SQL_PASSWORDS, &cursor, "i", account_id));
    for (;;) {
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        struct password one;
        read_password(cx, cursor.stmt, &one);
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

static enum err add(
    struct ctx *cx, struct store_conn *conn, const struct password *p, int64_t *id)
{
    bool found;
    int64_t unused;
    TRY(sql_number(cx, conn, SQL_PASSWORD_ADD, id, &found, "itbii", p->account_id,
        p->label, (const void *)p->digest, (int64_t)SHA256_BYTES, p->created_s,
        p->last_used_s));
    return counter_next(cx, conn, COUNTER_CREDENTIALS, &unused);
}

enum err store_password_add(
    struct ctx *cx, struct store *store, struct password *password)
{
    struct scope scope;
    int64_t id = 0;
    TRY(scope_open(cx, store, &scope));
    TRY(scope_close(cx, &scope, add(cx, scope.conn, password, &id)));
    password->id = id;
    return ERR_OK;
}

enum err store_password_used(
    struct ctx *cx, struct store *store, int64_t id, int64_t when_s)
{
    struct store_conn *conn;
    int64_t last_s;
    bool found;
    TRY(conn_get(cx, store, &conn));
    TRY(sql_number(cx, conn, SQL_PASSWORD_LAST_USED, &last_s, &found, "i", id));
    if (!found || (last_s <= when_s && when_s - last_s < USED_GRAIN_S))
        return ERR_OK;
    return note_run(cx, store, SQL_PASSWORD_USED, id, when_s);
}

static enum err revoke(
    struct ctx *cx, struct store_conn *conn, int64_t account_id, int64_t id)
{
    int64_t unused;
    bool found;
    TRY(sql_number(cx, conn, SQL_PASSWORD_REVOKE, &unused, &found, "ii", account_id, id));
    if (!found)
        return fail(cx, ERR_NOT_FOUND, "the account has no password %lld", (long long)id);
    return counter_next(cx, conn, COUNTER_CREDENTIALS, &unused);
}

enum err store_password_revoke(
    struct ctx *cx, struct store *store, int64_t account_id, int64_t id)
{
    struct scope scope;
    TRY(scope_open(cx, store, &scope));
    return scope_close(cx, &scope, revoke(cx, scope.conn, account_id, id));
}

enum err store_credentials_version(struct ctx *cx, struct store *store, int64_t *version)
{
    struct store_conn *conn;
    bool found;
    TRY(conn_get(cx, store, &conn));
    return sql_number(
        cx, conn, SQL_STATE, version, &found, "i", (int64_t)COUNTER_CREDENTIALS);
}
