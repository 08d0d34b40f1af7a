/* What PUT, POST to add-member, COPY and MOVE share. */
#ifndef DAV_PUT_H
#define DAV_PUT_H

#include "dav/request.h"

/* The request's body, checked, becomes the object where (a KIND_OBJECT of a calendar that
 * is there). Errors: RFC 4791 section 5.3.2.1, and those of be_object_put. */
enum err put_object(struct dav *dav, const struct resource *where,
    const struct be_expect *expect, struct be_put_result *result);
/* Status and headers of a write; the body where the client wants it. */
void put_answer(
    struct dav *dav, const struct resource *where, const struct be_put_result *result);
/* After UID_CONFLICT of the back end: names the object that has the UID. */
void put_conflict(struct dav *dav, const struct resource *where);

#endif
