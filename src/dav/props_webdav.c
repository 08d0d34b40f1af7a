/* RFC 4918 section 15, RFC 3253 section 3.1, RFC 5397, RFC 5995. */
#include "base/when.h"
#include "dav/method.h"
#include "dav/privilege.h"
#include "dav/props.h"
#include "dav/propupdate.h"
#include "dav/report.h"

#include <string.h>

#define CALENDAR_NAME_MAX_BYTES 1000

/* Of an event it is as good as a dead property; Feishu's title is the SUMMARY. */
static bool kept_name(struct dav *dav, struct resource *resource, struct buf *out)
{
    const struct be_property *kept =
        resource_stored(dav, resource, ns_rows[NS_DAV].uri, "displayname");
    struct xml *root = NULL;
    if (!kept || xml_parse(dav->cx, kept->xml, strlen(kept->xml), &root) != ERR_OK)
        return false;
    xml_adds(out, xml_text(dav->cx, root));
    return true;
}

bool webdav_displayname(struct dav *dav, struct resource *resource, struct buf *out)
{
    switch (resource->kind) {
    case KIND_CALENDAR:
        xml_adds(out, resource->calendar->display_name);
        return true;
    case KIND_PRINCIPAL:
    case KIND_HOME:
        xml_adds(out, resource->who->display_name);
        return true;
    case KIND_ROOT:
        buf_adds(out, "feishu-caldav");
        return true;
    case KIND_OBJECT:
        return kept_name(dav, resource, out);
    default:
        xml_adds(out, resource->name);
        return true;
    }
}

enum err webdav_set_displayname(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update)
{
    if (dav->target.kind == KIND_OBJECT) {
        prop_update_store(dav, node, remove, update);
        return ERR_OK;
    }
    const char *name = remove ? "" : xml_word(dav->cx, node);
    if (!*name)
        return fail(dav->cx, ERR_CONFLICT, "a calendar needs a name");
    if (strlen(name) > CALENDAR_NAME_MAX_BYTES)
        return fail(dav->cx, ERR_CONFLICT, "the name is too long");
    update->set.display_name = name;
    update->has_set = true;
    return ERR_OK;
}

bool webdav_resourcetype(struct dav *dav, struct resource *resource, struct buf *out)
{
    static const struct {
        enum kind kind;
        const char *xml;
    } types[] = {
        {KIND_PRINCIPAL, "<D:collection/><D:principal/>"},
        {KIND_PROXY, "<D:principal/>"},
        {KIND_INBOX, "<D:collection/><C:schedule-inbox/>"},
        {KIND_OUTBOX, "<D:collection/><C:schedule-outbox/>"},
        {KIND_CALENDAR, "<D:collection/><C:calendar/>"},
        {KIND_OBJECT, ""},
    };
    const char *type = "<D:collection/>";
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (types[i].kind == resource->kind)
            type = types[i].xml;
    buf_adds(out, type);
    if (resource->kind == KIND_PROXY)
        buf_printf(out, "<CS:%s/>", resource->name);
    /* caldav-sharing section 5.1.1 */
    if (share_is_shared(dav, resource))
        buf_adds(out,
            resource->calendar->role == BE_OWNER ? "<CS:shared-owner/>" : "<CS:shared/>");
    return true;
}

bool webdav_getetag(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    buf_addc(out, '"');
    buf_adds(out, resource->object.etag);
    buf_addc(out, '"');
    return true;
}

bool webdav_getcontenttype(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    buf_adds(out, CALENDAR_TYPE "; component=VEVENT");
    return true;
}

bool webdav_getcontentlength(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    if (!resource->object.text)
        return false;
    buf_printf(out, "%zu", resource->object.text_bytes);
    return true;
}

bool webdav_getlastmodified(struct dav *dav, struct resource *resource, struct buf *out)
{
    char text[WHEN_TEXT_BYTES];
    int64_t modified_s = resource_modified_s(resource);
    (void)dav;
    if (modified_s)
        buf_adds(out, when_http(modified_s, text));
    return modified_s != 0;
}

/* CREATED of the event, which upstream tells; the master is the first component. */
bool webdav_creationdate(struct dav *dav, struct resource *resource, struct buf *out)
{
    static const char name[] = "\nCREATED:";
    const char *text = resource->object.text, *at = text ? strstr(text, name) : NULL;
    char created[WHEN_TEXT_BYTES];
    struct civil civil;
    bool is_date, is_utc;
    if (!at)
        return false;
    at += sizeof(name) - 1;
    char *value = arena_strndup(dav->cx->arena, at, strcspn(at, "\r\n"));
    if (!when_parse_ics(value, &civil, &is_date, &is_utc) || is_date || !is_utc)
        return false;
    buf_adds(out, when_rfc3339(civil_seconds(&civil), created));
    return true;
}

bool webdav_empty(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource, (void)out;
    return true;
}

bool webdav_supported_report_set(
    struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    report_add_supported(out, resource->kind);
    return true;
}

bool webdav_supported_method_set(
    struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    method_add_supported(out, resource->kind);
    return true;
}

bool webdav_current_user_principal(struct dav *dav, struct resource *resource,
    struct buf *out)
{
    (void)resource;
    return acl_principal_url(dav, &(struct resource){.who = &dav->user}, out);
}

bool webdav_add_member(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (!privilege_has(dav, resource, "bind"))
        return false;
    buf_adds(out, "<D:href>");
    resource_add_href(out, resource);
    buf_adds(out, "</D:href>");
    return true;
}
