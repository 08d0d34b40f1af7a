#include "store/store_internal.h"

#include "base/str.h"

static void read_person(struct ctx *cx, sqlite3_stmt *stmt, struct person *one)
{
    *one = (struct person){
        .open_id = column_copy(cx, stmt, 0),
        .address = column_copy(cx, stmt, 1),
        .name = column_copy(cx, stmt, 2),
        .fetched_s = sqlite3_column_int64(stmt, 3),
        .kind = (enum person_kind)sqlite3_column_int(stmt, 4),
        .words = column_copy(cx, stmt, 5),
    };
}

static enum err find(
    struct ctx *cx, struct store *store, enum sql id, const char *key, struct person *one)
{
    struct store_conn *conn;
    struct cursor cursor;
    bool more;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, id, &cursor, "t", key));
    TRY(cursor_next(cx, &cursor, &more));
    if (!more)
        return fail(cx, ERR_NOT_FOUND, "nobody is known by %s", key);
    read_person(cx, cursor.stmt, one);
    cursor_close(&cursor);
    return ERR_OK;
}

enum err store_person_by_id(
    struct ctx *cx, struct store *store, const char *open_id, struct person *one)
{
    return find(cx, store, SQL_PERSON_BY_ID, open_id, one);
}

enum err store_person_by_address(
    struct ctx *cx, struct store *store, const char *address, struct person *one)
{
    return find(cx, store, SQL_PERSON_BY_ADDRESS, address, one);
}

/* Who an address belongs to and what a person is called come from different calls: what
 * this one does not know stays as it was. */
static enum err save(struct ctx *cx, struct store *store, struct store_conn *conn,
    const struct person *one)
{
    struct person old = {0};
    const char *address = one->address == NULL ? "" : one->address;
    const char *open_id = one->open_id == NULL ? "" : one->open_id;
    const char *name = one->name, *words = one->words;
    if (*open_id != '\0') {
        enum err err = store_person_by_id(cx, store, open_id, &old);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
        if (err == ERR_OK && *address == '\0')
            address = old.address;
        if (err == ERR_OK && str_empty(name))
            name = old.name;
        if (err == ERR_OK && str_empty(words))
            words = old.words;
    }
    TRY(sql_run(cx, conn, SQL_PERSON_FORGET, "tt", open_id, address));
    return sql_run(cx, conn, SQL_PERSON_ADD, "tttiit", open_id, address, name,
        one->fetched_s, (int64_t)one->kind, words == NULL ? "" : words);
}

enum err store_person_save(struct ctx *cx, struct store *store, const struct person *one)
{
    struct scope scope;
    if (str_empty(one->open_id) && str_empty(one->address))
        return fail(cx, ERR_STORE, "a person needs an id or an address");
    TRY(scope_open(cx, store, &scope));
    return scope_close(cx, &scope, save(cx, store, scope.conn, one));
}

enum err store_people_search(struct ctx *cx, struct store *store, enum person_kind kind,
    const char *part, size_t max, struct person **list, size_t *n)
{
    struct store_conn *conn;
    struct cursor cursor;
    LIST(struct person) found = {0};
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_PEOPLE_SEARCH, &cursor, "tii", part, (int64_t)kind,
        (int64_t)max));
    for (;;) {
        struct person one;
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            break;
        read_person(cx, cursor.stmt, &one);
        LIST_ADD(cx->arena, &found, one);
    }
    *list = found.items;
    *n = found.n;
    return ERR_OK;
}
