/* Lists of events come without attendees (feishu-api 5.2): they are fetched afterwards,
 * an event a call, what is near to now first, behind everything else in the budget. */
#include "config.h"

#include "bridge/bridge_internal.h"

#define BATCH 10
#define PER_PASS 200

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

static enum err fetch_series(struct ctx *cx, const struct fill *fill, const char *uid,
    filled_list *list, text_list *people)
{
    struct row *rows;
    size_t n;
    TRY(store_rows(cx, fill->bridge->store, fill->calendar->id, uid, &rows, &n));
    for (size_t i = 0; i < n; i++)
        if (!rows[i].attendees) {
            bool guarded = seen_is_guarded(rows[i].seen, ctx_now_ms(cx));
            TRY(fetch_row(cx, fill, &rows[i], list, people));
            if (guarded && is_older(cx, fill, &rows[i], &list->items[list->n - 1])) {
                list->n--;
                bridge_poke_later(
                    fill->bridge, fill->account->id, fill->calendar->id, WRITE_GUARD_MS);
            }
        }
    return ERR_OK;
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
        cJSON *event = json_parse(cx->arena, rows[i].json);
        cJSON_DeleteItemFromObjectCaseSensitive(event, "attendees");
        rows[i].json = json_print(cx->arena, event);
        rows[i].attendees = one->attendees;
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
    if (!err) {
        err = save_all(cx, fill, tx, list);
        if (err)
            store_rollback(tx);
        else
            err = store_commit(cx, tx);
    }
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
    struct calendar *calendar, int64_t until_ms, bool *more)
{
    struct fill fill = {.bridge = bridge, .account = account, .calendar = calendar};
    const char **uids;
    size_t n;
    *more = false;
    if (role_of(calendar->role) == BE_FREEBUSY)
        return ERR_OK;
    TRY(store_rows_without_attendees(
        cx, bridge->store, calendar->id, ctx_now_s(cx), PER_PASS, &uids, &n));
    *more = n == PER_PASS;
    for (size_t from = 0; from < n; from += BATCH) {
        if (ctx_monotonic_ms(cx) > until_ms || bridge->stopping) {
            *more = true;
            break;
        }
        struct arena *outer = ctx_step_begin(cx);
        enum err err = fill_batch(cx, &fill, uids + from, n - from);
        ctx_step_end(cx, outer);
        if (err == ERR_UPSTREAM_APP) { /* no such method or no scope for it here */
            *more = false;
            return ERR_OK;
        }
        TRY(err);
    }
    return ERR_OK;
}
