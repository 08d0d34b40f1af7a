/* Rooms answer an invitation after a while: free rooms accept, the others decline. */

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "event.h"
#include "instances.h"

/* Rooms can be booked for two years at most (API page "create event"). */
#define BOOKING_SPAN_S (2 * 366 * 86400LL)
#define INSTANCES_COMPARED_MAX 1024

struct span {
    int64_t from, to;
};

struct spans {
    struct span at[INSTANCES_COMPARED_MAX];
    size_t n;
};

static bool collect(void *arg, const struct instance *in)
{
    struct spans *s = arg;

    s->at[s->n++] = (struct span){in->start.at, in->end.at};
    return s->n < INSTANCES_COMPARED_MAX;
}

struct clash {
    const struct spans *mine;
    bool found;
};

static bool compare(void *arg, const struct instance *in)
{
    struct clash *c = arg;

    for (size_t i = 0; i < c->mine->n && !c->found; i++)
        c->found = in->start.at < c->mine->at[i].to && in->end.at > c->mine->at[i].from;
    return !c->found;
}

static const struct attendee *booking_of(const struct event *ev, const struct room *room)
{
    for (size_t i = 0; i < ev->attendees.n; i++) {
        const struct attendee *a = ev->attendees.p[i];

        if (a->room == room)
            return a;
    }
    return NULL;
}

static bool is_taken(const struct attendee *a)
{
    struct spans *mine = xcalloc(1, sizeof *mine);
    struct clash clash = {.mine = mine};
    int64_t from = a->ev->start.at - 86400, to = a->ev->start.at + BOOKING_SPAN_S;

    instances_of(a->ev, from, to, collect, mine);
    for (size_t i = 0; i < a->room->bookings.n && !clash.found; i++) {
        const struct event *other = a->room->bookings.p[i];
        const struct attendee *b = booking_of(other, a->room);

        if (!b || other->cancelled || strcmp(other->uid, a->ev->uid) == 0 ||
            strcmp(b->rsvp, "accept") != 0)
            continue;
        instances_of(other, from, to, compare, &clash);
    }
    free(mine);
    return clash.found;
}

static bool is_too_long(const struct event *ev)
{
    struct rule rule;

    return event_rule(ev, &rule) &&
        rule_last(&rule, &ev->start) > ev->start.at + BOOKING_SPAN_S;
}

static const char *answer(const struct attendee *a)
{
    if (a->room->disabled || is_too_long(a->ev) || is_taken(a))
        return "decline";
    if (a->room->approval)
        return a->by_app || !a->approval_reason ? "decline" : "needs_action";
    return "accept";
}

void rooms_settle(void)
{
    for (size_t i = 0; i < W.pending_rooms.n;) {
        struct attendee *a = W.pending_rooms.p[i];
        const char *rsvp;

        if (clock_ms() < a->decide_at_ms) {
            i++;
            continue;
        }
        vec_drop(&W.pending_rooms, i);
        a->decide_at_ms = 0;
        rsvp = answer(a);
        if (strcmp(rsvp, a->rsvp) == 0)
            continue;
        a->rsvp = rsvp;
        event_changed(a->ev, FEED_UPDATE);
    }
}
