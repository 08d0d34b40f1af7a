/* Exceptions of a series whose times cannot be read: they do not hide the rest of it. */
#ifndef BRIDGE_UNREADABLE_H
#define BRIDGE_UNREADABLE_H

#include "bridge/series.h"

/* False for an exception that stands nowhere: of no day, or without a time of its own or
 * of a series. Nothing can be shown of it. */
bool exception_is_shown(const struct series *series, const struct series_row *row);
/* The exception with the times of its master, which stand for those that cannot be
 * read. */
struct series_row exception_with_times(
    struct ctx *cx, const struct series_row *master, const struct series_row *row);

#endif
