/* PROPFIND (RFC 4918 section 9.1) with the one loop over the members of a collection. */
#include "dav/method.h"
#include "dav/multistatus.h"
#include "dav/report.h"
#include "dav/stream.h"

static enum err read_plan(struct dav *dav, struct prop_plan *plan)
{
    struct xml *root = NULL;
    if (!dav->request->body_bytes)
        return prop_plan_all(dav, NULL, plan);
    TRY(dav_body_xml(dav, &root));
    const struct xml *prop = xml_child(root, NS_DAV, "prop");
    const struct xml *all = xml_child(root, NS_DAV, "allprop");
    const struct xml *names = xml_child(root, NS_DAV, "propname");
    if (!xml_is(root, NS_DAV, "propfind") || (!prop) + (!all) + (!names) != 2)
        return fail(dav->cx, ERR_BAD_REQUEST,
            "the body must be a propfind with one of prop, allprop and propname");
    return prop_plan_read(dav, root, plan);
}

/* ---- the objects of a calendar, piece by piece ---- */

struct listing {
    struct dav *dav;
    struct ctx *scratch; /* of one piece */
    struct prop_plan plan;
    struct resource member;
    struct buf after; /* name of the object written last */
    bool stopped;
};

static bool list_object(void *self, const struct be_object *object, bool exact)
{
    struct listing *listing = self;
    struct dav *dav = listing->dav;
    struct ctx *cx = dav->cx;
    (void)exact;
    resource_set_object(&listing->member, object);
    dav->cx = listing->scratch;
    multistatus_resource(dav, &listing->plan, &listing->member);
    dav->cx = cx;
    if (!stream_full(dav))
        return true;
    buf_clear(&listing->after);
    buf_adds(&listing->after, object->name);
    listing->stopped = true;
    return false;
}

static enum err next_objects(struct dav *dav, void *self, bool *done)
{
    struct listing *listing = self;
    struct be_query query = {.with_text = listing->plan.needs_text,
        .after = listing->stopped ? buf_str(&listing->after) : NULL};
    listing->stopped = false;
    TRY(be_objects(dav->cx, dav->request->bridge, dav->target.calendar, &query,
        list_object, listing));
    report_scratch_reset(listing->scratch);
    *done = !listing->stopped;
    if (*done)
        multistatus_end(dav);
    return ERR_OK;
}

static enum err list_objects(struct dav *dav, const struct prop_plan *plan)
{
    if (!report_may_read(dav->target.calendar)) {
        multistatus_end(dav);
        return ERR_OK;
    }
    struct listing *listing = ARENA_NEW(dav->cx->arena, struct listing);
    *listing = (struct listing){.dav = dav, .scratch = report_scratch(dav), .plan = *plan,
        .after = buf_new(dav->cx->arena)};
    resource_member(&dav->target, &listing->member);
    return stream_run(dav, next_objects, listing);
}

/* ---- other collections ---- */

static void list_fixed(struct dav *dav, const struct prop_plan *plan, enum kind kind)
{
    struct resource member;
    resource_fixed(dav, kind, &member);
    multistatus_resource(dav, plan, &member);
}

static enum err list_home(struct dav *dav, const struct prop_plan *plan)
{
    struct be_calendar *list = NULL;
    size_t n = 0;
    TRY(be_calendars(dav->cx, dav->request->bridge, &dav->user, &list, &n));
    for (size_t i = 0; i < n; i++) {
        struct resource member;
        resource_calendar(dav, &list[i], &member);
        multistatus_resource(dav, plan, &member);
    }
    list_fixed(dav, plan, KIND_INBOX);
    list_fixed(dav, plan, KIND_OUTBOX);
    return ERR_OK;
}

static void list_proxies(struct dav *dav, const struct prop_plan *plan)
{
    static const char *const names[] = {PROXY_READ, PROXY_WRITE};
    struct resource group;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        resource_proxy(dav, dav->target.who, names[i], &group);
        multistatus_resource(dav, plan, &group);
    }
}

static enum err list_members(struct dav *dav, const struct prop_plan *plan)
{
    switch (dav->target.kind) {
    case KIND_ROOT:
        list_fixed(dav, plan, KIND_PRINCIPALS);
        list_fixed(dav, plan, KIND_CALENDARS);
        return ERR_OK;
    case KIND_PRINCIPALS:
        list_fixed(dav, plan, KIND_PRINCIPAL);
        return ERR_OK;
    case KIND_PRINCIPAL:
        list_proxies(dav, plan);
        return ERR_OK;
    case KIND_CALENDARS:
        list_fixed(dav, plan, KIND_HOME);
        return ERR_OK;
    case KIND_HOME:
        return list_home(dav, plan);
    default:
        return ERR_OK;
    }
}

enum err propfind_handle(struct dav *dav)
{
    enum depth depth;
    struct prop_plan plan;
    TRY(dav_depth(dav, &depth));
    TRY(read_plan(dav, &plan));
    /* RFC 4918 section 10.2: no Depth means infinity. An object has no members. */
    if (depth != DEPTH_0 && depth != DEPTH_1 && KINDS_COLLECTIONS & dav->target.kind)
        return fail(dav->cx, ERR_FINITE_DEPTH, "ask with Depth 0 or 1");
    dav->no_root &= depth == DEPTH_1;
    multistatus_begin(dav);
    if (!dav->no_root)
        multistatus_resource(dav, &plan, &dav->target);
    if (depth == DEPTH_1 && dav->target.kind == KIND_CALENDAR)
        return list_objects(dav, &plan);
    if (depth == DEPTH_1)
        TRY(list_members(dav, &plan));
    multistatus_end(dav);
    return ERR_OK;
}
