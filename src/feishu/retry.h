/*
 * One call with its repeats. Repeated is what Feishu says was not done because of a limit
 * (190004, 190005, 190010, 99991400), what never left this machine, and, for reads and
 * repeatable writes only, what may or may not have been done. All inside one deadline.
 */
#ifndef FEISHU_RETRY_H
#define FEISHU_RETRY_H

#include "feishu/reply.h"
#include "feishu/state.h"

#define RETRY_LIMIT_TRIES 5 /* limits */
#define RETRY_FAULT_TRIES 3 /* faults of server and network */

struct upstream_call {
    const char *id;  /* "calendar.event.list", for logs and error texts */
    unsigned method; /* of the budget */
    enum feishu_priority priority;
    enum feishu_purpose purpose;
    enum feishu_retry retry;
    bool is_oauth;
    int64_t until_ms;              /* monotonic */
    int64_t patience_ms;           /* of feishu_call */
    const char *calendar_id;       /* NULL = it is not about one */
    struct transport_request http; /* timeout_ms, once and can_be_cut are filled in */
};

/* The moment a call must have ended: cx's deadline, or a default by kind. */
int64_t retry_until_ms(
    const struct ctx *cx, enum feishu_retry retry, enum feishu_priority priority);
/* The pause behind the given try (from 1): 0.5 s doubling to 10 s, of which the upper
 * half is random; at least reset_s when Feishu named it (>= 0). */
int64_t retry_pause_ms(struct ctx *cx, int try, long reset_s);
/* May it be tried again? Does not look at the clock. */
bool retry_allowed(const struct reply *reply, enum feishu_retry retry, int try);

/* Performs the call. Fails with the reply's kind and text; *reply is filled in either
 * case, and CODE_TOKEN is left to the caller. */
enum err retry_perform(struct ctx *cx, struct feishu *feishu,
    const struct upstream_call *call, struct reply *reply);

#endif
