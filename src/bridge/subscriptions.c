/* What Feishu is asked to tell of: the list of calendars of each account, events of each
 * calendar, access lists of own calendars. Made after sign-in and first pull, made again
 * daily and after a new sign-in (feishu-api 16.30: how long they last is not known),
 * dropped with what they are for. All this is done beside the pulls, when the budget has
 * room, and its failures are only noted. */
#include "config.h"

#include "bridge/bridge_internal.h"

#define STEP_MAX 32
#define CALL_MS 60000
#define RETRY_S 300
#define DROP_MS 8000

static const enum feishu_endpoint endpoints[][2] = {
    [SUBSCRIPTION_LIST] = {FEISHU_LIST_UNSUBSCRIPTION, FEISHU_LIST_SUBSCRIPTION},
    [SUBSCRIPTION_EVENTS] = {FEISHU_EVENT_UNSUBSCRIPTION, FEISHU_EVENT_SUBSCRIPTION},
    [SUBSCRIPTION_ACL] = {FEISHU_ACL_UNSUBSCRIPTION, FEISHU_ACL_SUBSCRIPTION},
};

static enum err ask(struct ctx *cx, struct bridge *bridge, const struct subscription *one,
    enum feishu_priority priority)
{
    struct feishu_call call = {
        .endpoint = endpoints[one->kind][one->wanted],
        .args = {*one->upstream_id ? one->upstream_id : NULL},
        .priority = priority,
        .patience_ms = CALL_MS, /* on a thread of its own */
    };
    return bridge_request(cx, bridge, one->account_id, &call, NULL, NULL);
}

/* Between the last pull and the subscription something may have changed unseen. */
static void poke_for(
    struct ctx *cx, struct bridge *bridge, const struct subscription *one)
{
    struct calendar calendar;
    if (one->kind == SUBSCRIPTION_LIST)
        bridge_poke_list(bridge, one->account_id);
    if (one->kind == SUBSCRIPTION_EVENTS &&
        !store_calendar_by_upstream(
            cx, bridge->store, one->account_id, one->upstream_id, &calendar))
        bridge_poke(bridge, one->account_id, calendar.id);
}

/* Renewals of a tenant are spread over hours. */
static int64_t renew_s(struct ctx *cx)
{
    uint16_t bits;
    crypto_random(cx, &bits, sizeof(bits));
    return SUBSCRIPTION_RENEW_S - SUBSCRIPTION_RENEW_S / 4 * bits / 65536;
}

static void note_made(struct ctx *cx, struct bridge *bridge, struct subscription *one)
{
    int64_t now_s = ctx_now_s(cx);
    bool had_gap = !one->made_s || one->made_s + SUBSCRIPTION_GONE_S < now_s ||
        one->due_s > now_s; /* before its time: a new sign-in */
    one->made_s = now_s;
    one->due_s = now_s + renew_s(cx);
    one->error = "";
    if (!store_subscription_save(cx, bridge->store, one) && had_gap)
        poke_for(cx, bridge, one);
}

static void note_failure(
    struct ctx *cx, struct bridge *bridge, struct subscription *one, enum err err)
{
    bool later = err_is_transient(err) || err == ERR_UPSTREAM_SIGN_IN;
    const char *text = arena_strdup(cx->arena, ctx_error(cx));
    log_line(cx, LOG_INFO, LOG_SYNC, "account %lld: subscription failed: %s",
        (long long)one->account_id, text);
    one->due_s = ctx_now_s(cx) + (later ? RETRY_S : renew_s(cx));
    one->error = text;
    if (!later)
        one->made_s = 0;
    store_subscription_save(cx, bridge->store, one);
}

static void handle(struct ctx *cx, struct bridge *bridge, struct subscription *one)
{
    cx->deadline_ms = ctx_monotonic_ms(cx) + CALL_MS;
    enum err err = ask(cx, bridge, one, FEISHU_BACKFILL);
    cx->deadline_ms = 0;
    if (err && bridge->stopping) /* that is why */
        return;
    if (!one->wanted)
        store_subscription_remove(cx, bridge->store, one);
    else if (err)
        note_failure(cx, bridge, one, err);
    else
        note_made(cx, bridge, one);
}

bool subscriptions_step(struct ctx *cx, struct bridge *bridge)
{
    struct subscription *list;
    size_t n;
    int64_t now_s = ctx_now_s(cx);
    if (store_subscriptions_due(cx, bridge->store, now_s, STEP_MAX, &list, &n))
        return false;
    for (size_t i = 0; i < n && !bridge->stopping; i++)
        handle(cx, bridge, &list[i]);
    return n == STEP_MAX;
}

void subscriptions_drop(struct ctx *cx, struct bridge *bridge, int64_t account_id)
{
    struct subscription *list;
    size_t n;
    int64_t before_ms = cx->deadline_ms;
    if (!bridge->feishu || store_subscriptions(cx, bridge->store, account_id, &list, &n))
        return;
    cx->deadline_ms = ctx_monotonic_ms(cx) + DROP_MS;
    for (size_t i = 0; i < n && ctx_left_ms(cx, 0) > 0; i++) {
        list[i].wanted = false;
        enum err err = list[i].made_s ? ask(cx, bridge, &list[i], FEISHU_READ) : ERR_OK;
        if (err == ERR_UPSTREAM_SIGN_IN || err_is_transient(err))
            break;
    }
    cx->deadline_ms = before_ms;
}

enum err subscriptions_of_shares(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, text_list *calendars)
{
    struct subscription *list;
    size_t n;
    if (events_way(bridge) == EVENTS_POLLING)
        return ERR_OK;
    TRY(store_subscriptions(cx, bridge->store, account_id, &list, &n));
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == SUBSCRIPTION_ACL &&
            list[i].made_s + SUBSCRIPTION_GONE_S > ctx_now_s(cx))
            LIST_ADD(cx->arena, calendars, list[i].upstream_id);
    return ERR_OK;
}
