/*
 * One sync-collection report (RFC 6578 section 3), as report_sync_collection.c and, for
 * the home, report_sync_home.c share it. All calendars are numbered by one counter, so
 * that one number says how far the client has come in each of them.
 */
#ifndef DAV_SYNC_H
#define DAV_SYNC_H

#include "dav/property.h"
#include "dav/sync_token.h"

struct sync_change {
    int64_t number;
    const struct be_calendar *calendar;
    struct be_object object; /* etag NULL = removed; name NULL = the calendar itself */
    bool gone;               /* the calendar itself: it is no more, but for its name */
};

struct sync {
    struct dav *dav;
    struct ctx *scratch;
    struct prop_plan plan;
    struct resource member;
    bool first;              /* the client starts from nothing */
    bool infinite;           /* sync-level */
    struct sync_token token; /* the client's */
    int64_t newest;          /* before anything was read */
    size_t limit;            /* 0 = none */
    size_t sent;
    int64_t delivered;       /* number of the last change sent */
    int64_t told;            /* the calendar was sent, the event of that number was not */
    bool truncated;
    LIST(struct sync_change) changes; /* in the order of their numbers */
    size_t n_written;                 /* of them */
    const struct be_calendar *keeping; /* whose changes are being collected */
    enum { SYNC_NOTHING, SYNC_LISTING, SYNC_PAGE, SYNC_CHANGES } way;
    bool stopped;     /* the piece is full */
    struct buf after; /* name of the object written last in a listing */
    struct be_calendar *calendars; /* of the home */
    struct resource *members;      /* of each, kind 0 = not needed yet */
    size_t n_calendars, at;
};

/* An object of sync->member's calendar; sets stopped when the piece is full. */
void sync_write_change(struct sync *sync, const struct be_object *object);
/* Counts one more; false (and truncated) when the client's limit is reached. */
bool sync_may_deliver(struct sync *sync, int64_t number);
/* Adds it to changes, unless the client knows it or it is newer than newest. */
void sync_keep(struct sync *sync, const struct be_calendar *calendar,
    const struct be_object *object);
/* All objects of a calendar and, on later pages, what was removed after number since. */
enum err sync_keep_listing(
    struct sync *sync, const struct be_calendar *calendar, int64_t since);
/* Keeps what was removed. */
bool sync_keep_removed(void *self, const struct be_object *object);
/* That something is not there any more. */
void sync_write_removed(struct dav *dav, const struct resource *resource);
void sync_sort(struct sync *sync);

/* ---- the home (report_sync_home.c) ---- */
enum err sync_home_begin(struct sync *sync);
enum err sync_home_piece(struct sync *sync);

#endif
