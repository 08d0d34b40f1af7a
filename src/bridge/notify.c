/* Pushes to clients (WebDAV-Push): who wants them, and a thread that looks once a second
 * what has changed and tells it. That merges what belongs together, and what another
 * process writes is seen as well. */
#include "config.h"

#include "base/codec.h"
#include "base/webpush.h"
#include "bridge/bridge_internal.h"
#include "notify/send.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_MS 1000
#define NAME_BYTES 15
#define TOPIC_BYTES 16
#define MAX_AN_ACCOUNT 1000
#define GRANTED_S (30 * 86400LL)
#define GRANTED_MIN_S (3 * 86400LL) /* the draft's section on expiration */
#define RETRY_S 60
#define GIVE_UP_S (3 * 86400LL)
#define SIGNED_FOR_S (12 * 3600) /* RFC 8292 section 2: a day at most */
#define SECRET "push.auth"

struct notifier {
    struct bridge *bridge;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    atomic_bool stop;
};

/* ---- keys ---- */

static enum err make_keys(struct ctx *cx, struct bridge *bridge, char **sealed)
{
    char *private_key, *public_key;
    webpush_keys(cx, &private_key, &public_key);
    TRY(crypto_seal(cx, bridge->key, "push.key",
        arena_printf(cx->arena, "%s %s", private_key, public_key), sealed));
    return store_setting_set(cx, bridge->store, "push-key", *sealed);
}

enum err notify_keys(struct ctx *cx, struct bridge *bridge)
{
    struct store_tx *tx;
    char *sealed = NULL, *plain = NULL;
    TRY(store_setting(cx, bridge->store, "push-key", &sealed));
    if (!sealed) {
        TRY(store_begin(cx, bridge->store, &tx));
        enum err err = store_setting(cx, bridge->store, "push-key", &sealed);
        if (!err && !sealed)
            err = make_keys(cx, bridge, &sealed);
        if (err) {
            store_rollback(tx);
            return err;
        }
        TRY(store_commit(cx, tx));
    }
    TRY(crypto_open(cx, bridge->key, "push.key", sealed, &plain));
    char **parts = str_split(cx->arena, plain, ' ');
    if (!parts[0] || !parts[1])
        return fail(cx, ERR_STORE, "the keys for push services cannot be read");
    bridge->push_private = strdup(parts[0]);
    bridge->push_public = strdup(parts[1]);
    return ERR_OK;
}

const char *be_push_key(struct bridge *bridge)
{
    return bridge->push_public;
}

/* Says nothing to a push service that sees it. */
static char *topic_of(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, int64_t calendar_id)
{
    unsigned char digest[SHA256_BYTES];
    const char *text = arena_printf(cx->arena, "topic %s %lld %lld",
        store_epoch(bridge->store), (long long)account_id, (long long)calendar_id);
    crypto_hmac_sha256(bridge->key, sizeof(bridge->key), text, strlen(text), digest);
    return base64url_encode(cx->arena, digest, TOPIC_BYTES);
}

char *be_push_topic(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar)
{
    return topic_of(cx, bridge, user->id, calendar ? calendar->id : 0);
}

/* ---- what a calendar's properties are ---- */

static void add(struct buf *out, const char *text)
{
    buf_adds(out, text ? text : "\1");
    buf_addc(out, '\n');
}

static enum err state_of(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    int64_t calendar_id, const char **state)
{
    struct calendar one;
    struct property *list;
    size_t n;
    unsigned char digest[SHA256_BYTES];
    struct buf text = buf_new(cx->arena);
    *state = "";
    if (!calendar_id)
        return ERR_OK;
    TRY(store_calendar(cx, bridge->store, calendar_id, &one));
    TRY(store_properties(cx, bridge->store, account_id,
        arena_printf(cx->arena, "calendar:%lld", (long long)calendar_id), &list, &n));
    add(&text, one.summary);
    add(&text, one.alias);
    add(&text, one.description);
    add(&text, one.color_text);
    add(&text, one.role);
    buf_printf(&text, "%lld\n", (long long)one.color);
    for (size_t i = 0; i < n; i++) {
        add(&text, list[i].ns);
        add(&text, list[i].name);
        add(&text, list[i].xml);
    }
    crypto_sha256(text.data, text.len_bytes, digest);
    *state = base64url_encode(cx->arena, digest, TOPIC_BYTES);
    return ERR_OK;
}

/* ---- registration ---- */

static enum err check_push(
    struct ctx *cx, struct bridge *bridge, const struct be_push *push, int64_t account_id)
{
    int64_t n = 0;
    if (!notify_url_good(push->resource, bridge->conf->server.push_anywhere))
        return fail(cx, ERR_PUSH_SUBSCRIPTION,
            "push-resource must be an https address of a push service");
    if (!webpush_keys_good(cx, push->public_key, push->auth_secret))
        return fail(cx, ERR_PUSH_SUBSCRIPTION,
            "messages are sent encrypted only: the keys of the subscription are missing "
            "or broken");
    TRY(store_pushes_count(cx, bridge->store, account_id, &n));
    if (n >= MAX_AN_ACCOUNT)
        return fail(cx, ERR_PUSH_SUBSCRIPTION, "more than %d subscriptions",
            MAX_AN_ACCOUNT);
    return ERR_OK;
}

static int64_t granted(int64_t wanted_s, int64_t now_s)
{
    if (!wanted_s || wanted_s > now_s + GRANTED_S)
        return now_s + GRANTED_S;
    return wanted_s < now_s + GRANTED_MIN_S ? now_s + GRANTED_MIN_S : wanted_s;
}

enum err be_push_register(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar, struct be_push *push,
    const char **name)
{
    char *sealed = NULL;
    struct push_target one = {
        .account_id = user->id,
        .calendar_id = calendar ? calendar->id : 0,
        .name = crypto_random_text(cx, NAME_BYTES),
        .resource = push->resource,
        .public_key = push->public_key,
        .content = push->content,
        .properties = push->properties,
        .expires_s = granted(push->expires_s, ctx_now_s(cx)),
        .sent = calendar ? calendar->change : user->home_change,
    };
    TRY(check_push(cx, bridge, push, user->id));
    TRY(state_of(cx, bridge, user->id, one.calendar_id, &one.state));
    TRY(crypto_seal(cx, bridge->key, SECRET, push->auth_secret, &sealed));
    one.auth_secret = sealed;
    TRY(store_push_save(cx, bridge->store, &one));
    push->expires_s = one.expires_s;
    *name = one.name;
    return ERR_OK;
}

enum err be_push_remove(
    struct ctx *cx, struct bridge *bridge, const struct be_user *user, const char *name)
{
    return store_push_remove(cx, bridge->store, user->id, name);
}

/* ---- sending ---- */

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
    buf_adds(&out, topic_of(cx, bridge, one->account_id, one->calendar_id));
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

static enum err send_message(struct ctx *cx, struct notifier *notifier,
    const struct push_target *one, const char *text, const char *kind, long *status)
{
    struct bridge *bridge = notifier->bridge;
    const char *base_url = bridge->conf->server.base_url, *why = "";
    struct webpush_sender sender = {
        .private_key = bridge->push_private,
        .public_key = bridge->push_public,
        .contact = base_url && str_istarts(base_url, "https://") ? base_url : NULL,
    };
    struct buf body = buf_new(cx->arena);
    char *auth_secret = NULL, *authorization = NULL;
    TRY(crypto_open(cx, bridge->key, SECRET, one->auth_secret, &auth_secret));
    TRY(webpush_encrypt(cx, one->public_key, auth_secret, text, &body));
    TRY(webpush_authorization(cx, &sender, notify_origin(cx, one->resource),
        ctx_now_s(cx) + SIGNED_FOR_S, &authorization));
    struct notify_message message = {
        .url = one->resource,
        .authorization = authorization,
        .topic = arena_printf(cx->arena, "%s%s",
            topic_of(cx, bridge, one->account_id, one->calendar_id), kind),
        .body = body.data,
        .body_bytes = body.len_bytes,
        .anywhere = bridge->conf->server.push_anywhere,
        .stop = &notifier->stop,
    };
    *status = notify_send(cx, &message, &why);
    log_line(cx, LOG_INFO, LOG_SYNC, "push to %s: %ld %s",
        notify_origin(cx, one->resource), *status, *status ? "" : why);
    return ERR_OK;
}

/* RFC 8030 section 7.3: a subscription that is gone is 404 or 410. */
static enum err after(
    struct ctx *cx, struct bridge *bridge, struct push_target *one, long status)
{
    int64_t now_s = ctx_now_s(cx);
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
    one->retry_s = now_s + RETRY_S;
    return store_push_sent(cx, bridge->store, one);
}

static enum err tell(struct ctx *cx, struct notifier *notifier, struct push_target *one)
{
    struct bridge *bridge = notifier->bridge;
    const char *state = NULL, *told = one->state;
    bool content = false;
    if (one->expires_s <= ctx_now_s(cx))
        return store_push_drop(cx, bridge->store, one->id);
    TRY(content_changed(cx, bridge, one, &content));
    TRY(state_of(cx, bridge, one->account_id, one->calendar_id, &state));
    bool properties = one->properties && !str_eq(state, told);
    content = content && one->content;
    if (!content && !properties) {
        one->sent = one->change;
        one->state = state;
        return store_push_sent(cx, bridge->store, one);
    }
    long status = 0;
    TRY(send_message(cx, notifier, one,
        message_text(cx, bridge, one, content, properties),
        content && properties ? "b" : content ? "c" : "p", &status));
    if (status >= 200 && status < 300)
        one->state = state;
    return notifier->stop ? ERR_OK : after(cx, bridge, one, status);
}

static void look(struct ctx *cx, struct ctx *scratch, struct notifier *notifier)
{
    struct push_target *list = NULL;
    size_t n = 0;
    if (store_pushes_due(cx, notifier->bridge->store, ctx_now_s(cx), &list, &n))
        return;
    for (size_t i = 0; i < n && !notifier->stop; i++) {
        if (tell(scratch, notifier, &list[i]))
            log_line(scratch, LOG_INFO, LOG_SYNC, "push: %s", ctx_error(scratch));
        ctx_reset(scratch);
    }
}

static void *run(void *self)
{
    struct notifier *notifier = self;
    struct ctx *cx = ctx_new(NULL), *scratch = ctx_new(NULL);
    while (!notifier->stop) {
        struct timespec until;
        look(cx, scratch, notifier);
        ctx_reset(cx);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += TICK_MS / 1000;
        pthread_mutex_lock(&notifier->mutex);
        if (!notifier->stop)
            pthread_cond_timedwait(&notifier->changed, &notifier->mutex, &until);
        pthread_mutex_unlock(&notifier->mutex);
    }
    ctx_free(scratch);
    ctx_free(cx);
    return NULL;
}

void notify_start(struct bridge *bridge)
{
    struct notifier *notifier = calloc(1, sizeof(*notifier));
    if (!notifier)
        abort();
    notifier->bridge = bridge;
    pthread_mutex_init(&notifier->mutex, NULL);
    pthread_cond_init(&notifier->changed, NULL);
    if (pthread_create(&notifier->thread, NULL, run, notifier)) {
        free(notifier);
        return;
    }
    bridge->notifier = notifier;
}

/* A request under way is cut: the message is sent again after the next start. */
void notify_stop(struct bridge *bridge)
{
    struct notifier *notifier = bridge->notifier;
    if (!notifier)
        return;
    pthread_mutex_lock(&notifier->mutex);
    notifier->stop = true;
    pthread_cond_broadcast(&notifier->changed);
    pthread_mutex_unlock(&notifier->mutex);
    pthread_join(notifier->thread, NULL);
    bridge->notifier = NULL;
    pthread_cond_destroy(&notifier->changed);
    pthread_mutex_destroy(&notifier->mutex);
    free(notifier);
}
