/*
 * One request and its answer. Private to src/http: the adapter (server.c) fills the
 * request half, a route's handler the answer half; handlers know no sockets.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/conf.h"
#include "base/ctx.h"
#include "base/url.h"
#include "dav/dav.h"

#include <microhttpd.h>
#include <stdbool.h>

struct bridge;
struct route;

/* What all requests of a server share. */
struct site {
    const struct conf *conf;
    struct bridge *bridge;
    const char *prefix;      /* path of server.base-url, "" or "/calendar" */
    const char *dav_root;    /* prefix + "/dav" */
    bool tls;
    char **trusted;          /* the words of server.trusted-proxy, NULL-terminated */
};

struct exchange {
    struct ctx *cx;
    const struct site *site;
    struct MHD_Connection *connection;
    const struct route *route;

    const char *method;
    const char *target;      /* path as sent, still percent-coded */
    const char *query;       /* as sent, without the question mark; "" = none */
    struct path path;        /* below the prefix */
    enum err path_err;       /* of path_parse */
    /* the client's address, behind trusted proxies the one they name */
    const char *peer;
    bool secure;             /* TLS here or at a trusted proxy */
    const char *origin;      /* "https://host" */
    struct buf body;         /* on the heap */
    enum err verdict;        /* decided before the body: then the body is thrown away */
    long long discarded_bytes; /* of it, so far */
    int64_t user_id;         /* 0 = nobody signed in */
    const char *user_name;   /* for the log */

    struct dav_response response;
    enum { EXCHANGE_READING, EXCHANGE_WORKING, EXCHANGE_DONE } stage;
    int64_t started_ms;
    size_t sent_bytes; /* of an answer in pieces, so far */
    bool in_pieces;
    bool logged;
    bool unclear;   /* where it ends: nothing behind it is read */
    bool abandoned; /* the client had gone before it could be answered */
};

/* Lines of the same name are joined by commas; NULL = not sent. */
const char *exchange_header(const struct exchange *ex, const char *name);
/* A query argument, decoded; NULL = not there. */
const char *exchange_argument(const struct exchange *ex, const char *name);
const char *exchange_cookie(const struct exchange *ex, const char *name);

void answer_header(struct exchange *ex, const char *name, const char *value);
void answer_text(struct exchange *ex, int status, const char *type, const char *text);
/* The error in cx as a DAV:error body, with Retry-After or WWW-Authenticate where they
 * belong. */
void answer_error(struct exchange *ex, enum err kind);
void answer_redirect(struct exchange *ex, int status, const char *location);

#endif
