/*
 * WebDAV and CalDAV without sockets: a request in, a response out. It may block only for
 * the methods that dav_may_block names.
 */
#ifndef DAV_DAV_H
#define DAV_DAV_H

#include "base/ctx.h"
#include "base/str.h"
#include "base/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bridge;

struct dav_request {
    struct bridge *bridge;
    int64_t user_id;         /* who signed in */
    const char *method;
    struct path path;        /* below the service root: n = 0 is "/dav/" */
    /* how the service root is written in hrefs: "/dav" or "/prefix/dav" */
    const char *root;
    /* "https://host:port" of this request, for Destination and If */
    const char *origin;
    const char *body;
    size_t body_bytes;
    /* Value of a header, NULL = not sent. */
    const char *(*header)(const struct dav_request *request, const char *name);
    void *self;              /* the caller's, for header */
};

struct dav_header {
    const char *name, *value;
};
enum dav_more { DAV_MORE, DAV_LAST, DAV_BROKEN };
struct dav_response {
    int status;
    LIST(struct dav_header) headers;
    struct buf body;      /* on the heap; the caller frees it */
    bool compressible;
    /* NULL: body is all. Otherwise it is the first piece, and more puts the next one in
     * its place, until it is the last. Good as long as the context lives. */
    enum dav_more (*more)(struct dav_response *response);
    void *more_self;
};

/* Never fails: errors become responses. Texts of the headers live in cx->arena. While
 * there is more, the request's header function, self and body must stay. */
void dav_handle(struct ctx *cx, const struct dav_request *request,
    struct dav_response *response);

/* An error as a response with a DAV:error body; used by http for its own errors too. */
void dav_error_response(struct ctx *cx, enum err kind, struct dav_response *response);

/* True for methods (and paths) that may wait for upstream: they need a worker thread. */
bool dav_may_block(const char *method, const struct path *path);

#endif
