#include "request.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "errors.h"
#include "switches.h"

/* What stands around the data of a success; errors may need more. */
#define ENVELOPE_BYTES 64

void request_target(struct request *rq)
{
    size_t n = strcspn(rq->target, "?");

    rq->path = xstrndup(rq->target, n);
    if (rq->target[n])
        rq->query_text = rq->target + n + 1;
    rq->n_query = pairs_parse(rq->query_text, &rq->query);
}

void request_free(struct request *rq)
{
    pairs_free(rq->query, rq->n_query);
    for (size_t i = 0; i < PARAMS_MAX; i++)
        free(rq->params[i]);
    cJSON_Delete(rq->json);
    free(rq->target);
    free(rq->path);
    free(rq->body);
    *rq = (struct request){0};
}

void reply_free(struct reply *rp)
{
    free(rp->msg);
    free(rp->content_type);
    buf_free(&rp->data);
    buf_free(&rp->violations);
    buf_free(&rp->permissions);
    buf_free(&rp->body);
    for (size_t i = 0; i < rp->n_headers; i++) {
        free(rp->headers[i].value);
    }
    *rp = (struct reply){0};
}

const char *query_get(const struct request *rq, const char *name)
{
    for (size_t i = 0; i < rq->n_query; i++)
        if (strcmp(rq->query[i].name, name) == 0)
            return rq->query[i].value;
    return NULL;
}

bool query_is_true(const struct request *rq, const char *name)
{
    const char *value = query_get(rq, name);

    return value && strcmp(value, "true") == 0;
}

int64_t query_number(const struct request *rq, const char *name, int64_t missing)
{
    const char *value = query_get(rq, name);

    return value && *value ? strtoll(value, NULL, 10) : missing;
}

void reply_header(struct reply *rp, const char *name, const char *value)
{
    if (rp->n_headers == sizeof rp->headers / sizeof rp->headers[0])
        return;
    rp->headers[rp->n_headers].name = name;
    rp->headers[rp->n_headers++].value = xstrdup(value);
}

int refuse(struct reply *rp, int code)
{
    rp->code = code;
    rp->status = error_status(code);
    return code;
}

int refuse_token(struct reply *rp)
{
    return refuse(rp, sw_is(SW_BAD_TOKEN, "190002") ? 190002 : 190008);
}

int refuse_with(struct reply *rp, int code, const char *fmt, ...)
{
    struct buf text = {0};
    va_list ap;
    char line[512];

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    buf_str(&text, line);
    free(rp->msg);
    rp->msg = text.p;
    return refuse(rp, code);
}

int refuse_field(struct reply *rp, int code, const char *field, const char *value,
    const char *description)
{
    jw_open(&rp->violations, NULL, '{');
    jw_str(&rp->violations, "field", field);
    jw_str(&rp->violations, "value", value ? value : "");
    jw_str(&rp->violations, "description", description);
    jw_close(&rp->violations, '}');
    return refuse(rp, code);
}

static void print_error(struct reply *rp, const struct request *rq)
{
    struct buf *out = &rp->body;

    jw_open(out, "error", '{');
    if (sw_is(SW_ERROR_LOG_ID, "log_id"))
        jw_str(out, "log_id", rp->log_id);
    else if (sw_is(SW_ERROR_LOG_ID, "logid"))
        jw_str(out, "logid", rp->log_id);
    jw_fmt(out, "troubleshooter",
        "Troubleshooting: https://open.feishu.cn/search?from=openapi&log_id=%s&code=%d",
        rp->log_id, rp->code);
    if (rp->violations.n)
        buf_fmt(out, ",\"field_violations\":[%s]", rp->violations.p);
    if (rp->permissions.n) {
        buf_fmt(out, ",\"permission_violations\":[%s]", rp->permissions.p);
        jw_open(out, "helps", '[');
        jw_open(out, NULL, '{');
        jw_fmt(
            out, "url", "https://open.feishu.cn/app/%s/auth", W.app_id ? W.app_id : "");
        jw_str(out, "description", "add the scope");
        jw_close(out, '}');
        jw_close(out, ']');
    }
    jw_close(out, '}');
    (void)rq;
}

void reply_finish(struct reply *rp, const struct request *rq)
{
    if (rp->flat)
        return;
    buf_reserve(&rp->body, rp->data.n + ENVELOPE_BYTES);
    jw_open(&rp->body, NULL, '{');
    jw_int(&rp->body, "code", rp->code);
    if (rp->code) {
        jw_str(&rp->body, "msg", rp->msg ? rp->msg : error_text(rp->code));
        print_error(rp, rq);
    } else {
        jw_str(&rp->body, "msg", rp->msg ? rp->msg : "success");
        buf_str(&rp->body, ",\"data\":");
        buf_str(&rp->body, rp->data.n ? rp->data.p : "{}");
    }
    jw_close(&rp->body, '}');
    if (!rp->status)
        rp->status = 200;
}

void reply_not_found(struct reply *rp)
{
    rp->flat = true;
    rp->status = 404;
    rp->content_type = xstrdup("text/plain");
    buf_str(&rp->body, "404 page not found");
}

void list_begin(struct reply *rp, const char *key)
{
    jw_open(&rp->data, key, '[');
}

void list_end(struct reply *rp)
{
    struct buf *out = &rp->data;

    if (out->p[out->n - 1] != '[' || sw_is(SW_LISTS_EMPTY, "array")) {
        jw_close(out, ']');
        return;
    }
    out->n--;
    if (sw_is(SW_LISTS_EMPTY, "null")) {
        buf_str(out, "null");
        return;
    }
    /* missing: the name goes as well, and the comma before it */
    while (out->n && out->p[out->n - 1] != ',' && out->p[out->n - 1] != '{')
        out->n--;
    if (out->n && out->p[out->n - 1] == ',')
        out->n--;
    out->p[out->n] = '\0';
}

void jw_optional(struct buf *out, const char *key, const char *text)
{
    if ((text && *text) || sw_is(SW_STRINGS_EMPTY, "text"))
        jw_str(out, key, text ? text : "");
    else if (sw_is(SW_STRINGS_EMPTY, "null"))
        jw_raw(out, key, NULL);
}

const char *id_of(const struct person *who, enum id_type type)
{
    const char *id = type == ID_OPEN ? who->open_id
                                     : (type == ID_UNION ? who->union_id : who->user_id);

    return id ? id : "";
}

struct person *user_of(const struct request *rq, struct reply *rp, const char *id)
{
    static const int unknown[] = {
        [ID_OPEN] = 99992351, [ID_UNION] = 99992364, [ID_USER] = 99992360};
    struct person *who = person_find(id);

    if (who && strcmp(id_of(who, rq->id_type), id) == 0)
        return who;
    refuse_field(rp, unknown[rq->id_type], "user_id", id, "the id does not exist");
    return NULL;
}

char *percent_decode(const char *s, size_t n, bool plus_is_space)
{
    char *out = xcalloc(n + 1, 1);
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        char hex[3] = {0};

        if (s[i] == '%' && i + 2 < n && isxdigit((unsigned char)s[i + 1]) &&
            isxdigit((unsigned char)s[i + 2])) {
            hex[0] = s[i + 1];
            hex[1] = s[i + 2];
            out[used++] = (char)strtol(hex, NULL, 16);
            i += 2;
        } else {
            out[used++] = s[i] == '+' && plus_is_space ? ' ' : s[i];
        }
    }
    return out;
}

size_t pairs_parse(const char *text, struct pair **out)
{
    struct pair *pairs = NULL;
    size_t n = 0;

    while (text && *text) {
        size_t len = strcspn(text, "&"), name = strcspn(text, "=&");

        pairs = xrealloc(pairs, (n + 1) * sizeof *pairs);
        pairs[n].name = percent_decode(text, name, true);
        pairs[n].value = name < len
            ? percent_decode(text + name + 1, len - name - 1, true)
            : xstrdup("");
        n++;
        text += len + (text[len] == '&');
    }
    *out = pairs;
    return n;
}

void pairs_free(struct pair *pairs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(pairs[i].name);
        free(pairs[i].value);
    }
    free(pairs);
}
