/* Pushes to clients (WebDAV-Push): the server's keys, and who wants to be told. */
#include "config.h"

#include "base/codec.h"
#include "base/webpush.h"
#include "bridge/notify.h"
#include "notify/send.h"

#include <string.h>

#define NAME_BYTES 15
#define TOPIC_BYTES 16
#define MAX_AN_ACCOUNT 1000
#define GRANTED_S (30 * 86400LL)
#define GRANTED_MIN_S (3 * 86400LL) /* the draft's section on expiration */

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
        TRY(store_end(cx, tx, err));
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
char *notify_topic(
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
    return notify_topic(cx, bridge, user->id, calendar ? calendar->id : 0);
}

/* ---- what the properties of a place are ---- */

static void add(struct buf *out, const char *text)
{
    buf_adds(out, text ? text : "\1");
    buf_addc(out, '\n');
}

static enum err add_calendar(
    struct ctx *cx, struct bridge *bridge, int64_t calendar_id, struct buf *out)
{
    struct calendar one;
    TRY(store_calendar(cx, bridge->store, calendar_id, &one));
    add(out, one.summary);
    add(out, one.alias);
    add(out, one.description);
    add(out, one.color_text);
    add(out, one.role);
    buf_printf(out, "%lld\n", (long long)one.color);
    return ERR_OK;
}

enum err notify_state(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    int64_t calendar_id, const char **state)
{
    struct property *list;
    size_t n;
    unsigned char digest[SHA256_BYTES];
    struct buf text = buf_new(cx->arena);
    const char *place = "home";
    if (calendar_id) {
        place = arena_printf(cx->arena, "calendar:%lld", (long long)calendar_id);
        TRY(add_calendar(cx, bridge, calendar_id, &text));
    }
    TRY(store_properties(cx, bridge->store, account_id, place, &list, &n));
    for (size_t i = 0; i < n; i++) {
        add(&text, list[i].ns);
        add(&text, list[i].name);
        add(&text, list[i].xml);
    }
    crypto_sha256(buf_str(&text), text.len_bytes, digest);
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
    TRY(notify_state(cx, bridge, user->id, one.calendar_id, &one.state));
    TRY(crypto_seal(cx, bridge->key, NOTIFY_SECRET, push->auth_secret, &sealed));
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
