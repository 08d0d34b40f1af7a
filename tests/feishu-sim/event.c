#include "event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "switches.h"

/* The owned texts which an exception takes over from its master. */
static const size_t TEXTS[] = {
    offsetof(struct event, summary),
    offsetof(struct event, description),
    offsetof(struct event, description_rich),
    offsetof(struct event, source),
    offsetof(struct event, location),
    offsetof(struct event, vchat),
    offsetof(struct event, meeting_settings),
    offsetof(struct event, schemas),
    offsetof(struct event, attachments),
    offsetof(struct event, check_in),
    offsetof(struct event, recurrence),
};
#define N_TEXTS (sizeof TEXTS / sizeof TEXTS[0])

#define NUMBER_CHARS 12 /* of an underscore and most instants */

static char **text_at(struct event *ev, size_t offset)
{
    return (char **)(void *)((char *)ev + offset);
}

static void view_free(void *p)
{
    struct view *view = p;

    free(view->reminders);
    free(view);
}

static void attendee_free(void *p)
{
    struct attendee *a = p;

    vec_free(&a->members, free);
    free(a->id);
    free(a->email);
    free(a->operate_id);
    free(a->customization);
    free(a->approval_reason);
    free(a);
}

/* The look: everything that is shown, not where it stands. */
static void empty_look(struct event *ev)
{
    for (size_t i = 0; i < N_TEXTS; i++)
        set_str(text_at(ev, TEXTS[i]), NULL);
    vec_free(&ev->views, view_free);
}

static void copy_look(struct event *to, struct event *from)
{
    empty_look(to);
    for (size_t i = 0; i < N_TEXTS; i++)
        set_str(text_at(to, TEXTS[i]), *text_at(from, TEXTS[i]));
    to->visibility = from->visibility;
    to->attendee_ability = from->attendee_ability;
    to->free_busy_status = from->free_busy_status;
    to->vchat_open = from->vchat_open;
    to->start = from->start;
    to->end = from->end;
    for (size_t i = 0; i < from->views.n; i++) {
        const struct view *old = from->views.p[i];
        struct view *view = xcalloc(1, sizeof *view);

        *view = *old;
        view->reminders = xstrdup(old->reminders);
        vec_add(&to->views, view);
    }
}

struct event *event_new(
    struct calendar *home, struct person *creator, const char *uid, int64_t original)
{
    struct event *ev = xcalloc(1, sizeof *ev);
    struct buf id = {0};

    buf_reserve(&id, strlen(uid) + NUMBER_CHARS);
    buf_str(&id, uid);
    buf_str(&id, "_");
    buf_int(&id, original);
    ev->uid = xstrdup(uid);
    ev->id = id.p;
    ev->original = original;
    ev->home = home;
    ev->creator = creator;
    ev->summary = xstrdup("");
    ev->description = xstrdup("");
    ev->recurrence = xstrdup("");
    ev->visibility = "default";
    ev->attendee_ability = "none";
    ev->free_busy_status = "busy";
    ev->create_time = clock_s();
    return ev;
}

void event_free(struct event *ev)
{
    if (!ev)
        return;
    empty_look(ev);
    event_free(ev->before);
    vec_free(&ev->attendees, attendee_free);
    vec_free(&ev->exceptions, NULL);
    vec_free(&ev->entries, NULL);
    free(ev->uid);
    free(ev->id);
    free(ev);
}

void event_enter(struct event *ev)
{
    map_put(&W.events_by_id, ev->id, ev);
    if (ev->master)
        vec_add(&ev->master->exceptions, ev);
    else
        vec_add(&W.events, ev);
    entry_add(ev, ev->home);
}

void event_before_change(struct event *ev)
{
    if (!sw_number(SW_WRITE_LAG_MS) || !ev->entries.n || clock_ms() < ev->seen_from_ms)
        return;
    event_free(ev->before);
    ev->before = xcalloc(1, sizeof *ev->before);
    ev->before->uid = xstrdup(ev->uid);
    ev->before->id = xstrdup(ev->id);
    ev->before->original = ev->original;
    ev->before->home = ev->home;
    ev->before->creator = ev->creator;
    ev->before->master = ev->master;
    ev->before->create_time = ev->create_time;
    ev->before->cancelled = ev->cancelled;
    ev->before->purged = ev->purged;
    copy_look(ev->before, ev);
}

const struct event *event_seen(const struct event *ev)
{
    return clock_ms() < ev->seen_from_ms ? ev->before : ev;
}

static void bump(struct entry *e)
{
    struct calendar *cal = e->cal;

    e->version = ++cal->version;
    if (cal->newest == e)
        return;
    if (e->prev)
        e->prev->next = e->next;
    else if (cal->oldest == e)
        cal->oldest = e->next;
    if (e->next)
        e->next->prev = e->prev;
    e->prev = cal->newest;
    e->next = NULL;
    if (cal->newest)
        cal->newest->next = e;
    else
        cal->oldest = e;
    cal->newest = e;
}

void event_changed(struct event *ev, enum feed_kind kind)
{
    if (sw_number(SW_WRITE_LAG_MS))
        ev->seen_from_ms = clock_ms() + sw_number(SW_WRITE_LAG_MS);
    for (size_t i = 0; i < ev->entries.n; i++) {
        struct entry *e = ev->entries.p[i];

        if (e->gone)
            continue;
        bump(e);
        feed_event(e->cal, ev->id, kind);
    }
}

struct event *event_row(const char *uid, int64_t original)
{
    char id[128];

    snprintf(id, sizeof id, "%.64s_%lld", uid, (long long)original);
    return map_get(&W.events_by_id, id);
}

struct event *event_exception(const struct event *master, int64_t original)
{
    struct event *row = event_row(master->uid, original);

    return row && !row->purged && original ? row : NULL;
}

bool event_rule(const struct event *ev, struct rule *out)
{
    return ev->recurrence && *ev->recurrence &&
        rule_parse(ev->recurrence, RULE_WIDE, out) == NULL;
}

void event_occurrence(
    const struct event *master, int64_t original, struct when *start, struct when *end)
{
    int64_t length = master->end.at - master->start.at;

    *start = master->start;
    *end = master->end;
    start->at = original;
    end->at = original + length;
}

static void copy_attendees(struct event *to, const struct event *from)
{
    vec_free(&to->attendees, attendee_free);
    for (size_t i = 0; i < from->attendees.n; i++) {
        const struct attendee *old = from->attendees.p[i];
        struct attendee *a = attendee_new(to, old->type);

        a->rsvp = old->rsvp;
        a->optional = old->optional;
        a->organizer = old->organizer;
        a->who = old->who;
        a->chat = old->chat;
        a->room = old->room;
        a->by_app = old->by_app;
        a->decide_at_ms = old->decide_at_ms;
        set_str(&a->id, old->id);
        set_str(&a->email, old->email);
        set_str(&a->operate_id, old->operate_id);
        set_str(&a->customization, old->customization);
        set_str(&a->approval_reason, old->approval_reason);
        for (size_t j = 0; j < old->members.n; j++) {
            struct chat_member *m = xcalloc(1, sizeof *m);

            *m = *(const struct chat_member *)old->members.p[j];
            vec_add(&a->members, m);
        }
        if (a->room)
            vec_add(&a->room->bookings, to);
        if (a->room && a->decide_at_ms)
            vec_add(&W.pending_rooms, a);
    }
}

struct event *event_materialise(struct event *master, int64_t original)
{
    struct event *row = event_row(master->uid, original);
    bool fresh = !row;

    if (row && !row->purged)
        return row;
    if (fresh)
        row = event_new(master->home, master->creator, master->uid, original);
    copy_look(row, master);
    set_str(&row->recurrence, "");
    row->master = master;
    row->cancelled = row->purged = false;
    event_occurrence(master, original, &row->start, &row->end);
    if (fresh)
        event_enter(row);
    copy_attendees(row, master);
    event_spread(row);
    return row;
}

struct entry *entry_find(const struct event *ev, const struct calendar *cal)
{
    for (size_t i = 0; i < ev->entries.n; i++) {
        struct entry *e = ev->entries.p[i];

        if (e->cal == cal)
            return e;
    }
    return NULL;
}

struct entry *entry_add(struct event *ev, struct calendar *cal)
{
    struct entry *e = xcalloc(1, sizeof *e);

    *e = (struct entry){.ev = ev, .cal = cal, .place = cal->entries.n};
    vec_add(&cal->entries, e);
    vec_add(&ev->entries, e);
    bump(e);
    return e;
}

struct view *view_find(const struct event *ev, const struct person *who)
{
    for (size_t i = 0; i < ev->views.n; i++) {
        struct view *view = ev->views.p[i];

        if (view->who == who)
            return view;
    }
    return NULL;
}

struct view *view_make(struct event *ev, struct person *who)
{
    struct view *view = view_find(ev, who);

    if (view)
        return view;
    view = xcalloc(1, sizeof *view);
    view->who = who;
    vec_add(&ev->views, view);
    return view;
}

struct attendee *attendee_new(struct event *ev, const char *type)
{
    struct attendee *a = xcalloc(1, sizeof *a);
    char digits[20];

    random_digits(digits, 19);
    a->id = xfmt("%s_%s", type, digits);
    a->type = type;
    a->rsvp = "needs_action";
    a->ev = ev;
    vec_add(&ev->attendees, a);
    return a;
}

void attendee_drop(struct event *ev, size_t i)
{
    struct attendee *a = ev->attendees.p[i];

    for (size_t j = 0; j < W.pending_rooms.n; j++)
        if (W.pending_rooms.p[j] == a) {
            vec_drop(&W.pending_rooms, j);
            break;
        }
    vec_drop(&ev->attendees, i);
    attendee_free(a);
}

struct attendee *attendee_of(
    const struct event *ev, const struct person *who, const char ***rsvp)
{
    struct attendee *through_chat = NULL;

    for (size_t i = 0; i < ev->attendees.n; i++) {
        struct attendee *a = ev->attendees.p[i];

        if (a->who == who) {
            if (rsvp)
                *rsvp = &a->rsvp;
            return a;
        }
        for (size_t j = 0; j < a->members.n && !through_chat; j++) {
            struct chat_member *m = a->members.p[j];

            if (m->who != who)
                continue;
            through_chat = a;
            if (rsvp)
                *rsvp = &m->rsvp;
        }
    }
    return through_chat;
}

static void invite(struct event *ev, const struct person *who)
{
    struct entry *e;

    if (!who || !who->primary || who->primary == ev->home)
        return;
    e = entry_find(ev, who->primary);
    if (!e) {
        entry_add(ev, who->primary);
    } else if (e->gone) {
        e->gone = false;
        bump(e);
    }
}

/* Puts a row on the primary calendars of those whom an event invites. */
static void invite_all(struct event *row, const struct event *ev)
{
    for (size_t i = 0; i < ev->attendees.n; i++) {
        const struct attendee *a = ev->attendees.p[i];

        invite(row, a->who);
        for (size_t j = 0; j < a->members.n; j++)
            invite(row, ((const struct chat_member *)a->members.p[j])->who);
    }
}

void event_spread(struct event *ev)
{
    invite_all(ev, ev);
    /* What does not take place does so for nobody, also for those invited later. */
    for (size_t i = 0; i < ev->exceptions.n; i++) {
        struct event *row = ev->exceptions.p[i];

        if (row->cancelled && !row->purged)
            invite_all(row, ev);
    }
    for (size_t i = 0; i < ev->entries.n; i++) {
        struct entry *e = ev->entries.p[i];

        if (e->cal == ev->home || e->gone || attendee_of(ev, e->cal->owner, NULL))
            continue;
        e->gone = true;
        bump(e);
        feed_event(e->cal, ev->id, FEED_DELETE);
    }
}
