#include "store/polls.h"

#include "base/str.h"
#include "store/store_internal.h"

static struct poll_row row_of(sqlite3_stmt *stmt)
{
    return (struct poll_row){
        .calendar_id = sqlite3_column_int64(stmt, 0),
        .account_id = sqlite3_column_int64(stmt, 1),
        .pull = (enum calendar_pull)sqlite3_column_int(stmt, 2),
        .role = column_view(stmt, 3),
        .last_pull_s = sqlite3_column_int64(stmt, 4),
        .last_interest_s = sqlite3_column_int64(stmt, 5),
        .changed_s = sqlite3_column_int64(stmt, 6),
        .full_s = sqlite3_column_int64(stmt, 7),
        .cost = sqlite3_column_int64(stmt, 8),
        .bare = sqlite3_column_int(stmt, 9) != 0,
        .list_told_s = sqlite3_column_int64(stmt, 10),
        .events_told_s = sqlite3_column_int64(stmt, 11),
        .shares_told_s = sqlite3_column_int64(stmt, 12),
    };
}

enum err store_polls(struct ctx *cx, struct store *store,
    void (*each)(void *self, const struct poll_row *one), void *self)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_POLLS, &cursor, ""));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            return ERR_OK;
        struct poll_row one = row_of(cursor.stmt);
        each(self, &one);
    }
}

enum err store_spent(struct ctx *cx, struct store *store, int64_t account_id,
    struct spent **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    LIST(struct spent) found = {0};
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_SPENT, &cursor, "i", account_id));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        struct spent one = {
            .account_id = sqlite3_column_int64(cursor.stmt, 0),
            .upstream_id = column_copy(cx, cursor.stmt, 1),
            .purpose = sqlite3_column_int(cursor.stmt, 2),
            .calls = sqlite3_column_int64(cursor.stmt, 3),
        };
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

enum err store_spent_add(
    struct ctx *cx, struct store *store, const struct spent *list, size_t n, bool *done)
{
    struct store_conn *writer;
    TRY(note_begin(cx, store, &writer));
    if (writer == NULL) {
        *done = false;
        return ERR_OK;
    }
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = sql_run(cx, writer, SQL_SPENT_ADD, "itii", list[i].account_id,
            list[i].upstream_id, (int64_t)list[i].purpose, list[i].calls);
    TRY(note_end(cx, writer, err));
    *done = true;
    return ERR_OK;
}
