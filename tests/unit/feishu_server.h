/* A small HTTP server inside a unit test: answers from a script, and keeps what it was
 * asked. */
#ifndef TESTS_UNIT_FEISHU_SERVER_H
#define TESTS_UNIT_FEISHU_SERVER_H

#include "unit.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_STEPS_MAX 16
#define SERVER_SEEN_MAX 64

/* status 0: the connection is cut after the request was read, without a byte of a reply.
 */
struct server_step {
    unsigned status;
    const char *type; /* NULL = application/json; charset=utf-8 */
    const char *body;
    const char *header, *value; /* one more header */
    bool chunked;
    size_t padding_bytes; /* blanks in front of the body */
};

struct server_seen {
    char method[8], path[512], query[1024], authorization[128], type[64], agent[64];
    char body[2048];
    size_t body_bytes;
};

struct server {
    struct MHD_Daemon *daemon;
    char url[64];
    pthread_mutex_t lock;
    struct server_step steps[SERVER_STEPS_MAX]; /* the last one answers all that follow */
    size_t n_steps, at;
    struct server_seen seen[SERVER_SEEN_MAX];
    size_t n_seen;
    int connections;
};

struct server_stream {
    struct server_step step;
    size_t body_bytes;
};

static inline ssize_t server_produce(void *self, uint64_t at, char *out, size_t max)
{
    const struct server_stream *stream = self;
    const struct server_step *step = &stream->step;
    if (at >= step->padding_bytes + stream->body_bytes)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (at < step->padding_bytes) {
        size_t n = step->padding_bytes - at < max ? step->padding_bytes - at : max;
        memset(out, ' ', n);
        return (ssize_t)n;
    }
    out[0] = step->body[at - step->padding_bytes]; /* a byte a chunk */
    return 1;
}

static inline int server_add_query(
    void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct server_seen *seen = self;
    size_t n = strlen(seen->query);
    (void)kind;
    snprintf(seen->query + n, sizeof(seen->query) - n, "%s%s=%s", n ? "&" : "", name,
        value ? value : "");
    return MHD_YES;
}

static inline void server_copy(char *out, size_t max, const char *text)
{
    snprintf(out, max, "%s", text ? text : "");
}

static inline enum MHD_Result server_answer(
    struct MHD_Connection *connection, const struct server_step *step)
{
    struct MHD_Response *response;
    const char *body = step->body ? step->body : "";
    if (!step->status)
        return MHD_NO;
    if (step->chunked) {
        struct server_stream *stream = malloc(sizeof(*stream));
        *stream = (struct server_stream){.step = *step, .body_bytes = strlen(body)};
        response = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, 65536, server_produce, stream, free);
    } else {
        response = MHD_create_response_from_buffer(
            strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    }
    MHD_add_response_header(response, "Content-Type",
        step->type ? step->type : "application/json; charset=utf-8");
    MHD_add_response_header(response, "X-Tt-Logid", "2026090412000000000000000000LOGID");
    if (step->header)
        MHD_add_response_header(response, step->header, step->value);
    enum MHD_Result result = MHD_queue_response(connection, step->status, response);
    MHD_destroy_response(response);
    return result;
}

static inline enum MHD_Result server_handle(void *self, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data, size_t *n,
    void **request)
{
    struct server *server = self;
    struct server_seen *seen = *request;
    (void)version;
    pthread_mutex_lock(&server->lock);
    if (!seen && server->n_seen < SERVER_SEEN_MAX) {
        seen = *request = &server->seen[server->n_seen++];
        server_copy(seen->method, sizeof(seen->method), method);
        server_copy(seen->path, sizeof(seen->path), url);
        server_copy(seen->authorization, sizeof(seen->authorization),
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization"));
        server_copy(seen->type, sizeof(seen->type),
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type"));
        server_copy(seen->agent, sizeof(seen->agent),
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "User-Agent"));
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND,
            (MHD_KeyValueIterator)server_add_query, seen);
        pthread_mutex_unlock(&server->lock);
        return MHD_YES;
    }
    if (*n && seen) {
        for (size_t i = 0; i < *n && seen->body_bytes < sizeof(seen->body) - 1; i++)
            seen->body[seen->body_bytes++] = data[i];
        *n = 0;
        pthread_mutex_unlock(&server->lock);
        return MHD_YES;
    }
    const struct server_step *step = &server->steps[server->at];
    if (server->at + 1 < server->n_steps)
        server->at++;
    enum MHD_Result result = server_answer(connection, step);
    pthread_mutex_unlock(&server->lock);
    return result;
}

static inline void server_connection(void *self, struct MHD_Connection *connection,
    void **socket_self, enum MHD_ConnectionNotificationCode code)
{
    struct server *server = self;
    (void)connection, (void)socket_self;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        pthread_mutex_lock(&server->lock);
        server->connections++;
        pthread_mutex_unlock(&server->lock);
    }
}

/* Paths arrive as they were sent, so that a test sees the percent-coding. */
static inline size_t server_no_unescape(
    void *self, struct MHD_Connection *connection, char *text)
{
    (void)self, (void)connection;
    return strlen(text);
}

static inline struct server *server_start(void)
{
    struct server *server = calloc(1, sizeof(*server));
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_mutex_init(&server->lock, NULL);
    server->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
        server_handle, server, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_NOTIFY_CONNECTION, server_connection, server,
        MHD_OPTION_UNESCAPE_CALLBACK, server_no_unescape, NULL, MHD_OPTION_END);
    assert_non_null(server->daemon);
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    snprintf(
        server->url, sizeof(server->url), "http://127.0.0.1:%u", (unsigned)info->port);
    return server;
}

static inline void server_stop(struct server *server)
{
    MHD_stop_daemon(server->daemon);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

/* Behind a call: what the server has seen may be read now. */
static inline enum err server_settled(struct server *server, enum err err)
{
    pthread_mutex_lock(&server->lock);
    pthread_mutex_unlock(&server->lock);
    return err;
}

#define SERVER_SCRIPT(server, ...)                                                       \
    do {                                                                                 \
        const struct server_step script_[] = {__VA_ARGS__};                              \
        pthread_mutex_lock(&(server)->lock);                                             \
        memcpy((server)->steps, script_, sizeof(script_));                               \
        (server)->n_steps = sizeof(script_) / sizeof(*script_);                          \
        (server)->at = 0;                                                                \
        (server)->n_seen = 0;                                                            \
        memset((server)->seen, 0, sizeof((server)->seen));                               \
        pthread_mutex_unlock(&(server)->lock);                                           \
    } while (0)

#endif
