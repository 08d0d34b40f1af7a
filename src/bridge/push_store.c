/* After a write: what upstream now has becomes what clients see, in one transaction. */
#include "config.h"

#include "bridge/bridge_internal.h"

#define LATER_MS (WRITE_GUARD_MS + 1000)

/* What the row was before stays known as long as reading may still show it. */
static const char *with_was(struct ctx *cx, const struct push *push,
    const struct row *row, const struct row *stored, int64_t now_ms)
{
    cJSON *event = json_parse(cx->arena, row->json);
    const cJSON *before = stored ? json_parse(cx->arena, stored->json) : NULL;
    bool guarded = stored && seen_is_guarded(stored->seen, now_ms);
    if (!event)
        return row->json;
    if (before)
        event_keep_was(event, before, guarded);
    if (!row->original_time)
        event_keep_destroyed(
            event, guarded ? before : NULL, push->destroyed.items, push->destroyed.n);
    return json_print(cx->arena, event);
}

static const struct row *stored_row(
    const struct row *stored, size_t n, int64_t original_time)
{
    for (size_t i = 0; i < n; i++)
        if (stored[i].original_time == original_time)
            return &stored[i];
    return NULL;
}

static enum err save_rows(struct ctx *cx, struct push *push, struct store_tx *tx)
{
    struct row *stored;
    size_t n;
    int64_t now_ms = ctx_now_ms(cx);
    TRY(store_rows_tx(cx, tx, push->calendar->id, push->uid, &stored, &n));
    for (size_t i = 0; i < n; i++)
        if (!push_row(push, stored[i].original_time))
            TRY(store_row_remove(
                cx, tx, push->calendar->id, push->uid, stored[i].original_time));
    for (size_t i = 0; i < push->rows.n; i++) {
        struct row row = push->rows.items[i];
        row.seen = seen_by_push(now_ms);
        row.json =
            with_was(cx, push, &row, stored_row(stored, n, row.original_time), now_ms);
        /* Adding people adds the caller as well, and rooms answer later: they are read
         * again. */
        if (push->attendees_touched && row.attendees) {
            row.json =
                event_with_attendees(cx, json_parse(cx->arena, row.json), row.attendees);
            row.attendees = NULL;
        }
        TRY(store_row_save(cx, tx, &row));
    }
    return ERR_OK;
}

/* Writes the rows and the rendering of them: what upstream now has, clients see. */
static enum err push_store(
    struct ctx *cx, struct push *push, struct render_result *result)
{
    struct store_tx *tx;
    struct render render = {
        .bridge = push->bridge,
        .account = push->account,
        .calendar = push->calendar,
        .uid = push->uid,
        .shadow = push->undo ? NULL : push->text,
        .name = push->text && !push->undo ? push->name : NULL,
        .ical_uid = push->undo ? NULL : push->ical_uid,
        .hide = push->hide,
    };
    TRY(push->journal.id ? store_begin_journalled(cx, push->bridge->store, &tx)
                         : store_begin(cx, push->bridge->store, &tx));
    enum err err = save_rows(cx, push, tx);
    if (!err)
        err = render_series(cx, tx, &render, result);
    if (!err && push->finished && push->from.name && result->object.name)
        err = store_object_properties_copy(cx, tx, &push->from,
            &(struct object_place){push->calendar->id, result->object.name});
    if (!err && push->finished && push->move && result->object.text)
        err = move_made(
            cx, push->bridge, push->move, &result->object, push->created);
    if (!err && push->finished && push->journal.id)
        err = store_journal_remove(cx, push->bridge->store, push->journal.id);
    if (err) {
        store_rollback(tx);
        return err;
    }
    TRY(store_commit(cx, tx));
    if (push->finished)
        push->journal.id = 0;
    if (push->attendees_touched)
        bridge_poke_later(push->bridge, push->account->id, push->calendar->id, LATER_MS);
    return ERR_OK;
}

/* An event that could not be finished goes away again, quietly (feishu-api 5.7). */
static enum err take_back(struct ctx *cx, struct push *push)
{
    static const struct step undo = {.kind = STEP_DELETE};
    struct render_result result;
    push->undo = true;
    push->steps = &undo;
    push->n_steps = 1;
    push->done = ARENA_NEW(cx->arena, bool);
    TRY(journal_note(cx, push));
    TRY(push_execute(cx, push));
    return push_store(cx, push, &result);
}

static bool any_done(const struct push *push)
{
    for (size_t i = 0; i < push->n_steps; i++)
        if (push->done[i])
            return true;
    return false;
}

/* Some of it happened and the rest was refused: the truth is shown, not what was asked
 * for. */
static enum err show_part(struct ctx *cx, struct push *push)
{
    struct render_result result;
    push->text = NULL;
    bridge_poke(push->bridge, push->account->id, push->calendar->id);
    return push_store(cx, push, &result);
}

static void clean_up(
    struct ctx *cx, struct push *push, enum err err, struct render_result *result)
{
    bool open = err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN || err == ERR_STORE;
    bool begun = any_done(push) || push->created;
    if (open && (begun || push->resumed || err == ERR_UPSTREAM_UNKNOWN)) {
        /* The journal finishes it; until then it is shown as far as it is known to have
         * come. */
        if (begun && push->uid)
            push_store(cx, push, result);
        bridge_poke(push->bridge, push->account->id, push->calendar->id);
    } else if (!begun) {
        journal_close(cx, push);
        if (err == ERR_UPSTREAM_GONE || err == ERR_UPSTREAM_RIGHTS)
            bridge_poke(push->bridge, push->account->id, push->calendar->id);
    } else if (push->created ? !take_back(cx, push) : !show_part(cx, push)) {
        journal_close(cx, push);
    }
}

enum err push_settle(
    struct ctx *cx, struct push *push, enum err err, struct render_result *result)
{
    if (!err) {
        push->finished = true;
        return push_store(cx, push, result);
    }
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    int retry_after_s = cx->retry_after_s;
    clean_up(cx, push, err, result);
    cx->retry_after_s = retry_after_s;
    return fail(cx, err, "%s", text);
}
