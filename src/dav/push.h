/* WebDAV-Push (draft-bitfire-webdav-push): registrations of clients that want to be told
 * when a calendar changes. */
#ifndef DAV_PUSH_H
#define DAV_PUSH_H

#include "dav/request.h"

/* DELETE of a registration, the target. */
enum err push_unregister(struct dav *dav);

/* Push-Dont-Notify (section "Suppressing Notifications"): around the work of a request
 * that changes something. */
struct be_hushed *push_hush(struct dav *dav); /* NULL = everybody is told */
void push_unhush(struct dav *dav, struct be_hushed *hushed);

#endif
