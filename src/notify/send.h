/*
 * One message to a push service (RFC 8030): an HTTP POST by libcurl. Certificates are
 * verified, redirects not followed.
 */
#ifndef NOTIFY_SEND_H
#define NOTIFY_SEND_H

#include "base/ctx.h"

#include <stdatomic.h>
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
    const atomic_bool *stop;   /* cuts the request */
};

/* True when a push resource may be used: https, or anything with anywhere. */
bool notify_url_good(const char *url, bool anywhere);
/* "https://host:port" of a push resource, in cx's arena. */
char *notify_origin(struct ctx *cx, const char *url);
/* The status of the answer, 0 when none came; *why says then why. */
long notify_send(
    struct ctx *cx, const struct notify_message *message, const char **why);

#endif
