/* The list of calls which the simulator saw. */
#ifndef SIM_CALLS_H
#define SIM_CALLS_H

#include <stdint.h>

#include "request.h"

/* The oldest calls are forgotten beyond this many. */
#define CALLS_MAX 20000

/* Takes the target and the body from the request. */
void call_record(struct request *rq, const struct reply *rp);
void calls_print(struct buf *out, const char *key, uint64_t since);
uint64_t calls_last(void);
void calls_clear(void);

#endif
