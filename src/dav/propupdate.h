/*
 * Changes of properties (RFC 4918 section 9.2), shared by PROPPATCH, MKCALENDAR and
 * extended MKCOL: read, check all, then apply all or nothing.
 */
#ifndef DAV_PROPUPDATE_H
#define DAV_PROPUPDATE_H

#include "dav/property.h"

#define PROPUPDATE_MAX 100
#define PROPUPDATE_MAX_VALUE_BYTES 65536

/* What the setters noted. */
struct prop_update {
    struct be_calendar_set set; /* upstream */
    bool has_set;
    LIST(struct be_property) stored;
    LIST(struct be_share) shares; /* of the primary calendar */
};
/* Notes that the element is kept (or removed) as it is. */
void prop_update_store(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update);
/* Notes the removal of another stored property. */
void prop_update_drop(struct dav *dav, enum ns ns, const char *name,
    struct prop_update *update);

/* Does what was noted of shares. */
enum err proxy_apply(struct dav *dav, const struct prop_update *update);

struct prop_instruction {
    const struct xml *node;
    bool remove;
    enum err err; /* ERR_OK also for those that only depend on a failed one */
    const char *text;
};
struct prop_instructions {
    LIST(struct prop_instruction) list;
    bool failed; /* at least one has an error */
};
/* Reads the set and remove elements of root. Errors: BAD_REQUEST, TOO_LARGE. */
enum err propupdate_read(struct dav *dav, const struct xml *root,
    struct prop_instructions *all);
/* Checks each for a resource of the kind; creating allows what only a new calendar takes.
 */
void propupdate_check(struct dav *dav, enum kind kind, bool creating,
    struct prop_instructions *all, struct prop_update *update);
/* The propstats, one a property: its own error, or 424 when another one failed. */
void propupdate_write(struct dav *dav, const struct prop_instructions *all);

#endif
