#include "edit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "gateway.h"
#include "relative.h"
#include "switches.h"

#define CALENDARS "/open-apis/calendar/v4/calendars"

/* One edit while it is carried out. */
struct edit {
    const cJSON *in;
    struct person *who;
    struct calendar *cal; /* NULL when the edit names none */
    const char *event_id;
    char *complaint;
};

typedef cJSON *(*edit_fn)(struct edit *e);

cJSON *edit_call(struct person *who, const char *method, const char *target, cJSON *body,
    char **complaint)
{
    struct request rq = {.method = method, .target = xstrdup(target), .who = who};
    struct reply rp = {0};
    cJSON *data = NULL;

    if (body) {
        rq.body = cJSON_PrintUnformatted(body);
        rq.n_body = strlen(rq.body);
        rq.json = body;
    }
    request_target(&rq);
    gateway_edit(&rq, &rp);
    reply_finish(&rp, &rq);
    if (rp.code)
        *complaint = xstrdup(buf_text(&rp.body));
    else
        data = cJSON_Parse(rp.data.n ? rp.data.p : "{}");
    request_free(&rq);
    reply_free(&rp);
    return data;
}

static cJSON *call(struct edit *e, const char *method, cJSON *body, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static cJSON *call(struct edit *e, const char *method, cJSON *body, const char *fmt, ...)
{
    char target[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(target, sizeof target, fmt, ap);
    va_end(ap);
    return edit_call(e->who, method, target, body, &e->complaint);
}

static cJSON *copy(const cJSON *object)
{
    return object ? cJSON_Duplicate(object, true) : cJSON_CreateObject();
}

/* need_notification goes into bodies when the edit has it. */
static cJSON *with_notification(const struct edit *e, cJSON *body)
{
    const cJSON *v = json_get(e->in, "need_notification");

    if (cJSON_IsBool(v))
        cJSON_AddBoolToObject(body, "need_notification", cJSON_IsTrue(v));
    return body;
}

/* {"user": ..} {"room": ..} {"chat": ..} {"email": ..}, or the API's own form. */
static cJSON *attendee_of_edit(const cJSON *in)
{
    cJSON *out = cJSON_CreateObject();
    const char *user = json_text(in, "user"), *room = json_text(in, "room"),
               *chat = json_text(in, "chat");
    const char *email = json_text(in, "email");
    const struct person *who = person_find(user);

    if (!user && !room && !chat && !email) {
        cJSON_Delete(out);
        return cJSON_Duplicate(in, true);
    }
    cJSON_AddStringToObject(out, "type",
        user ? "user" : (room ? "resource" : (chat ? "chat" : "third_party")));
    if (user)
        cJSON_AddStringToObject(out, "user_id", who ? who->open_id : user);
    if (room)
        cJSON_AddStringToObject(out, "room_id", room);
    if (chat)
        cJSON_AddStringToObject(out, "chat_id", chat);
    if (email)
        cJSON_AddStringToObject(out, "third_party_email", email);
    if (cJSON_IsTrue(json_get(in, "optional")))
        cJSON_AddTrueToObject(out, "is_optional");
    return out;
}

static cJSON *attendees_of_edit(const struct edit *e, const char *name)
{
    cJSON *body = with_notification(e, cJSON_CreateObject());
    cJSON *list = cJSON_AddArrayToObject(body, name);
    const cJSON *one;

    cJSON_ArrayForEach(one, json_get(e->in, "attendees"))
        cJSON_AddItemToArray(list, attendee_of_edit(one));
    return body;
}

/* Answers given along with the invitation: {"user": .., "rsvp": ..}. */
static void set_answers(struct edit *e, const char *event_id)
{
    struct event *ev = map_get(&W.events_by_id, event_id);
    const cJSON *one;

    cJSON_ArrayForEach(one, json_get(e->in, "attendees"))
    {
        static const char *const answers[] = {
            "accept", "decline", "tentative", "removed"};
        struct person *who = person_find(json_text(one, "user"));
        const char *answer = json_text(one, "rsvp"), **rsvp;

        for (size_t i = 0; who && answer && i < 4; i++)
            if (strcmp(answers[i], answer) == 0 && attendee_of(ev, who, &rsvp))
                *rsvp = answers[i];
    }
}

static cJSON *attendees_add(struct edit *e)
{
    cJSON *body = attendees_of_edit(e, "attendees"), *data;

    if (json_get(e->in, "add_operator"))
        cJSON_AddBoolToObject(body, "add_operator_to_attendee",
            cJSON_IsTrue(json_get(e->in, "add_operator")));
    data = call(
        e, "POST", body, CALENDARS "/%s/events/%s/attendees", e->cal->id, e->event_id);
    if (data)
        set_answers(e, e->event_id);
    return data;
}

static cJSON *attendees_remove(struct edit *e)
{
    cJSON *body = attendees_of_edit(e, "delete_ids");
    const cJSON *ids = json_get(e->in, "attendee_ids");

    if (ids)
        cJSON_AddItemToObject(body, "attendee_ids", cJSON_Duplicate(ids, true));
    return call(e, "POST", body, CALENDARS "/%s/events/%s/attendees/batch_delete",
        e->cal->id, e->event_id);
}

static cJSON *event_body(struct edit *e)
{
    cJSON *body = with_notification(e, copy(json_get(e->in, "event")));

    e->complaint = relative_resolve(body);
    if (!e->complaint)
        return body;
    cJSON_Delete(body);
    return NULL;
}

static cJSON *event_create(struct edit *e)
{
    cJSON *body = event_body(e), *data, *ignored;

    if (!body)
        return NULL;
    data = call(e, "POST", body, CALENDARS "/%s/events", e->cal->id);
    if (!data || !json_get(e->in, "attendees"))
        return data;
    e->event_id = json_text(json_get(data, "event"), "event_id");
    ignored = attendees_add(e);
    if (!ignored) {
        cJSON_Delete(data);
        return NULL;
    }
    cJSON_Delete(ignored);
    return data;
}

static cJSON *event_patch(struct edit *e)
{
    cJSON *body = event_body(e);

    return body
        ? call(e, "PATCH", body, CALENDARS "/%s/events/%s", e->cal->id, e->event_id)
        : NULL;
}

static cJSON *event_delete(struct edit *e)
{
    const cJSON *tell = json_get(e->in, "need_notification");

    return call(e, "DELETE", NULL,
        CALENDARS "/%s/events/%s?need_notification=%s&delete_exception=%s", e->cal->id,
        e->event_id, cJSON_IsFalse(tell) ? "false" : "true",
        cJSON_IsTrue(json_get(e->in, "delete_exception")) ? "true" : "false");
}

static cJSON *rsvp(struct edit *e)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "rsvp_status",
        json_text(e->in, "rsvp_status") ? json_text(e->in, "rsvp_status") : "");
    return call(e, "POST", body, CALENDARS "/%s/events/%s/reply", e->who->primary->id,
        e->event_id);
}

static cJSON *calendar_create(struct edit *e)
{
    return call(e, "POST", copy(json_get(e->in, "calendar")), CALENDARS);
}

static cJSON *calendar_patch(struct edit *e)
{
    return call(
        e, "PATCH", copy(json_get(e->in, "calendar")), CALENDARS "/%s", e->cal->id);
}

static cJSON *calendar_delete(struct edit *e)
{
    return call(e, "DELETE", NULL, CALENDARS "/%s", e->cal->id);
}

static cJSON *subscribe(struct edit *e)
{
    return call(e, "POST", NULL, CALENDARS "/%s/subscribe", e->cal->id);
}

static cJSON *unsubscribe(struct edit *e)
{
    return call(e, "POST", NULL, CALENDARS "/%s/unsubscribe", e->cal->id);
}

static struct person *other(struct edit *e)
{
    struct person *who = person_find(json_text(e->in, "user"));

    if (!who)
        e->complaint = xstrdup("the edit's user is not known");
    return who;
}

static cJSON *share(struct edit *e)
{
    const struct person *with = other(e);
    const char *role = json_text(e->in, "role");
    cJSON *body, *scope;

    if (!with)
        return NULL;
    body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "role", role ? role : "reader");
    scope = cJSON_AddObjectToObject(body, "scope");
    cJSON_AddStringToObject(scope, "type", "user");
    cJSON_AddStringToObject(scope, "user_id", with->open_id);
    return call(e, "POST", body, CALENDARS "/%s/acls", e->cal->id);
}

static cJSON *unshare(struct edit *e)
{
    const struct person *with = other(e);
    const struct acl *acl = with ? acl_find(e->cal, with) : NULL;

    if (acl)
        return call(e, "DELETE", NULL, CALENDARS "/%s/acls/%s", e->cal->id, acl->id);
    if (!e->complaint)
        e->complaint = xstrdup("the calendar is not shared with that user");
    return NULL;
}

/* A room manager decides. */
static cJSON *room_answer(struct edit *e)
{
    struct event *ev = map_get(&W.events_by_id, e->event_id);
    const char *room = json_text(e->in, "room"),
               *answer = json_text(e->in, "rsvp_status");
    bool accept = answer && strcmp(answer, "accept") == 0;

    for (size_t i = 0; ev && room && i < ev->attendees.n; i++) {
        struct attendee *a = ev->attendees.p[i];

        if (!a->room || strcmp(a->room->id, room) != 0)
            continue;
        a->rsvp = accept ? "accept" : "decline";
        for (size_t j = 0; j < W.pending_rooms.n; j++)
            if (W.pending_rooms.p[j] == a)
                vec_drop(&W.pending_rooms, j--);
        a->decide_at_ms = 0;
        event_changed(ev, FEED_UPDATE);
        return cJSON_CreateObject();
    }
    e->complaint = xstrdup("the event has no such room");
    return NULL;
}

static cJSON *request(struct edit *e)
{
    const char *method = json_text(e->in, "method"), *path = json_text(e->in, "path");
    const cJSON *body = json_get(e->in, "body");

    if (method && path)
        return call(e, method, body ? cJSON_Duplicate(body, true) : NULL, "%s", path);
    e->complaint = xstrdup("the edit needs method and path");
    return NULL;
}

enum { NEEDS_CALENDAR = 1, NEEDS_EVENT = 2 };

static const struct action {
    const char *name;
    edit_fn run;
    int needs;
} ACTIONS[] = {
    {"event_create", event_create, NEEDS_CALENDAR},
    {"event_patch", event_patch, NEEDS_CALENDAR | NEEDS_EVENT},
    {"event_delete", event_delete, NEEDS_CALENDAR | NEEDS_EVENT},
    {"attendees_add", attendees_add, NEEDS_CALENDAR | NEEDS_EVENT},
    {"attendees_remove", attendees_remove, NEEDS_CALENDAR | NEEDS_EVENT},
    {"rsvp", rsvp, NEEDS_EVENT},
    {"calendar_create", calendar_create, 0},
    {"calendar_patch", calendar_patch, NEEDS_CALENDAR},
    {"calendar_delete", calendar_delete, NEEDS_CALENDAR},
    {"subscribe", subscribe, NEEDS_CALENDAR},
    {"unsubscribe", unsubscribe, NEEDS_CALENDAR},
    {"share", share, NEEDS_CALENDAR},
    {"unshare", unshare, NEEDS_CALENDAR},
    {"room_answer", room_answer, NEEDS_EVENT},
    {"request", request, 0},
};

static const struct action *action_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof ACTIONS / sizeof ACTIONS[0]; i++)
        if (strcmp(ACTIONS[i].name, name) == 0)
            return &ACTIONS[i];
    return NULL;
}

/* The calendar by id, by the scenario's key, or the user's primary one. */
static struct calendar *calendar_of(const struct edit *e)
{
    const char *id = json_text(e->in, "calendar_id");
    struct calendar *cal;

    if (!id || strcmp(id, "primary") == 0)
        return e->who->primary;
    cal = map_get(&W.calendars_by_id, id);
    return cal ? cal : map_get(&W.calendar_keys, id);
}

cJSON *edit_run(const cJSON *in, char **complaint)
{
    const struct action *action = action_of(json_text(in, "action"));
    struct edit e = {.in = in, .who = person_find(json_text(in, "as"))};
    cJSON *data = NULL;

    e.event_id = json_text(in, "event_id");
    if (!action)
        e.complaint = xstrdup("unknown action");
    else if (!e.who)
        e.complaint = xstrdup("the person of \"as\" is not known");
    else if ((action->needs & NEEDS_CALENDAR) && !(e.cal = calendar_of(&e)))
        e.complaint = xstrdup("the calendar is not known");
    else if ((action->needs & NEEDS_EVENT) && !e.event_id)
        e.complaint = xstrdup("event_id is missing");
    else
        data = action->run(&e);
    if (!data && !e.complaint)
        e.complaint = xstrdup("the edit failed");
    *complaint = e.complaint;
    return data;
}
