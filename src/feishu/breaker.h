/*
 * The circuit breaker of the tenant's app: when call after call meets no Feishu (no
 * answer, a 5xx, a proxy's page), further calls are not made for a while, so that nobody
 * waits for what will fail and an outage is not hammered. After the pause one call tries;
 * its success ends the outage, its failure doubles the pause. Any thread.
 */
#ifndef FEISHU_BREAKER_H
#define FEISHU_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 12
#define BREAKER_PAUSE_FIRST_MS 1000
#define BREAKER_PAUSE_MAX_MS 30000

struct breaker;

struct breaker *breaker_new(void);
void breaker_free(struct breaker *breaker);
/* 0 = call now, and tell breaker_note how it went; else how long it stays open, in ms. */
int64_t breaker_wait_ms(struct breaker *breaker, int64_t now_ms);
/* answered: Feishu itself answered, whatever it said. */
void breaker_note(struct breaker *breaker, bool answered, int64_t now_ms);

#endif
