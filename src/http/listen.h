/* Listening sockets for server.listen: "address:port", "[::]:port", "unix:/path". */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "base/ctx.h"

#include <stdbool.h>
#include <sys/socket.h>

#define LISTEN_MAX 8

struct listener {
    int fd;
    bool loopback;        /* loopback address or a unix socket */
    const char *address;  /* as bound: "127.0.0.1:5280", "[::1]:5280", "unix:/path" */
    const char *unix_path; /* to be removed at the end, NULL for others */
};

/* Binds one address. Errors: CONFIG for a text that is no address, IO. */
enum err listen_open(struct ctx *cx, const char *text, struct listener *listener);
/* Removes the unix socket's file too; fd -1 = the socket is closed already. */
void listen_close(const struct listener *listener);

/* The peer's address without port as text in cx->arena, "unix" for a unix socket. */
const char *peer_text(struct ctx *cx, const struct sockaddr *peer);
/* 127.0.0.0/8, ::1, their mapped forms, and "unix". */
bool peer_loopback(const char *peer);
/* Whether a peer is meant by a word of server.trusted-proxy: an address, a network
 * "address/bits", or "unix". */
bool peer_within(const char *peer, const char *network);

#endif
