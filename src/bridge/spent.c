/* Calls made upstream, counted in memory: a call must not write to the store. The
 * scheduler writes them down from time to time. */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "bridge/spent.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUCKETS 256
#define SETTLE_TRIES 20
#define SETTLE_STEP_MS 50

static const char *const words[FEISHU_PURPOSE_COUNT] = {
    [FEISHU_FOR_TOKENS] = "tokens",
    [FEISHU_FOR_CALENDARS] = "calendars",
    [FEISHU_FOR_EVENTS] = "events",
    [FEISHU_FOR_ATTENDEES] = "attendees",
    [FEISHU_FOR_WRITES] = "writes",
    [FEISHU_FOR_SUBSCRIPTIONS] = "subscriptions",
    [FEISHU_FOR_SHARING] = "sharing",
    [FEISHU_FOR_BUSY_TIMES] = "busy times",
    [FEISHU_FOR_PEOPLE] = "people",
};

struct count {
    struct count *next;
    struct spent spent; /* upstream_id on the heap */
};

struct spending {
    pthread_mutex_t mutex;
    struct count *buckets[BUCKETS];
    size_t n;
};

struct spending *spending_new(void)
{
    struct spending *spending = calloc(1, sizeof(*spending));
    if (!spending)
        abort();
    pthread_mutex_init(&spending->mutex, NULL);
    return spending;
}

static void drop_all(struct spending *spending)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (spending->buckets[i]) {
            struct count *one = spending->buckets[i];
            spending->buckets[i] = one->next;
            free((char *)one->spent.upstream_id);
            free(one);
        }
    spending->n = 0;
}

void spending_free(struct spending *spending)
{
    if (!spending)
        return;
    drop_all(spending);
    pthread_mutex_destroy(&spending->mutex);
    free(spending);
}

/* The mutex is held, as for those below. */
static void add(struct spending *spending, int64_t account_id, const char *upstream_id,
    int purpose, int64_t calls)
{
    uint64_t hash = (uint64_t)account_id * 31 + (uint64_t)purpose;
    for (const char *at = upstream_id; *at; at++)
        hash = hash * 31 + (unsigned char)*at;
    struct count **bucket = &spending->buckets[hash % BUCKETS];
    for (struct count *one = *bucket; one; one = one->next)
        if (one->spent.account_id == account_id && one->spent.purpose == purpose &&
            str_eq(one->spent.upstream_id, upstream_id)) {
            one->spent.calls += calls;
            return;
        }
    struct count *one = calloc(1, sizeof(*one));
    char *copy = strdup(upstream_id);
    if (!one || !copy)
        abort();
    one->spent = (struct spent){account_id, copy, purpose, calls};
    one->next = *bucket;
    *bucket = one;
    spending->n++;
}

void spent_note(
    void *self, int64_t payer, const char *calendar_id, enum feishu_purpose purpose)
{
    struct bridge *bridge = self;
    bridge->upstream_calls++;
    if (!payer)
        return;
    pthread_mutex_lock(&bridge->spending->mutex);
    add(bridge->spending, payer, "", (int)purpose, 1);
    if (!str_empty(calendar_id))
        add(bridge->spending, payer, calendar_id, (int)purpose, 1);
    pthread_mutex_unlock(&bridge->spending->mutex);
}

void spent_charge(struct bridge *bridge, int64_t account_id, unsigned calls)
{
    pthread_mutex_lock(&bridge->spending->mutex);
    add(bridge->spending, account_id, "", FEISHU_FOR_TOKENS, calls);
    pthread_mutex_unlock(&bridge->spending->mutex);
}

/* Out of the table, into the arena. */
static struct spent *take(struct ctx *cx, struct spending *spending, size_t *n)
{
    size_t taken = 0;
    struct spent *list = ARENA_ARRAY(cx->arena, struct spent, spending->n + 1);
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct count *one = spending->buckets[i]; one; one = one->next) {
            list[taken] = one->spent;
            list[taken++].upstream_id = arena_strdup(cx->arena, one->spent.upstream_id);
        }
    drop_all(spending);
    *n = taken;
    return list;
}

void spent_flush(struct ctx *cx, struct bridge *bridge)
{
    struct spending *spending = bridge->spending;
    bool done = false;
    size_t n;
    pthread_mutex_lock(&spending->mutex);
    struct spent *list = take(cx, spending, &n);
    pthread_mutex_unlock(&spending->mutex);
    if (!n)
        return;
    if (store_spent_add(cx, bridge->store, list, n, &done))
        log_line(cx, LOG_INFO, LOG_SYNC, "calls not noted yet: %s", ctx_error(cx));
    if (done)
        return;
    pthread_mutex_lock(&spending->mutex);
    for (size_t i = 0; i < n; i++)
        add(spending, list[i].account_id, list[i].upstream_id, list[i].purpose,
            list[i].calls);
    pthread_mutex_unlock(&spending->mutex);
}

static bool is_left(struct bridge *bridge)
{
    pthread_mutex_lock(&bridge->spending->mutex);
    bool left = bridge->spending->n != 0;
    pthread_mutex_unlock(&bridge->spending->mutex);
    return left;
}

void spent_settle(struct bridge *bridge)
{
    struct ctx *cx = ctx_new(NULL);
    for (int i = 0; i < SETTLE_TRIES && bridge->spending && is_left(bridge); i++) {
        if (i)
            nanosleep(&(struct timespec){.tv_nsec = SETTLE_STEP_MS * 1000000L}, NULL);
        spent_flush(cx, bridge);
    }
    ctx_free(cx);
}

const char *spent_word(int purpose)
{
    return purpose >= 0 && purpose < FEISHU_PURPOSE_COUNT ? words[purpose] : "other";
}
