#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "routes.h"
#include "switches.h"

#define CALL_BODY_MAX_BYTES 65536

struct call {
    uint64_t seq;
    char *json;
};

static struct call ring[CALLS_MAX];
static uint64_t last, first_kept = 1;

static const char *const KINDS[] = {
    [TOKEN_NONE] = "none",
    [TOKEN_TENANT] = "tenant",
    [TOKEN_USER] = "user",
};

static void print_body(struct buf *out, const struct request *rq)
{
    if (rq->json && rq->n_body <= CALL_BODY_MAX_BYTES)
        jw_json(out, "body", rq->json);
    else if (rq->n_body)
        jw_strn(out, "body", rq->body,
            rq->n_body < CALL_BODY_MAX_BYTES ? rq->n_body : CALL_BODY_MAX_BYTES);
    else
        jw_raw(out, "body", NULL);
}

void call_record(const struct request *rq, const struct reply *rp)
{
    struct buf json = {0};
    struct call *slot;

    last++;
    if (sw_is(SW_RECORD_CALLS, "off")) {
        first_kept = last + 1;
        return;
    }
    jw_open(&json, NULL, '{');
    jw_int(&json, "seq", (int64_t)last);
    jw_int(&json, "time_ms", clock_ms());
    jw_int(&json, "real_ms", monotonic_ms());
    jw_str(&json, "method", rq->method);
    jw_str(&json, "path", rq->path);
    jw_str(&json, "route", rq->route ? rq->route->path : NULL);
    jw_str(&json, "query_text", rq->query_text ? rq->query_text : "");
    jw_open(&json, "query", '{');
    for (size_t i = 0; i < rq->n_query; i++)
        jw_str(&json, rq->query[i].name, rq->query[i].value);
    jw_close(&json, '}');
    print_body(&json, rq);
    jw_str(&json, "token", KINDS[rq->kind]);
    jw_str(&json, "user", rq->kind == TOKEN_USER ? rq->who->open_id : NULL);
    jw_int(&json, "status", rp->cut ? 0 : rp->status);
    jw_int(&json, "code", rp->code);
    jw_str(&json, "log_id", rp->log_id);
    jw_close(&json, '}');
    slot = &ring[last % CALLS_MAX];
    free(slot->json);
    *slot = (struct call){.seq = last, .json = json.p};
}

void calls_print(struct buf *out, const char *key, uint64_t since)
{
    uint64_t from = since + 1 > first_kept ? since + 1 : first_kept;

    if (last > CALLS_MAX && from < last - CALLS_MAX + 1)
        from = last - CALLS_MAX + 1;
    jw_open(out, key, '[');
    for (; from <= last; from++)
        if (ring[from % CALLS_MAX].seq == from)
            jw_raw(out, NULL, ring[from % CALLS_MAX].json);
    jw_close(out, ']');
}

uint64_t calls_last(void)
{
    return last;
}

void calls_clear(void)
{
    for (size_t i = 0; i < CALLS_MAX; i++) {
        free(ring[i].json);
        ring[i] = (struct call){0};
    }
    first_kept = last + 1;
}
