/* The events of one calendar (feishu-api 5.11): a page at a time, and what changed since
 * the last time. */
#include "config.h"

#include "bridge/pull.h"

#define PAGES_MAX 4000
#define CALL 100 /* in the unit of calendar.cost */

static enum err request_page(struct ctx *cx, struct pull *pull,
    const struct pull_cursor *cursor, int *code, cJSON **data)
{
    char *anchor = arena_printf(cx->arena, "%lld", (long long)pull->calendar->anchor_s);
    bool sync = cursor->sync_token && (!cursor->page_token || cursor->both);
    const char *query[] = {
        "page_size",
        arena_printf(cx->arena, "%d", PULL_PAGE_EVENTS),
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
        .priority = pull->priority,
    };
    pull->fetched_ms = ctx_now_ms(cx);
    return bridge_request(cx, pull->bridge, pull->account->id, &call, code, data);
}

static enum err read_page(struct ctx *cx, struct pull *pull, struct pull_cursor *cursor)
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
    cursor->pages++;
    cursor->more = json_bool(data, "has_more", false);
    cursor->page_token = NULL;
    const char *token = json_text(data, cursor->more ? "page_token" : "sync_token");
    if (cursor->more && !*token)
        return fail(
            cx, ERR_UPSTREAM_DOWN, "Feishu promises more events but gives no page token");
    token = arena_strdup(pull->keep->arena, token);
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

enum err pull_pages(
    struct ctx *cx, struct pull *pull, struct pull_cursor *cursor, int64_t until_ms)
{
    while (cursor->pages < PAGES_MAX) {
        if (pull->bridge->stopping)
            return fail(cx, ERR_UPSTREAM_DOWN, "the program is being stopped");
        TRY(read_page(cx, pull, cursor));
        next_page(cx, pull);
        if (!cursor->more) {
            TRY(pull_orphans(cx, pull));
            next_page(cx, pull);
            return ERR_OK;
        }
        if (ctx_monotonic_ms(cx) > until_ms)
            return ERR_OK;
    }
    return fail(cx, ERR_UPSTREAM_DOWN, "Feishu's list of events does not end");
}

/* ---- what is stored about the pull itself ---- */

enum err pull_save(struct ctx *cx, struct pull *pull)
{
    struct store_tx *tx;
    TRY(store_begin(cx, pull->bridge->store, &tx));
    return store_end(cx, tx, store_calendar_set_pull(cx, tx, pull->calendar));
}

/* Of late: the last four looks or so. Where Feishu gives no token each look is as dear as
 * the first. */
static int64_t cost_now(const struct pull *pull, const struct pull_cursor *cursor)
{
    if (pull->full && !str_empty(cursor->next_sync_token))
        return pull->calendar->cost;
    if (pull->full)
        return CALL * (int64_t)cursor->pages;
    int64_t cost = (3 * pull->calendar->cost + CALL * (int64_t)cursor->pages) / 4;
    return cost > CALL ? cost : CALL;
}

enum err pull_save_done(
    struct ctx *cx, struct pull *pull, const struct pull_cursor *cursor)
{
    struct calendar *calendar = pull->calendar;
    const struct bridge_pull_result *result = pull->result;
    calendar->last_pull_s = calendar->success_s = ctx_now_s(cx);
    calendar->cost = cost_now(pull, cursor);
    if (!pull->deferred)
        calendar->sync_token =
            str_empty(cursor->next_sync_token) ? NULL : cursor->next_sync_token;
    else if (pull->full)
        calendar->sync_token = NULL; /* all is read again */
    if (pull->full)
        calendar->full_s = calendar->last_pull_s;
    if (result->changed + result->removed > pull->changes_before)
        calendar->changed_s = calendar->last_pull_s;
    calendar->pull = PULL_DONE;
    calendar->last_error = "";
    return pull_save(cx, pull);
}

enum err pull_remove_row(
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

/* Missed changes cannot be told any more: all is read, and compared. */
static enum err ask_for_reading(struct ctx *cx, struct pull *pull)
{
    pull->calendar->sync_token = NULL;
    pull->calendar->full_s = 0;
    return pull_save(cx, pull);
}

static enum err read_changes(struct ctx *cx, struct pull *pull, bool *unread)
{
    struct pull_cursor cursor = {.sync_token = pull->calendar->sync_token};
    enum err err = pull_pages(cx, pull, &cursor, INT64_MAX);
    if (err == ERR_UPSTREAM_SYNC_TOKEN) {
        log_line(cx, LOG_INFO, LOG_SYNC, "calendar %lld: sync token expired, reading all",
            (long long)pull->calendar->id);
        *unread = true;
        return ask_for_reading(cx, pull);
    }
    TRY(err);
    return pull_save_done(cx, pull, &cursor);
}

/* ---- calendars that show nothing but busy time (feishu-api 15.16) ---- */

static enum err remove_rows(
    struct ctx *cx, struct pull *pull, const struct row *rows, size_t n)
{
    struct store_tx *tx;
    enum err err = ERR_OK;
    TRY(store_begin(cx, pull->bridge->store, &tx));
    for (size_t i = 0; i < n && !err; i++)
        err = pull_remove_row(cx, pull, tx, &rows[i]);
    return store_end(cx, tx, err);
}

/* Events without details are listed, or the list is refused: then busy times are shown,
 * where they are told, and the list is tried again a day later. The anchor says which:
 * none, that of a list, or ANCHOR_BUSY. */
static bool is_refused(const struct calendar *calendar)
{
    return role_of(calendar->role) == BE_FREEBUSY && calendar->pull == PULL_DONE &&
        (!calendar->anchor_s || calendar->anchor_s == ANCHOR_BUSY) && calendar->full_s;
}

static enum err remove_others(struct ctx *cx, struct pull *pull)
{
    struct row *rows;
    size_t n, all;
    struct held held;
    TRY(store_rows_unseen(
        cx, pull->bridge->store, pull->calendar->id, pull->seen, &rows, &n, &all));
    if (!n)
        return ERR_OK;
    TRY(held_take(cx, pull->bridge->locks, LOCK_CALENDAR, pull->calendar->id, &held));
    enum err err = remove_rows(cx, pull, rows, n);
    held_release(&held);
    return err;
}

/* asked = the list was just tried. */
static enum err read_times(struct ctx *cx, struct pull *pull, bool asked)
{
    bool shown;
    int64_t seen = seen_by_pull(ctx_now_ms(cx));
    struct pull_cursor nothing = {.pages = 1};
    pull->full = true; /* what is not met is gone */
    pull->seen = seen > pull->seen ? seen : pull->seen + 2;
    TRY(pull_busy(cx, pull, &shown));
    if (!shown)
        pull->seen = INT64_MAX - 1;
    TRY(remove_others(cx, pull));
    pull->calendar->anchor_s = shown ? ANCHOR_BUSY : 0;
    pull->full = asked;
    return pull_save_done(cx, pull, &nothing);
}

enum err pull_refused(struct ctx *cx, struct pull *pull, enum err err)
{
    return err == ERR_UPSTREAM_RIGHTS && role_of(pull->calendar->role) == BE_FREEBUSY
        ? read_times(cx, pull, true)
        : err;
}

/* ---- how it ended ---- */

static enum err note_error(
    struct ctx *cx, struct pull *pull, struct ctx *page, enum err err)
{
    pull->calendar->last_error = arena_strdup(cx->arena, ctx_error(page));
    pull->calendar->last_pull_s = ctx_now_s(cx);
    pull_save(cx, pull);
    return fail(cx, err, "%s", pull->calendar->last_error);
}

enum err pull_judge(struct ctx *cx, struct pull *pull, struct ctx *page, enum err err)
{
    if (err == ERR_UPSTREAM_GONE || err == ERR_UPSTREAM_RIGHTS) {
        char *text = arena_strdup(cx->arena, ctx_error(page));
        if (pull_drop_calendar(
                page, pull->bridge, pull->account, pull->calendar,
                &pull->dropped) == ERR_OK &&
            !pull->dropped)
            fail(page, err, "%s", text);
    }
    cx->upstream_calls += pull->calls + page->upstream_calls;
    pull->calls = 0;
    if (pull->dropped) {
        pull->result->calendars++;
        log_line(cx, LOG_INFO, LOG_SYNC, "calendar %lld: taken away upstream",
            (long long)pull->calendar->id);
        return ERR_OK;
    }
    if (err == ERR_UPSTREAM_BUSY && pull->priority >= FEISHU_POLL) {
        cx->retry_after_s = page->retry_after_s;
        return fail(cx, err, "%s", arena_strdup(cx->arena, ctx_error(page)));
    }
    if (err)
        return note_error(cx, pull, page, err);
    if (pull->deferred)
        bridge_poke_later(
            pull->bridge, pull->account->id, pull->calendar->id, WRITE_GUARD_MS);
    return ERR_OK;
}

static enum err run(struct ctx *cx, struct pull *pull, bool *unread)
{
    const struct calendar *calendar = pull->calendar;
    if (is_refused(calendar))
        return read_times(cx, pull, false);
    if (calendar->pull == PULL_DONE && calendar->sync_token && calendar->full_s)
        return pull_refused(cx, pull, read_changes(cx, pull, unread));
    *unread = true;
    if (reading_again(pull->bridge, calendar->id) || !calendar->full_s)
        return ERR_OK;
    return ask_for_reading(cx, pull);
}

enum err pull_events(struct ctx *cx, struct pull *pull, bool *unread)
{
    struct ctx *page = ctx_new(cx->seam);
    pull->pass = pull->keep = cx;
    pull->changes_before = pull->result->changed + pull->result->removed;
    page->deadline_ms = cx->deadline_ms;
    *unread = false;
    enum err err = pull_judge(cx, pull, page, run(page, pull, unread));
    ctx_free(page);
    return err;
}
