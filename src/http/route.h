/* The routes of the service: one table (route.c). */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "http/exchange.h"

enum route_access {
    ACCESS_ANYBODY,
    ACCESS_PASSWORD, /* HTTP Basic with an app password */
    ACCESS_COOKIE,   /* the account page's session; user_id stays 0 when there is none */
    ACCESS_LOCAL,    /* only from loopback, and not through a proxy */
};

struct route {
    const char *methods; /* "GET HEAD", NULL = all */
    const char *path;    /* decoded segments joined by "/", "" = the root */
    bool subtree;        /* everything below it too */
    enum route_access access;
    bool (*may_block)(const struct exchange *ex); /* NULL = never waits */
    void (*handle)(struct exchange *ex);
};

/* The row for the exchange's method and path; NULL when there is none. *known = some
 * other method has a row for the path. */
const struct route *route_find(const struct exchange *ex, bool *known);
/* The methods that have rows for the path, for an Allow header. */
const char *route_allow(const struct exchange *ex);

#endif
