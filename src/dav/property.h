/*
 * Properties: one table of those the server knows, the plan of what a request asks for,
 * and the propstats of a resource. Every property asked for is missing (404) until its
 * getter says otherwise.
 */
#ifndef DAV_PROPERTY_H
#define DAV_PROPERTY_H

#include "dav/request.h"

/* Writes the element's content and returns true, or returns false when the resource has
 * no such property; what it wrote until then is dropped. */
typedef bool prop_get(struct dav *dav, struct resource *resource, struct buf *out);

struct prop_update;
/* Checks a new value and notes what is to be done (propupdate.h). node is the element;
 * with remove it only names the property. */
typedef enum err prop_set(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update);

enum prop_flags {
    PROP_ALL = 1,   /* part of allprop */
    PROP_WHOLE = 2, /* the getter writes the element itself too */
    PROP_TEXT = 4,  /* needs the text of objects */
};

struct property {
    enum ns ns;
    const char *name;
    unsigned kinds; /* enum kind bits */
    unsigned flags;
    prop_get *get;
    prop_set *set; /* NULL = protected */
};
/* NULL when the server does not know it. */
const struct property *property_find(enum ns ns, const char *name);

#define PROP_MAX_ASKED 256

struct calendar_data;

/* What was asked for, made once a request. */
struct prop_ask {
    const struct property *row; /* NULL = dead or unknown */
    const char *ns, *name;
    const char *open, *close, *empty; /* the element as written */
    size_t open_bytes, close_bytes;
    bool is_data; /* calendar-data */
};
struct prop_plan {
    LIST(struct prop_ask) asks;
    bool names_only;   /* propname */
    bool with_dead;    /* all stored properties besides */
    bool hide_missing; /* no 404 propstat */
    bool needs_text;   /* fill object.text before prop_write */
    const struct calendar_data *data; /* NULL = no calendar-data in this report */
};
/* From a DAV:prop element; NULL makes an empty plan. Errors of all: TOO_LARGE. */
enum err prop_plan_named(struct dav *dav, const struct xml *prop, struct prop_plan *plan);
/* DAV:allprop, with DAV:include or NULL. */
enum err prop_plan_all(
    struct dav *dav, const struct xml *include, struct prop_plan *plan);
/* From the prop, allprop (with include) or propname element inside of a propfind or a
 * report; without any of them an empty plan. */
enum err prop_plan_read(struct dav *dav, const struct xml *root, struct prop_plan *plan);

/* The propstat elements of one resource. data: a calendar-data element already made, or
 * NULL. */
void prop_write(struct dav *dav, const struct prop_plan *plan, struct resource *resource,
    const struct buf *data);

/* One property alone: its whole element, or false when it is missing. */
bool prop_write_value(struct dav *dav, const struct prop_ask *ask,
    struct resource *resource, struct buf *out);

#endif
