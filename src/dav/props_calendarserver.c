/* calendarserver.org's extensions (caldav-ctag-02 and others) and those of Apple's
 * clients. */
#include "dav/props.h"
#include "dav/propupdate.h"
#include "dav/sync_token.h"

#include <string.h>

bool cs_getctag(struct dav *dav, struct resource *resource, struct buf *out)
{
    int64_t number;
    if (sync_newest(dav, resource, &number) != ERR_OK)
        return false;
    buf_printf(out, "%s-%lld", be_epoch(dav->request->bridge), (long long)number);
    return true;
}

bool cs_email_address_set(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    for (const char *const *one = resource->who->addresses; one && *one; one++) {
        if (!str_istarts(*one, "mailto:"))
            continue;
        buf_adds(out, "<CS:email-address>");
        xml_adds(out, *one + strlen("mailto:"));
        buf_adds(out, "</CS:email-address>");
    }
    return true;
}

bool cs_record_type(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav;
    buf_adds(out, resource->who->kind == BE_ROOM ? "locations" : "users");
    return true;
}

/* The client's own element is kept for its symbolic-color; good as long as the colour is
 * that. */
bool cs_calendar_color(struct dav *dav, struct resource *resource, struct buf *out)
{
    const char *color = resource->calendar->color;
    if (!color)
        return false;
    const struct be_property *kept =
        resource_stored(dav, resource, ns_rows[NS_APPLE].uri, "calendar-color");
    if (kept) {
        const char *text = strchr(kept->xml, '>');
        if (text && str_istarts(text + 1, color)) {
            buf_adds(out, kept->xml);
            return true;
        }
    }
    buf_adds(out, "<A:calendar-color>");
    xml_adds(out, color);
    buf_adds(out, "</A:calendar-color>");
    return true;
}

static bool is_color(const char *text)
{
    size_t len_bytes = strlen(text);
    return (len_bytes == 7 || len_bytes == 9) && text[0] == '#' &&
        strspn(text + 1, "0123456789abcdefABCDEF") == len_bytes - 1;
}

enum err cs_set_calendar_color(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update)
{
    if (remove)
        return fail(dav->cx, ERR_CONFLICT, "a calendar always has a colour");
    const char *color = xml_word(dav->cx, node);
    if (!is_color(color))
        return fail(dav->cx, ERR_CONFLICT, "a colour is #RRGGBB or #RRGGBBAA");
    update->set.color = color;
    update->has_set = true;
    if (node->n_attrs)
        prop_update_store(dav, node, false, update);
    else
        prop_update_drop(dav, NS_APPLE, "calendar-color", update);
    return ERR_OK;
}

enum err cs_set_stored(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update)
{
    prop_update_store(dav, node, remove, update);
    return ERR_OK;
}
