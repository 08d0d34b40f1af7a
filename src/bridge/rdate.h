/*
 * RDATE: Feishu has no single dates beside a rule, nor in place of one. They are carried
 * where a rule says the same; the client keeps its lines.
 */
#ifndef BRIDGE_RDATE_H
#define BRIDGE_RDATE_H

#include "bridge/series.h"

#define RDATE_MAX_OF_RULE 1000 /* dates from which a rule is made */

/* RDATEs beside a rule that stand for an EXDATE of their day: that occurrence is moved.
 * They become overrides of view, and their EXDATEs go from its list; the lines stay. */
enum err rdates_pair(struct ctx *cx, const struct convert_env *env, struct view *view);
/* The moved occurrence as the master now says it, in a component of its own. */
struct comp *rdate_event(struct ctx *cx, const struct convert_env *env,
    const struct view *view, int64_t moved_to_s);
/* Takes the RDATE of a moved occurrence out of the master's lines, and with exdate its
 * EXDATE, also from the list; otherwise that counts again. */
enum err rdate_unpair(struct ctx *cx, const struct convert_env *env, struct view *view,
    struct view_override *one, bool exdate);

/* True when the rule has all of the master's RDATEs anyway, or they move occurrences. */
bool rdates_say_nothing(
    struct ctx *cx, const struct convert_env *env, const struct view *view);

/* The moved occurrences are none any more: no overrides of view. The lines stay. */
void rdates_forget(struct view *view);

/* Takes RDATEs out of the master's lines that are no occurrences upstream: a rule moved,
 * or gone, leaves them behind. */
enum err rdates_keep(struct ctx *cx, const struct convert_env *env, struct view *view);

/* The rule of an event without RRULE whose occurrences are exactly DTSTART and its
 * RDATEs: so many days, weeks on certain weekdays, months, or years apart. NULL = there
 * is none. */
const char *rdate_rule(struct ctx *cx, const struct convert_env *env,
    const struct comp *calendar, const struct comp *event);

#endif
