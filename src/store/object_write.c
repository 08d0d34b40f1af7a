#include "store/store_internal.h"

#include "base/str.h"

#include <string.h>

/* What a save has to do, found by comparing with what is there. */
struct change {
    const struct object *old; /* NULL = new */
    bool was_visible, is_visible;
    bool text_differs, shadow_differs, instances_differ;
    unsigned char *old_blob, *blob;
    int64_t old_blob_bytes, blob_bytes;
};

static bool same_bytes(const void *a, int64_t a_bytes, const void *b, int64_t b_bytes)
{
    return a_bytes == b_bytes && (a_bytes == 0 || memcmp(a, b, (size_t)a_bytes) == 0);
}

static void compare(struct ctx *cx, const struct object *old, const struct object *one,
    struct change *change)
{
    *change = (struct change){.old = old, .is_visible = !one->hidden};
    instances_pack(cx, one, &change->blob, &change->blob_bytes);
    change->text_differs = change->shadow_differs = change->instances_differ = true;
    if (old == NULL)
        return;
    change->was_visible = !old->hidden;
    instances_pack(cx, old, &change->old_blob, &change->old_blob_bytes);
    change->text_differs = !str_eq(old->text, one->text);
    change->shadow_differs = !str_eq(old->shadow, one->shadow);
    change->instances_differ = !same_bytes(
        change->old_blob, change->old_blob_bytes, change->blob, change->blob_bytes);
}

static bool same_row(const struct object *a, const struct object *b)
{
    return a->change == b->change && a->hidden == b->hidden && str_eq(a->etag, b->etag) &&
        str_eq(a->schedule_tag, b->schedule_tag) && str_eq(a->uid, b->uid) &&
        str_eq(a->upstream_uid, b->upstream_uid) && a->from_s == b->from_s &&
        a->until_s == b->until_s && a->indexed_from_s == b->indexed_from_s &&
        a->indexed_until_s == b->indexed_until_s;
}

static int64_t later_s(struct ctx *cx, int64_t time_s)
{
    int64_t now_s = ctx_now_s(cx);
    return now_s > time_s ? now_s : time_s;
}

/* A client sees a change when text differs in an object that it sees, or when it begins
 * or ceases to see it. */
static enum err number(struct ctx *cx, struct store_conn *conn,
    const struct change *change, struct object *one)
{
    int64_t before_s = change->old == NULL ? 0 : change->old->modified_s;
    bool found;
    one->change = change->old == NULL ? 0 : change->old->change;
    one->modified_s = before_s;
    if (!change->was_visible && !change->is_visible)
        return ERR_OK;
    if (change->was_visible && change->is_visible && !change->text_differs)
        return ERR_OK;
    int64_t next;
    TRY(number_calendar(cx, conn, one->calendar_id, &next));
    one->change = next;
    if (change->is_visible && !change->was_visible)
        TRY(sql_number(cx, conn, SQL_TOMBSTONE_REMOVE, &before_s, &found, "it",
            one->calendar_id, one->name));
    one->modified_s = later_s(cx, before_s + 1);
    if (change->is_visible)
        return ERR_OK;
    TRY(sql_run(
        cx, conn, SQL_OBJECT_PROPERTIES_REMOVE, "it", one->calendar_id, one->name));
    return sql_run(cx, conn, SQL_TOMBSTONE_ADD, "itii", one->calendar_id, one->name, next,
        one->modified_s);
}

/* A shadow that is the very text is not written twice. */
static enum err write_text(struct ctx *cx, struct store_conn *conn,
    const struct change *change, struct object *one)
{
    bool same = one->shadow != NULL && str_eq(one->shadow, one->text);
    const char *shadow = same ? NULL : one->shadow;
    if (change->old == NULL) {
        int64_t id;
        bool found;
        TRY(sql_number(cx, conn, SQL_TEXT_ADD, &id, &found, "ttib", one->text, shadow,
            (int64_t)same, (const void *)change->blob, change->blob_bytes));
        one->id = id;
        return ERR_OK;
    }
    one->id = change->old->id;
    if (!change->text_differs && !change->shadow_differs && !change->instances_differ)
        return ERR_OK;
    return sql_run(cx, conn, SQL_TEXT_SET, "ittib", one->id, one->text, shadow,
        (int64_t)same, (const void *)change->blob, change->blob_bytes);
}

static enum err write_row(struct ctx *cx, struct store_conn *conn,
    const struct change *change, const struct object *one)
{
    if (change->old != NULL && !change->text_differs && !change->shadow_differs &&
        same_row(change->old, one))
        return ERR_OK;
    if (change->old == NULL)
        return sql_run(cx, conn, SQL_OBJECT_ADD, "itittiittiiiiiii", one->calendar_id,
            one->name, one->id, one->etag, one->schedule_tag, one->change,
            (int64_t)one->text_bytes, one->uid, one->upstream_uid, (int64_t)one->hidden,
            (int64_t)(one->shadow != NULL), one->from_s, one->until_s,
            one->indexed_from_s, one->indexed_until_s, one->modified_s);
    return sql_run(cx, conn, SQL_OBJECT_SET, "itittiittiiiiiii", one->calendar_id,
        one->name, one->id, one->etag, one->schedule_tag, one->change,
        (int64_t)one->text_bytes, one->uid, one->upstream_uid, (int64_t)one->hidden,
        (int64_t)(one->shadow != NULL), one->from_s, one->until_s, one->indexed_from_s,
        one->indexed_until_s, one->modified_s);
}

/* The index has the instances of visible objects only. */
static enum err write_instances(struct ctx *cx, struct store_conn *conn,
    const struct change *change, const struct object *one)
{
    if (change->was_visible == change->is_visible && !change->instances_differ)
        return ERR_OK;
    if (change->was_visible)
        TRY(instances_index(cx, conn, SQL_INSTANCE_REMOVE, one, change->old_blob,
            (size_t)change->old_blob_bytes));
    if (!change->is_visible)
        return ERR_OK;
    return instances_index(
        cx, conn, SQL_INSTANCE_ADD, one, change->blob, (size_t)change->blob_bytes);
}

enum err store_object_save(struct ctx *cx, struct store_tx *tx, struct object *one)
{
    struct store_conn *conn = tx->conn;
    struct object old;
    struct change change;
    if (one->name == NULL || one->uid == NULL || one->etag == NULL || one->text == NULL)
        return fail(cx, ERR_STORE, "an object needs a name, a UID, a text and an etag");
    enum err err = object_full_by_name(cx, conn, one->calendar_id, one->name, &old);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    struct object saved = *one;
    saved.text_bytes = strlen(one->text);
    compare(cx, err == ERR_OK ? &old : NULL, &saved, &change);
    TRY(number(cx, conn, &change, &saved));
    TRY(write_text(cx, conn, &change, &saved));
    TRY(write_row(cx, conn, &change, &saved));
    TRY(write_instances(cx, conn, &change, &saved));
    one->id = saved.id;
    one->change = saved.change;
    one->modified_s = saved.modified_s;
    one->text_bytes = saved.text_bytes;
    return ERR_OK;
}

enum err store_object_remove(
    struct ctx *cx, struct store_tx *tx, int64_t calendar_id, const char *name)
{
    struct store_conn *conn = tx->conn;
    struct object old;
    enum err err = object_full_by_name(cx, conn, calendar_id, name, &old);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    if (!old.hidden) {
        int64_t next;
        unsigned char *blob;
        int64_t blob_bytes;
        instances_pack(cx, &old, &blob, &blob_bytes);
        TRY(instances_index(
            cx, conn, SQL_INSTANCE_REMOVE, &old, blob, (size_t)blob_bytes));
        TRY(number_calendar(cx, conn, calendar_id, &next));
        /* What gets the name next has a later time. */
        TRY(sql_run(cx, conn, SQL_TOMBSTONE_ADD, "itii", calendar_id, name, next,
            later_s(cx, old.modified_s)));
    }
    return sql_run(cx, conn, SQL_OBJECT_REMOVE, "it", calendar_id, name);
}
