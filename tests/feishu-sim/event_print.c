/* Events as JSON, in the looks of the different methods. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clock.h"
#include "switches.h"

static void print_when(
    struct buf *out, const char *key, const struct when *t, bool is_end)
{
    char date[11];
    int64_t at = t->at;

    jw_open(out, key, '{');
    if (t->all_day) {
        if (is_end && sw_is(SW_ALLDAY_READ, "inclusive"))
            at -= 86400;
        date_print(at, date);
        jw_str(out, "date", date);
        jw_str(out, "timezone", "UTC");
    } else {
        jw_int_text(out, "timestamp", at);
        jw_str(out, "timezone", t->zone);
    }
    jw_close(out, '}');
}

static void print_organizer(
    struct buf *out, const struct event *ev, const struct request *rq)
{
    jw_open(out, "event_organizer", '{');
    jw_str(out, "display_name", ev->creator->name);
    if (!ev->creator->bot)
        jw_str(out, "user_id", id_of(ev->creator, rq->id_type));
    jw_close(out, '}');
}

static void print_id(struct buf *out, const char *key, const char *uid, int64_t original)
{
    jw_str(out, key, uid);
    jw_more(out, "_");
    jw_more_int(out, original);
}

static void print_link(struct buf *out, const struct event *ev, const struct instance *in,
    const struct calendar *cal)
{
    const struct when *start = in ? &in->start : &ev->start;

    jw_str(out, "app_link",
        "https://applink.feishu.cn/client/calendar/event/detail?calendarId=");
    jw_more(out, cal->number);
    jw_more(out, "&key=");
    jw_more(out, ev->uid);
    jw_more(out, "&originalTime=");
    jw_more_int(out, in ? in->original : ev->original);
    jw_more(out, "&startTime=");
    jw_more_int(out, start->at);
}

const char *event_free_busy(const struct event *ev, const struct person *who)
{
    const struct view *view = view_find(ev, who);

    return view && view->free_busy_status ? view->free_busy_status : ev->free_busy_status;
}

/* The row's attendees live on the current row, also while its look lags. A look alone
 * stands on no calendar. */
static const struct event *current(const struct event *ev)
{
    const struct event *row = ev->entries.n ? ev : map_get(&W.events_by_id, ev->id);

    return row ? row : ev;
}

static const char *own_answer(const struct event *ev, const struct person *who)
{
    const char **rsvp = NULL;

    if (attendee_of(current(ev), who, &rsvp))
        return *rsvp;
    return ev->creator == who ? "accept" : NULL;
}

static const char *status_of(const struct event *ev, const struct sight *sight)
{
    const char *rsvp = own_answer(ev, sight->rq->who);

    if (ev->cancelled || sight->gone)
        return "cancelled";
    if (rsvp && (strcmp(rsvp, "needs_action") == 0 || strcmp(rsvp, "tentative") == 0))
        return "tentative";
    return "confirmed";
}

static void print_rule(struct buf *out, const struct event *ev)
{
    const char *rule = ev->recurrence ? ev->recurrence : "",
               *until = strstr(rule, "UNTIL=");

    if (*rule && sw_is(SW_UNTIL_FORM, "date") && until && strlen(until) >= 22 &&
        until[14] == 'T') {
        jw_fmt(out, "recurrence", "%.*s%s", (int)(until - rule) + 14, rule, until + 22);
        return;
    }
    if (*rule && sw_is(SW_RRULE_PREFIX, "on"))
        jw_fmt(out, "recurrence", "RRULE:%s", rule);
    else
        jw_optional(out, "recurrence", rule);
}

static void print_vchat(
    struct buf *out, const struct event *ev, const struct sight *sight)
{
    bool settings = sight->look == LOOK_GET && ev->meeting_settings &&
        query_is_true(sight->rq, "need_meeting_settings") &&
        calendar_role(ev->home, sight->rq->who) >= ROLE_WRITER;

    if (!ev->vchat)
        return;
    jw_raw(out, "vchat", ev->vchat);
    if (!settings)
        return;
    out->n--; /* the closing brace */
    jw_raw(out, "meeting_settings", ev->meeting_settings);
    jw_close(out, '}');
}

static void print_raw(struct buf *out, const char *key, const char *json)
{
    if (json)
        jw_raw(out, key, json);
}

/* May the caller see more than a busy block? */
static bool sees_text(const struct event *ev, const struct sight *sight)
{
    const struct view *view = view_find(ev, sight->cal->owner);
    const char *visibility = view && view->visibility ? view->visibility : ev->visibility;

    if (sight->role >= ROLE_WRITER || strcmp(visibility, "public") == 0)
        return true;
    return sight->role == ROLE_READER && strcmp(visibility, "private") != 0;
}

static void print_text(struct buf *out, const struct event *ev, const struct sight *sight)
{
    if (!sees_text(ev, sight)) {
        jw_str(out, "summary", "");
        jw_optional(out, "description", "");
        return;
    }
    jw_str(out, "summary", ev->summary);
    jw_optional(out, "description", ev->description);
    if (ev->description_rich)
        jw_str(out, "description_rich", ev->description_rich);
    print_raw(out, "location", ev->location);
    if (sight->look != LOOK_SEARCH && sight->look != LOOK_INSTANCE)
        print_vchat(out, ev, sight);
    if (sight->look != LOOK_VIEW && sight->look != LOOK_INSTANCE)
        print_raw(out, "attachments", ev->attachments);
}

static void print_own(struct buf *out, const struct event *ev, const struct sight *sight)
{
    const struct person *who = sight->rq->who;
    const struct view *view = view_find(ev, who);
    const char *rsvp = own_answer(ev, who);

    jw_str(
        out, "visibility", view && view->visibility ? view->visibility : ev->visibility);
    jw_str(out, "free_busy_status", event_free_busy(ev, who));
    jw_int(out, "color", view && view->has_color ? view->color : -1);
    if (sight->look != LOOK_VIEW) {
        if (view && view->reminders && strcmp(view->reminders, "[]") != 0)
            jw_raw(out, "reminders", view->reminders);
        else if (sw_is(SW_LISTS_EMPTY, "array"))
            jw_raw(out, "reminders", "[]");
        else if (sw_is(SW_LISTS_EMPTY, "null"))
            jw_raw(out, "reminders", NULL);
    }
    if (rsvp && sw_is(SW_SELF_RSVP, "on"))
        jw_str(out, "self_rsvp_status", rsvp);
}

static void print_series(struct buf *out, const struct event *ev,
    const struct instance *in, const struct sight *sight)
{
    bool occurrence = in && in->original && !ev->master;

    jw_bool(out, "is_exception", ev->master != NULL);
    if (sight->look == LOOK_INSTANCE)
        return;
    if (ev->master || occurrence)
        print_id(out, "recurring_event_id", ev->uid, 0);
    if (sight->look == LOOK_VIEW)
        return;
    if (occurrence)
        jw_optional(out, "recurrence", "");
    else
        print_rule(out, ev);
}

static void print_attendees(
    struct buf *out, const struct event *ev, const struct sight *sight)
{
    int64_t max = query_number(sight->rq, "max_attendee_num", 10);
    bool rooms_only = sight->look == LOOK_VIEW;
    int64_t n = 0;

    if (!rooms_only &&
        !(sight->look == LOOK_GET && strcmp(sight->rq->method, "GET") == 0 &&
            query_is_true(sight->rq, "need_attendee")))
        return;
    ev = current(ev);
    jw_open(out, "attendees", '[');
    for (size_t i = 0; i < ev->attendees.n; i++) {
        const struct attendee *a = ev->attendees.p[i];

        if (rooms_only ? a->room != NULL : n++ < max)
            attendee_print(out, NULL, a, sight->rq, false);
    }
    jw_close(out, ']');
    if (!rooms_only)
        jw_bool(out, "has_more_attendee", n > max);
}

void event_print(struct buf *out, const char *key, const struct event *ev,
    const struct instance *in, const struct sight *sight)
{
    enum look look = sight->look;

    jw_open(out, key, '{');
    if (in && in->original)
        print_id(out, "event_id", ev->uid, in->original);
    else
        jw_str(out, "event_id", ev->id);
    print_text(out, ev, sight);
    print_when(out, "start_time", in ? &in->start : &ev->start, false);
    print_when(out, "end_time", in ? &in->end : &ev->end, true);
    jw_str(out, "status", status_of(ev, sight));
    print_series(out, ev, in, sight);
    print_link(out, ev, in, sight->cal);
    if (look != LOOK_INSTANCE) {
        jw_str(out, "organizer_calendar_id", ev->home->id);
        print_organizer(out, ev, sight->rq);
        jw_str(out, "attendee_ability", ev->attendee_ability);
        print_own(out, ev, sight);
        print_attendees(out, ev, sight);
    }
    if (look == LOOK_GET || look == LOOK_LIST) {
        jw_int_text(out, "create_time", ev->create_time);
        print_raw(out, "schemas", ev->schemas);
        if (ev->source)
            jw_str(out, "source", ev->source);
    }
    if (look == LOOK_GET)
        print_raw(out, "event_check_in", ev->check_in);
    jw_close(out, '}');
}

void event_print_gone(struct buf *out, const struct event *ev, const struct sight *sight)
{
    struct sight gone = *sight;

    if (sw_is(SW_DELETED_ITEMS, "minimal")) {
        jw_open(out, NULL, '{');
        jw_str(out, "event_id", ev->id);
        jw_str(out, "status", "cancelled");
        jw_close(out, '}');
        return;
    }
    /* Also for somebody who is no longer invited, and for a row that was purged. */
    gone.gone = true;
    event_print(out, NULL, ev, NULL, &gone);
}
