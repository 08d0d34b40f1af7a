/* Cancelled exceptions in what was read: an occurrence that does not take place, or an
 * exception that was destroyed, so that the rule gives its occurrence back (feishu-api
 * 5.9, 16.17). */
#include "config.h"

#include "bridge/occurrence.h"
#include "bridge/pull.h"

const struct row *pull_row_of(
    const struct row *rows, size_t n, int64_t original_time)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].original_time == original_time)
            return &rows[i];
    return NULL;
}

/* The master as it is now: what was read with it, or what is stored. NULL = none. */
static const cJSON *master_of(struct ctx *cx, struct pull *pull,
    const struct pull_items *list, const char *uid)
{
    struct row *rows;
    size_t n;
    for (size_t i = 0; i < list->n; i++)
        if (!list->items[i].original_time && str_eq(list->items[i].uid, uid))
            return list->items[i].event;
    if (store_rows(cx, pull->bridge->store, pull->calendar->id, uid, &rows, &n))
        return NULL;
    const struct row *row = pull_row_of(rows, n, 0);
    return row ? json_parse(cx->arena, row->json) : NULL;
}

/* A first reading lists no destroyed exceptions, and of a series that goes as a whole
 * none matters. */
static bool is_doubtful(struct ctx *cx, struct pull *pull,
    const struct pull_items *list, const struct pull_item *item)
{
    struct row *rows;
    size_t n;
    if (pull->calendar->pull != PULL_DONE || !item->original_time ||
        !event_cancelled(item->event) ||
        store_rows(cx, pull->bridge->store, pull->calendar->id, item->uid, &rows, &n))
        return false;
    const struct row *old = pull_row_of(rows, n, item->original_time);
    const cJSON *master = master_of(cx, pull, list, item->uid);
    const cJSON *event = old ? json_parse(cx->arena, old->json) : NULL;
    bool guarded = old && seen_is_guarded(old->seen, pull->fetched_ms);
    /* A full reading repeats what is known, and one just after a write what was. */
    if (event && (pull->full || guarded) && event_cancelled(event))
        return false;
    if (event && guarded && event_is_stale(event, item->event))
        return false;
    if (pull->full && !pull_row_of(rows, n, 0))
        return false;
    return master && !event_cancelled(master);
}

static bool is_guarded_row(
    struct ctx *cx, struct pull *pull, const char *uid, int64_t original_time)
{
    struct row *rows;
    size_t n;
    if (store_rows(cx, pull->bridge->store, pull->calendar->id, uid, &rows, &n))
        return false;
    const struct row *row = pull_row_of(rows, n, original_time);
    return row && seen_is_guarded(row->seen, pull->fetched_ms);
}

/* What nothing tells of any more has gone with its rule, which may bring it back. */
static bool left_the_rule(struct ctx *cx, struct pull *pull,
    const struct pull_items *list, const struct pull_item *item)
{
    struct convert_env env;
    const cJSON *master = master_of(cx, pull, list, item->uid);
    env_fill(cx, pull->bridge, pull->account, pull->calendar, &env);
    return master &&
        !occurrence_is_of_rule(cx, &env, item->uid, master, item->original_time);
}

enum err pull_look_at_cancelled(
    struct ctx *cx, struct pull *pull, struct pull_items *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct pull_item *item = &list->items[i];
        enum occurrence_state state;
        const cJSON *event = NULL;
        if (!is_doubtful(cx, pull, list, item))
            continue;
        struct occurrence one = {
            .bridge = pull->bridge,
            .account_id = pull->account->id,
            .calendar_id = pull->calendar->upstream_id,
            .uid = item->uid,
            .original_time = item->original_time,
            .priority = FEISHU_READ,
        };
        TRY(occurrence_look(cx, &one, &state, &event));
        item->waits = (state == OCCURRENCE_PLAIN || state == OCCURRENCE_EXCEPTION) &&
            is_guarded_row(cx, pull, item->uid, item->original_time);
        item->destroyed = state == OCCURRENCE_PLAIN ||
            (state == OCCURRENCE_UNKNOWN && left_the_rule(cx, pull, list, item));
        if (state != OCCURRENCE_EXCEPTION || item->waits)
            continue;
        /* Just after a write of ours what was read may be what we destroyed. */
        if (is_guarded_row(cx, pull, item->uid, 0))
            pull->deferred = pull->result->deferred = item->destroyed = true;
        else
            item->event = json_copy(cx, event);
    }
    return ERR_OK;
}
