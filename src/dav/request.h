/*
 * One request on its way through the DAV layer: what handlers and properties are given.
 */
#ifndef DAV_REQUEST_H
#define DAV_REQUEST_H

#include "dav/dav.h"
#include "dav/resource.h"
#include "dav/xml.h"

#define DAV_MAX_RESOURCE_BYTES (1u << 20)
#define DAV_MAX_ATTENDEES 3000
/* More than a day after day between the two limits below has. */
#define DAV_MAX_INSTANCES 100000
#define DAV_MAX_MULTIGET 20000
#define DAV_MAX_ANSWER_BYTES (128u << 20)
#define DAV_MIN_DATE_S (-2208988800) /* 1900-01-01T00:00:00Z */
#define DAV_MAX_DATE_S 4133980799    /* 2100-12-31T23:59:59Z */
#define DAV_PRODID "-//feishu-caldav//EN"
#define CALENDAR_TYPE "text/calendar; charset=utf-8"
#define XML_TYPE "application/xml; charset=utf-8"

/* RFC 7240, 8144 */
enum prefer { PREFER_NONE, PREFER_MINIMAL, PREFER_REPRESENTATION };

enum depth { DEPTH_0, DEPTH_1, DEPTH_INFINITY, DEPTH_NONE };

struct method;

struct dav {
    struct ctx *cx;
    const struct dav_request *request;
    struct dav_response *response;
    const struct method *method;
    struct be_user user; /* who signed in */
    struct resource target;
    enum prefer prefer;
    bool no_root;         /* Prefer: depth-noroot */
    const char *also_changed; /* an object beside the target, NULL = none */
    /* Whether objects of this calendar have properties; 0 = not asked yet. */
    int64_t kept_calendar_id;
    bool kept_any;
    /* Details for the error body. */
    const char *err_href;      /* canonical */
    const char *err_privilege; /* element name in DAV:, "bind" */
};

const char *dav_header(const struct dav *dav, const char *name); /* NULL = not sent */
void dav_set_header(struct dav *dav, const char *name, const char *value);
void dav_set_etag(struct dav *dav, const char *name, const char *tag); /* quotes it */
/* Errors: BAD_REQUEST. */
enum err dav_depth(struct dav *dav, enum depth *depth);
/* Errors: MEDIA_TYPE when a type is sent that is not XML. */
enum err dav_body_is_xml(struct dav *dav);
/* The body as XML. Errors: that, and those of xml_parse. */
enum err dav_body_xml(struct dav *dav, struct xml **root);
/* Value of a header parameter: header_param("text/calendar; charset=\"utf-8\"",
 * "charset"). NULL when it is not there. */
char *header_param(struct ctx *cx, const char *value, const char *name);
/* The part before the parameters, in lower case; "" for NULL. */
char *header_type(struct ctx *cx, const char *value);

#endif
