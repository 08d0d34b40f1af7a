/* Scenarios: the tenant at the start, read from JSON. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include <cjson/cJSON.h>

/* Each replaces the whole tenant. NULL or a complaint, owned by the caller. */
char *scenario_load(const cJSON *scenario);
char *scenario_file(const char *path);
char *scenario_builtin(void);
/* Loads again what was loaded last. */
char *scenario_again(void);
/* Frees everything at the end. */
void scenario_forget(void);

#endif
