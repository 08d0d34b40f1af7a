/* PROPFIND (RFC 4918 section 9.1) with the one loop over the members of a collection. */
#include "dav/method.h"
#include "dav/multistatus.h"
#include "dav/report.h"

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

struct listing {
    struct dav *dav;
    const struct prop_plan *plan;
    struct resource member;
};

static bool list_object(void *self, const struct be_object *object, bool exact)
{
    struct listing *listing = self;
    (void)exact;
    listing->member.object = *object;
    listing->member.name = object->name;
    multistatus_resource(listing->dav, listing->plan, &listing->member);
    return true;
}

static enum err list_objects(struct dav *dav, const struct prop_plan *plan)
{
    const struct be_calendar *calendar = dav->target.calendar;
    struct listing listing = {.dav = dav, .plan = plan};
    struct be_query query = {.with_text = plan->needs_text};
    if (!report_may_read(calendar))
        return ERR_OK;
    resource_member(&dav->target, &listing.member);
    return be_objects(
        dav->cx, dav->request->bridge, calendar, &query, list_object, &listing);
}

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
    case KIND_CALENDARS:
        list_fixed(dav, plan, KIND_HOME);
        return ERR_OK;
    case KIND_HOME:
        return list_home(dav, plan);
    case KIND_CALENDAR:
        return list_objects(dav, plan);
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
    multistatus_begin(dav);
    if (depth != DEPTH_1 || !dav->no_root)
        multistatus_resource(dav, &plan, &dav->target);
    if (depth == DEPTH_1)
        TRY(list_members(dav, &plan));
    multistatus_end(dav);
    return ERR_OK;
}
