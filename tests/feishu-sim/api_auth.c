/* Tokens of the app itself, and who a user token belongs to. */

#include <string.h>

#include "api.h"
#include "clock.h"
#include "gateway.h"
#include "switches.h"
#include "token.h"

/* Failures of these two come with HTTP 200. */
static int bad(struct reply *rp, int code, const char *msg)
{
    rp->flat = true;
    rp->code = code;
    rp->status = 200;
    jw_open(&rp->body, NULL, '{');
    jw_int(&rp->body, "code", code);
    jw_raw(&rp->body, "data", "{}");
    jw_str(&rp->body, "msg", msg);
    jw_close(&rp->body, '}');
    return code;
}

static int app_credentials(struct request *rq, struct reply *rp)
{
    const char *id, *secret;

    rq->json = rq->n_body ? cJSON_ParseWithLength(rq->body, rq->n_body) : NULL;
    id = body_text(rq, "app_id");
    secret = body_text(rq, "app_secret");
    if (!id || !secret || strcmp(id, W.app_id) != 0)
        return bad(rp, 10003, "invalid param");
    if (strcmp(secret, W.app_secret) != 0)
        return bad(rp, 10015, "app secret invalid");
    return sw_is(SW_APP, "on") ? 0 : bad(rp, 10014, "app is not enabled");
}

static int issue(struct request *rq, struct reply *rp, bool app_token)
{
    const struct token *t;

    if (app_credentials(rq, rp))
        return rp->code;
    t = token_tenant();
    rp->flat = true;
    rp->status = 200;
    jw_open(&rp->body, NULL, '{');
    if (app_token)
        jw_str(&rp->body, "app_access_token", t->text);
    jw_int(&rp->body, "code", 0);
    jw_int(&rp->body, "expire", t->expires_s - clock_s());
    jw_str(&rp->body, "msg", "ok");
    jw_str(&rp->body, "tenant_access_token", t->text);
    jw_close(&rp->body, '}');
    return 0;
}

int api_tenant_token(struct request *rq, struct reply *rp)
{
    return issue(rq, rp, false);
}

int api_app_token(struct request *rq, struct reply *rp)
{
    return issue(rq, rp, true);
}

static void with_scope(struct reply *rp, const struct token *t, const char *scope,
    const char *key, const char *value)
{
    if (value && scope_has(t->scope, scope))
        jw_str(&rp->data, key, value);
}

int api_user_info(struct request *rq, struct reply *rp)
{
    static const char *const avatars[] = {
        "avatar_url", "avatar_thumb", "avatar_middle", "avatar_big"};
    const struct person *who = rq->who;
    const struct token *t = rq->token;

    if (who->resigned)
        return refuse(rp, 20021);
    if (who->frozen)
        return refuse(rp, 20022);
    jw_open(&rp->data, NULL, '{');
    jw_str(&rp->data, "name", who->name);
    jw_str(&rp->data, "en_name", who->en_name ? who->en_name : who->name);
    for (size_t i = 0; i < 4; i++)
        jw_str(
            &rp->data, avatars[i], "https://s1-imfile.feishucdn.com/static/avatar.png");
    jw_str(&rp->data, "open_id", who->open_id);
    jw_str(&rp->data, "union_id", who->union_id);
    jw_str(&rp->data, "tenant_key", W.tenant_key);
    with_scope(rp, t, "contact:user.email:readonly", "email", who->email);
    with_scope(rp, t, "contact:user.employee:readonly", "enterprise_email",
        who->enterprise_email);
    with_scope(rp, t, "contact:user.employee:readonly", "employee_no", who->user_id);
    with_scope(rp, t, "contact:user.employee_id:readonly", "user_id", who->user_id);
    with_scope(rp, t, "contact:user.phone:readonly", "mobile", who->mobile);
    jw_close(&rp->data, '}');
    return 0;
}
