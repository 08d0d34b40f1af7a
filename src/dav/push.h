/* WebDAV-Push (draft-bitfire-webdav-push): registrations of clients that want to be told
 * when a calendar changes. */
#ifndef DAV_PUSH_H
#define DAV_PUSH_H

#include "dav/request.h"

/* DELETE of a registration, the target. */
enum err push_unregister(struct dav *dav);

#endif
