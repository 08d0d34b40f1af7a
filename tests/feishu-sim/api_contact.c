/* People: by contact, by id, by words (section 9). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "check.h"
#include "token.h"

#define IDS_MAX 50

/* Does the token carry one scope (the app's, with a tenant token)? */
static bool may(const struct request *rq, const char *scope)
{
    return app_has_scope(scope) &&
        (rq->kind != TOKEN_USER || scope_has(rq->token->scope, scope));
}

static void print_status(struct buf *out, const struct person *who)
{
    jw_open(out, "status", '{');
    jw_bool(out, "is_frozen", who->frozen);
    jw_bool(out, "is_resigned", who->resigned);
    jw_bool(out, "is_activated", true);
    jw_bool(out, "is_exited", false);
    jw_bool(out, "is_unjoin", false);
    jw_close(out, '}');
}

static void print_avatar(struct buf *out)
{
    static const char *const sizes[] = {
        "avatar_72", "avatar_240", "avatar_640", "avatar_origin"};

    jw_open(out, "avatar", '{');
    for (size_t i = 0; i < 4; i++)
        jw_str(out, sizes[i], "https://s1-imfile.feishucdn.com/static/avatar.png");
    jw_close(out, '}');
}

/* Every optional member hangs on a scope. */
static void print_user(
    struct buf *out, const char *key, const struct person *who, const struct request *rq)
{
    jw_open(out, key, '{');
    jw_str(out, "union_id", who->union_id);
    jw_str(out, "open_id", who->open_id);
    if (may(rq, "contact:user.employee_id:readonly"))
        jw_str(out, "user_id", who->user_id);
    if (may(rq, "contact:user.base:readonly") ||
        may(rq, "contact:contact:readonly_as_app")) {
        jw_str(out, "name", who->name);
        jw_str(out, "en_name", who->en_name ? who->en_name : "");
        print_avatar(out);
    }
    if (who->email && may(rq, "contact:user.email:readonly"))
        jw_str(out, "email", who->email);
    if (who->mobile && may(rq, "contact:user.phone:readonly"))
        jw_str(out, "mobile", who->mobile);
    if (may(rq, "contact:user.employee:readonly")) {
        if (who->enterprise_email)
            jw_str(out, "enterprise_email", who->enterprise_email);
        print_status(out, who);
    }
    jw_close(out, '}');
}

static void by_contact(
    struct request *rq, struct reply *rp, const char *list, const char *name)
{
    bool resigned = body_true(rq, "include_resigned", false);
    const cJSON *value;

    cJSON_ArrayForEach(value, body_get(rq, list))
    {
        const struct person *who = person_find(value->valuestring);
        const char *own =
            !who ? NULL : (strcmp(name, "email") == 0 ? who->email : who->mobile);

        jw_open(&rp->data, NULL, '{');
        if (own && strcmp(own, value->valuestring) == 0 && !who->hidden &&
            (resigned || !who->resigned)) {
            jw_str(&rp->data, "user_id", id_of(who, rq->id_type));
            if (may(rq, "contact:user.employee:readonly"))
                print_status(&rp->data, who);
        }
        jw_str(&rp->data, name, value->valuestring);
        jw_close(&rp->data, '}');
    }
}

int api_users_by_contact(struct request *rq, struct reply *rp)
{
    if (!body_get(rq, "emails") && !body_get(rq, "mobiles"))
        return refuse(rp, 40001);
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "user_list");
    by_contact(rq, rp, "emails", "email");
    by_contact(rq, rp, "mobiles", "mobile");
    list_end(rp);
    jw_close(&rp->data, '}');
    return 0;
}

int api_user_get(struct request *rq, struct reply *rp)
{
    struct person *who = user_of(rq, rp, rq->params[0]);

    if (!who)
        return rp->code;
    if (who->hidden || who->bot)
        return refuse(rp, 41050);
    jw_open(&rp->data, NULL, '{');
    print_user(&rp->data, "user", who, rq);
    jw_close(&rp->data, '}');
    return 0;
}

int api_users_batch(struct request *rq, struct reply *rp)
{
    int n = 0;

    for (size_t i = 0; i < rq->n_query; i++)
        n += strcmp(rq->query[i].name, "user_ids") == 0;
    if (n < 1 || n > IDS_MAX)
        return refuse(rp, 40001);
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "items");
    for (size_t i = 0; i < rq->n_query; i++) {
        const char *id = rq->query[i].value;
        const struct person *who = person_find(id);

        if (strcmp(rq->query[i].name, "user_ids") == 0 && who && !who->hidden &&
            !who->bot && strcmp(id_of(who, rq->id_type), id) == 0)
            print_user(&rp->data, NULL, who, rq);
    }
    list_end(rp);
    jw_close(&rp->data, '}');
    return 0;
}

int api_users_basic(struct request *rq, struct reply *rp)
{
    const cJSON *id;

    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "users");
    cJSON_ArrayForEach(id, body_get(rq, "user_ids"))
    {
        const struct person *who = person_find(id->valuestring);

        if (!who || strcmp(id_of(who, rq->id_type), id->valuestring) != 0)
            continue;
        jw_open(&rp->data, NULL, '{');
        jw_str(&rp->data, "user_id", id->valuestring);
        jw_str(&rp->data, "name", who->name);
        jw_open(&rp->data, "i18n_name", '{');
        jw_str(&rp->data, "zh_cn", who->name);
        jw_str(&rp->data, "ja_jp", "");
        jw_str(&rp->data, "en_us", who->en_name ? who->en_name : "");
        jw_close(&rp->data, '}');
        jw_close(&rp->data, '}');
    }
    list_end(rp);
    jw_close(&rp->data, '}');
    return 0;
}

static bool has_words(const struct person *who, const char *words, bool email)
{
    return strcasestr(who->name, words) ||
        (who->en_name && strcasestr(who->en_name, words)) ||
        (email && who->email && strcasestr(who->email, words));
}

/* Those who match, the resigned and the hidden left out. */
static void search(const char *words, bool email, struct vec *out)
{
    for (size_t i = 0; i < W.people.n; i++) {
        struct person *who = W.people.p[i];
        bool exact = email &&
            (strcmp(who->open_id, words) == 0 ||
                (who->mobile && strcmp(who->mobile, words) == 0));

        if (!who->bot && !who->hidden && !who->resigned &&
            (exact || has_words(who, words, email)))
            vec_add(out, who);
    }
}

int api_users_search(struct request *rq, struct reply *rp)
{
    struct vec found = {0};
    size_t from, to;

    search(query_get(rq, "query"), false, &found);
    if (page_cut(rq, rp, query_get(rq, "page_token"), (size_t)page_size(rq, 20, 1, 200),
            found.n, &from, &to)) {
        jw_open(&rp->data, NULL, '{');
        page_end(rp, to, found.n);
        list_begin(rp, "users");
        for (size_t i = from; i < to; i++) {
            const struct person *who = found.p[i];

            jw_open(&rp->data, NULL, '{');
            print_avatar(&rp->data);
            jw_raw(&rp->data, "department_ids", "[\"0\"]");
            jw_str(&rp->data, "name", who->name);
            jw_str(&rp->data, "open_id", who->open_id);
            if (may(rq, "contact:user.employee_id:readonly"))
                jw_str(&rp->data, "user_id", who->user_id);
            jw_close(&rp->data, '}');
        }
        list_end(rp);
        jw_close(&rp->data, '}');
    }
    vec_free(&found, NULL);
    return rp->code;
}

static bool asks(const struct request *rq, const char *field)
{
    const cJSON *one;

    cJSON_ArrayForEach(
        one, body_get(rq, "required_fields")) if (strcmp(one->valuestring, field) ==
        0) return true;
    return false;
}

static void print_employee(
    struct reply *rp, const struct request *rq, const struct person *who)
{
    struct buf *out = &rp->data;

    jw_open(out, NULL, '{');
    jw_open(out, "base_info", '{');
    jw_str(out, "employee_id", who->open_id);
    if (asks(rq, "base_info.name.name") || asks(rq, "base_info.name")) {
        jw_open(out, "name", '{');
        jw_open(out, "name", '{');
        jw_str(out, "default_value", who->name);
        jw_open(out, "i18n_value", '{');
        jw_str(out, "zh_cn", who->name);
        jw_str(out, "en_us", who->en_name ? who->en_name : "");
        jw_close(out, '}');
        jw_close(out, '}');
        jw_close(out, '}');
    }
    if (asks(rq, "base_info.email") && who->email &&
        may(rq, "directory:employee.base.email:read"))
        jw_str(out, "email", who->email);
    jw_close(out, '}');
    jw_close(out, '}');
}

int api_employees_search(struct request *rq, struct reply *rp)
{
    const cJSON *page = body_get(rq, "page_request");
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(page, "page_size");
    const char *token =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(page, "page_token"));
    size_t n = cJSON_IsNumber(size) && size->valueint > 0 ? (size_t)size->valueint : 20;
    struct vec found = {0};
    size_t from, to;

    search(body_text(rq, "query"), true, &found);
    if (page_cut(rq, rp, token, n, found.n, &from, &to)) {
        jw_open(&rp->data, NULL, '{');
        list_begin(rp, "employees");
        for (size_t i = from; i < to; i++)
            print_employee(rp, rq, found.p[i]);
        list_end(rp);
        jw_open(&rp->data, "page_response", '{');
        page_end(rp, to, found.n);
        jw_close(&rp->data, '}');
        jw_close(&rp->data, '}');
    } else {
        rp->code = 0;
        refuse(rp, 2221004);
    }
    vec_free(&found, NULL);
    return rp->code;
}
