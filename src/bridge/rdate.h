/*
 * RDATE: Feishu has no single dates beside a rule, nor in place of one. They are carried
 * where a rule says the same; the client keeps its lines.
 */
#ifndef BRIDGE_RDATE_H
#define BRIDGE_RDATE_H

#include "bridge/series.h"

#define RDATE_MAX_OF_RULE 1000 /* dates from which a rule is made */

/* True when the rule has all of the master's RDATEs anyway. */
bool rdates_say_nothing(
    struct ctx *cx, const struct convert_env *env, const struct view *view);

/* The rule of an event without RRULE whose occurrences are exactly DTSTART and its
 * RDATEs: so many days, weeks on certain weekdays, months, or years apart. NULL = there
 * is none. */
const char *rdate_rule(struct ctx *cx, const struct convert_env *env,
    const struct comp *calendar, const struct comp *event);

#endif
