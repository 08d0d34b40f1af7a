#include "base/cache.h"

#include "base/str.h"
#include "unit.h"

static void put(struct ctx *cx, struct cache *cache, const char *key, const char *text)
{
    cache_put(cx, cache, key,
        &(struct kept){.bytes = text, .n_bytes = strlen(text), .for_s = 10});
}

static void assert_kept(
    struct ctx *cx, struct cache *cache, const char *key, const char *text)
{
    struct kept kept;
    assert_true(cache_get(cx, cache, key, &kept));
    assert_int_equal(kept.n_bytes, strlen(text));
    assert_memory_equal(kept.bytes, text, kept.n_bytes);
}

static void what_was_put_is_known_until_its_time_is_over(void **state)
{
    (void)state;
    struct still still = {.wall_ms = 5000};
    struct seam seam = still_seam(&still);
    struct ctx *cx = ctx_new(&seam);
    struct cache *cache = cache_new();
    struct kept kept = {.for_s = -1};
    assert_false(cache_get(cx, cache, "a", &kept));
    assert_int_equal(kept.for_s, -1);
    put(cx, cache, "a", "one");
    assert_kept(cx, cache, "a", "one");
    still.wall_ms += 4000;
    assert_true(cache_get(cx, cache, "a", &kept));
    assert_int_equal(kept.for_s, 6);
    still.wall_ms += 6000;
    assert_false(cache_get(cx, cache, "a", &kept));
    put(cx, cache, "a", "two");
    assert_kept(cx, cache, "a", "two");
    cache_free(cache);
    ctx_free(cx);
}

static void an_answer_of_nothing_is_an_answer(void **state)
{
    (void)state;
    struct still still = {.wall_ms = 5000};
    struct seam seam = still_seam(&still);
    struct ctx *cx = ctx_new(&seam);
    struct cache *cache = cache_new();
    cache_put(cx, cache, "", &(struct kept){.for_s = 1});
    assert_kept(cx, cache, "", "");
    cache_free(cache);
    ctx_free(cx);
}

static void keys_that_fall_into_one_slot_are_not_taken_for_each_other(void **state)
{
    (void)state;
    struct still still = {.wall_ms = 5000};
    struct seam seam = still_seam(&still);
    struct ctx *cx = ctx_new(&seam);
    struct cache *cache = cache_new();
    size_t n_known = 0;
    for (int i = 0; i < 5000; i++) {
        const char *key = arena_printf(cx->arena, "key %d", i);
        put(cx, cache, key, key);
        assert_kept(cx, cache, key, key);
    }
    for (int i = 0; i < 5000; i++) {
        const char *key = arena_printf(cx->arena, "key %d", i);
        struct kept kept;
        if (cache_get(cx, cache, key, &kept)) {
            assert_kept(cx, cache, key, key);
            n_known++;
        }
    }
    assert_in_range(n_known, 100, 4000);
    cache_free(cache);
    cache_free(NULL);
    ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_known_until_its_time_is_over),
        cmocka_unit_test(an_answer_of_nothing_is_an_answer),
        cmocka_unit_test(keys_that_fall_into_one_slot_are_not_taken_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
