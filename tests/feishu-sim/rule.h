/* Recurrence rules: RFC 5545 RRULE values as Feishu takes them (API page "create event").
 */
#ifndef SIM_RULE_H
#define SIM_RULE_H

#include <libical/ical.h>
#include <stdbool.h>
#include <stdint.h>

#include "when.h"

struct rule {
    struct icalrecurrencetype parts; /* without UNTIL and COUNT */
    int count;                       /* 0: none */
    bool has_until, until_is_date;
    int64_t until; /* instant, or UTC midnight of the last date */
};

enum rule_need {
    RULE_WIDE,  /* every BY part of daily to yearly rules */
    RULE_NAMED, /* only the parts which the reference names, and WKST */
};

/* Reads a rule (an RRULE: prefix is allowed). Returns NULL and fills out, or says what is
 * wrong. */
const char *rule_parse(const char *text, enum rule_need need, struct rule *out);

/* Feishu's own order of parts: FREQ;UNTIL;COUNT;INTERVAL;WKST;BY... Owned by the caller.
 */
char *rule_normalise(const char *text);

/* Called with an occurrence's start; false stops. */
typedef bool (*occurrence_fn)(void *arg, int64_t start);

/* Every occurrence in order whose start is before `before`. */
void rule_expand(const struct rule *rule, const struct when *start, int64_t before,
    occurrence_fn fn, void *arg);

/* Does the series have an occurrence that starts exactly then? */
bool rule_has(const struct rule *rule, const struct when *start, int64_t at);

/* Start of the last occurrence, INT64_MAX for an endless series. */
int64_t rule_last(const struct rule *rule, const struct when *start);

#endif
