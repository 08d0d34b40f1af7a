/* The events of one calendar (feishu-api 5.11): a page at a time, so that a first read is
 * usable while it runs; afterwards only what changed. */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "bridge/spent.h"

#define PAGE_SIZE "500"
#define PAGES_MAX 4000
#define FULL_S 86400
#define ANCHOR_ALL                                                                       \
    1 /* the beginning of time; paging is promised only with an anchor (16.7) */

struct cursor {
    const char *sync_token; /* the one it began with; NULL = full */
    const char *page_token;
    const char *next_sync_token;
    bool both; /* page and sync tokens must be sent together (16.9) */
    bool more;
};

static enum err request_page(struct ctx *cx, struct pull *pull,
    const struct cursor *cursor, int *code, cJSON **data)
{
    char *anchor = arena_printf(cx->arena, "%lld", (long long)pull->calendar->anchor_s);
    bool sync = cursor->sync_token && (!cursor->page_token || cursor->both);
    const char *query[] = {
        "page_size",
        PAGE_SIZE,
        "anchor_time",
        cursor->sync_token ? NULL : anchor,
        "page_token",
        cursor->page_token,
        "sync_token",
        sync ? cursor->sync_token : NULL,
        NULL,
    };
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_LIST,
        .args = {pull->calendar->upstream_id},
        .query = query,
        .priority = FEISHU_READ,
    };
    pull->fetched_ms = ctx_now_ms(cx);
    return bridge_request(cx, pull->bridge, pull->account->id, &call, code, data);
}

static enum err read_page(struct ctx *cx, struct pull *pull, struct cursor *cursor)
{
    cJSON *data = NULL;
    int code = 0;
    enum err err = request_page(cx, pull, cursor, &code, &data);
    if (err && code == 190002 && cursor->page_token && cursor->sync_token &&
        !cursor->both) {
        cursor->both = true;
        err = request_page(cx, pull, cursor, &code, &data);
    }
    if (err)
        return code == 191001 ? fail(cx, ERR_UPSTREAM_GONE, "%s", ctx_error(cx)) : err;
    TRY(pull_apply(cx, pull, json_array(data, "items")));
    cursor->more = json_bool(data, "has_more", false);
    cursor->page_token = NULL;
    const char *token = json_text(data, cursor->more ? "page_token" : "sync_token");
    if (cursor->more && !*token)
        return fail(
            cx, ERR_UPSTREAM_DOWN, "Feishu promises more events but gives no page token");
    token = arena_strdup(pull->pass->arena, token);
    *(cursor->more ? &cursor->page_token : &cursor->next_sync_token) = token;
    return ERR_OK;
}

/* A page's memory goes, what was counted stays. */
static void next_page(struct ctx *cx, struct pull *pull)
{
    int64_t deadline_ms = cx->deadline_ms;
    pull->calls += cx->upstream_calls;
    ctx_reset(cx);
    cx->deadline_ms = deadline_ms;
}

static enum err read_pages(struct ctx *cx, struct pull *pull, struct cursor *cursor)
{
    for (int i = 0; i < PAGES_MAX; i++) {
        if (pull->bridge->stopping)
            return fail(cx, ERR_UPSTREAM_DOWN, "the program is being stopped");
        TRY(read_page(cx, pull, cursor));
        next_page(cx, pull);
        if (!cursor->more) {
            TRY(pull_orphans(cx, pull));
            next_page(cx, pull);
            return ERR_OK;
        }
    }
    return fail(cx, ERR_UPSTREAM_DOWN, "Feishu's list of events does not end");
}

/* ---- what is stored about the pull itself ---- */

static enum err save_pull(struct ctx *cx, struct pull *pull, struct spent spent)
{
    struct store_tx *tx;
    TRY(store_begin(cx, pull->bridge->store, &tx));
    enum err err = store_calendar_set_pull(cx, tx, pull->calendar);
    if (!err)
        err = spent_add(cx, pull->bridge, pull->calendar->id, &spent);
    if (!err)
        return store_commit(cx, tx);
    store_rollback(tx);
    return err;
}

static enum err save_done(struct ctx *cx, struct pull *pull, const char *sync_token)
{
    struct calendar *calendar = pull->calendar;
    if (!pull->deferred)
        calendar->sync_token = str_empty(sync_token) ? NULL : sync_token;
    calendar->pull = PULL_DONE;
    calendar->last_pull_s = ctx_now_s(cx);
    calendar->last_error = "";
    return save_pull(cx, pull,
        (struct spent){.calls = pull->calls + cx->upstream_calls,
            .success_s = calendar->last_pull_s});
}

/* ---- full reads ---- */

static bool was_met(const struct pull *pull, const struct row *row)
{
    const char *id = event_id_join(pull->pass, row->uid, row->original_time);
    for (size_t i = 0; i < pull->met.n; i++)
        if (str_eq(pull->met.items[i], id))
            return true;
    return false;
}

/* A row is gone when a whole reading did not meet it and no write of ours explains that.
 */
static bool is_gone(struct pull *pull, const struct row *row, int64_t now_ms)
{
    if (row->seen >= pull->seen)
        return false;
    if (!seen_is_guarded(row->seen, now_ms))
        return true;
    if (!was_met(pull, row))
        pull->deferred = pull->result->deferred = true;
    return false;
}

static enum err remove_row(
    struct ctx *cx, struct pull *pull, struct store_tx *tx, const struct row *row)
{
    struct render_result result;
    struct render render = {
        .bridge = pull->bridge,
        .account = pull->account,
        .calendar = pull->calendar,
        .uid = row->uid,
    };
    TRY(store_row_remove(cx, tx, pull->calendar->id, row->uid, row->original_time));
    TRY(render_series(cx, tx, &render, &result));
    pull->result->changed += result.changed;
    pull->result->removed += result.removed;
    return ERR_OK;
}

static enum err remove_unseen(
    struct ctx *cx, struct pull *pull, const struct row *rows, size_t n)
{
    struct store_tx *tx;
    enum err err = ERR_OK;
    TRY(store_begin(cx, pull->bridge->store, &tx));
    for (size_t i = 0; i < n && !err; i++)
        if (is_gone(pull, &rows[i], pull->seen / 2))
            err = remove_row(cx, pull, tx, &rows[i]);
    if (!err)
        return store_commit(cx, tx);
    store_rollback(tx);
    return err;
}

static size_t count_gone(struct pull *pull, const struct row *rows, size_t n)
{
    size_t gone = 0;
    for (size_t i = 0; i < n; i++)
        gone += is_gone(pull, &rows[i], pull->seen / 2);
    return gone;
}

static enum err read_once(struct ctx *cx, struct pull *pull, struct cursor *cursor)
{
    int64_t seen = seen_by_pull(ctx_now_ms(cx));
    pull->seen = seen > pull->seen ? seen : pull->seen + 2;
    pull->items = 0;
    *cursor = (struct cursor){0};
    return read_pages(cx, pull, cursor);
}

/* Not every deletion need come as a change (feishu-api 16.5): once a day all is read. */
static bool full_is_due(struct ctx *cx, const struct pull *pull)
{
    int64_t when_s = full_read_s(cx, pull->bridge, pull->calendar->id);
    int64_t now_s = ctx_now_s(cx);
    bool set_back = when_s > now_s + CLOCK_SET_BACK_MS / 1000;
    return !pull->calendar->sync_token || (when_s && when_s + FULL_S < now_s) || set_back;
}

/* Reads everything; what is stored and was not met is deleted. When that is all or most
 * of the calendar, only a second reading that says the same is believed. */
static enum err read_full(struct ctx *cx, struct pull *pull)
{
    struct cursor cursor;
    struct row *rows;
    size_t n, all, gone;
    long days = pull->bridge->conf->sync.history_days;
    pull->full = true;
    pull->gap |= !pull->calendar->sync_token;
    if (days <= 0)
        pull->calendar->anchor_s = ANCHOR_ALL;
    else if (pull->calendar->anchor_s <= ANCHOR_ALL)
        pull->calendar->anchor_s = ctx_now_s(cx) - days * 86400;
    if (pull->calendar->pull == PULL_NEVER)
        pull->calendar->pull = PULL_RUNNING;
    pull->calendar->sync_token = NULL;
    TRY(save_pull(cx, pull, (struct spent){0}));
    TRY(store_rows_set_back(cx, pull->bridge->store, pull->calendar->id,
        seen_by_pull(ctx_now_ms(cx) + CLOCK_SET_BACK_MS)));
    for (int look = 1;; look++) {
        TRY(read_once(cx, pull, &cursor));
        TRY(store_rows_unseen(
            cx, pull->bridge->store, pull->calendar->id, pull->seen, &rows, &n, &all));
        gone = count_gone(pull, rows, n);
        if (!gone || look > 1 || (pull->items && gone * 2 <= all))
            break;
        log_line(cx, LOG_INFO, LOG_SYNC,
            "calendar %lld: %zu of %zu events not met, looking again",
            (long long)pull->calendar->id, gone, all);
    }
    if (gone) {
        struct held held;
        TRY(held_take(cx, pull->bridge->locks, LOCK_CALENDAR, pull->calendar->id, &held));
        enum err err = remove_unseen(cx, pull, rows, n);
        held_release(&held);
        TRY(err);
    }
    full_read_set(cx, pull->bridge, pull->calendar->id, ctx_now_s(cx));
    return save_done(cx, pull, cursor.next_sync_token);
}

static enum err read_changes(struct ctx *cx, struct pull *pull)
{
    struct cursor cursor = {.sync_token = pull->calendar->sync_token};
    enum err err = read_pages(cx, pull, &cursor);
    if (err == ERR_UPSTREAM_SYNC_TOKEN) {
        log_line(cx, LOG_INFO, LOG_SYNC, "calendar %lld: sync token expired, reading all",
            (long long)pull->calendar->id);
        pull->gap = true;
        return read_full(cx, pull);
    }
    TRY(err);
    return save_done(cx, pull, cursor.next_sync_token);
}

/* ---- calendars that show nothing but busy time (feishu-api 15.16) ---- */

/* Events without details are listed, or the list is refused: then the calendar is empty,
 * and it is asked again a day later. An anchor says that the list was given. */
static bool is_refused(struct ctx *cx, const struct pull *pull)
{
    return pull->calendar->pull == PULL_DONE && !pull->calendar->anchor_s &&
        full_read_s(cx, pull->bridge, pull->calendar->id) + FULL_S > ctx_now_s(cx);
}

static enum err empty_one(struct ctx *cx, struct pull *pull)
{
    struct row *rows;
    size_t n, all;
    pull->seen = INT64_MAX - 1;
    TRY(store_rows_unseen(
        cx, pull->bridge->store, pull->calendar->id, pull->seen, &rows, &n, &all));
    if (n)
        TRY(remove_unseen(cx, pull, rows, n));
    pull->calendar->anchor_s = 0;
    return save_done(cx, pull, NULL);
}

static enum err read_busy(struct ctx *cx, struct pull *pull)
{
    if (is_refused(cx, pull))
        return empty_one(cx, pull);
    enum err err = full_is_due(cx, pull) ? read_full(cx, pull) : read_changes(cx, pull);
    if (err != ERR_UPSTREAM_RIGHTS)
        return err;
    full_read_set(cx, pull->bridge, pull->calendar->id, ctx_now_s(cx));
    return empty_one(cx, pull);
}

static enum err note_error(
    struct ctx *cx, struct pull *pull, struct ctx *page, enum err err)
{
    pull->calendar->last_error = arena_strdup(cx->arena, ctx_error(page));
    pull->calendar->last_pull_s = ctx_now_s(cx);
    save_pull(cx, pull, (struct spent){.calls = pull->calls});
    return fail(cx, err, "%s", pull->calendar->last_error);
}

static enum err run(struct ctx *cx, struct pull *pull)
{
    if (role_of(pull->calendar->role) == BE_FREEBUSY)
        return read_busy(cx, pull);
    return full_is_due(cx, pull) ? read_full(cx, pull) : read_changes(cx, pull);
}

enum err pull_events(struct ctx *cx, struct bridge *bridge, struct account *account,
    struct calendar *calendar, struct bridge_pull_result *result)
{
    struct ctx *page = ctx_new(cx->seam);
    struct pull pull = {
        .bridge = bridge,
        .account = account,
        .calendar = calendar,
        .result = result,
        .pass = cx,
    };
    bool dropped = false;
    page->deadline_ms = cx->deadline_ms;
    enum err err = run(page, &pull);
    if (err == ERR_UPSTREAM_GONE || err == ERR_UPSTREAM_RIGHTS) {
        char *text = arena_strdup(cx->arena, ctx_error(page));
        if (pull_drop_calendar(page, bridge, account, calendar, &dropped) == ERR_OK &&
            !dropped)
            fail(page, err, "%s", text);
    }
    pull.calls += page->upstream_calls;
    if (dropped) {
        result->calendars++;
        log_line(cx, LOG_INFO, LOG_SYNC, "calendar %lld: taken away upstream",
            (long long)calendar->id);
        err = ERR_OK;
    }
    if (err)
        err = note_error(cx, &pull, page, err);
    else if (pull.deferred)
        bridge_poke_later(bridge, account->id, calendar->id, WRITE_GUARD_MS);
    cx->upstream_calls += pull.calls;
    ctx_free(page);
    return err;
}
