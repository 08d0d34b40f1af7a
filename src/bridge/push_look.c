/* Looking upstream: before a change, whether somebody else was faster; after an answer
 * that never came, whether the change took place. */
#include "config.h"

#include "bridge/bridge_internal.h"

static bool has(const cJSON *attendees, const cJSON *wanted)
{
    static const char *const ids[] = {
        "user_id", "chat_id", "room_id", "third_party_email", "attendee_id"};
    const cJSON *one;
    cJSON_ArrayForEach(one, attendees) for (size_t i = 0; i < sizeof(ids) / sizeof(*ids);
                                            i++) if (*json_text(wanted, ids[i]) &&
        str_ieq(json_text(one, ids[i]), json_text(wanted, ids[i]))) return true;
    return false;
}

static bool has_all(const cJSON *attendees, const cJSON *wanted, bool expected)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, wanted) if (has(attendees, one) != expected) return false;
    return true;
}

static bool answered(const struct push *push, const struct step *step, const cJSON *event,
    const cJSON *attendees)
{
    const cJSON *one;
    if (str_ieq(json_text(event, "self_rsvp_status"), step->rsvp))
        return true;
    cJSON_ArrayForEach(one,
        attendees) if (str_eq(json_text(one, "user_id"),
                           push->account->open_id)) return str_ieq(json_text(one,
                                                                       "rsvp_status"),
        step->rsvp);
    return false;
}

static bool shows(const struct push *push, const struct step *step, const cJSON *event,
    const cJSON *attendees)
{
    switch (step->kind) {
    case STEP_PATCH:
        return !event_cancelled(event) && event_covers(event, step->body);
    case STEP_DELETE:
        return event_cancelled(event);
    case STEP_REPLY:
        return answered(push, step, event, attendees);
    case STEP_ADD_ATTENDEES:
        return has_all(attendees, json_array(step->body, "attendees"), true);
    case STEP_REMOVE_ATTENDEES:
        return has_all(attendees, json_array(step->body, "delete_ids"), false);
    case STEP_CREATE:
        break;
    }
    return false;
}

/* A restored occurrence is no exception any more. */
static enum err look_restored(
    struct ctx *cx, struct push *push, const struct step *step, bool *happened)
{
    enum occurrence_state state;
    struct occurrence one = {
        .bridge = push->bridge,
        .account_id = push->account->id,
        .calendar_id = push->calendar->upstream_id,
        .uid = push->uid,
        .original_time = step->original_time,
        .priority = FEISHU_WRITE,
    };
    TRY(occurrence_look(cx, &one, &state, NULL));
    *happened = state == OCCURRENCE_PLAIN;
    if (*happened)
        push_row_drop(push, step->original_time);
    return ERR_OK;
}

enum err push_look(
    struct ctx *cx, struct push *push, const struct step *step, bool *happened)
{
    if (step->restore)
        return look_restored(cx, push, step, happened);
    cJSON *event = NULL, *attendees = NULL;
    enum err err = event_fetch(cx, push->bridge, push->account->id,
        push->calendar->upstream_id, event_id_join(cx, push->uid, step->original_time),
        FEISHU_WRITE, &event, &attendees);
    if (err == ERR_UPSTREAM_GONE) {
        *happened = step->kind == STEP_DELETE;
        if (*happened && step->original_time)
            push_row_drop(push, step->original_time);
        else if (*happened)
            push->rows.n = 0;
        return ERR_OK;
    }
    TRY(err);
    *happened = shows(push, step, event, attendees);
    if (*happened)
        push_row_set(cx, push, step->original_time, event, attendees);
    return ERR_OK;
}

/* ---- before a change ---- */

static bool attendees_differ(
    struct ctx *cx, const struct row *row, const cJSON *attendees)
{
    const cJSON *before = row->attendees ? json_parse(cx->arena, row->attendees) : NULL;
    return !before || !cJSON_Compare(before, attendees, true);
}

static enum err take_over(struct ctx *cx, struct push *push)
{
    struct render_result result;
    struct render render = {
        .bridge = push->bridge,
        .account = push->account,
        .calendar = push->calendar,
        .uid = push->uid,
    };
    struct store_tx *tx;
    TRY(store_begin(cx, push->bridge->store, &tx));
    enum err err = ERR_OK;
    for (size_t i = 0; i < push->rows.n && !err; i++)
        err = store_row_save(cx, tx, &push->rows.items[i]);
    if (!err)
        err = render_series(cx, tx, &render, &result);
    if (!err)
        return store_commit(cx, tx);
    store_rollback(tx);
    return err;
}

static enum err take_gone(struct ctx *cx, struct push *push, struct push_fresh *fresh)
{
    cJSON *event = json_object(cx->arena);
    cJSON_AddStringToObject(event, "event_id", event_id_join(cx, push->uid, 0));
    cJSON_AddStringToObject(event, "status", "cancelled");
    push_row_set(cx, push, 0, event, NULL);
    fresh->gone = true;
    return take_over(cx, push);
}

enum err push_refresh(struct ctx *cx, struct push *push, struct push_fresh *fresh)
{
    cJSON *event = NULL, *attendees = NULL;
    struct row *master = push_row(push, 0);
    if (!master)
        return ERR_OK;
    bool guarded = seen_is_guarded(master->seen, ctx_now_ms(cx));
    enum err err =
        event_fetch(cx, push->bridge, push->account->id, push->calendar->upstream_id,
            event_id_join(cx, push->uid, 0), FEISHU_WRITE, &event, &attendees);
    if (err == ERR_UPSTREAM_GONE || (!err && event_cancelled(event)))
        return guarded ? ERR_OK : take_gone(cx, push, fresh);
    if (err == ERR_UPSTREAM_APP) /* it cannot be asked: what is known has to do */
        return ERR_OK;
    TRY(err);
    const cJSON *before = json_parse(cx->arena, master->json);
    bool differs = event_differs(before, event);
    bool lags = guarded && (!differs || event_is_stale(before, event));
    if (lags || (!differs && !attendees_differ(cx, master, attendees)))
        return ERR_OK;
    text_list people = {0};
    event_people(cx, event, attendees, &people);
    directory_want_ids(cx, push->bridge, push->account->id, people.items, people.n);
    push_row_set(cx, push, 0, event, attendees);
    fresh->changed = differs;
    if (differs) /* its exceptions may have changed too */
        bridge_poke(push->bridge, push->account->id, push->calendar->id);
    return take_over(cx, push);
}
