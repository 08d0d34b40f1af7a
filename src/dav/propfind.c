/* PROPFIND (RFC 4918 section 9.1). */
#include "dav/members.h"
#include "dav/method.h"
#include "dav/multistatus.h"

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

static enum err write_member(struct dav *dav, void *self, struct resource *member)
{
    multistatus_resource(dav, self, member);
    return ERR_OK;
}

enum err propfind_handle(struct dav *dav)
{
    enum depth depth;
    struct prop_plan *plan = ARENA_NEW(dav->cx->arena, struct prop_plan);
    TRY(dav_depth(dav, &depth));
    TRY(read_plan(dav, plan));
    /* RFC 4918 section 10.2: no Depth means infinity. An object has no members. */
    if (depth != DEPTH_0 && depth != DEPTH_1 && KINDS_COLLECTIONS & dav->target.kind)
        return fail(dav->cx, ERR_FINITE_DEPTH, "ask with Depth 0 or 1");
    dav->no_root &= depth == DEPTH_1;
    multistatus_begin(dav);
    if (!dav->no_root)
        multistatus_resource(dav, plan, &dav->target);
    struct members members = {write_member, plan, plan->needs_text};
    if (depth == DEPTH_1)
        return members_write(dav, &members);
    multistatus_end(dav);
    return ERR_OK;
}
