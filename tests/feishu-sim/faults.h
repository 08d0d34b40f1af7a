/* Faults to order: the next matching calls go wrong in the way asked for. */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdbool.h>

#include "request.h"

struct fault;

/* Reads one fault; NULL and the number of it, or the complaint (owned by the caller). */
char *fault_add(const cJSON *spec, int *id);
/* The fault of this request, counted; NULL when none matches. */
struct fault *fault_take(const struct request *rq);
/* Shall the request be carried out before it goes wrong? */
bool fault_has_effect(const struct fault *fault);
void fault_apply(const struct fault *fault, struct reply *rp);
/* Waits as long as the reply is to come late; ends at once with faults_clear. */
void fault_pause(const struct reply *rp);
void faults_print(struct buf *out, const char *key);
void faults_clear(void);
/* No reply is late any more, as the server is to end. */
void faults_stop(void);

#endif
