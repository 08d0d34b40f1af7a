#include "store/store_internal.h"

#include <stdarg.h>

static const char *const statement_texts[SQL_COUNT] = {
#define X(id, text) [SQL_##id] = text,
    STORE_STATEMENTS(X)
#undef X
};

static enum err prepare(
    struct ctx *cx, struct store_conn *conn, enum sql id, struct cursor *cursor)
{
    sqlite3_stmt **cached = &conn->statements[id];
    if (*cached != NULL && !sqlite3_stmt_busy(*cached)) {
        *cursor = (struct cursor){.conn = conn, .stmt = *cached};
        return ERR_OK;
    }
    sqlite3_stmt *stmt;
    unsigned flags = *cached == NULL ? SQLITE_PREPARE_PERSISTENT : 0;
    if (sqlite3_prepare_v3(conn->db, statement_texts[id], -1, flags, &stmt, NULL) !=
        SQLITE_OK)
        return db_fail(cx, conn->db, "preparing a statement");
    bool own = *cached != NULL;
    if (!own)
        *cached = stmt;
    *cursor = (struct cursor){.conn = conn, .stmt = stmt, .own = own};
    return ERR_OK;
}

static int bind_one(sqlite3_stmt *stmt, int place, char type, va_list *args)
{
    if (type == 'i')
        return sqlite3_bind_int64(stmt, place, va_arg(*args, int64_t));
    if (type == 't')
        return sqlite3_bind_text(
            stmt, place, va_arg(*args, const char *), -1, SQLITE_STATIC);
    const void *data = va_arg(*args, const void *);
    int64_t len_bytes = va_arg(*args, int64_t);
    return sqlite3_bind_blob64(
        stmt, place, data, (sqlite3_uint64)len_bytes, SQLITE_STATIC);
}

static enum err open_with(struct ctx *cx, struct store_conn *conn, enum sql id,
    struct cursor *cursor, const char *types, va_list *args)
{
    TRY(prepare(cx, conn, id, cursor));
    for (int i = 0; types[i] != '\0'; i++) {
        if (bind_one(cursor->stmt, i + 1, types[i], args) != SQLITE_OK) {
            cursor_close(cursor);
            return db_fail(cx, conn->db, "binding a value");
        }
    }
    return ERR_OK;
}

enum err cursor_open(struct ctx *cx, struct store_conn *conn, enum sql id,
    struct cursor *cursor, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    enum err err = open_with(cx, conn, id, cursor, types, &args);
    va_end(args);
    return err;
}

void cursor_close(struct cursor *cursor)
{
    if (cursor->stmt == NULL)
        return;
    if (cursor->own)
        sqlite3_finalize(cursor->stmt);
    else
        sqlite3_reset(cursor->stmt);
    cursor->stmt = NULL;
}

enum err cursor_next(struct ctx *cx, struct cursor *cursor, bool *more)
{
    int rc = sqlite3_step(cursor->stmt);
    if (rc == SQLITE_ROW) {
        *more = true;
        return ERR_OK;
    }
    struct store_conn *conn = cursor->conn;
    enum err err = rc == SQLITE_DONE ? ERR_OK : db_fail(cx, conn->db, "the database");
    cursor_close(cursor);
    if (err == ERR_OK)
        *more = false;
    else
        conn->broken = true;
    return err;
}

enum err sql_run(
    struct ctx *cx, struct store_conn *conn, enum sql id, const char *types, ...)
{
    struct cursor cursor;
    va_list args;
    va_start(args, types);
    enum err err = open_with(cx, conn, id, &cursor, types, &args);
    va_end(args);
    bool more = true;
    while (err == ERR_OK && more)
        err = cursor_next(cx, &cursor, &more);
    return err;
}

enum err sql_number(struct ctx *cx, struct store_conn *conn, enum sql id, int64_t *value,
    bool *found, const char *types, ...)
{
    struct cursor cursor;
    va_list args;
    va_start(args, types);
    enum err err = open_with(cx, conn, id, &cursor, types, &args);
    va_end(args);
    TRY(err);
    bool more;
    TRY(cursor_next(cx, &cursor, &more));
    *found = more;
    if (!more)
        return ERR_OK;
    int64_t number = sqlite3_column_int64(cursor.stmt, 0);
    /* The end of the statement is where an automatic commit can fail. */
    while (more)
        TRY(cursor_next(cx, &cursor, &more));
    *value = number;
    return ERR_OK;
}

const char *column_view(sqlite3_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt, column);
}

const char *column_copy(struct ctx *cx, sqlite3_stmt *stmt, int column)
{
    const char *text = column_view(stmt, column);
    if (text == NULL)
        return NULL;
    return arena_strndup(cx->arena, text, (size_t)sqlite3_column_bytes(stmt, column));
}
