/* What one plan is made from; shared by the files that make it. */
#ifndef BRIDGE_PLAN_H
#define BRIDGE_PLAN_H

#include "bridge/people.h"
#include "bridge/series.h"

struct planner {
    const struct convert_env *env;
    const struct series *before; /* NULL = create */
    bool organizer;
    bool past;            /* a create of what is over: an import */
    bool end_moved;       /* the rule ends elsewhere: rows outside are deleted already */
    bool reset;           /* the upstream rows of exceptions are deleted already */
    struct view was, now; /* was.calendar = NULL on create */
    struct plan *plan;
    /* Of an update: what the series said and now says. Its guests hear of that once, not
     * again of each exception that follows it. */
    const cJSON *series_was, *series_now;
    bool series_told; /* its own change is told */
    /* The caller's new answer to the series, which upstream may take for one to each of
     * its occurrences; NULL = none. */
    const char *series_reply;
    /* Of a part that was cut off: what its first occurrence said so far, and whether it
     * now says what those should hear who knew it; NULL for anything else. */
    const cJSON *known;
    bool news;
};

/* One component's change. was NULL = nothing is there. */
struct change {
    int64_t original_time; /* 0 = the master */
    const cJSON *was, *now;
    /* What an occurrence said so far, whatever upstream has to be told for it to say it
     * still: where that stays, nobody hears of it again. NULL = nothing. */
    const cJSON *heard;
    bool create;
};

void plan_step(struct ctx *cx, struct planner *p, struct step step);

/* True when the component's people include somebody else who may be told. */
bool plan_concerns_others(const struct planner *p, const cJSON *facts);

/* True when what others are told of is as they heard it. */
bool plan_says_the_same(const struct change *change);

/* The members of a request body that bring a component from was to now; *visible = others
 * should hear of it. Errors: ATTENDEE_CHANGE, UPSTREAM_REFUSED, MIN_DATE_TIME,
 * MAX_DATE_TIME. */
enum err plan_body(struct ctx *cx, const struct planner *p, const struct change *change,
    cJSON *body, bool *visible);

/* RFC 6638 3.2.4.2: one ORGANIZER in all components, where it is told and can be
 * compared; what differed before may go on to. was: calendar NULL = a new object. Error:
 * SAME_ORGANIZER. */
enum err plan_same_organizer(struct ctx *cx, const struct convert_env *env,
    const struct view *now, const struct view *was);

/* Steps for people added, removed, and for the own answer. Errors: ORGANIZER_CHANGE,
 * ATTENDEE_CHANGE, MAX_ATTENDEES. */
enum err plan_people(struct ctx *cx, struct planner *p, const struct change *change);

/* A step for the guests of an exception alone, before its row is destroyed: what is told
 * of the series does not reach them. facts: of the exception; series: of what its guests
 * hear, NULL = nothing. */
void plan_leave(struct ctx *cx, struct planner *p, int64_t original_time,
    const cJSON *facts, const cJSON *series);

/* The same for a row that goes with its series, by what the replaced text said of it. */
void plan_leave_row(struct ctx *cx, struct planner *p, const struct series_row *row,
    const cJSON *series);

/* True for what is over: of that nobody needs to hear. */
bool plan_is_past(struct ctx *cx, const cJSON *facts);

/* The facts of an override of a view. */
enum err plan_override_facts(struct ctx *cx, const struct planner *p,
    const struct view *view, const struct view_override *one, cJSON **facts);

/* Steps for overrides and EXDATEs. master = facts of the master now, NULL without one. */
enum err plan_exceptions(struct ctx *cx, struct planner *p, const cJSON *master);

/* Steps for what upstream did to single occurrences of a series that is made to begin, or
 * to recur, otherwise by a client that did not know of it. */
enum err plan_carry(struct ctx *cx, struct planner *p);
/* The series as it will be: what the client changed of it, and else what upstream has. */
enum err plan_series_facts(struct ctx *cx, const struct planner *p, cJSON **facts);
/* An override of a series that is made to begin, or to recur, otherwise. series: as it
 * will be. Out: now, with what upstream did to it meanwhile; heard, see struct change;
 * cancelled = it was cancelled there, and the client changed nothing of it. */
struct meanwhile {
    int64_t original_time;
    const cJSON *series;
    cJSON *now, *heard;
    bool cancelled;
};
enum err plan_meanwhile(
    struct ctx *cx, const struct planner *p, struct meanwhile *one);
/* Steps for occurrences that upstream changed and a client did not know of: to the client
 * they were as the series, and what it changed of that is changed of them, too, but for
 * what upstream changed. */
enum err plan_follow(struct ctx *cx, struct planner *p);

/* UPSTREAM_REFUSED for properties of a series that Feishu has no place for. */
enum err plan_refuse(struct ctx *cx, const struct planner *p);

/* The steps of a new series or event. Errors: those of convert_plan. */
enum err plan_create(struct ctx *cx, struct planner *p);

/* The entry of the same person, under another address perhaps; NULL = none. */
const cJSON *plan_find_person(struct ctx *cx, const struct convert_env *env,
    const struct people_index *people, const cJSON *person);

#endif
