#include "store/journal.h"
#include "store/store_internal.h"

enum err store_unanswered_set(struct ctx *cx, struct store_tx *tx, int64_t calendar_id,
    const char *name, const unsigned char digest[SHA256_BYTES])
{
    return sql_run(cx, tx->conn, SQL_UNANSWERED_SET, "itbi", calendar_id, name,
        (const void *)digest, (int64_t)SHA256_BYTES, ctx_now_s(cx));
}

enum err store_unanswered(struct ctx *cx, struct store *store, int64_t calendar_id,
    const char *name, const unsigned char digest[SHA256_BYTES], bool *found)
{
    struct store_conn *conn;
    int64_t unused = 0;
    TRY(conn_get(cx, store, &conn));
    return sql_number(cx, conn, SQL_UNANSWERED, &unused, found, "itb", calendar_id, name,
        (const void *)digest, (int64_t)SHA256_BYTES);
}

enum err store_unanswered_remove(
    struct ctx *cx, struct store_tx *tx, int64_t calendar_id, const char *name)
{
    return sql_run(cx, tx->conn, SQL_UNANSWERED_REMOVE, "it", calendar_id, name);
}
