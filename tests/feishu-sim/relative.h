/* Times relative to today, so that a scenario is lively whenever it is loaded. */
#ifndef SIM_RELATIVE_H
#define SIM_RELATIVE_H

#include <cjson/cJSON.h>

/* Replaces the members `when` and `until_day` of an event by start_time, end_time and an
 * UNTIL part (README, "Times"). NULL or a complaint, owned by the caller. */
char *relative_resolve(cJSON *event);

#endif
