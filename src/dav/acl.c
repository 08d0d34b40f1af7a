/* ACL (RFC 3744 section 8.1): the list replaces whom a calendar is shared with. */
#include "dav/method.h"
#include "dav/privilege.h"

#include <string.h>

#define MAX_ACES 1000

typedef LIST(struct be_share) share_list;

/* The highest role that one of the privileges needs. */
static enum err read_grant(struct dav *dav, const struct xml *grant, enum be_role *role)
{
    bool any = false;
    enum be_role highest = BE_FREEBUSY;
    for (const struct xml *one = xml_first(grant); one; one = xml_next(one)) {
        const struct xml *name = xml_first(one);
        enum be_role needed = BE_FREEBUSY;
        if (!xml_is(one, NS_DAV, "privilege") || !name)
            return fail(dav->cx, ERR_BAD_REQUEST, "a grant holds privileges");
        if (!privilege_role(name, &needed))
            return fail(dav->cx, ERR_SUPPORTED_PRIVILEGE,
                "the privilege \"%s\" cannot be granted", name->name);
        if (needed > highest)
            highest = needed;
        any = true;
    }
    if (!any)
        return fail(dav->cx, ERR_BAD_REQUEST, "a grant holds privileges");
    *role = highest;
    return ERR_OK;
}

static enum err read_principal(
    struct dav *dav, const struct xml *principal, const char **segment)
{
    const struct xml *href = principal ? xml_child(principal, NS_DAV, "href") : NULL;
    struct path path;
    struct resource resource;
    if (!href)
        return fail(dav->cx, ERR_ALLOWED_PRINCIPAL,
            "a calendar is shared with single people, each by the href of a principal");
    if (resource_path(dav, xml_word(dav->cx, href), &path) != ERR_OK ||
        resource_find(dav, &path, &resource) != ERR_OK ||
        resource.kind != KIND_PRINCIPAL)
        return fail(dav->cx, ERR_RECOGNIZED_PRINCIPAL, "%s is no principal here",
            xml_word(dav->cx, href));
    *segment = resource.who->segment;
    return ERR_OK;
}

static void add(struct dav *dav, share_list *list, const struct be_share *share)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].segment, share->segment) == 0) {
            if (share->role > list->items[i].role)
                list->items[i].role = share->role;
            return;
        }
    LIST_ADD(dav->cx->arena, list, *share);
}

/* Clients send back the protected aces that they have read; those stay as they are. */
static enum err read_ace(struct dav *dav, const struct xml *ace, share_list *list)
{
    struct be_share share = {0};
    const struct xml *grant = xml_child(ace, NS_DAV, "grant");
    if (xml_child(ace, NS_DAV, "protected"))
        return ERR_OK;
    if (xml_child(ace, NS_DAV, "invert"))
        return fail(dav->cx, ERR_NO_INVERT, "access is granted to single people");
    if (xml_child(ace, NS_DAV, "deny") || !grant)
        return fail(dav->cx, ERR_GRANT_ONLY, "access is granted, not denied");
    TRY(read_principal(dav, xml_child(ace, NS_DAV, "principal"), &share.segment));
    TRY(read_grant(dav, grant, &share.role));
    /* The person's own rights are the owner's, whatever the list says. */
    if (strcmp(share.segment, dav->user.segment) != 0)
        add(dav, list, &share);
    return ERR_OK;
}

enum err acl_handle(struct dav *dav)
{
    struct xml *root = NULL;
    share_list list = {0};
    TRY(privilege_need(dav, &dav->target, "write-acl"));
    TRY(dav_body_xml(dav, &root));
    if (!xml_is(root, NS_DAV, "acl"))
        return fail(dav->cx, ERR_BAD_REQUEST, "the body must be an acl");
    size_t n = 0;
    for (const struct xml *one = xml_first(root); one; one = xml_next(one)) {
        if (!xml_is(one, NS_DAV, "ace"))
            return fail(dav->cx, ERR_BAD_REQUEST, "an acl holds aces");
        TRY(read_ace(dav, one, &list));
        if (++n > MAX_ACES)
            return fail(dav->cx, ERR_LIMITED_ACES, "more than %d aces", MAX_ACES);
    }
    TRY(be_shares_set(dav->cx, dav->request->bridge, &dav->user, dav->target.calendar,
        list.items, list.n, true));
    dav->response->status = 200;
    return ERR_OK;
}
