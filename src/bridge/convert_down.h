/* What the files that lay upstream over a client's text share: convert_down.c and
 * convert_new.c. */
#ifndef BRIDGE_CONVERT_DOWN_H
#define BRIDGE_CONVERT_DOWN_H

#include "bridge/field_time.h"
#include "bridge/series.h"

struct down {
    const struct convert_env *env;
    const struct series *series;
    struct view view;       /* of the text, as far as it is laid */
    struct zone_list zones; /* that new lines name */
};

struct scene down_scene(struct down *down, struct comp *event);

/* ---- convert_new.c: components that the text does not have ---- */
struct comp *down_new_calendar(struct ctx *cx);
struct comp *down_new_event(
    struct ctx *cx, const struct down *down, const struct series_row *row);
/* Where the text has a master it carries what the master's lines say and upstream cannot
 * hold. */
struct comp *down_new_override(
    struct ctx *cx, struct down *down, const struct series_row *row);

#endif
