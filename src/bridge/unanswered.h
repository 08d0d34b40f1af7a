/* Creates whose clients were not told how they ended. */
#ifndef BRIDGE_UNANSWERED_H
#define BRIDGE_UNANSWERED_H

#include "bridge/push.h"

struct unanswered *unanswered_new(void);
void unanswered_free(struct unanswered *all);
/* Inside the transaction that ends a write: a create is unanswered until its request
 * ends well. */
enum err unanswered_note(struct ctx *cx, const struct push *push, struct store_tx *tx);
/* True for the same create as one whose client was not told. */
bool unanswered_is(struct ctx *cx, struct bridge *bridge, int64_t calendar_id,
    const char *name, const char *text);
/* cx is that of the request which is about to be answered. */
void unanswered_until_told(
    struct ctx *cx, struct bridge *bridge, int64_t calendar_id, const char *name);
/* Writes what was told since into the store. */
void unanswered_flush(struct ctx *cx, struct bridge *bridge);

#endif
