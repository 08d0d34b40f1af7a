/* The thread that tells clients (WebDAV-Push): it looks once a second what has changed,
 * which merges what belongs together and sees what another process writes, and sends many
 * messages at once, so that a slow push service holds up nobody else's. */
#include "config.h"

#include "base/webpush.h"
#include "bridge/notify.h"
#include "notify/send.h"

#include <stdlib.h>
#include <string.h>

#define TICK_MS 1000
#define FLIGHTS_MAX 64
#define FLIGHTS_A_SERVICE 8
#define RETRY_S 60
#define GIVE_UP_S (3 * 86400LL)
#define SIGNED_FOR_S (12 * 3600) /* RFC 8292 section 2: a day at most */

/* A message under way. */
struct flight {
    struct flight *next;
    struct notifier *notifier;
    struct ctx *cx; /* its memory */
    struct push_target one;
    const char *origin;
};

struct notifier {
    struct bridge *bridge;
    struct notify_wire *wire;
    pthread_t thread;
    atomic_bool stop;
    struct flight *flights; /* of the thread alone */
    pthread_mutex_t mutex;
    int64_t *held; /* ids, under the mutex; one that is held twice is there twice */
    size_t n_held;
};

/* ---- who is told nothing for the moment ---- */

void notify_hold(struct notifier *notifier, const int64_t *ids, size_t n)
{
    if (!notifier || !n)
        return;
    pthread_mutex_lock(&notifier->mutex);
    notifier->held =
        realloc(notifier->held, (notifier->n_held + n) * sizeof(*notifier->held));
    if (!notifier->held)
        abort();
    memcpy(notifier->held + notifier->n_held, ids, n * sizeof(*ids));
    notifier->n_held += n;
    pthread_mutex_unlock(&notifier->mutex);
}

void notify_release(struct notifier *notifier, const int64_t *ids, size_t n)
{
    if (!notifier)
        return;
    pthread_mutex_lock(&notifier->mutex);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < notifier->n_held; k++)
            if (notifier->held[k] == ids[i]) {
                notifier->held[k] = notifier->held[--notifier->n_held];
                break;
            }
    pthread_mutex_unlock(&notifier->mutex);
}

static bool is_held(struct notifier *notifier, int64_t id)
{
    bool held = false;
    pthread_mutex_lock(&notifier->mutex);
    for (size_t i = 0; i < notifier->n_held; i++)
        held |= notifier->held[i] == id;
    pthread_mutex_unlock(&notifier->mutex);
    return held;
}

/* ---- what there is to tell ---- */

static bool any_change(void *self, const struct object *one)
{
    (void)one;
    *(bool *)self = true;
    return false;
}

/* The home's content is the list of calendars and what clients see of them there. */
static enum err content_changed(
    struct ctx *cx, struct bridge *bridge, const struct push_target *one, bool *changed)
{
    *changed = !one->calendar_id;
    if (*changed)
        return ERR_OK;
    return store_changes(
        cx, bridge->store, one->calendar_id, one->sent, any_change, changed);
}

static char *message_text(struct ctx *cx, struct bridge *bridge,
    const struct push_target *one, bool content, bool properties)
{
    struct buf out = buf_new(cx->arena);
    buf_adds(&out,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<P:push-message xmlns:D=\"DAV:\" "
        "xmlns:P=\"https://bitfire.at/webdav-push\"><P:topic>");
    buf_adds(&out, notify_topic(cx, bridge, one->account_id, one->calendar_id));
    buf_adds(&out, "</P:topic>");
    if (content)
        buf_printf(&out,
            "<P:content-update><D:sync-token>" BE_SYNC_TOKEN
            "</D:sync-token></P:content-update>",
            store_epoch(bridge->store), (long long)one->change);
    if (properties)
        buf_adds(&out, "<P:property-update/>");
    buf_adds(&out, "</P:push-message>\n");
    return arena_strdup(cx->arena, buf_str(&out));
}

/* ---- sending ---- */

static enum err send_message(
    struct flight *flight, const char *text, const char *kind)
{
    struct ctx *cx = flight->cx;
    struct notifier *notifier = flight->notifier;
    struct bridge *bridge = notifier->bridge;
    const struct push_target *one = &flight->one;
    const char *base_url = bridge->conf->server.base_url;
    struct webpush_sender sender = {
        .private_key = bridge->push_private,
        .public_key = bridge->push_public,
        .contact = base_url && str_istarts(base_url, "https://") ? base_url : NULL,
    };
    struct buf body = buf_new(cx->arena);
    char *auth_secret = NULL, *authorization = NULL;
    TRY(crypto_open(cx, bridge->key, NOTIFY_SECRET, one->auth_secret, &auth_secret));
    TRY(webpush_encrypt(cx, one->public_key, auth_secret, text, &body));
    TRY(webpush_authorization(
        cx, &sender, flight->origin, ctx_now_s(cx) + SIGNED_FOR_S, &authorization));
    struct notify_message message = {
        .url = one->resource,
        .authorization = authorization,
        .topic = arena_printf(cx->arena, "%s%s",
            notify_topic(cx, bridge, one->account_id, one->calendar_id), kind),
        .body = body.data,
        .body_bytes = body.len_bytes,
        .anywhere = bridge->conf->server.push_anywhere,
    };
    notify_wire_send(cx, notifier->wire, &message, flight);
    return ERR_OK;
}

/* RFC 8030 section 7.3: a subscription that is gone is 404 or 410. */
static enum err after(struct ctx *cx, struct bridge *bridge, struct push_target *one,
    const struct notify_result *result)
{
    int64_t now_s = ctx_now_s(cx);
    long status = result->status;
    if (status == 404 || status == 410)
        return store_push_drop(cx, bridge->store, one->id);
    if (status >= 200 && status < 300) {
        one->sent = one->change;
        one->failed_s = one->retry_s = 0;
        return store_push_sent(cx, bridge->store, one);
    }
    if (one->failed_s && one->failed_s + GIVE_UP_S < now_s)
        return store_push_drop(cx, bridge->store, one->id);
    one->failed_s = one->failed_s ? one->failed_s : now_s;
    one->retry_s =
        now_s + (result->retry_after_s > RETRY_S ? result->retry_after_s : RETRY_S);
    return store_push_sent(cx, bridge->store, one);
}

static void land(struct flight *flight)
{
    struct flight **at = &flight->notifier->flights;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    ctx_free(flight->cx);
    free(flight);
}

/* The state that was told counts only once the message has arrived. */
static void done(void *self, const struct notify_result *result)
{
    struct flight *flight = self;
    struct ctx *cx = flight->cx;
    log_line(cx, LOG_INFO, LOG_SYNC, "push to %s: %ld %s", flight->origin,
        result->status, result->status ? "" : result->why);
    if (after(cx, flight->notifier->bridge, &flight->one, result))
        log_line(cx, LOG_INFO, LOG_SYNC, "push: %s", ctx_error(cx));
    land(flight);
}

/* ---- looking ---- */

static struct flight *take_off(
    struct notifier *notifier, const struct push_target *target)
{
    struct flight *flight = calloc(1, sizeof(*flight));
    if (!flight)
        abort();
    flight->cx = ctx_new(NULL);
    flight->notifier = notifier;
    flight->next = notifier->flights;
    notifier->flights = flight;
    struct arena *arena = flight->cx->arena;
    flight->one = *target;
    flight->one.name = arena_strdup(arena, target->name);
    flight->one.resource = arena_strdup(arena, target->resource);
    flight->one.public_key = arena_strdup(arena, target->public_key);
    flight->one.auth_secret = arena_strdup(arena, target->auth_secret);
    flight->one.state = arena_strdup(arena, target->state);
    flight->origin = notify_origin(flight->cx, target->resource);
    return flight;
}

/* *sent = a message is under way. */
static enum err tell(struct flight *flight, bool *sent)
{
    struct ctx *cx = flight->cx;
    struct bridge *bridge = flight->notifier->bridge;
    struct push_target *one = &flight->one;
    const char *state = NULL;
    bool content = false;
    TRY(content_changed(cx, bridge, one, &content));
    TRY(notify_state(cx, bridge, one->account_id, one->calendar_id, &state));
    bool properties = one->properties && !str_eq(state, one->state);
    content = content && one->content;
    if (!content && !properties) {
        one->sent = one->change;
        one->state = state;
        return store_push_sent(cx, bridge->store, one);
    }
    one->state = state;
    TRY(send_message(flight, message_text(cx, bridge, one, content, properties),
        content && properties ? "b" : content ? "c" : "p"));
    *sent = true;
    return ERR_OK;
}

static bool has_room(const struct notifier *notifier, const char *origin)
{
    size_t all = 0, same = 0;
    for (const struct flight *one = notifier->flights; one; one = one->next) {
        all++;
        same += str_eq(one->origin, origin);
    }
    return all < FLIGHTS_MAX && same < FLIGHTS_A_SERVICE;
}

static bool is_flying(const struct notifier *notifier, int64_t id)
{
    for (const struct flight *one = notifier->flights; one; one = one->next)
        if (one->one.id == id)
            return true;
    return false;
}

static void look_at(
    struct ctx *cx, struct notifier *notifier, const struct push_target *one)
{
    bool sent = false;
    if (is_flying(notifier, one->id) || is_held(notifier, one->id))
        return;
    if (one->expires_s <= ctx_now_s(cx)) {
        if (store_push_drop(cx, notifier->bridge->store, one->id))
            log_line(cx, LOG_INFO, LOG_SYNC, "push: %s", ctx_error(cx));
        return;
    }
    if (!has_room(notifier, notify_origin(cx, one->resource)))
        return;
    struct flight *flight = take_off(notifier, one);
    if (tell(flight, &sent))
        log_line(
            flight->cx, LOG_INFO, LOG_SYNC, "push: %s", ctx_error(flight->cx));
    if (!sent)
        land(flight);
}

static void look(struct ctx *cx, struct notifier *notifier)
{
    struct push_target *list = NULL;
    size_t n = 0;
    if (store_pushes_due(cx, notifier->bridge->store, ctx_now_s(cx), &list, &n))
        return;
    for (size_t i = 0; i < n && !notifier->stop; i++)
        look_at(cx, notifier, &list[i]);
}

static void *run(void *self)
{
    struct notifier *notifier = self;
    struct ctx *cx = ctx_new(NULL);
    int64_t next_ms = 0;
    while (!notifier->stop) {
        int64_t left_ms = next_ms - ctx_monotonic_ms(cx);
        if (left_ms <= 0) {
            look(cx, notifier);
            ctx_reset(cx);
            left_ms = TICK_MS;
            next_ms = ctx_monotonic_ms(cx) + TICK_MS;
        }
        notify_wire_poll(notifier->wire, (int)left_ms, done);
    }
    ctx_free(cx);
    return NULL;
}

/* ---- from the start to the end ---- */

void notify_free(struct notifier *notifier)
{
    if (!notifier)
        return;
    notify_wire_free(notifier->wire);
    while (notifier->flights)
        land(notifier->flights);
    pthread_mutex_destroy(&notifier->mutex);
    free(notifier->held);
    free(notifier);
}

void notify_start(struct bridge *bridge)
{
    struct notifier *notifier = calloc(1, sizeof(*notifier));
    if (!notifier)
        abort();
    notifier->bridge = bridge;
    notifier->wire = notify_wire_new();
    pthread_mutex_init(&notifier->mutex, NULL);
    if (pthread_create(&notifier->thread, NULL, run, notifier)) {
        notify_free(notifier);
        return;
    }
    bridge->notifier = notifier;
}

/* A message under way is sent again after the next start. Requests may still hold and
 * release: the memory stays. */
void notify_stop(struct bridge *bridge)
{
    struct notifier *notifier = bridge->notifier;
    if (!notifier || notifier->stop)
        return;
    notifier->stop = true;
    notify_wire_wake(notifier->wire);
    pthread_join(notifier->thread, NULL);
}
