#include "store/store_internal.h"

/* Browsers in which one person is signed in at once. */
#define SESSIONS_MAX 32
#define UNANSWERED_KEEP_S 86400

static enum err add(
    struct ctx *cx, struct store_conn *conn, const struct session *one)
{
    TRY(sql_run(cx, conn, SQL_SESSION_ADD, "bii", (const void *)one->digest,
        (int64_t)SHA256_BYTES, one->account_id, one->until_s));
    return sql_run(
        cx, conn, SQL_SESSIONS_TRIM, "ii", one->account_id, (int64_t)SESSIONS_MAX);
}

enum err store_session_add(
    struct ctx *cx, struct store *store, const struct session *one)
{
    struct scope scope;
    TRY(scope_open(cx, store, &scope));
    return scope_close(cx, &scope, add(cx, scope.conn, one));
}

enum err store_session(struct ctx *cx, struct store *store,
    const unsigned char digest[SHA256_BYTES], int64_t now_s, int64_t *account_id)
{
    struct store_conn *conn;
    bool found;
    TRY(conn_get(cx, store, &conn));
    TRY(sql_number(cx, conn, SQL_SESSION, account_id, &found, "bi", (const void *)digest,
        (int64_t)SHA256_BYTES, now_s));
    return found ? ERR_OK : fail(cx, ERR_NOT_FOUND, "there is no such session");
}

enum err store_session_remove(
    struct ctx *cx, struct store *store, const unsigned char digest[SHA256_BYTES])
{
    STORE_RUN(cx, store, SQL_SESSION_REMOVE, "b", (const void *)digest,
        (int64_t)SHA256_BYTES);
}

enum err store_sessions_remove(struct ctx *cx, struct store *store, int64_t account_id)
{
    STORE_RUN(cx, store, SQL_SESSIONS_REMOVE, "i", account_id);
}

static enum err expire(struct ctx *cx, struct store_conn *conn, int64_t now_s)
{
    TRY(sql_run(cx, conn, SQL_LOGINS_FORGET, "i", now_s - LOGIN_KEEP_S));
    TRY(sql_run(cx, conn, SQL_SESSIONS_FORGET, "i", now_s));
    return sql_run(cx, conn, SQL_UNANSWERED_FORGET, "i", now_s - UNANSWERED_KEEP_S);
}

enum err store_expire(struct ctx *cx, struct store *store, int64_t now_s)
{
    struct scope scope;
    TRY(scope_open(cx, store, &scope));
    return scope_close(cx, &scope, expire(cx, scope.conn, now_s));
}
