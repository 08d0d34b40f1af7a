/*
 * A load generator for HTTP/1.1 servers on the loopback: N keep-alive connections over
 * epoll, one request at a time on each.
 *
 *   load [--connections N] [--seconds S | --once] [--hold] HOST PORT FILE
 *
 * FILE holds the requests, each as "<decimal length>\n<bytes>". They are sent in turn by
 * whichever connection is free: for S seconds round and round, or each once. All
 * connections are open before the first request leaves; with as many requests as
 * connections and --once, all are ready at the same moment. --hold keeps the connections
 * open afterwards until standard input ends. The result is one JSON object on standard
 * output.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX_BYTES 65536
#define READ_BYTES (256 * 1024)
#define CONNECTIONS_MAX 4096
#define STATUS_MAX 600
/* A server that is silent for so long has stalled; one whose queue is full for so long
 * cannot take so many connections. */
#define SILENCE_MAX_S 60
#define CONNECT_MAX_S 10

struct request {
    const char *data;
    size_t len_bytes;
};

enum body { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_TO_END };
enum chunk { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER };

struct connection {
    int fd;
    const struct request *request; /* NULL = idle */
    size_t sent_bytes;
    int64_t began_ns;
    char head[HEAD_MAX_BYTES];
    size_t head_bytes;
    bool in_body, closing;
    int status;
    enum body body;
    enum chunk chunk;
    uint64_t left_bytes; /* of the body or the chunk */
    size_t line_bytes;   /* of the current chunk line */
    bool used;           /* has answered once: may be closed by the server when idle */
};

static struct {
    struct sockaddr_in address;
    struct request *requests;
    size_t n_requests, next, done, failed, reconnects;
    bool once, hold;
    double seconds;
    int64_t end_ns;
    uint64_t received_bytes;
    size_t statuses[STATUS_MAX];
    uint32_t *latencies_us;
    size_t n_latencies, cap_latencies;
    int epoll;
    size_t n_connections, busy;
    struct connection *connections;
} load = {.seconds = 1, .n_connections = 1};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void connect_one(struct connection *c)
{
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0)
        die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct timeval patience = {.tv_sec = CONNECT_MAX_S};
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(c->fd, (struct sockaddr *)&load.address, sizeof(load.address)) != 0)
        die("connect");
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(load.epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("epoll_ctl");
    c->used = false;
}

static void reconnect(struct connection *c)
{
    close(c->fd);
    connect_one(c);
    load.reconnects++;
}

static void watch(struct connection *c, bool writing)
{
    struct epoll_event event = {
        .events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(load.epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void send_more(struct connection *c)
{
    while (c->sent_bytes < c->request->len_bytes) {
        ssize_t n = send(c->fd, c->request->data + c->sent_bytes,
            c->request->len_bytes - c->sent_bytes, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(c, true);
            return;
        }
        if (n < 0)
            return; /* the read will tell */
        c->sent_bytes += (size_t)n;
    }
}

static bool more_to_do(void)
{
    return load.once ? load.next < load.n_requests : now_ns() < load.end_ns;
}

static void begin(struct connection *c, const struct request *request)
{
    c->request = request;
    c->sent_bytes = c->head_bytes = c->line_bytes = 0;
    c->in_body = c->closing = false;
    send_more(c);
}

static void start_next(struct connection *c)
{
    c->request = NULL;
    if (!more_to_do())
        return;
    c->began_ns = now_ns();
    load.busy++;
    begin(c, &load.requests[load.next++ % load.n_requests]);
}

static void finish(struct connection *c)
{
    if (load.n_latencies == load.cap_latencies) {
        load.cap_latencies = load.cap_latencies == 0 ? 65536 : load.cap_latencies * 2;
        load.latencies_us =
            realloc(load.latencies_us, load.cap_latencies * sizeof(*load.latencies_us));
        if (load.latencies_us == NULL)
            die("memory");
    }
    load.latencies_us[load.n_latencies++] = (uint32_t)((now_ns() - c->began_ns) / 1000);
    if (c->status > 0 && c->status < STATUS_MAX)
        load.statuses[c->status]++;
    load.done++;
    load.busy--;
    c->used = true;
    if (c->closing)
        reconnect(c);
    start_next(c);
}

static const char *header(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line != NULL;
         line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " \t");
    }
    return NULL;
}

static void read_head(struct connection *c)
{
    c->status = (int)strtol(c->head + sizeof("HTTP/1.1"), NULL, 10);
    const char *length = header(c->head, "Content-Length");
    const char *coding = header(c->head, "Transfer-Encoding");
    const char *connection = header(c->head, "Connection");
    bool old = strncmp(c->head, "HTTP/1.0", 8) == 0;
    c->closing = connection != NULL ? strncasecmp(connection, "close", 5) == 0 : old;
    c->in_body = true;
    c->chunk = CHUNK_SIZE;
    c->left_bytes = length == NULL ? 0 : strtoull(length, NULL, 10);
    if (c->status == 204 || c->status == 304)
        c->body = BODY_NONE;
    else if (coding != NULL)
        c->body = BODY_CHUNKED;
    else if (length != NULL)
        c->body = BODY_LENGTH;
    else
        c->body = BODY_TO_END;
}

/* True when the last chunk and its trailer have passed. */
static bool eat_chunked(struct connection *c, const char *data, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (c->chunk == CHUNK_DATA) {
            size_t take = n - i < c->left_bytes ? n - i : (size_t)c->left_bytes;
            i += take;
            c->left_bytes -= take;
            if (c->left_bytes == 0)
                c->chunk = CHUNK_END;
            continue;
        }
        char at = data[i++];
        if (at != '\n') {
            if (at != '\r' && c->line_bytes < 32)
                c->head[c->line_bytes++] = at;
            continue;
        }
        c->head[c->line_bytes] = '\0';
        bool empty = c->line_bytes == 0;
        c->line_bytes = 0;
        if (c->chunk == CHUNK_TRAILER && empty)
            return true;
        if (c->chunk == CHUNK_END) {
            c->chunk = CHUNK_SIZE;
        } else if (c->chunk == CHUNK_SIZE) {
            c->left_bytes = strtoull(c->head, NULL, 16);
            c->chunk = c->left_bytes == 0 ? CHUNK_TRAILER : CHUNK_DATA;
        }
    }
    return false;
}

/* Everything read belongs to one answer: requests are not sent ahead. */
static bool eat(struct connection *c, const char *data, size_t n)
{
    if (!c->in_body) {
        size_t before = c->head_bytes;
        if (before + n >= HEAD_MAX_BYTES)
            n = HEAD_MAX_BYTES - 1 - before; /* heads are small; the rest is the body */
        memcpy(c->head + before, data, n);
        c->head_bytes += n;
        c->head[c->head_bytes] = '\0';
        char *end = strstr(c->head, "\r\n\r\n");
        if (end == NULL)
            return false;
        size_t head_bytes = (size_t)(end + 4 - c->head);
        size_t skip = head_bytes - before;
        end[2] = '\0';
        read_head(c);
        if (c->status == 100) {
            c->in_body = false;
            c->head_bytes = 0;
            return n > skip ? eat(c, data + skip, n - skip) : false;
        }
        data += skip;
        n -= skip;
    }
    switch (c->body) {
    case BODY_NONE:
        return true;
    case BODY_LENGTH:
        c->left_bytes -= n < c->left_bytes ? n : c->left_bytes;
        return c->left_bytes == 0;
    case BODY_CHUNKED:
        return eat_chunked(c, data, n);
    case BODY_TO_END:
        return false;
    }
    return false;
}

static void lost(struct connection *c)
{
    const struct request *request = c->request;
    bool answered = c->in_body && c->body == BODY_TO_END;
    bool idle_close = c->used && c->head_bytes == 0 && !c->in_body;
    if (answered) {
        c->closing = true;
        finish(c);
        return;
    }
    reconnect(c);
    if (request == NULL)
        return;
    if (idle_close) { /* closed while the request was on its way: once more */
        begin(c, request);
        return;
    }
    load.failed++;
    load.busy--;
    start_next(c);
}

static void readable(struct connection *c)
{
    static char buffer[READ_BYTES];
    for (;;) {
        ssize_t n = recv(c->fd, buffer, sizeof(buffer), 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            lost(c);
            return;
        }
        load.received_bytes += (uint64_t)n;
        /* HEAD_MAX_BYTES at once at most while the head is read */
        size_t at = 0, len = (size_t)n;
        while (at < len) {
            size_t part = c->in_body || len - at < HEAD_MAX_BYTES / 2
                ? len - at
                : HEAD_MAX_BYTES / 2;
            if (eat(c, buffer + at, part)) {
                finish(c);
                return;
            }
            at += part;
        }
    }
}

static void run(void)
{
    struct epoll_event events[256];
    for (size_t i = 0; i < load.n_connections; i++)
        start_next(&load.connections[i]);
    int64_t heard_ns = now_ns();
    while (load.busy > 0) {
        int n = epoll_wait(load.epoll, events, 256, 1000);
        if (n > 0)
            heard_ns = now_ns();
        else if (now_ns() - heard_ns > SILENCE_MAX_S * (int64_t)1000000000) {
            load.failed += load.busy;
            return;
        }
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                watch(c, false);
                send_more(c);
            }
            if (events[i].events & ~(unsigned)EPOLLOUT)
                readable(c);
        }
    }
}

static void read_requests(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *line = NULL;
    size_t cap = 0, cap_requests = 0;
    if (file == NULL)
        die(path);
    while (getline(&line, &cap, file) > 0) {
        size_t len = strtoul(line, NULL, 10);
        char *data = malloc(len + 1);
        if (data == NULL || fread(data, 1, len, file) != len)
            die(path);
        if (load.n_requests == cap_requests) {
            cap_requests = cap_requests == 0 ? 64 : cap_requests * 2;
            load.requests = realloc(load.requests, cap_requests * sizeof(*load.requests));
            if (load.requests == NULL)
                die("memory");
        }
        load.requests[load.n_requests++] = (struct request){data, len};
    }
    free(line);
    fclose(file);
    if (load.n_requests == 0) {
        fprintf(stderr, "load: %s holds no requests\n", path);
        exit(1);
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static unsigned percentile(unsigned percent)
{
    if (load.n_latencies == 0)
        return 0;
    return load.latencies_us[(load.n_latencies - 1) * percent / 100];
}

static void report(double seconds)
{
    const char *comma = "";
    qsort(load.latencies_us, load.n_latencies, sizeof(*load.latencies_us), by_value);
    printf(
        "{\"requests\": %zu, \"failed\": %zu, \"reconnects\": %zu, \"seconds\": %.6f, ",
        load.done, load.failed, load.reconnects, seconds);
    printf("\"bytes\": %llu, \"statuses\": {", (unsigned long long)load.received_bytes);
    for (size_t i = 0; i < STATUS_MAX; i++) {
        if (load.statuses[i] != 0) {
            printf("%s\"%zu\": %zu", comma, i, load.statuses[i]);
            comma = ", ";
        }
    }
    printf("}, \"latency_us\": {\"p50\": %u, \"p90\": %u, \"p99\": %u, \"max\": %u}}\n",
        percentile(50), percentile(90), percentile(99), percentile(100));
    fflush(stdout);
}

static int usage(void)
{
    fputs(
        "usage: load [--connections N] [--seconds S | --once] [--hold] HOST PORT FILE\n",
        stderr);
    return 2;
}

int main(int argc, char **argv)
{
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--once") == 0)
            load.once = true;
        else if (strcmp(argv[at], "--hold") == 0)
            load.hold = true;
        else if (strcmp(argv[at], "--connections") == 0 && at + 1 < argc)
            load.n_connections = strtoul(argv[++at], NULL, 10);
        else if (strcmp(argv[at], "--seconds") == 0 && at + 1 < argc)
            load.seconds = strtod(argv[++at], NULL);
        else
            return usage();
    }
    if (argc - at != 3 || load.n_connections < 1 || load.n_connections > CONNECTIONS_MAX)
        return usage();
    load.address.sin_family = AF_INET;
    load.address.sin_port = htons((uint16_t)strtoul(argv[at + 1], NULL, 10));
    if (inet_pton(AF_INET, argv[at], &load.address.sin_addr) != 1)
        return usage();
    read_requests(argv[at + 2]);
    load.epoll = epoll_create1(0);
    load.connections = calloc(load.n_connections, sizeof(*load.connections));
    if (load.epoll < 0 || load.connections == NULL)
        die("memory");
    for (size_t i = 0; i < load.n_connections; i++)
        connect_one(&load.connections[i]);
    int64_t began_ns = now_ns();
    load.end_ns = began_ns + (int64_t)(load.seconds * 1e9);
    run();
    report((double)(now_ns() - began_ns) / 1e9);
    while (load.hold && getchar() != EOF)
        ;
    return load.failed == 0 ? 0 : 1;
}
