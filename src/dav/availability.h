/* The availability that people set on their inbox (RFC 7953), in their busy time. */
#ifndef DAV_AVAILABILITY_H
#define DAV_AVAILABILITY_H

#include "dav/request.h"

typedef LIST(struct be_busy) busy_list;

/* Adds when the person is not available. Nothing when none was set or when it cannot be
 * expanded: busy time is better than no answer. */
void availability_add(struct dav *dav, const struct be_user *who, int64_t from_s,
    int64_t until_s, busy_list *list);
/* An address's busy time joined with its availability, where the person has an account
 * here. */
void availability_join(
    struct dav *dav, struct be_freebusy *answer, int64_t from_s, int64_t until_s);

#endif
