/* The handlers behind the routes, and what they share. */
#ifndef SIM_API_H
#define SIM_API_H

#include "event.h"
#include "instances.h"
#include "request.h"

/* ---- shared ---- */

/* Calendar types a method takes. */
enum { TYPE_PRIMARY = 1, TYPE_SHARED = 2, TYPE_RESOURCE = 4, TYPE_ANY = 15 };

/* The calendar of the first path parameter, checked for existence, type and the caller's
 * role; NULL and an error otherwise. too_weak is the code for a role below need (0:
 * 191002). */
struct calendar *need_calendar(
    struct request *rq, struct reply *rp, enum role need, unsigned types);
struct calendar *find_calendar(struct request *rq, struct reply *rp, const char *id);
/* The caller's calendar as an object. */
void calendar_print(struct buf *out, const char *key, const struct calendar *cal,
    const struct person *who);

/* An event named by the path. */
struct target {
    struct calendar *cal;
    struct event *ev; /* row; the master when only the rule knows the occurrence */
    int64_t original;
    bool is_virtual; /* an occurrence without a row */
    bool may_edit;   /* the caller has the organizer's rights */
};

/* Calendar and event of the path's first two parameters. */
int need_event(struct request *rq, struct reply *rp, enum role need, unsigned types,
    struct target *out);
/* The row to write to: makes the exception of a virtual occurrence. */
struct event *target_row(struct target *t);

enum look { LOOK_GET, LOOK_LIST, LOOK_SEARCH, LOOK_INSTANCE, LOOK_VIEW };

/* How one caller sees one event on one calendar. */
struct sight {
    const struct request *rq;
    const struct calendar *cal;
    enum role role;
    enum look look;
    bool gone; /* show it as cancelled */
};

/* Prints an event row, or an occurrence of it when in is given. */
void event_print(struct buf *out, const char *key, const struct event *ev,
    const struct instance *in, const struct sight *sight);
/* A deleted event in an incremental list. */
void event_print_gone(struct buf *out, const struct event *ev, const struct sight *sight);
void attendee_print(struct buf *out, const char *key, const struct attendee *a,
    const struct request *rq, bool customization);
const char *event_free_busy(const struct event *ev, const struct person *who);

/* Who was told: one record of the notifications list. */
void notify(const char *kind, const struct event *ev, const struct person *by,
    const struct vec *people);
/* Everybody invited except the one who acts. */
void notify_all(const char *kind, const struct event *ev, const struct person *by);

/* Body members, NULL when absent or null. */
const cJSON *body_get(const struct request *rq, const char *name);
const char *body_text(const struct request *rq, const char *name);
bool body_true(const struct request *rq, const char *name, bool missing);

/* Cuts a list of n things into a page: from and to, and the reply's has_more and
 * page_token. False and an error for a token nobody issued. */
bool page_cut(struct request *rq, struct reply *rp, const char *token, size_t size,
    size_t n, size_t *from, size_t *to);
void page_end(struct reply *rp, size_t to, size_t n);
/* For the searches, which have no has_more. */
void page_token_end(struct reply *rp, size_t to, size_t n);

/* May the caller of a resolved event see who is invited? */
bool sees_attendees(const struct target *t);

/* ---- handlers ---- */

int api_acl_create(struct request *rq, struct reply *rp);
int api_acl_delete(struct request *rq, struct reply *rp);
int api_acl_list(struct request *rq, struct reply *rp);
int api_acl_subscription(struct request *rq, struct reply *rp);
int api_acl_unsubscription(struct request *rq, struct reply *rp);
int api_app_token(struct request *rq, struct reply *rp);
int api_attendees_add(struct request *rq, struct reply *rp);
int api_attendees_delete(struct request *rq, struct reply *rp);
int api_attendees_list(struct request *rq, struct reply *rp);
int api_attendee_members(struct request *rq, struct reply *rp);
int api_authorize(struct request *rq, struct reply *rp);
int api_caldav_conf(struct request *rq, struct reply *rp);
int api_calendar_create(struct request *rq, struct reply *rp);
int api_calendar_delete(struct request *rq, struct reply *rp);
int api_calendar_get(struct request *rq, struct reply *rp);
int api_calendar_list(struct request *rq, struct reply *rp);
int api_calendar_mget(struct request *rq, struct reply *rp);
int api_calendar_patch(struct request *rq, struct reply *rp);
int api_calendar_primary(struct request *rq, struct reply *rp);
int api_calendar_primarys(struct request *rq, struct reply *rp);
int api_calendar_search(struct request *rq, struct reply *rp);
int api_calendar_subscribe(struct request *rq, struct reply *rp);
int api_calendar_unsubscribe(struct request *rq, struct reply *rp);
int api_calendars_subscription(struct request *rq, struct reply *rp);
int api_calendars_unsubscription(struct request *rq, struct reply *rp);
int api_employees_search(struct request *rq, struct reply *rp);
int api_event_create(struct request *rq, struct reply *rp);
int api_event_delete(struct request *rq, struct reply *rp);
int api_event_get(struct request *rq, struct reply *rp);
int api_event_instances(struct request *rq, struct reply *rp);
int api_event_list(struct request *rq, struct reply *rp);
int api_event_patch(struct request *rq, struct reply *rp);
int api_event_reply(struct request *rq, struct reply *rp);
int api_event_search(struct request *rq, struct reply *rp);
int api_event_view(struct request *rq, struct reply *rp);
int api_events_subscription(struct request *rq, struct reply *rp);
int api_events_unsubscription(struct request *rq, struct reply *rp);
int api_exchange_create(struct request *rq, struct reply *rp);
int api_exchange_delete(struct request *rq, struct reply *rp);
int api_exchange_get(struct request *rq, struct reply *rp);
int api_freebusy_batch(struct request *rq, struct reply *rp);
int api_freebusy_list(struct request *rq, struct reply *rp);
int api_meeting_chat_create(struct request *rq, struct reply *rp);
int api_meeting_chat_delete(struct request *rq, struct reply *rp);
int api_meeting_minute(struct request *rq, struct reply *rp);
int api_outbound_ip(struct request *rq, struct reply *rp);
int api_revoke(struct request *rq, struct reply *rp);
int api_room_freebusy(struct request *rq, struct reply *rp);
int api_room_reply(struct request *rq, struct reply *rp);
int api_room_summary(struct request *rq, struct reply *rp);
int api_room_get(struct request *rq, struct reply *rp);
int api_rooms_list(struct request *rq, struct reply *rp);
int api_rooms_mget(struct request *rq, struct reply *rp);
int api_rooms_search(struct request *rq, struct reply *rp);
int api_tenant_token(struct request *rq, struct reply *rp);
int api_timeoff_create(struct request *rq, struct reply *rp);
int api_timeoff_delete(struct request *rq, struct reply *rp);
int api_token_v2(struct request *rq, struct reply *rp);
int api_token_v3(struct request *rq, struct reply *rp);
int api_upload(struct request *rq, struct reply *rp);
int api_user_get(struct request *rq, struct reply *rp);
int api_user_info(struct request *rq, struct reply *rp);
int api_users_basic(struct request *rq, struct reply *rp);
int api_users_batch(struct request *rq, struct reply *rp);
int api_users_by_contact(struct request *rq, struct reply *rp);
int api_users_search(struct request *rq, struct reply *rp);

#endif
