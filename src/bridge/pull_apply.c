/* Event objects that were read go through the one door: rows first, then the series they
 * belong to are rendered, all of a page in one transaction. */
#include "config.h"

#include "bridge/pull.h"
#include "ical/zone.h"

#define FETCHES_PER_PASS 40
#define ZONE_SAMPLE 100

int64_t seen_by_pull(int64_t ms)
{
    return ms * 2;
}

int64_t seen_by_push(int64_t ms)
{
    return ms * 2 + 1;
}

bool seen_is_guarded(int64_t seen, int64_t now_ms)
{
    int64_t age_ms = now_ms - seen / 2;
    /* A pass may look at what was written since it began. What was written long after
     * that was written by a clock that was set back since, and would be guarded for as
     * long as the clock was wrong. */
    return seen % 2 && age_ms < WRITE_GUARD_MS && age_ms > -CLOCK_SET_BACK_MS;
}

static void read_items(
    struct ctx *cx, struct pull *pull, const cJSON *items, struct pull_items *list)
{
    const cJSON *event;
    cJSON_ArrayForEach(event, items)
    {
        struct pull_item item = {.event = event};
        if (event_id_split(
                cx, json_text(event, "event_id"), &item.uid, &item.original_time))
            LIST_ADD(cx->arena, list, item);
        else
            log_line(cx, LOG_INFO, LOG_SYNC,
                "calendar %lld: event id of unknown shape left out",
                (long long)pull->calendar->id);
    }
}

/* ---- before the transaction: what has to be asked ---- */

/* Anything that changed may be an answer to an invitation. What was written a moment ago
 * is read later, when reading does not lag any more. */
static bool wants_attendees(
    struct ctx *cx, struct pull *pull, const struct pull_item *item)
{
    struct row *rows;
    size_t n;
    if (pull->full || event_cancelled(item->event) ||
        store_rows(cx, pull->bridge->store, pull->calendar->id, item->uid, &rows, &n))
        return false;
    const struct row *old = pull_row_of(rows, n, item->original_time);
    return !old || !seen_is_guarded(old->seen, pull->fetched_ms);
}

static enum err fetch_attendees(
    struct ctx *cx, struct pull *pull, struct pull_items *list)
{
    /* Of busy time alone nobody is told who attends. */
    if (role_of(pull->calendar->role) == BE_FREEBUSY)
        return ERR_OK;
    for (size_t i = 0; i < list->n && pull->fetches < FETCHES_PER_PASS; i++) {
        struct pull_item *item = &list->items[i];
        cJSON *event = NULL, *attendees = NULL;
        if (!wants_attendees(cx, pull, item))
            continue;
        pull->fetches++;
        enum err err =
            event_fetch(cx, pull->bridge, pull->account->id, pull->calendar->upstream_id,
                event_id_join(cx, item->uid, item->original_time), FEISHU_READ, &event,
                &attendees);
        if (err && (err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN))
            return err;
        if (err == ERR_UPSTREAM_APP)
            break;
        item->attendees = attendees;
    }
    return ERR_OK;
}

static void learn_people(struct ctx *cx, struct pull *pull, const struct pull_items *list)
{
    text_list ids = {0};
    for (size_t i = 0; i < list->n; i++)
        event_people(cx, list->items[i].event, list->items[i].attendees, &ids);
    directory_want_ids(cx, pull->bridge, pull->account->id, ids.items, ids.n);
}

/* ---- in the transaction ---- */

/* The anchor of the full read also bounds what comes later (feishu-api 16.8). */
static bool is_before_anchor(const struct pull *pull, const struct pull_item *item)
{
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(item->event, "end_time");
    int64_t end_s = json_int(end, "timestamp", INT64_MAX);
    return pull->calendar->anchor_s > 1 && !item->original_time &&
        !*json_text(item->event, "recurrence") && end_s < pull->calendar->anchor_s;
}

/* The back-fill looks for masters only: an exception that is due takes its master along.
 */
static enum err mark_master(
    struct ctx *cx, struct store_tx *tx, const struct row *rows, size_t n)
{
    const struct row *master = pull_row_of(rows, n, 0);
    if (!master || !master->attendees)
        return ERR_OK;
    struct row row = *master;
    row.json =
        event_with_attendees(cx, json_parse(cx->arena, master->json), master->attendees);
    row.attendees = NULL;
    return store_row_save(cx, tx, &row);
}

static enum err save_row(struct ctx *cx, struct pull *pull, struct store_tx *tx,
    const struct pull_item *item, const struct row *rows, size_t n)
{
    const struct row *old = pull_row_of(rows, n, item->original_time);
    const cJSON *old_event = old ? json_parse(cx->arena, old->json) : NULL;
    /* Attendees that may have changed stay inside the event until the back-fill has new
     * ones. */
    struct row row = {
        .calendar_id = pull->calendar->id,
        .uid = item->uid,
        .original_time = item->original_time,
        .json = json_print(cx->arena, item->event),
        /* What comes as a change while all is read must not be missed there. */
        .seen = pull->full ? pull->seen : seen_by_pull(pull->fetched_ms),
    };
    if (event_cancelled(item->event))
        row.attendees = "[]";
    else if (item->attendees)
        attendees_note(cx, pull->bridge, pull->account->id, &row,
            json_print(cx->arena, item->attendees));
    else if (old && old->attendees && old_event && pull->full &&
        !event_differs(old_event, item->event) &&
        !attendees_wait(json_parse(cx->arena, old->attendees)) &&
        (!pull->gap || str_eq(old->attendees, "[]")))
        row.attendees = old->attendees;
    else if (old && old->attendees)
        row.json = event_with_attendees(cx, item->event, old->attendees);
    else if (old_event && json_array(old_event, "attendees"))
        row.json = event_with_attendees(
            cx, item->event, json_print(cx->arena, json_array(old_event, "attendees")));
    if (!row.attendees && item->original_time && !pull->full)
        TRY(mark_master(cx, tx, rows, n));
    return store_row_save(cx, tx, &row);
}

/* A row that a push wrote a moment ago. What reads the same is its echo; what reads as it
 * was before may be older than the write, so that the row is kept and the token stays
 * where it is: the same items come again. */
static enum err meet_guarded(struct ctx *cx, struct pull *pull, struct store_tx *tx,
    const struct pull_item *item, const struct row *rows, size_t n)
{
    const struct row *old = pull_row_of(rows, n, item->original_time);
    struct row row = *old;
    const cJSON *event = json_parse(cx->arena, old->json);
    bool both_gone = event_cancelled(event) && event_cancelled(item->event);
    if (!both_gone && event_differs(event, item->event))
        pull->deferred = pull->result->deferred = true;
    else if (!both_gone &&
        (old->attendees ? !row.original_time || !str_eq(old->attendees, "[]")
                        : row.original_time != 0)) {
        /* It may have been delivered for its people, too, and those of an exception that
         * a write made are not known yet. */
        if (old->attendees)
            row.json = event_with_attendees(cx, event, old->attendees);
        row.attendees = NULL;
        if (row.original_time)
            TRY(mark_master(cx, tx, rows, n));
    }
    if (pull->full)
        text_list_add_once(
            pull->keep, &pull->met, event_id_join(cx, row.uid, row.original_time));
    return store_row_save(cx, tx, &row);
}

/* Somebody else was there after the write. */
static bool is_news(struct ctx *cx, const struct row *old, const struct pull_item *item)
{
    const cJSON *event = json_parse(cx->arena, old->json);
    return event && event_differs(event, item->event) &&
        !event_is_stale(event, item->event) &&
        !(event_cancelled(event) && event_cancelled(item->event));
}

/* An exception that was destroyed a moment ago, as it was read before. */
static bool is_remnant(struct ctx *cx, const struct pull *pull, const struct row *rows,
    size_t n, const struct pull_item *item)
{
    const struct row *master = pull_row_of(rows, n, 0);
    return master && !event_cancelled(item->event) &&
        seen_is_guarded(master->seen, pull->fetched_ms) &&
        event_destroyed(json_parse(cx->arena, master->json), item->original_time);
}

static enum err apply_item(
    struct ctx *cx, struct pull *pull, struct store_tx *tx, const struct pull_item *item)
{
    struct row *rows;
    size_t n;
    TRY(store_rows_tx(cx, tx, pull->calendar->id, item->uid, &rows, &n));
    const struct row *old = pull_row_of(rows, n, item->original_time);
    if (!old && is_before_anchor(pull, item))
        return ERR_OK;
    if (!old && event_cancelled(item->event) && !item->original_time)
        return ERR_OK;
    if (old && seen_is_guarded(old->seen, pull->fetched_ms) &&
        (item->waits || !is_news(cx, old, item)))
        return meet_guarded(cx, pull, tx, item, rows, n);
    if (!old && is_remnant(cx, pull, rows, n, item)) {
        pull->deferred = pull->result->deferred = true;
        return ERR_OK;
    }
    if (item->destroyed)
        return store_row_remove(
            cx, tx, pull->calendar->id, item->uid, item->original_time);
    return save_row(cx, pull, tx, item, rows, n);
}

/* A deleted master that has nothing left below it leaves no rows. */
static enum err sweep(
    struct ctx *cx, struct pull *pull, struct store_tx *tx, const char *uid)
{
    struct row *rows;
    size_t n;
    struct series_data data;
    TRY(store_rows_tx(cx, tx, pull->calendar->id, uid, &rows, &n));
    series_read(cx, rows, n, &data);
    if (!data.cancelled || data.n_live)
        return ERR_OK;
    for (size_t i = 0; i < n; i++)
        if (seen_is_guarded(rows[i].seen, pull->fetched_ms))
            return ERR_OK;
    for (size_t i = 0; i < n; i++)
        TRY(store_row_remove(cx, tx, pull->calendar->id, uid, rows[i].original_time));
    return ERR_OK;
}

static enum err render_uid(
    struct ctx *cx, struct pull *pull, struct store_tx *tx, const char *uid, bool orphan)
{
    struct render_result result;
    struct render render = {
        .bridge = pull->bridge,
        .account = pull->account,
        .calendar = pull->calendar,
        .uid = uid,
        .orphan = orphan,
    };
    /* A page holds a thousand events: their texts must not add up. */
    struct arena *outer = ctx_step_begin(cx);
    enum err err = render_series(cx, tx, &render, &result);
    ctx_step_end(cx, outer);
    TRY(err);
    pull->result->changed += result.changed;
    pull->result->removed += result.removed;
    pull->result->failed += result.failed;
    pull->result->unreadable += result.unreadable;
    if (result.orphaned)
        text_list_add_once(pull->keep, &pull->orphans, uid);
    return sweep(cx, pull, tx, uid);
}

/* The zone of a timed event that was made on this calendar; NULL for others, and for UTC,
 * which is what programs write. */
static const char *own_zone(const struct pull *pull, const struct pull_item *item)
{
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(item->event, "start_time");
    const char *zone = json_text(start, "timezone");
    if (!str_eq(json_text(item->event, "organizer_calendar_id"),
            pull->calendar->upstream_id) ||
        !*json_text(start, "timestamp") || zone_find(zone) == NULL ||
        str_eq(zone_name(zone_find(zone)), "UTC"))
        return NULL;
    return zone;
}

/* Nothing upstream tells where a person is; the zone of most own events does. */
static void learn_timezone(
    struct ctx *cx, struct pull *pull, const struct pull_items *list)
{
    const char *best = NULL;
    size_t most = 0;
    if (!str_empty(pull->account->timezone) || !str_eq(pull->calendar->type, "primary"))
        return;
    for (size_t i = 0; i < list->n && i < ZONE_SAMPLE; i++) {
        const char *zone = own_zone(pull, &list->items[i]);
        size_t votes = 0;
        for (size_t k = 0; zone && k < list->n && k < ZONE_SAMPLE; k++)
            votes += str_eq(zone, own_zone(pull, &list->items[k]));
        if (votes > most) {
            most = votes;
            best = zone;
        }
    }
    if (!best ||
        store_account_set_timezone(cx, pull->bridge->store, pull->account->id, best))
        return;
    pull->account->timezone = arena_strdup(pull->pass->arena, best);
    floating_render_all(cx, pull->bridge, pull->account);
}

static enum err apply_all(
    struct ctx *cx, struct pull *pull, struct store_tx *tx, const struct pull_items *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct arena *outer = ctx_step_begin(cx);
        enum err err = apply_item(cx, pull, tx, &list->items[i]);
        ctx_step_end(cx, outer);
        TRY(err);
    }
    for (size_t i = 0; i < list->n; i++) {
        bool again = false; /* items of a series mostly stand together */
        for (size_t k = i + 1; k < list->n && k < i + 64 && !again; k++)
            again = str_eq(list->items[i].uid, list->items[k].uid);
        if (!again)
            TRY(render_uid(cx, pull, tx, list->items[i].uid, false));
    }
    return ERR_OK;
}

enum err pull_apply(struct ctx *cx, struct pull *pull, const cJSON *items)
{
    struct pull_items list = {0};
    struct held held;
    struct store_tx *tx;
    read_items(cx, pull, items, &list);
    if (!list.n)
        return ERR_OK;
    pull->items += list.n;
    TRY(pull_look_at_cancelled(cx, pull, &list));
    TRY(fetch_attendees(cx, pull, &list));
    learn_people(cx, pull, &list);
    learn_timezone(cx, pull, &list);
    TRY(held_take(cx, pull->bridge->locks, LOCK_CALENDAR, pull->calendar->id, &held));
    enum err err = store_begin(cx, pull->bridge->store, &tx);
    if (!err)
        err = store_end(cx, tx, apply_all(cx, pull, tx, &list));
    held_release(&held);
    return err;
}

/* ---- series without a master ---- */

static enum err show_orphan(struct ctx *cx, struct pull *pull, const char *uid)
{
    struct store_tx *tx;
    TRY(store_begin(cx, pull->bridge->store, &tx));
    return store_end(cx, tx, render_uid(cx, pull, tx, uid, true));
}

static enum err find_master(struct ctx *cx, struct pull *pull, const char *uid)
{
    struct row *rows;
    size_t n;
    cJSON *event = NULL, *items = cJSON_CreateArray();
    arena_defer(cx->arena, (void (*)(void *))cJSON_Delete, items);
    TRY(store_rows(cx, pull->bridge->store, pull->calendar->id, uid, &rows, &n));
    if (!n || pull_row_of(rows, n, 0))
        return ERR_OK; /* it came on a later page */
    pull->fetched_ms = ctx_now_ms(cx);
    enum err err =
        event_fetch(cx, pull->bridge, pull->account->id, pull->calendar->upstream_id,
            event_id_join(cx, uid, 0), FEISHU_READ, &event, NULL);
    if (err && (err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN))
        return err;
    if (err || event_cancelled(event))
        return show_orphan(cx, pull, uid);
    cJSON_AddItemToArray(items, cJSON_Duplicate(event, true));
    return pull_apply(cx, pull, items);
}

enum err pull_orphans(struct ctx *cx, struct pull *pull)
{
    /* find_master may add to the list again; what it adds has been looked at. */
    size_t n = pull->orphans.n;
    for (size_t i = 0; i < n; i++)
        TRY(find_master(cx, pull, pull->orphans.items[i]));
    pull->orphans.n = 0;
    return ERR_OK;
}
