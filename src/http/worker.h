/*
 * Threads for requests that may wait for Feishu, so that the threads which serve cached
 * reads never do. The queue is bounded.
 */
#ifndef HTTP_WORKER_H
#define HTTP_WORKER_H

#include "base/ctx.h"

#include <stdbool.h>

struct workers;

enum err workers_start(
    struct ctx *cx, long threads, long max_waiting, struct workers **workers);
/* False when the queue is full or the workers are stopping; then run is not called. */
bool workers_add(struct workers *workers, void (*run)(void *job), void *job);
/* Runs what waits, then ends the threads; from then on workers_add answers false. */
void workers_stop(struct workers *workers);
/* Behind workers_stop, when nobody can call workers_add any more. NULL is allowed for
 * both. */
void workers_free(struct workers *workers);

#endif
