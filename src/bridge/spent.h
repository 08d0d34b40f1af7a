/* What pulls of a calendar have cost, when one last succeeded, and when it was read as a
 * whole. */
#ifndef BRIDGE_SPENT_H
#define BRIDGE_SPENT_H

#include "bridge/bridge_internal.h"

struct spent {
    int64_t calls, success_s;
};
void spent_read(
    struct ctx *cx, struct bridge *bridge, int64_t calendar_id, struct spent *spent);
/* Inside the transaction of the calling thread, if there is one. success_s 0 = it failed.
 */
enum err spent_add(struct ctx *cx, struct bridge *bridge, int64_t calendar_id,
    const struct spent *more);
/* When the calendar was last read as a whole; 0 = not known. */
int64_t full_read_s(struct ctx *cx, struct bridge *bridge, int64_t calendar_id);
enum err full_read_set(
    struct ctx *cx, struct bridge *bridge, int64_t calendar_id, int64_t when_s);
/* Removes the calendar and what is remembered about it. */
enum err calendar_forget(
    struct ctx *cx, struct bridge *bridge, struct store_tx *tx, int64_t calendar_id);

#endif
