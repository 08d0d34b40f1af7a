/* Looking upstream: before a change, whether somebody else was faster; after an answer
 * that never came, whether the change took place. */
#include "config.h"

#include "bridge/occurrence.h"
#include "bridge/push.h"

#define PEEK_PAGES 4

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

bool push_shows(struct ctx *cx, const struct push *push, const struct step *step,
    const cJSON *event, const cJSON *attendees)
{
    switch (step->kind) {
    case STEP_PATCH:
        return !event_cancelled(event) &&
            event_covers(cx, push->bridge, event, step->body);
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

/* Of an occurrence, "not found" says nothing: one that nobody touched need not be
 * readable (feishu-api 16.12). What stays unknown is done again, which does no harm. */
static enum err look_occurrence(
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
    if (!step->delete_exception)
        *happened = state == OCCURRENCE_CANCELLED;
    else
        *happened = state == OCCURRENCE_PLAIN ||
            (state == OCCURRENCE_UNKNOWN && !step->restore);
    if (*happened && step->delete_exception)
        push_row_drop(cx, push, step->original_time);
    else if (*happened)
        push_row_cancel(cx, push, step->original_time);
    return ERR_OK;
}

enum err push_look(
    struct ctx *cx, struct push *push, const struct step *step, bool *happened)
{
    if (step->kind == STEP_DELETE && step->original_time)
        return look_occurrence(cx, push, step, happened);
    cJSON *event = NULL, *attendees = NULL;
    enum err err = event_fetch(cx, push->bridge, push->account->id,
        push->calendar->upstream_id, event_id_join(cx, push->uid, step->original_time),
        FEISHU_WRITE, &event, &attendees);
    if (err == ERR_UPSTREAM_GONE) {
        *happened = step->kind == STEP_DELETE;
        if (*happened)
            push_row_cancel(cx, push, 0);
        return ERR_OK;
    }
    TRY(err);
    *happened = push_shows(cx, push, step, event, attendees);
    if (*happened)
        push_row_set(cx, push, step->original_time, event, attendees);
    return ERR_OK;
}

/* ---- after a restart ---- */

static enum err reload_row(struct ctx *cx, struct push *push, int64_t original_time)
{
    cJSON *event = NULL, *attendees = NULL;
    const char *id = event_id_join(cx, push->uid, original_time);
    enum err err = event_fetch(cx, push->bridge, push->account->id,
        push->calendar->upstream_id, id, FEISHU_WRITE, &event, &attendees);
    if (err == ERR_UPSTREAM_GONE)
        return ERR_OK;
    TRY(err);
    push_row_set(cx, push, original_time, event, attendees);
    return ERR_OK;
}

static enum err reload(struct ctx *cx, struct push *push)
{
    if (!push->uid)
        return ERR_OK;
    TRY(push_load_rows(cx, push));
    if (push->created && !push_row(push, 0)) {
        TRY(reload_row(cx, push, 0));
        if (!push_row(push, 0) && push_wait_for_lag(cx))
            TRY(reload_row(cx, push, 0));
        if (!push_row(push, 0))
            return fail(cx, ERR_UPSTREAM_GONE, "the event was deleted meanwhile");
    }
    for (size_t i = 0; i < push->n_steps; i++) {
        const struct step *step = &push->steps[i];
        if (!push->done[i] || step->kind == STEP_CREATE)
            continue;
        if (step->kind != STEP_DELETE)
            TRY(reload_row(cx, push, step->original_time));
        else if (step->delete_exception)
            push_row_drop(cx, push, step->original_time);
        else if (step->original_time)
            push_row_cancel(cx, push, step->original_time);
    }
    return ERR_OK;
}

enum err push_reload(struct ctx *cx, struct push *push)
{
    TRY(reload(cx, push));
    for (size_t i = 0; i < push->n_later; i++)
        TRY(reload(cx, &push->later[i]));
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
    return store_end(cx, tx, err);
}

static enum err take_over_deletion(struct ctx *cx, struct push *push)
{
    cJSON *event = json_object(cx->arena);
    cJSON_AddStringToObject(event, "event_id", event_id_join(cx, push->uid, 0));
    cJSON_AddStringToObject(event, "status", "cancelled");
    push_row_set(cx, push, 0, event, NULL);
    return take_over(cx, push);
}

static void take_exception(
    struct ctx *cx, struct push *push, const cJSON *event, struct push_fresh *fresh)
{
    char *uid;
    int64_t original_time;
    if (!event_id_split(cx, json_text(event, "event_id"), &uid, &original_time) ||
        !str_eq(uid, push->uid) || !original_time)
        return;
    const struct row *row = push_row(push, original_time);
    const cJSON *before = row ? json_parse(cx->arena, row->json) : NULL;
    bool guarded = row && seen_is_guarded(row->seen, ctx_now_ms(cx));
    /* Cancelled and not known may as well be destroyed: the pull looks at it. */
    if (event_cancelled(event) && (!before || event_cancelled(before)))
        return;
    if (before &&
        (!event_differs(before, event) || (guarded && event_is_stale(before, event))))
        return;
    push_row_set(cx, push, original_time, event, NULL);
    fresh->changed = true;
}

/* Exceptions are events of their own, and may have come since the last pull: what changed
 * since its token is read ahead, without moving the token. */
static enum err peek_exceptions(
    struct ctx *cx, struct push *push, struct push_fresh *fresh)
{
    const char *page = NULL, *token = push->calendar->sync_token;
    cJSON *data = NULL;
    const cJSON *item;
    for (int i = 0; token && i < PEEK_PAGES; i++) {
        const char *query[] = {"page_size", "500", page ? "page_token" : "sync_token",
            page ? page : token, NULL};
        struct feishu_call call = {
            .endpoint = FEISHU_EVENT_LIST,
            .args = {push->calendar->upstream_id},
            .query = query,
            .priority = FEISHU_WRITE,
        };
        enum err err =
            bridge_request(cx, push->bridge, push->account->id, &call, NULL, &data);
        if (err) /* the pull sees to a token that is no good */
            return err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN ? err : ERR_OK;
        cJSON_ArrayForEach(item, json_array(data, "items"))
            take_exception(cx, push, item, fresh);
        page = json_text(data, "page_token");
        if (!json_bool(data, "has_more", false) || !*page)
            break;
    }
    return ERR_OK;
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
    fresh->gone =
        !guarded && (err == ERR_UPSTREAM_GONE || (!err && event_cancelled(event)));
    if (fresh->gone)
        return take_over_deletion(cx, push);
    /* What was just made may not be readable yet; and what cannot be asked is taken as
     * known. */
    if (err == ERR_UPSTREAM_GONE || err == ERR_UPSTREAM_APP)
        return ERR_OK;
    TRY(err);
    if (*json_text(event, "recurrence")) {
        TRY(peek_exceptions(cx, push, fresh));
        master = push_row(push, 0);
    }
    const cJSON *before = json_parse(cx->arena, master->json);
    bool differs =
        event_differs(before, event) && !(guarded && event_is_stale(before, event));
    bool people_differ = !guarded && attendees_differ(cx, master, attendees);
    if (!differs && !people_differ && !fresh->changed)
        return ERR_OK;
    text_list people = {0};
    event_people(cx, event, attendees, &people);
    directory_want_ids(cx, push->bridge, push->account->id, people.items, people.n);
    if (differs || people_differ)
        push_row_set(cx, push, 0, event, attendees);
    fresh->changed |= differs;
    if (fresh->changed)
        bridge_poke(push->bridge, push->account->id, push->calendar->id);
    return take_over(cx, push);
}
