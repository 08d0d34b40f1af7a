/* Calendars: one at a time (API section "calendar"). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "check.h"
#include "switches.h"

#define CALENDARS_PER_PERSON_MAX 1000

static const char *const PERMISSIONS[] = {"private", "show_only_free_busy", "public"};

static const char *permission_of(const char *text)
{
    for (size_t i = 0; i < 3; i++)
        if (strcmp(PERMISSIONS[i], text) == 0)
            return PERMISSIONS[i];
    return NULL;
}

static size_t living_members(const struct person *who)
{
    size_t n = 0;

    for (size_t i = 0; i < who->member_list.n; i++)
        n += !((const struct member *)who->member_list.p[i])->gone;
    return n;
}

static int with_user(
    struct request *rq, struct reply *rp, struct person *const *people, size_t n)
{
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "calendars");
    for (size_t i = 0; i < n; i++) {
        jw_open(&rp->data, NULL, '{');
        calendar_print(&rp->data, "calendar", people[i]->primary, rq->who);
        jw_str(&rp->data, "user_id", id_of(people[i], rq->id_type));
        jw_close(&rp->data, '}');
    }
    list_end(rp);
    jw_close(&rp->data, '}');
    return 0;
}

int api_calendar_primary(struct request *rq, struct reply *rp)
{
    if (rq->kind == TOKEN_TENANT && rq->id_type == ID_USER)
        return refuse(rp, 190002);
    return with_user(rq, rp, &rq->who, 1);
}

int api_calendar_primarys(struct request *rq, struct reply *rp)
{
    const cJSON *ids = body_get(rq, "user_ids");
    struct person *people[10];
    int n = cJSON_GetArraySize(ids);

    if (n < 1 || n > 10)
        return refuse(rp, 198001);
    for (int i = 0; i < n; i++) {
        people[i] = user_of(rq, rp, cJSON_GetArrayItem(ids, i)->valuestring);
        if (!people[i])
            return rp->code;
    }
    return with_user(rq, rp, people, (size_t)n);
}

static void one(struct request *rq, struct reply *rp, const struct calendar *cal)
{
    jw_open(&rp->data, NULL, '{');
    calendar_print(&rp->data, "calendar", cal, rq->who);
    jw_close(&rp->data, '}');
}

/* What everybody sees of it. */
static bool set_shared(const struct request *rq, struct calendar *cal)
{
    const char *summary = body_text(rq, "summary"), *about = body_text(rq, "description");
    const char *permissions = body_text(rq, "permissions");

    if (summary)
        set_str(&cal->summary, summary);
    if (about)
        set_str(&cal->description, about);
    if (permissions)
        cal->permissions = permission_of(permissions);
    return summary || about || permissions;
}

/* What only the caller sees. */
static bool set_own(const struct request *rq, struct member *m)
{
    const cJSON *color = body_get(rq, "color");
    const char *alias = body_text(rq, "summary_alias");

    if (color)
        m->color = (int)color->valuedouble;
    if (alias)
        set_str(&m->alias, alias);
    return color || alias;
}

int api_calendar_create(struct request *rq, struct reply *rp)
{
    struct calendar *cal;

    if (living_members(rq->who) >= CALENDARS_PER_PERSON_MAX)
        return refuse(rp, 191005);
    cal = calendar_add(rq->who, "shared", NULL);
    set_shared(rq, cal);
    set_own(rq, member_of(rq->who, cal));
    one(rq, rp, cal);
    return 0;
}

int api_calendar_get(struct request *rq, struct reply *rp)
{
    struct calendar *cal = need_calendar(rq, rp, ROLE_FREE_BUSY, TYPE_ANY);

    if (cal)
        calendar_print(&rp->data, NULL, cal, rq->who);
    return rp->code;
}

int api_calendar_mget(struct request *rq, struct reply *rp)
{
    const cJSON *ids = body_get(rq, "calendar_ids"), *id;
    int n = cJSON_GetArraySize(ids);

    if (n < 1 || n > 10)
        return refuse(rp, 198007);
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "calendars");
    cJSON_ArrayForEach(id, ids)
    {
        struct calendar *cal = find_calendar(rq, rp, id->valuestring);

        if (!cal)
            return rp->code;
        if (calendar_role(cal, rq->who) == ROLE_NONE)
            return refuse(rp, 191002);
        calendar_print(&rp->data, NULL, cal, rq->who);
    }
    list_end(rp);
    jw_close(&rp->data, '}');
    return 0;
}

int api_calendar_patch(struct request *rq, struct reply *rp)
{
    struct calendar *cal = need_calendar(rq, rp, ROLE_FREE_BUSY, TYPE_ANY);
    struct member *m;
    bool shared;

    if (!cal)
        return rp->code;
    m = member_of(rq->who, cal);
    if (!m || m->gone)
        return refuse(rp, 191009);
    shared = body_text(rq, "summary") || body_text(rq, "description") ||
        body_text(rq, "permissions");
    if (shared && calendar_role(cal, rq->who) < ROLE_OWNER)
        return refuse(rp, 191002);
    if (body_text(rq, "summary_alias") && strcmp(cal->type, "resource") == 0)
        return refuse(rp, 191004);
    if (set_shared(rq, cal))
        calendar_touch(cal);
    if (set_own(rq, m))
        member_touch(m);
    one(rq, rp, cal);
    return 0;
}

/* What was on it has gone for its guests, too. Nobody is told: of that nothing is known.
 */
static void cancel_events(struct calendar *cal)
{
    for (size_t i = 0; i < cal->entries.n; i++) {
        struct event *ev = ((struct entry *)cal->entries.p[i])->ev;

        if (ev->home != cal || ev->cancelled || ev->purged)
            continue;
        event_before_change(ev);
        ev->cancelled = true;
        event_changed(ev, FEED_DELETE);
    }
}

int api_calendar_delete(struct request *rq, struct reply *rp)
{
    struct calendar *cal = need_calendar(rq, rp, ROLE_FREE_BUSY, TYPE_ANY);

    if (!cal)
        return rp->code;
    if (strcmp(cal->type, "shared") != 0)
        return refuse(rp, 191004);
    if (calendar_role(cal, rq->who) < ROLE_OWNER)
        return refuse(rp, 191002);
    cancel_events(cal);
    cal->deleted = true;
    for (size_t i = 0; i < W.people.n; i++)
        member_leave(W.people.p[i], cal);
    return 0;
}

int api_calendar_subscribe(struct request *rq, struct reply *rp)
{
    struct calendar *cal = find_calendar(rq, rp, rq->params[0]);
    struct member *m;

    if (!cal)
        return rp->code;
    if (cal->deleted)
        return refuse(rp, 191003);
    if ((strcmp(cal->type, "shared") != 0 && strcmp(cal->type, "primary") != 0) ||
        (cal->owner && cal->owner->bot && strcmp(cal->type, "primary") == 0))
        return refuse(rp, 191006);
    if (calendar_role(cal, rq->who) == ROLE_NONE)
        return refuse(rp, 191002);
    m = member_of(rq->who, cal);
    if (!m || m->gone) {
        if (living_members(rq->who) >= CALENDARS_PER_PERSON_MAX)
            return refuse(rp, 191005);
        member_join(rq->who, cal);
    }
    one(rq, rp, cal);
    return 0;
}

int api_calendar_unsubscribe(struct request *rq, struct reply *rp)
{
    struct calendar *cal = find_calendar(rq, rp, rq->params[0]);
    struct member *m;

    if (!cal)
        return rp->code;
    if (cal == rq->who->primary)
        return refuse(rp, 191008);
    m = member_of(rq->who, cal);
    if (!m || m->gone)
        return refuse(rp, 191007);
    member_leave(rq->who, cal);
    return 0;
}

static bool has_words(const struct calendar *cal, const char *words)
{
    return strcasestr(cal->summary, words) || strcasestr(cal->description, words);
}

int api_calendar_search(struct request *rq, struct reply *rp)
{
    const char *words = body_text(rq, "query");
    struct vec found = {0};
    size_t from, to;

    for (size_t i = 0; i < W.calendars.n; i++) {
        struct calendar *cal = W.calendars.p[i];
        bool primary = strcmp(cal->type, "primary") == 0;

        if (cal->deleted || (cal->owner && cal->owner->bot && primary) ||
            (primary && rq->kind == TOKEN_TENANT) ||
            (!primary && strcmp(cal->permissions, "public") != 0) ||
            !has_words(cal, words))
            continue;
        vec_add(&found, cal);
    }
    if (page_cut(rq, rp, query_get(rq, "page_token"), (size_t)page_size(rq, 20, 1, 50),
            found.n, &from, &to)) {
        jw_open(&rp->data, NULL, '{');
        list_begin(rp, "items");
        for (size_t i = from; i < to; i++)
            calendar_print(&rp->data, NULL, found.p[i], rq->who);
        list_end(rp);
        page_token_end(rp, to, found.n);
        jw_close(&rp->data, '}');
    }
    vec_free(&found, NULL);
    return rp->code;
}

int api_calendars_subscription(struct request *rq, struct reply *rp)
{
    (void)rp;
    rq->who->list_subscribed = true;
    return 0;
}

int api_calendars_unsubscription(struct request *rq, struct reply *rp)
{
    (void)rp;
    rq->who->list_subscribed = false;
    return 0;
}
