/* MKCALENDAR (RFC 4791 section 5.3.1) and MKCOL, extended (RFC 5689) or not: all make
 * calendars. */
#include "dav/method.h"
#include "dav/precond.h"
#include "dav/prefer.h"
#include "dav/propupdate.h"

#include <string.h>

static enum err check_place(struct dav *dav)
{
    struct ctx *cx = dav->cx;
    const struct resource *target = &dav->target;
    if (target->kind == KIND_OBJECT) {
        if (!target->calendar)
            return fail(cx, ERR_CONFLICT, "the parent collection is missing");
        return fail(
            cx, ERR_COLLECTION_LOCATION, "a calendar cannot be inside another one");
    }
    if (target->exists)
        return fail(
            cx, ERR_RESOURCE_EXISTS, "there is already something at this address");
    return ERR_OK;
}

/* RFC 5689 section 3: the answer's root is named after the request's. A precondition such
 * as supported-calendar-component stands inside, and is the status of the whole. */
static void answer_failure(struct dav *dav, const char *root,
    const struct prop_instructions *all)
{
    struct buf *out = &dav->response->body;
    enum err first = ERR_FORBIDDEN;
    for (size_t i = all->list.n; i-- > 0;)
        if (all->list.items[i].err)
            first = all->list.items[i].err;
    dav->response->status = precond_find(first)->status;
    dav_set_header(dav, "Content-Type", XML_TYPE);
    buf_printf(out, XML_DECLARATION "<%s" XML_NAMESPACES ">", root);
    propupdate_write(dav, all);
    buf_printf(out, "</%s>\n", root);
}

static enum err create(struct dav *dav, const struct prop_update *update)
{
    struct ctx *cx = dav->cx;
    struct bridge *bridge = dav->request->bridge;
    struct be_calendar calendar;
    struct be_calendar_set set = update->set;
    if (!set.display_name)
        set.display_name = dav->target.name;
    TRY(be_calendar_create(cx, bridge, &dav->user, dav->target.name, &set));
    if (!update->stored.n)
        return ERR_OK;
    TRY(be_calendar(cx, bridge, &dav->user, dav->target.name, &calendar));
    struct be_place place = {.user = &dav->user, .calendar = &calendar};
    return be_properties_set(cx, bridge, &place, update->stored.items, update->stored.n);
}

/* What the two methods differ in. */
struct made_by {
    const char *request, *answer;
    enum ns ns;
};

/* An empty displayname is none. */
static void drop_empty_name(struct dav *dav, struct prop_instructions *all)
{
    size_t n = 0;
    for (size_t i = 0; i < all->list.n; i++) {
        const struct xml *node = all->list.items[i].node;
        if (xml_is(node, NS_DAV, "displayname") && !*xml_word(dav->cx, node))
            continue;
        all->list.items[n++] = all->list.items[i];
    }
    all->list.n = n;
}

static enum err make(struct dav *dav, const struct made_by *by)
{
    struct prop_instructions all = {0};
    struct prop_update update = {0};
    if (dav->request->body_bytes)
        TRY(dav_body_is_xml(dav)); /* RFC 4918 section 9.3: 415 before anything else */
    TRY(check_place(dav));
    if (dav->request->body_bytes) {
        struct xml *root = NULL;
        TRY(dav_body_xml(dav, &root));
        if (!xml_is(root, by->ns, by->request))
            return fail(dav->cx, ERR_BAD_REQUEST, "the body must be a %s", by->request);
        TRY(propupdate_read(dav, root, &all));
        drop_empty_name(dav, &all);
        propupdate_check(dav, KIND_CALENDAR, true, &all, &update);
    }
    if (all.failed) {
        answer_failure(dav, by->answer, &all);
        return ERR_OK;
    }
    TRY(create(dav, &update));
    dav->response->status = 201;
    dav_set_header(dav, "Cache-Control", "no-cache");
    if (dav->prefer == PREFER_MINIMAL)
        prefer_applied(dav, PREFER_MINIMAL, false);
    return ERR_OK;
}

enum err mkcalendar_handle(struct dav *dav)
{
    return make(dav,
        &(struct made_by){"mkcalendar", "C:mkcalendar-response", NS_CALDAV});
}

/* All collections in a home are calendars, so a plain MKCOL makes one too. */
enum err mkcol_handle(struct dav *dav)
{
    return make(dav, &(struct made_by){"mkcol", "D:mkcol-response", NS_DAV});
}
