/* What machines ask: /healthz and /metrics (Prometheus text format). */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "http/exchange.h"

void health(struct exchange *ex);
void metrics(struct exchange *ex);

#endif
