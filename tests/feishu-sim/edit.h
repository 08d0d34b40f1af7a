/* Edits as if in the Feishu client: the same handlers, without the gateway. */
#ifndef SIM_EDIT_H
#define SIM_EDIT_H

#include <cjson/cJSON.h>

#include "world.h"

/* Carries out one edit (README, "edit"). The answer's data, owned by the caller, or NULL
 * and a complaint, owned by the caller. */
cJSON *edit_run(const cJSON *edit, char **complaint);

/* Calls one method of the API as somebody. Takes the body. */
cJSON *edit_call(struct person *who, const char *method, const char *target, cJSON *body,
    char **complaint);

#endif
