/* The HTTP side: libmicrohttpd, a thread a connection, so that a delayed reply holds
 * nobody up. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include <stdbool.h>

struct server;

/* Listens on address:port (port 0: a free one). NULL and a line on stderr when it cannot.
 */
struct server *server_start(const char *listen, unsigned *port);
/* Waits for nobody: delayed replies are dropped. */
void server_stop(struct server *server);

#endif
