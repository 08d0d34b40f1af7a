#include "feishu/websocket.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#define HEAD_MAX_BYTES 16384
#define KEY_BYTES 16
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 1.3 */

struct websocket {
    struct websocket_options options;
    struct ctx *cx; /* of the step or opening under way: clock and random numbers */
    CURL *easy;
    curl_socket_t socket;
    wslay_event_context_ptr ws;
    char head[HEAD_MAX_BYTES + 1]; /* the answer to the handshake and what came with it */
    size_t head_bytes, head_read;
    char failure[WEBSOCKET_NOTE_BYTES];
};

static void note_failure(struct websocket *ws, const char *why)
{
    if (!ws->failure[0])
        snprintf(ws->failure, sizeof(ws->failure), "%s", why);
}

/* ---- waiting ---- */

/* False when somebody wants this thread elsewhere. */
static bool wait_for(struct websocket *ws, short events, int64_t until_ms)
{
    struct pollfd fds[2] = {
        {.fd = ws->socket, .events = events},
        {.fd = ws->options.wake_fd, .events = POLLIN},
    };
    int64_t wait_ms = until_ms - ctx_monotonic_ms(ws->cx);
    if (wait_ms > 60000)
        wait_ms = 60000;
    if (poll(fds, 2, wait_ms < 0 ? 0 : (int)wait_ms) < 0 && errno != EINTR)
        note_failure(ws, strerror(errno));
    return !(fds[1].revents & POLLIN);
}

static bool is_over(const struct websocket *ws, int64_t until_ms)
{
    return ctx_monotonic_ms(ws->cx) >= until_ms ||
        transport_stopped(ws->options.transport);
}

/* ---- connection ---- */

static int on_progress(void *self, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
    const struct websocket *ws = self;
    (void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
    return transport_stopped(ws->options.transport);
}

static bool connect_socket(struct websocket *ws, const char *url)
{
    char error[CURL_ERROR_SIZE] = "";
    CURL *easy = ws->easy;
    transport_prepare(ws->options.transport, easy, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ws->options.timeout_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, ws);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &ws->socket);
    if (code != CURLE_OK)
        note_failure(ws, error[0] ? error : curl_easy_strerror(code));
    return code == CURLE_OK;
}

/* Bytes taken over, 0 = try again later, -1 = the connection has ended. */
static ssize_t send_some(struct websocket *ws, const void *bytes, size_t len_bytes)
{
    size_t sent = 0;
    CURLcode code = curl_easy_send(ws->easy, bytes, len_bytes, &sent);
    if (code == CURLE_AGAIN)
        return 0;
    if (code != CURLE_OK)
        note_failure(ws, curl_easy_strerror(code));
    return code == CURLE_OK ? (ssize_t)sent : -1;
}

static ssize_t recv_some(struct websocket *ws, void *bytes, size_t len_bytes)
{
    size_t got = 0;
    CURLcode code = curl_easy_recv(ws->easy, bytes, len_bytes, &got);
    if (code == CURLE_AGAIN)
        return 0;
    if (code != CURLE_OK || !got)
        note_failure(
            ws, code ? curl_easy_strerror(code) : "the server closed the connection");
    return code == CURLE_OK && got ? (ssize_t)got : -1;
}

/* ---- handshake (RFC 6455 4.1) ---- */

char *websocket_accept(struct arena *arena, const char *key)
{
    unsigned char digest[SHA1_BYTES];
    const char *joined = arena_printf(arena, "%s" GUID, key);
    crypto_sha1(joined, strlen(joined), digest);
    return base64_encode(arena, digest, sizeof(digest));
}

/* "wss://host:1/path?query" -> "https://host:1/", "host:1" and "/path?query". */
static bool split_url(struct ctx *cx, const char *url, const char **base,
    const char **host, const char **target)
{
    bool tls = str_istarts(url, "wss://");
    if (!tls && !str_istarts(url, "ws://"))
        return false;
    const char *from = strstr(url, "://") + 3;
    size_t len = strcspn(from, "/?#");
    if (!len || memchr(from, '@', len) || strpbrk(from, " \r\n\t"))
        return false;
    *host = arena_printf(cx->arena, "%.*s", (int)len, from);
    *base = arena_printf(cx->arena, "%s://%s/", tls ? "https" : "http", *host);
    *target = arena_printf(cx->arena, "%s%.*s", from[len] == '/' ? "" : "/",
        (int)strcspn(from + len, "#"), from + len);
    return true;
}

static bool send_request(struct websocket *ws, const char *request, int64_t until_ms)
{
    size_t left = strlen(request);
    while (left) {
        ssize_t sent = send_some(ws, request, left);
        if (sent < 0)
            return false;
        request += sent;
        left -= (size_t)sent;
        if (left && (is_over(ws, until_ms) || !wait_for(ws, POLLOUT, until_ms)))
            return false;
    }
    return true;
}

/* The end of the head, NULL while it is not there. */
static char *head_end(struct websocket *ws)
{
    ws->head[ws->head_bytes] = '\0';
    char *end = strstr(ws->head, "\r\n\r\n");
    return end ? end + 4 : NULL;
}

static bool read_head(struct websocket *ws, int64_t until_ms)
{
    while (!head_end(ws)) {
        if (ws->head_bytes == HEAD_MAX_BYTES) {
            note_failure(ws, "the answer to the handshake is too long");
            return false;
        }
        ssize_t got =
            recv_some(ws, ws->head + ws->head_bytes, HEAD_MAX_BYTES - ws->head_bytes);
        if (got < 0)
            return false;
        ws->head_bytes += (size_t)got;
        if (!got && (is_over(ws, until_ms) || !wait_for(ws, POLLIN, until_ms))) {
            note_failure(ws, "no answer to the handshake");
            return false;
        }
    }
    return true;
}

/* The trimmed value of a header, "" when it is not there. */
static const char *head_value(struct ctx *cx, const char *head, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (str_istarts(at, name) && at[n] == ':')
            return str_trim(cx->arena,
                arena_printf(
                    cx->arena, "%.*s", (int)strcspn(at + n + 1, "\r\n"), at + n + 1));
    }
    return "";
}

static int head_number(struct ctx *cx, const char *head, const char *name)
{
    long long value;
    return str_to_ll(head_value(cx, head, name), 0, INT32_MAX, &value) ? (int)value : 0;
}

static bool check_answer(
    struct websocket *ws, const char *key, struct websocket_refusal *refusal)
{
    struct ctx *cx = ws->cx;
    const char *head = ws->head;
    char *end = head_end(ws);
    if (str_starts(head, "HTTP/1.") && strlen(head) > 12)
        refusal->status = (int)strtol(head + 9, NULL, 10);
    if (refusal->status == 101 && str_ieq(head_value(cx, head, "Upgrade"), "websocket") &&
        str_eq(head_value(cx, head, "Sec-WebSocket-Accept"),
            websocket_accept(cx->arena, key))) {
        ws->head_read = (size_t)(end - ws->head);
        return true;
    }
    refusal->handshake_status = head_number(cx, head, "Handshake-Status");
    refusal->auth_code = head_number(cx, head, "Handshake-Autherrcode");
    const char *said = head_value(cx, head, "Handshake-Msg");
    note_failure(ws,
        arena_printf(cx->arena, "the handshake was refused: HTTP %d, %d, %d %.60s",
            refusal->status, refusal->handshake_status, refusal->auth_code, said));
    return false;
}

static bool handshake(struct websocket *ws, const char *host, const char *target,
    int64_t until_ms, struct websocket_refusal *refusal)
{
    unsigned char random[KEY_BYTES];
    struct ctx *cx = ws->cx;
    crypto_random(cx, random, sizeof(random));
    const char *key = base64_encode(cx->arena, random, sizeof(random));
    const char *request = arena_printf(cx->arena,
        "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
        "User-Agent: " PACKAGE_NAME "/" PACKAGE_VERSION "\r\n\r\n",
        target, host, key);
    return send_request(ws, request, until_ms) && read_head(ws, until_ms) &&
        check_answer(ws, key, refusal);
}

/* ---- frames ---- */

static ssize_t on_recv(wslay_event_context_ptr event, uint8_t *bytes, size_t len_bytes,
    int flags, void *self)
{
    struct websocket *ws = self;
    size_t early = ws->head_bytes - ws->head_read;
    (void)flags;
    if (early) {
        size_t n = early < len_bytes ? early : len_bytes;
        memcpy(bytes, ws->head + ws->head_read, n);
        ws->head_read += n;
        return (ssize_t)n;
    }
    ssize_t got = recv_some(ws, bytes, len_bytes);
    if (got > 0)
        return got;
    wslay_event_set_error(event, got ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static ssize_t on_send(wslay_event_context_ptr event, const uint8_t *bytes,
    size_t len_bytes, int flags, void *self)
{
    ssize_t sent = send_some(self, bytes, len_bytes);
    (void)flags;
    if (sent > 0)
        return sent;
    wslay_event_set_error(
        event, sent ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static int on_mask(
    wslay_event_context_ptr event, uint8_t *bytes, size_t len_bytes, void *self)
{
    const struct websocket *ws = self;
    (void)event;
    crypto_random(ws->cx, bytes, len_bytes);
    return 0;
}

static void on_message(wslay_event_context_ptr event,
    const struct wslay_event_on_msg_recv_arg *arg, void *self)
{
    struct websocket *ws = self;
    (void)event;
    if (arg->opcode == WSLAY_BINARY_FRAME)
        ws->options.message(ws->options.self, arg->msg, arg->msg_length);
    else if (arg->opcode == WSLAY_CONNECTION_CLOSE)
        note_failure(ws, "the server closed the connection");
}

static void start_frames(struct websocket *ws)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .genmask_callback = on_mask,
        .on_msg_recv_callback = on_message,
    };
    if (wslay_event_context_client_init(&ws->ws, &callbacks, ws) != 0)
        abort();
    wslay_event_config_set_max_recv_msg_length(ws->ws, WEBSOCKET_MESSAGE_MAX_BYTES);
}

enum err websocket_open(struct ctx *cx, const struct websocket_options *options,
    struct websocket **result, struct websocket_refusal *refusal)
{
    const char *base, *host, *target;
    *refusal = (struct websocket_refusal){0};
    if (!split_url(cx, options->url, &base, &host, &target))
        return fail(cx, ERR_UPSTREAM_DOWN, "not the address of a WebSocket");
    struct websocket *ws = calloc(1, sizeof(*ws));
    if (!ws || !(ws->easy = curl_easy_init()))
        abort();
    ws->options = *options;
    ws->cx = cx;
    int64_t until_ms = ctx_monotonic_ms(cx) + options->timeout_ms;
    if (connect_socket(ws, base) && handshake(ws, host, target, until_ms, refusal)) {
        start_frames(ws);
        ws->failure[0] = '\0';
        *result = ws;
        return ERR_OK;
    }
    note_failure(ws, "the connection was given up");
    memcpy(refusal->note, ws->failure, sizeof(refusal->note));
    websocket_free(cx, ws);
    return fail(cx, ERR_UPSTREAM_DOWN, "%s", refusal->note);
}

void websocket_free(struct ctx *cx, struct websocket *ws)
{
    if (!ws)
        return;
    ws->cx = cx;
    if (ws->ws) {
        if (!ws->failure[0] &&
            wslay_event_queue_close(ws->ws, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0) == 0)
            wslay_event_send(ws->ws);
        wslay_event_context_free(ws->ws);
    }
    curl_easy_cleanup(ws->easy);
    free(ws);
}

void websocket_send(struct websocket *ws, const void *bytes, size_t len_bytes)
{
    struct wslay_event_msg message = {
        .opcode = WSLAY_BINARY_FRAME, .msg = bytes, .msg_length = len_bytes};
    if (wslay_event_queue_msg(ws->ws, &message) != 0)
        note_failure(ws, "nothing can be sent any more");
}

enum err websocket_step(struct ctx *cx, struct websocket *ws, int64_t until_ms)
{
    ws->cx = cx;
    /* First everything that is there: behind TLS the socket does not tell of it. */
    bool alive = wslay_event_recv(ws->ws) == 0 && wslay_event_send(ws->ws) == 0 &&
        (wslay_event_want_read(ws->ws) || wslay_event_want_write(ws->ws));
    if (alive && !ws->failure[0]) {
        short events = wslay_event_want_write(ws->ws) ? POLLIN | POLLOUT : POLLIN;
        wait_for(ws, events, until_ms);
    }
    if (alive && !ws->failure[0])
        return ERR_OK;
    note_failure(ws, "the server broke the rules of RFC 6455");
    return fail(cx, ERR_UPSTREAM_DOWN, "%s", ws->failure);
}
