/*
 * Messages to push services (RFC 8030): HTTP POSTs by libcurl, many at once, so that a
 * slow service holds up nobody else's. Certificates are verified, redirects not followed.
 */
#ifndef NOTIFY_SEND_H
#define NOTIFY_SEND_H

#include "base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

#define NOTIFY_URL_MAX_BYTES 2048

struct notify_message {
    const char *url;
    const char *authorization; /* RFC 8292 */
    const char *topic;         /* of undelivered messages that this one replaces */
    const char *body;          /* encrypted */
    size_t body_bytes;
    bool anywhere;             /* private addresses too */
};
struct notify_result {
    long status;       /* of the answer, 0 = none came */
    const char *why;   /* when none came */
    int retry_after_s; /* as the answer asks, 0 = it does not; a day at most */
};

/* True when a push resource may be used: https, or anything with anywhere. */
bool notify_url_good(const char *url, bool anywhere);
/* "https://host:port" of a push resource, in cx's arena. */
char *notify_origin(struct ctx *cx, const char *url);

/* Messages under way. One thread uses it, but for notify_wire_wake. */
struct notify_wire;
struct notify_wire *notify_wire_new(void);
void notify_wire_free(struct notify_wire *wire); /* cuts what is under way */
/* Begins to send; the message is copied. It ends within 8 s, with a call of done. */
void notify_wire_send(struct ctx *cx, struct notify_wire *wire,
    const struct notify_message *message, void *self);
/* Goes on with all of them, until one has something to say, wait_ms are over or somebody
 * wakes it. Results come in done, each once. */
void notify_wire_poll(struct notify_wire *wire, int wait_ms,
    void (*done)(void *self, const struct notify_result *result));
void notify_wire_wake(struct notify_wire *wire); /* from any thread */

#endif
