#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "calls.h"
#include "clock.h"
#include "connection.h"
#include "connection_faults.h"
#include "edit.h"
#include "faults.h"
#include "push.h"
#include "scenario.h"
#include "switches.h"
#include "token.h"

typedef char *(*control_fn)(struct request *rq, struct buf *out);

static const char *text(const struct request *rq, const char *name)
{
    return body_text(rq, name);
}

static uint64_t since(const struct request *rq)
{
    return (uint64_t)query_number(rq, "since", 0);
}

static char *get_state(struct request *rq, struct buf *out)
{
    state_print(out, rq);
    return NULL;
}

static char *post_reset(struct request *rq, struct buf *out)
{
    char *complaint;

    (void)out;
    faults_clear();
    calls_clear();
    push_defaults();
    connections_defaults();
    connections_end(false);
    if (rq->json && rq->json->child)
        complaint = scenario_load(rq->json);
    else
        complaint = scenario_again();
    if (complaint)
        free(scenario_builtin());
    return complaint;
}

static char *get_calls(struct request *rq, struct buf *out)
{
    jw_int(out, "last", (int64_t)calls_last());
    calls_print(out, "calls", since(rq));
    return NULL;
}

static char *delete_calls(struct request *rq, struct buf *out)
{
    (void)rq;
    (void)out;
    calls_clear();
    return NULL;
}

static char *get_feed(struct request *rq, struct buf *out)
{
    feed_print(out, "feed", since(rq));
    return NULL;
}

static char *get_push(struct request *rq, struct buf *out)
{
    (void)rq;
    push_print(out);
    return NULL;
}

static char *post_push(struct request *rq, struct buf *out)
{
    (void)out;
    return push_configure(rq->json);
}

static char *post_push_check(struct request *rq, struct buf *out)
{
    (void)rq;
    return push_check(out);
}

static char *post_connections(struct request *rq, struct buf *out)
{
    (void)out;
    return connection_control(rq->json);
}

static char *get_notifications(struct request *rq, struct buf *out)
{
    (void)rq;
    jw_open(out, "notifications", '[');
    for (size_t i = 0; i < W.notifications.n; i++)
        jw_raw(out, NULL, W.notifications.p[i]);
    jw_close(out, ']');
    return NULL;
}

static char *delete_notifications(struct request *rq, struct buf *out)
{
    (void)rq;
    (void)out;
    vec_free(&W.notifications, free);
    return NULL;
}

static char *post_edit(struct request *rq, struct buf *out)
{
    char *complaint = NULL;
    cJSON *data = edit_run(rq->json, &complaint);

    if (data)
        jw_json(out, "data", data);
    cJSON_Delete(data);
    return complaint;
}

static char *get_switches(struct request *rq, struct buf *out)
{
    (void)rq;
    sw_print(out, "switches");
    return NULL;
}

static char *post_switches(struct request *rq, struct buf *out)
{
    char *complaint = sw_set(rq->json);

    sw_print(out, "switches");
    return complaint;
}

static char *get_faults(struct request *rq, struct buf *out)
{
    (void)rq;
    faults_print(out, "faults");
    return NULL;
}

static char *post_faults(struct request *rq, struct buf *out)
{
    int id = 0;
    char *complaint = fault_add(rq->json, &id);

    if (!complaint)
        jw_int(out, "id", id);
    return complaint;
}

static char *delete_faults(struct request *rq, struct buf *out)
{
    (void)rq;
    (void)out;
    faults_clear();
    return NULL;
}

static void set_life(const struct request *rq, const char *name, int64_t *life_s)
{
    const cJSON *v = body_get(rq, name);

    if (cJSON_IsNumber(v))
        *life_s = (int64_t)v->valuedouble;
}

static bool says(const struct request *rq, const char *name, const char *word)
{
    const char *value = text(rq, name);

    return value && strcmp(value, word) == 0;
}

/* Raises generations, so that every sync and page token is expired. */
static char *expire_sync(const struct request *rq)
{
    const char *id = text(rq, "calendar_id");
    struct calendar *one = id ? map_get(&W.calendars_by_id, id) : NULL;

    if (id && !one)
        return xstrdup("calendar_id is not known");
    for (size_t i = 0; i < W.calendars.n; i++) {
        struct calendar *cal = W.calendars.p[i];

        if (!one || cal == one)
            cal->epoch++;
    }
    for (size_t i = 0; i < W.people.n && !one; i++)
        ((struct person *)W.people.p[i])->list_epoch++;
    return NULL;
}

/* A pair without the browser. */
static char *mint(const struct request *rq, struct person *who, struct buf *out)
{
    const char *scope = text(rq, "scope");
    struct pair_issued pair;

    if (!who)
        return xstrdup("mint needs a known user");
    pair = token_issue(grant_new(who,
                           scope ? scope
                                 : "offline_access calendar:calendar "
                                   "calendar:calendar:readonly "
                                   "contact:contact.base:readonly "
                                   "contact:user.email:readonly "
                                   "contact:user:search vc:room:readonly"),
        NULL);
    jw_str(out, "access_token", pair.access->text);
    jw_str(out, "refresh_token", pair.refresh ? pair.refresh->text : NULL);
    return NULL;
}

/* Of one person only: who revokes those of everybody tests something else. */
static void tell_revoked(const struct person *who)
{
    if (who)
        feed_revoked(who);
}

static char *post_tokens(struct request *rq, struct buf *out)
{
    struct person *who = person_find(text(rq, "user"));

    if (text(rq, "user") && !who)
        return xstrdup("user is not known");
    set_life(rq, "access_lifetime_s", &access_life_s);
    set_life(rq, "refresh_lifetime_s", &refresh_life_s);
    set_life(rq, "grant_lifetime_s", &grant_life_s);
    set_life(rq, "code_lifetime_s", &code_life_s);
    set_life(rq, "tenant_lifetime_s", &tenant_life_s);
    if (says(rq, "access", "expire"))
        tokens_expire_access(who);
    if (says(rq, "access", "revoke")) {
        tokens_revoke_access(who);
        tell_revoked(who);
    }
    if (says(rq, "refresh", "expire"))
        tokens_expire_refresh(who);
    if (says(rq, "refresh", "revoke"))
        tokens_revoke_refresh(who);
    if (says(rq, "grant", "end"))
        tokens_end_grants(who);
    if (says(rq, "tenant", "expire"))
        tokens_expire_tenant();
    if (says(rq, "sync", "expire")) {
        char *complaint = expire_sync(rq);

        if (complaint)
            return complaint;
    }
    return body_true(rq, "mint", false) ? mint(rq, who, out) : NULL;
}

static char *get_tokens(struct request *rq, struct buf *out)
{
    (void)rq;
    tokens_print(out, "tokens");
    return NULL;
}

static char *post_login(struct request *rq, struct buf *out)
{
    const char *user = text(rq, "user");

    (void)out;
    if (user && !person_find(user))
        return xstrdup("user is not known");
    W.login = person_find(user);
    W.login_refuses = body_true(rq, "refuse", false);
    return NULL;
}

/* Whoever left has no tokens, and a primary calendar that is no more. */
static char *post_people(struct request *rq, struct buf *out)
{
    struct person *who = person_find(text(rq, "user"));

    (void)out;
    if (!who)
        return xstrdup("user is not known");
    who->frozen = body_true(rq, "frozen", who->frozen);
    if (body_true(rq, "resigned", false) && !who->resigned) {
        who->primary->deleted = true;
        for (size_t i = 0; i < W.people.n; i++)
            member_leave(W.people.p[i], who->primary);
    }
    who->resigned = body_true(rq, "resigned", who->resigned);
    if (who->resigned || who->frozen)
        tokens_revoke_access(who);
    return NULL;
}

static char *get_clock(struct request *rq, struct buf *out)
{
    char iso[32];

    (void)rq;
    rfc3339_print(clock_s(), 0, iso);
    jw_int(out, "now", clock_s());
    jw_int(out, "now_ms", clock_ms());
    jw_str(out, "text", iso);
    jw_bool(out, "manual", clock_is_manual());
    return NULL;
}

static char *post_clock(struct request *rq, struct buf *out)
{
    const cJSON *set = body_get(rq, "set"), *advance = body_get(rq, "advance");
    int64_t at;

    if (cJSON_IsNumber(set))
        clock_set_ms((int64_t)(set->valuedouble * 1000));
    else if (cJSON_IsString(set) && rfc3339_parse(set->valuestring, &at))
        clock_set_ms(at * 1000);
    else if (set)
        return xstrdup("set takes seconds or RFC 3339");
    if (cJSON_IsNumber(advance))
        clock_advance_ms((int64_t)(advance->valuedouble * 1000));
    if (body_true(rq, "real", false))
        clock_real();
    rooms_settle();
    return get_clock(rq, out);
}

static const struct row {
    const char *method, *path;
    control_fn run;
} ROWS[] = {
    {"GET", "/_sim/state", get_state},
    {"POST", "/_sim/reset", post_reset},
    {"GET", "/_sim/calls", get_calls},
    {"DELETE", "/_sim/calls", delete_calls},
    {"GET", "/_sim/feed", get_feed},
    {"GET", "/_sim/push", get_push},
    {"POST", "/_sim/push", post_push},
    {"POST", "/_sim/push/check", post_push_check},
    {"POST", "/_sim/connections", post_connections},
    {"GET", "/_sim/notifications", get_notifications},
    {"DELETE", "/_sim/notifications", delete_notifications},
    {"POST", "/_sim/edit", post_edit},
    {"GET", "/_sim/switches", get_switches},
    {"POST", "/_sim/switches", post_switches},
    {"GET", "/_sim/faults", get_faults},
    {"POST", "/_sim/faults", post_faults},
    {"DELETE", "/_sim/faults", delete_faults},
    {"GET", "/_sim/tokens", get_tokens},
    {"POST", "/_sim/tokens", post_tokens},
    {"POST", "/_sim/login", post_login},
    {"POST", "/_sim/people", post_people},
    {"GET", "/_sim/clock", get_clock},
    {"POST", "/_sim/clock", post_clock},
};

static const struct row *row_of(const struct request *rq)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (strcmp(ROWS[i].method, rq->method) == 0 &&
            strcmp(ROWS[i].path, rq->path) == 0)
            return &ROWS[i];
    return NULL;
}

void control_serve(struct request *rq, struct reply *rp)
{
    const struct row *row = row_of(rq);
    char *complaint = NULL;

    if (!row) {
        reply_not_found(rp);
        return;
    }
    if (rq->n_body)
        rq->json = cJSON_ParseWithLength(rq->body, rq->n_body);
    if (rq->n_body && !cJSON_IsObject(rq->json))
        complaint = xstrdup("the body is not a JSON object");
    rp->flat = true;
    jw_open(&rp->body, NULL, '{');
    if (!complaint)
        complaint = row->run(rq, &rp->body);
    rp->status = complaint ? 400 : 200;
    if (complaint) {
        rp->body.n = 0;
        jw_open(&rp->body, NULL, '{');
        jw_str(&rp->body, "complaint", complaint);
    } else {
        jw_bool(&rp->body, "ok", true);
    }
    jw_close(&rp->body, '}');
    free(complaint);
}
