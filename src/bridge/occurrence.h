/* What became of one occurrence of a series. */
#ifndef BRIDGE_OCCURRENCE_H
#define BRIDGE_OCCURRENCE_H

#include "bridge/bridge_internal.h"

struct occurrence {
    struct bridge *bridge;
    int64_t account_id;
    const char *calendar_id, *uid; /* upstream's */
    int64_t original_time;
    enum feishu_priority priority;
};
enum occurrence_state {
    OCCURRENCE_UNKNOWN, /* nothing tells */
    OCCURRENCE_CANCELLED,
    OCCURRENCE_PLAIN, /* as the rule gives it */
    OCCURRENCE_EXCEPTION,
};
/* *event (may be NULL) is set for an exception. Errors: transient ones only. */
enum err occurrence_look(struct ctx *cx, const struct occurrence *one,
    enum occurrence_state *state, const cJSON **event);

#endif
