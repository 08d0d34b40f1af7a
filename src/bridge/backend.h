/*
 * The calendar back end: all that the DAV layer knows of what lies below it. No word of
 * Feishu in here. Reads never touch the network, but for be_freebusy, be_people_search
 * and be_person_by_address; writes return when upstream has them. Functions may be called
 * from any thread; texts live in cx->arena.
 */
#ifndef BRIDGE_BACKEND_H
#define BRIDGE_BACKEND_H

#include "base/ctx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bridge;

enum be_user_kind { BE_INDIVIDUAL, BE_ROOM };

/* A signed-in person, or anybody else, or a room. */
struct account;
struct be_user {
    int64_t id;               /* 0 = has no account here */
    enum be_user_kind kind;
    const char *name;         /* what is typed as user name */
    const char *segment;      /* in hrefs: plain ASCII, needs no encoding */
    const char *display_name;
    const char *const *addresses; /* "mailto:..." first, NULL-terminated */
    const char *timezone;         /* IANA, never NULL */
    int64_t home_change;          /* number of the last change to the list of calendars */
    bool needs_sign_in;           /* reads work, writes fail with UPSTREAM_SIGN_IN */
    const struct account *account; /* as it is stored; NULL where id is 0 */
};
/* Errors: NOT_FOUND. */
enum err be_user(struct ctx *cx, struct bridge *bridge, int64_t id, struct be_user *user);
/* Who a principal's segment means: a person with an account here, or a person or room
 * that a search or an event has made known. NOT_FOUND. */
enum err be_user_by_segment(struct ctx *cx, struct bridge *bridge, const char *segment,
    struct be_user *user);

/* Asks the directory for people and rooms while somebody types; cached shortly. Where it
 * may not be asked, those that are known already are found. */
struct be_people_query {
    const char *words; /* a part of a name or address, no "mailto:"; "" = any */
    unsigned kinds;    /* bits 1 << enum be_user_kind */
    size_t max;
};
struct be_person {
    struct be_user user;
    /* The words mean the name though its letters may differ (pinyin, another name). */
    bool by_directory;
};
enum err be_people_search(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_people_query *query,
    struct be_person **list, size_t *n);
/* The person with an account here that an address ("mailto:...") means. NOT_FOUND. */
enum err be_user_by_address(struct ctx *cx, struct bridge *bridge, const char *address,
    struct be_user *user);

enum be_role { BE_FREEBUSY, BE_READER, BE_WRITER, BE_OWNER };

struct calendar;
struct be_calendar {
    int64_t id;
    const char *name; /* segment */
    const char *display_name, *description;
    const char *color;    /* "#RRGGBBAA", NULL = unset */
    enum be_role role;
    bool read_only;       /* events cannot be written whatever the role is */
    bool primary;         /* the default calendar; cannot be deleted */
    int64_t change;       /* number of the last change inside: getctag and sync token */
    int64_t born;         /* number with which it came to the list */
    int64_t modified_s;   /* when it was given the last one */
    bool complete;        /* false while the first pull is under way */
    const char *owner;    /* segment of the owner's principal, NULL = not known */
    enum be_everybody { BE_NOBODY, BE_BUSY_TIMES, BE_EVENTS } everybody; /* may see */
    const struct calendar *calendar; /* as it is stored */
};
enum err be_calendars(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    struct be_calendar **list, size_t *n);
enum err be_calendar(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const char *name, struct be_calendar *calendar); /* NOT_FOUND */
/* Those that left the list after number since, in the order of numbers, of each name the
 * last. VALID_SYNC_TOKEN when since is too old or unknown. */
struct be_gone {
    const char *name;
    int64_t change;
    bool again; /* another calendar has the name now */
};
enum err be_calendars_gone(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, int64_t since, struct be_gone **list, size_t *n);
/* What is read between the two is of one moment, and costs less. Inside, nobody waits for
 * anything. */
enum err be_look_begin(struct ctx *cx, struct bridge *bridge);
void be_look_end(struct bridge *bridge);
/* Joins a sync token's number to this store; sync tokens of another epoch are not
 * valid. */
const char *be_epoch(struct bridge *bridge);

/* What to set; NULL = leave. For role below BE_OWNER display_name becomes a private
 * alias. */
struct be_calendar_set {
    const char *display_name, *description, *color; /* color "#RRGGBB" or "#RRGGBBAA" */
};
/* Errors: RESOURCE_EXISTS, UPSTREAM_*. */
enum err be_calendar_create(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *name, const struct be_calendar_set *set);
enum err be_calendar_update(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar,
    const struct be_calendar_set *set);
/* Owned: deleted upstream. Others': unsubscribed. Errors: DEFAULT_CALENDAR,
 * UPSTREAM_*. */
enum err be_calendar_delete(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar);

/* Whom a calendar of one's own is shared with: the list as it was read last, without the
 * person herself. Empty for calendars of others. */
struct be_share {
    const char *segment; /* of the principal */
    enum be_role role;
    bool remove;         /* in a change */
};
enum err be_shares(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar, struct be_share **list, size_t *n);
/* Changes the entries of the people named; with replace all others are removed. Upstream
 * has no update: an entry with another role is removed and made again. Errors:
 * NEED_PRIVILEGES (calendars of others), ALLOWED_PRINCIPAL (rooms, the person herself),
 * UPSTREAM_*. */
enum err be_shares_set(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar, const struct be_share *list, size_t n,
    bool replace);
/* People who have opened their primary calendar to the person, with her role there:
 * BE_READER or BE_WRITER. */
enum err be_proxy_for(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    struct be_share **list, size_t *n);
/* "urn:uuid:...", the same for all who see the calendar; NULL = it has gone. */
char *be_calendar_uri(
    struct ctx *cx, struct bridge *bridge, const struct be_calendar *calendar);
/* Anybody whose calendar user address ("mailto:...") it is; may ask upstream.
 * NOT_FOUND. */
enum err be_person_by_address(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *address, struct be_user *found);

/* Properties that have no place upstream, dead ones included. Each person has her own,
 * of calendars of others as well. */
#define BE_PROPERTIES_MAX 200 /* in one place */
struct be_place {
    const struct be_user *user;
    const struct be_calendar *calendar; /* NULL = the home */
    const char *object;                 /* NULL = the calendar itself */
};
struct be_property {
    const char *ns, *name;
    const char *xml; /* the whole element with its namespaces; NULL in a set = remove */
};
enum err be_properties(struct ctx *cx, struct bridge *bridge,
    const struct be_place *place, struct be_property **list, size_t *n);
/* All or nothing. Errors: NOT_FOUND (the object has gone), QUOTA. */
enum err be_properties_set(struct ctx *cx, struct bridge *bridge,
    const struct be_place *place, const struct be_property *list, size_t n);
/* Whether any object of the calendar has one. */
enum err be_objects_have_properties(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, bool *any);

struct be_object {
    const char *name; /* segment */
    const char *uid;
    const char *etag; /* without quotes; NULL in be_changes = removed */
    const char *schedule_tag; /* without quotes, NULL = none */
    const char *text; /* NULL where it was not asked for */
    size_t text_bytes;
    int64_t change;
    int64_t modified_s; /* when the text became what it is; of each text another one */
};
enum err be_object(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, const char *name,
    struct be_object *object); /* NOT_FOUND */

/* The client is given the object's text, and may write what it makes of it without a
 * condition. */
void be_delivered(struct bridge *bridge, const struct be_calendar *calendar,
    const struct be_object *object);

struct be_query {
    bool has_range; /* only objects with an instance in [from_s, until_s) */
    int64_t from_s, until_s;
    bool with_text;
    /* Without a range objects come in the order of their names: only those behind this
     * one, NULL = all. */
    const char *after;
};
/* exact = false: it may have none in the range, look at the text (always filled then).
 * Texts are good only during the call. each returns false to stop. */
enum err be_objects(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, const struct be_query *query,
    bool (*each)(void *self, const struct be_object *object, bool exact), void *self);
/* Changes after number since in their order. VALID_SYNC_TOKEN when since is too old or
 * unknown. */
enum err be_changes(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, int64_t since,
    bool (*each)(void *self, const struct be_object *object), void *self);

/* A write that expects what the caller has seen. */
struct be_expect {
    bool check;
    const char *etag; /* NULL = nothing is there */
    /* The client demanded it (If-Match ...): a difference is an error. Otherwise, a
     * merge. */
    bool strict;
};
struct be_put {
    const struct be_calendar *calendar;
    const char *name;
    const char *text;
    size_t text_bytes;
    const struct ics_object *parsed; /* the text, of the same arena */
    struct be_expect expect;
    bool quiet; /* the others of a meeting are not told */
};
struct be_put_result {
    bool created;
    bool same_text; /* what GET answers is byte-equal to what was sent */
    struct be_object object;
};
/* Errors: PRECONDITION (expect), UID_CONFLICT (error text = the name that has it),
 * NEED_PRIVILEGES, VALID_CALENDAR_DATA ..., ORGANIZER_CHANGE, ATTENDEE_CHANGE,
 * UPSTREAM_*. */
enum err be_object_put(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_put *put, struct be_put_result *result);
/* Errors: as be_object_put, and of delete; NOT_FOUND when the source is not there,
 * PRECONDITION also when something is at the target and may not be replaced,
 * UNIQUE_SCHEDULING for a copy of a meeting. A move within a calendar gives another name
 * and asks nothing upstream; one to another calendar makes the event there, then deletes
 * it here, and tells nobody. It is finished after a crash or a fault; where the old event
 * cannot be deleted, the new one goes away again. Dead properties come along. */
struct be_transfer {
    const struct be_calendar *from, *to;
    const char *from_name, *to_name;
    struct be_expect expect; /* of the source */
    bool copy;               /* the source stays */
    bool replace;            /* what is at the target (with the same UID) is replaced */
};
enum err be_object_transfer(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result);
/* A participant's delete is a decline. Errors: NOT_FOUND, PRECONDITION, UPSTREAM_*. */
enum err be_object_delete(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar, const char *name,
    const struct be_expect *expect, bool reply);

/* Pushes when a calendar, or the list of them (calendar NULL), changes (WebDAV-Push). */
struct be_push {
    const char *resource, *public_key, *auth_secret; /* base64url */
    bool content, properties;
    int64_t expires_s; /* wanted, 0 = any; then what is granted */
};
/* *name: of the registration, for be_push_remove; the same again for the same resource.
 * Error: PUSH_SUBSCRIPTION. */
enum err be_push_register(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar, struct be_push *push,
    const char **name);
enum err be_push_remove(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const char *name); /* NOT_FOUND */
/* Push-Dont-Notify: what one request changes is not told to some registrations of the
 * person. Begun before the request's work and ended after it, with the objects that it
 * may have changed; what somebody else changed meanwhile is told all the same. */
struct be_hush {
    bool all;
    const char *const *names; /* registrations, unless all */
    size_t n;
};
struct be_hushed;
enum err be_hush_begin(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_hush *hush, struct be_hushed **hushed);
void be_hush_end(struct ctx *cx, struct bridge *bridge, struct be_hushed *hushed,
    const char *const *objects, size_t n_objects);
/* The server's key for push services (RFC 8292), NULL = pushes are not possible. */
const char *be_push_key(struct bridge *bridge);
/* Names the collection in messages. */
char *be_push_topic(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar);
/* How messages write the sync token of a change: printf format of epoch and number. */
#define BE_SYNC_TOKEN "data:,%s-%lld"

/* Busy time out of the store, for free-busy-query. kind: enum busy_kind of ical/expand.h.
 * Unsorted. */
struct be_busy {
    int64_t start_s, end_s;
    int kind;
};
enum err be_busy(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, int64_t from_s, int64_t until_s,
    struct be_busy **list, size_t *n);

/* Busy time of other people and rooms, asked upstream, cached shortly. One answer an
 * address. */
struct be_freebusy {
    const char *address;        /* as asked, "mailto:..." */
    /* RFC 5546 3.6: "2.0;Success", "3.7;Invalid calendar user" ... */
    const char *request_status;
    struct be_busy *busy;       /* sorted and merged */
    size_t n_busy;
};
struct be_freebusy_query {
    const char *const *addresses;
    size_t n;
    int64_t from_s, until_s;
    const char *mask_uid; /* an own event that is no reason to be busy; may be NULL */
};
enum err be_freebusy(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_freebusy_query *query, struct be_freebusy **answers);

#endif
