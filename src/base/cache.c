#include "base/cache.h"

#include "base/str.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 512

struct slot {
    char *key; /* owned; NULL = empty */
    void *bytes;
    size_t n_bytes;
    int64_t until_s;
};
struct cache {
    pthread_mutex_t mutex;
    struct slot slots[SLOTS];
};

struct cache *cache_new(void)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        abort();
    pthread_mutex_init(&cache->mutex, NULL);
    return cache;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < SLOTS; i++) {
        free(cache->slots[i].key);
        free(cache->slots[i].bytes);
    }
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

static struct slot *slot_of(struct cache *cache, const char *key)
{
    return &cache->slots[str_hash(key) % SLOTS];
}

bool cache_get(struct ctx *cx, struct cache *cache, const char *key, struct kept *kept)
{
    int64_t now_s = ctx_now_s(cx);
    pthread_mutex_lock(&cache->mutex);
    const struct slot *slot = slot_of(cache, key);
    bool known = str_eq(slot->key, key) && slot->until_s > now_s;
    if (known)
        *kept = (struct kept){
            .bytes = arena_memdup(cx->arena, slot->bytes, slot->n_bytes),
            .n_bytes = slot->n_bytes,
            .for_s = slot->until_s - now_s};
    pthread_mutex_unlock(&cache->mutex);
    return known;
}

void cache_put(
    struct ctx *cx, struct cache *cache, const char *key, const struct kept *kept)
{
    struct slot new = {.key = strdup(key),
        .bytes = malloc(kept->n_bytes + 1),
        .n_bytes = kept->n_bytes,
        .until_s = ctx_now_s(cx) + kept->for_s};
    if (!new.key || !new.bytes)
        abort();
    if (new.n_bytes)
        memcpy(new.bytes, kept->bytes, new.n_bytes);
    pthread_mutex_lock(&cache->mutex);
    struct slot *slot = slot_of(cache, key);
    struct slot old = *slot;
    *slot = new;
    pthread_mutex_unlock(&cache->mutex);
    free(old.key);
    free(old.bytes);
}
