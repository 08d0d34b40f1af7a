/*
 * The HTTP server: sockets, threads, limits, sign-in, routes. Everything above
 * libmicrohttpd's callbacks is decided by tables (route.c).
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/conf.h"
#include "base/ctx.h"

struct bridge;
struct server;

/* What serve would refuse of the configuration, without listening: TLS files that cannot
 * be read or do not fit together. Errors: CONFIG. */
enum err server_check(struct ctx *cx, const struct conf *conf);
/* Listens on every address of server.listen. Errors: CONFIG (plain HTTP off loopback
 * without a trusted proxy ...), IO. */
enum err server_start(struct ctx *cx, const struct conf *conf, struct bridge *bridge,
    struct server **server);
/* Lets running requests end, however long they take, then stops accepting and frees. */
void server_stop(struct server *server);
/* "http://127.0.0.1:5280": the first address as really bound (port 0 resolved). */
const char *server_address(const struct server *server);

#endif
