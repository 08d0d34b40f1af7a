#include "feishu/longconn.h"

#include "base/log.h"
#include "base/str.h"
#include "base/url.h"
#include "feishu/frame.h"
#include "feishu/longconn_parts.h"
#include "feishu/state.h"
#include "feishu/websocket.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BOOTSTRAP_PATH "/callback/ws/endpoint"
#define OPEN_TIMEOUT_MS 10000
#define PONG_MS 30000 /* a ping without an answer for so long: the connection is dead */
#define SETTING_MAX_S 3600
#define ACKNOWLEDGED "{\"code\":200,\"headers\":null,\"data\":null}"
#define FAILED "{\"code\":500,\"headers\":null,\"data\":null}"

/* What Feishu tells its clients to do (ClientConfig), and what they do before it does. */
struct settings {
    int64_t reconnect_count; /* -1 = for ever */
    int64_t reconnect_interval_s, reconnect_nonce_s, ping_interval_s;
};
static const struct settings settings_default = {
    .reconnect_count = -1,
    .reconnect_interval_s = 120,
    .reconnect_nonce_s = 30,
    .ping_interval_s = 120,
};

struct longconn {
    struct feishu *feishu;
    int wake_fd;
    atomic_bool stopped;
    struct settings settings;
};

/* One connection. */
struct session {
    struct longconn *longconn;
    const struct longconn_handler *handler;
    struct ctx *cx;
    struct websocket *ws;
    struct parts *parts;
    int32_t service;
    int64_t next_ping_ms;
    int64_t dead_ms; /* unless something comes before; 0 = no ping is under way */
    bool was_up;
    bool final; /* trying again is of no use */
};

/* ---- bootstrap ---- */

enum verdict { AGAIN, STOP };

/* What is not listed is a refusal, as the official clients see it. */
static const struct {
    int64_t code;
    enum verdict verdict;
    const char *text;
} bootstrap_codes[] = {
    {1, AGAIN, "busy"},
    {403, STOP, "the app may not use the long connection"},
    {514, STOP, "app-id or app-secret is wrong"},
    {1000040343, AGAIN, "internal error"},
    {1000040344, STOP, "no credentials"},
    {1000040350, STOP, "too many connections of this app"},
};

static enum verdict verdict_of(int64_t code, const char **text)
{
    for (size_t i = 0; i < sizeof(bootstrap_codes) / sizeof(*bootstrap_codes); i++)
        if (bootstrap_codes[i].code == code) {
            *text = bootstrap_codes[i].text;
            return bootstrap_codes[i].verdict;
        }
    *text = "refused";
    return STOP;
}

static int64_t bounded(const cJSON *config, const char *name, int64_t min, int64_t now)
{
    int64_t value = json_int(config, name, now);
    return value < min ? min : value > SETTING_MAX_S ? SETTING_MAX_S : value;
}

static void apply_config(struct longconn *longconn, const cJSON *config)
{
    struct settings *now = &longconn->settings;
    if (!cJSON_IsObject(config))
        return;
    now->reconnect_count = json_int(config, "ReconnectCount", now->reconnect_count);
    now->reconnect_interval_s =
        bounded(config, "ReconnectInterval", 1, now->reconnect_interval_s);
    now->reconnect_nonce_s = bounded(config, "ReconnectNonce", 0, now->reconnect_nonce_s);
    now->ping_interval_s = bounded(config, "PingInterval", 1, now->ping_interval_s);
}

static bool ask_endpoint(struct session *session, struct transport_reply *reply)
{
    struct ctx *cx = session->cx;
    struct feishu *feishu = session->longconn->feishu;
    const struct feishu_options *options = &feishu->options;
    cJSON *body = json_object(cx->arena);
    cJSON_AddStringToObject(body, "AppID", options->app_id);
    cJSON_AddStringToObject(body, "AppSecret", secret_text(&options->app_secret));
    char *text = json_print(cx->arena, body);
    bool done = transport_perform(feishu->transport,
        &(struct transport_request){
            .method = "POST",
            .url = arena_printf(cx->arena, "%s" BOOTSTRAP_PATH, options->base_url),
            .header = "locale: zh",
            .content_type = "application/json; charset=utf-8",
            .body = text,
            .body_bytes = strlen(text),
            .timeout_ms = options->timeout_s * 1000,
            .can_be_cut = true,
        },
        reply);
    explicit_bzero(text, strlen(text));
    return done;
}

static enum err read_endpoint(
    struct session *session, const struct transport_reply *reply, const char **url)
{
    struct ctx *cx = session->cx;
    const char *text;
    const cJSON *json =
        reply->status == 200 ? json_parse(cx->arena, buf_str(&reply->body)) : NULL;
    int64_t code = json_int(json, "code", -1);
    if (!json || code == -1)
        return fail(
            cx, ERR_UPSTREAM_DOWN, "the bootstrap answered HTTP %ld", reply->status);
    if (code != 0) {
        session->final = verdict_of(code, &text) == STOP;
        return fail(cx, session->final ? ERR_UPSTREAM_APP : ERR_UPSTREAM_DOWN,
            "the bootstrap answered %lld: %s (%.100s)", (long long)code, text,
            json_text(json, "msg"));
    }
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(json, "data");
    apply_config(
        session->longconn, cJSON_GetObjectItemCaseSensitive(data, "ClientConfig"));
    *url = json_text(data, "URL");
    return ERR_OK;
}

/* The address holds a ticket: it is never logged. Plain ws:// only where the API itself
 * is spoken to without TLS. */
static enum err check_url(struct session *session, const char *url)
{
    struct ctx *cx = session->cx;
    long long service = 0;
    bool plain = str_istarts(session->longconn->feishu->options.base_url, "http://");
    const char *query = strchr(url, '?');
    if (!str_istarts(url, "wss://") && !(plain && str_istarts(url, "ws://")))
        return fail(cx, ERR_UPSTREAM_DOWN, "the bootstrap gave no wss:// address");
    const char *id = query ? url_form_value(cx->arena, query + 1, "service_id") : NULL;
    if (!id || !str_to_ll(id, INT32_MIN, INT32_MAX, &service))
        return fail(cx, ERR_UPSTREAM_DOWN, "the bootstrap's address has no service_id");
    session->service = (int32_t)service;
    return ERR_OK;
}

static enum err bootstrap(struct session *session, const char **url)
{
    struct transport_reply reply;
    enum err err = ERR_OK;
    if (!ask_endpoint(session, &reply))
        err = fail(
            session->cx, ERR_UPSTREAM_DOWN, "the bootstrap failed: %s", reply.failure);
    else
        err = read_endpoint(session, &reply, url);
    transport_reply_free(&reply);
    return err ? err : check_url(session, *url);
}

/* ---- frames ---- */

static void send_frame(struct session *session, const struct frame *frame)
{
    struct buf bytes = buf_new(session->cx->arena);
    frame_encode(session->cx, frame, &bytes);
    websocket_send(session->ws, bytes.data, bytes.len_bytes);
}

static int64_t pong_ms(const struct longconn *longconn)
{
    int64_t ms = 2000 * longconn->settings.ping_interval_s;
    return ms < PONG_MS ? ms : PONG_MS;
}

static void ping(struct session *session)
{
    struct frame frame = {.service = session->service, .method = FRAME_CONTROL};
    int64_t now_ms = ctx_monotonic_ms(session->cx);
    frame_header_add(&frame, "type", "ping");
    send_frame(session, &frame);
    session->next_ping_ms = now_ms + session->longconn->settings.ping_interval_s * 1000;
    if (!session->dead_ms)
        session->dead_ms = now_ms + pong_ms(session->longconn);
}

static void on_control(struct session *session, const struct frame *frame)
{
    int64_t before_s = session->longconn->settings.ping_interval_s;
    if (!str_eq(frame_header(frame, "type"), "pong") || !frame->payload)
        return;
    apply_config(session->longconn, json_parse(session->cx->arena, frame->payload));
    session->next_ping_ms +=
        (session->longconn->settings.ping_interval_s - before_s) * 1000;
}

static void acknowledge(
    struct session *session, struct frame *frame, enum err err, int64_t started_ms)
{
    struct ctx *cx = session->cx;
    frame_header_add(frame, "biz_rt",
        arena_printf(cx->arena, "%lld", (long long)(ctx_monotonic_ms(cx) - started_ms)));
    frame->payload = err ? FAILED : ACKNOWLEDGED;
    frame->payload_bytes = strlen(frame->payload);
    send_frame(session, frame);
}

static int64_t header_number(const struct frame *frame, const char *key, int64_t fallback)
{
    long long value;
    return str_to_ll(frame_header(frame, key), INT32_MIN, INT32_MAX, &value) ? value
                                                                             : fallback;
}

static void on_data(struct session *session, struct frame *frame)
{
    struct ctx *cx = session->cx;
    const struct longconn_handler *handler = session->handler;
    int64_t started_ms = ctx_monotonic_ms(cx);
    size_t whole_bytes = frame->payload_bytes;
    char *whole = NULL;
    enum err err = ERR_OK;
    if (!str_eq(frame_header(frame, "type"), "event")) /* cards are not for us */
        return;
    struct part part = {
        .message_id = frame_header(frame, "message_id"),
        .sum = header_number(frame, "sum", 1),
        .seq = header_number(frame, "seq", 0),
        .payload = frame->payload,
        .payload_bytes = frame->payload_bytes,
    };
    if (part.sum > 1)
        err = parts_add(cx, session->parts, &part, &whole, &whole_bytes);
    else
        whole = arena_strndup(
            cx->arena, frame->payload ? frame->payload : "", frame->payload_bytes);
    if (!err && !whole)
        return;
    if (!err)
        err = handler->message(handler->self, cx, whole, whole_bytes);
    if (err)
        log_line(cx, LOG_INFO, LOG_FEISHU, "long connection: a message was not taken: %s",
            ctx_error(cx));
    acknowledge(session, frame, err, started_ms);
}

static void on_message(void *self, const unsigned char *bytes, size_t len_bytes)
{
    struct session *session = self;
    struct frame frame;
    session->dead_ms = 0;
    if (frame_decode(session->cx, bytes, len_bytes, &frame)) {
        log_line(session->cx, LOG_INFO, LOG_FEISHU, "long connection: %s",
            ctx_error(session->cx));
        return;
    }
    if (frame.method == FRAME_CONTROL)
        on_control(session, &frame);
    else if (frame.method == FRAME_DATA)
        on_data(session, &frame);
}

/* ---- one connection ---- */

static enum err open_socket(struct session *session, const char *url)
{
    struct longconn *longconn = session->longconn;
    struct websocket_refusal refusal;
    struct websocket_options options = {
        .transport = longconn->feishu->transport,
        .url = url,
        .wake_fd = longconn->wake_fd,
        .timeout_ms = OPEN_TIMEOUT_MS,
        .message = on_message,
        .self = session,
    };
    enum err err = websocket_open(session->cx, &options, &session->ws, &refusal);
    /* 403: forbidden; 514 with this code: too many connections. */
    session->final = err &&
        (refusal.handshake_status == 403 ||
            (refusal.handshake_status == 514 && refusal.auth_code == 1000040350));
    return err && session->final ? fail(session->cx, ERR_UPSTREAM_APP, "%s", refusal.note)
                                 : err;
}

static enum err serve(struct session *session)
{
    struct ctx *cx = session->cx;
    while (!session->longconn->stopped) {
        int64_t now_ms = ctx_monotonic_ms(cx), until_ms = session->next_ping_ms;
        if (session->dead_ms && session->dead_ms <= now_ms)
            return fail(cx, ERR_UPSTREAM_DOWN, "a ping was not answered");
        if (session->next_ping_ms <= now_ms)
            ping(session);
        until_ms = session->next_ping_ms;
        if (session->dead_ms && session->dead_ms < until_ms)
            until_ms = session->dead_ms;
        TRY(websocket_step(cx, session->ws, until_ms));
        ctx_reset(cx);
    }
    return ERR_OK;
}

static enum err run_session(struct session *session)
{
    const struct longconn_handler *handler = session->handler;
    const char *url = "";
    TRY(bootstrap(session, &url));
    TRY(open_socket(session, url));
    session->was_up = true;
    session->parts = parts_new();
    session->next_ping_ms = ctx_monotonic_ms(session->cx);
    handler->up(handler->self, session->cx);
    enum err err = serve(session);
    char *text = arena_strdup(session->cx->arena, ctx_error(session->cx));
    websocket_free(session->cx, session->ws);
    parts_free(session->parts);
    return err ? fail(session->cx, err, "%s", text) : ERR_OK;
}

/* ---- again and again ---- */

static void sleep_ms(struct ctx *cx, struct longconn *longconn, int64_t ms)
{
    int64_t until_ms = ctx_monotonic_ms(cx) + ms, left_ms = ms;
    while (left_ms > 0 && !longconn->stopped) {
        struct pollfd fd = {.fd = longconn->wake_fd, .events = POLLIN};
        poll(&fd, 1, left_ms < 60000 ? (int)left_ms : 60000);
        left_ms = until_ms - ctx_monotonic_ms(cx);
    }
}

static int64_t random_below(struct ctx *cx, int64_t limit)
{
    uint32_t bits;
    crypto_random(cx, &bits, sizeof(bits));
    return (int64_t)((uint64_t)bits * (uint64_t)limit >> 32);
}

/* A connection that was lost is made anew after a random while, so that all clients of a
 * server that went away do not come back at once; after that, attempts are regular. */
static int64_t pause_ms(struct ctx *cx, const struct longconn *longconn, bool was_up)
{
    const struct settings *now = &longconn->settings;
    return was_up ? random_below(cx, now->reconnect_nonce_s * 1000 + 1)
                  : now->reconnect_interval_s * 1000;
}

enum err longconn_run(
    struct ctx *cx, struct longconn *longconn, const struct longconn_handler *handler)
{
    int64_t failures = 0;
    while (!longconn->stopped) {
        struct session session = {.longconn = longconn, .handler = handler, .cx = cx};
        enum err err = run_session(&session);
        int64_t most = longconn->settings.reconnect_count;
        failures = session.was_up ? 0 : failures + 1;
        if (longconn->stopped || !err)
            break;
        if (session.final || (most >= 0 && failures > most))
            return err;
        handler->down(handler->self, cx, ctx_error(cx));
        ctx_reset(cx);
        sleep_ms(cx, longconn, pause_ms(cx, longconn, session.was_up));
    }
    return ERR_OK;
}

struct longconn *longconn_new(struct feishu *feishu)
{
    struct longconn *longconn = calloc(1, sizeof(*longconn));
    if (!longconn || (longconn->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        abort();
    longconn->feishu = feishu;
    longconn->settings = settings_default;
    return longconn;
}

void longconn_free(struct longconn *longconn)
{
    if (!longconn)
        return;
    close(longconn->wake_fd);
    free(longconn);
}

void longconn_stop(struct longconn *longconn)
{
    uint64_t one = 1;
    longconn->stopped = true;
    if (write(longconn->wake_fd, &one, sizeof(one)) < 0)
        log_line(NULL, LOG_INFO, LOG_FEISHU, "long connection: nobody was woken");
}
