/*
 * What a client would like of the answer: Prefer (RFC 7240, RFC 8144) and its forerunner
 * Brief, which Apple's clients send.
 */
#ifndef DAV_PREFER_H
#define DAV_PREFER_H

#include "dav/request.h"

/* Sets prefer and no_root. Of a preference that is named twice the first counts; what is
 * not known is ignored. */
void prefer_read(struct dav *dav);
/* Tells which of them were honoured. */
void prefer_applied(struct dav *dav, enum prefer prefer, bool no_root);

#endif
