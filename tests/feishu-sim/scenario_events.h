/* The events of a scenario. */
#ifndef SIM_SCENARIO_EVENTS_H
#define SIM_SCENARIO_EVENTS_H

#include <cjson/cJSON.h>
#include <stddef.h>

/* Makes the n-th event with its attendees and exceptions. NULL or a complaint. */
char *scenario_event(const cJSON *in, size_t n);

#endif
