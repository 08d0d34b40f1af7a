/* The change feed: every change is kept for the control interface, and offered for
 * delivery (push.h) when somebody subscribed to it. */
#ifndef SIM_FEED_H
#define SIM_FEED_H

#include <stdint.h>

#include "buf.h"
#include "world.h"

enum feed_kind { FEED_CREATE, FEED_UPDATE, FEED_DELETE, FEED_RSVP };

void feed_event(const struct calendar *cal, const char *event_id, enum feed_kind kind);
/* Whose answers the changes of kind FEED_RSVP are that follow. */
void feed_answers_of(const struct person *who, const char *status);
void feed_calendar_list(const struct person *who);
void feed_acl(const struct calendar *cal, const struct acl *acl, bool created);
/* The person took back what the app was allowed. */
void feed_revoked(const struct person *who);
/* Changes after number `since`, oldest first. */
void feed_print(struct buf *out, const char *key, uint64_t since);
void feed_clear(void);

#endif
