/*
 * Memory of one unit of work: everything taken from an arena goes when the arena goes.
 *
 * An arena is not thread-safe; a unit of work stays on one thread at a time.
 * Allocation never fails: when memory is exhausted the process ends with a message.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* With kept_bytes of zeroed memory that live as long as the arena and survive a reset. */
struct arena *arena_new_keeping(size_t kept_bytes);
void *arena_kept(struct arena *arena);
/* Runs the deferred functions, last first, and frees all memory. NULL is allowed. */
void arena_free(struct arena *arena);
/* As arena_free, but the arena may be used again and keeps its first block. */
void arena_reset(struct arena *arena);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size_bytes);
/* As arena_alloc, for n items. */
void *arena_alloc_array(struct arena *arena, size_t item_bytes, size_t n);
/* Makes the newest allocation longer where it stands; false when that is not possible. */
bool arena_extend(struct arena *arena, void *memory, size_t old_bytes, size_t new_bytes);
void *arena_memdup(struct arena *arena, const void *data, size_t size_bytes);
/* NULL stays NULL. */
char *arena_strdup(struct arena *arena, const char *text);
/* At most n bytes, always terminated. */
char *arena_strndup(struct arena *arena, const char *text, size_t n);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Calls release(object) when the arena is freed or reset: for foreign objects. */
void arena_defer(struct arena *arena, void (*release)(void *object), void *object);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, n)                                                      \
    ((type *)arena_alloc_array((arena), sizeof(type), (n)))

#endif
