/*
 * Conditional requests: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since
 * (RFC 9110 section 13), If (RFC 4918 section 10.4), If-Schedule-Tag-Match (RFC 6638
 * section 8.3). Handlers ask after method and target are known to fit: Thunderbird's test
 * PUT with a broken If-Match must not be answered 412.
 */
#ifndef DAV_CONDITION_H
#define DAV_CONDITION_H

#include "dav/request.h"

/* True when the request has any condition. */
bool condition_sent(const struct dav *dav);
/* The target (its object read) against the request's headers. *expect says what a write
 * may rely on. *not_modified: a GET whose client has the newest text. Errors:
 * PRECONDITION, BAD_REQUEST. */
enum err condition_check(struct dav *dav, struct be_expect *expect, bool *not_modified);
/* Last-Modified of the target, and that caches are to ask again. Each text has a time of
 * its own: one that lies ahead, after several changes in a second, is not told yet. */
void condition_set_modified(struct dav *dav);

#endif
