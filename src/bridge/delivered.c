/* Which texts were made, and which clients have been given, since this process began. A
 * write that names no condition and puts back what Feishu changed is told from one made
 * of an older text by whether anybody was given the change (merge.c); and a text that was
 * given to nobody is nobody's older text. Only memory: what is forgotten counts as not
 * given, and as not made here. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <stdlib.h>

#define SLOTS 32768 /* a power of two */

struct delivery {
    int64_t calendar_id, change;
    bool given;
};
struct delivered {
    pthread_mutex_t mutex;
    struct delivery slots[SLOTS];
};

struct delivered *delivered_new(void)
{
    struct delivered *delivered = calloc(1, sizeof(*delivered));
    if (!delivered)
        abort();
    pthread_mutex_init(&delivered->mutex, NULL);
    return delivered;
}

void delivered_free(struct delivered *delivered)
{
    if (!delivered)
        return;
    pthread_mutex_destroy(&delivered->mutex);
    free(delivered);
}

static struct delivery *slot_of(
    struct delivered *delivered, int64_t calendar_id, int64_t change)
{
    uint64_t mixed = (uint64_t)calendar_id * UINT64_C(0x9E3779B97F4A7C15) +
        (uint64_t)change * UINT64_C(0xBF58476D1CE4E5B9);
    return &delivered->slots[mixed >> 40 & (SLOTS - 1)];
}

static void note(
    struct delivered *delivered, int64_t calendar_id, int64_t change, bool given)
{
    pthread_mutex_lock(&delivered->mutex);
    *slot_of(delivered, calendar_id, change) =
        (struct delivery){calendar_id, change, given};
    pthread_mutex_unlock(&delivered->mutex);
}

void be_delivered(struct bridge *bridge, const struct be_calendar *calendar,
    const struct be_object *object)
{
    note(bridge->delivered, calendar->id, object->change, true);
}

void delivered_made(struct bridge *bridge, int64_t calendar_id, int64_t change)
{
    note(bridge->delivered, calendar_id, change, false);
}

static struct delivery find(
    struct delivered *delivered, int64_t calendar_id, int64_t change)
{
    pthread_mutex_lock(&delivered->mutex);
    struct delivery found = *slot_of(delivered, calendar_id, change);
    pthread_mutex_unlock(&delivered->mutex);
    bool same = found.calendar_id == calendar_id && found.change == change;
    return same ? found : (struct delivery){0};
}

bool delivered_has(struct bridge *bridge, int64_t calendar_id, int64_t change)
{
    return find(bridge->delivered, calendar_id, change).given;
}

bool delivered_not(struct bridge *bridge, int64_t calendar_id, int64_t change)
{
    struct delivery found = find(bridge->delivered, calendar_id, change);
    /* A process that does not serve does not know what the server has given. */
    return bridge->scheduler && found.change && !found.given;
}
