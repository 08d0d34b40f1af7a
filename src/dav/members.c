#include "dav/members.h"

#include "dav/multistatus.h"
#include "dav/report.h"
#include "dav/stream.h"

/* ---- the objects of a calendar, piece by piece ---- */

struct listing {
    struct dav *dav;
    struct ctx *scratch; /* of one piece */
    struct members members;
    struct resource member;
    struct buf after; /* name of the object written last */
    bool stopped;
    enum err err;
};

static bool list_object(void *self, const struct be_object *object, bool exact)
{
    struct listing *listing = self;
    struct dav *dav = listing->dav;
    struct ctx *cx = dav->cx;
    (void)exact;
    resource_set_object(&listing->member, object);
    dav->cx = listing->scratch;
    listing->err = listing->members.write(dav, listing->members.self, &listing->member);
    dav->cx = cx;
    if (!listing->err && !stream_full(dav))
        return true;
    buf_clear(&listing->after);
    buf_adds(&listing->after, object->name);
    listing->stopped = true;
    return false;
}

static enum err next_objects(struct dav *dav, void *self, bool *done)
{
    struct listing *listing = self;
    struct be_query query = {.with_text = listing->members.with_text,
        .after = listing->stopped ? buf_str(&listing->after) : NULL};
    listing->stopped = false;
    TRY(be_objects(dav->cx, dav->request->bridge, dav->target.calendar, &query,
        list_object, listing));
    if (listing->err)
        return fail(dav->cx, listing->err, "%s", ctx_error(listing->scratch));
    report_scratch_reset(listing->scratch);
    *done = !listing->stopped;
    if (*done)
        multistatus_end(dav);
    return ERR_OK;
}

static enum err list_objects(struct dav *dav, const struct members *members)
{
    if (!report_may_read(dav->target.calendar)) {
        multistatus_end(dav);
        return ERR_OK;
    }
    struct listing *listing = ARENA_NEW(dav->cx->arena, struct listing);
    *listing = (struct listing){.dav = dav, .scratch = report_scratch(dav),
        .members = *members, .after = buf_new(dav->cx->arena)};
    resource_member(&dav->target, &listing->member);
    return stream_run(dav, next_objects, listing);
}

/* ---- other collections ---- */

static enum err list_fixed(struct dav *dav, const struct members *members, enum kind kind)
{
    struct resource member;
    resource_fixed(dav, kind, &member);
    return members->write(dav, members->self, &member);
}

static enum err list_home(struct dav *dav, const struct members *members)
{
    struct be_calendar *list = NULL;
    size_t n = 0;
    TRY(be_calendars(dav->cx, dav->request->bridge, &dav->user, &list, &n));
    for (size_t i = 0; i < n; i++) {
        struct resource member;
        resource_calendar(dav, &list[i], &member);
        TRY(members->write(dav, members->self, &member));
    }
    TRY(list_fixed(dav, members, KIND_INBOX));
    return list_fixed(dav, members, KIND_OUTBOX);
}

static enum err list_proxies(struct dav *dav, const struct members *members)
{
    static const char *const names[] = {PROXY_READ, PROXY_WRITE};
    struct resource group;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        resource_proxy(dav, dav->target.who, names[i], &group);
        TRY(members->write(dav, members->self, &group));
    }
    return ERR_OK;
}

static enum err list_members(struct dav *dav, const struct members *members)
{
    switch (dav->target.kind) {
    case KIND_ROOT:
        TRY(list_fixed(dav, members, KIND_PRINCIPALS));
        return list_fixed(dav, members, KIND_CALENDARS);
    case KIND_PRINCIPALS:
        return list_fixed(dav, members, KIND_PRINCIPAL);
    case KIND_PRINCIPAL:
        return list_proxies(dav, members);
    case KIND_CALENDARS:
        return list_fixed(dav, members, KIND_HOME);
    case KIND_HOME:
        return list_home(dav, members);
    default:
        return ERR_OK;
    }
}

enum err members_write(struct dav *dav, const struct members *members)
{
    if (dav->target.kind == KIND_CALENDAR)
        return list_objects(dav, members);
    TRY(list_members(dav, members));
    multistatus_end(dav);
    return ERR_OK;
}
