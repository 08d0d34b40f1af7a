/*
 * Sync tokens (RFC 6578): "data:,<epoch>-<number>", a URI as section 3.2 wants it. While
 * a first listing is paged, "-<start>" behind it is the newest number at its beginning:
 * removals before that do not concern the client. A calendar of the home shares its
 * number with the last event that changed in it: where a page ends between the two,
 * "-<told>" says so.
 */
#ifndef DAV_SYNC_TOKEN_H
#define DAV_SYNC_TOKEN_H

#include "dav/request.h"

struct sync_token {
    int64_t number;
    int64_t start; /* -1 = not in a first listing */
    int64_t told;  /* the calendar with this number is known already, 0 = none */
};
char *sync_token_print(struct dav *dav, const struct sync_token *token);
/* An empty text is not a token; the caller knows what it means. Errors: VALID_SYNC_TOKEN.
 */
enum err sync_token_parse(struct dav *dav, const char *text, struct sync_token *token);

/* The newest number of a calendar, or of a home and all calendars in it. Errors: STORE.
 */
enum err sync_newest(struct dav *dav, const struct resource *resource, int64_t *number);

#endif
