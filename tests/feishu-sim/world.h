/* The tenant: people, rooms, chats, calendars and who sees them how. Events are in
 * event.h. Everything lives until world_reset; nothing is freed while the tenant lives,
 * deleted things are marked. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "map.h"
#include "mem.h"

struct event;
struct calendar;

enum role { ROLE_NONE, ROLE_FREE_BUSY, ROLE_READER, ROLE_WRITER, ROLE_OWNER };

struct person {
    char *open_id, *union_id, *user_id;
    char *name, *en_name, *email, *enterprise_email, *mobile;
    bool bot, admin, hidden, resigned, frozen;
    struct calendar *primary;
    struct map members;     /* calendar_id -> struct member */
    struct vec member_list; /* the same, oldest first */
    uint64_t list_version;
    unsigned list_epoch; /* raised when its sync tokens shall be dead */
    bool list_subscribed;
};

/* A calendar in somebody's list. */
struct member {
    struct person *who;
    struct calendar *cal;
    bool gone;
    char *alias;
    int color;
    uint64_t version;
};

struct acl {
    char id[32];
    struct person *who;
    enum role role;
};

/* An event on a calendar: its own, or the primary calendar of somebody invited. */
struct entry {
    struct event *ev;
    struct calendar *cal;
    uint64_t version;
    size_t place;              /* index in the calendar's entries */
    bool gone;                 /* no longer there for this calendar: uninvited */
    struct entry *prev, *next; /* by version */
};

struct calendar {
    char *id, number[20];
    char *summary, *description;
    const char *permissions, *type;
    int color;
    bool deleted, third_party;
    struct person *owner;
    struct vec acls;    /* struct acl */
    struct vec entries; /* struct entry, in order of arrival */
    struct entry *oldest, *newest;
    uint64_t version;
    unsigned epoch;
    struct map idempotency; /* key -> struct event */
    struct vec subscribers; /* people who subscribed to event changes */
    struct vec acl_subscribers;
};

struct room {
    char *id, *name, *description, *display_id, *custom_id, *level_id;
    int capacity;
    bool disabled, approval;
    struct vec bookings; /* struct event, those which ever invited the room */
};

struct chat {
    char *id, *name;
    struct vec members; /* struct person */
};

struct world {
    char *tenant_key, *tenant_name;
    char *app_id, *app_secret, *app_name;
    struct vec redirect_uris; /* char *; "loopback" stands for every loopback URL */
    struct vec scopes;        /* char *; none: every known scope is enabled */
    struct person *bot;
    struct person *login; /* who consents without being asked */
    bool login_refuses;
    struct vec people, rooms, chats, calendars, timeoffs, bindings;
    struct map people_by_id; /* open_id, union_id, user_id, e-mail, name, mobile */
    struct map rooms_by_id, chats_by_id, calendars_by_id;
    struct map calendar_keys; /* names of calendars in a scenario */
    struct map events_by_id;
    struct vec events;        /* masters and single events */
    struct vec pending_rooms; /* struct attendee, waiting for an answer */
    struct vec files;         /* struct file: uploaded attachments */
    struct vec notifications; /* char *, JSON */
};

extern struct world W;

void world_reset(void);

struct person *person_add(struct person *fields); /* takes the fields */
/* By open_id, union_id, user_id, e-mail, mobile, name or English name. */
struct person *person_find(const char *any);

struct calendar *calendar_add(struct person *owner, const char *type, const char *id);
enum role calendar_role(const struct calendar *cal, const struct person *who);
struct member *member_of(const struct person *who, const struct calendar *cal);
/* Puts the calendar into somebody's list (again). */
struct member *member_join(struct person *who, struct calendar *cal);
/* Takes it out; the list's incremental read tells. */
void member_leave(struct person *who, struct calendar *cal);
/* Something about the calendar changed: its members' lists get a new version. */
void calendar_touch(struct calendar *cal);
void member_touch(struct member *m);
struct acl *acl_find(struct calendar *cal, const struct person *who);
struct acl *acl_add(struct calendar *cal, struct person *who, enum role role);
void acl_drop(struct calendar *cal, struct acl *acl);

const char *role_name(enum role role);
/* False for an unknown word. */
bool role_of(const char *name, enum role *out);

struct room *room_add(struct room *fields);
struct chat *chat_add(const char *id, const char *name);

#endif
