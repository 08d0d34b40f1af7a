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

/* Removals after it concern the client. */
static int64_t begun(const struct sync *sync)
{
    return sync->token.start >= 0 ? sync->token.start : sync->token.number;
}

static bool keep_change(void *self, const struct be_object *object)
{
    struct sync *sync = self;
    sync_keep(sync, sync->keeping, object);
    return true;
}

static bool keep_present(void *self, const struct be_object *object)
{
    return object->etag ? keep_change(self, object) : true;
}

/* Of a calendar that came after the client's token nothing is known to it. What became of
 * events that may not be read any more is that they have gone. */
static enum err keep_objects(struct sync *sync, const struct be_calendar *calendar)
{
    struct ctx *cx = sync->dav->cx;
    struct bridge *bridge = sync->dav->request->bridge;
    bool is_new = calendar->born > begun(sync);
    int64_t since = is_new ? calendar->born : begun(sync);
    bool may_read = report_may_read(calendar);
    if (since > calendar->change)
        since = calendar->change;
    sync->keeping = calendar;
    if (may_read && sync->way == SYNC_PAGE)
        return sync_keep_listing(sync, calendar, since);
    if (!may_read && (is_new || sync->first))
        return ERR_OK;
    return be_changes(cx, bridge, calendar, since,
        is_new         ? keep_present
            : may_read ? keep_change
                       : sync_keep_removed,
        sync);
}

static enum err keep_calendar(struct sync *sync, const struct be_calendar *calendar)
{
    struct be_object itself = {.change = calendar->change};
    if (calendar->change <= sync->token.number)
        return ERR_OK;
    if (calendar->change != sync->token.told)
        sync_keep(sync, calendar, &itself);
    enum err err = sync->infinite ? keep_objects(sync, calendar) : ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* just now: the next answer tells it */
}

/* At level infinite a client would take the events of an earlier calendar for those of
 * the later one at its place. */
static enum err keep_gone(struct sync *sync)
{
    struct dav *dav = sync->dav;
    struct be_gone *list;
    size_t n;
    TRY(be_calendars_gone(
        dav->cx, dav->request->bridge, &dav->user, begun(sync), &list, &n));
    for (size_t i = 0; i < n; i++) {
        struct be_object itself = {.change = list[i].change};
        if (list[i].again && sync->infinite)
            return fail(dav->cx, ERR_VALID_SYNC_TOKEN,
                "the calendar %s was made a second time", list[i].name);
        if (list[i].again)
            continue;
        struct be_calendar *gone = ARENA_NEW(dav->cx->arena, struct be_calendar);
        gone->name = list[i].name;
        size_t before = sync->changes.n;
        sync_keep(sync, gone, &itself);
        if (sync->changes.n > before)
            sync->changes.items[before].gone = true;
    }
    return ERR_OK;
}

static void write_gone(struct sync *sync, const struct be_calendar *calendar)
{
    struct resource resource;
    resource_calendar(sync->dav, calendar, &resource);
    sync_write_removed(sync->dav, &resource);
}

static void write_one(struct sync *sync, const struct sync_change *change)
{
    if (change->object.name) {
        enter(sync, change->calendar);
        sync_write_change(sync, &change->object);
        return;
    }
    if (change->gone)
        write_gone(sync, change->calendar);
    else
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

enum err sync_home_begin(struct sync *sync)
{
    struct dav *dav = sync->dav;
    TRY(be_calendars(
        dav->cx, dav->request->bridge, &dav->user, &sync->calendars, &sync->n_calendars));
    /* A calendar that changed since the newest number was read would be left out. */
    for (size_t i = 0; i < sync->n_calendars; i++)
        if (sync->calendars[i].change > sync->newest)
            sync->newest = sync->calendars[i].change;
    sync->members = ARENA_ARRAY(dav->cx->arena, struct resource, sync->n_calendars + 1);
    sync->scratch = report_scratch(dav);
    if (sync->first && !sync->limit) {
        sync->way = SYNC_LISTING;
        return ERR_OK;
    }
    sync->way = sync->first || sync->token.start >= 0 ? SYNC_PAGE : SYNC_CHANGES;
    for (size_t i = 0; i < sync->n_calendars; i++)
        TRY(keep_calendar(sync, &sync->calendars[i]));
    if (!sync->first)
        TRY(keep_gone(sync));
    if (sync->first)
        sync->token.start = sync->newest;
    sync_sort(sync);
    return ERR_OK;
}
