/* Events: create, get, patch, delete, answer, subscribe (section 5). */

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clock.h"
#include "draft.h"
#include "switches.h"

/* Most events take less. */
#define EVENT_BYTES 2048

static void one(struct request *rq, struct reply *rp, const struct target *t,
    const struct instance *in)
{
    const struct event *ev = strcmp(rq->method, "GET") == 0 ? event_seen(t->ev) : t->ev;
    struct sight sight = {.rq = rq, .cal = t->cal, .look = LOOK_GET};

    sight.role = calendar_role(t->cal, rq->who);
    buf_reserve(&rp->data, EVENT_BYTES);
    jw_open(&rp->data, NULL, '{');
    event_print(&rp->data, "event", ev, in, &sight);
    jw_close(&rp->data, '}');
}

/* A key that was used before on this calendar returns the event of that time. */
static struct event *made_before(const struct request *rq, const struct calendar *cal)
{
    const char *key = query_get(rq, "idempotency_key");

    return key ? map_get(&cal->idempotency, key) : NULL;
}

static struct event *create(struct request *rq, struct calendar *cal, struct draft *draft)
{
    const char *key = query_get(rq, "idempotency_key");
    struct event *ev;
    char uid[37];

    random_uuid(uid);
    ev = event_new(cal, rq->who, uid, 0);
    if (sw_number(SW_WRITE_LAG_MS))
        ev->seen_from_ms = clock_ms() + sw_number(SW_WRITE_LAG_MS);
    draft_apply_own(draft, ev, rq->who, true);
    draft_apply_shared(draft, ev);
    event_enter(ev);
    feed_event(cal, ev->id, FEED_CREATE);
    if (key)
        map_put(&cal->idempotency, key, ev);
    return ev;
}

int api_event_create(struct request *rq, struct reply *rp)
{
    struct target t = {0};
    struct draft draft;

    t.cal = need_calendar(rq, rp, ROLE_FREE_BUSY, TYPE_PRIMARY | TYPE_SHARED);
    if (!t.cal)
        return rp->code;
    if (calendar_role(t.cal, rq->who) < ROLE_WRITER || t.cal->third_party)
        return refuse(rp, 193002);
    t.ev = made_before(rq, t.cal);
    if (!t.ev) {
        if (draft_read(rq, rp, NULL, &draft))
            return rp->code;
        t.ev = create(rq, t.cal, &draft);
        draft_free(&draft);
    }
    one(rq, rp, &t, NULL);
    return 0;
}

static bool is_deleted(const struct target *t)
{
    const struct entry *e = entry_find(t->ev, t->cal);

    return (e && e->gone) || (t->ev->cancelled && !t->ev->master);
}

int api_event_get(struct request *rq, struct reply *rp)
{
    struct instance in = {0};
    struct target t;

    if (need_event(rq, rp, ROLE_READER, TYPE_PRIMARY | TYPE_SHARED | TYPE_RESOURCE, &t))
        return rp->code;
    if (!event_seen(t.ev))
        return refuse(rp, 193001);
    if (is_deleted(&t) && event_seen(t.ev)->cancelled == t.ev->cancelled &&
        sw_is(SW_DELETED_GET, "refuse"))
        return refuse(rp, 193003);
    if (query_is_true(rq, "need_attendee") && !sees_attendees(&t))
        return refuse(rp, 194001);
    if (!t.is_virtual) {
        one(rq, rp, &t, NULL);
        return 0;
    }
    if (sw_is(SW_OCCURRENCE_GET, "not_found"))
        return refuse(rp, 193001);
    in = (struct instance){.ev = t.ev, .original = t.original};
    event_occurrence(t.ev, t.original, &in.start, &in.end);
    one(rq, rp, &t, &in);
    return 0;
}

/* Rooms have to answer again when the event moves. */
static void ask_rooms(struct event *ev)
{
    for (size_t i = 0; i < ev->attendees.n; i++) {
        struct attendee *a = ev->attendees.p[i];

        if (!a->room)
            continue;
        a->rsvp = "needs_action";
        if (!a->decide_at_ms)
            vec_add(&W.pending_rooms, a);
        a->decide_at_ms = clock_ms() + sw_number(SW_ROOM_DELAY_MS);
    }
}

static void purge(struct event *row)
{
    event_before_change(row);
    row->purged = true;
    event_changed(row, FEED_DELETE);
}

/* Stale exceptions of a series whose start moved. */
static void drop_exceptions(struct event *master)
{
    for (size_t i = 0; i < master->exceptions.n; i++) {
        struct event *row = master->exceptions.p[i];

        if (!row->purged)
            purge(row);
    }
}

static void apply(struct request *rq, struct target *t, struct draft *draft)
{
    bool shared = t->may_edit && draft_is_beyond_own(draft), moved = false;
    struct event *ev = target_row(t);

    event_before_change(ev);
    draft_apply_own(draft, ev, rq->who, false);
    if (shared) {
        moved = draft_moves(draft, ev);
        if (moved && draft->has_times && draft->start.at != ev->start.at && !ev->master &&
            sw_is(SW_SERIES_TIME_CHANGE, "drop"))
            drop_exceptions(ev);
        draft_apply_shared(draft, ev);
        ev->cancelled = false;
    }
    if (moved)
        ask_rooms(ev);
    event_changed(ev, FEED_UPDATE);
    if (shared && body_true(rq, "need_notification", true))
        notify_all("update", ev, rq->who);
}

int api_event_patch(struct request *rq, struct reply *rp)
{
    struct target t;
    struct draft draft;

    if (need_event(rq, rp, ROLE_WRITER, TYPE_PRIMARY | TYPE_SHARED, &t))
        return rp->code;
    if (t.ev->cancelled && sw_is(SW_RESTORE_CANCELLED, "refuse"))
        return refuse(rp, 193003);
    if (draft_read(rq, rp, t.ev, &draft))
        return rp->code;
    if (!t.may_edit && draft_is_beyond_own(&draft) &&
        sw_is(SW_PARTICIPANT_PATCH, "refuse"))
        refuse(rp, 193002);
    else if (t.is_virtual && draft.has_rule && *draft.rule)
        refuse_field(rp, 190014, "recurrence", draft.rule, "an exception has no rule");
    if (!rp->code) {
        apply(rq, &t, &draft);
        one(rq, rp, &t, NULL);
    }
    draft_free(&draft);
    return rp->code;
}

static int delete_occurrence(struct request *rq, struct reply *rp, struct target *t)
{
    bool destroy = query_is_true(rq, "delete_exception");
    struct event *row;

    if (destroy && sw_is(SW_DELETE_EXCEPTION, "refuse"))
        return refuse(rp, 190002);
    destroy = destroy && sw_is(SW_DELETE_EXCEPTION, "on");
    if (destroy && t->is_virtual)
        return refuse(rp, 193001);
    if (!destroy && t->ev->cancelled)
        return refuse(rp, 193003);
    row = target_row(t);
    if (destroy) {
        purge(row);
        return 0;
    }
    event_before_change(row);
    row->cancelled = true;
    event_changed(row, FEED_DELETE);
    return 0;
}

static void delete_series(struct event *ev)
{
    event_before_change(ev);
    ev->cancelled = true;
    event_changed(ev, FEED_DELETE);
    if (sw_is(SW_DELETE_MASTER, "cascade"))
        drop_exceptions(ev);
}

int api_event_delete(struct request *rq, struct reply *rp)
{
    const char *tell = query_get(rq, "need_notification");
    struct target t;

    if (need_event(rq, rp, ROLE_WRITER, TYPE_PRIMARY | TYPE_SHARED, &t))
        return rp->code;
    if (!t.may_edit)
        return refuse(rp, 193002);
    if (t.is_virtual || t.ev->master) {
        if (delete_occurrence(rq, rp, &t))
            return rp->code;
    } else {
        delete_series(t.ev);
    }
    if (!tell || strcmp(tell, "false") != 0)
        notify_all("cancel", t.ev, rq->who);
    return 0;
}

static const char *answer_of(const char *text)
{
    static const char *const answers[] = {"accept", "decline", "tentative"};

    for (size_t i = 0; i < 3; i++)
        if (strcmp(answers[i], text) == 0)
            return answers[i];
    return NULL;
}

static void answer_exceptions(
    struct event *master, const struct person *who, const char *answer)
{
    for (size_t i = 0; i < master->exceptions.n; i++) {
        struct event *row = master->exceptions.p[i];
        const char **rsvp;

        if (row->purged || row->cancelled || !attendee_of(row, who, &rsvp))
            continue;
        *rsvp = answer;
        event_changed(row, FEED_RSVP);
    }
}

int api_event_reply(struct request *rq, struct reply *rp)
{
    const char *answer = answer_of(body_text(rq, "rsvp_status")), **rsvp;
    struct vec organizer = {0};
    struct target t;
    struct event *ev;

    if (need_event(rq, rp, ROLE_WRITER, TYPE_PRIMARY, &t))
        return rp->code;
    if (!attendee_of(t.ev, rq->who, &rsvp))
        return refuse(rp, 193002);
    ev = target_row(&t);
    event_before_change(ev);
    attendee_of(ev, rq->who, &rsvp);
    *rsvp = answer;
    feed_answers_of(rq->who, answer);
    event_changed(ev, FEED_RSVP);
    if (!ev->master)
        answer_exceptions(ev, rq->who, answer);
    feed_answers_of(NULL, NULL);
    if (ev->creator != rq->who && !ev->creator->bot)
        vec_add(&organizer, ev->creator);
    notify("rsvp", ev, rq->who, &organizer);
    vec_free(&organizer, NULL);
    return 0;
}

static void subscribe(struct vec *people, struct person *who, bool on)
{
    for (size_t i = 0; i < people->n; i++)
        if (people->p[i] == who) {
            if (!on)
                vec_drop(people, i);
            return;
        }
    if (on)
        vec_add(people, who);
}

int api_events_subscription(struct request *rq, struct reply *rp)
{
    struct calendar *cal = need_calendar(rq, rp, ROLE_READER, TYPE_PRIMARY | TYPE_SHARED);

    if (cal)
        subscribe(&cal->subscribers, rq->who, true);
    return rp->code;
}

int api_events_unsubscription(struct request *rq, struct reply *rp)
{
    struct calendar *cal = need_calendar(rq, rp, ROLE_READER, TYPE_PRIMARY | TYPE_SHARED);

    if (cal)
        subscribe(&cal->subscribers, rq->who, false);
    return rp->code;
}
