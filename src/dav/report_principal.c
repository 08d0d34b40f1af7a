/* Reports on principals (RFC 3744 sections 9.3 to 9.5). The only principal that is found
 * is the person herself. */
#include "dav/multistatus.h"
#include "dav/report.h"

#include <string.h>

/* What can be searched, and how it is described. */
static const struct {
    enum ns ns;
    const char *name, *text;
} searchable[] = {
    {NS_DAV, "displayname", "Name"},
    {NS_CS, "email-address-set", "E-mail address"},
    {NS_CALDAV, "calendar-user-address-set", "Calendar user address"},
    {NS_CALDAV, "calendar-user-type", "Kind of calendar user"},
};
#define N_SEARCHABLE (sizeof(searchable) / sizeof(*searchable))

/* Not a multistatus: Apple wants 200. */
enum err report_principal_search_property_set(struct dav *dav, const struct xml *root)
{
    struct buf *out = &dav->response->body;
    (void)root;
    dav->response->status = 200;
    dav_set_header(dav, "Content-Type", XML_TYPE);
    buf_adds(out, XML_DECLARATION "<D:principal-search-property-set" XML_NAMESPACES ">");
    for (size_t i = 0; i < N_SEARCHABLE; i++)
        buf_printf(out,
            "<D:principal-search-property><D:prop><%s:%s/></D:prop>"
            "<D:description xml:lang=\"en\">%s</D:description>"
            "</D:principal-search-property>",
            ns_rows[searchable[i].ns].prefix, searchable[i].name, searchable[i].text);
    buf_adds(out, "</D:principal-search-property-set>\n");
    return ERR_OK;
}

static bool contains(struct dav *dav, const char *text, const char *part)
{
    const char *lower = str_lower(dav->cx->arena, text);
    return strstr(lower, str_lower(dav->cx->arena, part)) != NULL;
}

/* Is the text in one of the properties of a property-search? ASCII case does not count.
 */
static bool search_matches(struct dav *dav, const struct xml *search,
    struct resource *principal)
{
    const struct xml *prop = xml_child(search, NS_DAV, "prop");
    const struct xml *match = xml_child(search, NS_DAV, "match");
    const char *wanted = match ? xml_word(dav->cx, match) : "";
    for (const struct xml *one = xml_first(prop); one && *wanted; one = xml_next(one)) {
        const struct property *row = property_find(one->ns_id, one->name);
        struct buf value = buf_new(dav->cx->arena);
        struct buf escaped = buf_new(dav->cx->arena);
        bool known = false;
        for (size_t i = 0; i < N_SEARCHABLE; i++)
            known |= xml_is(one, searchable[i].ns, searchable[i].name);
        xml_adds(&escaped, wanted);
        if (known && row->get(dav, principal, &value) &&
            contains(dav, buf_str(&value), buf_str(&escaped)))
            return true;
    }
    return false;
}

enum err report_principal_property_search(struct dav *dav, const struct xml *root)
{
    bool any = str_eq(xml_attr(root, "test"), "anyof");
    size_t n = 0, n_matches = 0;
    struct prop_plan plan;
    struct resource principal;
    resource_fixed(dav, KIND_PRINCIPAL, &principal);
    TRY(prop_plan_read(dav, root, &plan));
    for (const struct xml *one = xml_first(root); one; one = xml_next(one)) {
        if (!xml_is(one, NS_DAV, "property-search"))
            continue;
        n++;
        n_matches += search_matches(dav, one, &principal);
    }
    if (!n)
        return fail(dav->cx, ERR_BAD_REQUEST, "a search needs a property-search");
    multistatus_begin(dav);
    if (any ? n_matches > 0 : n_matches == n)
        multistatus_resource(dav, &plan, &principal);
    multistatus_end(dav);
    return ERR_OK;
}

/* self: the principal of whoever asks, where it lies below the target. */
enum err report_principal_match(struct dav *dav, const struct xml *root)
{
    struct prop_plan plan;
    struct resource principal;
    if (!xml_child(root, NS_DAV, "self") &&
        !xml_child(root, NS_DAV, "principal-property"))
        return fail(dav->cx, ERR_BAD_REQUEST, "self or principal-property is missing");
    TRY(prop_plan_read(dav, root, &plan));
    multistatus_begin(dav);
    if (xml_child(root, NS_DAV, "self")) {
        resource_fixed(dav, KIND_PRINCIPAL, &principal);
        multistatus_resource(dav, &plan, &principal);
    }
    multistatus_end(dav);
    return ERR_OK;
}
