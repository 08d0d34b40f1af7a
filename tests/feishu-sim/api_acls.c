/* Access lists of calendars (section 4). */

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "check.h"
#include "switches.h"

static void print_acl(struct buf *out, const struct acl *acl, const struct request *rq)
{
    jw_open(out, NULL, '{');
    jw_str(out, "acl_id", acl->id);
    jw_str(out, "role", role_name(acl->role));
    jw_open(out, "scope", '{');
    jw_str(out, "type", "user");
    jw_str(out, "user_id", id_of(acl->who, rq->id_type));
    jw_close(out, '}');
    jw_close(out, '}');
}

static struct calendar *owned(struct request *rq, struct reply *rp)
{
    return need_calendar(rq, rp, ROLE_OWNER, TYPE_PRIMARY | TYPE_SHARED);
}

static struct acl *make(struct calendar *cal, struct person *who, enum role role)
{
    struct acl *acl = acl_add(cal, who, role);
    struct member *m = member_of(who, cal);

    if (m && !m->gone)
        member_touch(m);
    else if (sw_is(SW_ACL_SUBSCRIBES, "on"))
        member_join(who, cal);
    feed_acl(cal, acl, true);
    return acl;
}

int api_acl_create(struct request *rq, struct reply *rp)
{
    struct calendar *cal = owned(rq, rp);
    const char *id = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(body_get(rq, "scope"), "user_id"));
    enum role role = ROLE_NONE;
    struct person *who;
    struct acl *acl;

    if (!cal)
        return rp->code;
    if (!id)
        return refuse_field(rp, 99992402, "scope.user_id", "", "the field is required");
    who = user_of(rq, rp, id);
    if (!who)
        return rp->code;
    role_of(body_text(rq, "role"), &role);
    acl = acl_find(cal, who);
    if (acl && (sw_is(SW_ACL_TWICE, "refuse") || who == cal->owner))
        return refuse(rp, 190002);
    if (acl && sw_is(SW_ACL_TWICE, "keep"))
        acl->role = role;
    else if (acl)
        acl_drop(cal, acl);
    if (!acl || sw_is(SW_ACL_TWICE, "replace"))
        acl = make(cal, who, role);
    print_acl(&rp->data, acl, rq);
    return 0;
}

int api_acl_delete(struct request *rq, struct reply *rp)
{
    struct calendar *cal = owned(rq, rp);

    if (!cal)
        return rp->code;
    for (size_t i = 0; i < cal->acls.n; i++) {
        struct acl *acl = cal->acls.p[i];

        if (strcmp(acl->id, rq->params[1]) != 0)
            continue;
        if (acl->who == cal->owner)
            return refuse(rp, 190002);
        feed_acl(cal, acl, false);
        acl_drop(cal, acl);
        return 0;
    }
    return refuse(rp, 192000);
}

int api_acl_list(struct request *rq, struct reply *rp)
{
    struct calendar *cal = owned(rq, rp);
    size_t from, to;

    if (!cal ||
        !page_cut(rq, rp, query_get(rq, "page_token"), (size_t)page_size(rq, 20, 10, 50),
            cal->acls.n, &from, &to))
        return rp->code;
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "acls");
    for (size_t i = from; i < to; i++)
        print_acl(&rp->data, cal->acls.p[i], rq);
    list_end(rp);
    page_end(rp, to, cal->acls.n);
    jw_close(&rp->data, '}');
    return 0;
}

static int subscribe(struct request *rq, struct reply *rp, bool on)
{
    struct calendar *cal = owned(rq, rp);

    if (!cal)
        return rp->code;
    for (size_t i = 0; i < cal->acl_subscribers.n; i++)
        if (cal->acl_subscribers.p[i] == rq->who)
            vec_drop(&cal->acl_subscribers, i--);
    if (on)
        vec_add(&cal->acl_subscribers, rq->who);
    return 0;
}

int api_acl_subscription(struct request *rq, struct reply *rp)
{
    return subscribe(rq, rp, true);
}

int api_acl_unsubscription(struct request *rq, struct reply *rp)
{
    return subscribe(rq, rp, false);
}
