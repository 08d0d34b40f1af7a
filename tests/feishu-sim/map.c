#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define MULTIPLIER 0x9E3779B97F4A7C15u /* 2^64 by the golden ratio */

static uint64_t mix(uint64_t h)
{
    h *= MULTIPLIER;
    return h ^ h >> 32;
}

/* Eight bytes a step: a user token is over a thousand long. The last step brings the high
 * bits down, for the table looks at the low ones. */
static uint64_t hash_of(const char *key)
{
    uint64_t h = 0, word = 0;
    size_t left = strlen(key);

    for (; left > sizeof word; left -= sizeof word, key += sizeof word) {
        memcpy(&word, key, sizeof word);
        h = mix(h ^ word);
    }
    word = 0;
    memcpy(&word, key, left);
    return mix(mix(h ^ word));
}

static struct map_slot **find(const struct map *m, const char *key, uint64_t hash)
{
    struct map_slot **at;

    if (!m->size)
        return NULL;
    at = &m->slots[hash & (m->size - 1)];
    while (*at && ((*at)->hash != hash || strcmp((*at)->key, key) != 0))
        at = &(*at)->next;
    return at;
}

void *map_get(const struct map *m, const char *key)
{
    struct map_slot **at = find(m, key, hash_of(key));

    return at && *at ? (*at)->value : NULL;
}

static void grow(struct map *m)
{
    size_t size = m->size ? m->size * 2 : 64;
    struct map_slot **slots = xcalloc(size, sizeof *slots);

    for (size_t i = 0; i < m->size; i++)
        for (struct map_slot *s = m->slots[i], *next; s; s = next) {
            next = s->next;
            s->next = slots[s->hash & (size - 1)];
            slots[s->hash & (size - 1)] = s;
        }
    free(m->slots);
    m->slots = slots;
    m->size = size;
}

void map_put(struct map *m, const char *key, void *value)
{
    uint64_t hash = hash_of(key);
    struct map_slot **at = find(m, key, hash), *slot;

    if (at && *at) {
        (*at)->value = value;
        return;
    }
    if (m->n >= m->size)
        grow(m);
    slot = xcalloc(1, sizeof *slot + strlen(key) + 1);
    memcpy(slot->key, key, strlen(key) + 1);
    slot->hash = hash;
    slot->value = value;
    slot->next = m->slots[hash & (m->size - 1)];
    m->slots[hash & (m->size - 1)] = slot;
    m->n++;
}

void map_del(struct map *m, const char *key)
{
    struct map_slot **at = find(m, key, hash_of(key)), *slot;

    if (!at || !*at)
        return;
    slot = *at;
    *at = slot->next;
    free(slot);
    m->n--;
}

void map_free(struct map *m, void (*free_value)(void *))
{
    for (size_t i = 0; i < m->size; i++)
        for (struct map_slot *s = m->slots[i], *next; s; s = next) {
            next = s->next;
            if (free_value)
                free_value(s->value);
            free(s);
        }
    free(m->slots);
    *m = (struct map){0};
}

void map_each(const struct map *m, void (*fn)(void *arg, void *value), void *arg)
{
    for (size_t i = 0; i < m->size; i++)
        for (struct map_slot *s = m->slots[i]; s; s = s->next)
            fn(arg, s->value);
}
