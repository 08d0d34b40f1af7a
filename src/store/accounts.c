#include "store/store_internal.h"

#include "base/str.h"

#include <string.h>

enum { COLUMN_ACCESS = 17, COLUMN_REFRESH = 18 };

static void read_account(struct ctx *cx, sqlite3_stmt *stmt, struct account *one)
{
    *one = (struct account){
        .id = sqlite3_column_int64(stmt, 0),
        .name = column_copy(cx, stmt, 1),
        .open_id = column_copy(cx, stmt, 2),
        .union_id = column_copy(cx, stmt, 3),
        .tenant_key = column_copy(cx, stmt, 4),
        .display_name = column_copy(cx, stmt, 5),
        .email = column_copy(cx, stmt, 6),
        .timezone = column_copy(cx, stmt, 7),
        .scopes = column_copy(cx, stmt, 8),
        .state = (enum account_state)sqlite3_column_int(stmt, 9),
        .access_expires_s = sqlite3_column_int64(stmt, 10),
        .refresh_expires_s = sqlite3_column_int64(stmt, 11),
        .authorized_s = sqlite3_column_int64(stmt, 12),
        .calendars_sync_token = column_copy(cx, stmt, 13),
        .last_sync_s = sqlite3_column_int64(stmt, 14),
        .last_error = column_copy(cx, stmt, 15),
        .home_change = sqlite3_column_int64(stmt, 16),
        .home_floor = sqlite3_column_int64(stmt, 19),
    };
}

static const char *purpose(struct ctx *cx, const char *column, const char *open_id)
{
    return arena_printf(cx->arena, "account %s %s", column, open_id);
}

/* NULL stays NULL (keep what is there), "" stays "". */
static enum err seal(struct ctx *cx, const struct store *store, const char *column,
    const char *open_id, const char *plain, char **sealed)
{
    if (str_empty(plain)) {
        *sealed = plain == NULL ? NULL : arena_strdup(cx->arena, "");
        return ERR_OK;
    }
    return crypto_seal(cx, store->key, purpose(cx, column, open_id), plain, sealed);
}

static enum err unseal(struct ctx *cx, const struct store *store, const char *column,
    const char *open_id, const char *sealed, const char **plain)
{
    char *text = "";
    if (!str_empty(sealed))
        TRY(crypto_open(cx, store->key, purpose(cx, column, open_id), sealed, &text));
    *plain = text;
    return ERR_OK;
}

static enum err not_found(struct ctx *cx)
{
    return fail(cx, ERR_NOT_FOUND, "there is no such account");
}

enum tokens { TOKENS_NONE, TOKENS_ACCESS, TOKENS_BOTH };

/* One account by one of its keys; number is used when text is NULL. */
static enum err find(struct ctx *cx, struct store *store, enum sql id, int64_t number,
    const char *text, enum tokens tokens, struct account *account)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    struct cursor cursor;
    bool more;
    if (text != NULL)
        TRY(cursor_open(cx, conn, id, &cursor, "t", text));
    else
        TRY(cursor_open(cx, conn, id, &cursor, "i", number));
    TRY(cursor_next(cx, &cursor, &more));
    if (!more)
        return not_found(cx);
    struct account one;
    read_account(cx, cursor.stmt, &one);
    const char *access = NULL, *refresh = NULL;
    if (tokens >= TOKENS_ACCESS)
        access = column_copy(cx, cursor.stmt, COLUMN_ACCESS);
    if (tokens == TOKENS_BOTH)
        refresh = column_copy(cx, cursor.stmt, COLUMN_REFRESH);
    cursor_close(&cursor);
    if (tokens >= TOKENS_ACCESS)
        TRY(unseal(cx, store, "access", one.open_id, access, &one.access_token));
    if (tokens == TOKENS_BOTH)
        TRY(unseal(cx, store, "refresh", one.open_id, refresh, &one.refresh_token));
    *account = one;
    return ERR_OK;
}

enum err store_accounts(
    struct ctx *cx, struct store *store, struct account **list, size_t *n)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    struct cursor cursor;
    bool more;
    LIST(struct account) found = {0};
    TRY(cursor_open(cx, conn, SQL_ACCOUNTS, &cursor, ""));
    for (;;) {
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        struct account one;
        read_account(cx, cursor.stmt, &one);
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

enum err store_account(
    struct ctx *cx, struct store *store, int64_t id, struct account *account)
{
    return find(cx, store, SQL_ACCOUNT, id, NULL, TOKENS_NONE, account);
}

enum err store_account_by_name(
    struct ctx *cx, struct store *store, const char *name, struct account *account)
{
    return find(cx, store, SQL_ACCOUNT_BY_NAME, 0, name, TOKENS_NONE, account);
}

enum err store_account_by_open_id(
    struct ctx *cx, struct store *store, const char *open_id, struct account *account)
{
    return find(cx, store, SQL_ACCOUNT_BY_OPEN_ID, 0, open_id, TOKENS_NONE, account);
}

enum err store_account_tokens(
    struct ctx *cx, struct store *store, int64_t id, struct account *account)
{
    return find(cx, store, SQL_ACCOUNT, id, NULL, TOKENS_BOTH, account);
}

enum err store_account_access(
    struct ctx *cx, struct store *store, int64_t id, struct account *account)
{
    return find(cx, store, SQL_ACCOUNT, id, NULL, TOKENS_ACCESS, account);
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static enum err add(struct ctx *cx, struct store_conn *conn, const struct account *a,
    const char *access, const char *refresh, int64_t *id)
{
    int64_t number;
    bool found;
    TRY(counter_next(cx, conn, COUNTER_CHANGE, &number));
    return sql_number(cx, conn, SQL_ACCOUNT_ADD, id, &found, "ttttttttittiiititi",
        a->name, a->open_id, a->union_id, a->tenant_key, a->display_name, a->email,
        a->timezone, a->scopes, (int64_t)a->state, or_empty(access), or_empty(refresh),
        a->access_expires_s, a->refresh_expires_s, a->authorized_s,
        a->calendars_sync_token, a->last_sync_s, or_empty(a->last_error), number);
}

static enum err save(
    struct ctx *cx, struct store_conn *conn, const struct account *a, int64_t *id)
{
    char *access, *refresh;
    TRY(seal(cx, conn->store, "access", a->open_id, a->access_token, &access));
    TRY(seal(cx, conn->store, "refresh", a->open_id, a->refresh_token, &refresh));
    struct account old;
    int64_t unused;
    enum err err = store_account_by_name(cx, conn->store, a->name, &old);
    if (err == ERR_OK && strcmp(old.open_id, a->open_id) != 0)
        return fail(cx, ERR_CONFLICT, "the name %s belongs to another account", a->name);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = store_account_by_open_id(cx, conn->store, a->open_id, &old);
    if (err == ERR_NOT_FOUND) {
        TRY(add(cx, conn, a, access, refresh, id));
    } else {
        TRY(err);
        *id = old.id;
        TRY(sql_run(cx, conn, SQL_ACCOUNT_UPDATE, "itttttttittiiitit", old.id, a->name,
            a->union_id, a->tenant_key, a->display_name, a->email, a->timezone, a->scopes,
            (int64_t)a->state, access, refresh, a->access_expires_s, a->refresh_expires_s,
            a->authorized_s, a->calendars_sync_token, a->last_sync_s,
            or_empty(a->last_error)));
    }
    return counter_next(cx, conn, COUNTER_CREDENTIALS, &unused);
}

enum err store_account_save(struct ctx *cx, struct store *store, struct account *account)
{
    struct scope scope;
    int64_t id = 0;
    if (str_empty(account->name) || str_empty(account->open_id))
        return fail(cx, ERR_STORE, "an account needs a name and an open_id");
    TRY(scope_open(cx, store, &scope));
    TRY(scope_close(cx, &scope, save(cx, scope.conn, account, &id)));
    account->id = id;
    return ERR_OK;
}

enum err store_account_save_tokens(
    struct ctx *cx, struct store *store, const struct account *account)
{
    struct account known;
    char *access, *refresh;
    TRY(store_account(cx, store, account->id, &known));
    TRY(seal(
        cx, store, "access", known.open_id, or_empty(account->access_token), &access));
    TRY(seal(
        cx, store, "refresh", known.open_id, or_empty(account->refresh_token), &refresh));
    STORE_RUN(cx, store, SQL_ACCOUNT_SET_TOKENS, "ittiii", account->id, access, refresh,
        account->access_expires_s, account->refresh_expires_s, account->authorized_s);
}

static enum err set_state(struct ctx *cx, struct store_conn *conn, int64_t id,
    enum account_state state, const char *error)
{
    struct account old;
    int64_t unused;
    TRY(store_account(cx, conn->store, id, &old));
    TRY(sql_run(cx, conn, SQL_ACCOUNT_SET_STATE, "iit", id, (int64_t)state, error));
    if (old.state == state)
        return ERR_OK;
    return counter_next(cx, conn, COUNTER_CREDENTIALS, &unused);
}

enum err store_account_set_state(struct ctx *cx, struct store *store, int64_t id,
    enum account_state state, const char *error)
{
    struct scope scope;
    TRY(scope_open(cx, store, &scope));
    return scope_close(cx, &scope, set_state(cx, scope.conn, id, state, or_empty(error)));
}

enum err store_account_set_synced(
    struct ctx *cx, struct store *store, int64_t id, int64_t when_s, const char *error)
{
    STORE_RUN(cx, store, SQL_ACCOUNT_SET_SYNCED, "iit", id, when_s, or_empty(error));
}

enum err store_account_set_timezone(
    struct ctx *cx, struct store *store, int64_t id, const char *zone)
{
    STORE_RUN(cx, store, SQL_ACCOUNT_SET_TIMEZONE, "it", id, zone);
}

enum err store_account_set_list_token(
    struct ctx *cx, struct store *store, int64_t id, const char *token)
{
    STORE_RUN(cx, store, SQL_ACCOUNT_SET_LIST_TOKEN, "it", id, token);
}

static enum err remove_account(struct ctx *cx, struct store_conn *conn, int64_t id)
{
    struct account old;
    int64_t unused;
    TRY(store_account(cx, conn->store, id, &old));
    TRY(sql_run(cx, conn, SQL_ACCOUNT_REMOVE, "i", id));
    return counter_next(cx, conn, COUNTER_CREDENTIALS, &unused);
}

enum err store_account_remove(struct ctx *cx, struct store *store, int64_t id)
{
    struct scope scope;
    TRY(scope_open(cx, store, &scope));
    return scope_close(cx, &scope, remove_account(cx, scope.conn, id));
}
