/* sync-collection on the home: at level 1 which calendars changed, at level infinite
 * their events as well. */
#include "dav/multistatus.h"
#include "dav/report.h"
#include "dav/stream.h"
#include "dav/sync.h"

/* ---- a first listing without a limit: calendar by calendar ---- */

static void write_calendar(struct sync *sync, const struct be_calendar *calendar)
{
    struct resource resource;
    resource_calendar(sync->dav, calendar, &resource);
    multistatus_resource(sync->dav, &sync->plan, &resource);
}

static void enter(struct sync *sync, const struct be_calendar *calendar)
{
    struct resource *member = &sync->members[calendar - sync->calendars];
    if (!member->kind) {
        struct resource resource;
        resource_calendar(sync->dav, calendar, &resource);
        resource_member(&resource, member);
    }
    sync->member = *member;
}

static bool each_object(void *self, const struct be_object *object, bool exact)
{
    struct sync *sync = self;
    (void)exact;
    sync_write_change(sync, object);
    if (sync->stopped) {
        buf_clear(&sync->after);
        buf_adds(&sync->after, object->name);
    }
    return !sync->stopped;
}

static enum err list_objects(struct sync *sync, const struct be_calendar *calendar)
{
    struct dav *dav = sync->dav;
    struct be_query query = {.with_text = sync->plan.needs_text,
        .after = sync->after.len_bytes ? buf_str(&sync->after) : NULL};
    if (!query.after)
        write_calendar(sync, calendar);
    if (!sync->infinite || !report_may_read(calendar))
        return ERR_OK;
    enter(sync, calendar);
    return be_objects(
        dav->cx, dav->request->bridge, calendar, &query, each_object, sync);
}

static enum err write_listing(struct sync *sync)
{
    while (sync->at < sync->n_calendars) {
        TRY(list_objects(sync, &sync->calendars[sync->at]));
        if (sync->stopped)
            return ERR_OK;
        buf_clear(&sync->after);
        sync->at++;
    }
    return ERR_OK;
}

/* ---- anything else: in the order of numbers ---- */

static bool keep_change(void *self, const struct be_object *object)
{
    struct sync *sync = self;
    sync_keep(sync, sync->keeping, object);
    return true;
}

static enum err keep_objects(struct sync *sync, const struct be_calendar *calendar)
{
    if (!sync->infinite || !report_may_read(calendar))
        return ERR_OK;
    if (sync->way == SYNC_PAGE)
        return sync_keep_listing(sync, calendar);
    sync->keeping = calendar;
    return be_changes(sync->dav->cx, sync->dav->request->bridge, calendar,
        sync->token.number, keep_change, sync);
}

static enum err keep_calendar(struct sync *sync, const struct be_calendar *calendar)
{
    struct be_object itself = {.change = calendar->change};
    if (calendar->change <= sync->token.number)
        return ERR_OK;
    if (calendar->change != sync->token.told)
        sync_keep(sync, calendar, &itself);
    return keep_objects(sync, calendar);
}

static void write_one(struct sync *sync, const struct sync_change *change)
{
    if (change->object.name) {
        enter(sync, change->calendar);
        sync_write_change(sync, &change->object);
        return;
    }
    write_calendar(sync, change->calendar);
    sync->stopped = stream_full(sync->dav);
}

static void write_changes(struct sync *sync)
{
    while (sync->n_written < sync->changes.n && !sync->stopped) {
        const struct sync_change *change = &sync->changes.items[sync->n_written];
        if (!sync_may_deliver(sync, change->number)) {
            /* A calendar comes before the event that shares its number. */
            if (change->number == sync->delivered)
                sync->told = change->number;
            return;
        }
        sync->n_written++;
        write_one(sync, change);
    }
}

/* ---- the report ---- */

enum err sync_home_piece(struct sync *sync)
{
    sync->stopped = false;
    if (sync->way == SYNC_LISTING)
        return write_listing(sync);
    write_changes(sync);
    return ERR_OK;
}

/* When the list of calendars itself changed, what was removed is not known any more: the
 * client starts over. */
enum err sync_home_begin(struct sync *sync)
{
    struct dav *dav = sync->dav;
    int64_t since = sync->token.start >= 0 ? sync->token.start : sync->token.number;
    if (!sync->first && since < dav->user.home_change)
        return fail(dav->cx, ERR_VALID_SYNC_TOKEN, "the list of calendars has changed");
    TRY(be_calendars(
        dav->cx, dav->request->bridge, &dav->user, &sync->calendars, &sync->n_calendars));
    sync->members = ARENA_ARRAY(dav->cx->arena, struct resource, sync->n_calendars + 1);
    sync->scratch = report_scratch(dav);
    if (sync->first && !sync->limit) {
        sync->way = SYNC_LISTING;
        return ERR_OK;
    }
    sync->way = sync->first || sync->token.start >= 0 ? SYNC_PAGE : SYNC_CHANGES;
    for (size_t i = 0; i < sync->n_calendars; i++)
        TRY(keep_calendar(sync, &sync->calendars[i]));
    if (sync->first)
        sync->token.start = sync->newest;
    sync_sort(sync);
    return ERR_OK;
}
