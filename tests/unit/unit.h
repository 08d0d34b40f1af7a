/* What every unit test needs: cmocka with its headers, and a world that stands still. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include "base/ctx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* cmocka's macro of this name hides ours (base/ctx.h). */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: " __VA_ARGS__), print_error("\n"),            \
    _fail(__FILE__, __LINE__))

/* A clock that moves only when told, and counted "random" bytes: 1, 2, 3 ... */
struct still {
    int64_t wall_ms, monotonic_ms;
    unsigned char next_byte;
};

static inline int64_t still_wall_ms(void *self)
{
    return ((struct still *)self)->wall_ms;
}

static inline int64_t still_monotonic_ms(void *self)
{
    return ((struct still *)self)->monotonic_ms;
}

static inline void still_random(void *self, void *out, size_t len_bytes)
{
    struct still *still = self;
    for (size_t i = 0; i < len_bytes; i++)
        ((unsigned char *)out)[i] = ++still->next_byte;
}

/* still must outlive the seam and its contexts. */
static inline struct seam still_seam(struct still *still)
{
    return (struct seam){
        .wall_ms = still_wall_ms,
        .monotonic_ms = still_monotonic_ms,
        .random = still_random,
        .self = still,
    };
}

/* For cmocka_unit_test_setup_teardown: *state is a struct ctx on the system's seam. */
static inline int with_ctx(void **state)
{
    *state = ctx_new(NULL);
    return 0;
}

static inline int without_ctx(void **state)
{
    ctx_free(*state);
    return 0;
}

#define CTX_TEST(name) cmocka_unit_test_setup_teardown(name, with_ctx, without_ctx)

/* Shows the text of the failure when it is another than expected. */
#define assert_err(cx, expected, expression)                                             \
    do {                                                                                 \
        enum err assert_err_ = (expression);                                             \
        if (assert_err_ != (expected))                                                   \
            print_error("%s: %s\n", err_name(assert_err_), ctx_error(cx));               \
        assert_string_equal(err_name(assert_err_), err_name(expected));                  \
    } while (0)
#define assert_ok(cx, expression) assert_err(cx, ERR_OK, expression)

#endif
