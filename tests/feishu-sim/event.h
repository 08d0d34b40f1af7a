/* Events: rows (masters, single events, exceptions), what each person sees of them, and
 * who is invited. Texts that the interface never looks into are kept as JSON, ready to be
 * sent. */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "feed.h"
#include "rule.h"
#include "when.h"
#include "world.h"

/* What one person set for himself. NULL and false: not set. */
struct view {
    struct person *who;
    bool has_color;
    int color;
    char *reminders; /* JSON array */
    const char *visibility, *free_busy_status;
};

struct chat_member {
    struct person *who;
    const char *rsvp;
};

struct attendee {
    char *id;
    const char *type, *rsvp;
    bool optional, organizer;
    struct event *ev;
    struct person *who;
    struct chat *chat;
    struct vec members; /* struct chat_member, of a chat */
    struct room *room;
    int64_t decide_at_ms; /* of a room that has not answered */
    bool by_app;
    char *email, *operate_id, *customization, *approval_reason;
};

struct event {
    char *uid, *id;
    int64_t original; /* 0: single event or master */
    struct calendar *home;
    struct person *creator;
    struct event *master;  /* of an exception */
    struct vec exceptions; /* rows of a master, in order of making */
    struct vec entries;    /* struct entry: the calendars on which it stands */
    struct when start, end;
    char *summary, *description, *description_rich, *recurrence, *source;
    char *location, *vchat, *meeting_settings, *schemas, *attachments, *check_in;
    const char *visibility, *attendee_ability, *free_busy_status;
    bool vchat_open; /* vc_type was left empty: the first attendee brings a meeting */
    bool cancelled;  /* deleted, or an occurrence that does not take place */
    bool purged;     /* an exception whose row is gone: the rule counts again */
    int64_t create_time;
    struct vec views;     /* struct view */
    struct vec attendees; /* struct attendee */
    struct event *before; /* what readers still see while a write lags */
    int64_t seen_from_ms; /* when the lag is over */
};

struct file {
    char *token, *name;
    int64_t bytes;
};

struct event *event_new(
    struct calendar *home, struct person *creator, const char *uid, int64_t original);
/* Enters a finished row into the tenant: id map, master's list, home calendar. */
void event_enter(struct event *ev);
void event_free(struct event *ev);

/* Keeps the present look for lagging readers; call before a change. */
void event_before_change(struct event *ev);
/* Raises the version on every calendar on which it stands. */
void event_changed(struct event *ev, enum feed_kind kind);
/* What a reader sees now; NULL when the event does not exist for him yet. */
const struct event *event_seen(const struct event *ev);

struct event *event_row(const char *uid, int64_t original);
/* The exception of an occurrence, made from its master when there is none. */
struct event *event_materialise(struct event *master, int64_t original);
/* The times of an occurrence of a series. */
void event_occurrence(
    const struct event *master, int64_t original, struct when *start, struct when *end);
/* Parsed rule; false for an event that does not repeat. */
bool event_rule(const struct event *ev, struct rule *out);
/* Row of the occurrence that is not purged, or NULL. */
struct event *event_exception(const struct event *master, int64_t original);

struct entry *entry_find(const struct event *ev, const struct calendar *cal);
struct entry *entry_add(struct event *ev, struct calendar *cal);

struct view *view_find(const struct event *ev, const struct person *who);
struct view *view_make(struct event *ev, struct person *who);

struct attendee *attendee_new(struct event *ev, const char *type);
void attendee_drop(struct event *ev, size_t i);
/* The person's own row, or the row of a chat he is in; rsvp is his answer's place. */
struct attendee *attendee_of(
    const struct event *ev, const struct person *who, const char ***rsvp);
/* Puts the event on the primary calendars of those invited, takes it off the others'. */
void event_spread(struct event *ev);
/* Rooms whose time has come answer. */
void rooms_settle(void);

#endif
