/*
 * Recurrence rules between the two sides (feishu-api 5.4). Upstream knows UNTIL but not
 * surely COUNT, and gives the parts in an order of its own, so rules are compared by
 * meaning.
 */
#ifndef BRIDGE_RRULE_H
#define BRIDGE_RRULE_H

#include "bridge/field.h"

#define RRULE_MAX_CHARS 2000
#define RRULE_MAX_PARTS 16
#define RRULE_MAX_INSTANCES 100000 /* a COUNT beyond it is refused */

/* The fact: {"rule": as written, "same": normal form for comparison, "wire": what to
 * send; absent where the rule cannot be sent, then "refused" says why}. */
enum err up_recurrence(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_recurrence(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
bool equal_recurrence(const cJSON *a, const cJSON *b);
void down_recurrence(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);
/* UPSTREAM_REFUSED with the part that Feishu cannot hold. */
enum err write_recurrence(struct ctx *cx, const struct field_write *write, cJSON *body);

/* True when two rules of a series that starts there have the same instances as far as
 * their parts tell. */
bool rrule_same(struct ctx *cx, const char *a, const char *b, bool all_day,
    int64_t start_s, const struct zone *zone);
/* True when the two facts differ in nothing but where they end. */
bool recurrence_same_but_end(const cJSON *a, const cJSON *b);

#endif
