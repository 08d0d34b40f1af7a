/* A model of what Feishu makes of a plan's steps, for properties of conversion. */
#ifndef TESTS_UNIT_BRIDGE_UPSTREAM_H
#define TESTS_UNIT_BRIDGE_UPSTREAM_H

#include "bridge/convert.h"
#include "feishu/client.h"

#define UPSTREAM_MAX_ROWS 64

struct upstream {
    struct ctx *cx;
    const struct convert_env *env;
    const char *uid;
    struct series_row master; /* event NULL = nothing is there */
    struct series_row rows[UPSTREAM_MAX_ROWS];
    size_t n;
    struct series series; /* of the above, after upstream_series */
};

/* Carries the steps out as feishu-api section 5 says. */
void upstream_apply(struct upstream *up, const struct plan *plan);
const struct series *upstream_series(struct upstream *up);

#endif
