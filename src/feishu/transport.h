/*
 * HTTP over libcurl: bytes out, bytes in. A pool of handles, each with its own open
 * connections; name look-ups and TLS sessions are shared between them. (Sharing open
 * connections between threads is not safe in libcurl.) Any thread.
 *
 * TLS certificates are always verified, redirects never followed, only http and https
 * spoken.
 */
#ifndef FEISHU_TRANSPORT_H
#define FEISHU_TRANSPORT_H

#include "base/ctx.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A page of 500 events whose descriptions have 40,960 characters of three bytes each
 * (feishu-api 5.2, 5.11) stays below it. */
#define TRANSPORT_BODY_MAX_BYTES (64u * 1024 * 1024)
#define TRANSPORT_LOG_ID_BYTES 128
#define TRANSPORT_TYPE_BYTES 64

struct transport;

struct transport_request {
    const char *method, *url;
    const char *token;        /* NULL = no Authorization header */
    const char *header;       /* one more, "Name: value"; NULL */
    const char *content_type; /* NULL = no body */
    const char *body;
    size_t body_bytes;
    int64_t timeout_ms;
    bool once;       /* must not reach the server twice: see transport.c */
    bool can_be_cut; /* by transport_stop */
};

struct transport_reply {
    long status; /* 0 = no complete reply */
    bool sent;   /* at least part of the request left this machine */
    char content_type[TRANSPORT_TYPE_BYTES]; /* lower case, without parameters */
    char log_id[TRANSPORT_LOG_ID_BYTES];     /* X-Tt-Logid or "" */
    long reset_s;                            /* x-ogw-ratelimit-reset; -1 = none */
    /* on the heap, ended by transport_reply_free */
    struct buf body;
    char failure[192]; /* why there is no complete reply */
};

struct transport *transport_new(void);
void transport_free(struct transport *transport);
/* False when no complete reply came; then status is 0 and failure says why. The reply
 * must be freed in both cases; it is wiped. */
bool transport_perform(struct transport *transport,
    const struct transport_request *request, struct transport_reply *reply);
void transport_reply_free(struct transport_reply *reply);
/* Options that every connection of this program has, on a CURL *: verification of
 * certificates, the shared caches, no proxy of the environment for this machine. */
void transport_prepare(struct transport *transport, void *easy, const char *url);
/* True after transport_stop. */
bool transport_stopped(const struct transport *transport);
/* Cuts requests under way that can be cut, for good. */
void transport_stop(struct transport *transport);

#endif
