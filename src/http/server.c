#include "http/server.h"

#include "base/file.h"
#include "base/log.h"
#include "http/encode.h"
#include "http/exchange.h"
#include "http/listen.h"
#include "http/pieces.h"
#include "http/route.h"
#include "http/signin.h"
#include "http/worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A thread in epoll mode stalls when exactly 128 of its descriptors are ready at once
 * (libmicrohttpd 0.9.75): so none has as many connections, with two left for the socket
 * that listens and the one that wakes it. */
#define CONNECTIONS_PER_THREAD 125
#define READ_THREADS_MIN 2
/* Holds the headers of a request; most of it stays untouched, and so costs nothing. */
#define CONNECTION_MEMORY_BYTES (16 * 1024)
#define CONNECTION_IDLE_S 300
#define WAITING_PER_WORKER 32
#define BUSY_RETRY_S 5
/* A body over the limit is read to its end and thrown away, because a client that is
 * still sending would see a broken connection instead of the answer; but not for ever. */
#define DISCARD_MAX_BYTES (256LL * 1024 * 1024)
#define DISCARD_MAX_ANONYMOUS_BYTES (1024LL * 1024)
#define TLS_FILE_MAX_BYTES (1024 * 1024)
#define DRAIN_MS 100
#define DRAIN_STEP_MS 10

struct server {
    struct ctx *cx; /* memory of the server's life */
    struct site site;
    struct workers *workers;
    struct listener listeners[LISTEN_MAX];
    struct MHD_Daemon *daemons[LISTEN_MAX];
    size_t n;
};

static void log_request(struct exchange *ex, size_t bytes)
{
    ex->logged = true;
    if (!log_wants(LOG_INFO, LOG_HTTP))
        return;
    log_line(ex->cx, LOG_INFO, LOG_HTTP, "%s %s %s %d %lldms %zuB upstream=%u%s%s",
        ex->user_name ? ex->user_name : "-", ex->method, ex->target, ex->response.status,
        (long long)(ctx_monotonic_ms(ex->cx) - ex->started_ms), bytes,
        ex->cx->upstream_calls, ex->response.status >= 400 && ex->cx->err ? " " : "",
        ex->response.status >= 400 && ex->cx->err ? ctx_error(ex->cx) : "");
    if (ex->response.status >= 500)
        log_line(ex->cx, LOG_ERROR, LOG_HTTP, "%s %s: %s", ex->method, ex->target,
            ctx_error(ex->cx));
}

static struct MHD_Response *whole_response(struct exchange *ex)
{
    struct buf *body = &ex->response.body;
    if (!body->len_bytes)
        return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->len_bytes, body->data, MHD_RESPMEM_MUST_FREE);
    if (response)
        *body = buf_new(NULL);
    return response;
}

/* A client that gave up while it waited has closed its side. The first bytes sent to it
 * would be taken by the system all the same. */
static bool client_is_gone(const struct exchange *ex)
{
    char byte;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(ex->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info && recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static enum MHD_Result send_answer(struct exchange *ex)
{
    struct dav_response *answer = &ex->response;
    ex->abandoned = client_is_gone(ex);
    bool packed = answer->compressible &&
                  (answer->more || answer->body.len_bytes >= ENCODE_MIN_BYTES) &&
                  encode_accepts_gzip(exchange_header(ex, "Accept-Encoding"));
    ex->in_pieces = answer->more != NULL;
    if (packed && !ex->in_pieces)
        packed = encode_gzip(&answer->body);
    size_t bytes = answer->body.len_bytes;
    struct MHD_Response *response =
        ex->in_pieces ? pieces_response(ex, packed) : whole_response(ex);
    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < answer->headers.n; i++)
        MHD_add_response_header(
            response, answer->headers.items[i].name, answer->headers.items[i].value);
    if (packed)
        MHD_add_response_header(response, "Content-Encoding", "gzip");
    if (answer->compressible)
        MHD_add_response_header(response, "Vary", "Accept-Encoding");
    MHD_add_response_header(response, "Server", "feishu-caldav");
    enum MHD_Result rc =
        MHD_queue_response(ex->connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    if (!ex->in_pieces)
        log_request(ex, bytes);
    return rc;
}

/* RFC 9112 section 3.2.2: a request may name the whole URL. */
static const char *after_authority(const char *target)
{
    if (!str_istarts(target, "http://") && !str_istarts(target, "https://"))
        return target;
    const char *rest = strchr(strchr(target, ':') + 3, '/');
    return rest ? rest : "/";
}

/* Below the prefix of server.base-url, whether the proxy takes the prefix off or not. */
static enum err parse_target(struct exchange *ex)
{
    const char *target = after_authority(ex->target);
    size_t n = strlen(ex->site->prefix);
    if (n && strncmp(target, ex->site->prefix, n) == 0 &&
        (!target[n] || target[n] == '/'))
        target += n;
    return path_parse(ex->cx, *target ? target : "/", &ex->path);
}

static enum err find_route(struct exchange *ex)
{
    bool known;
    TRY(parse_target(ex));
    ex->route = route_find(ex, &known);
    if (!ex->route && known)
        return fail(ex->cx, ERR_METHOD, "%s is not possible here", ex->method);
    if (!ex->route)
        return fail(ex->cx, ERR_NOT_FOUND, "there is nothing at this address");
    return signin_check(ex, ex->route->access);
}

/* RFC 9112 sections 3.2 and 6.3: what two readers could understand in two ways ends the
 * connection. */
static enum err check_framing(struct exchange *ex, const char *version)
{
    const char *host = exchange_header(ex, "Host");
    const char *length = exchange_header(ex, "Content-Length");
    bool old = str_eq(version, "HTTP/1.0");
    bool one_host = host ? !strchr(host, ',') : old;
    if (one_host && (!length || (!strchr(length, ',') &&
                                    !exchange_header(ex, "Transfer-Encoding"))))
        return ERR_OK;
    ex->unclear = true;
    return fail(ex->cx, ERR_BAD_REQUEST,
        "a request has one Host header, and one way at most to tell its length");
}

static void answer_verdict(struct exchange *ex)
{
    answer_error(ex, ex->verdict);
    if (ex->verdict == ERR_METHOD)
        answer_header(ex, "Allow", route_allow(ex));
    if (ex->unclear)
        answer_header(ex, "Connection", "close");
}

/* Before the body is read: who and where. */
static enum MHD_Result begin(struct exchange *ex, const char *version)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(ex->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    ex->verdict = check_framing(ex, version);
    if (ex->verdict == ERR_OK)
        ex->verdict = signin_peer(ex, info ? info->client_addr : NULL);
    if (ex->verdict == ERR_OK)
        ex->verdict = find_route(ex);
    const char *length = exchange_header(ex, "Content-Length");
    long long bytes = length ? strtoll(length, NULL, 10) : 0;
    if (ex->verdict == ERR_OK && bytes > ex->site->conf->server.max_body_bytes)
        ex->verdict = fail(ex->cx, ERR_TOO_LARGE, "a request may have %ld bytes at most",
            ex->site->conf->server.max_body_bytes);
    bool refuse_now = ex->verdict != ERR_OK &&
                      (ex->unclear || bytes > DISCARD_MAX_BYTES ||
                          exchange_header(ex, "Expect") ||
                          (!ex->user_id && bytes > DISCARD_MAX_ANONYMOUS_BYTES));
    if (!refuse_now)
        return MHD_YES;
    ex->stage = EXCHANGE_DONE;
    answer_verdict(ex);
    return send_answer(ex);
}

/* False when enough was thrown away. */
static bool take_body(struct exchange *ex, const char *data, size_t bytes)
{
    if (ex->verdict != ERR_OK) {
        ex->discarded_bytes += (long long)bytes;
        return ex->discarded_bytes <= DISCARD_MAX_BYTES;
    }
    size_t max = (size_t)ex->site->conf->server.max_body_bytes;
    if (ex->body.len_bytes + bytes > max) {
        buf_free(&ex->body);
        ex->body = buf_new(NULL);
        ex->verdict =
            fail(ex->cx, ERR_TOO_LARGE, "a request may have %zu bytes at most", max);
        return true;
    }
    buf_add(&ex->body, data, bytes);
    return true;
}

static void run_job(void *job)
{
    struct exchange *ex = job;
    ex->route->handle(ex);
    ex->stage = EXCHANGE_DONE;
    MHD_resume_connection(ex->connection);
}

/* The answer is sent by the call that follows the resumption. */
static void refuse_job(struct exchange *ex)
{
    ex->cx->retry_after_s = BUSY_RETRY_S;
    answer_error(ex, fail(ex->cx, ERR_UPSTREAM_BUSY, "too many requests are waiting"));
    ex->stage = EXCHANGE_DONE;
    MHD_resume_connection(ex->connection);
}

static enum MHD_Result finish(struct server *server, struct exchange *ex)
{
    if (ex->verdict != ERR_OK) {
        answer_verdict(ex);
    } else if (ex->route->may_block && ex->route->may_block(ex)) {
        ex->stage = EXCHANGE_WORKING;
        MHD_suspend_connection(ex->connection);
        if (!workers_add(server->workers, run_job, ex))
            refuse_job(ex);
        return MHD_YES;
    } else {
        ex->route->handle(ex);
    }
    ex->stage = EXCHANGE_DONE;
    return send_answer(ex);
}

static void *on_uri(void *self, const char *uri, struct MHD_Connection *connection)
{
    struct server *server = self;
    struct ctx *cx = ctx_new(NULL);
    struct exchange *ex = ARENA_NEW(cx->arena, struct exchange);
    const char *mark = strchr(uri, '?');
    ex->cx = cx;
    ex->site = &server->site;
    ex->connection = connection;
    ex->target = mark ? arena_strndup(cx->arena, uri, (size_t)(mark - uri))
                      : arena_strdup(cx->arena, uri);
    ex->query = mark ? arena_strdup(cx->arena, mark + 1) : "";
    ex->body = buf_new(NULL);
    ex->response.body = buf_new(NULL);
    ex->started_ms = ctx_monotonic_ms(cx);
    return ex;
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data,
    size_t *bytes, void **state)
{
    struct exchange *ex = *state;
    (void)connection;
    (void)url;
    if (!ex->method) {
        ex->method = arena_strdup(ex->cx->arena, method);
        return begin(ex, version);
    }
    if (*bytes) {
        size_t got = *bytes;
        *bytes = 0;
        return take_body(ex, data, got) ? MHD_YES : MHD_NO;
    }
    if (ex->stage == EXCHANGE_READING)
        return finish(self, ex);
    return ex->stage == EXCHANGE_DONE ? send_answer(ex) : MHD_YES;
}

static void on_completed(void *self, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode why)
{
    struct exchange *ex = *state;
    (void)self;
    (void)connection;
    if (!ex)
        return;
    *state = NULL;
    ex->cx->answered = why == MHD_REQUEST_TERMINATED_COMPLETED_OK && !ex->abandoned;
    /* Also what was done for a client that did not wait for the answer. */
    if (ex->stage == EXCHANGE_DONE && !ex->logged)
        log_request(ex, ex->sent_bytes);
    buf_free(&ex->body);
    buf_free(&ex->response.body);
    ctx_free(ex->cx);
}

static void on_log(void *self, const char *format, va_list args)
{
    char text[512];
    (void)self;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof text, format, args);
#pragma GCC diagnostic pop
    log_line(NULL, LOG_DEBUG, LOG_HTTP, "%s", text);
}

/* libmicrohttpd divides the connections among them. */
static unsigned read_threads(long long connections)
{
    long long threads =
        (connections + CONNECTIONS_PER_THREAD - 1) / CONNECTIONS_PER_THREAD;
    return threads < READ_THREADS_MIN ? READ_THREADS_MIN : (unsigned)threads;
}

static enum err start_daemon(struct ctx *cx, struct server *server, size_t i,
    const char *certificate, const char *key)
{
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | (certificate ? MHD_USE_TLS : 0);
    server->daemons[i] = MHD_start_daemon(flags, 0, NULL, NULL, on_request, server,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, server->listeners[i].fd,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_THREAD_POOL_SIZE,
        read_threads(server->site.conf->server.max_connections),
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)server->site.conf->server.max_connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_IDLE_S,
        MHD_OPTION_ARRAY, certificate ? tls : none, MHD_OPTION_END);
    if (!server->daemons[i])
        return fail(cx, ERR_IO, "cannot serve %s%s", server->listeners[i].address,
            certificate ? " (are server.tls-cert and server.tls-key a PEM pair?)" : "");
    return ERR_OK;
}

static enum err read_tls(
    struct ctx *cx, const struct conf *conf, char **certificate, char **key)
{
    size_t len;
    if (!conf->server.tls_cert && !conf->server.tls_key)
        return ERR_OK;
    if (!conf->server.tls_cert || !conf->server.tls_key)
        return fail(cx, ERR_CONFIG, "server.tls-cert and server.tls-key need each other");
    if (file_read(cx, conf->server.tls_cert, TLS_FILE_MAX_BYTES, certificate, &len))
        return fail(cx, ERR_CONFIG, "server.tls-cert: %s", ctx_error(cx));
    if (file_read(cx, conf->server.tls_key, TLS_FILE_MAX_BYTES, key, &len))
        return fail(cx, ERR_CONFIG, "server.tls-key: %s", ctx_error(cx));
    return ERR_OK;
}

enum err server_check(struct ctx *cx, const struct conf *conf)
{
    char *certificate = NULL, *key = NULL;
    TRY(read_tls(cx, conf, &certificate, &key));
    if (!certificate)
        return ERR_OK;
    struct MHD_Daemon *idle = MHD_start_daemon(
        MHD_USE_TLS | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        on_request, NULL, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_HTTPS_MEM_KEY, key,
        MHD_OPTION_END);
    if (!idle)
        return fail(cx, ERR_CONFIG,
            "server.tls-cert and server.tls-key are not a certificate and its key (PEM)");
    MHD_stop_daemon(idle);
    return ERR_OK;
}

static void fill_site(
    struct server *server, const struct conf *conf, struct bridge *bridge)
{
    struct arena *arena = server->cx->arena;
    const char *rest = strstr(conf->server.base_url ? conf->server.base_url : "", "://");
    const char *prefix = rest ? strchr(rest + 3, '/') : NULL;
    server->site = (struct site){
        .conf = conf,
        .bridge = bridge,
        .prefix = prefix && prefix[1] ? arena_strdup(arena, prefix) : "",
        .tls = conf->server.tls_cert != NULL,
        .trusted = str_split(
            arena, conf->server.trusted_proxy ? conf->server.trusted_proxy : "", ' '),
    };
    server->site.dav_root = arena_printf(arena, "%s/dav", server->site.prefix);
}

static enum err open_listeners(struct ctx *cx, struct server *server)
{
    char **texts = str_split(cx->arena, server->site.conf->server.listen, ' ');
    for (size_t i = 0; texts[i]; i++) {
        if (server->n == LISTEN_MAX)
            return fail(
                cx, ERR_CONFIG, "server.listen: at most %d addresses", LISTEN_MAX);
        struct listener *one = &server->listeners[server->n];
        TRY(listen_open(server->cx, texts[i], one) == ERR_OK
                ? ERR_OK
                : fail(cx, server->cx->err, "%s", ctx_error(server->cx)));
        server->n++;
        if (!one->loopback && !server->site.tls && !server->site.trusted[0])
            return fail(cx, ERR_CONFIG,
                "server.listen: %s is not loopback: plain HTTP there would show "
                "passwords; set server.tls-cert and server.tls-key, or "
                "server.trusted-proxy",
                one->address);
    }
    return server->n ? ERR_OK : fail(cx, ERR_CONFIG, "server.listen names no address");
}

static enum err start_all(struct ctx *cx, struct server *server)
{
    char *certificate = NULL, *key = NULL;
    long threads = server->site.conf->server.workers;
    TRY(read_tls(cx, server->site.conf, &certificate, &key));
    TRY(open_listeners(cx, server));
    TRY(workers_start(cx, threads, threads * WAITING_PER_WORKER, &server->workers));
    for (size_t i = 0; i < server->n; i++)
        TRY(start_daemon(cx, server, i, certificate, key));
    return ERR_OK;
}

enum err server_start(struct ctx *cx, const struct conf *conf, struct bridge *bridge,
    struct server **out)
{
    struct ctx *own = ctx_new(NULL);
    struct server *server = ARENA_NEW(own->arena, struct server);
    server->cx = own;
    fill_site(server, conf, bridge);
    enum err err = start_all(cx, server);
    if (err != ERR_OK) {
        server_stop(server);
        return err;
    }
    *out = server;
    return ERR_OK;
}

/* Answers that are ready may leave; idle connections are not waited for longer. */
static void drain(struct server *server)
{
    struct timespec pause = {.tv_nsec = DRAIN_STEP_MS * 1000000L};
    for (int waited_ms = 0; waited_ms < DRAIN_MS; waited_ms += DRAIN_STEP_MS) {
        unsigned busy = 0;
        for (size_t i = 0; i < server->n; i++) {
            const union MHD_DaemonInfo *info =
                server->daemons[i] ? MHD_get_daemon_info(server->daemons[i],
                                         MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
                                   : NULL;
            busy += info ? info->num_connections : 0;
        }
        if (!busy)
            return;
        nanosleep(&pause, NULL);
    }
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    /* Not MHD_quiesce_daemon: with a pool of epoll threads it races with them for the
     * listening socket, and aborts when it loses (libmicrohttpd 0.9.75). */
    workers_stop(server->workers);
    drain(server);
    for (size_t i = 0; i < server->n; i++) {
        if (server->daemons[i]) {
            MHD_stop_daemon(server->daemons[i]);
            server->listeners[i].fd = -1; /* closed with the daemon */
        }
        listen_close(&server->listeners[i]);
    }
    workers_free(server->workers);
    ctx_free(server->cx);
}

const char *server_address(const struct server *server)
{
    return arena_printf(server->cx->arena, "%s://%s", server->site.tls ? "https" : "http",
        server->listeners[0].address);
}
