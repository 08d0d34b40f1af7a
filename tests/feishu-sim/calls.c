#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "routes.h"
#include "switches.h"

#define CALL_BODY_MAX_BYTES 65536

/* As it came: most calls are never asked for, so it becomes JSON when it is printed. */
struct call {
    uint64_t seq;
    int64_t time_ms, real_ms;
    char *method, *target, *body, *user;
    size_t n_body;
    bool is_json;
    const struct route *route;
    enum token_kind kind;
    int status, code;
    char log_id[40];
};

static struct call ring[CALLS_MAX];
static uint64_t last, first_kept = 1;

static const char *const KINDS[] = {
    [TOKEN_NONE] = "none",
    [TOKEN_TENANT] = "tenant",
    [TOKEN_USER] = "user",
};

static void forget(struct call *call)
{
    free(call->method);
    free(call->target);
    free(call->body);
    free(call->user);
    *call = (struct call){0};
}

static void keep_body(struct call *call, struct request *rq)
{
    call->body = rq->body;
    call->n_body = rq->n_body;
    call->is_json = rq->json && rq->n_body <= CALL_BODY_MAX_BYTES;
    rq->body = NULL;
    rq->n_body = 0;
    if (call->n_body <= CALL_BODY_MAX_BYTES)
        return;
    call->n_body = CALL_BODY_MAX_BYTES;
    call->body = xrealloc(call->body, CALL_BODY_MAX_BYTES);
}

void call_record(struct request *rq, const struct reply *rp)
{
    struct call *call;

    last++;
    if (sw_is(SW_RECORD_CALLS, "off")) {
        first_kept = last + 1;
        return;
    }
    call = &ring[last % CALLS_MAX];
    forget(call);
    *call = (struct call){
        .seq = last,
        .time_ms = clock_ms(),
        .real_ms = monotonic_ms(),
        .method = xstrdup(rq->method),
        .target = rq->target,
        .user = rq->kind == TOKEN_USER ? xstrdup(rq->who->open_id) : NULL,
        .route = rq->route,
        .kind = rq->kind,
        .status = rp->cut ? 0 : rp->status,
        .code = rp->code,
    };
    memcpy(call->log_id, rp->log_id, sizeof call->log_id);
    rq->target = NULL;
    keep_body(call, rq);
}

static void print_body(struct buf *out, const struct call *call)
{
    cJSON *json = NULL;

    if (call->is_json) {
        json = cJSON_ParseWithLength(call->body, call->n_body);
        jw_json(out, "body", json);
        cJSON_Delete(json);
    } else if (call->n_body) {
        jw_strn(out, "body", call->body, call->n_body);
    } else {
        jw_raw(out, "body", NULL);
    }
}

static void print_target(struct buf *out, const struct call *call)
{
    struct request rq = {.target = call->target};

    request_target(&rq);
    jw_str(out, "path", rq.path);
    jw_str(out, "route", call->route ? call->route->path : NULL);
    jw_str(out, "query_text", rq.query_text ? rq.query_text : "");
    jw_open(out, "query", '{');
    for (size_t i = 0; i < rq.n_query; i++)
        jw_str(out, rq.query[i].name, rq.query[i].value);
    jw_close(out, '}');
    rq.target = NULL;
    request_free(&rq);
}

static void print_call(struct buf *out, const struct call *call)
{
    jw_open(out, NULL, '{');
    jw_int(out, "seq", (int64_t)call->seq);
    jw_int(out, "time_ms", call->time_ms);
    jw_int(out, "real_ms", call->real_ms);
    jw_str(out, "method", call->method);
    print_target(out, call);
    print_body(out, call);
    jw_str(out, "token", KINDS[call->kind]);
    jw_str(out, "user", call->user);
    jw_int(out, "status", call->status);
    jw_int(out, "code", call->code);
    jw_str(out, "log_id", call->log_id);
    jw_close(out, '}');
}

void calls_print(struct buf *out, const char *key, uint64_t since)
{
    uint64_t from = since + 1 > first_kept ? since + 1 : first_kept;

    if (last > CALLS_MAX && from < last - CALLS_MAX + 1)
        from = last - CALLS_MAX + 1;
    jw_open(out, key, '[');
    for (; from <= last; from++)
        if (ring[from % CALLS_MAX].seq == from)
            print_call(out, &ring[from % CALLS_MAX]);
    jw_close(out, ']');
}

uint64_t calls_last(void)
{
    return last;
}

void calls_clear(void)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        forget(&ring[i]);
    first_kept = last + 1;
}
