/*
 * A WebSocket client (RFC 6455): libcurl makes the connection (proxy, TLS, verification),
 * the handshake is done here, libwslay frames. (libcurl 7.88 as Debian builds it has no
 * WebSocket.) One thread uses a socket; any thread may wake it.
 */
#ifndef FEISHU_WEBSOCKET_H
#define FEISHU_WEBSOCKET_H

#include "feishu/transport.h"

#define WEBSOCKET_MESSAGE_MAX_BYTES (4u * 1024 * 1024)
#define WEBSOCKET_NOTE_BYTES 128

struct websocket;

struct websocket_options {
    struct transport *transport;
    const char *url;    /* ws:// or wss:// */
    int wake_fd;        /* readable: waits end at once; -1 = none */
    int64_t timeout_ms; /* for connection and handshake together */
    /* One whole binary message; valid during the call. */
    void (*message)(void *self, const unsigned char *bytes, size_t len_bytes);
    void *self;
};

/* What the server said when it refused the handshake (feishu-api 11.4, 2). */
struct websocket_refusal {
    int status;                      /* HTTP; 0 = it did not come to an answer */
    int handshake_status, auth_code; /* 0 = not said */
    char note[WEBSOCKET_NOTE_BYTES];
};

/* Errors: UPSTREAM_DOWN; then *refusal says more. End it with websocket_free. */
enum err websocket_open(struct ctx *cx, const struct websocket_options *options,
    struct websocket **ws, struct websocket_refusal *refusal);
/* Sends a close frame when the connection is still good; waits for nothing. NULL is
 * allowed. */
void websocket_free(struct ctx *cx, struct websocket *ws);
/* Queued; goes out with the next step. */
void websocket_send(struct websocket *ws, const void *bytes, size_t len_bytes);
/* Sends what is queued, takes what came, and waits at most until the moment (monotonic).
 * UPSTREAM_DOWN when the connection has ended. */
enum err websocket_step(struct ctx *cx, struct websocket *ws, int64_t until_ms);

/* The value of Sec-WebSocket-Accept for a key. */
char *websocket_accept(struct arena *arena, const char *key);

#endif
