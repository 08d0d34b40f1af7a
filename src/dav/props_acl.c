/* RFC 3744 sections 4 and 5. */
#include "dav/privilege.h"
#include "dav/props.h"

static void add_principal(struct dav *dav, const char *segment, struct buf *out)
{
    struct resource collection;
    resource_fixed(dav, KIND_PRINCIPALS, &collection);
    buf_adds(out, "<D:href>");
    resource_add_href(out, &collection);
    href_add_segment(out, segment);
    buf_adds(out, "/</D:href>");
}

bool acl_principal_url(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (resource->kind == KIND_PROXY) {
        buf_adds(out, "<D:href>");
        resource_add_href(out, resource);
        buf_adds(out, "</D:href>");
        return true;
    }
    add_principal(dav, resource->who->segment, out);
    return true;
}

/* Whose a calendar of somebody else is, is not always to be found out: empty then, as
 * section 5.1 allows. */
bool acl_owner(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (!resource->calendar || resource->calendar->role == BE_OWNER)
        add_principal(dav, resource->who->segment, out);
    else if (resource->calendar->owner)
        add_principal(dav, resource->calendar->owner, out);
    return true;
}

bool acl_current_user_privilege_set(struct dav *dav, struct resource *resource,
    struct buf *out)
{
    privilege_add_all(dav, resource, out);
    return true;
}

bool acl_supported_privilege_set(
    struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    privilege_add_supported(out);
    return true;
}

/* What the calendar's visibility gives to everybody in the company; set in Feishu. */
static void add_everybody(const struct be_calendar *calendar, struct buf *out)
{
    if (calendar->everybody == BE_NOBODY)
        return;
    buf_adds(out, "<D:ace><D:principal><D:authenticated/></D:principal><D:grant>");
    privilege_add_role(
        calendar->everybody == BE_EVENTS ? BE_READER : BE_FREEBUSY, out);
    buf_adds(out, "</D:grant><D:protected/></D:ace>");
}

bool acl_acl(struct dav *dav, struct resource *resource, struct buf *out)
{
    const struct be_share *list = NULL;
    size_t n = resource_shares(dav, resource, &list);
    buf_adds(out, "<D:ace><D:principal>");
    add_principal(dav, dav->user.segment, out);
    buf_adds(out, "</D:principal><D:grant>");
    privilege_add_all(dav, resource, out);
    buf_adds(out, "</D:grant><D:protected/></D:ace>");
    for (size_t i = 0; i < n; i++) {
        buf_adds(out, "<D:ace><D:principal>");
        add_principal(dav, list[i].segment, out);
        buf_adds(out, "</D:principal><D:grant>");
        privilege_add_role(list[i].role, out);
        buf_adds(out, "</D:grant></D:ace>");
    }
    if (resource->kind == KIND_CALENDAR && resource->calendar)
        add_everybody(resource->calendar, out);
    return true;
}

bool acl_acl_restrictions(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    buf_adds(out, "<D:grant-only/><D:no-invert/>");
    return true;
}

bool acl_principal_collection_set(struct dav *dav, struct resource *resource,
    struct buf *out)
{
    (void)resource;
    struct resource collection;
    resource_fixed(dav, KIND_PRINCIPALS, &collection);
    buf_adds(out, "<D:href>");
    resource_add_href(out, &collection);
    buf_adds(out, "</D:href>");
    return true;
}
