/* What is remembered about the pulls of a calendar beside its row: settings that go when
 * the calendar goes. */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "bridge/spent.h"

#include <inttypes.h>
#include <stdio.h>

static char *spent_name(struct ctx *cx, int64_t calendar_id)
{
    return arena_printf(cx->arena, "spent.%" PRId64, calendar_id);
}

static char *full_name(struct ctx *cx, int64_t calendar_id)
{
    return arena_printf(cx->arena, "full.%" PRId64, calendar_id);
}

void spent_read(
    struct ctx *cx, struct bridge *bridge, int64_t calendar_id, struct spent *spent)
{
    char *text = NULL;
    *spent = (struct spent){0};
    if (store_setting(cx, bridge->store, spent_name(cx, calendar_id), &text) || !text ||
        sscanf(text, "%" SCNd64 " %" SCNd64, &spent->calls, &spent->success_s) != 2)
        *spent = (struct spent){0};
}

enum err spent_add(struct ctx *cx, struct bridge *bridge, int64_t calendar_id,
    const struct spent *more)
{
    struct spent now;
    spent_read(cx, bridge, calendar_id, &now);
    now.calls += more->calls;
    if (more->success_s)
        now.success_s = more->success_s;
    return store_setting_set(cx, bridge->store, spent_name(cx, calendar_id),
        arena_printf(cx->arena, "%" PRId64 " %" PRId64, now.calls, now.success_s));
}

int64_t full_read_s(struct ctx *cx, struct bridge *bridge, int64_t calendar_id)
{
    char *text = NULL;
    long long when_s;
    if (store_setting(cx, bridge->store, full_name(cx, calendar_id), &text) || !text ||
        !str_to_ll(text, 0, INT64_MAX, &when_s))
        return 0;
    return when_s;
}

enum err full_read_set(
    struct ctx *cx, struct bridge *bridge, int64_t calendar_id, int64_t when_s)
{
    return store_setting_set(cx, bridge->store, full_name(cx, calendar_id),
        arena_printf(cx->arena, "%" PRId64, when_s));
}

enum err calendar_forget(
    struct ctx *cx, struct bridge *bridge, struct store_tx *tx, int64_t calendar_id)
{
    TRY(store_setting_set(cx, bridge->store, spent_name(cx, calendar_id), NULL));
    TRY(store_setting_set(cx, bridge->store, full_name(cx, calendar_id), NULL));
    return store_calendar_remove(cx, tx, calendar_id);
}
