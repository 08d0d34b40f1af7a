/* start_time and end_time of a body (section 5.3), and the rule (5.4). */
#ifndef SIM_DRAFT_TIMES_H
#define SIM_DRAFT_TIMES_H

#include "request.h"
#include "when.h"

/* One of date and timestamp. An end date is read as the switch allday_write says. */
int times_read(struct reply *rp, const cJSON *start, const cJSON *end,
    struct when *start_out, struct when *end_out);
/* One time, for filters; prefix names the field. */
int time_read(struct reply *rp, const cJSON *value, const char *prefix, struct when *out);
/* The normalised rule, owned by the caller. */
int rule_read(struct reply *rp, const char *text, char **out);

#endif
