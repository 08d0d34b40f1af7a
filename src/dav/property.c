#include "dav/property.h"

#include "dav/calendar_data.h"
#include "dav/precond.h"
#include "dav/props.h"

#include <assert.h>
#include <string.h>

#define ALL KINDS_ALL
#define CALENDAR KIND_CALENDAR
#define OBJECT KIND_OBJECT
#define PRINCIPAL KIND_PRINCIPAL
#define PROXY KIND_PROXY
#define HOME KIND_HOME
#define INBOX KIND_INBOX

static const struct property properties[] = {
    /* RFC 4918 section 15 */
    {NS_DAV, "displayname", ALL, PROP_ALL, webdav_displayname, webdav_set_displayname},
    {NS_DAV, "resourcetype", ALL, PROP_ALL, webdav_resourcetype, NULL},
    {NS_DAV, "getetag", OBJECT, PROP_ALL, webdav_getetag, NULL},
    {NS_DAV, "getcontenttype", OBJECT, PROP_ALL, webdav_getcontenttype, NULL},
    {NS_DAV, "getcontentlength", OBJECT, PROP_ALL | PROP_TEXT, webdav_getcontentlength,
        NULL},
    {NS_DAV, "getcontentlanguage", CALENDAR | OBJECT, PROP_ALL | PROP_WHOLE, NULL,
        cs_set_stored},
    {NS_DAV, "getlastmodified", CALENDAR | OBJECT, PROP_ALL, webdav_getlastmodified,
        NULL},
    {NS_DAV, "creationdate", OBJECT, PROP_ALL | PROP_TEXT, webdav_creationdate, NULL},
    {NS_DAV, "lockdiscovery", ALL, PROP_ALL, webdav_empty, NULL},
    {NS_DAV, "supportedlock", ALL, PROP_ALL, webdav_empty, NULL},
    /* RFC 3253 section 3.1 */
    {NS_DAV, "supported-report-set", ALL, 0, webdav_supported_report_set, NULL},
    {NS_DAV, "supported-method-set", ALL, 0, webdav_supported_method_set, NULL},
    /* RFC 5995 section 3.2 */
    {NS_DAV, "add-member", CALENDAR, 0, webdav_add_member, NULL},
    /* RFC 5397 */
    {NS_DAV, "current-user-principal", ALL, 0, webdav_current_user_principal, NULL},
    /* RFC 3744 sections 4, 5 */
    {NS_DAV, "owner", ALL & ~KIND_ROOT & ~KIND_PRINCIPALS & ~KIND_CALENDARS, 0, acl_owner,
        NULL},
    {NS_DAV, "current-user-privilege-set", ALL, 0, acl_current_user_privilege_set, NULL},
    {NS_DAV, "supported-privilege-set", ALL, 0, acl_supported_privilege_set, NULL},
    {NS_DAV, "acl", ALL, 0, acl_acl, NULL},
    {NS_DAV, "acl-restrictions", ALL, 0, acl_acl_restrictions, NULL},
    {NS_DAV, "principal-collection-set", ALL, 0, acl_principal_collection_set, NULL},
    {NS_DAV, "principal-URL", PRINCIPAL | PROXY, 0, acl_principal_url, NULL},
    {NS_DAV, "alternate-URI-set", PRINCIPAL | PROXY, 0, webdav_empty, NULL},
    {NS_DAV, "group-membership", PRINCIPAL | PROXY, 0, proxy_membership, NULL},
    {NS_DAV, "group-member-set", PRINCIPAL | PROXY, 0, proxy_member_set,
        proxy_set_member_set},
    {NS_DAV, "group", 0, 0, webdav_empty, NULL},
    {NS_DAV, "inherited-acl-set", 0, 0, webdav_empty, NULL},
    /* draft-pot-webdav-resource-sharing section 4 */
    {NS_DAV, "share-access", CALENDAR, 0, share_access, NULL},
    {NS_DAV, "invite", CALENDAR, 0, share_invite, NULL},
    {NS_DAV, "share-resource-uri", CALENDAR, 0, share_resource_uri, NULL},
    /* RFC 6578 section 4 */
    {NS_DAV, "sync-token", CALENDAR | HOME | INBOX, 0, sync_sync_token, NULL},
    /* RFC 4791 sections 5.2, 6.2, 7.5.1 */
    {NS_CALDAV, "calendar-home-set", PRINCIPAL, 0, caldav_home_set, NULL},
    {NS_CALDAV, "calendar-description", CALENDAR, 0, caldav_description,
        caldav_set_description},
    {NS_CALDAV, "calendar-timezone", CALENDAR, 0, caldav_timezone, caldav_set_timezone},
    {NS_CALDAV, "supported-calendar-component-set", CALENDAR, 0, caldav_component_set,
        NULL},
    /* calendarserver.org: which kinds of calendars can be made */
    {NS_CALDAV, "supported-calendar-component-sets", HOME, 0, caldav_component_sets,
        NULL},
    {NS_CALDAV, "supported-calendar-data", CALENDAR, 0, caldav_calendar_data, NULL},
    {NS_CALDAV, "supported-collation-set", CALENDAR, 0, caldav_collation_set, NULL},
    {NS_CALDAV, "max-resource-size", CALENDAR | HOME, 0, caldav_max_resource_size, NULL},
    {NS_CALDAV, "min-date-time", CALENDAR | HOME, 0, caldav_min_date_time, NULL},
    {NS_CALDAV, "max-date-time", CALENDAR | HOME, 0, caldav_max_date_time, NULL},
    {NS_CALDAV, "max-instances", CALENDAR | HOME, 0, caldav_max_instances, NULL},
    {NS_CALDAV, "max-attendees-per-instance", CALENDAR | HOME, 0, caldav_max_attendees,
        NULL},
    /* RFC 7809 section 5.2 */
    {NS_CALDAV, "calendar-timezone-id", CALENDAR, 0, caldav_timezone_id,
        caldav_set_timezone_id},
    /* WebDAV-Push */
    {NS_PUSH, "transports", CALENDAR | HOME, 0, push_transports, NULL},
    {NS_PUSH, "topic", CALENDAR | HOME, 0, push_topic, NULL},
    {NS_PUSH, "supported-triggers", CALENDAR | HOME, 0, push_triggers, NULL},
    /* RFC 7953 section 7.2.4, and as Apple has it */
    {NS_CALDAV, "calendar-availability", INBOX, 0, availability_get, availability_set},
    {NS_CS, "calendar-availability", INBOX, 0, availability_get, availability_set},
    /* RFC 6638 sections 2, 3.2.10, 9 */
    {NS_CALDAV, "calendar-user-address-set", PRINCIPAL, 0, schedule_user_address_set,
        NULL},
    {NS_CALDAV, "calendar-user-type", PRINCIPAL, 0, schedule_user_type, NULL},
    {NS_DAV, "resource-id", PRINCIPAL, 0, schedule_resource_id, NULL},
    {NS_CALDAV, "schedule-inbox-URL", PRINCIPAL, 0, schedule_inbox_url, NULL},
    {NS_CALDAV, "schedule-outbox-URL", PRINCIPAL, 0, schedule_outbox_url, NULL},
    {NS_CALDAV, "schedule-calendar-transp", CALENDAR, 0, schedule_calendar_transp,
        schedule_set_calendar_transp},
    {NS_CALDAV, "schedule-default-calendar-URL", INBOX, 0, schedule_default_calendar_url,
        NULL},
    {NS_CALDAV, "calendar-free-busy-set", INBOX, 0, schedule_free_busy_set, NULL},
    {NS_CALDAV, "schedule-tag", OBJECT, 0, schedule_tag, NULL},
    /* calendarserver.org caldav-ctag and others, Apple's iCal */
    {NS_CS, "getctag", CALENDAR | HOME | INBOX, 0, cs_getctag, NULL},
    {NS_CS, "email-address-set", PRINCIPAL, 0, cs_email_address_set, NULL},
    {NS_CS, "record-type", PRINCIPAL, 0, cs_record_type, NULL},
    /* calendarserver.org caldav-proxy */
    {NS_CS, "calendar-proxy-read-for", PRINCIPAL, 0, proxy_read_for, NULL},
    {NS_CS, "calendar-proxy-write-for", PRINCIPAL, 0, proxy_write_for, NULL},
    {NS_CS, "invite", CALENDAR, 0, cs_invite, NULL},
    {NS_CS, "allowed-sharing-modes", CALENDAR, 0, cs_allowed_sharing_modes, NULL},
    {NS_APPLE, "calendar-color", CALENDAR, PROP_WHOLE, cs_calendar_color,
        cs_set_calendar_color},
    {NS_APPLE, "calendar-order", CALENDAR, PROP_WHOLE, NULL, cs_set_stored},
};
#define N_PROPERTIES (sizeof(properties) / sizeof(*properties))
static_assert(N_PROPERTIES <= 128, "prop_write counts on it");

const struct property *property_find(enum ns ns, const char *name)
{
    if (ns == NS_OTHER)
        return NULL;
    for (size_t i = 0; i < N_PROPERTIES; i++)
        if (properties[i].ns == ns && strcmp(properties[i].name, name) == 0)
            return &properties[i];
    return NULL;
}

/* ---- the plan ---- */

static void add_ask(struct dav *dav, struct prop_plan *plan, const struct property *row,
    const char *ns, const char *name)
{
    struct arena *arena = dav->cx->arena;
    char *empty = xml_empty(dav->cx, ns, name);
    struct prop_ask ask = {.row = row, .ns = ns, .name = name, .empty = empty};
    if (row) {
        const char *prefix = ns_rows[row->ns].prefix;
        ask.open = arena_printf(arena, "<%s:%s>", prefix, name);
        ask.close = arena_printf(arena, "</%s:%s>", prefix, name);
        ask.open_bytes = strlen(ask.open);
        ask.close_bytes = strlen(ask.close);
        plan->needs_text |= (row->flags & PROP_TEXT) != 0;
    }
    ask.is_data = strcmp(ns, ns_rows[NS_CALDAV].uri) == 0 &&
        strcmp(name, "calendar-data") == 0;
    LIST_ADD(arena, &plan->asks, ask);
}

static enum err add_named(struct dav *dav, const struct xml *prop, struct prop_plan *plan)
{
    for (const struct xml *one = xml_first(prop); one; one = xml_next(one)) {
        if (plan->asks.n == PROP_MAX_ASKED)
            return fail(
                dav->cx, ERR_TOO_LARGE, "more than %d properties", PROP_MAX_ASKED);
        add_ask(dav, plan, property_find(one->ns_id, one->name), one->ns, one->name);
    }
    return ERR_OK;
}

enum err prop_plan_named(struct dav *dav, const struct xml *prop, struct prop_plan *plan)
{
    *plan = (struct prop_plan){.hide_missing = dav->prefer == PREFER_MINIMAL};
    return add_named(dav, prop, plan);
}

static void add_table(struct dav *dav, unsigned flags, struct prop_plan *plan)
{
    for (size_t i = 0; i < N_PROPERTIES; i++)
        if ((properties[i].flags & flags) == flags && properties[i].kinds)
            add_ask(dav, plan, &properties[i], ns_rows[properties[i].ns].uri,
                properties[i].name);
}

enum err prop_plan_all(struct dav *dav, const struct xml *include, struct prop_plan *plan)
{
    *plan = (struct prop_plan){.hide_missing = true, .with_dead = true};
    add_table(dav, PROP_ALL, plan);
    return add_named(dav, include, plan);
}

static enum err prop_plan_names(struct dav *dav, struct prop_plan *plan)
{
    *plan =
        (struct prop_plan){.hide_missing = true, .with_dead = true, .names_only = true};
    add_table(dav, 0, plan);
    plan->needs_text = false;
    return ERR_OK;
}

enum err prop_plan_read(struct dav *dav, const struct xml *root, struct prop_plan *plan)
{
    if (xml_child(root, NS_DAV, "allprop"))
        return prop_plan_all(dav, xml_child(root, NS_DAV, "include"), plan);
    if (xml_child(root, NS_DAV, "propname"))
        return prop_plan_names(dav, plan);
    return prop_plan_named(dav, xml_child(root, NS_DAV, "prop"), plan);
}

/* ---- one resource ---- */

static void cut(struct buf *out, size_t len_bytes)
{
    out->len_bytes = len_bytes;
    if (out->data)
        out->data[len_bytes] = '\0';
}

static bool write_stored(struct dav *dav, const struct prop_ask *ask,
    struct resource *resource, struct buf *out)
{
    const struct be_property *stored = resource_stored(dav, resource, ask->ns, ask->name);
    if (stored)
        buf_adds(out, stored->xml);
    return stored != NULL;
}

bool prop_write_value(struct dav *dav, const struct prop_ask *ask,
    struct resource *resource, struct buf *out)
{
    const struct property *row = ask->row;
    if (!row || !row->get)
        return write_stored(dav, ask, resource, out);
    if (!(row->kinds & resource->kind))
        return false;
    size_t mark = out->len_bytes;
    bool whole = (row->flags & PROP_WHOLE) != 0;
    if (!whole)
        buf_add(out, ask->open, ask->open_bytes);
    if (!row->get(dav, resource, out)) {
        cut(out, mark);
        return false;
    }
    if (!whole)
        buf_add(out, ask->close, ask->close_bytes);
    return true;
}

static bool already_asked(const struct prop_plan *plan, const struct be_property *stored)
{
    for (size_t i = 0; i < plan->asks.n; i++)
        if (strcmp(plan->asks.items[i].name, stored->name) == 0 &&
            strcmp(plan->asks.items[i].ns, stored->ns) == 0)
            return true;
    return false;
}

/* Apple and others keep their own properties with us; those the table knows are not dead.
 */
static void write_dead(struct dav *dav, const struct prop_plan *plan,
    struct resource *resource, struct buf *out)
{
    resource_stored(dav, resource, "", "");
    for (size_t i = 0; i < resource->n_stored; i++) {
        const struct be_property *stored = &resource->stored[i];
        bool known = false;
        for (size_t ns = 1; ns < NS_COUNT && !known; ns++)
            known = strcmp(stored->ns, ns_rows[ns].uri) == 0 &&
                property_find((enum ns)ns, stored->name);
        if (known || already_asked(plan, stored))
            continue;
        buf_adds(out,
            plan->names_only ? xml_empty(dav->cx, stored->ns, stored->name)
                             : stored->xml);
    }
}

static bool write_ask(struct dav *dav, const struct prop_plan *plan, size_t i,
    struct resource *resource, const struct buf *data)
{
    struct buf *out = &dav->response->body;
    const struct prop_ask *ask = &plan->asks.items[i];
    if (ask->is_data) {
        if (!data)
            return false;
        buf_add(out, buf_str(data), data->len_bytes);
        return true;
    }
    size_t mark = out->len_bytes;
    if (!prop_write_value(dav, ask, resource, out))
        return false;
    if (plan->names_only) {
        cut(out, mark);
        buf_adds(out, ask->empty);
    }
    return true;
}

#define PROPSTAT "<D:propstat><D:prop>"
#define PROPSTAT_OK "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
#define PROPSTAT_MISSING                                                                 \
    "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"

void prop_write(struct dav *dav, const struct prop_plan *plan, struct resource *resource,
    const struct buf *data)
{
    struct buf *out = &dav->response->body;
    size_t start = out->len_bytes, n_missing = 0;
    bool any = false;
    unsigned char missing[PROP_MAX_ASKED / 8 + 16] = {0}; /* the table's own beside */
    buf_add(out, PROPSTAT, sizeof(PROPSTAT) - 1);
    for (size_t i = 0; i < plan->asks.n; i++) {
        if (write_ask(dav, plan, i, resource, data)) {
            any = true;
        } else {
            missing[i / 8] |= (unsigned char)(1u << i % 8);
            n_missing++;
        }
    }
    if (plan->with_dead)
        write_dead(dav, plan, resource, out);
    bool show_missing = n_missing && !plan->hide_missing;
    if (any || plan->with_dead || !show_missing)
        buf_add(out, PROPSTAT_OK, sizeof(PROPSTAT_OK) - 1);
    else
        cut(out, start);
    if (!show_missing)
        return;
    buf_add(out, PROPSTAT, sizeof(PROPSTAT) - 1);
    for (size_t i = 0; i < plan->asks.n; i++)
        if (missing[i / 8] & 1u << i % 8)
            buf_adds(out, plan->asks.items[i].empty);
    buf_add(out, PROPSTAT_MISSING, sizeof(PROPSTAT_MISSING) - 1);
}
