/* What Feishu tells of becomes pokes. The long connection lives on a thread of its own;
 * when it cannot be had, everything goes on by polling, and it is tried again later. */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "feishu/hook.h"
#include "feishu/longconn.h"

#include <stdlib.h>
#include <string.h>

#define POKE_MS 200   /* a storm on one calendar is one pull */
#define RETRY_POLLS 5 /* poll intervals until a refused connection is tried again */
#define RETRY_MAX_S 600
#define END_S 1
#define UPS 6
#define UPS_MS 600000
#define CALM_MS 120000

struct events {
    struct bridge *bridge;
    struct longconn *longconn;
    struct event_memory *memory;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t threads[2];
    size_t n_threads;
    atomic_bool connected, was_connected, called_back;
    bool look; /* for subscriptions that are due; under the mutex */
    struct events_counts counts;
    int64_t ups_ms[UPS]; /* when the connection came up the last times */
    size_t next_up;
};

static bool by_connection(const struct bridge *bridge)
{
    enum sync_events mode = bridge->conf->sync.events;
    return mode == SYNC_EVENTS_AUTO || mode == SYNC_EVENTS_LONG_CONNECTION;
}

static bool by_callback(const struct bridge *bridge)
{
    enum sync_events mode = bridge->conf->sync.events;
    return (mode == SYNC_EVENTS_AUTO || mode == SYNC_EVENTS_CALLBACK) &&
        (secret_text(&bridge->conf->feishu.encrypt_key) ||
            secret_text(&bridge->conf->feishu.verification_token));
}

const struct events_counts *events_counts(const struct bridge *bridge)
{
    return bridge->events ? &bridge->events->counts : NULL;
}

enum events_way events_way(const struct bridge *bridge)
{
    const struct events *events = bridge->events;
    if (events && events->connected)
        return EVENTS_LONG_CONNECTION;
    return events && events->called_back ? EVENTS_CALLBACK : EVENTS_POLLING;
}

static const char *const way_words[] = {
    [EVENTS_POLLING] = "polling",
    [EVENTS_LONG_CONNECTION] = "long-connection",
    [EVENTS_CALLBACK] = "callback",
};

/* For "user show", which runs in another process. */
static void note_way(struct ctx *cx, const struct bridge *bridge)
{
    if (store_setting_set(
            cx, bridge->store, EVENTS_SETTING, way_words[events_way(bridge)]))
        log_line(cx, LOG_INFO, LOG_SYNC, "events: %s", ctx_error(cx));
}

/* ---- what is dirty ---- */

/* Which calendar an access entry is of is not told: the lists of all that the person owns
 * are read. */
static enum err poke_shares(
    struct ctx *cx, struct bridge *bridge, const struct account *account)
{
    struct calendar *list;
    size_t n, owned = 0;
    TRY(store_calendars(cx, bridge->store, account->id, &list, &n));
    for (size_t i = 0; i < n; i++)
        if (role_of(list[i].role) == BE_OWNER) {
            TRY(store_shares_stale(cx, bridge->store, list[i].id));
            owned++;
        }
    if (owned)
        bridge_poke_shares(bridge, account->id);
    return ERR_OK;
}

static enum err poke_lists(
    struct ctx *cx, struct bridge *bridge, const struct feishu_event *event)
{
    for (size_t i = 0; i < event->n_users; i++) {
        struct account account;
        enum err err = store_account_by_open_id(
            cx, bridge->store, event->users[i].open_id, &account);
        if (err == ERR_NOT_FOUND)
            continue;
        TRY(err);
        if (account.state != ACCOUNT_OK)
            continue;
        bridge_poke_list(bridge, account.id);
        if (event->kind == FEISHU_TOLD_ACL)
            TRY(poke_shares(cx, bridge, &account));
    }
    return ERR_OK;
}

static enum err poke_calendars(
    struct ctx *cx, struct bridge *bridge, const struct feishu_event *event)
{
    struct calendar *list;
    size_t n;
    TRY(store_calendars_by_upstream(cx, bridge->store, event->calendar_id, &list, &n));
    for (size_t i = 0; i < n; i++)
        bridge_poke_later(bridge, list[i].account_id, list[i].id, POKE_MS);
    return ERR_OK;
}

/* Of an access entry, the lists of its owner and of its person are read, which holds the
 * role. Of a revocation too: a list read with a dead token ends the account's sign-in,
 * and one that was told of hours late does not end a newer sign-in. */
static enum err take(
    struct ctx *cx, struct bridge *bridge, const struct feishu_event *event)
{
    switch (event->kind) {
    case FEISHU_TOLD_EVENTS:
        return poke_calendars(cx, bridge, event);
    case FEISHU_TOLD_LIST:
    case FEISHU_TOLD_ACL:
    case FEISHU_TOLD_REVOKED:
        return poke_lists(cx, bridge, event);
    case FEISHU_TOLD_OTHER:
        break;
    }
    return ERR_OK;
}

static enum err take_once(
    struct ctx *cx, struct events *events, const struct feishu_event *event)
{
    const char *app_id = events->bridge->conf->feishu.app_id;
    if (*event->app_id && !str_eq(event->app_id, app_id)) {
        log_line(cx, LOG_INFO, LOG_SYNC, "events: one of another app was left aside");
        return ERR_OK;
    }
    if (event_memory_has(events->memory, event->event_id)) {
        events->counts.duplicates++;
        return ERR_OK;
    }
    TRY(take(cx, events->bridge, event));
    event_memory_add(events->memory, event->event_id);
    events->counts.received++;
    log_line(cx, LOG_DEBUG, LOG_SYNC, "events: %s %s", event->type, event->event_id);
    return ERR_OK;
}

/* ---- callback ---- */

enum err bridge_events_callback(struct ctx *cx, struct bridge *bridge,
    const struct events_callback *callback, char **answer)
{
    struct events *events = bridge->events;
    struct hook_keys keys = {
        bridge->conf->feishu.verification_token, bridge->conf->feishu.encrypt_key};
    struct hook_request request = {.body = callback->body,
        .body_bytes = callback->body_bytes,
        .timestamp = callback->timestamp,
        .nonce = callback->nonce,
        .signature = callback->signature};
    struct hook_result result;
    if (!events || !by_callback(bridge))
        return fail(cx, ERR_NOT_FOUND,
            "callbacks are not taken: see sync.events, feishu.encrypt-key and "
            "feishu.verification-token");
    enum err err = hook_open(cx, &keys, &request, &result);
    if (err) {
        events->counts.refused++;
        log_line(cx, LOG_INFO, LOG_SYNC, "events: callback refused: %s", ctx_error(cx));
        return err;
    }
    if (!atomic_exchange(&events->called_back, true)) {
        log_line(cx, LOG_INFO, LOG_SYNC, "events: Feishu calls back");
        subscriptions_look(bridge);
    }
    cJSON *json = json_object(cx->arena);
    if (result.challenge)
        cJSON_AddStringToObject(json, "challenge", result.challenge);
    else
        TRY(take_once(cx, events, &result.event));
    *answer = json_print(cx->arena, json);
    return ERR_OK;
}

/* ---- long connection ---- */

static enum err on_message(void *self, struct ctx *cx, const char *text, size_t len_bytes)
{
    struct events *events = self;
    struct feishu_event event;
    cJSON *json = strlen(text) == len_bytes ? json_parse(cx->arena, text) : NULL;
    TRY(envelope_read(cx, json, &event));
    return take_once(cx, events, &event);
}

/* A connection that comes and goes all the time does not make everything dirty each time
 * at once. */
static int64_t all_delay_ms(struct ctx *cx, struct events *events)
{
    int64_t now_ms = ctx_monotonic_ms(cx), oldest_ms = events->ups_ms[events->next_up];
    events->ups_ms[events->next_up] = now_ms;
    events->next_up = (events->next_up + 1) % UPS;
    return oldest_ms && now_ms - oldest_ms < UPS_MS ? CALM_MS : 0;
}

static void on_up(void *self, struct ctx *cx)
{
    struct events *events = self;
    events->counts.connections++;
    events->connected = events->was_connected = true;
    log_line(cx, LOG_INFO, LOG_SYNC, "events: the long connection is up");
    note_way(cx, events->bridge);
    bridge_poke_all(events->bridge, all_delay_ms(cx, events));
    subscriptions_look(events->bridge);
}

static void on_down(void *self, struct ctx *cx, const char *why)
{
    struct events *events = self;
    const char *text = arena_strdup(cx->arena, why);
    bool was_up = atomic_exchange(&events->connected, false);
    if (was_up || events->bridge->conf->sync.events == SYNC_EVENTS_LONG_CONNECTION)
        sync_warn(
            cx, "events: the long connection is down, changes are polled: %s", text);
    else
        log_line(cx, LOG_INFO, LOG_SYNC,
            "events: no long connection, changes are polled: %s", text);
    note_way(cx, events->bridge);
}

static int64_t retry_s(const struct bridge *bridge)
{
    int64_t s = bridge->conf->sync.poll_interval_s * RETRY_POLLS;
    return s < RETRY_MAX_S ? s : RETRY_MAX_S;
}

static bool wait_s(struct events *events, int64_t s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += s;
    pthread_mutex_lock(&events->mutex);
    while (!events->bridge->stopping)
        if (pthread_cond_timedwait(&events->changed, &events->mutex, &until))
            break;
    pthread_mutex_unlock(&events->mutex);
    return !events->bridge->stopping;
}

static void *connect_for_ever(void *self)
{
    struct events *events = self;
    struct longconn_handler handler = {
        .up = on_up, .down = on_down, .message = on_message, .self = events};
    struct ctx *cx = ctx_new(NULL);
    do {
        ctx_reset(cx);
        enum err err = longconn_run(cx, events->longconn, &handler);
        if (!err)
            break;
        events->connected = false;
        sync_warn(cx,
            "events: Feishu refuses the long connection, changes are polled; it is "
            "tried again in %lld s: %s",
            (long long)retry_s(events->bridge), ctx_error(cx));
        note_way(cx, events->bridge);
    } while (wait_s(events, retry_s(events->bridge)));
    ctx_free(cx);
    return NULL;
}

/* ---- subscriptions ---- */

void subscriptions_look(struct bridge *bridge)
{
    struct events *events = bridge->events;
    if (!events)
        return;
    pthread_mutex_lock(&events->mutex);
    events->look = true;
    pthread_cond_broadcast(&events->changed);
    pthread_mutex_unlock(&events->mutex);
}

/* Whether somebody listens, so that asking Feishu to tell makes sense. */
static bool somebody_listens(const struct events *events)
{
    return events->was_connected || by_callback(events->bridge);
}

static void *subscribe_for_ever(void *self)
{
    struct events *events = self;
    struct ctx *cx = ctx_new(NULL);
    enum events_way noted = EVENTS_POLLING;
    while (!events->bridge->stopping) {
        if (noted != events_way(events->bridge)) {
            noted = events_way(events->bridge);
            note_way(cx, events->bridge);
        }
        bool more = somebody_listens(events) && subscriptions_step(cx, events->bridge);
        ctx_reset(cx);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += SUBSCRIPTIONS_LOOK_S;
        pthread_mutex_lock(&events->mutex);
        while (!more && !events->look && !events->bridge->stopping)
            if (pthread_cond_timedwait(&events->changed, &events->mutex, &until))
                break;
        events->look = false;
        pthread_mutex_unlock(&events->mutex);
    }
    ctx_free(cx);
    return NULL;
}

/* ---- start and stop ---- */

static enum err start_thread(
    struct ctx *cx, struct events *events, void *(*run)(void *self))
{
    if (pthread_create(&events->threads[events->n_threads], NULL, run, events))
        return fail(cx, ERR_INTERNAL, "no thread can be started");
    events->n_threads++;
    return ERR_OK;
}

void events_prepare(struct bridge *bridge)
{
    pthread_condattr_t attributes;
    struct events *events = calloc(1, sizeof(*events));
    if (!events)
        abort();
    events->bridge = bridge;
    events->memory = event_memory_new();
    pthread_mutex_init(&events->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&events->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    bridge->events = events;
}

enum err events_start(struct ctx *cx, struct bridge *bridge)
{
    struct events *events = bridge->events;
    note_way(cx, bridge);
    if (by_connection(bridge)) {
        events->longconn = longconn_new(bridge->feishu);
        TRY(start_thread(cx, events, connect_for_ever));
    }
    if (by_connection(bridge) || by_callback(bridge))
        TRY(start_thread(cx, events, subscribe_for_ever));
    return ERR_OK;
}

void events_stop(struct bridge *bridge)
{
    struct events *events = bridge->events;
    if (!events)
        return;
    if (events->longconn)
        longconn_stop(events->longconn);
    pthread_mutex_lock(&events->mutex);
    pthread_cond_broadcast(&events->changed);
    pthread_mutex_unlock(&events->mutex);
}

bool events_end(struct bridge *bridge)
{
    struct events *events = bridge->events;
    struct timespec until;
    if (!events)
        return true;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_S;
    for (size_t i = 0; i < events->n_threads; i++)
        if (pthread_timedjoin_np(events->threads[i], NULL, &until))
            return false;
    struct ctx *cx = ctx_new(NULL);
    bridge->events = NULL;
    note_way(cx, bridge);
    ctx_free(cx);
    longconn_free(events->longconn);
    event_memory_free(events->memory);
    pthread_cond_destroy(&events->changed);
    pthread_mutex_destroy(&events->mutex);
    free(events);
    return true;
}
