/* What the files of a pull share. */
#ifndef BRIDGE_PULL_H
#define BRIDGE_PULL_H

#include "bridge/bridge_internal.h"

struct pull {
    struct bridge *bridge;
    struct account *account;
    struct calendar *calendar;
    struct bridge_pull_result *result;
    enum feishu_priority priority; /* of pages */
    struct ctx *pass;   /* lives as long as the pass; the functions' cx lives a page */
    struct ctx *keep;   /* lives as long as the reading, which may take several passes */
    bool full;          /* a full read is under way */
    bool gap;           /* because changes were missed: answers, too */
    int64_t seen;       /* number of the full read */
    int64_t fetched_ms; /* when the page at hand was asked for */
    size_t items;       /* met so far */
    bool deferred;      /* something newer is stored: the token must not move yet */
    unsigned fetches;   /* attendee look-ups spent on this pass */
    unsigned calls;     /* of the pages before this one */
    size_t changes_before; /* in result, when it began */
    bool dropped;          /* upstream took the calendar away */
    text_list met;         /* event ids of guarded rows that a full read did meet */
    text_list orphans;     /* uids without a master; both in keep's arena */
};

/* An event object that was read. */
struct pull_item {
    char *uid;
    int64_t original_time;
    const cJSON *event;
    const cJSON *attendees; /* NULL = not asked for */
    bool destroyed;         /* looked like cancelled, and is no exception any more */
    bool waits; /* the same of a row that was just written: what was read may be older */
};
struct pull_items {
    struct pull_item *items;
    size_t n, cap;
};
const struct row *pull_row_of(const struct row *rows, size_t n, int64_t original_time);

/* Of a calendar: from when on it is read, in seconds, or one of these. Paging is promised
 * only with an anchor (feishu-api 16.7). */
#define ANCHOR_ALL 1  /* the beginning of time */
#define ANCHOR_BUSY 2 /* no list is given: busy times are shown in place of events */

/* ---- pull_events.c ---- */
#define PULL_PAGE_EVENTS 500
struct pull_cursor {
    const char *sync_token; /* the one it began with; NULL = full */
    const char *page_token;
    const char *next_sync_token; /* all in keep's arena */
    bool both; /* page and sync tokens must be sent together (feishu-api 16.9) */
    bool more;
    unsigned pages; /* read so far */
};
/* Reads on until the end, or until a page ends after the monotonic time; cursor->more
 * says which. */
enum err pull_pages(
    struct ctx *cx, struct pull *pull, struct pull_cursor *cursor, int64_t until_ms);
/* Stores how far the calendar was read. */
enum err pull_save(struct ctx *cx, struct pull *pull);
/* It was read to the end: sync_token is for the next time. */
enum err pull_save_done(
    struct ctx *cx, struct pull *pull, const struct pull_cursor *cursor);
/* A row of the calendar is gone upstream. */
enum err pull_remove_row(
    struct ctx *cx, struct pull *pull, struct store_tx *tx, const struct row *row);
/* Of busy time alone the list may be refused: then busy times are shown, or nothing,
 * until it is asked again a day later. Returns what is left of the error. */
enum err pull_refused(struct ctx *cx, struct pull *pull, enum err err);
/* What an error means: the calendar may have gone. The error that is left, noted with the
 * calendar. */
enum err pull_judge(struct ctx *cx, struct pull *pull, struct ctx *page, enum err err);

/* What changed in a calendar: pull holds bridge, account, calendar, result and priority.
 * *unread = it has to be read as a whole first, which has been noted. */
enum err pull_events(struct ctx *cx, struct pull *pull, bool *unread);

/* ---- pull_occurrences.c ---- */
/* Finds out which of the cancelled exceptions are none any more. */
enum err pull_look_at_cancelled(
    struct ctx *cx, struct pull *pull, struct pull_items *list);

/* ---- pull_full.c ---- */
/* Not every deletion need come as a change (feishu-api 16.5). */
#define READING_AGAIN_S 86400
/* True when the calendar is to be read as a whole: the first time, when changes were
 * missed, and daily (stretch: of poll.h). */
bool reading_is_due(
    enum calendar_pull pull, int64_t full_s, int64_t now_s, int64_t stretch);
/* Somebody told of a change while it is being read: look once more afterwards. False when
 * it is not. */
bool reading_again(struct bridge *bridge, int64_t calendar_id);

/* The account has gone. */
void readings_forget(struct bridge *bridge, int64_t account_id);

/* A part of the long work of an account; at least one page or batch is read. */
struct slice {
    int64_t until_ms;   /* monotonic */
    unsigned max_calls; /* 0 = no bound */
    bool whole;         /* readings go on until they are done */
    bool completed;     /* out: a calendar was read to the end for the first time */
    bool more;          /* out: long work is left */
    int busy_s;         /* out: the budget has no room for it so long */
    bool (*note)(void *self, struct ctx *cx, enum err err); /* a failure of one; go on? */
    void *self;
};
/* Readings that are due, in turns. */
enum err pull_readings(struct ctx *cx, struct bridge *bridge, struct account *account,
    struct slice *slice, struct bridge_pull_result *result);

/* ---- pull_busy.c ---- */
/* Busy times of the owner as events; *shown = false where Feishu tells of none. */
enum err pull_busy(struct ctx *cx, struct pull *pull, bool *shown);

/* ---- pull_attendees.c ---- */
/* Attendees that are due. */
enum err pull_attendees(struct ctx *cx, struct bridge *bridge, struct account *account,
    struct calendar *calendar, struct slice *slice);
bool slice_is_over(
    const struct ctx *cx, const struct slice *slice, unsigned calls_before);

/* ---- pull_apply.c ---- */
/* Puts event objects of one page through the one door. */
enum err pull_apply(struct ctx *cx, struct pull *pull, const cJSON *items);
/* Renders exceptions whose master upstream does not give. */
enum err pull_orphans(struct ctx *cx, struct pull *pull);

#endif
