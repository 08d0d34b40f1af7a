/* What tells when a calendar is worth another look, and what looking has cost. Contracts
 * as in store.h. */
#ifndef STORE_POLLS_H
#define STORE_POLLS_H

#include "store/store.h"

/* ---- when to look again ---- */
struct poll_row {
    int64_t calendar_id, account_id;
    enum calendar_pull pull;
    const char *role;
    int64_t last_pull_s, last_interest_s, changed_s, full_s, cost;
    bool bare; /* attendees of some event were not read yet */
    /* when Feishu was asked to tell of the account's list of calendars, of this one's
     * events and access list; 0 = it was not */
    int64_t list_told_s, events_told_s, shares_told_s;
};
/* Every calendar of accounts that are signed in, those of one account together. The texts
 * are good only during the call, which must not use the store. */
enum err store_polls(struct ctx *cx, struct store *store,
    void (*each)(void *self, const struct poll_row *one), void *self);

/* ---- calls that accounts have made upstream ---- */
struct spent {
    int64_t account_id;
    const char *upstream_id; /* of a calendar; "" = all of the account */
    int purpose;             /* the caller's */
    int64_t calls;
};
enum err store_spent(struct ctx *cx, struct store *store, int64_t account_id,
    struct spent **list, size_t *n);
/* Adds; what belongs to no account or calendar here is left out. Waits for nobody: *done
 * = false, and nothing was added, while another writer is at work. Written without a
 * sync. */
enum err store_spent_add(struct ctx *cx, struct store *store, const struct spent *list,
    size_t n, bool *done);

#endif
