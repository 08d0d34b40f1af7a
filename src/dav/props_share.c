/* Whom a calendar is shared with: draft-pot-webdav-resource-sharing section 4, and
 * calendarserver.org's caldav-sharing section 5.2, which Apple Calendar speaks. In Feishu
 * nobody is asked before: every invitation counts as accepted. */
#include "dav/props.h"

#include <string.h>

/* The two ways of writing the same. Neither has a word for busy times alone: they are
 * called reading; the acl tells the two apart. */
static const struct role_words {
    const char *dav, *cs;
} role_words[] = {
    [BE_FREEBUSY] = {"read", "read"},
    [BE_READER] = {"read", "read"},
    [BE_WRITER] = {"read-write", "read-write"},
    [BE_OWNER] = {"read-write", "read-write"},
};

bool share_is_shared(struct dav *dav, struct resource *resource)
{
    const struct be_share *list = NULL;
    if (resource->kind != KIND_CALENDAR || !resource->calendar)
        return false;
    return resource->calendar->role != BE_OWNER ||
        resource_shares(dav, resource, &list) > 0;
}

bool share_access(struct dav *dav, struct resource *resource, struct buf *out)
{
    const struct be_calendar *calendar = resource->calendar;
    const char *access = !share_is_shared(dav, resource) ? "not-shared"
        : calendar->role == BE_OWNER                     ? "shared-owner"
        : calendar->read_only                            ? "read"
                                     : role_words[calendar->role].dav;
    buf_printf(out, "<D:%s/>", access);
    return true;
}

/* ---- invite ---- */

static bool find(struct dav *dav, const char *segment, struct be_user *who)
{
    return be_user_by_segment(dav->cx, dav->request->bridge, segment, who) == ERR_OK;
}

static void add_address(struct buf *out, const struct be_user *who)
{
    buf_adds(out, "<D:href>");
    xml_adds(out, who->addresses[0]);
    buf_adds(out, "</D:href>");
}

static void add_sharee(struct buf *out, const struct be_user *who, enum be_role role)
{
    buf_adds(out, "<D:sharee>");
    add_address(out, who);
    buf_adds(out, "<D:prop><D:displayname>");
    xml_adds(out, who->display_name);
    buf_printf(out,
        "</D:displayname></D:prop><D:invite-accepted/>"
        "<D:share-access><D:%s/></D:share-access></D:sharee>",
        role_words[role].dav);
}

static void add_cs_name(struct buf *out, const struct be_user *who)
{
    add_address(out, who);
    buf_adds(out, "<CS:common-name>");
    xml_adds(out, who->display_name);
    buf_adds(out, "</CS:common-name>");
}

static void add_cs_user(struct buf *out, const struct be_user *who, enum be_role role)
{
    buf_adds(out, "<CS:user>");
    add_cs_name(out, who);
    buf_printf(out,
        "<CS:invite-accepted/><CS:access><CS:%s/></CS:access></CS:user>",
        role_words[role].cs);
}

static void add_shares(struct dav *dav, struct resource *resource, struct buf *out,
    void (*add)(struct buf *out, const struct be_user *who, enum be_role role))
{
    const struct be_share *list = NULL;
    size_t n = resource_shares(dav, resource, &list);
    struct be_user who;
    for (size_t i = 0; i < n; i++)
        if (find(dav, list[i].segment, &who))
            add(out, &who, list[i].role);
}

bool share_invite(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (resource->calendar->role != BE_OWNER)
        return false;
    add_shares(dav, resource, out, add_sharee);
    return true;
}

bool share_resource_uri(struct dav *dav, struct resource *resource, struct buf *out)
{
    char *uri = share_is_shared(dav, resource)
        ? be_calendar_uri(dav->cx, dav->request->bridge, resource->calendar)
        : NULL;
    if (!uri)
        return false;
    buf_printf(out, "<D:href>%s</D:href>", uri);
    return true;
}

/* Those it is shared with see the owner, and nothing of the others. */
bool cs_invite(struct dav *dav, struct resource *resource, struct buf *out)
{
    const struct be_calendar *calendar = resource->calendar;
    const char *owner =
        calendar->role == BE_OWNER ? dav->user.segment : calendar->owner;
    struct be_user who;
    if (!share_is_shared(dav, resource))
        return false;
    if (owner && find(dav, owner, &who)) {
        buf_adds(out, "<CS:organizer>");
        add_cs_name(out, &who);
        buf_adds(out, "</CS:organizer>");
    }
    add_shares(dav, resource, out, add_cs_user);
    return true;
}

/* Without it Apple Calendar does not offer to share. */
bool cs_allowed_sharing_modes(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    if (resource->calendar->role != BE_OWNER || resource->calendar->read_only)
        return false;
    buf_adds(out, "<CS:can-be-shared/>");
    return true;
}
