/*
 * The rate budget: calls per second and per minute of each upstream method, shared by all
 * accounts (feishu-api 1.5). Any thread.
 *
 * The windows slide: at no moment does the last second or the last minute hold more calls
 * than allowed. Waiting calls go in the order writes, reads, polls, back-fill. Among
 * those of one kind the accounts (cx->payer) take turns, however many calls one has
 * waiting: the one whose last turn was longest ago is next, and of one account first come
 * first served. Polls and back-fill leave a fifth of both windows to the others.
 */
#ifndef FEISHU_BUDGET_H
#define FEISHU_BUDGET_H

#include "base/ctx.h"
#include "feishu/client.h"

/* A method is an endpoint, or one of those that oauth.c calls beside the table. */
#define BUDGET_OAUTH_TOKEN FEISHU_ENDPOINT_COUNT
#define BUDGET_OAUTH_REVOKE (FEISHU_ENDPOINT_COUNT + 1)
#define BUDGET_METHODS (FEISHU_ENDPOINT_COUNT + 2)

struct budget;

struct budget *budget_new(long per_second, long per_minute);
void budget_free(struct budget *budget);
/* Counts one call of the method now, after waiting for its turn. Errors: UPSTREAM_BUSY
 * (with cx->retry_after_s) when its turn comes after until_ms (monotonic); UPSTREAM_DOWN
 * when stopped. */
enum err budget_take(struct ctx *cx, struct budget *budget, unsigned method,
    enum feishu_priority priority, int64_t until_ms);
/* Feishu said: no call of the method before that moment (monotonic). */
void budget_pause(struct budget *budget, unsigned method, int64_t until_ms);
/* Sleeps; false at once when stopped. */
bool budget_sleep(struct budget *budget, int64_t sleep_ms);
/* Ends every wait, for good. */
void budget_stop(struct budget *budget);
/* For tests: how many wait for the method; look at the clock again. */
unsigned budget_waiting(struct budget *budget, unsigned method);
void budget_wake(struct budget *budget);

#endif
