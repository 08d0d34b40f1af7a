/* Calls made upstream, by account, calendar and purpose. */
#ifndef BRIDGE_SPENT_H
#define BRIDGE_SPENT_H

#include "bridge/bridge_internal.h"

struct spending *spending_new(void);
void spending_free(struct spending *spending);
/* For feishu_options.spent; self is a struct bridge. */
void spent_note(
    void *self, int64_t payer, const char *calendar_id, enum feishu_purpose purpose);
/* Calls that were made before the account was known. */
void spent_charge(struct bridge *bridge, int64_t account_id, unsigned calls);
/* Writes what was counted since into the store, or leaves it for the next time. */
void spent_flush(struct ctx *cx, struct bridge *bridge);
/* At the end: the same, if the store is free within a second. */
void spent_settle(struct bridge *bridge);
/* "events", "writes" ... */
const char *spent_word(int purpose);

#endif
