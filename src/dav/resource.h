/*
 * What an address below the service root means. Layout: "", principals/,
 * principals/<user>/ and two groups below it, calendars/, calendars/<user>/,
 * calendars/<user>/inbox/, outbox/, <calendar>/, and objects below a calendar, and
 * push/<user>/<registration>. Only the signed-in person's own home can be entered.
 */
#ifndef DAV_RESOURCE_H
#define DAV_RESOURCE_H

#include "base/ctx.h"
#include "base/str.h"
#include "base/url.h"
#include "bridge/backend.h"

#include <stdbool.h>

struct dav;

/* Bits, so that tables can say "these kinds". */
enum kind {
    KIND_ROOT = 1,
    KIND_PRINCIPALS = 2,
    KIND_PRINCIPAL = 4,
    KIND_CALENDARS = 8,
    KIND_HOME = 16,
    KIND_INBOX = 32,
    KIND_OUTBOX = 64,
    KIND_CALENDAR = 128,
    KIND_OBJECT = 256,
    KIND_PROXY = 512, /* a group below a principal: who may act for the person */
    KINDS_COLLECTIONS = 511 & ~KIND_PRINCIPAL & ~KIND_OBJECT, /* that have many members */
    KINDS_ALL = 1023,
    KIND_REGISTRATION = 1024, /* of pushes; only to be deleted */
};

#define PROXY_READ "calendar-proxy-read"
#define PROXY_WRITE "calendar-proxy-write"

struct resource {
    enum kind kind;
    bool exists;
    const struct be_user *who;            /* of principals and what lies in a home */
    const struct be_calendar
        *calendar; /* of calendars and objects, NULL = no such calendar */
    struct be_object object;              /* of objects that exist; text NULL at first */
    const char *name;                     /* last segment, "" for the root */
    /* Canonical href, safe in XML and in headers. Of objects: the collection's, the name
     * comes behind it. */
    const char *base;
    size_t base_bytes;
    /* Properties without a place upstream, read when first asked for. */
    struct be_property *stored;
    size_t n_stored;
    bool stored_read;
    /* Of a calendar, whom it is shared with, read when first asked for. */
    struct be_share *shares;
    size_t n_shares;
    bool shares_read;
};

/* Errors: NOT_FOUND for what can never be there, NEED_PRIVILEGES for other people's
 * homes. An object or calendar that is not there (but could be) is found with exists =
 * false. Objects are not read: see resource_object. */
enum err resource_find(
    struct dav *dav, const struct path *path, struct resource *resource);
/* The path below the service root that an href of a request means. Errors: BAD_REQUEST,
 * URI_TOO_LONG, NOT_FOUND when it lies elsewhere. */
enum err resource_path(struct dav *dav, const char *href, struct path *path);
/* Asks for the object behind a KIND_OBJECT resource; fills object and exists. Errors:
 * STORE. */
enum err resource_object(struct dav *dav, struct resource *resource);

/* Resources that are always there. */
void resource_fixed(struct dav *dav, enum kind kind, struct resource *resource);
/* The principal of anybody, or one of the groups below it; who must live as long as the
 * resource. */
void resource_principal(
    struct dav *dav, const struct be_user *who, struct resource *resource);
void resource_proxy(struct dav *dav, const struct be_user *who, const char *name,
    struct resource *resource);
void resource_calendar(struct dav *dav, const struct be_calendar *calendar,
    struct resource *resource);
/* An object of a calendar's resource, name and contents filled by the caller. */
void resource_member(const struct resource *calendar, struct resource *member);
/* Makes it the resource of another object of the same calendar. */
void resource_set_object(struct resource *member, const struct be_object *object);
/* Where the properties of a home, calendar or object are kept. */
struct be_place resource_place(const struct dav *dav, const struct resource *resource);

/* When it became what it is; 0 = not known. */
int64_t resource_modified_s(const struct resource *resource);
void resource_add_href(struct buf *out, const struct resource *resource);
char *resource_href(struct ctx *cx, const struct resource *resource);
/* One segment in the canonical form that is safe in XML as well. */
void href_add_segment(struct buf *out, const char *segment);

/* Whom the calendar is shared with; empty for what is no calendar of the person's own. */
size_t resource_shares(
    struct dav *dav, struct resource *resource, const struct be_share **list);
/* The stored property of that name, NULL when there is none. */
const struct be_property *resource_stored(struct dav *dav, struct resource *resource,
    const char *ns, const char *name);

#endif
