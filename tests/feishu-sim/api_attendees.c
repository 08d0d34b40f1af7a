/* Attendees of events (section 6). */

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "check.h"
#include "clock.h"
#include "draft_meeting.h"
#include "switches.h"

#define ATTENDEES_MAX 3000
#define ROOMS_PER_CALL_MAX 100
#define DELETES_PER_CALL_MAX 500

static void print_name(struct buf *out, const struct attendee *a)
{
    if (a->who)
        jw_str(out, "display_name", a->who->name);
    else if (a->chat)
        jw_str(out, "display_name", a->chat->name);
    else if (a->room)
        jw_str(out, "display_name", a->room->name);
    else
        jw_str(out, "display_name", a->email);
}

static void print_chat_members(struct buf *out, const struct attendee *a)
{
    jw_open(out, "chat_members", '[');
    for (size_t i = 0; i < a->members.n; i++) {
        const struct chat_member *m = a->members.p[i];

        jw_open(out, NULL, '{');
        jw_str(out, "rsvp_status", m->rsvp);
        jw_bool(out, "is_optional", a->optional);
        jw_str(out, "display_name", m->who->name);
        jw_bool(out, "is_organizer", m->who == a->ev->creator);
        jw_bool(out, "is_external", false);
        jw_close(out, '}');
    }
    jw_close(out, ']');
}

void attendee_print(struct buf *out, const char *key, const struct attendee *a,
    const struct request *rq, bool customization)
{
    jw_open(out, key, '{');
    jw_str(out, "type", a->type);
    jw_str(out, "attendee_id", a->id);
    jw_str(out, "rsvp_status", a->rsvp);
    jw_bool(out, "is_optional", a->optional);
    jw_bool(out, "is_organizer", a->organizer);
    jw_bool(out, "is_external", false);
    print_name(out, a);
    if (a->who)
        jw_str(out, "user_id", id_of(a->who, rq->id_type));
    if (a->chat) {
        jw_str(out, "chat_id", a->chat->id);
        print_chat_members(out, a);
    }
    if (a->room)
        jw_str(out, "room_id", a->room->id);
    if (a->email)
        jw_str(out, "third_party_email", a->email);
    if (a->operate_id)
        jw_str(out, "operate_id", a->operate_id);
    if (a->customization && customization)
        jw_raw(out, "resource_customization", a->customization);
    if (a->approval_reason)
        jw_str(out, "approval_reason", a->approval_reason);
    jw_close(out, '}');
}

static bool is_same(
    const struct attendee *a, const char *type, const void *thing, const char *email)
{
    if (strcmp(a->type, type) != 0)
        return false;
    if (email)
        return strcmp(a->email, email) == 0;
    return a->who == thing || (void *)a->chat == thing || (void *)a->room == thing;
}

static struct attendee *find(
    const struct event *ev, const char *type, const void *thing, const char *email)
{
    for (size_t i = 0; i < ev->attendees.n; i++) {
        struct attendee *a = ev->attendees.p[i];

        if (is_same(a, type, thing, email))
            return a;
    }
    return NULL;
}

/* Whom one element of a body means. */
struct wanted {
    const char *type;
    struct person *who;
    struct chat *chat;
    struct room *room;
    const char *email;
};

static struct attendee *find_wanted(const struct event *ev, const struct wanted *w)
{
    const void *thing = w->who ? (const void *)w->who : w->chat;

    return find(ev, w->type, thing ? thing : w->room, w->email);
}

static int read_third_party(struct reply *rp, const cJSON *in, struct wanted *out)
{
    if (sw_is(SW_THIRD_PARTY_ATTENDEE, "refuse"))
        return refuse(rp, 194004);
    out->type = "third_party";
    out->email = json_filled(in, "third_party_email");
    if (!out->email || sw_is(SW_THIRD_PARTY_ATTENDEE, "invalid"))
        return refuse(rp, 190002);
    return 0;
}

static int read_wanted(
    const struct request *rq, struct reply *rp, const cJSON *in, struct wanted *out)
{
    const char *type = json_filled(in, "type"), *user = json_filled(in, "user_id");
    const char *chat = json_filled(in, "chat_id"), *room = json_filled(in, "room_id");

    *out = (struct wanted){0};
    if (!type)
        return refuse(rp, 194004);
    if (strcmp(type, "third_party") == 0)
        return read_third_party(rp, in, out);
    if (strcmp(type, "user") == 0) {
        out->type = "user";
        out->who = user ? user_of(rq, rp, user) : NULL;
    } else if (strcmp(type, "chat") == 0) {
        out->type = "chat";
        out->chat = chat ? map_get(&W.chats_by_id, chat) : NULL;
    } else {
        out->type = "resource";
        out->room = room ? map_get(&W.rooms_by_id, room) : NULL;
        if (room && !out->room)
            refuse_field(rp, 99992375, "room_id", room, "the id does not exist");
    }
    if (!out->who && !out->chat && !out->room && !rp->code)
        refuse(rp, 190002);
    return rp->code;
}

static struct attendee *add_one(
    struct request *rq, struct event *ev, const struct wanted *w, const cJSON *in)
{
    struct attendee *a = attendee_new(ev, w->type);
    const cJSON *custom = cJSON_GetObjectItemCaseSensitive(in, "resource_customization");

    a->who = w->who;
    a->chat = w->chat;
    a->room = w->room;
    a->email = xstrdup(w->email);
    a->optional =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(in, "is_optional")) && !a->room;
    a->operate_id = xstrdup(json_filled(in, "operate_id"));
    a->approval_reason = xstrdup(json_filled(in, "approval_reason"));
    a->by_app = rq->kind == TOKEN_TENANT;
    if (cJSON_IsArray(custom))
        a->customization = cJSON_PrintUnformatted(custom);
    if (a->who && a->who == ev->creator) {
        a->organizer = true;
        a->rsvp = "accept";
    }
    for (size_t i = 0; a->chat && i < a->chat->members.n; i++) {
        struct chat_member *m = xcalloc(1, sizeof *m);

        *m = (struct chat_member){.who = a->chat->members.p[i], .rsvp = "needs_action"};
        vec_add(&a->members, m);
    }
    if (a->room) {
        vec_add(&a->room->bookings, ev);
        vec_add(&W.pending_rooms, a);
        a->decide_at_ms = clock_ms() + sw_number(SW_ROOM_DELAY_MS);
    }
    return a;
}

/* Whoever invites others is on the list himself unless he asks not to be. */
static void add_operator(struct request *rq, struct event *ev)
{
    struct wanted w = {.type = "user", .who = rq->who};

    if (!body_true(rq, "add_operator_to_attendee", true) || rq->who->bot ||
        find(ev, "user", rq->who, NULL) || rq->who != ev->creator)
        return;
    add_one(rq, ev, &w, NULL);
}

static int check_add(const struct request *rq, struct reply *rp, const struct event *ev)
{
    const cJSON *list = body_get(rq, "attendees"), *one;
    int rooms = 0;

    if (!list || !list->child)
        return refuse_field(rp, 99992402, "attendees", "", "the field is required");
    if (ev->attendees.n + (size_t)cJSON_GetArraySize(list) > ATTENDEES_MAX)
        return refuse(rp, 190002);
    cJSON_ArrayForEach(one, list)
    {
        struct wanted w;

        if (read_wanted(rq, rp, one, &w))
            return rp->code;
        rooms += w.room != NULL;
        if (sw_is(SW_ATTENDEE_TWICE, "refuse") && find_wanted(ev, &w))
            return refuse(rp, 190002);
    }
    return rooms > ROOMS_PER_CALL_MAX ? refuse(rp, 190002) : 0;
}

static void told(struct vec *people, const struct attendee *a, const struct person *by)
{
    if (a->who && a->who != by)
        vec_add(people, a->who);
    for (size_t i = 0; i < a->members.n; i++) {
        const struct chat_member *m = a->members.p[i];

        if (m->who != by)
            vec_add(people, m->who);
    }
}

/* The first attendee brings a meeting when the event was made with vchat left empty. */
static void bring_meeting(struct event *ev)
{
    if (!ev->vchat_open)
        return;
    ev->vchat_open = false;
    free(ev->vchat);
    ev->vchat = meeting_new();
}

static void add_all(struct request *rq, struct reply *rp, struct event *ev)
{
    const cJSON *one;
    struct vec people = {0};
    struct reply scratch = {0};

    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "attendees");
    cJSON_ArrayForEach(one, body_get(rq, "attendees"))
    {
        struct wanted w;
        struct attendee *a;

        read_wanted(rq, &scratch, one, &w);
        a = find_wanted(ev, &w);
        if (!a) {
            a = add_one(rq, ev, &w, one);
            told(&people, a, rq->who);
        }
        attendee_print(&rp->data, NULL, a, rq, true);
    }
    list_end(rp);
    jw_close(&rp->data, '}');
    if (body_true(rq, "need_notification", true))
        notify("invite", ev, rq->who, &people);
    vec_free(&people, NULL);
    reply_free(&scratch);
}

static bool may_invite(const struct target *t, const struct person *who)
{
    if (t->may_edit)
        return true;
    return attendee_of(t->ev, who, NULL) &&
        (strcmp(t->ev->attendee_ability, "can_invite_others") == 0 ||
            strcmp(t->ev->attendee_ability, "can_modify_event") == 0);
}

int api_attendees_add(struct request *rq, struct reply *rp)
{
    struct target t;
    struct event *ev;

    if (need_event(rq, rp, ROLE_WRITER, TYPE_PRIMARY | TYPE_SHARED, &t))
        return rp->code;
    if (!may_invite(&t, rq->who))
        return refuse(rp, 194002);
    if (check_add(rq, rp, t.ev))
        return rp->code;
    ev = target_row(&t);
    event_before_change(ev);
    add_operator(rq, ev);
    add_all(rq, rp, ev);
    bring_meeting(ev);
    event_spread(ev);
    event_changed(ev, FEED_UPDATE);
    return 0;
}

int api_attendees_list(struct request *rq, struct reply *rp)
{
    const bool customization = query_is_true(rq, "need_resource_customization");
    struct target t;
    size_t from, to, n;

    if (need_event(rq, rp, ROLE_READER, TYPE_PRIMARY | TYPE_SHARED, &t))
        return rp->code;
    if (t.ev->cancelled && !t.ev->master)
        return refuse(rp, 193003);
    if (!sees_attendees(&t))
        return refuse(rp, 194001);
    n = t.ev->attendees.n;
    if (!page_cut(rq, rp, query_get(rq, "page_token"), (size_t)page_size(rq, 20, 10, 100),
            n, &from, &to))
        return rp->code;
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "items");
    for (size_t i = from; i < to; i++)
        attendee_print(&rp->data, NULL, t.ev->attendees.p[i], rq, customization);
    list_end(rp);
    page_end(rp, to, n);
    jw_close(&rp->data, '}');
    return 0;
}

static struct attendee *by_id(const struct event *ev, const char *id)
{
    for (size_t i = 0; i < ev->attendees.n; i++) {
        struct attendee *a = ev->attendees.p[i];

        if (strcmp(a->id, id) == 0)
            return a;
    }
    return NULL;
}

/* Every attendee which the body names; 194000 when one is not there. */
static int read_leaving(
    struct request *rq, struct reply *rp, const struct event *ev, struct vec *out)
{
    const cJSON *ids = body_get(rq, "attendee_ids"), *names = body_get(rq, "delete_ids"),
                *one;

    if (cJSON_GetArraySize(ids) + cJSON_GetArraySize(names) > DELETES_PER_CALL_MAX)
        return refuse(rp, 190002);
    cJSON_ArrayForEach(one, ids)
    {
        struct attendee *a = by_id(ev, one->valuestring);

        if (!a)
            return refuse(rp, 194000);
        vec_add(out, a);
    }
    cJSON_ArrayForEach(one, names)
    {
        struct wanted w;
        struct attendee *a;

        if (read_wanted(rq, rp, one, &w))
            return rp->code;
        a = find_wanted(ev, &w);
        if (!a)
            return refuse(rp, 194000);
        vec_add(out, a);
    }
    return 0;
}

static void leave_all(struct request *rq, struct event *ev, const struct vec *leaving)
{
    struct vec people = {0};

    for (size_t i = 0; i < leaving->n; i++) {
        struct attendee *a = leaving->p[i];

        for (size_t j = 0; j < ev->attendees.n; j++)
            if (ev->attendees.p[j] == a) {
                told(&people, a, rq->who);
                attendee_drop(ev, j);
                break;
            }
    }
    if (body_true(rq, "need_notification", true))
        notify("uninvite", ev, rq->who, &people);
    vec_free(&people, NULL);
}

int api_attendees_delete(struct request *rq, struct reply *rp)
{
    struct vec leaving = {0};
    struct target t;
    struct event *ev;

    if (need_event(rq, rp, ROLE_WRITER, TYPE_PRIMARY | TYPE_SHARED, &t))
        return rp->code;
    if (!t.may_edit)
        return refuse(rp, 194003);
    if (read_leaving(rq, rp, t.ev, &leaving) == 0) {
        vec_free(&leaving, NULL);
        ev = target_row(&t);
        read_leaving(rq, rp, ev, &leaving);
        event_before_change(ev);
        leave_all(rq, ev, &leaving);
        event_spread(ev);
        event_changed(ev, FEED_UPDATE);
    }
    vec_free(&leaving, NULL);
    return rp->code;
}

int api_attendee_members(struct request *rq, struct reply *rp)
{
    struct target t;
    const struct attendee *a;
    size_t from, to;

    if (need_event(rq, rp, ROLE_READER, TYPE_PRIMARY | TYPE_SHARED, &t))
        return rp->code;
    if (!sees_attendees(&t))
        return refuse(rp, 194001);
    a = by_id(t.ev, rq->params[2]);
    if (!a)
        return refuse(rp, 194000);
    if (!a->chat)
        return refuse(rp, 194004);
    if (!page_cut(rq, rp, query_get(rq, "page_token"), (size_t)page_size(rq, 20, 10, 100),
            a->members.n, &from, &to))
        return rp->code;
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "items");
    for (size_t i = from; i < to; i++) {
        const struct chat_member *m = a->members.p[i];

        jw_open(&rp->data, NULL, '{');
        jw_str(&rp->data, "rsvp_status", m->rsvp);
        jw_bool(&rp->data, "is_optional", a->optional);
        jw_str(&rp->data, "display_name", m->who->name);
        jw_str(&rp->data, "open_id", m->who->open_id);
        jw_bool(&rp->data, "is_organizer", m->who == t.ev->creator);
        jw_bool(&rp->data, "is_external", false);
        jw_close(&rp->data, '}');
    }
    list_end(rp);
    page_end(rp, to, a->members.n);
    jw_close(&rp->data, '}');
    return 0;
}
