#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define ONE_MALLOC_EACH true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_MALLOC_EACH true
#endif
#endif
#ifndef ONE_MALLOC_EACH
#define ONE_MALLOC_EACH false
#endif

#define FIRST_BYTES 4096
#define LAST_BYTES (256 * 1024)
#define ALIGN alignof(max_align_t)

struct block {
    struct block *next;
    size_t cap_bytes, used_bytes;
    alignas(ALIGN) unsigned char data[];
};

struct deferred {
    struct deferred *next;
    void (*release)(void *object);
    void *object;
};

struct arena {
    /* the one in use, then the full ones; the first is in the arena */
    struct block *blocks;
    struct deferred *deferred;
    size_t next_bytes; /* of the next block */
    size_t kept_bytes; /* at the start of the first block, survives a reset */
    struct block first;
};

static _Noreturn void out_of_memory(void)
{
    static const char text[] = "feishu-caldav: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    _exit(EXIT_FAILURE);
}

static size_t aligned(size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 4)
        out_of_memory();
    return (size_bytes + ALIGN - 1) & ~(ALIGN - 1);
}

static struct block *block_new(struct arena *arena, size_t cap_bytes)
{
    struct block *block = calloc(1, sizeof(*block) + cap_bytes);
    if (!block)
        out_of_memory();
    block->cap_bytes = cap_bytes;
    /* Behind the one in use, whose free space is not lost. */
    block->next = arena->blocks->next;
    arena->blocks->next = block;
    return block;
}

struct arena *arena_new_keeping(size_t kept_bytes)
{
    size_t total_bytes = FIRST_BYTES;
    kept_bytes = aligned(kept_bytes);
    if (ONE_MALLOC_EACH)
        total_bytes = sizeof(struct arena) + kept_bytes;
    else if (kept_bytes > FIRST_BYTES / 4)
        total_bytes += kept_bytes;

    struct arena *arena = malloc(total_bytes);
    if (!arena)
        out_of_memory();
    *arena = (struct arena){.next_bytes = 2 * FIRST_BYTES, .kept_bytes = kept_bytes};
    arena->blocks = &arena->first;
    arena->first.cap_bytes = total_bytes - sizeof(*arena);
    arena->first.used_bytes = kept_bytes;
    memset(arena->first.data, 0, kept_bytes);
    return arena;
}

struct arena *arena_new(void)
{
    return arena_new_keeping(0);
}

void *arena_kept(struct arena *arena)
{
    return arena->first.data;
}

void arena_reset(struct arena *arena)
{
    while (arena->deferred) {
        struct deferred *last = arena->deferred;
        arena->deferred = last->next;
        last->release(last->object);
    }
    for (struct block *block = arena->blocks; block;) {
        struct block *next = block->next;
        if (block != &arena->first)
            free(block);
        block = next;
    }
    arena->blocks = &arena->first;
    arena->next_bytes = 2 * FIRST_BYTES;
    arena->first.next = NULL;
    arena->first.used_bytes = arena->kept_bytes;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    arena_reset(arena);
    free(arena);
}

/* A fresh block in front, for the allocations to come. */
static struct block *turn_page(struct arena *arena)
{
    struct block *block = block_new(arena, arena->next_bytes);
    arena->blocks->next = block->next;
    block->next = arena->blocks;
    arena->blocks = block;
    if (arena->next_bytes < LAST_BYTES)
        arena->next_bytes *= 2;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    if (ONE_MALLOC_EACH) {
        /* The very size, so that the sanitizer sees the first byte behind it. */
        return block_new(arena, size_bytes ? size_bytes : 1)->data;
    }
    size_t take_bytes = aligned(size_bytes ? size_bytes : 1);
    struct block *block = arena->blocks;
    if (take_bytes > block->cap_bytes - block->used_bytes) {
        if (take_bytes > arena->next_bytes / 4)
            return block_new(arena, take_bytes)->data;
        block = turn_page(arena);
    }
    void *memory = block->data + block->used_bytes;
    block->used_bytes += take_bytes;
    return memset(memory, 0, take_bytes);
}

void *arena_alloc_array(struct arena *arena, size_t item_bytes, size_t n)
{
    if (n && item_bytes > SIZE_MAX / n)
        out_of_memory();
    return arena_alloc(arena, item_bytes * n);
}

bool arena_extend(struct arena *arena, void *memory, size_t old_bytes, size_t new_bytes)
{
    if (ONE_MALLOC_EACH || !memory || !old_bytes || new_bytes < old_bytes)
        return false;
    struct block *block = arena->blocks;
    size_t had_bytes = aligned(old_bytes), take_bytes = aligned(new_bytes);
    unsigned char *end = block->data + block->used_bytes;
    if ((unsigned char *)memory + had_bytes != end ||
        take_bytes - had_bytes > block->cap_bytes - block->used_bytes)
        return false;
    memset(end, 0, take_bytes - had_bytes);
    block->used_bytes += take_bytes - had_bytes;
    return true;
}

void *arena_memdup(struct arena *arena, const void *data, size_t size_bytes)
{
    void *copy = arena_alloc(arena, size_bytes);
    if (size_bytes)
        memcpy(copy, data, size_bytes);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_memdup(arena, text, strlen(text) + 1) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t n)
{
    if (!text)
        return NULL;
    size_t len_bytes = strnlen(text, n);
    char *copy = arena_alloc(arena, len_bytes + 1);
    memcpy(copy, text, len_bytes);
    return copy;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    char small[256];
    int len = vsnprintf(small, sizeof(small), format, args);
    char *text = arena_alloc(arena, len < 0 ? 1 : (size_t)len + 1);
    if (len >= (int)sizeof(small))
        vsnprintf(text, (size_t)len + 1, format, again);
    else if (len >= 0)
        memcpy(text, small, (size_t)len);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void arena_defer(struct arena *arena, void (*release)(void *object), void *object)
{
    struct deferred *deferred = ARENA_NEW(arena, struct deferred);
    *deferred =
        (struct deferred){.next = arena->deferred, .release = release, .object = object};
    arena->deferred = deferred;
}
