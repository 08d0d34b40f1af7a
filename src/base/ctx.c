#include "config.h"

#include "base/ctx.h"
#include "base/fault.h"

#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ID_MASK 0xffffffffffULL /* ten hexadecimal digits */

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(void *self)
{
    (void)self;
    return clock_ms(CLOCK_REALTIME) + fault_clock_ms();
}

static int64_t system_monotonic_ms(void *self)
{
    (void)self;
    return clock_ms(CLOCK_MONOTONIC);
}

static void system_random(void *self, void *out, size_t len_bytes)
{
    (void)self;
    unsigned char *at = out;
    while (len_bytes) {
        int part = len_bytes > 65536 ? 65536 : (int)len_bytes;
        if (RAND_bytes(at, part) != 1) {
            /* Nothing secret can be made without randomness: going on would be worse. */
            fputs("feishu-caldav: the system gives no random numbers\n", stderr);
            abort();
        }
        at += part;
        len_bytes -= (size_t)part;
    }
}

const struct seam *seam_system(void)
{
    static const struct seam seam = {
        .wall_ms = system_wall_ms,
        .monotonic_ms = system_monotonic_ms,
        .random = system_random,
    };
    return &seam;
}

/* Counted from a random start: unique within a process, cheap, and in order in the
 * log. */
static void new_id(struct ctx *cx)
{
    static _Atomic uint64_t next;
    if (atomic_load_explicit(&next, memory_order_relaxed) == 0) {
        uint64_t start = 0, none = 0;
        cx->seam->random(cx->seam->self, &start, sizeof(start));
        atomic_compare_exchange_strong(&next, &none, (start & ID_MASK) | 1);
    }
    uint64_t id = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) & ID_MASK;
    snprintf(cx->id, sizeof(cx->id), "%010llx", (unsigned long long)id);
}

struct ctx *ctx_new(const struct seam *seam)
{
    struct arena *arena = arena_new_keeping(sizeof(struct ctx));
    struct ctx *cx = arena_kept(arena);
    cx->arena = arena;
    cx->seam = seam ? seam : seam_system();
    new_id(cx);
    return cx;
}

void ctx_free(struct ctx *cx)
{
    if (cx)
        arena_free(cx->arena);
}

void ctx_reset(struct ctx *cx)
{
    arena_reset(cx->arena);
    *cx = (struct ctx){.arena = cx->arena, .seam = cx->seam};
    new_id(cx);
}

struct arena *ctx_step_begin(struct ctx *cx)
{
    struct arena *outer = cx->arena;
    cx->arena = arena_new();
    return outer;
}

void ctx_step_end(struct ctx *cx, struct arena *outer)
{
    struct arena *step = cx->arena;
    cx->err_text = arena_strdup(outer, cx->err_text);
    cx->arena = outer;
    arena_free(step);
}

enum err fail(struct ctx *cx, enum err kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cx->err_text = arena_vprintf(cx->arena, format, args);
    va_end(args);
    cx->err = kind;
    return kind;
}

const char *ctx_error(const struct ctx *cx)
{
    return cx->err_text ? cx->err_text : err_text(cx->err);
}

int64_t ctx_now_ms(const struct ctx *cx)
{
    return cx->seam->wall_ms(cx->seam->self);
}

int64_t ctx_now_s(const struct ctx *cx)
{
    int64_t now_ms = ctx_now_ms(cx);
    return now_ms / 1000 - (now_ms % 1000 < 0);
}

int64_t ctx_monotonic_ms(const struct ctx *cx)
{
    return cx->seam->monotonic_ms(cx->seam->self);
}

int64_t ctx_left_ms(const struct ctx *cx, int64_t fallback_ms)
{
    if (!cx->deadline_ms)
        return fallback_ms;
    int64_t left_ms = cx->deadline_ms - ctx_monotonic_ms(cx);
    return left_ms > 0 ? left_ms : 0;
}
