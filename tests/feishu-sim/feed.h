/* The change feed: what a later delivery (webhook, long connection) will carry. Today it
 * is only kept for the control interface. */
#ifndef SIM_FEED_H
#define SIM_FEED_H

#include <stdint.h>

#include "buf.h"
#include "world.h"

enum feed_kind { FEED_CREATE, FEED_UPDATE, FEED_DELETE, FEED_RSVP };

void feed_event(const struct calendar *cal, const char *event_id, enum feed_kind kind);
void feed_calendar_list(const struct person *who);
void feed_acl(const struct calendar *cal, const struct acl *acl, bool created);
/* Changes after number `since`, oldest first. */
void feed_print(struct buf *out, const char *key, uint64_t since);
void feed_clear(void);

#endif
