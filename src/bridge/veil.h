/*
 * What somebody may see who has not been given the details of an event (feishu-api 5.5):
 * when it takes place, and whether it makes busy. A calendar of which the account is
 * free_busy_reader shows no more, but for titles of public events; a reader does not see
 * private events, nor those of which upstream tells nothing. Upstream leaves the details
 * out itself; here nothing depends on it.
 */
#ifndef BRIDGE_VEIL_H
#define BRIDGE_VEIL_H

#include "bridge/convert.h"

#define VEIL_TITLE "Busy"

/* The row, or where it is veiled what is left of it. */
struct series_row row_as_seen(
    struct ctx *cx, const struct convert_env *env, const struct series_row *row);
/* Some row is: then a client's text of before, which may tell more, is not shown. */
bool series_is_veiled(const struct convert_env *env, const struct series *series);

#endif
