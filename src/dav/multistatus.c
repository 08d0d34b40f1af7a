#include "dav/multistatus.h"

#include "dav/precond.h"
#include "dav/prefer.h"

#define ADD(out, text) buf_add((out), (text), sizeof(text) - 1)

void multistatus_begin(struct dav *dav)
{
    dav->response->status = 207;
    dav->response->compressible = true;
    dav_set_header(dav, "Content-Type", XML_TYPE);
    prefer_applied(dav, dav->prefer == PREFER_MINIMAL ? PREFER_MINIMAL : PREFER_NONE,
        dav->no_root);
    ADD(&dav->response->body, XML_DECLARATION "<D:multistatus" XML_NAMESPACES ">");
}

void multistatus_end(struct dav *dav)
{
    ADD(&dav->response->body, "</D:multistatus>\n");
}

void multistatus_open(struct dav *dav, const struct resource *resource)
{
    ADD(&dav->response->body, "\n<D:response><D:href>");
    resource_add_href(&dav->response->body, resource);
    ADD(&dav->response->body, "</D:href>");
}

void multistatus_close(struct dav *dav)
{
    ADD(&dav->response->body, "</D:response>");
}

void multistatus_resource(struct dav *dav, const struct prop_plan *plan,
    struct resource *resource)
{
    multistatus_open(dav, resource);
    prop_write(dav, plan, resource, NULL);
    multistatus_close(dav);
}

static void add_status(struct buf *out, int status)
{
    ADD(out, "<D:status>");
    buf_adds(out, status_line(status));
    ADD(out, "</D:status>");
}

void multistatus_status(struct dav *dav, const char *href, int status)
{
    struct buf *out = &dav->response->body;
    ADD(out, "\n<D:response><D:href>");
    xml_adds(out, href);
    ADD(out, "</D:href>");
    add_status(out, status);
    multistatus_close(dav);
}

void multistatus_error(struct dav *dav, const struct resource *resource, enum err kind,
    const char *text)
{
    struct buf *out = &dav->response->body;
    const struct precond *row = precond_find(kind);
    multistatus_open(dav, resource);
    add_status(out, row->status);
    if (row->element) {
        ADD(out, "<D:error>");
        precond_add(out, kind, &(struct precond_detail){.text = text});
        ADD(out, "</D:error>");
    }
    ADD(out, "<D:responsedescription>");
    xml_adds(out, precond_text(kind, text));
    ADD(out, "</D:responsedescription>");
    multistatus_close(dav);
}
