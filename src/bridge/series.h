/* A series on both sides: whose it is, its rows, and the components of its calendar
 * object. */
#ifndef BRIDGE_SERIES_H
#define BRIDGE_SERIES_H

#include "bridge/field.h"

/* A VEVENT with a RECURRENCE-ID. */
struct view_override {
    int64_t original_time;
    struct comp *event;
    bool cancelled; /* STATUS:CANCELLED: says the same as an EXDATE */
    /* An EXDATE and an RDATE of the same day: the occurrence is moved to there. event is
     * made up and stands in no calendar. */
    bool moved;
    int64_t moved_to; /* Unix seconds */
};
struct view_override_list {
    struct view_override *items;
    size_t n, cap;
};
/* A calendar object by its parts. */
struct view {
    struct comp *calendar;
    struct comp *master;  /* NULL: exceptions alone */
    struct ics_time form; /* the master's DTSTART; form.set = false without a master */
    struct view_override_list overrides;
    LIST(int64_t) exdates;
};
enum err view_of(struct ctx *cx, const struct convert_env *env, struct comp *calendar,
    struct view *view);
/* Again, after the master's start has become another. */
enum err view_read_exdates(
    struct ctx *cx, const struct convert_env *env, struct view *view);
/* Names the occurrences anew when a series that had times has dates now, or the other way
 * round: by the type of its start (RFC 5545 3.8.4.4, 3.8.5.1). scene: of the master. */
enum err view_retype(struct ctx *cx, const struct scene *scene, struct view *view);
/* NULL when there is none. */
const struct view_override *view_find(const struct view *view, int64_t original_time);
/* By EXDATE or by a cancelled override. */
bool view_cancels(const struct view *view, int64_t original_time);
/* True when the master's rule has the scheduled start. */
bool view_has(struct ctx *cx, const struct convert_env *env, const struct view *view,
    int64_t original_time);
/* Takes out of the master's lines of that name (EXDATE, RDATE) the values of scheduled
 * starts that are not to be kept; a line without a value goes. The lists of view stay. */
enum err view_keep_dates(struct ctx *cx, const struct convert_env *env,
    const struct view *view, const char *name, bool (*keep)(void *self, int64_t original),
    void *self);
struct scene view_scene(
    const struct convert_env *env, const struct view *view, struct comp *event);

/* Facts of an untouched occurrence: the master's, moved to the scheduled start. */
cJSON *facts_of_occurrence(struct ctx *cx, const cJSON *master, int64_t original_time);
/* The scheduled start that takes the place of another when the series, by facts of its
 * master, begins elsewhere: as many days after the first, at the new time of day. */
int64_t occurrence_moved(const cJSON *was, const cJSON *now, int64_t original_time);

/* The row of a scheduled start, NULL when there is none. */
const struct series_row *series_find(const struct series *series, int64_t original_time);
bool row_is_cancelled(const struct series_row *row);
/* The row with the master's attendees where it has none of its own. */
struct series_row series_row_with_people(
    const struct series *series, const struct series_row *row);

#endif
