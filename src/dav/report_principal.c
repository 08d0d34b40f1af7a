/* Reports on principals other than searches (RFC 3744 sections 9.2 and 9.3). */
#include "dav/multistatus.h"
#include "dav/report.h"

#include <string.h>

#define MAX_PRINCIPALS 1000

/* The hrefs inside of a property of a resource, as elements; NULL when it has none. */
static const struct xml *property_value(
    struct dav *dav, enum ns ns, const char *name, struct resource *resource)
{
    struct xml property = {.ns_id = ns, .ns = ns_rows[ns].uri, .name = name};
    struct prop_plan plan;
    struct xml *value = NULL;
    struct buf out = buf_new(dav->cx->arena);
    buf_adds(&out, "<D:prop" XML_NAMESPACES ">");
    if (prop_plan_named(dav, &(struct xml){.child = &property}, &plan) != ERR_OK ||
        !prop_write_value(dav, &plan.asks.items[0], resource, &out))
        return NULL;
    buf_adds(&out, "</D:prop>");
    return xml_parse(dav->cx, buf_str(&out), out.len_bytes, &value) == ERR_OK ? value
                                                                             : NULL;
}

/* True when an href anywhere below the node is the resource's. */
static bool names(struct dav *dav, const struct xml *node, const char *href)
{
    for (const struct xml *one = xml_first(node); one; one = xml_next(one)) {
        if (xml_is(one, NS_DAV, "href") && strcmp(xml_word(dav->cx, one), href) == 0)
            return true;
        if (names(dav, one, href))
            return true;
    }
    return false;
}

/* ---- principal-match ---- */

static void write_match(struct dav *dav, const struct prop_plan *plan,
    const struct xml *wanted, struct resource *resource)
{
    struct resource self;
    resource_fixed(dav, KIND_PRINCIPAL, &self);
    const struct xml *value = property_value(dav, wanted->ns_id, wanted->name, resource);
    if (value && names(dav, value, resource_href(dav->cx, &self)))
        multistatus_resource(dav, plan, resource);
}

/* Calendars of which a property, such as the owner, names whoever asks. */
static enum err match_calendars(
    struct dav *dav, const struct prop_plan *plan, const struct xml *wanted)
{
    struct be_calendar *list = NULL;
    size_t n = 0;
    TRY(be_calendars(dav->cx, dav->request->bridge, &dav->user, &list, &n));
    for (size_t i = 0; i < n; i++) {
        struct resource calendar;
        resource_calendar(dav, &list[i], &calendar);
        write_match(dav, plan, wanted, &calendar);
    }
    return ERR_OK;
}

/* The groups that whoever asks is in, as section 9.3 has it. */
static void match_groups(
    struct dav *dav, const struct prop_plan *plan, struct resource *self)
{
    const struct xml *value = property_value(dav, NS_DAV, "group-membership", self);
    const struct xml *one = value ? xml_first(xml_first(value)) : NULL;
    for (; one; one = xml_next(one)) {
        struct path path;
        struct resource group;
        if (resource_path(dav, xml_word(dav->cx, one), &path) == ERR_OK &&
            resource_find(dav, &path, &group) == ERR_OK)
            multistatus_resource(dav, plan, &group);
    }
}

/* self: the principal of whoever asks, where it lies below the target. */
enum err report_principal_match(struct dav *dav, const struct xml *root)
{
    struct prop_plan plan;
    struct resource principal;
    const struct xml *self = xml_child(root, NS_DAV, "self");
    const struct xml *wanted = xml_first(xml_child(root, NS_DAV, "principal-property"));
    if (!self && !wanted)
        return fail(dav->cx, ERR_BAD_REQUEST, "self or principal-property is missing");
    TRY(prop_plan_read(dav, root, &plan));
    multistatus_begin(dav);
    resource_fixed(dav, KIND_PRINCIPAL, &principal);
    if (self && dav->target.kind != KIND_HOME) {
        multistatus_resource(dav, &plan, &principal);
        match_groups(dav, &plan, &principal);
    } else if (!self && dav->target.kind == KIND_HOME) {
        TRY(match_calendars(dav, &plan, wanted));
    } else if (!self) {
        write_match(dav, &plan, wanted, &principal);
    }
    multistatus_end(dav);
    return ERR_OK;
}

/* ---- acl-principal-prop-set ---- */

struct principals {
    struct dav *dav;
    const struct prop_plan *plan;
    LIST(const char *) seen;
};

static bool is_new(struct principals *all, const char *href)
{
    for (size_t i = 0; i < all->seen.n; i++)
        if (strcmp(all->seen.items[i], href) == 0)
            return false;
    LIST_ADD(all->dav->cx->arena, &all->seen, href);
    return true;
}

/* Whom the aces name, each once; who is not known (any more) is left out, as section 9.2
 * has it. */
static enum err write_principals(struct principals *all, const struct xml *node)
{
    struct dav *dav = all->dav;
    for (const struct xml *one = xml_first(node); one; one = xml_next(one)) {
        struct path path;
        struct resource principal;
        if (!xml_is(one, NS_DAV, "href")) {
            TRY(write_principals(all, one));
            continue;
        }
        if (all->seen.n == MAX_PRINCIPALS)
            return fail(dav->cx, ERR_TOO_MANY_MATCHES, "too many principals");
        const char *href = xml_word(dav->cx, one);
        if (is_new(all, href) && resource_path(dav, href, &path) == ERR_OK &&
            resource_find(dav, &path, &principal) == ERR_OK &&
            principal.kind == KIND_PRINCIPAL)
            multistatus_resource(dav, all->plan, &principal);
    }
    return ERR_OK;
}

enum err report_acl_principal_prop_set(struct dav *dav, const struct xml *root)
{
    struct prop_plan plan;
    TRY(prop_plan_read(dav, root, &plan));
    struct principals all = {.dav = dav, .plan = &plan};
    const struct xml *acl = property_value(dav, NS_DAV, "acl", &dav->target);
    multistatus_begin(dav);
    TRY(write_principals(&all, acl));
    multistatus_end(dav);
    return ERR_OK;
}
