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

/* Whether the rule of a master, as an event object of upstream's, has an occurrence at
 * that scheduled start; true where it cannot be read. */
bool occurrence_is_of_rule(struct ctx *cx, const struct convert_env *env, const char *uid,
    const cJSON *master, int64_t original_time);

#endif
