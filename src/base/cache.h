/*
 * What was answered, kept for a while under a text key. The number of slots is fixed:
 * where two keys fall into one, the later takes it. For all threads.
 */
#ifndef BASE_CACHE_H
#define BASE_CACHE_H

#include "base/ctx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct kept {
    const void *bytes;
    size_t n_bytes;
    int64_t for_s; /* put: from now; got: what is left of it */
};

struct cache *cache_new(void);
/* NULL is allowed. */
void cache_free(struct cache *cache);
/* False: nothing is known, or not any more. kept->bytes is a copy in the arena. */
bool cache_get(struct ctx *cx, struct cache *cache, const char *key, struct kept *kept);
void cache_put(
    struct ctx *cx, struct cache *cache, const char *key, const struct kept *kept);

#endif
