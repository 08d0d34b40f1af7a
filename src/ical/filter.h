/*
 * The filters of calendar-query (RFC 4791 9.7) on a calendar object, and partial
 * retrieval (9.6.1 to 9.6.4). dav builds the trees from XML.
 */
#ifndef ICAL_FILTER_H
#define ICAL_FILTER_H

#include "ical/expand.h"

enum collation { COLLATION_ASCII_CASEMAP, COLLATION_OCTET, COLLATION_UNICODE_CASEMAP };
/* By name, "default" and "" included; false when it is not supported. */
bool collation_find(const char *name, enum collation *collation);
/* Substring match; the empty part is in every text. */
bool collation_contains(
    struct arena *arena, enum collation collation, const char *text, const char *part);

struct text_match {
    const char *text; /* NULL = no match asked for */
    enum collation collation;
    bool negate;
};
struct param_filter {
    const char *name; /* upper case */
    bool is_not_defined;
    struct text_match match;
};
struct prop_filter {
    const char *name; /* upper case */
    bool is_not_defined;
    bool has_range;
    int64_t from_s, until_s;
    struct text_match match;
    LIST(struct param_filter) params;
};
struct comp_filter {
    const char *name; /* upper case */
    bool is_not_defined;
    bool has_range;
    int64_t from_s, until_s; /* INT64_MIN, INT64_MAX = open */
    LIST(struct prop_filter) props;
    LIST(struct comp_filter *) comps;
};

/* root is the filter on VCALENDAR. floating: see expand_range. */
enum err filter_match(struct ctx *cx, const struct comp_filter *root,
    const struct comp *calendar, const struct zone *floating, bool *match);

/* calendar-data's comp and prop selection. */
struct comp_select {
    const char *name;
    bool all_props, all_comps;
    LIST(const char *) props;    /* upper case */
    LIST(const char *) no_value; /* of these only the name (novalue="yes") */
    LIST(struct comp_select *) comps;
};
struct comp *select_apply(struct ctx *cx, const struct comp_select *select,
    const struct comp *calendar);

#endif
