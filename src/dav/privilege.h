/*
 * Privileges (RFC 3744) that the signed-in person has, from one table by role.
 */
#ifndef DAV_PRIVILEGE_H
#define DAV_PRIVILEGE_H

#include "dav/request.h"

/* True when the person has the privilege "write-content", "bind" ... (DAV:) on the
 * resource. */
bool privilege_has(
    const struct dav *dav, const struct resource *resource, const char *name);
/* Sets the error body's details. Errors: NEED_PRIVILEGES. */
enum err privilege_need(
    struct dav *dav, const struct resource *resource, const char *name);
/* A <D:privilege> for each one. */
void privilege_add_all(const struct dav *dav, const struct resource *resource,
    struct buf *out);
/* The same for whom a calendar is shared with in that role. */
void privilege_add_role(enum be_role role, struct buf *out);
/* The role that a privilege of a grant needs. False when it cannot be granted; *role is
 * untouched when it says nothing of the role, such as read-acl. */
bool privilege_role(const struct xml *privilege, enum be_role *role);
void privilege_add_supported(struct buf *out); /* content of supported-privilege-set */

#endif
