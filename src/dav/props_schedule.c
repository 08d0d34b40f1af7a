/* RFC 6638 sections 2, 3.2.10 and 9, RFC 5842 section 3.1. */
#include "dav/props.h"
#include "dav/propupdate.h"

#include <string.h>

static void add_fixed_href(struct dav *dav, enum kind kind, struct buf *out)
{
    struct resource place;
    resource_fixed(dav, kind, &place);
    buf_adds(out, "<D:href>");
    resource_add_href(out, &place);
    buf_adds(out, "</D:href>");
}

/* Clients take the first mailto:, Apple's also the principal's own address. */
bool schedule_user_address_set(
    struct dav *dav, struct resource *resource, struct buf *out)
{
    for (const char *const *one = resource->who->addresses; one && *one; one++) {
        buf_adds(out, "<D:href>");
        xml_adds(out, *one);
        buf_adds(out, "</D:href>");
    }
    return acl_principal_url(dav, resource, out);
}

/* RFC 5842 section 3.1. Outlook CalDAV Synchronizer looks for a room by name and invites
 * what stands here, so it is an address. */
bool schedule_resource_id(struct dav *dav, struct resource *resource, struct buf *out)
{
    const char *const *addresses = resource->who->addresses;
    (void)dav;
    if (!addresses || !*addresses)
        return false;
    buf_adds(out, "<D:href>");
    xml_adds(out, *addresses);
    buf_adds(out, "</D:href>");
    return true;
}

bool schedule_user_type(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    buf_adds(out, resource->who->kind == BE_ROOM ? "ROOM" : "INDIVIDUAL");
    return true;
}

bool schedule_inbox_url(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (resource->who != &dav->user)
        return false;
    add_fixed_href(dav, KIND_INBOX, out);
    return true;
}

bool schedule_outbox_url(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (resource->who != &dav->user)
        return false;
    add_fixed_href(dav, KIND_OUTBOX, out);
    return true;
}

bool schedule_is_transparent(struct dav *dav, struct resource *calendar)
{
    const struct be_property *kept = resource_stored(
        dav, calendar, ns_rows[NS_CALDAV].uri, "schedule-calendar-transp");
    return kept && strstr(kept->xml, "<transparent");
}

bool schedule_calendar_transp(struct dav *dav, struct resource *resource, struct buf *out)
{
    buf_adds(out,
        schedule_is_transparent(dav, resource) ? "<C:transparent/>" : "<C:opaque/>");
    return true;
}

enum err schedule_set_calendar_transp(
    struct dav *dav, const struct xml *node, bool remove, struct prop_update *update)
{
    if (!remove && !xml_child(node, NS_CALDAV, "opaque") &&
        !xml_child(node, NS_CALDAV, "transparent"))
        return fail(dav->cx, ERR_CONFLICT, "it is opaque or transparent");
    prop_update_store(dav, node, remove, update);
    return ERR_OK;
}

static void add_calendar_href(struct dav *dav, const struct be_calendar *calendar,
    struct buf *out)
{
    struct resource resource;
    resource_calendar(dav, calendar, &resource);
    buf_adds(out, "<D:href>");
    resource_add_href(out, &resource);
    buf_adds(out, "</D:href>");
}

bool schedule_default_calendar_url(struct dav *dav, struct resource *resource,
    struct buf *out)
{
    (void)resource;
    struct be_calendar *list = NULL;
    size_t n = 0;
    if (be_calendars(dav->cx, dav->request->bridge, &dav->user, &list, &n) != ERR_OK)
        return false;
    for (size_t i = 0; i < n; i++)
        if (list[i].primary) {
            add_calendar_href(dav, &list[i], out);
            return true;
        }
    return false;
}

bool schedule_free_busy_set(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)resource;
    struct be_calendar *list = NULL;
    size_t n = 0;
    if (be_calendars(dav->cx, dav->request->bridge, &dav->user, &list, &n) != ERR_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct resource calendar;
        resource_calendar(dav, &list[i], &calendar);
        if (list[i].role == BE_OWNER && !schedule_is_transparent(dav, &calendar))
            add_calendar_href(dav, &list[i], out);
    }
    return true;
}

bool schedule_tag(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    if (!resource->object.schedule_tag)
        return false;
    buf_addc(out, '"');
    buf_adds(out, resource->object.schedule_tag);
    buf_addc(out, '"');
    return true;
}
