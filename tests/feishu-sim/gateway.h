/* From a request to its reply: control interface, faults, route, token, scope, rate,
 * shape. */
#ifndef SIM_GATEWAY_H
#define SIM_GATEWAY_H

#include "request.h"

/* Serves a request that has method, target, headers and body. Takes the big lock. */
void gateway_serve(struct request *rq, struct reply *rp);
/* The handler behind the gateway for an edit as if in the Feishu client (lock held). */
int gateway_edit(struct request *rq, struct reply *rp);

#endif
