/* expand-property (RFC 3253 section 3.8): properties, and those of the resources that
 * they name. Apple asks principals so. */
#include "dav/members.h"
#include "dav/multistatus.h"
#include "dav/report.h"

#include <string.h>

#define MAX_EXPANDED 200

struct expansion {
    struct dav *dav;
    const struct xml *wanted;
    size_t n; /* responses within that of one resource */
};

static enum err write_resource(struct expansion *expansion, const struct xml *wanted,
    struct resource *resource, struct buf *out);

/* The property element as a request would name it. */
static enum err named(struct dav *dav, const struct xml *node, struct xml *property)
{
    const char *name = xml_attr(node, "name"), *ns = xml_attr(node, "namespace");
    if (str_empty(name))
        return fail(dav->cx, ERR_BAD_REQUEST, "a property needs its name");
    *property = (struct xml){.name = name, .ns = ns ? ns : ns_rows[NS_DAV].uri};
    for (size_t i = 1; i < NS_COUNT; i++)
        if (strcmp(property->ns, ns_rows[i].uri) == 0)
            property->ns_id = (enum ns)i;
    return ERR_OK;
}

static bool is_name(const char *name)
{
    /* It becomes an element of the answer. */
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789-_.")] == '\0' &&
        !strchr("0123456789-.", *name);
}

/* One href of a property's value as a response of its own. */
static enum err write_href(struct expansion *expansion, const struct xml *wanted,
    const char *href, struct buf *out)
{
    struct dav *dav = expansion->dav;
    struct path path;
    struct resource resource;
    if (++expansion->n > MAX_EXPANDED)
        return fail(dav->cx, ERR_TOO_MANY_MATCHES, "this names too many resources");
    bool found = resource_path(dav, href, &path) == ERR_OK &&
        resource_find(dav, &path, &resource) == ERR_OK;
    if (found && resource.kind == KIND_OBJECT)
        TRY(resource_object(dav, &resource));
    if (found && resource.exists)
        return write_resource(expansion, wanted, &resource, out);
    buf_adds(out, "<D:response><D:href>");
    xml_adds(out, href);
    buf_adds(out, "</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>");
    return ERR_OK;
}

/* The value with each href replaced by the response that stands for it. */
static enum err write_expanded(struct expansion *expansion, const struct xml *wanted,
    const char *element, struct buf *out)
{
    struct ctx *cx = expansion->dav->cx;
    struct xml *value = NULL;
    char *whole =
        arena_printf(cx->arena, "<D:prop" XML_NAMESPACES ">%s</D:prop>", element);
    TRY(xml_parse(cx, whole, strlen(whole), &value));
    const struct xml *property = xml_first(value);
    char *empty = xml_empty(cx, property->ns, property->name);
    buf_add(out, empty, strlen(empty) - strlen("/>"));
    buf_addc(out, '>');
    for (const struct xml *one = xml_first(property); one; one = xml_next(one)) {
        if (xml_is(one, NS_DAV, "href"))
            TRY(write_href(expansion, wanted, xml_word(cx, one), out));
        else
            buf_adds(out, xml_print(cx, one));
    }
    const char *name = empty + 1;
    buf_printf(out, "</%.*s>", (int)strcspn(name, " /"), name);
    return ERR_OK;
}

/* Writes found properties to out, the names of others to missing. */
static enum err write_property(struct expansion *expansion, const struct xml *node,
    struct resource *resource, struct buf *out, struct buf *missing)
{
    struct dav *dav = expansion->dav;
    struct xml property;
    struct prop_plan plan;
    TRY(named(dav, node, &property));
    if (!is_name(property.name))
        return fail(dav->cx, ERR_BAD_REQUEST, "\"%s\" is no name", property.name);
    TRY(prop_plan_named(dav, &(struct xml){.child = &property}, &plan));
    struct buf value = buf_new(dav->cx->arena);
    if (!prop_write_value(dav, &plan.asks.items[0], resource, &value))
        buf_adds(missing, plan.asks.items[0].empty);
    else if (xml_first(node))
        return write_expanded(expansion, node, buf_str(&value), out);
    else
        buf_add(out, buf_str(&value), value.len_bytes);
    return ERR_OK;
}

/* Depth is bounded by the XML's. */
static enum err write_resource(struct expansion *expansion, const struct xml *wanted,
    struct resource *resource, struct buf *out)
{
    struct buf missing = buf_new(expansion->dav->cx->arena);
    buf_adds(out, "<D:response><D:href>");
    resource_add_href(out, resource);
    buf_adds(out, "</D:href><D:propstat><D:prop>");
    for (const struct xml *one = xml_first(wanted); one; one = xml_next(one))
        if (xml_is(one, NS_DAV, "property"))
            TRY(write_property(expansion, one, resource, out, &missing));
    buf_adds(out, "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>");
    if (missing.len_bytes) {
        buf_adds(out, "<D:propstat><D:prop>");
        buf_adds(out, buf_str(&missing));
        buf_adds(
            out, "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>");
    }
    buf_adds(out, "</D:response>");
    return ERR_OK;
}

static enum err write_member(struct dav *dav, void *self, struct resource *member)
{
    struct expansion *expansion = self;
    expansion->n = 0;
    buf_addc(&dav->response->body, '\n');
    return write_resource(expansion, expansion->wanted, member, &dav->response->body);
}

/* RFC 3253 section 3.6: without Depth it is 0; else it is applied to each member, too. */
enum err report_expand_property(struct dav *dav, const struct xml *root)
{
    struct expansion *expansion = ARENA_NEW(dav->cx->arena, struct expansion);
    struct members members = {write_member, expansion, .with_text = true};
    enum depth depth;
    *expansion = (struct expansion){.dav = dav, .wanted = root};
    TRY(dav_depth(dav, &depth));
    if (depth == DEPTH_INFINITY && KINDS_COLLECTIONS & dav->target.kind)
        return fail(dav->cx, ERR_FINITE_DEPTH, "ask with Depth 0 or 1");
    multistatus_begin(dav);
    TRY(write_member(dav, expansion, &dav->target));
    if (depth == DEPTH_1)
        return members_write(dav, &members);
    multistatus_end(dav);
    return ERR_OK;
}
