#include "server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "connection.h"
#include "faults.h"
#include "gateway.h"
#include "mem.h"
#include "push.h"

#define BODY_MAX_BYTES (24 * 1024 * 1024)
#define CONNECTIONS_MAX 1000
/* Bounds the head of a request. libmicrohttpd clears all of it after every one. */
#define CONNECTION_BYTES (32 * 1024)

struct server {
    struct MHD_Daemon *daemon;
};

/* One request while its body arrives. */
struct incoming {
    struct buf body;
    bool started, too_large;
    char target[];
};

/* Keeps the raw target: libmicrohttpd would hand out the decoded path only. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    size_t n = strlen(target);
    struct incoming *in = xcalloc(1, sizeof *in + n + 1);

    (void)cls;
    (void)connection;
    memcpy(in->target, target, n);
    return in;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
    struct incoming *in = *state;

    (void)cls;
    (void)connection;
    (void)code;
    if (!in)
        return;
    buf_free(&in->body);
    free(in);
    *state = NULL;
}

static const struct {
    const char *name;
    size_t slot;
} HEADERS[] = {
    {"Authorization", offsetof(struct request, authorization)},
    {"Content-Type", offsetof(struct request, content_type)},
    {"Cookie", offsetof(struct request, cookie)},
    {"Host", offsetof(struct request, host)},
    {"Sec-WebSocket-Key", offsetof(struct request, websocket_key)},
    {"Upgrade", offsetof(struct request, upgrade)},
};

/* Of several headers of one name the first counts. */
static enum MHD_Result on_header(
    void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++) {
        const char **slot = (const char **)(void *)((char *)cls + HEADERS[i].slot);

        if (!*slot && strcasecmp(HEADERS[i].name, name) == 0)
            *slot = value;
    }
    return MHD_YES;
}

/* The id of a connection is that of the address it was given. */
static void on_upgrade(void *cls, struct MHD_Connection *connection, void *state,
    const char *early, size_t n_early, MHD_socket fd,
    struct MHD_UpgradeResponseHandle *urh)
{
    const struct incoming *in = state;
    const char *id = strstr(in->target, "device_id=");

    (void)cls;
    (void)connection;
    id = id ? id + strlen("device_id=") : "";
    connection_open(urh, fd, early, n_early, xstrndup(id, strcspn(id, "&")));
}

static enum MHD_Result answer(struct MHD_Connection *connection, struct reply *rp)
{
    struct MHD_Response *response;
    enum MHD_Result result;

    buf_text(&rp->body);
    if (rp->upgrade) {
        response = MHD_create_response_for_upgrade(on_upgrade, NULL);
    } else {
        response = MHD_create_response_from_buffer(
            rp->body.n, rp->body.p, MHD_RESPMEM_MUST_FREE);
        rp->body = (struct buf){0};
    }
    if (!response)
        return MHD_NO;
    if (!rp->upgrade)
        MHD_add_response_header(response, "Content-Type",
            rp->content_type ? rp->content_type : "application/json; charset=utf-8");
    for (size_t i = 0; i < rp->n_headers; i++)
        MHD_add_response_header(response, rp->headers[i].name, rp->headers[i].value);
    result = MHD_queue_response(connection, (unsigned)rp->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result serve(
    struct MHD_Connection *connection, const char *method, struct incoming *in)
{
    struct request rq = {.method = method, .target = xstrdup(in->target)};
    struct reply rp = {0};
    enum MHD_Result result = MHD_NO;

    buf_text(&in->body);
    rq.body = in->body.p;
    rq.n_body = in->body.n;
    in->body = (struct buf){0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &rq);
    if (in->too_large) {
        rp.status = 413;
        rp.content_type = xstrdup("text/plain");
    } else {
        gateway_serve(&rq, &rp);
    }
    fault_pause(&rp);
    if (!rp.cut)
        result = answer(connection, &rp);
    request_free(&rq);
    reply_free(&rp);
    return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data, size_t *n,
    void **state)
{
    struct incoming *in = *state;

    (void)cls;
    (void)url;
    (void)version;
    if (!in->started) {
        in->started = true;
        return MHD_YES;
    }
    if (*n) {
        in->too_large = in->too_large || in->body.n + *n > BODY_MAX_BYTES;
        if (!in->too_large)
            buf_add(&in->body, data, *n);
        *n = 0;
        return MHD_YES;
    }
    return serve(connection, method, in);
}

static bool parse_address(const char *listen, struct sockaddr_in *out)
{
    const char *colon = strrchr(listen, ':');
    char host[64];
    long port;

    if (!colon || colon - listen >= (long)sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - listen), listen);
    port = strtol(colon + 1, NULL, 10);
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return port >= 0 && port < 65536 && inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

struct server *server_start(const char *listen, unsigned *port)
{
    struct sockaddr_in address;
    struct server *server;
    const union MHD_DaemonInfo *info;

    if (!parse_address(listen, &address)) {
        fprintf(stderr, "feishu-sim: %s is not an IPv4 address with a port\n", listen);
        return NULL;
    }
    server = xcalloc(1, sizeof *server);
    server->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD |
            MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_ALLOW_UPGRADE,
        0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_END);
    if (!server->daemon) {
        fprintf(stderr, "feishu-sim: cannot listen on %s\n", listen);
        free(server);
        return NULL;
    }
    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    push_start();
    *port = info ? info->port : ntohs(address.sin_port);
    return server;
}

void server_stop(struct server *server)
{
    faults_stop();
    push_stop();
    connections_stop();
    MHD_stop_daemon(server->daemon);
    free(server);
}
