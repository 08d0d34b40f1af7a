/* The filter element of calendar-query (RFC 4791 section 9.7) as the tree of
 * ical/filter.h. */
#ifndef DAV_FILTER_XML_H
#define DAV_FILTER_XML_H

#include "dav/request.h"
#include "ical/filter.h"

#define FILTER_MAX_NODES 200

/* Errors: VALID_FILTER, SUPPORTED_FILTER, SUPPORTED_COLLATION. */
enum err filter_read(
    struct dav *dav, const struct xml *filter, struct comp_filter **root);
/* What be_objects can answer of it. */
struct filter_shape {
    bool nothing;    /* can match no event */
    bool whole;      /* the range (or nothing) is all there is to it */
    bool has_range;  /* no object without an instance in the range matches */
    int64_t from_s, until_s;
};
void filter_shape(const struct comp_filter *root, struct filter_shape *shape);

#endif
