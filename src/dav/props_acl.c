/* RFC 3744 sections 4 and 5. */
#include "dav/privilege.h"
#include "dav/props.h"

static void add_principal(struct dav *dav, const struct be_user *who, struct buf *out)
{
    struct resource collection;
    resource_fixed(dav, KIND_PRINCIPALS, &collection);
    buf_adds(out, "<D:href>");
    resource_add_href(out, &collection);
    href_add_segment(out, who->segment);
    buf_adds(out, "/</D:href>");
}

bool acl_principal_url(struct dav *dav, struct resource *resource, struct buf *out)
{
    add_principal(dav, resource->who, out);
    return true;
}

/* Whose a calendar of somebody else is, the back end does not say: empty, as section 5.1
 * allows. */
bool acl_owner(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (!resource->calendar || resource->calendar->role == BE_OWNER)
        add_principal(dav, resource->who, out);
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

bool acl_acl(struct dav *dav, struct resource *resource, struct buf *out)
{
    buf_adds(out, "<D:ace><D:principal>");
    add_principal(dav, &dav->user, out);
    buf_adds(out, "</D:principal><D:grant>");
    privilege_add_all(dav, resource, out);
    buf_adds(out, "</D:grant><D:protected/></D:ace>");
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
