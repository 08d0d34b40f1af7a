/*
 * The one loop over the members of a collection: PROPFIND with Depth 1 (RFC 4918 section
 * 9.1), and reports that are to be applied to each member (RFC 3253 section 3.6).
 */
#ifndef DAV_MEMBERS_H
#define DAV_MEMBERS_H

#include "dav/request.h"

struct members {
    /* Writes the response element of one. dav->cx is that of a piece of the answer. */
    enum err (*write)(struct dav *dav, void *self, struct resource *member);
    void *self;     /* in dav->cx, or static */
    bool with_text; /* of objects */
};
/* Those of the target, and the end of the multistatus; what has no members has none. */
enum err members_write(struct dav *dav, const struct members *members);

#endif
