/* Busy time as VFREEBUSY components (RFC 5545 section 3.6.4). */
#ifndef DAV_FREEBUSY_H
#define DAV_FREEBUSY_H

#include "dav/request.h"

/* Sorts list and merges it: of times that overlap busy hides unavailable, and that
 * tentative. The result is in the arena. */
void freebusy_merge(struct ctx *cx, struct be_busy *list, size_t n, int64_t from_s,
    int64_t until_s, struct be_busy **merged, size_t *n_merged);

struct freebusy {
    const char *method;    /* of the VCALENDAR, NULL = none */
    const char *uid;       /* NULL = made up */
    const char *organizer; /* whole lines of the request with folds, NULL = none */
    const char *attendee;
    int64_t from_s, until_s;
    const struct be_busy *busy; /* merged */
    size_t n_busy;
};
/* Appends a VCALENDAR with this one VFREEBUSY. */
void freebusy_print(struct ctx *cx, const struct freebusy *freebusy, struct buf *out);

#endif
