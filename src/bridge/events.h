/*
 * Changes that Feishu tells of: over the long connection, or by calling back. All they
 * do is say that something is dirty; what changed is read as always.
 */
#ifndef BRIDGE_EVENTS_H
#define BRIDGE_EVENTS_H

#include "base/ctx.h"

#include <stdbool.h>
#include <stddef.h>

struct bridge;

/* One call of Feishu (feishu-api 11.3). The headers are NULL where they were not sent. */
struct events_callback {
    const char *body;
    size_t body_bytes;
    const char *timestamp, *nonce, *signature;
};
/* *answer = the JSON to answer with. Errors: NOT_FOUND when callbacks are switched off,
 * FORBIDDEN for what Feishu did not send, BAD_REQUEST, TOO_LARGE. Waits for nobody. */
enum err bridge_events_callback(struct ctx *cx, struct bridge *bridge,
    const struct events_callback *callback, char **answer);

#endif
