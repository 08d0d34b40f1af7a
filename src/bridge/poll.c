#include "bridge/poll.h"

#include <stdlib.h>

#define HOUR_S 3600
#define DAY_S 86400
#define WEEK_S (7 * DAY_S)
#define MINUTE_MS 60000
#define BURST_MS 10000 /* what was not spent in that time is lost */
#define BURST_MIN 1000 /* hundredths of calls */
#define STRETCH_MAX 1000000000LL

/* By the time since a client last asked, as long as nothing changes; the last row is for
 * those that nobody asked for. */
static const struct {
    int64_t within_s;
    int factor;
} idle[] = {{POLL_ACTIVE_S, 1}, {DAY_S, 4}, {WEEK_S, 8}, {INT64_MAX, 16}};

static int64_t between(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

static int idle_factor(const struct poll_facts *facts, int64_t now_s)
{
    int64_t ago_s = facts->interest_s ? now_s - facts->interest_s : INT64_MAX;
    int64_t quiet_s = facts->changed_s ? now_s - facts->changed_s : INT64_MAX;
    size_t i = 0;
    while (ago_s > idle[i].within_s)
        i++;
    if (i == 0)
        return idle[0].factor;
    if (quiet_s <= HOUR_S)
        return idle[i].factor / 2;
    return quiet_s > WEEK_S ? idle[i].factor * 2 : idle[i].factor;
}

int64_t poll_interval_ms(int64_t base_ms, const struct poll_facts *facts, int64_t now_s)
{
    int64_t factor = idle_factor(facts, now_s);
    if (facts->told) {
        int64_t told = factor == 1 ? POLL_TOLD_FACTOR : 2 * POLL_TOLD_FACTOR;
        factor = factor > told ? factor : told;
    }
    int64_t cost = between(facts->cost, 100, 100 * POLL_COST_FACTOR_MAX);
    return base_ms * factor * cost / 100;
}

int64_t poll_calls(
    const struct poll_facts *facts, int64_t interval_ms, bool owned, bool shares_told)
{
    int64_t cost = facts->cost > 0 ? facts->cost : 100;
    int64_t shares_ms = 1000LL * (shares_told ? POLL_SHARES_TOLD_S : POLL_SHARES_S);
    if (!owned)
        return cost;
    return cost + (interval_ms < shares_ms ? 100 * interval_ms / shares_ms : 100);
}

int64_t poll_stretch(const struct poll *list, size_t n, long calls_per_minute)
{
    double wanted = 0; /* hundredths of calls a minute */
    for (size_t i = 0; i < n; i++)
        if (list[i].interval_ms > 0)
            wanted += (double)list[i].calls * MINUTE_MS / (double)list[i].interval_ms;
    double stretch = wanted * 10 / (double)(calls_per_minute > 0 ? calls_per_minute : 1);
    if (stretch <= 1000)
        return 1000;
    return stretch < (double)STRETCH_MAX ? (int64_t)stretch + 1 : STRETCH_MAX;
}

void poll_earn(struct poll_purse *purse, long calls_per_minute, int64_t now_ms)
{
    int64_t most = (int64_t)calls_per_minute * 100 * BURST_MS / MINUTE_MS;
    most = most > BURST_MIN ? most : BURST_MIN;
    int64_t rate = (int64_t)(calls_per_minute > 0 ? calls_per_minute : 1) * 100;
    int64_t passed_ms = between(now_ms - purse->at_ms, 0, MINUTE_MS);
    int64_t earned = rate * passed_ms / MINUTE_MS;
    if (!purse->at_ms || purse->credit + earned >= most) {
        *purse = (struct poll_purse){.credit = most, .at_ms = now_ms};
        return;
    }
    purse->credit += earned;
    purse->at_ms += earned * MINUTE_MS / rate; /* what is no whole call is not lost */
}

struct candidate {
    struct poll *poll;
    double lateness; /* in intervals */
};

static int by_lateness(const void *a, const void *b)
{
    const struct candidate *one = a, *other = b;
    return one->lateness > other->lateness ? -1 : one->lateness < other->lateness;
}

size_t poll_release(struct poll *list, size_t n, int64_t stretch, int64_t now_ms,
    struct poll_purse *purse)
{
    struct candidate *due = calloc(n + 1, sizeof(*due));
    size_t n_due = 0, released = 0;
    if (!due)
        abort();
    for (size_t i = 0; i < n; i++) {
        int64_t waited_ms = now_ms - list[i].last_ms;
        double wanted_ms = (double)list[i].interval_ms * (double)stretch / 1000;
        list[i].released = false;
        /* A look in the future was noted by a clock that was wrong. */
        if (list[i].asleep ||
            (list[i].last_ms && waited_ms > -MINUTE_MS && (double)waited_ms < wanted_ms))
            continue;
        due[n_due++] = (struct candidate){&list[i],
            list[i].last_ms ? (double)waited_ms / (wanted_ms > 1 ? wanted_ms : 1) : 1};
    }
    qsort(due, n_due, sizeof(*due), by_lateness);
    for (; released < n_due && purse->credit > 0; released++) {
        due[released].poll->released = true;
        purse->credit -= due[released].poll->calls;
    }
    free(due);
    return released;
}
