/*
 * Multistatus answers (RFC 4918 section 13) as text: begin, any number of responses, end.
 */
#ifndef DAV_MULTISTATUS_H
#define DAV_MULTISTATUS_H

#include "dav/property.h"

/* The XML declaration, the root element with all namespaces, status and type of the
 * response. */
void multistatus_begin(struct dav *dav);
void multistatus_end(struct dav *dav); /* more elements may stand before the end */

/* A response with the properties of a resource. */
void multistatus_resource(struct dav *dav, const struct prop_plan *plan,
    struct resource *resource);
void multistatus_open(struct dav *dav, const struct resource *resource);
void multistatus_close(struct dav *dav);
/* A response with a status of its own; href as text, escaped here. */
void multistatus_status(struct dav *dav, const char *href, int status);
/* A response that is an error with its precondition, if it has one. */
void multistatus_error(struct dav *dav, const struct resource *resource, enum err kind,
    const char *text);

#endif
