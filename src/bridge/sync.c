/* One pass over an account: the list of calendars, changes of those that are due, or a
 * slice of what takes long. */
#include "config.h"

#include "bridge/job.h"
#include "bridge/poll.h"
#include "bridge/pull.h"

#include <stdarg.h>
#include <time.h>

#define SLICE_MS 1000
#define SLICE_CALLS 20

void sync_warn(struct ctx *cx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(cx, LOG_WARNING, LOG_SYNC, "%s", arena_vprintf(cx->arena, format, args));
    va_end(args);
}

struct walk {
    struct bridge *bridge;
    struct account *account;
    struct sync_pass *pass;
    struct bridge_pull_result *result;
    bool completed; /* a calendar was read to the end for the first time */
    enum err err;   /* the first failure, which does not stop the others */
    const char *text;
};

/* False when it concerns all of the account. */
static bool note(void *self, struct ctx *cx, enum err err)
{
    struct walk *walk = self;
    if (err == ERR_UPSTREAM_SIGN_IN || err == ERR_STORE)
        return false;
    walk->result->failed++;
    if (!walk->err) {
        walk->err = err;
        walk->text = arena_strdup(cx->arena, ctx_error(cx));
    }
    return true;
}

static bool is_dirty(const struct sync_pass *pass, const struct calendar *calendar)
{
    for (size_t i = 0; i < pass->n_dirty; i++)
        if (pass->dirty[i] == calendar->id)
            return true;
    return false;
}

/* Another process may have been first. */
static bool is_due(const struct sync_pass *pass, const struct calendar *calendar)
{
    for (size_t i = 0; i < pass->n_due; i++)
        if (pass->due[i].calendar_id == calendar->id)
            return pass->due[i].when == calendar->last_pull_s;
    return false;
}

/* ---- short work ---- */

/* What changed first, then the primary calendar: it is the one people look at. */
static int order_of(const struct walk *walk, const struct calendar *calendar)
{
    if (is_dirty(walk->pass, calendar))
        return 0;
    return str_eq(calendar->type, "primary") ? 1 : 2;
}

static int64_t shares_age_s(
    const struct walk *walk, const text_list *told, const struct calendar *calendar)
{
    if (walk->pass->all)
        return 0;
    return text_list_has(told, calendar->upstream_id) ? POLL_SHARES_TOLD_S
                                                      : POLL_SHARES_S;
}

static enum err pull_one(
    struct ctx *cx, struct walk *walk, const text_list *told, struct calendar *calendar)
{
    bool waited_for = walk->pass->all || is_dirty(walk->pass, calendar), unread;
    struct pull pull = {
        .bridge = walk->bridge,
        .account = walk->account,
        .calendar = calendar,
        .result = walk->result,
        .priority = waited_for ? FEISHU_READ : FEISHU_POLL,
    };
    enum err err = pull_events(cx, &pull, &unread);
    walk->pass->more |= unread;
    if (err == ERR_UPSTREAM_BUSY && !waited_for) {
        walk->pass->busy_s = cx->retry_after_s; /* its time comes again */
        return ERR_OK;
    }
    if (err && !note(walk, cx, err))
        return err;
    if (pull.dropped)
        return ERR_OK;
    return pull_shares(
        cx, walk->bridge, walk->account, calendar, shares_age_s(walk, told, calendar));
}

static enum err pull_short(struct ctx *cx, struct walk *walk)
{
    struct sync_pass *pass = walk->pass;
    struct calendar *list;
    text_list told = {0};
    size_t n;
    TRY(store_calendars(cx, walk->bridge->store, walk->account->id, &list, &n));
    TRY(subscriptions_of_shares(cx, walk->bridge, walk->account->id, &told));
    for (int order = 0; order < 3; order++)
        for (size_t i = 0; i < n && !pass->busy_s; i++) {
            if (order_of(walk, &list[i]) != order ||
                !(pass->all || order == 0 || is_due(pass, &list[i])))
                continue;
            if (walk->bridge->stopping)
                return fail(cx, ERR_UPSTREAM_DOWN, "the program is being stopped");
            TRY(pull_one(cx, walk, &told, &list[i]));
        }
    return ERR_OK;
}

static enum err pull_stale_shares(struct ctx *cx, struct walk *walk)
{
    struct calendar *list;
    size_t n;
    TRY(store_calendars(cx, walk->bridge->store, walk->account->id, &list, &n));
    for (size_t i = 0; i < n && !walk->bridge->stopping; i++)
        TRY(pull_shares(cx, walk->bridge, walk->account, &list[i], POLL_SHARES_TOLD_S));
    return ERR_OK;
}

/* ---- long work ---- */

static enum err fill_attendees(struct ctx *cx, struct walk *walk, struct slice *slice)
{
    struct calendar *list;
    size_t n;
    unsigned before = cx->upstream_calls;
    TRY(store_calendars(cx, walk->bridge->store, walk->account->id, &list, &n));
    for (size_t i = 0; i < n && !walk->bridge->stopping; i++) {
        if (slice_is_over(cx, slice, before)) {
            slice->more = true;
            return ERR_OK;
        }
        TRY(pull_attendees(cx, walk->bridge, walk->account, &list[i], slice));
    }
    return ERR_OK;
}

static enum err pull_long(struct ctx *cx, struct walk *walk)
{
    struct sync_pass *pass = walk->pass;
    struct slice slice = {
        .until_ms = ctx_monotonic_ms(cx) + SLICE_MS,
        .max_calls = SLICE_CALLS,
        .whole = pass->whole,
        .note = note,
        .self = walk,
    };
    enum err err = pull_readings(cx, walk->bridge, walk->account, &slice, walk->result);
    walk->completed = slice.completed;
    if (!err && (!slice.more || pass->whole)) {
        slice.until_ms = ctx_monotonic_ms(cx) + SLICE_MS;
        err = fill_attendees(cx, walk, &slice);
        if (err == ERR_UPSTREAM_BUSY) {
            slice.busy_s = cx->retry_after_s > 0 ? cx->retry_after_s : 1;
            slice.more = true;
            err = ERR_OK;
        }
    }
    pass->more = slice.more;
    pass->busy_s = slice.busy_s;
    return err && note(walk, cx, err) ? ERR_OK : err;
}

/* ---- a pass ---- */

static enum err run(struct ctx *cx, struct walk *walk)
{
    const struct sync_pass *pass = walk->pass;
    if (pass->list)
        TRY(pull_calendars(cx, walk->bridge, walk->account, walk->result));
    if (pass->all || pass->n_dirty || pass->n_due)
        TRY(pull_short(cx, walk));
    if (pass->shares)
        TRY(pull_stale_shares(cx, walk));
    if (walk->result->changed || walk->result->calendars || pass->n_dirty)
        walk->pass->more = true; /* attendees, first readings */
    if (pass->is_long)
        TRY(pull_long(cx, walk));
    return walk->err ? fail(cx, walk->err, "%s", walk->text) : ERR_OK;
}

/* Slices come by the second: only what is new about them is written down. */
static void note_end(struct ctx *cx, struct walk *walk, enum err err, const char *text)
{
    const struct account *account = walk->account;
    bool is_slice = walk->pass->is_long && !walk->pass->whole;
    if (is_slice && walk->pass->more && !err && str_empty(account->last_error))
        return;
    store_account_set_synced(cx, walk->bridge->store, account->id,
        err ? account->last_sync_s : ctx_now_s(cx), text);
}

static enum err pass_locked(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct sync_pass *pass, struct bridge_pull_result *result)
{
    struct account account;
    struct walk walk = {
        .bridge = bridge, .account = &account, .pass = pass, .result = result};
    enum err err = store_account(cx, bridge->store, account_id, &account);
    if (err == ERR_NOT_FOUND)
        readings_forget(bridge, account_id);
    TRY(err);
    if (account.state != ACCOUNT_OK)
        return fail(
            cx, ERR_UPSTREAM_SIGN_IN, "%s must sign in to Feishu again", account.name);
    err = token_keep_alive(cx, bridge, account_id);
    if (!err)
        err = run(cx, &walk);
    const char *text = err ? arena_strdup(cx->arena, ctx_error(cx)) : "";
    if (walk.completed || (result->calendars && !pass->more))
        subscriptions_look(bridge);
    bridge->pulls++;
    bridge->pull_errors += err != ERR_OK;
    note_end(cx, &walk, err, text);
    return err ? fail(cx, err, "%s", text) : ERR_OK;
}

enum err sync_account(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct sync_pass *pass, struct bridge_pull_result *result)
{
    int fd;
    TRY(bridge_need_feishu(cx, bridge));
    enum err err =
        lock_file_take(cx, bridge->locks, LOCK_PULL, account_id, pass->wait_ms, &fd);
    if (err)
        return err == ERR_UPSTREAM_BUSY
            ? fail(cx, ERR_CONFLICT, "another process is pulling this account")
            : err;
    err = pass_locked(cx, bridge, account_id, pass, result);
    lock_file_release(fd);
    return err;
}

#define PULL_WAIT_MS 120000
#define ATTENDEES_WAIT_MS 8000
#define WAIT_STEPS 10
#define BUSY_STEP_MS 100

static void wait_ms(const struct bridge *bridge, int64_t ms)
{
    for (int i = 0; i < WAIT_STEPS && !bridge->stopping; i++)
        nanosleep(
            &(struct timespec){.tv_nsec = (long)(ms / WAIT_STEPS) * 1000000L}, NULL);
}

/* Attendees of a large calendar take as long as the budget wants; the server goes on with
 * them. */
static enum err fill_for_a_while(struct ctx *cx, struct bridge *bridge,
    int64_t account_id, struct bridge_pull_result *result)
{
    int64_t until_ms = ctx_monotonic_ms(cx) + ATTENDEES_WAIT_MS;
    struct sync_pass pass = {.more = true};
    while (pass.more && ctx_monotonic_ms(cx) < until_ms) {
        if (pass.busy_s)
            wait_ms(bridge, BUSY_STEP_MS);
        pass = (struct sync_pass){.is_long = true, .wait_ms = PULL_WAIT_MS};
        TRY(sync_account(cx, bridge, account_id, &pass, result));
    }
    return ERR_OK;
}

enum err bridge_pull(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct bridge_pull_result *result)
{
    struct sync_pass pass = {.list = true,
        .all = true,
        .is_long = true,
        .whole = true,
        .wait_ms = PULL_WAIT_MS};
    *result = (struct bridge_pull_result){0};
    TRY(sync_account(cx, bridge, account_id, &pass, result));
    if (result->deferred) {
        /* What was written a moment ago may still be read in an older version. */
        wait_ms(bridge, WRITE_GUARD_MS);
        pass = (struct sync_pass){
            .all = true, .is_long = true, .whole = true, .wait_ms = PULL_WAIT_MS};
        TRY(sync_account(cx, bridge, account_id, &pass, result));
    }
    return pass.more ? fill_for_a_while(cx, bridge, account_id, result) : ERR_OK;
}

enum err bridge_forget_tokens(struct ctx *cx, struct bridge *bridge, int64_t account_id)
{
    struct calendar *list;
    size_t n;
    struct store_tx *tx;
    enum err err = ERR_OK;
    TRY(store_calendars(cx, bridge->store, account_id, &list, &n));
    TRY(store_begin(cx, bridge->store, &tx));
    for (size_t i = 0; i < n && !err; i++) {
        list[i].sync_token = NULL;
        list[i].full_s = 0;
        err = store_calendar_set_pull(cx, tx, &list[i]);
    }
    return store_end(cx, tx, err);
}
