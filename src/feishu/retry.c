#include "config.h"

#include "feishu/retry.h"

#include "base/fault.h"
#include "base/log.h"

#include <inttypes.h>

#define WRITE_DEFAULT_MS 25000
#define READ_DEFAULT_MS 60000
#define BACKFILL_DEFAULT_MS 300000
#define PAUSE_FIRST_MS 500
#define PAUSE_MAX_MS 10000
#define RESET_SPREAD_MS 250
#define BREAKER_WAIT_MS 3000

static int64_t random_below(struct ctx *cx, int64_t limit)
{
    uint32_t bits;
    cx->seam->random(cx->seam->self, &bits, sizeof(bits));
    return (int64_t)((uint64_t)bits * (uint64_t)limit >> 32);
}

int64_t retry_until_ms(
    const struct ctx *cx, enum feishu_retry retry, enum feishu_priority priority)
{
    int64_t fallback_ms = retry != FEISHU_RETRY_READ ? WRITE_DEFAULT_MS
        : priority == FEISHU_BACKFILL                ? BACKFILL_DEFAULT_MS
                                                     : READ_DEFAULT_MS;
    return ctx_monotonic_ms(cx) + ctx_left_ms(cx, fallback_ms);
}

int64_t retry_pause_ms(struct ctx *cx, int try, long reset_s)
{
    int64_t pause_ms = fault_wait_ms(PAUSE_FIRST_MS);
    for (int i = 1; i < try && pause_ms < PAUSE_MAX_MS; i++)
        pause_ms *= 2;
    if (pause_ms > PAUSE_MAX_MS)
        pause_ms = PAUSE_MAX_MS;
    pause_ms = pause_ms / 2 + random_below(cx, pause_ms / 2 + 1);
    int64_t reset_ms =
        reset_s >= 0 ? reset_s * 1000 + random_below(cx, RESET_SPREAD_MS) : 0;
    return reset_ms > pause_ms ? reset_ms : pause_ms;
}

bool retry_allowed(const struct reply *reply, enum feishu_retry retry, int try)
{
    switch (reply->rule) {
    case CODE_WAIT:
        return try < RETRY_LIMIT_TRIES;
    case CODE_UNSURE:
        if (reply->status || reply->sent)
            return retry != FEISHU_RETRY_ONCE && try < RETRY_FAULT_TRIES;
        return try < RETRY_FAULT_TRIES;
    case CODE_TOKEN:
    case CODE_FINAL:
        break;
    }
    return false;
}

static void log_try(struct ctx *cx, const struct upstream_call *call,
    const struct reply *reply, int try, int64_t start_ms)
{
    int64_t took_ms = ctx_monotonic_ms(cx) - start_ms;
    if (reply->kind == ERR_OK)
        log_line(cx, LOG_DEBUG, LOG_FEISHU,
            "%s done: HTTP %ld, log id %s, try %d, %" PRId64 " ms", call->id,
            reply->status, *reply->log_id ? reply->log_id : "-", try, took_ms);
    else
        log_line(cx, LOG_INFO, LOG_FEISHU, "%s failed: %s, try %d, %" PRId64 " ms",
            call->id, reply->text, try, took_ms);
}

/* Feishu's own words, also those of a limit; not silence, a failure or a stranger. */
static bool is_answer(const struct reply *reply)
{
    return reply->kind == ERR_OK ||
        (reply->json && reply->rule != CODE_UNSURE && reply->status < 500);
}

/* Short pauses are waited for; in longer ones the caller is told at once. */
static enum err wait_for_breaker(
    struct ctx *cx, struct feishu *feishu, const struct upstream_call *call)
{
    for (;;) {
        int64_t now_ms = ctx_monotonic_ms(cx);
        int64_t wait_ms = breaker_wait_ms(feishu->breaker, now_ms);
        if (!wait_ms)
            return ERR_OK;
        if (wait_ms > BREAKER_WAIT_MS || now_ms + wait_ms >= call->until_ms ||
            !budget_sleep(feishu->budget, wait_ms)) {
            cx->retry_after_s = (int)((wait_ms + 999) / 1000);
            return fail(cx, ERR_UPSTREAM_DOWN,
                "Feishu has not answered the last calls; it is tried again in %d s",
                cx->retry_after_s);
        }
    }
}

static void perform_once(struct ctx *cx, struct feishu *feishu,
    const struct upstream_call *call, int try, struct reply *reply)
{
    bool is_read = call->retry == FEISHU_RETRY_READ;
    int64_t start_ms = ctx_monotonic_ms(cx), left_ms = call->until_ms - start_ms;
    int64_t most_ms = feishu->options.timeout_s * 1000;
    struct transport_request http = call->http;
    http.timeout_ms = left_ms < most_ms ? left_ms : most_ms;
    http.once = call->retry == FEISHU_RETRY_ONCE;
    http.can_be_cut = is_read;
    struct transport_reply bytes;
    cx->upstream_calls++;
    if (feishu->options.spent)
        feishu->options.spent(
            feishu->options.spent_self, cx->payer, call->calendar_id, call->purpose);
    transport_perform(feishu->transport, &http, &bytes);
    reply_read(cx, &bytes, is_read, call->is_oauth, reply);
    transport_reply_free(&bytes);
    breaker_note(feishu->breaker, is_answer(reply), ctx_monotonic_ms(cx));
    log_try(cx, call, reply, try, start_ms);
    if (reply->rule == CODE_WAIT && reply->reset_s > 0)
        budget_pause(
            feishu->budget, call->method, ctx_monotonic_ms(cx) + reply->reset_s * 1000);
}

/* A later try that was known not to be done takes nothing back from an earlier one that
 * may have been. */
static enum err fail_call(
    struct ctx *cx, const struct upstream_call *call, struct reply *reply, bool unsure)
{
    reply->unsure = unsure;
    if (unsure && reply->kind != ERR_UPSTREAM_REFUSED &&
        reply->kind != ERR_UPSTREAM_GONE && reply->kind != ERR_UPSTREAM_RIGHTS &&
        reply->rule != CODE_TOKEN)
        reply->kind = ERR_UPSTREAM_UNKNOWN;
    return fail(
        cx, reply->kind, "%s: %s: %s", err_text(reply->kind), call->id, reply->text);
}

/* Until when a turn is worth waiting for. */
static int64_t turn_until_ms(const struct ctx *cx, const struct upstream_call *call)
{
    int64_t patient_ms = ctx_monotonic_ms(cx) + call->patience_ms;
    return call->patience_ms && patient_ms < call->until_ms ? patient_ms : call->until_ms;
}

enum err retry_perform(struct ctx *cx, struct feishu *feishu,
    const struct upstream_call *call, struct reply *reply)
{
    bool unsure = false;
    for (int try = 1;; try++) {
        enum err err = wait_for_breaker(cx, feishu, call);
        if (err == ERR_OK)
            err = budget_take(cx, feishu->budget, call->method, call->priority,
                turn_until_ms(cx, call));
        if (err == ERR_OK && feishu->options.ready)
            err = feishu->options.ready(feishu->options.ready_self, cx);
        if (err != ERR_OK) {
            *reply = (struct reply){.kind = err,
                .rule = CODE_FINAL,
                .reset_s = -1,
                .text = ctx_error(cx),
                .log_id = ""};
            return fail_call(cx, call, reply, unsure);
        }
        perform_once(cx, feishu, call, try, reply);
        if (reply->kind == ERR_OK) {
            cx->retry_after_s = 0;
            return ERR_OK;
        }
        unsure = unsure || reply->unsure;
        if (!retry_allowed(reply, call->retry, try))
            break;
        int64_t pause_ms = retry_pause_ms(cx, try, reply->reset_s);
        if (reply->kind == ERR_UPSTREAM_BUSY)
            cx->retry_after_s = (int)((pause_ms + 999) / 1000);
        if (ctx_monotonic_ms(cx) + pause_ms >= turn_until_ms(cx, call) ||
            !budget_sleep(feishu->budget, pause_ms))
            break;
    }
    return fail_call(cx, call, reply, unsure);
}
