/* Delivery over long connections (11.4): bootstrap, handshake, frames. The big lock is
 * held in every function unless one says otherwise. */
#ifndef SIM_CONNECTION_H
#define SIM_CONNECTION_H

#include <cjson/cJSON.h>
#include <microhttpd.h>

#include "request.h"

/* POST /callback/ws/endpoint */
int api_connection_endpoint(struct request *rq, struct reply *rp);
/* GET /ws/v2: refuses, or lets the reply become a WebSocket. */
void connection_handshake(struct request *rq, struct reply *rp);
/* The socket is there. Without the lock; takes the id. */
void connection_open(struct MHD_UpgradeResponseHandle *urh, int fd, const char *early,
    size_t n_early, char *id);

/* Sends a message over a random connection. False: there is none. */
bool connection_send(const char *message_id, const char *json);

/* Faults and settings of connections: NULL or the complaint. */
char *connection_control(const cJSON *values);
void connections_print(struct buf *out, const char *key);
void connections_defaults(void);
/* Ends them all and waits for it. Without the lock. */
void connections_stop(void);

#endif
