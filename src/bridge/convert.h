/*
 * A Feishu series <-> an iCalendar object. Pure: no store, no network. The fields are
 * rows of the table in field.c.
 */
#ifndef BRIDGE_CONVERT_H
#define BRIDGE_CONVERT_H

#include "base/ctx.h"
#include "base/str.h"
#include "bridge/backend.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What conversion must know of the account and the calendar. */
struct convert_env {
    bool read_end_exclusive;  /* all-day end dates in replies (feishu-api 16.1) */
    bool write_end_inclusive; /* and in requests */
    const char *calendar_id;  /* upstream id of the calendar that holds the event */
    const char *own_id;       /* open_id of the account */
    const char *own_address;  /* e-mail, "" = unknown */
    const char *own_name;
    const char *timezone; /* of floating times: IANA */
    enum be_role role;
    bool read_only;
    /* E-mail address of a person, NULL = unknown. */
    const char *(*address_of)(void *self, struct ctx *cx, const char *open_id);
    /* open_id of an address, NULL = nobody in the directory. */
    const char *(*id_of)(void *self, struct ctx *cx, const char *address);
    void *self;
};

/* One upstream row: an event object, and its attendees once they are known. */
struct series_row {
    int64_t original_time; /* 0 = master */
    const cJSON *event;
    /* Array, or NULL = not known (exceptions: as the master's). Read them before planning
     * a write of the organizer's: while they are not known nobody is told. */
    const cJSON *attendees;
};
struct series {
    const char *uid;                 /* upstream uid */
    const char *ical_uid;            /* what the object's UID is */
    const struct series_row *master; /* NULL: exceptions alone */
    const struct series_row *exceptions;
    size_t n_exceptions;
};

/* True when the account organizes it: the event was created on this calendar and the role
 * allows. */
bool series_is_organizer(const struct convert_env *env, const struct series *series);
/* True when the caller has declined all of it. */
bool series_is_declined(const struct convert_env *env, const struct series *series);

/* Upstream laid over the shadow (the client's last text, NULL = none): lines that say the
 * same keep the client's bytes, and equal content gives the very same text back.
 * Deterministic: the same input never gives another byte. Error: INTERNAL for a series
 * that cannot be shown (text says why). */
enum err convert_down(struct ctx *cx, const struct convert_env *env,
    const struct series *series, const char *shadow, char **text);

/* The exceptions whose times cannot be read, "" = none: convert_down shows them at the
 * times of their series, or leaves them out. */
const char *convert_unreadable(struct ctx *cx, const struct series *series);

/* Digest of what the organizer's side of a text says (RFC 6638 3.2.10): unchanged when
 * only others' PARTSTAT differ. NULL when it is no scheduling object. */
char *convert_schedule_tag(struct ctx *cx, const char *text);

enum step_kind {
    STEP_CREATE,           /* POST events, body */
    STEP_PATCH,            /* PATCH events/<uid>_<original_time>, body */
    STEP_DELETE,           /* DELETE; delete_exception: destroy the row of an exception */
    STEP_REPLY,            /* rsvp */
    STEP_ADD_ATTENDEES,    /* body = {attendees:[...]} */
    STEP_REMOVE_ATTENDEES, /* body = {delete_ids:[...]} */
};
struct step {
    enum step_kind kind;
    int64_t original_time; /* 0 = the master */
    cJSON *body;
    bool notify; /* need_notification */
    bool delete_exception;
    /* With delete_exception: the occurrence is to take place as the rule gives it; body
     * is what to write into it where its exception cannot be destroyed. */
    bool restore;
    const char *rsvp; /* accept, decline, tentative */
};
struct plan {
    /* in the order of feishu-api 5.19 and 15.6; none = nothing to write */
    LIST(struct step) steps;
    const char *uid; /* iCalendar UID of the text */
};

/* What a client's text asks for. before NULL = create. served = the text the client
 * edited (the stored rendering): only what differs between it and text is written.
 * Errors: VALID_CALENDAR_DATA, VALID_CALENDAR_OBJECT, SUPPORTED_COMPONENT, MIN_DATE_TIME,
 * MAX_DATE_TIME, MAX_ATTENDEES, ORGANIZER_CHANGE, ATTENDEE_CHANGE, NEED_PRIVILEGES,
 * UPSTREAM_REFUSED (what Feishu cannot hold; the text says which part). */
enum err convert_plan(struct ctx *cx, const struct convert_env *env,
    const struct series *before, const char *served, const char *text, struct plan *plan);
/* What a part asks for that was cut off a series (split.h): it begins anew upstream. */
struct plan_part {
    const char *text;            /* of the part */
    int64_t pivot;               /* where the series was cut */
    const struct series *before; /* the series as it was, NULL = it is new, too */
    const char *served;          /* its text then; of a new one what is left of it */
};
/* As convert_plan for a create. What the client left as it was is taken over from the
 * series, also what iCalendar does not say; who knew it hears only of news. */
enum err convert_plan_part(struct ctx *cx, const struct convert_env *env,
    const struct plan_part *part, struct plan *plan);
/* That a series now ends is a technical step, which nobody is told, unless somebody is in
 * none of the parts. plan = of what is left, text. */
enum err convert_plan_cut(struct ctx *cx, const struct convert_env *env,
    const char *text, const char *const *parts, size_t n_parts, struct plan *plan);
/* The text that a write without a condition was made from: convert_plan's served. */
struct merge {
    bool given; /* a client was given what is served */
    /* Texts that it may have been made from instead, newest first: what was served since
     * the client's last write, then that. */
    const char *const *older;
    size_t n_older;
    const char *served;   /* what was served when the write came */
    const char *upstream; /* what would be served now */
    const char *text;     /* the client's */
};
/* An older text, when upstream has news since and the client shows that it knows none of
 * them; else what is served (merge.c says when). *conflicts = the fields that both sides
 * changed and that become the client's, "" = none. */
const char *convert_merge_base(struct ctx *cx, const struct convert_env *env,
    const struct merge *merge, const char **conflicts);
/* What a delete asks for: the organizer deletes exceptions, then the master; a
 * participant declines. served = the text that is deleted, NULL = unknown: its client may
 * keep the telling to itself. */
enum err convert_plan_delete(struct ctx *cx, const struct convert_env *env,
    const struct series *before, const char *served, bool reply, struct plan *plan);

#endif
