#include "store/store_internal.h"

#include "base/str.h"

#include <stdlib.h>

/* Far enough from the ends of int64_t that a length can be taken off. */
#define FIRST_S (INT64_MIN / 4)

enum { COLUMN_EXACT = 15 };

struct visitor {
    bool (*each)(void *self, const struct object *one, bool exact);
    void *self;
};

static enum err visit(struct ctx *cx, struct cursor *cursor,
    const struct object_query *query, const struct visitor *visitor)
{
    for (;;) {
        bool more;
        TRY(cursor_next(cx, cursor, &more));
        if (!more)
            return ERR_OK;
        struct object one;
        bool exact = true;
        if (query->has_range || query->with_text)
            object_view(cursor, query->calendar_id, &one);
        else
            object_view_listed(cursor, query->calendar_id, &one);
        if (query->has_range)
            exact = sqlite3_column_int(cursor->stmt, COLUMN_EXACT) != 0;
        if (query->with_text || !exact)
            object_view_text(cursor, &one);
        if (!visitor->each(visitor->self, &one, exact)) {
            cursor_close(cursor);
            return ERR_OK;
        }
    }
}

enum err store_objects(struct ctx *cx, struct store *store,
    const struct object_query *query,
    bool (*each)(void *self, const struct object *one, bool exact), void *self)
{
    struct store_conn *conn;
    struct cursor cursor;
    struct visitor visitor = {each, self};
    TRY(conn_get(cx, store, &conn));
    if (query->has_range) {
        enum sql id = query->with_text ? SQL_OBJECTS_RANGE_TEXT : SQL_OBJECTS_RANGE;
        int64_t from_s = query->from_s < FIRST_S ? FIRST_S : query->from_s;
        TRY(cursor_open(
            cx, conn, id, &cursor, "iii", query->calendar_id, from_s, query->until_s));
    } else {
        enum sql id = query->with_text ? SQL_OBJECTS_TEXT : SQL_OBJECTS;
        const char *after = query->after != NULL ? query->after : "";
        TRY(cursor_open(cx, conn, id, &cursor, "it", query->calendar_id, after));
    }
    return visit(cx, &cursor, query, &visitor);
}

struct busy_query {
    int64_t calendar_id, from_s, until_s;
    void (*each)(void *self, const struct object_instance *one);
    void (*other)(void *self, const struct object *one);
    void *self;
};

typedef LIST(int64_t) id_list;

/* Objects whose instances must be read from the text; *ids in rising order. */
static enum err visit_uncovered(
    struct ctx *cx, struct store_conn *conn, const struct busy_query *query, id_list *ids)
{
    struct cursor cursor;
    TRY(cursor_open(cx, conn, SQL_UNCOVERED_TEXT, &cursor, "iii", query->calendar_id,
        query->from_s, query->until_s));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            return ERR_OK;
        struct object one;
        object_view(&cursor, query->calendar_id, &one);
        object_view_text(&cursor, &one);
        LIST_ADD(cx->arena, ids, one.id);
        query->other(query->self, &one);
    }
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static enum err visit_busy(struct ctx *cx, struct store_conn *conn,
    const struct busy_query *query, const id_list *uncovered)
{
    struct cursor cursor;
    TRY(cursor_open(cx, conn, SQL_BUSY, &cursor, "iii", query->calendar_id, query->from_s,
        query->until_s));
    for (;;) {
        bool more;
        TRY(cursor_next(cx, &cursor, &more));
        if (!more)
            return ERR_OK;
        int64_t id = sqlite3_column_int64(cursor.stmt, 3);
        if (uncovered->n > 0 &&
            bsearch(&id, uncovered->items, uncovered->n, sizeof(id), by_id) != NULL)
            continue;
        struct object_instance one = {
            .start_s = sqlite3_column_int64(cursor.stmt, 0),
            .end_s = sqlite3_column_int64(cursor.stmt, 1),
            .busy = sqlite3_column_int(cursor.stmt, 2),
        };
        query->each(query->self, &one);
    }
}

enum err store_busy(struct ctx *cx, struct store *store, int64_t calendar_id,
    int64_t from_s, int64_t until_s,
    void (*each)(void *self, const struct object_instance *one),
    void (*other)(void *self, const struct object *one), void *self)
{
    struct store_conn *conn;
    id_list uncovered = {0};
    struct busy_query query = {
        .calendar_id = calendar_id,
        .from_s = from_s < FIRST_S ? FIRST_S : from_s,
        .until_s = until_s,
        .each = each,
        .other = other,
        .self = self,
    };
    TRY(conn_get(cx, store, &conn));
    TRY(store_snapshot_begin(cx, store));
    enum err err = visit_uncovered(cx, conn, &query, &uncovered);
    if (err == ERR_OK)
        err = visit_busy(cx, conn, &query, &uncovered);
    store_snapshot_end(store);
    return err;
}
