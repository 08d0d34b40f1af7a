#include "gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "calls.h"
#include "clock.h"
#include "connection.h"
#include "control.h"
#include "event.h"
#include "faults.h"
#include "lock.h"
#include "routes.h"
#include "switches.h"
#include "token.h"

static int check_token(struct request *rq, struct reply *rp)
{
    const char *text = rq->authorization;
    struct token *t;

    if (!text || strncmp(text, "Bearer ", 7) != 0 || !text[7])
        return refuse(rp, 99991661);
    if (!sw_is(SW_APP, "on"))
        return refuse(rp, sw_is(SW_APP, "off") ? 99991662 : 99991673);
    text += 7;
    t = token_find(text);
    if (strncmp(text, "t-", 2) == 0 || strncmp(text, "a-", 2) == 0) {
        if (!t || t->revoked || t->expires_s <= clock_s())
            return refuse(rp, 99991663);
    } else if (strncmp(text, "eyJ", 3) == 0 || strncmp(text, "u-", 2) == 0) {
        if (!t || t->revoked)
            return refuse(rp, 99991668);
        if (t->expires_s <= clock_s())
            return refuse(rp, 99991677);
    } else {
        return refuse(rp, 99991671);
    }
    if (t->kind == TOKEN_USER && !(rq->route->tokens & BY_USER))
        return refuse_with(rp, 99991668, "user access token not support");
    if (t->kind == TOKEN_TENANT && !(rq->route->tokens & BY_TENANT))
        return refuse_with(rp, 99991663, "tenant access token not support");
    rq->token = t;
    rq->kind = t->kind;
    rq->who = t->who;
    return 0;
}

/* Names every alternative in msg and permission_violations. */
static int missing_scope(struct reply *rp, int code, const char *scopes, const char *type)
{
    struct buf names = {0};
    char *copy = xstrdup(scopes), *save = NULL;

    for (char *one = strtok_r(copy, " ", &save); one; one = strtok_r(NULL, " ", &save)) {
        buf_fmt(&names, "%s%s", names.n ? ", " : "", one);
        jw_open(&rp->permissions, NULL, '{');
        jw_str(&rp->permissions, "type", type);
        jw_str(&rp->permissions, "subject", one);
        jw_close(&rp->permissions, '}');
    }
    free(copy);
    refuse_with(rp, code, "%s One of the following scopes is required: [%s].",
        code == 99991672 ? "Access denied."
                         : "Unauthorized. The user has not granted the scope.",
        buf_text(&names));
    buf_free(&names);
    return code;
}

static int need_scopes(
    struct request *rq, struct reply *rp, const char *scopes, const char *type)
{
    char *copy = xstrdup(scopes), *save = NULL;
    bool app = false, user = false;

    for (char *one = strtok_r(copy, " ", &save); one && !user;
         one = strtok_r(NULL, " ", &save)) {
        if (!app_has_scope(one))
            continue;
        app = true;
        user = rq->kind != TOKEN_USER || scope_has(rq->token->scope, one);
    }
    free(copy);
    if (!app)
        return missing_scope(rp, 99991672, scopes, type);
    return user ? 0 : missing_scope(rp, 99991679, scopes, type);
}

static int check_scope(struct request *rq, struct reply *rp)
{
    if (rq->route->scopes &&
        need_scopes(rq, rp, rq->route->scopes, "action_scope_required"))
        return rp->code;
    if (rq->kind == TOKEN_TENANT && sw_is(SW_BOT, "off") &&
        strncmp(rq->path, "/open-apis/calendar/", 20) == 0)
        return refuse(rp, 190007);
    return 0;
}

static int check_rate(struct request *rq, struct reply *rp)
{
    char digits[24];
    int limit, wait_s;

    if (limit_take(route_limit(rq->route), rq->route->level, &limit, &wait_s))
        return 0;
    snprintf(digits, sizeof digits, "%d", limit);
    reply_header(rp, "x-ogw-ratelimit-limit", digits);
    snprintf(digits, sizeof digits, "%d", wait_s);
    reply_header(rp, "x-ogw-ratelimit-reset", digits);
    return refuse(rp, 99991400);
}

static int check_id_type(struct request *rq, struct reply *rp)
{
    const char *type = query_get(rq, "user_id_type");

    rq->id_type = ID_OPEN;
    if (!type || !*type || strcmp(type, "open_id") == 0)
        return 0;
    if (strcmp(type, "union_id") == 0) {
        rq->id_type = ID_UNION;
        return 0;
    }
    if (strcmp(type, "user_id") != 0)
        return refuse_field(
            rp, 99992402, "user_id_type", type, "value is not one of the allowed words");
    rq->id_type = ID_USER;
    if (rq->in_client)
        return 0;
    return need_scopes(
        rq, rp, "contact:user.employee_id:readonly", "field_scope_required");
}

static int parse_body(struct request *rq, struct reply *rp)
{
    if (!rq->n_body || rq->json)
        return 0;
    if (rq->content_type &&
        strncasecmp(rq->content_type, "application/x-www-form", 22) == 0)
        return 0;
    if (rq->content_type && strncasecmp(rq->content_type, "multipart/", 10) == 0)
        return 0;
    rq->json = cJSON_ParseWithLength(rq->body, rq->n_body);
    return rq->json ? 0 : refuse(rp, 99991300);
}

static int check_shape(struct request *rq, struct reply *rp)
{
    if (check_id_type(rq, rp) || check_query(rq, rp, rq->route->query))
        return rp->code;
    if (strcmp(rq->method, "GET") == 0)
        return 0;
    return parse_body(rq, rp) ? rp->code : check_body(rq, rp, rq->route->body);
}

static void api(struct request *rq, struct reply *rp)
{
    if (strcmp(rq->path, "/ws/v2") == 0 && strcmp(rq->method, "GET") == 0) {
        connection_handshake(rq, rp);
        return;
    }
    rq->route = route_find(rq);
    if (!rq->route) {
        reply_not_found(rp);
        return;
    }
    if (rq->route->tokens && (check_token(rq, rp) || check_scope(rq, rp)))
        return;
    if (check_rate(rq, rp) || (rq->route->tokens && check_shape(rq, rp)))
        return;
    rq->route->handle(rq, rp);
}

int gateway_edit(struct request *rq, struct reply *rp)
{
    rq->in_client = true;
    rq->kind = TOKEN_USER;
    rq->route = route_find(rq);
    if (!rq->route)
        return refuse_with(
            rp, 193000, "the edit has no route %s %s", rq->method, rq->path);
    if (check_shape(rq, rp))
        return rp->code;
    return rq->route->handle(rq, rp);
}

static void new_log_id(struct reply *rp)
{
    char *tail = rp->log_id + 14;

    compact_print(clock_s(), rp->log_id);
    random_hex(tail, 20);
    for (char *c = tail; *c; c++)
        if (*c >= 'a')
            *c = (char)(*c - 'a' + 'A');
}

static void under_lock(struct request *rq, struct reply *rp)
{
    struct fault *fault;

    rooms_settle();
    if (strncmp(rq->path, "/_sim/", 6) == 0) {
        control_serve(rq, rp);
        return;
    }
    fault = fault_take(rq);
    if (!fault || fault_has_effect(fault))
        api(rq, rp);
    reply_finish(rp, rq);
    if (fault)
        fault_apply(fault, rp);
    reply_header(rp, "X-Tt-Logid", rp->log_id);
    call_record(rq, rp);
}

void gateway_serve(struct request *rq, struct reply *rp)
{
    request_target(rq);
    big_lock();
    new_log_id(rp);
    under_lock(rq, rp);
    big_unlock();
}
