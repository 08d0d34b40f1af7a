#include "base/arena.h"

#include "unit.h"

#include <stdalign.h>

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    for (size_t size = 0; size < 300; size++) {
        unsigned char *memory = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, size);
    }
    arena_free(arena);
}

static void memory_is_zeroed_again_after_a_reset(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    memset(arena_alloc(arena, 1000), 0xff, 1000);
    arena_reset(arena);
    const unsigned char *memory = arena_alloc(arena, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(memory[i], 0);
    arena_free(arena);
}

static void allocations_of_all_sizes_do_not_overlap(void **state)
{
    (void)state;
    enum { N = 2000 };
    struct {
        unsigned char *memory;
        size_t size;
    } taken[N];
    struct arena *arena = arena_new();
    for (size_t i = 0; i < N; i++) {
        taken[i].size = i % 97 == 0 ? 100000 : i * 7 % 3001;
        taken[i].memory = arena_alloc(arena, taken[i].size);
        memset(taken[i].memory, (int)(i & 0xff), taken[i].size);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < taken[i].size; k++)
            assert_int_equal(taken[i].memory[k], i & 0xff);
    arena_free(arena);
}

static void kept_memory_survives_a_reset(void **state)
{
    (void)state;
    struct arena *arena = arena_new_keeping(40);
    char *kept = arena_kept(arena);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(kept[i], 0);
    memcpy(kept, "still here", 11);
    memset(arena_alloc(arena, 4000), 0xff, 4000);
    arena_reset(arena);
    memset(arena_alloc(arena, 4000), 0xff, 4000);
    assert_ptr_equal(arena_kept(arena), kept);
    assert_string_equal(kept, "still here");
    arena_free(arena);
}

static char released[8];

static void release(void *object)
{
    released[strlen(released)] = *(const char *)object;
}

static void deferred_functions_run_last_first_and_once(void **state)
{
    (void)state;
    memset(released, 0, sizeof(released));
    struct arena *arena = arena_new();
    arena_defer(arena, release, "a");
    arena_defer(arena, release, "b");
    arena_reset(arena);
    assert_string_equal(released, "ba");
    arena_defer(arena, release, "c");
    arena_free(arena);
    assert_string_equal(released, "bac");
}

static void release_into_arena(void *object)
{
    assert_string_equal(arena_strdup(object, "memory"), "memory");
}

static void a_deferred_function_may_still_use_the_arena(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    arena_defer(arena, release_into_arena, arena);
    arena_free(arena);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    arena_free(NULL);
}

static void texts_are_copied_and_null_stays_null(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_null(arena_strdup(arena, NULL));
    assert_null(arena_strndup(arena, NULL, 3));
    assert_string_equal(arena_strdup(arena, ""), "");
    assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(arena, "ab", 30), "ab");
    assert_memory_equal(arena_memdup(arena, "a\0b", 3), "a\0b", 3);
    arena_free(arena);
}

static void printf_has_no_limit(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    for (int n = 250; n < 262; n++) { /* about the size of its buffer */
        char *text = arena_printf(arena, "%*d", n, 7);
        assert_int_equal(strlen(text), n);
        assert_int_equal(text[n - 1], '7');
    }
    assert_int_equal(strlen(arena_printf(arena, "%70000d", 1)), 70000);
    arena_free(arena);
}

static void an_extended_allocation_keeps_its_place_and_its_neighbours(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    char *first = arena_alloc(arena, 10), *last = arena_alloc(arena, 10);
    memset(last, 'x', 10);
    assert_false(arena_extend(arena, first, 10, 100)); /* not the newest */
    if (arena_extend(arena, last, 10, 100)) {
        for (size_t i = 16; i < 100; i++)
            assert_int_equal(last[i], 0);
        memset(last, 'y', 100);
    }
    char *after = arena_alloc(arena, 10);
    memset(after, 'z', 10);
    assert_int_equal(last[9], last[0]);
    assert_int_equal(first[9], 0);
    assert_false(arena_extend(arena, after, 10, 1000000)); /* does not fit */
    assert_false(arena_extend(arena, NULL, 0, 10));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(memory_is_zeroed_again_after_a_reset),
        cmocka_unit_test(allocations_of_all_sizes_do_not_overlap),
        cmocka_unit_test(kept_memory_survives_a_reset),
        cmocka_unit_test(deferred_functions_run_last_first_and_once),
        cmocka_unit_test(a_deferred_function_may_still_use_the_arena),
        cmocka_unit_test(freeing_nothing_is_allowed),
        cmocka_unit_test(texts_are_copied_and_null_stays_null),
        cmocka_unit_test(printf_has_no_limit),
        cmocka_unit_test(an_extended_allocation_keeps_its_place_and_its_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
