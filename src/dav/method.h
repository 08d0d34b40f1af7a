/*
 * Methods: one table, from which Allow is printed.
 */
#ifndef DAV_METHOD_H
#define DAV_METHOD_H

#include "dav/request.h"

typedef enum err method_handler(struct dav *dav);

enum method_flags {
    METHOD_BLOCKS = 1,     /* may wait for upstream */
    METHOD_MAY_CREATE = 2, /* the target may be missing */
    METHOD_CONDITIONS =
        4, /* If-Match and the like are looked at by dav.c, not the handler */
};

struct method {
    const char *name;
    method_handler *handler; /* NULL = refused everywhere */
    unsigned kinds;          /* where it is allowed */
    unsigned flags;
};
const struct method *method_find(const char *name); /* NULL = unknown */
/* "OPTIONS, GET, ..." of a kind of resource, in cx->arena. */
char *method_allow(struct ctx *cx, enum kind kind);
/* A supported-method element each (RFC 3253 section 3.1.3). */
void method_add_supported(struct buf *out, enum kind kind);

method_handler options_handle, get_handle, put_handle, delete_handle, mkcalendar_handle,
    mkcol_handle, propfind_handle, proppatch_handle, report_handle, post_handle,
    acl_handle, copy_handle, move_handle;

#endif
