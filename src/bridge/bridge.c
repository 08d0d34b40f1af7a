#include "config.h"

#include "bridge/bridge_internal.h"
#include "bridge/poll.h"
#include "bridge/spent.h"
#include "bridge/unanswered.h"
#include "store/checkpoint.h"

#include <stdlib.h>
#include <string.h>

bool err_is_transient(enum err kind)
{
    return kind == ERR_UPSTREAM_BUSY || kind == ERR_UPSTREAM_DOWN ||
        kind == ERR_UPSTREAM_UNKNOWN;
}

bool err_is_open(enum err kind)
{
    return err_is_transient(kind) || kind == ERR_UPSTREAM_SIGN_IN ||
        kind == ERR_UPSTREAM_APP || kind == ERR_STORE;
}

enum err bridge_need_feishu(struct ctx *cx, const struct bridge *bridge)
{
    if (!bridge->feishu)
        return fail(cx, ERR_UPSTREAM_APP,
            "no Feishu app is configured: set feishu.app-id and feishu.app-secret");
    return ERR_OK;
}

void bridge_count(struct bridge *bridge, enum err err)
{
    bridge->upstream_errors += err != ERR_OK;
}

enum err bridge_request(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct feishu_call *call, int *code, cJSON **data)
{
    struct token_source source = {.bridge = bridge, .account_id = account_id};
    struct feishu_user user = {.token = token_get, .self = &source};
    cJSON *reply = NULL;
    TRY(bridge_need_feishu(cx, bridge));
    call->user = account_id ? &user : NULL;
    if (account_id)
        cx->payer = account_id;
    if (!call->patience_ms && call->priority >= FEISHU_POLL)
        call->patience_ms = TURN_WAIT_MS;
    enum err err = feishu_request(cx, bridge->feishu, call, code, &reply);
    call->user = NULL;
    bridge_count(bridge, err);
    if (!err && data)
        *data = reply;
    return err;
}

static enum err settle_store(void *self, struct ctx *cx)
{
    const struct bridge *bridge = self;
    return store_settle(cx, bridge->store);
}

static enum err open_parts(struct ctx *cx, struct bridge *bridge)
{
    const struct conf *conf = bridge->conf;
    TRY(store_key(cx, conf->store.key_file, bridge->key));
    TRY(store_open(cx, conf->store.path, bridge->key, &bridge->store));
    bridge->locks = locks_new(arena_printf(cx->arena, "%s.lock", conf->store.path));
    locks_check_order(bridge->locks);
    bridge->credentials = credential_cache_new(cx);
    bridge->interest = interest_new();
    bridge->readings = readings_new();
    bridge->spending = spending_new();
    bridge->stretch = POLL_STRETCH_NONE;
    bridge->freebusy = cache_new();
    bridge->search = cache_new();
    bridge->delivered = delivered_new();
    bridge->unanswered = unanswered_new();
    allday_load(cx, bridge);
    TRY(notify_keys(cx, bridge));
    if (str_empty(conf->feishu.app_id) || !secret_text(&conf->feishu.app_secret))
        return ERR_OK;
    bridge->feishu = feishu_new(&(struct feishu_options){
        .base_url = conf->feishu.base_url,
        .accounts_url = conf->feishu.accounts_url,
        .token_path = conf->feishu.token_path,
        .app_id = conf->feishu.app_id,
        .app_secret = conf->feishu.app_secret,
        .rate_per_second = conf->feishu.rate_per_second,
        .rate_per_minute = conf->feishu.rate_per_minute,
        .timeout_s = conf->feishu.timeout_s,
        .spent = spent_note,
        .spent_self = bridge,
        .ready = settle_store,
        .ready_self = bridge,
    });
    return ERR_OK;
}

enum err bridge_open(struct ctx *cx, const struct conf *conf, struct bridge **result)
{
    struct bridge *bridge = calloc(1, sizeof(*bridge));
    if (!bridge)
        abort();
    bridge->conf = conf;
    enum err err = open_parts(cx, bridge);
    if (err) {
        bridge_close(bridge);
        return err;
    }
    *result = bridge;
    return ERR_OK;
}

void bridge_close(struct bridge *bridge)
{
    if (!bridge)
        return;
    bridge_stop(bridge);
    if (bridge->abandoned)
        return;
    if (bridge->feishu)
        feishu_free(bridge->feishu);
    if (bridge->store) {
        spent_settle(bridge);
        store_close(bridge->store);
    }
    locks_free(bridge->locks);
    credential_cache_free(bridge->credentials);
    interest_free(bridge->interest);
    readings_free(bridge->readings);
    spending_free(bridge->spending);
    cache_free(bridge->freebusy);
    cache_free(bridge->search);
    delivered_free(bridge->delivered);
    notify_free(bridge->notifier);
    unanswered_free(bridge->unanswered);
    explicit_bzero(bridge->key, sizeof(bridge->key));
    free(bridge->push_private);
    free(bridge->push_public);
    free(bridge);
}

enum err bridge_check_feishu(struct ctx *cx, struct bridge *bridge)
{
    const char *nobody[] = {"nobody@invalid.example"};
    cJSON *body = json_object(cx->arena),
          *emails = cJSON_AddArrayToObject(body, "emails");
    int code = 0;
    TRY(bridge_need_feishu(cx, bridge));
    cJSON_AddItemToArray(emails, cJSON_CreateString(nobody[0]));
    struct feishu_call call = {
        .endpoint = FEISHU_USER_BATCH_GET_ID,
        .body = body,
        .priority = FEISHU_READ,
    };
    enum err err = bridge_request(cx, bridge, 0, &call, &code, NULL);
    /* A tenant token was given out; a missing scope for this one call is not the
     * credentials' fault. */
    if (err &&
        (code == 99991672 || err == ERR_UPSTREAM_RIGHTS || err == ERR_UPSTREAM_REFUSED))
        err = ERR_OK;
    return err;
}

enum err bridge_check_store(struct ctx *cx, struct bridge *bridge)
{
    TRY(store_setting_set(cx, bridge->store, "checked",
        arena_printf(cx->arena, "%lld", (long long)ctx_now_s(cx))));
    return store_copy(cx, bridge->store);
}

static void count_account(struct ctx *cx, struct bridge *bridge,
    const struct account *account, struct bridge_metrics *metrics)
{
    struct calendar *calendars;
    size_t n;
    metrics->accounts++;
    metrics->accounts_sign_in += account->state == ACCOUNT_SIGN_IN_NEEDED;
    if (store_calendars(cx, bridge->store, account->id, &calendars, &n))
        return;
    metrics->calendars += (int64_t)n;
    for (size_t i = 0; i < n; i++)
        metrics->objects += calendars[i].objects;
}

static void count_events(
    struct ctx *cx, struct bridge *bridge, struct bridge_metrics *metrics)
{
    const struct events_counts *counts = events_counts(bridge);
    metrics->events_long_connection = events_way(bridge) == EVENTS_LONG_CONNECTION;
    metrics->events_callback = events_way(bridge) == EVENTS_CALLBACK;
    store_subscriptions_count(cx, bridge->store, &metrics->subscriptions);
    if (!counts)
        return;
    metrics->events_received = counts->received;
    metrics->events_duplicate = counts->duplicates;
    metrics->events_refused = counts->refused;
    metrics->events_connections = counts->connections;
}

void bridge_metrics(struct ctx *cx, struct bridge *bridge, struct bridge_metrics *metrics)
{
    struct account *accounts;
    size_t n;
    *metrics = (struct bridge_metrics){
        .upstream_calls = bridge->upstream_calls,
        .upstream_errors = bridge->upstream_errors,
        .pulls = bridge->pulls,
        .pull_errors = bridge->pull_errors,
        .store_log_stuck = store_copier_check(cx, bridge->store) != ERR_OK,
    };
    count_events(cx, bridge, metrics);
    if (store_accounts(cx, bridge->store, &accounts, &n))
        return;
    for (size_t i = 0; i < n; i++)
        count_account(cx, bridge, &accounts[i], metrics);
}
