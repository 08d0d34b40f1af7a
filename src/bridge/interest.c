/* When clients last asked for a calendar, in memory: a read must not write to the store.
 * The scheduler writes it down from time to time. */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "bridge/poll.h"

#include <stdlib.h>

#define SLOTS 4096
#define HOMES 1024
#define STALE_POKE_S 30

struct slot {
    _Atomic int64_t calendar_id, when_s, poked_s;
    atomic_bool dirty;
};

/* When a home was looked at for staleness. */
struct home {
    _Atomic int64_t account_id, when_s;
};

struct interest {
    struct slot slots[SLOTS];
    struct home homes[HOMES];
};

struct interest *interest_new(void)
{
    struct interest *interest = calloc(1, sizeof(*interest));
    if (!interest)
        abort();
    return interest;
}

void interest_free(struct interest *interest)
{
    free(interest);
}

/* With changes told of, a calendar is stale later, and also while there are more polls
 * than there is room for. */
static int64_t stale_s(const struct bridge *bridge)
{
    int64_t interval_s =
        bridge->conf->sync.poll_interval_s * bridge->stretch / POLL_STRETCH_NONE;
    return events_way(bridge) == EVENTS_POLLING ? interval_s
                                                : interval_s * POLL_TOLD_FACTOR;
}

/* Two calendars that share a slot only cost each other a little accuracy. */
void interest_note(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    int64_t calendar_id, int64_t last_pull_s)
{
    struct slot *slot = &bridge->interest->slots[(uint64_t)calendar_id % SLOTS];
    int64_t now_s = ctx_now_s(cx);
    if (slot->calendar_id == calendar_id && slot->when_s == now_s)
        return;
    slot->calendar_id = calendar_id;
    slot->when_s = now_s;
    slot->dirty = true;
    /* The poll of a calendar that was not looked at for long makes it fresh for the next
     * poll. */
    bool was_poked = slot->poked_s <= now_s && slot->poked_s + STALE_POKE_S >= now_s;
    if ((last_pull_s + stale_s(bridge) < now_s || last_pull_s > now_s) && !was_poked) {
        slot->poked_s = now_s;
        bridge_poke(bridge, account_id, calendar_id);
    }
}

/* As with calendars; a new one ought to be there when somebody looks for it. */
void interest_home(struct ctx *cx, struct bridge *bridge, int64_t account_id)
{
    struct home *home = &bridge->interest->homes[(uint64_t)account_id % HOMES];
    int64_t now_s = ctx_now_s(cx);
    if (home->account_id == account_id && home->when_s + STALE_POKE_S >= now_s)
        return;
    home->account_id = account_id;
    home->when_s = now_s;
    bridge_poke_stale_list(
        bridge, account_id, now_s - POLL_LIST_FACTOR * stale_s(bridge));
}

void interest_flush(struct ctx *cx, struct bridge *bridge)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &bridge->interest->slots[i];
        if (slot->dirty && atomic_exchange(&slot->dirty, false))
            store_calendar_interest(cx, bridge->store, slot->calendar_id, slot->when_s);
    }
}
