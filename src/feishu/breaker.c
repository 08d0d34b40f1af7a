#include "feishu/breaker.h"

#include <pthread.h>
#include <stdlib.h>

struct breaker {
    pthread_mutex_t lock;
    unsigned failures; /* in a row */
    int64_t pause_ms;  /* 0 = closed */
    int64_t until_ms;
    bool trying; /* one call is under way to find out */
};

struct breaker *breaker_new(void)
{
    struct breaker *breaker = calloc(1, sizeof(*breaker));
    if (!breaker)
        abort();
    pthread_mutex_init(&breaker->lock, NULL);
    return breaker;
}

void breaker_free(struct breaker *breaker)
{
    if (!breaker)
        return;
    pthread_mutex_destroy(&breaker->lock);
    free(breaker);
}

int64_t breaker_wait_ms(struct breaker *breaker, int64_t now_ms)
{
    int64_t wait_ms = 0;
    pthread_mutex_lock(&breaker->lock);
    if (breaker->pause_ms && now_ms < breaker->until_ms) {
        wait_ms = breaker->until_ms - now_ms;
    } else if (breaker->pause_ms) { /* this call tries for all */
        breaker->until_ms = now_ms + breaker->pause_ms;
        breaker->trying = true;
    }
    pthread_mutex_unlock(&breaker->lock);
    return wait_ms;
}

static void fail_once_more(struct breaker *breaker, int64_t now_ms)
{
    if (breaker->failures < BREAKER_FAILURES && ++breaker->failures < BREAKER_FAILURES)
        return;
    /* Calls that were under way when it opened say nothing new. */
    if (breaker->pause_ms && !breaker->trying)
        return;
    breaker->pause_ms =
        breaker->pause_ms ? breaker->pause_ms * 2 : BREAKER_PAUSE_FIRST_MS;
    if (breaker->pause_ms > BREAKER_PAUSE_MAX_MS)
        breaker->pause_ms = BREAKER_PAUSE_MAX_MS;
    breaker->until_ms = now_ms + breaker->pause_ms;
    breaker->trying = false;
}

void breaker_note(struct breaker *breaker, bool answered, int64_t now_ms)
{
    pthread_mutex_lock(&breaker->lock);
    if (answered) {
        breaker->failures = 0;
        breaker->pause_ms = 0;
        breaker->trying = false;
    } else {
        fail_once_more(breaker, now_ms);
    }
    pthread_mutex_unlock(&breaker->lock);
}
