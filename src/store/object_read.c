#include "store/store_internal.h"

enum {
    COLUMN_TEXT = 14,
    COLUMN_SHADOW = 15,
    COLUMN_SHADOW_IS_TEXT = 16,
    COLUMN_INSTANCES = 17
};

void object_view_listed(struct cursor *cursor, int64_t calendar_id, struct object *one)
{
    sqlite3_stmt *stmt = cursor->stmt;
    *one = (struct object){
        .calendar_id = calendar_id,
        .name = column_view(stmt, 0),
        .etag = column_view(stmt, 1),
        .schedule_tag = column_view(stmt, 2),
        .change = sqlite3_column_int64(stmt, 3),
        .text_bytes = (size_t)sqlite3_column_int64(stmt, 4),
        .modified_s = sqlite3_column_int64(stmt, 5),
    };
}

void object_view(struct cursor *cursor, int64_t calendar_id, struct object *one)
{
    sqlite3_stmt *stmt = cursor->stmt;
    object_view_listed(cursor, calendar_id, one);
    one->id = sqlite3_column_int64(stmt, 6);
    one->uid = column_view(stmt, 7);
    one->upstream_uid = column_view(stmt, 8);
    one->hidden = sqlite3_column_int(stmt, 9) != 0;
    one->from_s = sqlite3_column_int64(stmt, 10);
    one->until_s = sqlite3_column_int64(stmt, 11);
    one->indexed_from_s = sqlite3_column_int64(stmt, 12);
    one->indexed_until_s = sqlite3_column_int64(stmt, 13);
}

void object_view_text(struct cursor *cursor, struct object *one)
{
    one->text = column_view(cursor->stmt, COLUMN_TEXT);
}

static void keep(struct ctx *cx, struct object *one)
{
    one->name = arena_strdup(cx->arena, one->name);
    one->etag = arena_strdup(cx->arena, one->etag);
    one->schedule_tag = arena_strdup(cx->arena, one->schedule_tag);
    one->uid = arena_strdup(cx->arena, one->uid);
    one->upstream_uid = arena_strdup(cx->arena, one->upstream_uid);
    if (one->text != NULL)
        one->text = arena_strndup(cx->arena, one->text, one->text_bytes);
}

static enum err read_one(struct ctx *cx, struct cursor *cursor, int64_t calendar_id,
    bool full, struct object *one)
{
    bool more;
    TRY(cursor_next(cx, cursor, &more));
    if (!more)
        return fail(cx, ERR_NOT_FOUND, "there is no such object");
    object_view(cursor, calendar_id, one);
    object_view_text(cursor, one);
    keep(cx, one);
    if (full) {
        bool same = sqlite3_column_int(cursor->stmt, COLUMN_SHADOW_IS_TEXT) != 0;
        one->shadow = same ? one->text : column_copy(cx, cursor->stmt, COLUMN_SHADOW);
        const unsigned char *blob = sqlite3_column_blob(cursor->stmt, COLUMN_INSTANCES);
        instances_unpack(
            cx, blob, (size_t)sqlite3_column_bytes(cursor->stmt, COLUMN_INSTANCES), one);
    }
    cursor_close(cursor);
    return ERR_OK;
}

static enum err find(struct ctx *cx, struct store_conn *conn, enum sql id,
    int64_t calendar_id, const char *key, struct object *one)
{
    struct cursor cursor;
    TRY(cursor_open(cx, conn, id, &cursor, "it", calendar_id, key));
    bool full = id == SQL_OBJECT_FULL || id == SQL_OBJECT_FULL_BY_NAME;
    return read_one(cx, &cursor, calendar_id, full, one);
}

enum err store_object(struct ctx *cx, struct store *store, int64_t calendar_id,
    const char *name, struct object *one)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    return find(cx, conn, SQL_OBJECT, calendar_id, name, one);
}

enum err store_object_by_uid(struct ctx *cx, struct store *store, int64_t calendar_id,
    const char *uid, struct object *one)
{
    struct store_conn *conn;
    TRY(conn_get(cx, store, &conn));
    return find(cx, conn, SQL_OBJECT_BY_UID, calendar_id, uid, one);
}

enum err store_object_full(struct ctx *cx, struct store *store, struct store_tx *tx,
    int64_t calendar_id, const char *upstream_uid, struct object *one)
{
    struct store_conn *conn = tx != NULL ? tx->conn : NULL;
    if (conn == NULL)
        TRY(conn_get(cx, store, &conn));
    return find(cx, conn, SQL_OBJECT_FULL, calendar_id, upstream_uid, one);
}

enum err object_full_by_name(struct ctx *cx, struct store_conn *conn, int64_t calendar_id,
    const char *name, struct object *one)
{
    return find(cx, conn, SQL_OBJECT_FULL_BY_NAME, calendar_id, name, one);
}

enum err store_uid_of(
    struct ctx *cx, struct store *store, const char *upstream_uid, char **uid)
{
    struct store_conn *conn;
    struct cursor cursor;
    bool more;
    TRY(conn_get(cx, store, &conn));
    TRY(cursor_open(cx, conn, SQL_UID_OF, &cursor, "t", upstream_uid));
    TRY(cursor_next(cx, &cursor, &more));
    *uid = more ? arena_strdup(cx->arena, column_view(cursor.stmt, 0)) : NULL;
    cursor_close(&cursor);
    return ERR_OK;
}
