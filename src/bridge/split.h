/*
 * RECURRENCE-ID;RANGE=THISANDFUTURE (RFC 5545 3.2.13): Feishu holds no change of "this
 * and all that follow", so the series ends before it and another begins there
 * (feishu-api 5.19). Pure: no store, no network.
 */
#ifndef BRIDGE_SPLIT_H
#define BRIDGE_SPLIT_H

#include "bridge/convert.h"
#include "ical/lines.h"

#define SPLIT_MAX_PARTS 8
#define SPLIT_MAX_INSTANCES 200000
/* Past the last exception, the instances of the parts and of the whole are compared for
 * so long: two leap years and more than any INTERVAL that people use. */
#define SPLIT_COMPARE_S (INT64_C(12) * 366 * 86400)

/* A series that begins where another was cut. */
struct split_part {
    const char *text; /* an object of its own */
    const char *uid;  /* made of the series' UID and of the place: the same cut again
                         gives the same */
    int64_t pivot;    /* scheduled start in the series that was cut */
};
struct split {
    const char *text;              /* what the object itself becomes */
    LIST(struct split_part) later; /* in the order of time; none = nothing was cut */
};

/* calendar = the text, parsed. Nothing to cut: text itself. The first occurrence and all
 * that follow are the whole series, which keeps its UID. Errors: UPSTREAM_REFUSED with
 * the part that cannot be cut exactly. */
enum err convert_split(struct ctx *cx, const struct convert_env *env, const char *text,
    const struct comp *calendar, struct split *split);

#define SPLIT_REFUSED(cx, ...)                                                           \
    fail((cx), ERR_UPSTREAM_REFUSED, "RECURRENCE-ID;RANGE=THISANDFUTURE: " __VA_ARGS__)

/* ---- split_check.c ---- */
/* The proof: the parts together have the instances of the whole, moved as RFC 5545 3.2.13
 * has it. UPSTREAM_REFUSED when not. */
enum err split_check(struct ctx *cx, const struct convert_env *env,
    const struct comp *whole, struct comp *const *parts, size_t n);

/* ---- split_relate.c ---- */
/* The component of the series itself; NULL = there is none. */
struct comp *split_master(const struct comp *calendar);
/* Says in each part which is the first and which the next; the series may have been cut
 * before. */
void split_relate(struct ctx *cx, struct comp *const *parts, size_t n);

/* ---- split_rule.c: the text of an RRULE; letter case and order are kept ---- */

/* The rule with another end: name is COUNT or UNTIL. */
char *rule_ending(struct ctx *cx, const char *rule, const char *name, const char *value);
/* The value of a part, NULL = none. */
const char *rule_part(struct ctx *cx, const char *rule, const char *name);
/* The rule of the same occurrences moved by whole days; day = day of the month on which
 * they were to begin. NULL: there is none, *part says which part is in the way. */
char *rule_moved(
    struct ctx *cx, const char *rule, int day, int64_t days, const char **part);

#endif
