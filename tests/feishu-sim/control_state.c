/* GET /_sim/state: everything the simulator knows. */

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clock.h"
#include "control.h"
#include "token.h"

static void print_people(struct buf *out)
{
    jw_open(out, "people", '[');
    for (size_t i = 0; i < W.people.n; i++) {
        const struct person *who = W.people.p[i];

        jw_open(out, NULL, '{');
        jw_str(out, "open_id", who->open_id);
        jw_str(out, "union_id", who->union_id);
        jw_str(out, "user_id", who->user_id);
        jw_str(out, "name", who->name);
        jw_str(out, "email", who->email);
        jw_bool(out, "bot", who->bot);
        jw_str(out, "primary_calendar_id", who->primary->id);
        jw_bool(out, "list_subscribed", who->list_subscribed);
        jw_open(out, "calendars", '[');
        for (size_t j = 0; j < who->member_list.n; j++) {
            const struct member *m = who->member_list.p[j];

            jw_open(out, NULL, '{');
            jw_str(out, "calendar_id", m->cal->id);
            jw_str(out, "role", role_name(calendar_role(m->cal, who)));
            jw_str(out, "alias", m->alias);
            jw_int(out, "color", m->color);
            jw_bool(out, "is_deleted", m->gone);
            jw_close(out, '}');
        }
        jw_close(out, ']');
        jw_close(out, '}');
    }
    jw_close(out, ']');
}

static void print_ids(struct buf *out, const char *key, const struct vec *people)
{
    jw_open(out, key, '[');
    for (size_t i = 0; i < people->n; i++)
        jw_str(out, NULL, ((const struct person *)people->p[i])->open_id);
    jw_close(out, ']');
}

static void print_calendar(struct buf *out, const struct calendar *cal)
{
    jw_open(out, NULL, '{');
    jw_str(out, "calendar_id", cal->id);
    jw_str(out, "type", cal->type);
    jw_str(out, "summary", cal->summary);
    jw_str(out, "description", cal->description);
    jw_str(out, "permissions", cal->permissions);
    jw_int(out, "color", cal->color);
    jw_str(out, "owner", cal->owner ? cal->owner->open_id : NULL);
    jw_bool(out, "is_deleted", cal->deleted);
    jw_bool(out, "is_third_party", cal->third_party);
    jw_int(out, "version", (int64_t)cal->version);
    print_ids(out, "event_subscribers", &cal->subscribers);
    print_ids(out, "acl_subscribers", &cal->acl_subscribers);
    jw_open(out, "acls", '[');
    for (size_t i = 0; i < cal->acls.n; i++) {
        const struct acl *acl = cal->acls.p[i];

        jw_open(out, NULL, '{');
        jw_str(out, "acl_id", acl->id);
        jw_str(out, "role", role_name(acl->role));
        jw_str(out, "user_id", acl->who->open_id);
        jw_close(out, '}');
    }
    jw_close(out, ']');
    jw_close(out, '}');
}

static void print_views(struct buf *out, const struct event *ev)
{
    jw_open(out, "per_user", '{');
    for (size_t i = 0; i < ev->views.n; i++) {
        const struct view *view = ev->views.p[i];

        jw_open(out, view->who->open_id, '{');
        if (view->has_color)
            jw_int(out, "color", view->color);
        if (view->reminders)
            jw_raw(out, "reminders", view->reminders);
        if (view->visibility)
            jw_str(out, "visibility", view->visibility);
        if (view->free_busy_status)
            jw_str(out, "free_busy_status", view->free_busy_status);
        jw_close(out, '}');
    }
    jw_close(out, '}');
}

/* The event as its creator sees it, with everything that others see otherwise. */
static void print_event(struct buf *out, const struct event *ev)
{
    struct request rq = {.method = "STATE", .who = ev->creator};
    struct sight sight = {
        .rq = &rq, .cal = ev->home, .role = ROLE_OWNER, .look = LOOK_GET};

    event_print(out, NULL, ev, NULL, &sight);
    out->n--; /* more members follow */
    jw_bool(out, "is_deleted", ev->purged || (ev->cancelled && !ev->master));
    if (ev->meeting_settings)
        jw_raw(out, "meeting_settings", ev->meeting_settings);
    print_views(out, ev);
    jw_open(out, "calendar_ids", '[');
    for (size_t i = 0; i < ev->entries.n; i++) {
        const struct entry *e = ev->entries.p[i];

        if (!e->gone)
            jw_str(out, NULL, e->cal->id);
    }
    jw_close(out, ']');
    jw_open(out, "attendees", '[');
    for (size_t i = 0; i < ev->attendees.n; i++)
        attendee_print(out, NULL, ev->attendees.p[i], &rq, true);
    jw_close(out, ']');
    if (!ev->master) {
        jw_open(out, "exceptions", '[');
        for (size_t i = 0; i < ev->exceptions.n; i++)
            print_event(out, ev->exceptions.p[i]);
        jw_close(out, ']');
    }
    jw_close(out, '}');
}

static void print_events(struct buf *out, const struct calendar *only)
{
    jw_open(out, "events", '[');
    for (size_t i = 0; i < W.events.n; i++) {
        const struct event *ev = W.events.p[i];

        if (!only || entry_find(ev, only))
            print_event(out, ev);
    }
    jw_close(out, ']');
}

static bool wanted(const char *part, const char *name)
{
    return !part || strcmp(part, name) == 0;
}

void state_print(struct buf *out, const struct request *rq)
{
    const char *part = query_get(rq, "part"), *id = query_get(rq, "calendar_id");

    jw_int(out, "now", clock_s());
    jw_str(out, "app_id", W.app_id);
    jw_str(out, "tenant_key", W.tenant_key);
    if (wanted(part, "people"))
        print_people(out);
    if (wanted(part, "calendars")) {
        jw_open(out, "calendars", '[');
        for (size_t i = 0; i < W.calendars.n; i++)
            print_calendar(out, W.calendars.p[i]);
        jw_close(out, ']');
    }
    if (wanted(part, "events"))
        print_events(out, id ? map_get(&W.calendars_by_id, id) : NULL);
    if (wanted(part, "tokens"))
        tokens_print(out, "tokens");
    if (wanted(part, "notifications")) {
        jw_open(out, "notifications", '[');
        for (size_t i = 0; i < W.notifications.n; i++)
            jw_raw(out, NULL, W.notifications.p[i]);
        jw_close(out, ']');
    }
}
