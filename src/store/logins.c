#include "store/store_internal.h"

#include "base/str.h"

/* Anybody may begin one: this many at once. */
#define LOGINS_MAX 5000
#define LOGINS_FULL_WAIT_S 60

static const char *purpose(struct ctx *cx, const char *state)
{
    return arena_printf(cx->arena, "login verifier %s", state);
}

/* The row at the cursor, which is closed; its verifier is opened. */
static enum err take_login(
    struct ctx *cx, struct store *store, struct cursor *cursor, struct login *login)
{
    sqlite3_stmt *stmt = cursor->stmt;
    struct login one = {
        .state = column_copy(cx, stmt, 0),
        .redirect_uri = column_copy(cx, stmt, 2),
        .wanted_name = column_copy(cx, stmt, 3),
        .created_s = sqlite3_column_int64(stmt, 4),
        .account_id = sqlite3_column_int64(stmt, 5),
        .error = column_copy(cx, stmt, 6),
    };
    const char *sealed = column_copy(cx, stmt, 1);
    bool more = true;
    while (more)
        TRY(cursor_next(cx, cursor, &more));
    char *verifier = NULL;
    if (sealed != NULL)
        TRY(crypto_open(cx, store->key, purpose(cx, one.state), sealed, &verifier));
    one.verifier = verifier;
    *login = one;
    return ERR_OK;
}

static enum err add(struct ctx *cx, struct store_conn *conn, const struct login *login,
    const char *sealed)
{
    int64_t count = 0;
    bool found;
    TRY(sql_run(cx, conn, SQL_LOGINS_FORGET, "i", login->created_s - LOGIN_KEEP_S));
    TRY(sql_number(cx, conn, SQL_LOGINS_COUNT, &count, &found, ""));
    if (count >= LOGINS_MAX) {
        cx->retry_after_s = LOGINS_FULL_WAIT_S;
        return fail(cx, ERR_THROTTLED, "too many sign-ins are under way");
    }
    return sql_run(cx, conn, SQL_LOGIN_ADD, "ttttiit", login->state, sealed,
        login->redirect_uri, login->wanted_name, login->created_s, login->account_id,
        login->error);
}

enum err store_login_add(struct ctx *cx, struct store *store, const struct login *login)
{
    char *sealed = NULL;
    if (login->verifier != NULL)
        TRY(crypto_seal(
            cx, store->key, purpose(cx, login->state), login->verifier, &sealed));
    struct scope scope;
    TRY(scope_open(cx, store, &scope));
    return scope_close(cx, &scope, add(cx, scope.conn, login, sealed));
}

static enum err not_found(struct ctx *cx)
{
    return fail(cx, ERR_NOT_FOUND, "this sign-in is unknown, used up or too old");
}

enum err store_login(
    struct ctx *cx, struct store *store, const char *state, struct login *login)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    struct cursor cursor;
    bool more;
    TRY(cursor_open(cx, conn, SQL_LOGIN, &cursor, "t", state));
    TRY(cursor_next(cx, &cursor, &more));
    return more ? take_login(cx, store, &cursor, login) : not_found(cx);
}

static enum err claim(struct ctx *cx, struct store_conn *conn, const char *state,
    int64_t oldest_s, struct login *login)
{
    struct cursor cursor;
    bool more;
    TRY(cursor_open(cx, conn, SQL_LOGIN_CLAIM, &cursor, "ti", state, oldest_s));
    TRY(cursor_next(cx, &cursor, &more));
    return more ? take_login(cx, conn->store, &cursor, login) : not_found(cx);
}

enum err store_login_claim(struct ctx *cx, struct store *store, const char *state,
    int64_t now_s, int64_t max_age_s, struct login *login)
{
    struct scope scope;
    TRY(scope_open(cx, store, &scope));
    return scope_close(
        cx, &scope, claim(cx, scope.conn, state, now_s - max_age_s, login));
}

enum err store_login_finish(struct ctx *cx, struct store *store, const char *state,
    int64_t account_id, const char *error)
{
    STORE_RUN(cx, store, SQL_LOGIN_FINISH, "tit", state, account_id, error);
}
