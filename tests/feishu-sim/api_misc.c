/* Time off, CalDAV configuration, Exchange bindings, meeting chats and minutes,
 * attachments, source addresses. */

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clock.h"
#include "zone.h"

#define UPLOAD_MAX_BYTES (20 * 1024 * 1024)

struct timeoff {
    char id[48];
};

struct binding {
    char id[64];
    char admin[512], exchange[512];
    struct person *who;
};

int api_timeoff_create(struct request *rq, struct reply *rp)
{
    static const char *const same[] = {"timezone", "start_time", "end_time"};
    struct person *who = user_of(rq, rp, body_text(rq, "user_id"));
    const char *start = body_text(rq, "start_time"), *end = body_text(rq, "end_time");
    struct timeoff *t;
    char digits[20];
    int64_t from, to;

    if (!who)
        return rp->code;
    if (!zone_find(body_text(rq, "timezone")))
        return refuse(rp, 190002);
    if (date_parse(start, &from) != date_parse(end, &to))
        return refuse(rp, 190002);
    if (!date_parse(start, &from) &&
        (strspn(start, "0123456789") != strlen(start) ||
            strspn(end, "0123456789") != strlen(end)))
        return refuse(rp, 190002);
    t = xcalloc(1, sizeof *t);
    random_digits(digits, 19);
    snprintf(t->id, sizeof t->id, "timeoff:%s", digits);
    vec_add(&W.timeoffs, t);
    jw_open(&rp->data, NULL, '{');
    jw_str(&rp->data, "timeoff_event_id", t->id);
    jw_str(&rp->data, "user_id", id_of(who, rq->id_type));
    for (size_t i = 0; i < 3; i++)
        jw_str(&rp->data, same[i], body_text(rq, same[i]));
    jw_str(&rp->data, "title", body_text(rq, "title") ? body_text(rq, "title") : "");
    jw_str(&rp->data, "description",
        body_text(rq, "description") ? body_text(rq, "description") : "");
    jw_close(&rp->data, '}');
    return 0;
}

int api_timeoff_delete(struct request *rq, struct reply *rp)
{
    for (size_t i = 0; i < W.timeoffs.n; i++) {
        struct timeoff *t = W.timeoffs.p[i];

        if (strcmp(t->id, rq->params[0]) != 0)
            continue;
        vec_drop(&W.timeoffs, i);
        free(t);
        return 0;
    }
    return refuse(rp, 195000);
}

int api_caldav_conf(struct request *rq, struct reply *rp)
{
    const char *device = body_text(rq, "device_name");
    char password[17], user[9];

    random_text(password, 16);
    random_digits(user, 8);
    jw_open(&rp->data, NULL, '{');
    jw_str(&rp->data, "password", password);
    jw_fmt(&rp->data, "user_name", "u_%s", user);
    jw_str(&rp->data, "server_address", "caldav.feishu.cn");
    jw_str(&rp->data, "device_name", device ? device : "");
    jw_close(&rp->data, '}');
    return 0;
}

static void print_binding(
    struct reply *rp, const struct request *rq, const struct binding *b)
{
    jw_open(&rp->data, NULL, '{');
    jw_str(&rp->data, "admin_account", b->admin);
    jw_str(&rp->data, "exchange_account", b->exchange);
    jw_str(&rp->data, "user_id", id_of(b->who, rq->id_type));
    jw_str(&rp->data, "status", "doing");
    jw_str(&rp->data, "exchange_binding_id", b->id);
    jw_close(&rp->data, '}');
}

int api_exchange_create(struct request *rq, struct reply *rp)
{
    struct person *who;
    struct binding *b;
    char random[33];

    if (!rq->who->admin)
        return refuse(rp, 195101);
    who = user_of(rq, rp, body_text(rq, "user_id"));
    if (!who)
        return rp->code;
    b = xcalloc(1, sizeof *b);
    random_text(random, 32);
    EVP_EncodeBlock((unsigned char *)b->id, (const unsigned char *)random, 30);
    snprintf(b->admin, sizeof b->admin, "%s", body_text(rq, "admin_account"));
    snprintf(b->exchange, sizeof b->exchange, "%s", body_text(rq, "exchange_account"));
    b->who = who;
    vec_add(&W.bindings, b);
    print_binding(rp, rq, b);
    return 0;
}

static struct binding *binding(struct request *rq, struct reply *rp, size_t *at)
{
    if (!rq->who->admin) {
        refuse(rp, 195101);
        return NULL;
    }
    for (*at = 0; *at < W.bindings.n; ++*at) {
        struct binding *b = W.bindings.p[*at];

        if (strcmp(b->id, rq->params[0]) == 0)
            return b;
    }
    refuse(rp, 195103);
    return NULL;
}

int api_exchange_get(struct request *rq, struct reply *rp)
{
    size_t at;
    const struct binding *b = binding(rq, rp, &at);

    if (b)
        print_binding(rp, rq, b);
    return rp->code;
}

int api_exchange_delete(struct request *rq, struct reply *rp)
{
    size_t at;
    struct binding *b = binding(rq, rp, &at);

    if (!b)
        return rp->code;
    vec_drop(&W.bindings, at);
    free(b);
    return 0;
}

int api_meeting_chat_create(struct request *rq, struct reply *rp)
{
    struct target t;

    if (need_event(rq, rp, ROLE_WRITER, TYPE_PRIMARY, &t))
        return rp->code;
    if (t.ev->attendees.n < 2 || !sees_attendees(&t))
        return refuse(rp, 195109);
    jw_open(&rp->data, NULL, '{');
    jw_fmt(&rp->data, "meeting_chat_id", "oc_%.32s", t.ev->uid);
    jw_fmt(&rp->data, "applink", "https://applink.feishu.cn/client/chat/open?id=oc_%.32s",
        t.ev->uid);
    jw_close(&rp->data, '}');
    return 0;
}

int api_meeting_chat_delete(struct request *rq, struct reply *rp)
{
    struct target t;
    char id[40];

    if (need_event(rq, rp, ROLE_WRITER, TYPE_PRIMARY, &t))
        return rp->code;
    snprintf(id, sizeof id, "oc_%.32s", t.ev->uid);
    if (strcmp(query_get(rq, "meeting_chat_id"), id) != 0)
        return refuse(rp, 195108);
    return t.ev->creator == rq->who ? 0 : refuse(rp, 195107);
}

int api_meeting_minute(struct request *rq, struct reply *rp)
{
    struct target t;

    if (need_event(rq, rp, ROLE_WRITER, TYPE_PRIMARY, &t))
        return rp->code;
    if (!t.ev->attendees.n || strcmp(t.ev->attendee_ability, "none") == 0)
        return refuse(rp, 195110);
    jw_open(&rp->data, NULL, '{');
    jw_fmt(&rp->data, "doc_url", "https://example.feishu.cn/docx/%.27s", t.ev->uid);
    jw_close(&rp->data, '}');
    return 0;
}

/* A part's text in a multipart body: name="..." up to the next boundary line. */
static bool part(const struct request *rq, const char *name, char *out, size_t cap)
{
    char mark[64];
    const char *at, *end;

    snprintf(mark, sizeof mark, "name=\"%s\"", name);
    at = rq->body ? memmem(rq->body, rq->n_body, mark, strlen(mark)) : NULL;
    at = at ? strstr(at, "\r\n\r\n") : NULL;
    end = at ? strstr(at + 4, "\r\n--") : NULL;
    if (!end || (size_t)(end - at - 4) >= cap)
        return false;
    snprintf(out, cap, "%.*s", (int)(end - at - 4), at + 4);
    return true;
}

int api_upload(struct request *rq, struct reply *rp)
{
    char name[256], type[64], node[128], size[24], token[28];
    struct file *file;

    if (!part(rq, "file_name", name, sizeof name) ||
        !part(rq, "parent_type", type, sizeof type) ||
        !part(rq, "parent_node", node, sizeof node) ||
        !part(rq, "size", size, sizeof size))
        return refuse(rp, 1061002);
    if (strtoll(size, NULL, 10) > UPLOAD_MAX_BYTES)
        return refuse(rp, 1061043);
    if (strcmp(type, "calendar") != 0)
        return refuse(rp, 1061002);
    if (!map_get(&W.calendars_by_id, node))
        return refuse(rp, 1061044);
    random_text(token, 27);
    file = xcalloc(1, sizeof *file);
    file->token = xstrdup(token);
    file->name = xstrdup(name);
    file->bytes = strtoll(size, NULL, 10);
    vec_add(&W.files, file);
    jw_open(&rp->data, NULL, '{');
    jw_str(&rp->data, "file_token", token);
    jw_close(&rp->data, '}');
    return 0;
}

int api_outbound_ip(struct request *rq, struct reply *rp)
{
    (void)rq;
    jw_open(&rp->data, NULL, '{');
    jw_raw(&rp->data, "ip_list", "[\"127.0.0.1\"]");
    page_end(rp, 1, 1);
    jw_close(&rp->data, '}');
    return 0;
}
