/* Lists of events come without attendees (feishu-api 5.2): they are fetched afterwards,
 * an event a call, what is near to now first, behind everything else in the budget. */
#include "config.h"

#include "bridge/pull.h"

#define BATCH 10
#define PER_PASS 200
#define REFUSED_MS 3600000
/* A room books for some seconds, or until somebody approves (feishu-api 6.2): it is
 * looked at again after 3, 6, 12 ... s; later its answer comes with a change of the
 * event, or with the daily reading. */
#define LOOKS_MAX 6
#define LOOK_FIRST_MS 3000
#define LOOKS_MEMBER "_looks" /* of a stored event: how often; and the next time, ms */
#define LOOK_MEMBER "_look_ms"

struct fill {
    struct bridge *bridge;
    struct account *account;
    struct calendar *calendar;
};
struct filled {
    const char *uid;
    int64_t original_time;
    const char *attendees;
};
typedef LIST(struct filled) filled_list;

/* Attendees that nobody may see, or of an event that is gone, are none. */
static enum err fetch_row(struct ctx *cx, const struct fill *fill, const struct row *row,
    filled_list *list, text_list *people)
{
    cJSON *event = NULL, *attendees = NULL;
    struct filled one = {
        .uid = row->uid, .original_time = row->original_time, .attendees = "[]"};
    enum err err = event_fetch(cx, fill->bridge, fill->account->id,
        fill->calendar->upstream_id, event_id_join(cx, row->uid, row->original_time),
        FEISHU_BACKFILL, &event, &attendees);
    if (err && err != ERR_UPSTREAM_GONE && err != ERR_UPSTREAM_RIGHTS &&
        err != ERR_UPSTREAM_REFUSED)
        return err;
    if (!err) {
        one.attendees = json_print(cx->arena, attendees);
        event_people(cx, event, attendees, people);
        TRY(directory_note_names(cx, fill->bridge, attendees));
    }
    LIST_ADD(cx->arena, list, one);
    return ERR_OK;
}

/* Who is meant by an attendee, whatever the answer. */
static const char *id_of(const cJSON *attendee)
{
    static const char *const names[] = {
        "user_id", "chat_id", "room_id", "third_party_email", "attendee_id"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (*json_text(attendee, names[i]))
            return json_text(attendee, names[i]);
    return "";
}

static const cJSON *find(const cJSON *list, const cJSON *attendee)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list) if (str_eq(id_of(one), id_of(attendee))) return one;
    return NULL;
}

/* Just after a write an older list may be read. One with the same people and the own
 * answer as it was given is none, and where there was nobody, everybody is new. */
static bool is_older(struct ctx *cx, const struct fill *fill, const struct row *row,
    const struct filled *read)
{
    const cJSON *known = json_array(json_parse(cx->arena, row->json), "attendees"), *one;
    const cJSON *list = json_parse(cx->arena, read->attendees), *other;
    int n = cJSON_GetArraySize(known);
    if (n && cJSON_GetArraySize(list) != n)
        return true;
    cJSON_ArrayForEach(one, known)
    {
        other = find(list, one);
        if (!other ||
            (str_eq(id_of(one), fill->account->open_id) &&
                !str_ieq(json_text(one, "rsvp_status"), json_text(other, "rsvp_status"))))
            return true;
    }
    return false;
}

bool attendees_wait(const cJSON *attendees)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, attendees)
    {
        const char *answer = json_text(one, "rsvp_status");
        if (str_ieq(json_text(one, "type"), "resource") &&
            (!*answer || str_ieq(answer, "needs_action")))
            return true;
    }
    return false;
}

static bool is_due(struct ctx *cx, const struct row *row)
{
    return !row->attendees &&
        json_int(json_parse(cx->arena, row->json), LOOK_MEMBER, 0) <= ctx_now_ms(cx);
}

static enum err fetch_series(struct ctx *cx, const struct fill *fill, const char *uid,
    filled_list *list, text_list *people)
{
    struct row *rows;
    size_t n;
    TRY(store_rows(cx, fill->bridge->store, fill->calendar->id, uid, &rows, &n));
    size_t before = list->n;
    for (size_t i = 0; i < n; i++)
        if (is_due(cx, &rows[i])) {
            bool guarded = seen_is_guarded(rows[i].seen, ctx_now_ms(cx));
            TRY(fetch_row(cx, fill, &rows[i], list, people));
            if (guarded && is_older(cx, fill, &rows[i], &list->items[list->n - 1])) {
                /* All of the series: exceptions are looked for by their master. */
                list->n = before;
                bridge_poke_later(
                    fill->bridge, fill->account->id, fill->calendar->id, WRITE_GUARD_MS);
                return ERR_OK;
            }
        }
    return ERR_OK;
}

void attendees_note(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct row *row, const char *attendees)
{
    cJSON *event = json_copy(cx, json_parse(cx->arena, row->json));
    int64_t looks = json_int(event, LOOKS_MEMBER, 0);
    bool again = looks < LOOKS_MAX && attendees_wait(json_parse(cx->arena, attendees));
    cJSON_DeleteItemFromObjectCaseSensitive(event, "attendees");
    cJSON_DeleteItemFromObjectCaseSensitive(event, LOOKS_MEMBER);
    cJSON_DeleteItemFromObjectCaseSensitive(event, LOOK_MEMBER);
    row->attendees = again ? NULL : attendees;
    if (!again) {
        row->json = json_print(cx->arena, event);
        return;
    }
    int64_t wait_ms = LOOK_FIRST_MS << looks;
    cJSON_AddNumberToObject(event, LOOKS_MEMBER, (double)(looks + 1));
    cJSON_AddNumberToObject(event, LOOK_MEMBER, (double)(ctx_now_ms(cx) + wait_ms));
    row->json = event_with_attendees(cx, event, attendees);
    bridge_poke_later(bridge, account_id, row->calendar_id, wait_ms);
}

static enum err save_one(struct ctx *cx, const struct fill *fill, struct store_tx *tx,
    const struct filled *one)
{
    struct row *rows;
    size_t n;
    TRY(store_rows_tx(cx, tx, fill->calendar->id, one->uid, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        if (rows[i].original_time != one->original_time || rows[i].attendees)
            continue;
        attendees_note(cx, fill->bridge, fill->account->id, &rows[i], one->attendees);
        TRY(store_row_save(cx, tx, &rows[i]));
    }
    return ERR_OK;
}

static enum err save_all(
    struct ctx *cx, const struct fill *fill, struct store_tx *tx, const filled_list *list)
{
    struct render_result result;
    for (size_t i = 0; i < list->n; i++)
        TRY(save_one(cx, fill, tx, &list->items[i]));
    for (size_t i = 0; i < list->n; i++) {
        struct render render = {
            .bridge = fill->bridge,
            .account = fill->account,
            .calendar = fill->calendar,
            .uid = list->items[i].uid,
        };
        if (i + 1 == list->n || !str_eq(list->items[i].uid, list->items[i + 1].uid))
            TRY(render_series(cx, tx, &render, &result));
    }
    return ERR_OK;
}

static enum err save(struct ctx *cx, const struct fill *fill, const filled_list *list)
{
    struct held held;
    struct store_tx *tx;
    TRY(held_take(cx, fill->bridge->locks, LOCK_CALENDAR, fill->calendar->id, &held));
    enum err err = store_begin(cx, fill->bridge->store, &tx);
    if (!err)
        err = store_end(cx, tx, save_all(cx, fill, tx, list));
    held_release(&held);
    return err;
}

static enum err fill_batch(
    struct ctx *cx, const struct fill *fill, const char *const *uids, size_t n)
{
    filled_list list = {0};
    text_list people = {0};
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && i < BATCH && !err; i++)
        err = fetch_series(cx, fill, uids[i], &list, &people);
    directory_want_ids(cx, fill->bridge, fill->account->id, people.items, people.n);
    if (list.n)
        TRY(save(cx, fill, &list));
    return err;
}

enum err pull_attendees(struct ctx *cx, struct bridge *bridge, struct account *account,
    struct calendar *calendar, struct slice *slice)
{
    struct fill fill = {.bridge = bridge, .account = account, .calendar = calendar};
    const char **uids;
    size_t n;
    unsigned before = cx->upstream_calls;
    if (role_of(calendar->role) == BE_FREEBUSY ||
        ctx_monotonic_ms(cx) < bridge->attendees_wait_ms)
        return ERR_OK;
    TRY(store_rows_without_attendees(
        cx, bridge->store, calendar->id, ctx_now_s(cx), PER_PASS, &uids, &n));
    for (size_t from = 0; from < n; from += BATCH) {
        if (slice_is_over(cx, slice, before) || bridge->stopping) {
            slice->more = true;
            return ERR_OK;
        }
        struct arena *outer = ctx_step_begin(cx);
        enum err err = fill_batch(cx, &fill, uids + from, n - from);
        ctx_step_end(cx, outer);
        if (err == ERR_UPSTREAM_APP) { /* no such method or no scope for it here */
            bridge->attendees_wait_ms = ctx_monotonic_ms(cx) + REFUSED_MS;
            return ERR_OK;
        }
        TRY(err);
    }
    slice->more |= n == PER_PASS;
    return ERR_OK;
}
