/* Floating times and dates have no zone of their own: they are read in the calendar's
 * (RFC 4791 5.2.2, 7.3), else in the account's. When that becomes another, what floats is
 * rendered again: upstream's instants stay, so that a wall clock is written with its zone
 * where it would be another instant, and the index of what is when is made anew. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <string.h>

#define BATCH 100

static const char *const timed[] = {
    "DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE", "RRULE"};

static bool is_timed(const char *line)
{
    for (size_t i = 0; i < sizeof(timed) / sizeof(*timed); i++) {
        size_t len = strlen(timed[i]);
        if (str_istarts(line, timed[i]) && (line[len] == ':' || line[len] == ';'))
            return true;
    }
    return false;
}

/* A line of a time that names no zone and does not end as UTC does. */
static bool floats(const char *text)
{
    for (const char *line = text; line && *line;) {
        const char *end = strchr(line, '\n');
        const char *last = end ? end - 1 : line + strlen(line) - 1;
        if (is_timed(line)) {
            const char *zone = strcasestr(line, "TZID=");
            if (last > line && *last == '\r')
                last--;
            if (!(zone && zone < last) && *last != 'Z' && *last != 'z')
                return true;
        }
        line = end ? end + 1 : NULL;
    }
    return false;
}

struct floating {
    struct bridge *bridge;
    const struct account *account;
    const struct calendar *calendar;
    text_list uids;
    struct ctx *cx;
};

static bool collect(void *self, const struct object *object, bool exact)
{
    struct floating *floating = self;
    (void)exact;
    if (object->upstream_uid)
        LIST_ADD(floating->cx->arena, &floating->uids,
            arena_strdup(floating->cx->arena, object->upstream_uid));
    return true;
}

/* What was written as floating may be served with a zone by now. */
static enum err render_one(
    struct ctx *cx, const struct floating *floating, struct store_tx *tx, const char *uid)
{
    struct object object;
    struct render_result result;
    struct render render = {
        .bridge = floating->bridge,
        .account = floating->account,
        .calendar = floating->calendar,
        .uid = uid,
        .orphan = true,
        .reindex = true,
    };
    TRY(store_object_full(cx, NULL, tx, floating->calendar->id, uid, &object));
    if (!floats(object.text) && !floats(object.shadow))
        return ERR_OK;
    return render_series(cx, tx, &render, &result);
}

static enum err render_some(
    struct ctx *cx, const struct floating *floating, size_t from, size_t until)
{
    struct store_tx *tx;
    enum err err = ERR_OK;
    TRY(store_begin(cx, floating->bridge->store, &tx));
    for (size_t i = from; i < until && !err; i++) {
        struct arena *outer = ctx_step_begin(cx);
        err = render_one(cx, floating, tx, floating->uids.items[i]);
        ctx_step_end(cx, outer);
    }
    return store_end(cx, tx, err);
}

enum err floating_render(struct ctx *cx, struct bridge *bridge,
    const struct account *account, const struct calendar *calendar)
{
    struct floating floating = {
        .bridge = bridge, .account = account, .calendar = calendar, .cx = cx};
    struct object_query query = {.calendar_id = calendar->id, .with_text = true};
    TRY(store_objects(cx, bridge->store, &query, collect, &floating));
    for (size_t i = 0; i < floating.uids.n; i += BATCH) {
        size_t until = i + BATCH < floating.uids.n ? i + BATCH : floating.uids.n;
        TRY(render_some(cx, &floating, i, until));
    }
    return ERR_OK;
}

static enum err render_locked(struct ctx *cx, struct bridge *bridge,
    const struct account *account, const struct calendar *calendar)
{
    struct held held;
    if (calendar_timezone(cx, bridge, calendar))
        return ERR_OK;
    TRY(held_take(cx, bridge->locks, LOCK_CALENDAR, calendar->id, &held));
    enum err err = floating_render(cx, bridge, account, calendar);
    held_release(&held);
    return err;
}

void floating_render_all(
    struct ctx *cx, struct bridge *bridge, const struct account *account)
{
    struct calendar *list;
    size_t n;
    enum err err = store_calendars(cx, bridge->store, account->id, &list, &n);
    for (size_t i = 0; i < n && !err; i++)
        err = render_locked(cx, bridge, account, &list[i]);
    if (err)
        log_line(cx, LOG_INFO, LOG_SYNC,
            "account %lld: floating times are not in the new zone yet: %s",
            (long long)account->id, ctx_error(cx));
}
