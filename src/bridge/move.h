/*
 * A move between two calendars: Feishu has no such thing, so the event is made in one and
 * deleted in the other. Both are one entry of the journal, so that after a crash or a
 * fault exactly one of them is left. LOCK_MOVE of the account is held while one is under
 * way.
 */
#ifndef BRIDGE_MOVE_H
#define BRIDGE_MOVE_H

#include "bridge/write.h"

/* What somebody had answered; Feishu begins with no answers in the new event. */
struct move_answer {
    const char *open_id, *rsvp;
    int64_t original_time; /* 0 = of the series */
};
struct move {
    struct journal journal; /* calendar_id and name: where it comes from */
    const char *from_uid, *from_etag;
    int64_t to_calendar_id;
    const char *to_name;
    const char *made_etag; /* of the new event, NULL = it is not there yet */
    bool made_new;         /* nothing was there before: it may be taken back */
    bool undo;             /* the new event is to go, the old one stays */
    LIST(struct move_answer) answers;
};

/* Writes the entry; journal.account_id, calendar_id and name, from_*, to_* are set. */
enum err move_open(struct ctx *cx, struct bridge *bridge, struct move *move);
/* Reads the answers to be given again out of the source's rows. */
void move_read_answers(struct ctx *cx, struct move *move, const struct write *source);
/* The new event is there: the old one goes. Errors: why it did not; then the new one has
 * been taken back, or, while the outcome is open, the journal goes on. */
enum err move_end(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    struct move *move);
/* The new event could not be made: the entry ends, unless its making is still open. */
void move_failed(struct ctx *cx, struct bridge *bridge, struct move *move);
/* All of the account that are open. The lock is held. Errors: why one stays open. */
enum err moves_settle_locked(
    struct ctx *cx, struct bridge *bridge, int64_t account_id);

#endif
