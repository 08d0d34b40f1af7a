/* The control interface under /_sim/ (README). */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "request.h"

void control_serve(struct request *rq, struct reply *rp);

/* The whole tenant, or one part of it (query part, calendar_id). */
void state_print(struct buf *out, const struct request *rq);

#endif
