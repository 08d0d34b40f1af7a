#include "store/journal.h"
#include "store/store_internal.h"

#include "base/str.h"

static enum err save(
    struct ctx *cx, struct store_conn *conn, const struct journal *one, int64_t *id)
{
    bool found;
    if (one->id == 0)
        TRY(sql_number(cx, conn, SQL_JOURNAL_ADD, id, &found, "iittti", one->account_id,
            one->calendar_id, one->key, one->name, one->plan, one->created_s));
    else
        TRY(sql_number(cx, conn, SQL_JOURNAL_SET, id, &found, "iiittti", one->id,
            one->account_id, one->calendar_id, one->key, one->name, one->plan,
            one->created_s));
    if (!found)
        return fail(
            cx, ERR_NOT_FOUND, "there is no journal entry %lld", (long long)one->id);
    return ERR_OK;
}

enum err store_journal_save(struct ctx *cx, struct store *store, struct journal *one)
{
    struct scope scope;
    int64_t id = 0;
    TRY(scope_open_for(cx, store, BEFORE_A_CALL, &scope));
    TRY(scope_close(cx, &scope, save(cx, scope.conn, one, &id)));
    one->id = id;
    return ERR_OK;
}

enum err store_journal_remove(struct ctx *cx, struct store *store, int64_t id)
{
    STORE_RUN(cx, store, SQL_JOURNAL_REMOVE, "i", id);
}

enum err store_journals(
    struct ctx *cx, struct store *store, struct journal **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    LIST(struct journal) found = {0};
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_JOURNALS, &cursor, ""));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        struct journal one = {
            .id = sqlite3_column_int64(cursor.stmt, 0),
            .account_id = sqlite3_column_int64(cursor.stmt, 1),
            .calendar_id = sqlite3_column_int64(cursor.stmt, 2),
            .key = column_copy(cx, cursor.stmt, 3),
            .name = column_copy(cx, cursor.stmt, 4),
            .plan = column_copy(cx, cursor.stmt, 5),
            .created_s = sqlite3_column_int64(cursor.stmt, 6),
        };
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}
