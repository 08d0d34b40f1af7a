/* The steps of a write, one upstream call each (feishu-api 5.19, 15.6). A step is done,
 * refused, or of unknown outcome; only the last is looked at before it is repeated. */
#include "config.h"

#include "base/when.h"
#include "bridge/occurrence.h"
#include "bridge/push.h"

#include <string.h>
#include <time.h>

#define CREATE_TRIES 3
#define SPARE_MS 3000
#define MINUTE_S 60
#define DAY_S 86400

/* ---- the rows of the series at hand ---- */

enum err push_load_rows(struct ctx *cx, struct push *push)
{
    struct row *rows;
    size_t n;
    push->rows.n = 0;
    TRY(store_rows(cx, push->bridge->store, push->calendar->id, push->uid, &rows, &n));
    for (size_t i = 0; i < n; i++)
        LIST_ADD(cx->arena, &push->rows, rows[i]);
    return ERR_OK;
}

struct row *push_row(struct push *push, int64_t original_time)
{
    for (size_t i = 0; i < push->rows.n; i++)
        if (push->rows.items[i].original_time == original_time)
            return &push->rows.items[i];
    return NULL;
}

/* The answer to a patch that leaves files out does not say that there are none. */
static void keep_files(struct ctx *cx, cJSON *event, const char *before)
{
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(
        json_parse(cx->arena, before), "attachments");
    if (files && !event_cancelled(event) && !cJSON_HasObjectItem(event, "attachments"))
        cJSON_AddItemToObject(event, "attachments", cJSON_Duplicate(files, true));
}

/* Nor who attends, as far as that is known until it is read again. */
static void keep_people(struct ctx *cx, cJSON *event, const char *before)
{
    const cJSON *people = cJSON_GetObjectItemCaseSensitive(
        json_parse(cx->arena, before), "attendees");
    if (people && !event_cancelled(event))
        cJSON_AddItemToObject(event, "attendees", cJSON_Duplicate(people, true));
}

/* A member of the master's, by so many seconds later. */
static void shift_time(struct ctx *cx, cJSON *event, const char *name, int64_t by_s)
{
    char text[WHEN_TEXT_BYTES];
    int64_t days;
    cJSON *time = cJSON_GetObjectItemCaseSensitive(event, name);
    if (when_parse_date(json_text(time, "date"), &days))
        cJSON_ReplaceItemInObjectCaseSensitive(time, "date",
            cJSON_CreateString(when_date(days + by_s / DAY_S, text)));
    else
        cJSON_ReplaceItemInObjectCaseSensitive(time, "timestamp",
            cJSON_CreateString(arena_printf(cx->arena, "%lld",
                (long long)(json_int(time, "timestamp", 0) + by_s))));
}

/* What the rule gives: an exception that is made by its guests or an answer alone says
 * that until somebody changes it, whatever becomes of its series. */
static const char *as_the_rule(struct ctx *cx, struct push *push, int64_t original_time)
{
    static const char *const own[] = {"attendees", "recurrence", "is_exception",
        "event_id", "recurring_event_id", "app_link"};
    const struct row *master = push_row(push, 0);
    cJSON *event = master ? json_parse(cx->arena, master->json) : NULL;
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(event, "start_time");
    int64_t days, start_s = json_int(start, "timestamp", 0);
    if (!original_time || !start || event_cancelled(event))
        return "{}";
    if (when_parse_date(json_text(start, "date"), &days))
        start_s = days * DAY_S;
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(event, own[i]);
    shift_time(cx, event, "start_time", original_time - start_s);
    shift_time(cx, event, "end_time", original_time - start_s);
    cJSON_AddStringToObject(
        event, "event_id", event_id_join(cx, push->uid, original_time));
    cJSON_AddStringToObject(
        event, "recurring_event_id", event_id_join(cx, push->uid, 0));
    cJSON_AddBoolToObject(event, "is_exception", true);
    return json_print(cx->arena, event);
}

void push_row_set(struct ctx *cx, struct push *push, int64_t original_time,
    const cJSON *event, const cJSON *attendees)
{
    struct row *row = push_row(push, original_time);
    if (!row) {
        struct row fresh = {
            .calendar_id = push->calendar->id,
            .uid = push->uid,
            .original_time = original_time,
            .json = event ? "{}" : as_the_rule(cx, push, original_time),
        };
        LIST_ADD(cx->arena, &push->rows, fresh);
        row = &push->rows.items[push->rows.n - 1];
    }
    if (event) {
        cJSON *copy = json_copy(cx, event);
        /* Who attends what was cancelled and takes place again, is to be read. */
        if (!event_cancelled(event) && event_cancelled(json_parse(cx->arena, row->json)))
            row->attendees = NULL;
        cJSON_DeleteItemFromObjectCaseSensitive(copy, "attendees");
        keep_files(cx, copy, row->json);
        if (!row->attendees && !attendees)
            keep_people(cx, copy, row->json);
        row->json = json_print(cx->arena, copy);
    }
    if (attendees)
        row->attendees = json_print(cx->arena, attendees);
}

void push_row_drop(struct ctx *cx, struct push *push, int64_t original_time)
{
    LIST_ADD(cx->arena, &push->destroyed, original_time);
    struct row *row = push_row(push, original_time);
    if (!row)
        return;
    size_t at = (size_t)(row - push->rows.items);
    memmove(row, row + 1, (push->rows.n - at - 1) * sizeof(*row));
    push->rows.n--;
}

void push_row_cancel(struct ctx *cx, struct push *push, int64_t original_time)
{
    cJSON *event = json_object(cx->arena);
    cJSON_AddStringToObject(
        event, "event_id", event_id_join(cx, push->uid, original_time));
    cJSON_AddStringToObject(event, "status", "cancelled");
    if (original_time) {
        cJSON_AddBoolToObject(event, "is_exception", true);
        cJSON_AddStringToObject(
            event, "recurring_event_id", event_id_join(cx, push->uid, 0));
    }
    push_row_set(cx, push, original_time, event, NULL);
}

/* The attendees of a row: read beside it or, just after a write, kept in the event. */
static cJSON *known_attendees(struct ctx *cx, const struct row *row)
{
    if (!row || row->attendees)
        return row ? json_parse(cx->arena, row->attendees) : NULL;
    cJSON *event = json_parse(cx->arena, row->json);
    return cJSON_GetObjectItemCaseSensitive(event, "attendees");
}

cJSON *push_row_attendees(struct ctx *cx, struct push *push, int64_t original_time)
{
    cJSON *list = known_attendees(cx, push_row(push, original_time));
    if (!list)
        list = known_attendees(cx, push_row(push, 0));
    return list ? list : json_parse(cx->arena, "[]");
}

/* Who comes to a series, or leaves it, does not come to its exceptions, which have people
 * of their own: those that the series had so far, where nobody read them yet. */
void push_keep_guests(struct ctx *cx, struct push *push)
{
    cJSON *people = known_attendees(cx, push_row(push, 0));
    for (size_t i = 0; people && i < push->rows.n; i++) {
        struct row *row = &push->rows.items[i];
        const cJSON *event = json_parse(cx->arena, row->json);
        if (row->original_time && event && !event_cancelled(event) &&
            !known_attendees(cx, row))
            row->json = event_with_attendees(
                cx, event, json_print(cx->arena, people));
    }
}

/* What was just written may not be readable yet; looking too early would repeat it. */
bool push_wait_for_lag(struct ctx *cx)
{
    int64_t lag_ms = WRITE_LAG_MS;
    if (ctx_left_ms(cx, lag_ms + SPARE_MS) < lag_ms + SPARE_MS)
        return false;
    nanosleep(
        &(struct timespec){.tv_sec = lag_ms / 1000, .tv_nsec = lag_ms % 1000 * 1000000L},
        NULL);
    return true;
}

/* ---- one step, one call ---- */

enum err push_call(struct ctx *cx, struct push *push, enum feishu_endpoint endpoint,
    const struct step *step, const char *const *query, const cJSON *body, int *code,
    cJSON **data)
{
    struct feishu_call one = {
        .endpoint = endpoint,
        .args = {push->calendar->upstream_id,
            push->uid ? event_id_join(cx, push->uid, step->original_time) : NULL},
        .query = query,
        .body = body,
        .priority = FEISHU_WRITE,
    };
    return bridge_request(cx, push->bridge, push->account->id, &one, code, data);
}

/* The body with the step's word on whether people are told. */
cJSON *push_body(struct ctx *cx, const struct step *step)
{
    cJSON *body = step->body ? json_copy(cx, step->body) : json_object(cx->arena);
    cJSON_DeleteItemFromObjectCaseSensitive(body, "need_notification");
    cJSON_AddBoolToObject(body, "need_notification", step->notify);
    return body;
}

/* Feishu may not take an event of no length (feishu-api 16.37): it gets a minute. False:
 * it is none. */
static bool lengthen(struct ctx *cx, cJSON *body)
{
    cJSON *end = cJSON_GetObjectItemCaseSensitive(body, "end_time");
    int64_t start_s = json_int(
        cJSON_GetObjectItemCaseSensitive(body, "start_time"), "timestamp", -1);
    if (start_s < 0 || json_int(end, "timestamp", 0) != start_s)
        return false;
    cJSON_ReplaceItemInObjectCaseSensitive(end, "timestamp",
        cJSON_CreateString(
            arena_printf(cx->arena, "%lld", (long long)start_s + MINUTE_S)));
    return true;
}

static enum err write_body(struct ctx *cx, struct push *push,
    enum feishu_endpoint endpoint, const struct step *step, const char *const *query,
    cJSON **data)
{
    cJSON *body = push_body(cx, step);
    enum err err = push_call(cx, push, endpoint, step, query, body, NULL, data);
    if (err == ERR_UPSTREAM_REFUSED && lengthen(cx, body))
        err = push_call(cx, push, endpoint, step, query, body, NULL, data);
    return err;
}

static enum err do_create(struct ctx *cx, struct push *push, const struct step *step)
{
    const char *query[] = {
        "user_id_type", "open_id", "idempotency_key", push->journal.key, NULL};
    cJSON *data = NULL;
    int64_t original_time;
    char *uid;
    enum err err = ERR_OK;
    for (int i = 0; i < CREATE_TRIES; i++) {
        err = write_body(cx, push, FEISHU_EVENT_CREATE, step, query, &data);
        if (err != ERR_UPSTREAM_UNKNOWN || ctx_left_ms(cx, SPARE_MS + 1) < SPARE_MS)
            break;
    }
    TRY(err);
    const cJSON *event = cJSON_GetObjectItemCaseSensitive(data, "event");
    if (!event_id_split(cx, json_text(event, "event_id"), &uid, &original_time))
        return fail(
            cx, ERR_UPSTREAM_UNKNOWN, "Feishu created an event without a usable id");
    cJSON *none = cJSON_CreateArray();
    arena_defer(cx->arena, (void (*)(void *))cJSON_Delete, none);
    push->uid = uid;
    push->created = true;
    push_row_set(cx, push, 0, event, none);
    return ERR_OK;
}

/* A rule that was to go and is still there (feishu-api 16.14). */
static bool keeps_rule(const struct step *step, const cJSON *event)
{
    return cJSON_HasObjectItem(step->body, "recurrence") &&
        !*json_text(step->body, "recurrence") && *json_text(event, "recurrence");
}

static enum err patch_once(struct ctx *cx, struct push *push, const struct step *step)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    cJSON *data = NULL;
    TRY(write_body(cx, push, FEISHU_EVENT_PATCH, step, query, &data));
    const cJSON *event = cJSON_GetObjectItemCaseSensitive(data, "event");
    if (cJSON_IsObject(event))
        push_row_set(cx, push, step->original_time, event, NULL);
    if (keeps_rule(step, event))
        return fail(cx, ERR_UPSTREAM_REFUSED, "Feishu keeps the rule of the series");
    return ERR_OK;
}

static enum err look(struct ctx *cx, struct push *push, int64_t original_time,
    enum occurrence_state *state)
{
    struct occurrence one = {
        .bridge = push->bridge,
        .account_id = push->account->id,
        .calendar_id = push->calendar->upstream_id,
        .uid = push->uid,
        .original_time = original_time,
        .priority = FEISHU_WRITE,
    };
    return occurrence_look(cx, &one, state, NULL);
}

/* Whether a service that took the call also destroyed the exception (feishu-api 16.18);
 * one that does not know the parameter cancels the occurrence. */
static enum err is_restored(
    struct ctx *cx, struct push *push, const struct step *step, bool *restored)
{
    enum occurrence_state state;
    TRY(look(cx, push, step->original_time, &state));
    if (state == OCCURRENCE_CANCELLED && push_wait_for_lag(cx))
        TRY(look(cx, push, step->original_time, &state));
    *restored = state != OCCURRENCE_CANCELLED;
    return ERR_OK;
}

/* The occurrence is to be as the rule gives it: its exception is destroyed or, where that
 * cannot be, told to say what the rule says (feishu-api 16.17). */
static enum err do_restore(struct ctx *cx, struct push *push, const struct step *step)
{
    const char *query[] = {
        "need_notification", "false", "delete_exception", "true", NULL};
    bool restored = false;
    int code = 0;
    enum err err =
        push_call(cx, push, FEISHU_EVENT_DELETE, step, query, NULL, &code, NULL);
    if (err && err != ERR_UPSTREAM_GONE && code != 190002)
        return err;
    if (!err)
        TRY(is_restored(cx, push, step, &restored));
    push_row_drop(cx, push, step->original_time);
    return restored ? ERR_OK : patch_once(cx, push, step);
}

static enum err do_delete(struct ctx *cx, struct push *push, const struct step *step)
{
    const char *query[] = {"need_notification", step->notify ? "true" : "false",
        step->delete_exception ? "delete_exception" : NULL, "true", NULL};
    bool destroys = step->original_time && step->delete_exception;
    int code = 0;
    if (step->restore)
        return do_restore(cx, push, step);
    enum err err =
        push_call(cx, push, FEISHU_EVENT_DELETE, step, query, NULL, &code, NULL);
    if (err && code == 190002 && destroys) { /* not promised anywhere (16.18) */
        destroys = false;
        query[2] = NULL;
        err = push_call(cx, push, FEISHU_EVENT_DELETE, step, query, NULL, &code, NULL);
    }
    if (err && err != ERR_UPSTREAM_GONE)
        return err;
    if (destroys) {
        push_row_drop(cx, push, step->original_time);
        return ERR_OK;
    }
    push_row_cancel(cx, push, step->original_time);
    return ERR_OK;
}

/* An occurrence that was cancelled may refuse a patch: then its row is destroyed, so that
 * the rule gives it back, and the patch is tried again (feishu-api 16.17). */
static enum err do_patch(struct ctx *cx, struct push *push, const struct step *step)
{
    enum err err = patch_once(cx, push, step);
    if (err != ERR_UPSTREAM_GONE || !step->original_time)
        return err;
    struct step destroy = *step;
    destroy.delete_exception = true;
    destroy.notify = false;
    TRY(do_delete(cx, push, &destroy));
    return patch_once(cx, push, step);
}

static enum err do_reply(struct ctx *cx, struct push *push, const struct step *step)
{
    cJSON *body = json_object(cx->arena), *one;
    cJSON_AddStringToObject(body, "rsvp_status", step->rsvp);
    TRY(push_call(cx, push, FEISHU_EVENT_REPLY, step, NULL, body, NULL, NULL));
    cJSON *attendees = push_row_attendees(cx, push, step->original_time);
    if (step->original_time && !push_row(push, step->original_time))
        push_row_set(cx, push, step->original_time, NULL, attendees);
    struct row *row = push_row(push, step->original_time);
    cJSON *event = row ? json_parse(cx->arena, row->json) : NULL;
    if (!event)
        return ERR_OK;
    cJSON_DeleteItemFromObjectCaseSensitive(event, "self_rsvp_status");
    cJSON_AddStringToObject(event, "self_rsvp_status", step->rsvp);
    cJSON_ArrayForEach(
        one, attendees) if (str_eq(json_text(one, "user_id"), push->account->open_id))
        cJSON_ReplaceItemInObjectCaseSensitive(
            one, "rsvp_status", cJSON_CreateString(step->rsvp));
    push_row_set(cx, push, step->original_time, event, attendees);
    return ERR_OK;
}

static enum err do_remove(struct ctx *cx, struct push *push, const struct step *step)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    int code = 0;
    enum err err = push_call(cx, push, FEISHU_ATTENDEE_BATCH_DELETE, step, query,
        push_body(cx, step), &code, NULL);
    if (err && code != 194000) /* not there any more is as good */
        return err;
    cJSON *attendees = push_row_attendees(cx, push, step->original_time);
    if (!step->original_time)
        push_keep_guests(cx, push);
    push_attendees_drop(cx, attendees, json_array(step->body, "delete_ids"));
    push->attendees_touched = true;
    push_row_set(cx, push, step->original_time, NULL, attendees);
    return ERR_OK;
}

static enum err (*const doers[])(struct ctx *, struct push *, const struct step *) = {
    [STEP_CREATE] = do_create,
    [STEP_PATCH] = do_patch,
    [STEP_DELETE] = do_delete,
    [STEP_REPLY] = do_reply,
    [STEP_ADD_ATTENDEES] = push_add_attendees,
    [STEP_REMOVE_ATTENDEES] = do_remove,
};

/* ---- all steps ---- */

static enum err do_step(struct ctx *cx, struct push *push, const struct step *step)
{
    bool happened = false;
    /* A create carries a key, so that repeating it is its own look. */
    if (push->resumed && step->kind != STEP_CREATE) {
        TRY(push_look(cx, push, step, &happened));
        if (happened)
            return ERR_OK;
    }
    enum err err = doers[step->kind](cx, push, step);
    if (err != ERR_UPSTREAM_UNKNOWN || step->kind == STEP_CREATE)
        return err;
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    if (!push_wait_for_lag(cx) || push_look(cx, push, step, &happened))
        return fail(cx, ERR_UPSTREAM_UNKNOWN, "%s", text);
    return happened ? ERR_OK : doers[step->kind](cx, push, step);
}

static enum err run(struct ctx *cx, struct push *push, size_t n_steps)
{
    for (size_t i = 0; i < n_steps; i++) {
        if (push->done[i])
            continue;
        TRY(do_step(cx, push, &push->steps[i]));
        push->done[i] = true;
        push->resumed = false;
        TRY(journal_note(cx, push));
    }
    return ERR_OK;
}

/* Whether Feishu takes the parts is known before the series is cut; its rooms are free
 * before the parts ask for them. */
static enum err execute(struct ctx *cx, struct push *push)
{
    for (size_t i = 0; i < push->n_later; i++) {
        struct push *part = &push->later[i];
        if (part->n_steps && part->steps[0].kind == STEP_CREATE)
            TRY(run(cx, part, 1));
    }
    TRY(run(cx, push, push->n_steps));
    for (size_t i = 0; i < push->n_later; i++)
        TRY(run(cx, &push->later[i], push->later[i].n_steps));
    return ERR_OK;
}

enum err push_execute(struct ctx *cx, struct push *push)
{
    enum err err = execute(cx, push);
    if (err != ERR_UPSTREAM_REFUSED || !push_can_replace(push))
        return err;
    TRY(push_replace(cx, push));
    return execute(cx, push);
}
