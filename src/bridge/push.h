/* What the files that write upstream (push*.c, journal.c, move.c) share among themselves
 * and with those that begin a write or end one that is open. */
#ifndef BRIDGE_PUSH_H
#define BRIDGE_PUSH_H

#include "bridge/bridge_internal.h"

struct push {
    struct bridge *bridge;
    const struct account *account;
    const struct calendar *calendar;
    const char *name; /* object */
    const char *ical_uid;
    const char *text; /* the client's; NULL in a delete */
    const char *uid;  /* upstream, NULL until created */
    bool created;     /* upstream, by this push */
    bool resumed;     /* out of the journal: of the next step nothing is known */
    bool undo;        /* takes back what it created */
    bool hide;        /* a participant's delete */
    bool attendees_touched;
    unsigned refusals; /* calls spent on finding out whom upstream would not have */
    bool finished; /* the journal entry ends with what is stored */
    /* What it is a copy of: its dead properties come along. name NULL = nothing. */
    struct object_place from;
    int64_t move; /* journal entry of the move that it is a part of, 0 = none */
    /* Parts that are cut off this series (split.h), written and stored with it under one
     * journal entry; whole = in a part, the push that it belongs to. */
    struct push *later;
    size_t n_later;
    struct push *whole;
    bool replaced; /* the series goes, and its only part takes its name */
    bool was_there; /* there was an object of the name before */
    const struct step *steps;
    size_t n_steps;
    bool *done;             /* a flag a step */
    struct journal journal; /* id 0 = none was written */
    LIST(struct row) rows;  /* as they are upstream now */
    LIST(int64_t) destroyed; /* original times of exceptions that are no rows any more */
};
enum err push_load_rows(struct ctx *cx, struct push *push);
/* The steps are those that push will execute; quiet = nobody is told. */
void push_take_plan(
    struct ctx *cx, struct push *push, const struct plan *plan, bool quiet);
/* Plans the parts of a series that is cut. before and served: what convert_plan was given
 * for the series itself; plan = its plan, which is adapted. */
struct push_cut {
    const struct convert_env *env;
    const struct split *split;
    const struct series *before;
    const char *served;
    bool quiet;
};
enum err push_plan_parts(struct ctx *cx, struct push *push, const struct push_cut *cut,
    struct plan *plan);
/* A change of time or rule that Feishu refuses, or leaves undone, is made by a new series
 * in place of the old one (feishu-api 16.14, 16.15, 16.36): the steps of push become
 * those. False: it is no such change. */
bool push_can_replace(const struct push *push);
enum err push_replace(struct ctx *cx, struct push *push);
/* The same for a push out of the journal: what its steps did before the crash is not
 * stored yet, and is fetched. */
enum err push_reload(struct ctx *cx, struct push *push);
struct row *push_row(struct push *push, int64_t original_time); /* NULL = none */
/* attendees NULL = as they were; event NULL = the same. */
void push_row_set(struct ctx *cx, struct push *push, int64_t original_time,
    const cJSON *event, const cJSON *attendees);
/* The exception was destroyed upstream. */
void push_row_drop(struct ctx *cx, struct push *push, int64_t original_time);
void push_row_cancel(struct ctx *cx, struct push *push, int64_t original_time);
/* What push->text was made from when its client named no condition: what was served
 * (object), or a text of before; before = the series as it is now. Conflicts are
 * logged. */
const char *push_base(struct ctx *cx, const struct push *push,
    const struct object *object, const struct series *before);
/* Executes what is not done yet. On failure push->done says how far it came. */
enum err push_execute(struct ctx *cx, struct push *push);
/* Adds people; whom upstream would not have is left out and marked in the text. */
enum err push_add_attendees(
    struct ctx *cx, struct push *push, const struct step *step);
/* Takes those whom requests of a removal mean out of the list. */
void push_attendees_drop(struct ctx *cx, cJSON *list, const cJSON *requests);
cJSON *push_row_attendees(struct ctx *cx, struct push *push, int64_t original_time);
/* Before the people of the master change. */
void push_keep_guests(struct ctx *cx, struct push *push);
/* One call for a step; with the step's word on whether people are told. */
enum err push_call(struct ctx *cx, struct push *push, enum feishu_endpoint endpoint,
    const struct step *step, const char *const *query, const cJSON *body, int *code,
    cJSON **data);
cJSON *push_body(struct ctx *cx, const struct step *step);
/* Waits until what was written can be read; false when there is no time for it. */
bool push_wait_for_lag(struct ctx *cx);
/* True when an event and its attendees say what the step is to bring about. */
bool push_shows(struct ctx *cx, const struct push *push, const struct step *step,
    const cJSON *event, const cJSON *attendees);
/* Says whether a step, of which no answer came, was carried out; takes over what it
 * shows. */
enum err push_look(
    struct ctx *cx, struct push *push, const struct step *step, bool *happened);
/* Fetches the series' master and takes over what differs. */
struct push_fresh {
    bool changed, gone;
};
enum err push_refresh(struct ctx *cx, struct push *push, struct push_fresh *fresh);
/* What execution left behind is put in order: err is how it ended. Returns the error to
 * report. */
enum err push_settle(
    struct ctx *cx, struct push *push, enum err err, struct render_result *result);
/* Room for a journal entry whose loss would lose or double something. */
enum err journal_open(struct ctx *cx, struct push *push);
enum err journal_note(struct ctx *cx, struct push *push);
void journal_close(struct ctx *cx, struct push *push);
/* The writes of an object that are unfinished: those to its name, and those that are to
 * give its UID to another. */
struct journal_object {
    int64_t calendar_id;
    const char *name, *uid; /* uid NULL = not known, or of no matter */
};
/* Whether they write anything but this name and UID. */
enum err journal_has_others(struct ctx *cx, struct bridge *bridge,
    const struct journal_object *object, bool *has);
/* They are finished as far as can be. The locks of name and UID are held, or the
 * calendar's where there are others. Errors: those of the attempt while its outcome stays
 * open. */
enum err journal_finish_object(
    struct ctx *cx, struct bridge *bridge, const struct journal_object *object);
/* All that are left from before; those too old to be finished are reported and dropped.
 * True while some stay open. */
bool journal_finish_all(struct ctx *cx, struct bridge *bridge);

/* ---- move.c ---- */
/* Moves of the account that are open are brought to an end before anything else is
 * written. Errors: those of the attempt while the outcome stays open. */
enum err moves_settle(struct ctx *cx, struct bridge *bridge, int64_t account_id);
/* True for entries that are moves and no writes. */
bool move_is(const struct journal *journal);
/* In the transaction that stores the new event. */
enum err move_made(struct ctx *cx, struct bridge *bridge, int64_t id,
    const struct object *made, bool created);

#endif
