/* PROPPATCH (RFC 4918 section 9.2): all of it or nothing. */
#include "dav/method.h"
#include "dav/multistatus.h"
#include "dav/prefer.h"
#include "dav/privilege.h"
#include "dav/propupdate.h"

/* How many would be kept; more than the store takes must not be found out when upstream
 * has changed already. */
static enum err check_room(struct dav *dav, const struct prop_update *update)
{
    resource_stored(dav, &dav->target, "", "");
    size_t n = dav->target.n_stored;
    for (size_t i = 0; i < update->stored.n; i++) {
        const struct be_property *one = &update->stored.items[i];
        bool there = resource_stored(dav, &dav->target, one->ns, one->name) != NULL;
        if (one->xml && !there)
            n++;
        else if (!one->xml && there)
            n--;
    }
    return n <= BE_PROPERTIES_MAX
        ? ERR_OK
        : fail(dav->cx, ERR_QUOTA, "more than %d properties", BE_PROPERTIES_MAX);
}

/* Upstream first: it can refuse, the store cannot. */
static enum err apply(struct dav *dav, const struct prop_update *update)
{
    struct ctx *cx = dav->cx;
    struct bridge *bridge = dav->request->bridge;
    const struct be_calendar *calendar = dav->target.calendar;
    TRY(check_room(dav, update));
    if (update->shares.n)
        TRY(proxy_apply(dav, update));
    if (update->has_set)
        TRY(be_calendar_update(cx, bridge, &dav->user, calendar, &update->set));
    if (!update->stored.n)
        return ERR_OK;
    struct be_place place = resource_place(dav, &dav->target);
    return be_properties_set(cx, bridge, &place, update->stored.items, update->stored.n);
}

enum err proppatch_handle(struct dav *dav)
{
    struct xml *root = NULL;
    struct prop_instructions all = {0};
    struct prop_update update = {0};
    /* Readers may rename a calendar for themselves; upstream decides what they may. */
    if (dav->target.kind == KIND_OBJECT)
        TRY(privilege_need(dav, &dav->target, "write-properties"));
    TRY(dav_body_xml(dav, &root));
    if (!xml_is(root, NS_DAV, "propertyupdate"))
        return fail(dav->cx, ERR_BAD_REQUEST, "the body must be a propertyupdate");
    TRY(propupdate_read(dav, root, &all));
    if (!all.list.n)
        return fail(dav->cx, ERR_BAD_REQUEST, "the body names no property");
    propupdate_check(dav, dav->target.kind, false, &all, &update);
    if (!all.failed)
        TRY(apply(dav, &update));
    if (!all.failed && dav->prefer == PREFER_MINIMAL) {
        dav->response->status = 200;
        prefer_applied(dav, PREFER_MINIMAL, false);
        return ERR_OK;
    }
    dav->no_root = false;
    multistatus_begin(dav);
    multistatus_open(dav, &dav->target);
    propupdate_write(dav, &all);
    multistatus_close(dav);
    multistatus_end(dav);
    return ERR_OK;
}
