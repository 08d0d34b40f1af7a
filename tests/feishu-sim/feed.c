#include "feed.h"

#include <stdlib.h>

#include "clock.h"
#include "push.h"
#include "switches.h"
#include "token.h"

#define FEED_MAX 4096

struct change {
    uint64_t seq;
    int64_t at_ms;
    char *json; /* the payload's members, without braces */
};

static struct change ring[FEED_MAX];
static uint64_t last;

static void push(struct buf *members)
{
    struct change *slot = &ring[++last % FEED_MAX];

    free(slot->json);
    *slot = (struct change){.seq = last, .at_ms = clock_ms(), .json = members->p};
}

static const char *const KINDS[] = {
    [FEED_CREATE] = "create",
    [FEED_UPDATE] = "update",
    [FEED_DELETE] = "delete",
    [FEED_RSVP] = "rsvp",
};

static void id_list(struct buf *out, const struct vec *people)
{
    jw_open(out, "user_id_list", '[');
    for (size_t i = 0; i < people->n; i++)
        jw_str(out, NULL, ((const struct person *)people->p[i])->open_id);
    jw_close(out, ']');
}

/* user_id only for apps that may see it. */
static void id_triple(struct buf *out, const char *key, const struct person *who)
{
    jw_open(out, key, '{');
    jw_str(out, "union_id", who->union_id);
    if (app_has_scope("contact:user.employee_id:readonly"))
        jw_str(out, "user_id", who->user_id);
    jw_str(out, "open_id", who->open_id);
    jw_close(out, '}');
}

/* Subscribers who still may see the calendar; false when there are none. */
static bool told(
    struct buf *out, const struct calendar *cal, const struct vec *people, enum role need)
{
    bool any = false;

    jw_open(out, "user_id_list", '[');
    for (size_t i = 0; i < people->n; i++) {
        const struct person *who = people->p[i];

        if (cal->deleted || calendar_role(cal, who) < need)
            continue;
        id_triple(out, NULL, who);
        any = true;
    }
    jw_close(out, ']');
    return any;
}

static const struct person *answers_of;
static const char *answer;

void feed_answers_of(const struct person *who, const char *status)
{
    answers_of = who;
    answer = status;
}

static void offer_event(
    const struct calendar *cal, const char *event_id, enum feed_kind kind)
{
    char *key = xfmt("%s %s", cal->id, event_id);
    struct push_subject subject = {.type = "calendar.calendar.event.changed_v4",
        .key = key,
        .change = KINDS[kind],
        .calendar_id = cal->id};
    struct buf json = {0};

    jw_str(&json, "calendar_id", cal->id);
    if (sw_is(SW_PUSH_DETAILS, "on")) {
        jw_str(&json, "calendar_event_id", event_id);
        jw_str(&json, "change_type", KINDS[kind]);
        if (kind == FEED_RSVP && answers_of) {
            jw_open(&json, "rsvp_infos", '[');
            jw_open(&json, NULL, '{');
            id_triple(&json, "from_user_id", answers_of);
            jw_str(&json, "rsvp_status", answer);
            jw_close(&json, '}');
            jw_close(&json, ']');
        }
    }
    if (told(&json, cal, &cal->subscribers, ROLE_READER))
        push_offer(&subject, &json);
    buf_free(&json);
    free(key);
}

void feed_event(const struct calendar *cal, const char *event_id, enum feed_kind kind)
{
    struct buf json = {0};

    jw_str(&json, "type", "calendar.calendar.event.changed_v4");
    jw_str(&json, "calendar_id", cal->id);
    jw_str(&json, "calendar_event_id", event_id);
    jw_str(&json, "change_type", KINDS[kind]);
    id_list(&json, &cal->subscribers);
    push(&json);
    if (cal->subscribers.n)
        offer_event(cal, event_id, kind);
}

void feed_calendar_list(const struct person *who)
{
    static const struct push_subject subject = {.type = "calendar.calendar.changed_v4"};
    struct buf json = {0};

    jw_str(&json, "type", subject.type);
    jw_str(&json, "open_id", who->open_id);
    jw_bool(&json, "subscribed", who->list_subscribed);
    push(&json);
    if (!who->list_subscribed)
        return;
    json = (struct buf){0};
    jw_open(&json, "user_id_list", '[');
    id_triple(&json, NULL, who);
    jw_close(&json, ']');
    push_offer(&subject, &json);
    buf_free(&json);
}

static void offer_acl(const struct calendar *cal, const struct acl *acl, const char *type)
{
    /* The calendar's id is for the control interface: the payload has none. */
    struct push_subject subject = {.type = type, .calendar_id = cal->id};
    struct buf json = {0};

    jw_str(&json, "acl_id", acl->id);
    jw_str(&json, "role", role_name(acl->role));
    jw_open(&json, "scope", '{');
    jw_str(&json, "type", "user");
    id_triple(&json, "user_id", acl->who);
    jw_close(&json, '}');
    if (told(&json, cal, &cal->acl_subscribers, ROLE_OWNER))
        push_offer(&subject, &json);
    buf_free(&json);
}

void feed_acl(const struct calendar *cal, const struct acl *acl, bool created)
{
    const char *type =
        created ? "calendar.calendar.acl.created_v4" : "calendar.calendar.acl.deleted_v4";
    struct buf json = {0};

    jw_str(&json, "type", type);
    jw_str(&json, "calendar_id", cal->id);
    jw_str(&json, "acl_id", acl->id);
    jw_str(&json, "role", role_name(acl->role));
    jw_str(&json, "open_id", acl->who->open_id);
    id_list(&json, &cal->acl_subscribers);
    push(&json);
    offer_acl(cal, acl, type);
}

void feed_revoked(const struct person *who)
{
    static const struct push_subject subject = {
        .type = "auth.user_access_token.revoked_v4"};
    struct buf json = {0};

    jw_str(&json, "revoke_token_type", "user_access_token");
    jw_str(&json, "revoke_reason", "user_revoke");
    jw_str(&json, "open_id", who->open_id);
    jw_str(&json, "union_id", who->union_id);
    if (app_has_scope("contact:user.employee_id:readonly"))
        jw_str(&json, "user_id", who->user_id);
    push_offer(&subject, &json);
    buf_free(&json);
}

void feed_print(struct buf *out, const char *key, uint64_t since)
{
    uint64_t first = last > FEED_MAX ? last - FEED_MAX + 1 : 1;

    jw_open(out, key, '[');
    for (uint64_t seq = since + 1 > first ? since + 1 : first; seq <= last; seq++) {
        const struct change *c = &ring[seq % FEED_MAX];

        jw_open(out, NULL, '{');
        jw_int(out, "seq", (int64_t)c->seq);
        jw_int(out, "time_ms", c->at_ms);
        buf_str(out, ",");
        buf_str(out, c->json);
        jw_close(out, '}');
    }
    jw_close(out, ']');
}

void feed_clear(void)
{
    for (size_t i = 0; i < FEED_MAX; i++) {
        free(ring[i].json);
        ring[i] = (struct change){0};
    }
    last = 0;
    answers_of = NULL;
    push_forget();
}
