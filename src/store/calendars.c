#include "store/store_internal.h"

#include "base/str.h"

/* Whether somebody still looks at a calendar needs no finer clock. */
#define INTEREST_GRAIN_S 60

static void read_calendar(struct ctx *cx, sqlite3_stmt *stmt, struct calendar *one)
{
    *one = (struct calendar){
        .id = sqlite3_column_int64(stmt, 0),
        .account_id = sqlite3_column_int64(stmt, 1),
        .name = column_copy(cx, stmt, 2),
        .upstream_id = column_copy(cx, stmt, 3),
        .summary = column_copy(cx, stmt, 4),
        .alias = column_copy(cx, stmt, 5),
        .description = column_copy(cx, stmt, 6),
        .color = sqlite3_column_int64(stmt, 7),
        .color_text = column_copy(cx, stmt, 8),
        .type = column_copy(cx, stmt, 9),
        .role = column_copy(cx, stmt, 10),
        .permissions = column_copy(cx, stmt, 11),
        .third_party = sqlite3_column_int(stmt, 12) != 0,
        .sync_token = column_copy(cx, stmt, 13),
        .anchor_s = sqlite3_column_int64(stmt, 14),
        .pull = (enum calendar_pull)sqlite3_column_int(stmt, 15),
        .last_pull_s = sqlite3_column_int64(stmt, 16),
        .last_interest_s = sqlite3_column_int64(stmt, 17),
        .last_error = column_copy(cx, stmt, 18),
        .change = sqlite3_column_int64(stmt, 19),
        .floor = sqlite3_column_int64(stmt, 20),
        .owner = column_copy(cx, stmt, 21),
        .shares_read_s = sqlite3_column_int64(stmt, 22),
        .success_s = sqlite3_column_int64(stmt, 23),
        .changed_s = sqlite3_column_int64(stmt, 24),
        .full_s = sqlite3_column_int64(stmt, 25),
        .cost = sqlite3_column_int64(stmt, 26),
        .objects = sqlite3_column_int64(stmt, 27),
        .born = sqlite3_column_int64(stmt, 28),
        .modified_s = sqlite3_column_int64(stmt, 29),
    };
}

static enum err read_one(struct ctx *cx, struct cursor *cursor, struct calendar *one)
{
    bool more;
    TRY(cursor_next(cx, cursor, &more));
    if (!more)
        return fail(cx, ERR_NOT_FOUND, "there is no such calendar");
    read_calendar(cx, cursor->stmt, one);
    cursor_close(cursor);
    return ERR_OK;
}

static enum err read_all(
    struct ctx *cx, struct cursor *cursor, struct calendar **list, size_t *n)
{
    bool more;
    LIST(struct calendar) found = {0};
    for (;;) {
        TRY(cursor_next(cx, cursor, &more));
        if (!more)
            break;
        struct calendar one;
        read_calendar(cx, cursor->stmt, &one);
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

enum err store_calendars(struct ctx *cx, struct store *store, int64_t account_id,
    struct calendar **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_CALENDARS, &cursor, "i", account_id));
    return read_all(cx, &cursor, list, n);
}

enum err store_calendars_by_upstream(struct ctx *cx, struct store *store,
    const char *upstream_id, struct calendar **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_CALENDARS_BY_UPSTREAM, &cursor, "t", upstream_id));
    return read_all(cx, &cursor, list, n);
}

static enum err find_id(
    struct ctx *cx, struct store_conn *conn, int64_t id, struct calendar *one)
{
    struct cursor cursor;
    TRY(cursor_open(cx, conn, SQL_CALENDAR, &cursor, "i", id));
    return read_one(cx, &cursor, one);
}

static enum err find_text(struct ctx *cx, struct store *store, enum sql id,
    int64_t account_id, const char *text, struct calendar *one)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    struct cursor cursor;
    TRY(cursor_open(cx, conn, id, &cursor, "it", account_id, text));
    return read_one(cx, &cursor, one);
}

enum err store_calendar(
    struct ctx *cx, struct store *store, int64_t id, struct calendar *one)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    return find_id(cx, conn, id, one);
}

enum err store_calendar_by_name(struct ctx *cx, struct store *store, int64_t account_id,
    const char *name, struct calendar *one)
{
    return find_text(cx, store, SQL_CALENDAR_BY_NAME, account_id, name, one);
}

enum err store_calendar_by_upstream(struct ctx *cx, struct store *store,
    int64_t account_id, const char *upstream_id, struct calendar *one)
{
    return find_text(cx, store, SQL_CALENDAR_BY_UPSTREAM, account_id, upstream_id, one);
}

static bool same(const struct calendar *a, const struct calendar *b)
{
    return str_eq(a->name, b->name) && str_eq(a->upstream_id, b->upstream_id) &&
        str_eq(a->summary, b->summary) && str_eq(a->alias, b->alias) &&
        str_eq(a->description, b->description) && a->color == b->color &&
        str_eq(a->color_text, b->color_text) && str_eq(a->type, b->type) &&
        str_eq(a->role, b->role) && str_eq(a->permissions, b->permissions) &&
        a->third_party == b->third_party;
}

/* floor = change: a sync token of an earlier calendar of the same name is not valid here.
 */
static enum err add(struct ctx *cx, struct store_conn *conn, struct calendar *c)
{
    int64_t id, number;
    bool found;
    TRY(number_home(cx, conn, c->account_id, 0, &number));
    TRY(sql_number(cx, conn, SQL_CALENDAR_ADD, &id, &found, "itttttittttitiiiitii",
        c->account_id, c->name, c->upstream_id, c->summary, c->alias, c->description,
        c->color, c->color_text, c->type, c->role, c->permissions,
        (int64_t)c->third_party, c->sync_token, c->anchor_s, (int64_t)c->pull,
        c->last_pull_s, c->last_interest_s, c->last_error == NULL ? "" : c->last_error,
        number, ctx_now_s(cx)));
    c->id = id;
    c->change = c->floor = c->born = number;
    c->modified_s = ctx_now_s(cx);
    return ERR_OK;
}

static enum err bury(
    struct ctx *cx, struct store_conn *conn, int64_t account_id, const char *name)
{
    int64_t number;
    TRY(number_home(cx, conn, account_id, 0, &number));
    return sql_run(cx, conn, SQL_CALENDAR_TOMBSTONE_ADD, "itii", account_id, name, number,
        ctx_now_s(cx));
}

/* At its new place it is a new calendar for clients. */
static enum err rename_place(struct ctx *cx, struct store_conn *conn,
    const struct calendar *old, struct calendar *one)
{
    if (str_eq(old->name, one->name))
        return ERR_OK;
    TRY(bury(cx, conn, old->account_id, old->name));
    TRY(number_home(cx, conn, old->account_id, old->id, &one->born));
    one->floor = one->born;
    return sql_run(cx, conn, SQL_CALENDAR_SET_BORN, "ii", old->id, one->born);
}

enum err store_calendar_save(struct ctx *cx, struct store_tx *tx, struct calendar *one)
{
    if (one->id == 0)
        return add(cx, tx->conn, one);
    struct calendar old;
    TRY(find_id(cx, tx->conn, one->id, &old));
    if (same(&old, one))
        return ERR_OK;
    int64_t number;
    TRY(sql_run(cx, tx->conn, SQL_CALENDAR_UPDATE, "itttttitttti", one->id, one->name,
        one->upstream_id, one->summary, one->alias, one->description, one->color,
        one->color_text, one->type, one->role, one->permissions,
        (int64_t)one->third_party));
    TRY(rename_place(cx, tx->conn, &old, one));
    TRY(number_home(cx, tx->conn, old.account_id, old.id, &number));
    one->change = number;
    return ERR_OK;
}

enum err store_calendar_remove(struct ctx *cx, struct store_tx *tx, int64_t id)
{
    struct calendar old;
    TRY(find_id(cx, tx->conn, id, &old));
    TRY(bury(cx, tx->conn, old.account_id, old.name));
    const char *place = arena_printf(cx->arena, "calendar:%lld", (long long)id);
    TRY(sql_run(cx, tx->conn, SQL_PROPERTIES_REMOVE, "it", old.account_id, place));
    return sql_run(cx, tx->conn, SQL_CALENDAR_REMOVE, "i", id);
}

enum err store_calendars_gone(struct ctx *cx, struct store *store, int64_t account_id,
    int64_t since, struct gone_calendar **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    LIST(struct gone_calendar) found = {0};
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_CALENDARS_GONE, &cursor, "ii", account_id, since));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        struct gone_calendar one = {
            .name = column_copy(cx, cursor.stmt, 0),
            .change = sqlite3_column_int64(cursor.stmt, 1),
            .again = sqlite3_column_int(cursor.stmt, 2) != 0,
        };
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}

enum err store_calendar_set_pull(
    struct ctx *cx, struct store_tx *tx, const struct calendar *one)
{
    return sql_run(cx, tx->conn, SQL_CALENDAR_SET_PULL, "itiiitiiii", one->id,
        one->sync_token, one->anchor_s, (int64_t)one->pull, one->last_pull_s,
        one->last_error == NULL ? "" : one->last_error, one->success_s, one->changed_s,
        one->full_s, one->cost);
}

enum err store_calendar_interest(
    struct ctx *cx, struct store *store, int64_t id, int64_t now_s)
{
    struct store_conn *conn;
    int64_t last_s;
    bool found;
    TRY(conn_get(cx, store, &conn));
    TRY(sql_number(cx, conn, SQL_CALENDAR_LAST_INTEREST, &last_s, &found, "i", id));
    if (!found || (last_s <= now_s && now_s - last_s < INTEREST_GRAIN_S))
        return ERR_OK;
    return note_run(cx, store, SQL_CALENDAR_INTEREST, id, now_s);
}
