/* RFC 4791 sections 5.2, 6.2 and 7.5.1, RFC 7809 section 5.2. */
#include "base/when.h"
#include "dav/props.h"
#include "dav/propupdate.h"

#include <string.h>
#include "dav/timezone.h"

#define DESCRIPTION_MAX_BYTES 10000

static void add_href(const struct resource *resource, struct buf *out)
{
    buf_adds(out, "<D:href>");
    resource_add_href(out, resource);
    buf_adds(out, "</D:href>");
}

/* Only one's own home is of use. */
bool caldav_home_set(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (resource->who != &dav->user)
        return false;
    struct resource home;
    resource_fixed(dav, KIND_HOME, &home);
    add_href(&home, out);
    return true;
}

bool caldav_description(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    if (str_empty(resource->calendar->description))
        return false;
    xml_adds(out, resource->calendar->description);
    return true;
}

enum err caldav_set_description(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update)
{
    const char *text = remove ? "" : xml_text(dav->cx, node);
    if (strlen(text) > DESCRIPTION_MAX_BYTES)
        return fail(dav->cx, ERR_CONFLICT, "the description is too long");
    update->set.description = text;
    update->has_set = true;
    return ERR_OK;
}

bool caldav_timezone(struct dav *dav, struct resource *resource, struct buf *out)
{
    char *text = timezone_text(dav, resource);
    if (!text)
        return false;
    xml_adds(out, text);
    return true;
}

bool caldav_timezone_id(struct dav *dav, struct resource *resource, struct buf *out)
{
    xml_adds(out, timezone_name(dav, resource));
    return true;
}

/* Both are kept; the one set last is the one that counts. */
enum err caldav_set_timezone(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update)
{
    const struct zone *zone;
    if (!remove)
        TRY(timezone_parse(dav, xml_text(dav->cx, node), &zone));
    prop_update_store(dav, node, remove, update);
    prop_update_drop(dav, NS_CALDAV, "calendar-timezone-id", update);
    return ERR_OK;
}

enum err caldav_set_timezone_id(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update)
{
    const struct zone *zone;
    if (!remove)
        TRY(timezone_by_id(dav, xml_word(dav->cx, node), &zone));
    prop_update_store(dav, node, remove, update);
    prop_update_drop(dav, NS_CALDAV, "calendar-timezone", update);
    return ERR_OK;
}

bool caldav_component_set(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    buf_adds(out, "<C:comp name=\"VEVENT\"/>");
    return true;
}

/* Apple's Reminders asks the home for it before it makes a list of its own. */
bool caldav_component_sets(struct dav *dav, struct resource *resource, struct buf *out)
{
    buf_adds(out, "<C:supported-calendar-component-set>");
    caldav_component_set(dav, resource, out);
    buf_adds(out, "</C:supported-calendar-component-set>");
    return true;
}

bool caldav_calendar_data(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    buf_adds(out, "<C:calendar-data content-type=\"text/calendar\" version=\"2.0\"/>");
    return true;
}

bool caldav_collation_set(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    buf_adds(out, "<C:supported-collation>i;ascii-casemap</C:supported-collation>"
                  "<C:supported-collation>i;octet</C:supported-collation>"
                  "<C:supported-collation>i;unicode-casemap</C:supported-collation>");
    return true;
}

bool caldav_max_resource_size(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    buf_printf(out, "%u", DAV_MAX_RESOURCE_BYTES);
    return true;
}

bool caldav_min_date_time(struct dav *dav, struct resource *resource, struct buf *out)
{
    char text[WHEN_TEXT_BYTES];
    (void)dav, (void)resource;
    buf_adds(out, when_ics_utc(DAV_MIN_DATE_S, text));
    return true;
}

bool caldav_max_date_time(struct dav *dav, struct resource *resource, struct buf *out)
{
    char text[WHEN_TEXT_BYTES];
    (void)dav, (void)resource;
    buf_adds(out, when_ics_utc(DAV_MAX_DATE_S, text));
    return true;
}

bool caldav_max_instances(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    buf_printf(out, "%d", DAV_MAX_INSTANCES);
    return true;
}

bool caldav_max_attendees(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    buf_printf(out, "%d", DAV_MAX_ATTENDEES);
    return true;
}
