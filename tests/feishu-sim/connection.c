#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

#include "clock.h"
#include "connection_faults.h"
#include "frame.h"
#include "lock.h"
#include "mem.h"
#include "push.h"

#define MESSAGE_MAX_BYTES (4 * 1024 * 1024)
#define PARTS_MAX 64
#define IDLE_MS 1000

struct outgoing {
    int64_t due_ms; /* monotonic */
    struct buf bytes;
};

struct connection {
    char *id;
    struct MHD_UpgradeResponseHandle *urh;
    int fd, wake;
    wslay_event_context_ptr ws;
    struct buf early; /* came together with the handshake */
    size_t early_read;
    struct vec outgoing; /* struct outgoing */
    bool cut, closing;
    int64_t pings, acks, sent;
    uint64_t last_seq;
};

static struct vec connections; /* struct connection */
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static unsigned n_threads;

static void outgoing_free(void *p)
{
    struct outgoing *out = p;

    buf_free(&out->bytes);
    free(out);
}

static void wake(const struct connection *c)
{
    uint64_t one = 1;

    if (write(c->wake, &one, sizeof one) < 0)
        abort();
}

static void enqueue(struct connection *c, const struct frame *f, int64_t delay_ms)
{
    struct outgoing *out = xcalloc(1, sizeof *out);

    out->due_ms = monotonic_ms() + delay_ms;
    frame_write(&out->bytes, f);
    vec_add(&c->outgoing, out);
    wake(c);
}

/* ---- messages to the client ---- */

static void data_headers(
    struct frame *f, const char *message_id, size_t parts, size_t part)
{
    char number[24];

    frame_header(f, "type", "event");
    frame_header(f, "message_id", message_id);
    snprintf(number, sizeof number, "%zu", parts);
    frame_header(f, "sum", number);
    snprintf(number, sizeof number, "%zu", part);
    frame_header(f, "seq", number);
    frame_header(f, "trace_id", message_id + 16);
    snprintf(number, sizeof number, "%lld", (long long)clock_ms());
    frame_header(f, "timestamp", number);
    frame_header(f, "instance_id", "sim-instance");
}

static void send_part(struct connection *c, const char *message_id, const char *json,
    size_t parts, size_t part)
{
    size_t n = strlen(json), from = n * part / parts, to = n * (part + 1) / parts;
    struct frame f = {
        .seq_id = ++c->last_seq,
        .log_id = c->last_seq + 7000000000,
        .service = CONNECTION_SERVICE,
        .method = FRAME_DATA,
        .payload = xstrndup(json + from, to - from),
        .n_payload = to - from,
    };

    data_headers(&f, message_id, parts, part);
    enqueue(c, &f, connection_faults.delay_ms);
    frame_free(&f);
}

static void send_whole(struct connection *c, const char *message_id, const char *json)
{
    size_t n = strlen(json), bytes = (size_t)connection_faults.split_bytes;
    size_t parts = bytes && n > bytes ? (n + bytes - 1) / bytes : 1;

    if (parts > PARTS_MAX)
        parts = PARTS_MAX;
    for (size_t i = 0; i < parts; i++)
        send_part(
            c, message_id, json, parts, connection_faults.shuffle ? parts - 1 - i : i);
}

bool connection_send(const char *message_id, const char *json)
{
    struct connection *c;
    size_t open = 0, chosen;

    for (size_t i = 0; i < connections.n; i++)
        open += !((struct connection *)connections.p[i])->cut;
    if (!open)
        return false;
    chosen = (size_t)random_below((unsigned)open);
    for (size_t i = 0;; i++) {
        c = connections.p[i];
        if (!c->cut && chosen-- == 0)
            break;
    }
    c->sent++;
    if (connection_faults.drop > 0) {
        connection_faults.drop--;
        return true;
    }
    send_whole(c, message_id, json);
    if (connection_faults.duplicate > 0) {
        connection_faults.duplicate--;
        send_whole(c, message_id, json);
    }
    return true;
}

/* ---- frames of the client ---- */

static void pong(struct connection *c)
{
    struct frame f = {.service = CONNECTION_SERVICE, .method = FRAME_CONTROL};
    struct buf config = {0};

    c->pings++;
    if (connection_faults.ignore_pings)
        return;
    connection_config_print(&config, NULL);
    frame_header(&f, "type", "pong");
    f.payload = config.p;
    f.n_payload = config.n;
    enqueue(c, &f, 0);
    frame_free(&f);
}

static void acknowledged(struct connection *c, const struct frame *f)
{
    const char *id = frame_header_get(f, "message_id"),
               *type = frame_header_get(f, "type");
    cJSON *json = f->payload ? cJSON_Parse(f->payload) : NULL;
    const cJSON *code = json_get(json, "code");

    c->acks++;
    if (!id || !type || strcmp(type, "event") != 0)
        push_complain("an acknowledgement lacks its headers");
    else if (!cJSON_IsNumber(code))
        push_complain("an acknowledgement without a code: %.80s", f->payload);
    else if (f->seq_id == 0 || f->seq_id > c->last_seq ||
        f->log_id != f->seq_id + 7000000000)
        push_complain("an acknowledgement with another SeqID or LogID");
    else
        push_answered(id, code->valueint, c->id);
    cJSON_Delete(json);
}

static void on_frame(struct connection *c, const struct frame *f)
{
    const char *type = frame_header_get(f, "type");

    if (f->service != CONNECTION_SERVICE)
        push_complain("service %d is not this connection's", f->service);
    else if (f->method == FRAME_DATA)
        acknowledged(c, f);
    else if (f->method != FRAME_CONTROL || !type || strcmp(type, "ping") != 0)
        push_complain("a frame that is neither ping nor acknowledgement");
    else
        pong(c);
}

static void on_message(
    wslay_event_context_ptr ws, const struct wslay_event_on_msg_recv_arg *arg, void *self)
{
    struct connection *c = self;
    struct frame f;
    const char *why;

    (void)ws;
    if (wslay_is_ctrl_frame(arg->opcode))
        return;
    big_lock();
    if (arg->opcode != WSLAY_BINARY_FRAME) {
        push_complain("a message that is not binary");
    } else {
        why = frame_read(arg->msg, arg->msg_length, &f);
        if (why)
            push_complain("%s", why);
        else
            on_frame(c, &f);
        if (!why)
            frame_free(&f);
    }
    big_unlock();
}

/* ---- the socket ---- */

static ssize_t on_recv(
    wslay_event_context_ptr ws, uint8_t *bytes, size_t n, int flags, void *self)
{
    struct connection *c = self;
    size_t early = c->early.n - c->early_read;
    ssize_t got;

    (void)flags;
    if (early) {
        got = (ssize_t)(early < n ? early : n);
        memcpy(bytes, c->early.p + c->early_read, (size_t)got);
        c->early_read += (size_t)got;
        return got;
    }
    got = recv(c->fd, bytes, n, MSG_DONTWAIT);
    if (got > 0)
        return got;
    wslay_event_set_error(ws,
        got < 0 && (errno == EAGAIN || errno == EINTR) ? WSLAY_ERR_WOULDBLOCK
                                                       : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t on_send(
    wslay_event_context_ptr ws, const uint8_t *bytes, size_t n, int flags, void *self)
{
    struct connection *c = self;
    ssize_t sent = send(c->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    (void)flags;
    if (sent >= 0)
        return sent;
    wslay_event_set_error(ws,
        errno == EAGAIN || errno == EINTR ? WSLAY_ERR_WOULDBLOCK
                                          : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

/* Moves what is due to the socket; returns for how long nothing else will be. The lock is
 * held. */
static int64_t dispatch(struct connection *c)
{
    int64_t now_ms = monotonic_ms(), wait_ms = IDLE_MS;

    for (size_t i = 0; i < c->outgoing.n; i++) {
        struct outgoing *out = c->outgoing.p[i];
        struct wslay_event_msg msg = {.opcode = WSLAY_BINARY_FRAME,
            .msg = (const uint8_t *)out->bytes.p,
            .msg_length = out->bytes.n};

        if (out->due_ms > now_ms) {
            wait_ms = out->due_ms - now_ms < wait_ms ? out->due_ms - now_ms : wait_ms;
            continue;
        }
        wslay_event_queue_msg(c->ws, &msg);
        vec_drop(&c->outgoing, i--);
        outgoing_free(out);
    }
    if (c->closing)
        wslay_event_queue_close(c->ws, WSLAY_CODE_GOING_AWAY, NULL, 0);
    c->closing = false;
    return wait_ms;
}

static bool step(struct connection *c)
{
    struct pollfd fds[2] = {
        {.fd = c->fd, .events = POLLIN}, {.fd = c->wake, .events = POLLIN}};
    int64_t wait_ms;
    uint64_t drained;
    bool cut;

    big_lock();
    wait_ms = dispatch(c);
    cut = c->cut;
    big_unlock();
    if (cut || wslay_event_send(c->ws) != 0)
        return false;
    if (wslay_event_want_write(c->ws))
        fds[0].events |= POLLOUT;
    if (c->early.n > c->early_read)
        wait_ms = 0;
    poll(fds, 2, (int)wait_ms);
    if (fds[1].revents && read(c->wake, &drained, sizeof drained) < 0)
        return false;
    return wslay_event_recv(c->ws) == 0 && wslay_event_send(c->ws) == 0 &&
        (wslay_event_want_read(c->ws) || wslay_event_want_write(c->ws));
}

static void *serve(void *self)
{
    struct connection *c = self;

    while (step(c))
        ;
    big_lock();
    for (size_t i = 0; i < connections.n; i++)
        if (connections.p[i] == c)
            vec_drop(&connections, i--);
    big_unlock();
    wslay_event_context_free(c->ws);
    MHD_upgrade_action(c->urh, MHD_UPGRADE_ACTION_CLOSE);
    close(c->wake);
    vec_free(&c->outgoing, outgoing_free);
    buf_free(&c->early);
    free(c->id);
    free(c);
    big_lock();
    n_threads--;
    pthread_cond_broadcast(&ended);
    big_unlock();
    return NULL;
}

void connection_open(struct MHD_UpgradeResponseHandle *urh, int fd, const char *early,
    size_t n_early, char *id)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .on_msg_recv_callback = on_message,
    };
    struct connection *c = xcalloc(1, sizeof *c);
    pthread_t thread;

    *c = (struct connection){
        .id = id, .urh = urh, .fd = fd, .wake = eventfd(0, EFD_NONBLOCK)};
    buf_add(&c->early, early, n_early);
    if (c->wake < 0 || wslay_event_context_server_init(&c->ws, &callbacks, c) != 0)
        abort();
    wslay_event_config_set_max_recv_msg_length(c->ws, MESSAGE_MAX_BYTES);
    big_lock();
    vec_add(&connections, c);
    n_threads++;
    big_unlock();
    if (pthread_create(&thread, NULL, serve, c))
        abort();
    pthread_detach(thread);
}

/* ---- control ---- */

size_t connections_count(void)
{
    return connections.n;
}

void connections_end(bool politely)
{
    for (size_t i = 0; i < connections.n; i++) {
        struct connection *c = connections.p[i];

        if (politely)
            c->closing = true;
        else
            c->cut = true;
        wake(c);
    }
}

void connections_print(struct buf *out, const char *key)
{
    jw_open(out, key, '[');
    for (size_t i = 0; i < connections.n; i++) {
        const struct connection *c = connections.p[i];

        jw_open(out, NULL, '{');
        jw_str(out, "id", c->id);
        jw_int(out, "pings", c->pings);
        jw_int(out, "sent", c->sent);
        jw_int(out, "acks", c->acks);
        jw_close(out, '}');
    }
    jw_close(out, ']');
}

void connections_stop(void)
{
    big_lock();
    connections_end(false);
    while (n_threads)
        big_wait(&ended);
    big_unlock();
}
