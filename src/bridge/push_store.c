/* After a write: what upstream now has becomes what clients see, in one transaction. */
#include "config.h"

#include "bridge/push.h"
#include "bridge/unanswered.h"

#define LATER_MS (WRITE_GUARD_MS + 1000)

/* What the row was before stays known as long as reading may still show it. */
static const char *with_was(struct ctx *cx, const struct push *push,
    const struct row *row, const struct row *stored, int64_t now_ms)
{
    if (!stored && (row->original_time || !push->destroyed.n))
        return row->json;
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

/* orphan: the series was shown without a master, as an invitation to single occurrences
 * is. */
static enum err save_rows(
    struct ctx *cx, struct push *push, struct store_tx *tx, bool *orphan)
{
    struct row *stored;
    size_t n;
    int64_t now_ms = ctx_now_ms(cx);
    TRY(store_rows_tx(cx, tx, push->calendar->id, push->uid, &stored, &n));
    *orphan = n && !stored_row(stored, n, 0);
    for (size_t i = 0; i < n; i++)
        if (!push_row(push, stored[i].original_time))
            TRY(store_row_remove(
                cx, tx, push->calendar->id, push->uid, stored[i].original_time));
    for (size_t i = 0; i < push->rows.n; i++) {
        struct row row = push->rows.items[i];
        const struct row *old = stored_row(stored, n, row.original_time);
        /* Nothing was written: what is read is not older than that. */
        row.seen = old && !push->n_steps ? old->seen : seen_by_push(now_ms);
        row.json = with_was(cx, push, &row, old, now_ms);
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

/* One series: its rows, and what clients see of them. */
static enum err save_series(
    struct ctx *cx, struct push *push, struct store_tx *tx, struct render_result *result)
{
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
    TRY(save_rows(cx, push, tx, &render.orphan));
    return render_series(cx, tx, &render, result);
}

/* The parts of a series that was cut appear with what is left of it. */
static enum err save_all(
    struct ctx *cx, struct push *push, struct store_tx *tx, struct render_result *result)
{
    struct render_result other;
    /* What takes the place of the series takes its name before it goes. */
    for (size_t i = 0; i < push->n_later; i++)
        if (push->later[i].uid)
            TRY(save_series(
                cx, &push->later[i], tx, push->replaced ? result : &other));
    if (push->uid)
        TRY(save_series(cx, push, tx, push->replaced ? &other : result));
    if (push->finished && push->from.name && result->object.name)
        TRY(store_object_properties_copy(cx, tx, &push->from,
            &(struct object_place){push->calendar->id, result->object.name}));
    if (push->finished && push->move && result->object.text)
        TRY(move_made(cx, push->bridge, push->move, &result->object, push->created));
    if (push->finished && push->journal.id)
        TRY(store_journal_remove(cx, push->bridge->store, push->journal.id));
    return push->finished ? unanswered_note(cx, push, tx) : ERR_OK;
}

/* What upstream now has, clients see. */
static enum err push_store(
    struct ctx *cx, struct push *push, struct render_result *result)
{
    struct store_tx *tx;
    bool touched = push->attendees_touched;
    TRY(push->journal.id ? store_begin_journalled(cx, push->bridge->store, &tx)
                         : store_begin(cx, push->bridge->store, &tx));
    TRY(store_end(cx, tx, save_all(cx, push, tx, result)));
    if (push->finished)
        push->journal.id = 0;
    for (size_t i = 0; i < push->n_later; i++)
        touched = touched || push->later[i].attendees_touched;
    if (touched)
        bridge_poke_later(push->bridge, push->account->id, push->calendar->id, LATER_MS);
    return ERR_OK;
}

/* What it created goes away again, quietly (feishu-api 5.7); the rest is left as it is.
 */
static void turn_back(struct ctx *cx, struct push *push)
{
    static const struct step undo = {.kind = STEP_DELETE};
    push->undo = true;
    push->steps = &undo;
    push->n_steps = push->created;
    push->done = ARENA_NEW(cx->arena, bool);
}

/* The exceptions that were destroyed before a series could not be cut are made again:
 * what is stored still says what they were. */
static void mend(struct ctx *cx, struct push *push)
{
    struct object object;
    struct series_data now;
    struct convert_env env;
    struct plan *plan = ARENA_NEW(cx->arena, struct plan);
    if (push->created || !push->destroyed.n ||
        store_object_full(
            cx, push->bridge->store, NULL, push->calendar->id, push->uid, &object))
        return;
    series_read(cx, push->rows.items, push->rows.n, &now);
    now.series.ical_uid = object.uid;
    env_fill(cx, push->bridge, push->account, push->calendar, &env);
    if (convert_plan(cx, &env, &now.series, NULL, object.text, plan))
        return;
    push->destroyed.n = 0;
    push_take_plan(cx, push, plan, true);
}

/* An event that could not be finished goes away again, and so do the parts of a series
 * that could not be cut. */
static enum err take_back(struct ctx *cx, struct push *push)
{
    struct render_result result;
    turn_back(cx, push);
    mend(cx, push);
    for (size_t i = 0; i < push->n_later; i++)
        turn_back(cx, &push->later[i]);
    TRY(journal_note(cx, push));
    TRY(push_execute(cx, push));
    return push_store(cx, push, &result);
}

static bool any_done(const struct push *push)
{
    for (size_t i = 0; i < push->n_steps; i++)
        if (push->done[i])
            return true;
    return push->created;
}

/* Something of it, or of its parts, has happened upstream. */
static bool push_begun(const struct push *push)
{
    bool begun = any_done(push) || push->destroyed.n;
    for (size_t i = 0; i < push->n_later; i++)
        begun = begun || any_done(&push->later[i]);
    return begun;
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

/* True when what has happened can be undone: the series was new, or it is not cut yet. */
static bool can_turn_back(const struct push *push)
{
    bool cut = true;
    for (size_t i = 0; i < push->n_steps; i++)
        cut = cut && push->done[i];
    return push->created || (push->n_later && !cut);
}

static void clean_up(
    struct ctx *cx, struct push *push, enum err err, struct render_result *result)
{
    bool open = err_is_open(err);
    bool begun = push_begun(push);
    if (open && (begun || push->resumed || err == ERR_UPSTREAM_UNKNOWN)) {
        /* The journal finishes it; until then it is shown as far as it is known to have
         * come. */
        if (begun)
            push_store(cx, push, result);
        push->bridge->journal_left = true;
        bridge_poke(push->bridge, push->account->id, push->calendar->id);
    } else if (!begun) {
        journal_close(cx, push);
        if (err == ERR_UPSTREAM_GONE || err == ERR_UPSTREAM_RIGHTS)
            bridge_poke(push->bridge, push->account->id, push->calendar->id);
    } else if (can_turn_back(push) ? !take_back(cx, push) : !show_part(cx, push)) {
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
