/* What POST does where: a table by kind of resource and of body. */
#ifndef DAV_POST_H
#define DAV_POST_H

#include "dav/request.h"

/* root: the body as XML, NULL for iCalendar. */
typedef enum err post_handler(struct dav *dav, const struct xml *root);

post_handler post_push_register;
post_handler post_freebusy, post_add_member, post_cs_share, post_share_resource;

#endif
