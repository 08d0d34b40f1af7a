/* Hash map from text to pointer. Keys are copied, values are the caller's. */
#ifndef SIM_MAP_H
#define SIM_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
    struct map_slot *next;
    void *value;
    uint64_t hash;
    char key[];
};

struct map {
    struct map_slot **slots;
    size_t n, size;
};

void *map_get(const struct map *m, const char *key);
/* Sets or replaces. */
void map_put(struct map *m, const char *key, void *value);
void map_del(struct map *m, const char *key);
/* Frees the map and, when free_value is given, each value. */
void map_free(struct map *m, void (*free_value)(void *));
/* Calls fn for every value, in no order. */
void map_each(const struct map *m, void (*fn)(void *arg, void *value), void *arg);

#endif
