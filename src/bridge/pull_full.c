/* Readings: a calendar read from its beginning (feishu-api 5.11), the first time, after
 * changes were missed, and daily. A reading goes on a slice at a time, between which
 * others have their turn; what it has met so far is served already. It lives in memory:
 * after a restart it begins anew. */
#include "config.h"

#include "bridge/poll.h"
#include "bridge/pull.h"

#include <stdlib.h>

struct reading {
    struct reading *next;
    int64_t account_id, calendar_id;
    uint64_t turn; /* number of its last slice */
    bool again;    /* somebody told of a change meanwhile */
    bool first;    /* the calendar had never been read to the end */
    int look;      /* 2 = most of it was not met, and is looked at again */
    struct ctx *keep;
    struct pull pull;
    struct pull_cursor cursor;
};

/* Each is used by whoever pulls its account, which is one at a time. */
struct readings {
    pthread_mutex_t mutex;
    struct reading *first;
    uint64_t turn;
};

struct readings *readings_new(void)
{
    struct readings *readings = calloc(1, sizeof(*readings));
    if (!readings)
        abort();
    pthread_mutex_init(&readings->mutex, NULL);
    return readings;
}

static void reading_free(struct reading *reading)
{
    ctx_free(reading->keep);
    free(reading);
}

void readings_free(struct readings *readings)
{
    if (!readings)
        return;
    while (readings->first) {
        struct reading *one = readings->first;
        readings->first = one->next;
        reading_free(one);
    }
    pthread_mutex_destroy(&readings->mutex);
    free(readings);
}

static struct reading *find(struct readings *readings, int64_t calendar_id)
{
    pthread_mutex_lock(&readings->mutex);
    struct reading *one = readings->first;
    while (one && one->calendar_id != calendar_id)
        one = one->next;
    pthread_mutex_unlock(&readings->mutex);
    return one;
}

bool reading_again(struct bridge *bridge, int64_t calendar_id)
{
    struct reading *one = find(bridge->readings, calendar_id);
    if (one)
        one->again = true;
    return one != NULL;
}

static void drop(struct readings *readings, struct reading *reading)
{
    pthread_mutex_lock(&readings->mutex);
    for (struct reading **at = &readings->first; *at; at = &(*at)->next)
        if (*at == reading) {
            *at = reading->next;
            break;
        }
    pthread_mutex_unlock(&readings->mutex);
    reading_free(reading);
}

bool reading_is_due(
    enum calendar_pull pull, int64_t full_s, int64_t now_s, int64_t stretch)
{
    bool set_back = full_s > now_s + CLOCK_SET_BACK_MS / 1000;
    return pull != PULL_DONE || !full_s || set_back ||
        full_s + READING_AGAIN_S * stretch / POLL_STRETCH_NONE < now_s;
}

static bool is_due(
    struct ctx *cx, const struct bridge *bridge, const struct calendar *calendar)
{
    return reading_is_due(
        calendar->pull, calendar->full_s, ctx_now_s(cx), bridge->stretch);
}

bool slice_is_over(const struct ctx *cx, const struct slice *slice, unsigned calls_before)
{
    return ctx_monotonic_ms(cx) > slice->until_ms ||
        (slice->max_calls && cx->upstream_calls - calls_before >= slice->max_calls);
}

/* ---- what a reading did not meet ---- */

static bool was_met(struct ctx *cx, const struct pull *pull, const struct row *row)
{
    const char *id = event_id_join(cx, row->uid, row->original_time);
    for (size_t i = 0; i < pull->met.n; i++)
        if (str_eq(pull->met.items[i], id))
            return true;
    return false;
}

/* A row is gone when a whole reading did not meet it and no write of ours explains that.
 */
static bool is_gone(struct ctx *cx, struct pull *pull, const struct row *row)
{
    if (row->seen >= pull->seen)
        return false;
    if (!seen_is_guarded(row->seen, pull->seen / 2))
        return true;
    if (!was_met(cx, pull, row))
        pull->deferred = pull->result->deferred = true;
    return false;
}

static size_t count_gone(
    struct ctx *cx, struct pull *pull, const struct row *rows, size_t n)
{
    size_t gone = 0;
    for (size_t i = 0; i < n; i++)
        gone += is_gone(cx, pull, &rows[i]);
    return gone;
}

static enum err remove_rows(
    struct ctx *cx, struct pull *pull, const struct row *rows, size_t n)
{
    struct store_tx *tx;
    enum err err = ERR_OK;
    TRY(store_begin(cx, pull->bridge->store, &tx));
    for (size_t i = 0; i < n && !err; i++)
        if (is_gone(cx, pull, &rows[i]))
            err = pull_remove_row(cx, pull, tx, &rows[i]);
    return store_end(cx, tx, err);
}

static enum err remove_gone(
    struct ctx *cx, struct pull *pull, const struct row *rows, size_t n)
{
    struct held held;
    TRY(held_take(cx, pull->bridge->locks, LOCK_CALENDAR, pull->calendar->id, &held));
    enum err err = remove_rows(cx, pull, rows, n);
    held_release(&held);
    return err;
}

/* ---- a reading ---- */

static void begin_look(struct ctx *cx, struct reading *reading)
{
    int64_t seen = seen_by_pull(ctx_now_ms(cx));
    struct pull *pull = &reading->pull;
    pull->seen = seen > pull->seen ? seen : pull->seen + 2;
    pull->items = 0;
    reading->cursor = (struct pull_cursor){0};
    reading->look++;
}

/* The token of a calendar that was read once goes on telling of changes meanwhile. */
static enum err begin(struct ctx *cx, struct reading *reading)
{
    struct pull *pull = &reading->pull;
    struct calendar *calendar = pull->calendar;
    long days = pull->bridge->conf->sync.history_days;
    pull->full = true;
    pull->gap = !calendar->sync_token || calendar->pull != PULL_DONE;
    reading->first = calendar->pull != PULL_DONE;
    if (days <= 0)
        calendar->anchor_s = ANCHOR_ALL;
    else if (calendar->anchor_s <= ANCHOR_BUSY)
        calendar->anchor_s = ctx_now_s(cx) - days * 86400;
    if (calendar->pull == PULL_NEVER)
        calendar->pull = PULL_RUNNING;
    if (calendar->pull != PULL_DONE)
        calendar->sync_token = NULL;
    TRY(pull_save(cx, pull));
    TRY(store_rows_set_back(cx, pull->bridge->store, calendar->id,
        seen_by_pull(ctx_now_ms(cx) + CLOCK_SET_BACK_MS)));
    begin_look(cx, reading);
    return ERR_OK;
}

/* What is stored and was not met is deleted. When that is all or most of the calendar,
 * only a second reading that says the same is believed. */
static enum err end_look(struct ctx *cx, struct reading *reading, bool *done)
{
    struct pull *pull = &reading->pull;
    struct row *rows;
    size_t n, all;
    TRY(store_rows_unseen(
        cx, pull->bridge->store, pull->calendar->id, pull->seen, &rows, &n, &all));
    size_t gone = count_gone(cx, pull, rows, n);
    if (gone && reading->look == 1 && (!pull->items || gone * 2 > all)) {
        log_line(cx, LOG_INFO, LOG_SYNC,
            "calendar %lld: %zu of %zu events not met, looking again",
            (long long)pull->calendar->id, gone, all);
        begin_look(cx, reading);
        return ERR_OK;
    }
    if (gone)
        TRY(remove_gone(cx, pull, rows, n));
    *done = true;
    return pull_save_done(cx, pull, &reading->cursor);
}

/* Pages until the slice is over. */
static enum err go_on(
    struct ctx *page, struct reading *reading, const struct slice *slice, bool *done)
{
    struct pull *pull = &reading->pull;
    int64_t until_ms = slice->whole ? INT64_MAX : slice->until_ms;
    if (!reading->look)
        TRY(begin(page, reading));
    do {
        TRY(pull_pages(page, pull, &reading->cursor, until_ms));
        if (!reading->cursor.more)
            TRY(end_look(page, reading, done));
    } while (!*done && ctx_monotonic_ms(page) <= until_ms);
    return ERR_OK;
}

static struct reading *reading_of(
    struct readings *readings, const struct calendar *calendar)
{
    struct reading *one = find(readings, calendar->id);
    if (one)
        return one;
    one = calloc(1, sizeof(*one));
    if (!one)
        abort();
    one->account_id = calendar->account_id;
    one->calendar_id = calendar->id;
    one->keep = ctx_new(NULL);
    pthread_mutex_lock(&readings->mutex);
    one->next = readings->first;
    readings->first = one;
    pthread_mutex_unlock(&readings->mutex);
    return one;
}

static void prepare(struct ctx *cx, struct bridge *bridge, struct account *account,
    struct calendar *calendar, struct reading *reading)
{
    struct pull *pull = &reading->pull;
    pthread_mutex_lock(&bridge->readings->mutex);
    reading->turn = ++bridge->readings->turn;
    pthread_mutex_unlock(&bridge->readings->mutex);
    pull->bridge = bridge;
    pull->account = account;
    pull->calendar = calendar;
    pull->pass = cx;
    pull->keep = reading->keep;
    pull->fetches = 0;
}

/* One that cannot go on from here begins anew the next time. */
static bool may_go_on(enum err err)
{
    return !err || err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN;
}

/* Its access list is read with the first page. */
static enum err read_slice(struct ctx *cx, struct bridge *bridge, struct account *account,
    struct calendar *calendar, struct slice *slice, struct bridge_pull_result *result)
{
    struct reading *reading = reading_of(bridge->readings, calendar);
    struct pull *pull = &reading->pull;
    struct ctx *page = ctx_new(cx->seam);
    bool done = false;
    prepare(cx, bridge, account, calendar, reading);
    pull->result = result;
    pull->changes_before = result->changed + result->removed;
    pull->priority = slice->whole ? FEISHU_READ : FEISHU_BACKFILL;
    page->deadline_ms = cx->deadline_ms;
    enum err err = go_on(page, reading, slice, &done);
    if (err == ERR_UPSTREAM_RIGHTS) {
        err = pull_refused(page, pull, err);
        done = !err;
    }
    bool goes_on = !done && may_go_on(err);
    err = pull_judge(cx, pull, page, err);
    ctx_free(page);
    slice->completed |= done && reading->first;
    if (done && reading->again)
        bridge_poke(bridge, account->id, calendar->id);
    bool there = !err && !pull->dropped;
    slice->more |= !done && !pull->dropped;
    if (!goes_on)
        drop(bridge->readings, reading);
    return there ? pull_shares(cx, bridge, account, calendar, POLL_SHARES_S) : err;
}

/* ---- the readings of an account ---- */

static bool is_listed(const struct calendar *list, size_t n, int64_t calendar_id)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].id == calendar_id)
            return true;
    return false;
}

void readings_forget(struct bridge *bridge, int64_t account_id)
{
    struct reading *gone = NULL, *one;
    struct readings *readings = bridge->readings;
    pthread_mutex_lock(&readings->mutex);
    for (struct reading **at = &readings->first; (one = *at);)
        if (one->account_id == account_id) {
            *at = one->next;
            one->next = gone;
            gone = one;
        } else {
            at = &one->next;
        }
    pthread_mutex_unlock(&readings->mutex);
    while ((one = gone)) {
        gone = one->next;
        reading_free(one);
    }
}

/* Those whose calendar has gone, or was read by another process. */
static void drop_stale(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const struct calendar *list, size_t n)
{
    struct readings *readings = bridge->readings;
    LIST(struct reading *) stale = {0};
    pthread_mutex_lock(&readings->mutex);
    for (struct reading *one = readings->first; one; one = one->next)
        if (one->account_id == account_id && !is_listed(list, n, one->calendar_id))
            LIST_ADD(cx->arena, &stale, one);
    pthread_mutex_unlock(&readings->mutex);
    for (size_t i = 0; i < stale.n; i++)
        drop(readings, stale.items[i]);
    for (size_t i = 0; i < n; i++) {
        struct reading *one = find(readings, list[i].id);
        if (one && !is_due(cx, bridge, &list[i]))
            drop(readings, one);
    }
}

/* The one whose turn is longest ago; of those that had none, the primary one first. */
static struct calendar *next_of(struct ctx *cx, struct bridge *bridge,
    struct calendar *list, const bool *tried, size_t n)
{
    struct calendar *best = NULL;
    uint64_t best_turn = 0;
    for (size_t i = 0; i < n; i++) {
        if (tried[i] || !is_due(cx, bridge, &list[i]))
            continue;
        const struct reading *one = find(bridge->readings, list[i].id);
        uint64_t turn = one ? 1 + one->turn : !str_eq(list[i].type, "primary");
        if (!best || turn < best_turn) {
            best = &list[i];
            best_turn = turn;
        }
    }
    return best;
}

enum err pull_readings(struct ctx *cx, struct bridge *bridge, struct account *account,
    struct slice *slice, struct bridge_pull_result *result)
{
    struct calendar *list, *one;
    size_t n;
    unsigned before = cx->upstream_calls;
    TRY(store_calendars(cx, bridge->store, account->id, &list, &n));
    drop_stale(cx, bridge, account->id, list, n);
    bool *tried = ARENA_ARRAY(cx->arena, bool, n + 1);
    while ((one = next_of(cx, bridge, list, tried, n))) {
        if (slice_is_over(cx, slice, before) && !slice->whole) {
            slice->more = true;
            return ERR_OK;
        }
        tried[one - list] = true;
        enum err err = read_slice(cx, bridge, account, one, slice, result);
        if (err == ERR_UPSTREAM_BUSY && !slice->whole) {
            slice->busy_s = cx->retry_after_s > 0 ? cx->retry_after_s : 1;
            slice->more = true;
            return ERR_OK;
        }
        if (err && !slice->note(slice->self, cx, err))
            return err;
    }
    return ERR_OK;
}
