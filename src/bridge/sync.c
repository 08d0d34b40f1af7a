/* One pass over an account: the list of calendars, the events of those that are due, then
 * attendees. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <stdarg.h>
#include <time.h>

#define ACTIVE_S 900
#define IDLE_FACTOR 8
#define ATTENDEES_MS 2000 /* of a pass: changes must not wait longer for it */

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
    text_list pushed; /* upstream ids of calendars whose changes Feishu tells of */
    struct bridge_pull_result *result;
    bool completed; /* a calendar was read to the end for the first time */
    enum err err; /* the first failure, which does not stop the others */
    const char *text;
};

static void note(struct ctx *cx, struct walk *walk, enum err err)
{
    if (!err)
        return;
    walk->result->failed++;
    if (!walk->err) {
        walk->err = err;
        walk->text = arena_strdup(cx->arena, ctx_error(cx));
    }
}

static bool is_dirty(const struct sync_pass *pass, const struct calendar *calendar)
{
    for (size_t i = 0; i < pass->n_dirty; i++)
        if (pass->dirty[i] == calendar->id)
            return true;
    return false;
}

/* A calendar that a client asks for is looked at every poll interval, others far less
 * often. */
static bool is_due(
    struct ctx *cx, const struct walk *walk, const struct calendar *calendar)
{
    int64_t now_s = ctx_now_s(cx),
            interval_s = walk->bridge->conf->sync.poll_interval_s;
    if (walk->pass->all || calendar->pull != PULL_DONE || is_dirty(walk->pass, calendar))
        return true;
    if (calendar->last_interest_s + ACTIVE_S < now_s)
        interval_s *= IDLE_FACTOR;
    else if (text_list_has(&walk->pushed, calendar->upstream_id))
        interval_s *= PUSH_FACTOR;
    /* A time to come is that of a clock that was set back. */
    return calendar->last_pull_s + interval_s <= now_s || calendar->last_pull_s > now_s;
}

/* What changed first, then the primary calendar: it is the one people look at. */
static int order_of(const struct walk *walk, const struct calendar *calendar)
{
    if (is_dirty(walk->pass, calendar))
        return -1;
    return str_eq(calendar->type, "primary") ? 0 : calendar->pull == PULL_DONE ? 1 : 2;
}

static enum err pull_due(struct ctx *cx, struct walk *walk)
{
    struct calendar *list;
    size_t n;
    TRY(store_calendars(cx, walk->bridge->store, walk->account->id, &list, &n));
    TRY(subscriptions_pushed(cx, walk->bridge, walk->account->id, &walk->pushed));
    for (int order = -1; order < 3; order++)
        for (size_t i = 0; i < n; i++) {
            if (order_of(walk, &list[i]) != order || !is_due(cx, walk, &list[i]))
                continue;
            if (walk->bridge->stopping)
                return fail(cx, ERR_UPSTREAM_DOWN, "the program is being stopped");
            bool first = list[i].pull != PULL_DONE;
            enum err err =
                pull_events(cx, walk->bridge, walk->account, &list[i], walk->result);
            note(cx, walk, err);
            walk->completed |= !err && list[i].pull == PULL_DONE && first;
            if (err == ERR_UPSTREAM_SIGN_IN || err == ERR_STORE)
                return err;
            TRY(pull_shares(
                cx, walk->bridge, walk->account, &list[i], walk->pass->all));
        }
    return ERR_OK;
}

static enum err fill_attendees(struct ctx *cx, struct walk *walk)
{
    struct calendar *list;
    size_t n;
    bool more;
    int64_t until_ms = ctx_monotonic_ms(cx) + ATTENDEES_MS;
    TRY(store_calendars(cx, walk->bridge->store, walk->account->id, &list, &n));
    for (size_t i = 0; i < n && !walk->bridge->stopping; i++) {
        TRY(pull_attendees(cx, walk->bridge, walk->account, &list[i], until_ms, &more));
        walk->pass->more |= more;
    }
    return ERR_OK;
}

static enum err run(struct ctx *cx, struct walk *walk)
{
    if (walk->pass->list)
        TRY(pull_calendars(cx, walk->bridge, walk->account, walk->result));
    TRY(pull_due(cx, walk));
    enum err err = fill_attendees(cx, walk);
    if (err == ERR_UPSTREAM_SIGN_IN)
        return err;
    note(cx, walk, err);
    return walk->err ? fail(cx, walk->err, "%s", walk->text) : ERR_OK;
}

static enum err pass_locked(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct sync_pass *pass, struct bridge_pull_result *result)
{
    struct account account;
    struct walk walk = {
        .bridge = bridge, .account = &account, .pass = pass, .result = result};
    TRY(store_account(cx, bridge->store, account_id, &account));
    if (account.state != ACCOUNT_OK)
        return fail(
            cx, ERR_UPSTREAM_SIGN_IN, "%s must sign in to Feishu again", account.name);
    enum err err = token_keep_alive(cx, bridge, account_id);
    if (!err)
        err = run(cx, &walk);
    const char *text = err ? arena_strdup(cx->arena, ctx_error(cx)) : "";
    if (result->calendars || walk.completed)
        subscriptions_look(bridge);
    bridge->pulls++;
    bridge->pull_errors += err != ERR_OK;
    store_account_set_synced(
        cx, bridge->store, account_id, err ? account.last_sync_s : ctx_now_s(cx), text);
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
#define DEFERRED_STEPS 10

/* What was written a moment ago may still be read in an older version. */
static void wait_for_guard(const struct bridge *bridge)
{
    long step_ms = WRITE_GUARD_MS / DEFERRED_STEPS;
    for (int i = 0; i < DEFERRED_STEPS && !bridge->stopping; i++)
        nanosleep(&(struct timespec){.tv_nsec = step_ms * 1000000L}, NULL);
}

enum err bridge_pull(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct bridge_pull_result *result)
{
    struct sync_pass pass = {.list = true, .all = true, .wait_ms = PULL_WAIT_MS};
    *result = (struct bridge_pull_result){0};
    TRY(sync_account(cx, bridge, account_id, &pass, result));
    if (result->deferred) {
        wait_for_guard(bridge);
        pass = (struct sync_pass){.all = true, .wait_ms = PULL_WAIT_MS};
        TRY(sync_account(cx, bridge, account_id, &pass, result));
    }
    /* Attendees of a large calendar take as long as the budget wants; the server goes on
     * with them. */
    int64_t until_ms = ctx_monotonic_ms(cx) + ATTENDEES_WAIT_MS;
    pass = (struct sync_pass){.wait_ms = PULL_WAIT_MS, .more = pass.more};
    while (pass.more && ctx_monotonic_ms(cx) < until_ms) {
        pass.more = false;
        TRY(sync_account(cx, bridge, account_id, &pass, result));
    }
    return ERR_OK;
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
        err = store_calendar_set_pull(cx, tx, &list[i]);
    }
    if (!err)
        return store_commit(cx, tx);
    store_rollback(tx);
    return err;
}
