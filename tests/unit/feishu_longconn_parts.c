#include "feishu/longconn_parts.h"

#include "unit.h"

struct world {
    struct still still;
    struct seam seam;
    struct ctx *cx;
    struct parts *parts;
};

static struct world *world_new(void)
{
    struct world *world = test_calloc(1, sizeof(*world));
    world->still.monotonic_ms = 1000;
    world->seam = still_seam(&world->still);
    world->cx = ctx_new(&world->seam);
    world->parts = parts_new();
    return world;
}

static void world_free(struct world *world)
{
    parts_free(world->parts);
    ctx_free(world->cx);
    test_free(world);
}

static char *add(
    struct world *world, const char *id, int64_t sum, int64_t seq, const char *text)
{
    size_t n = 0;
    char *whole = NULL;
    struct part part = {.message_id = id,
        .sum = sum,
        .seq = seq,
        .payload = text,
        .payload_bytes = strlen(text)};
    assert_ok(world->cx, parts_add(world->cx, world->parts, &part, &whole, &n));
    if (whole)
        assert_int_equal(strlen(whole), n);
    return whole;
}

static void parts_are_joined_in_their_order_however_they_come(void **state)
{
    struct world *world = world_new();
    (void)state;
    assert_null(add(world, "a", 3, 2, "three"));
    assert_null(add(world, "b", 2, 0, "other "));
    assert_null(add(world, "a", 3, 0, "one "));
    assert_string_equal(add(world, "a", 3, 1, "two "), "one two three");
    assert_string_equal(add(world, "b", 2, 1, "message"), "other message");
    world_free(world);
}

static void a_part_that_comes_twice_counts_once(void **state)
{
    struct world *world = world_new();
    (void)state;
    assert_null(add(world, "a", 2, 0, "one "));
    assert_null(add(world, "a", 2, 0, "one "));
    assert_string_equal(add(world, "a", 2, 1, "two"), "one two");
    assert_null(add(world, "a", 2, 1, "two"));
    assert_string_equal(add(world, "a", 2, 0, "again "), "again two");
    world_free(world);
}

static void what_stays_incomplete_is_dropped_after_ten_seconds(void **state)
{
    struct world *world = world_new();
    (void)state;
    assert_null(add(world, "a", 2, 0, "old "));
    world->still.monotonic_ms += PARTS_AGE_MS + 1;
    assert_null(add(world, "a", 2, 1, "two"));
    assert_string_equal(add(world, "a", 2, 0, "new "), "new two");
    world_free(world);
}

static void the_oldest_makes_room_for_more(void **state)
{
    struct world *world = world_new();
    char id[8];
    (void)state;
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "m%d", i);
        assert_null(add(world, id, 2, 0, "one "));
        world->still.monotonic_ms++;
    }
    assert_string_equal(add(world, "m39", 2, 1, "two"), "one two");
    assert_null(add(world, "m0", 2, 1, "two"));
    world_free(world);
}

static void parts_that_cannot_be_are_refused(void **state)
{
    static const struct part bad[] = {
        {.message_id = "", .sum = 2, .seq = 0, .payload = ""},
        {.message_id = "a", .sum = 0, .seq = 0, .payload = ""},
        {.message_id = "a", .sum = 2, .seq = 2, .payload = ""},
        {.message_id = "a", .sum = 2, .seq = -1, .payload = ""},
        {.message_id = "a", .sum = PARTS_MAX + 1, .seq = 0, .payload = ""},
        {.message_id = "a", .sum = 2, .seq = 0, .payload = NULL},
    };
    struct world *world = world_new();
    size_t n;
    char *whole;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_err(world->cx, ERR_BAD_REQUEST,
            parts_add(world->cx, world->parts, &bad[i], &whole, &n));
    assert_null(add(world, "a", 2, 0, "one"));
    struct part other = {.message_id = "a", .sum = 3, .seq = 1, .payload = ""};
    assert_err(world->cx, ERR_BAD_REQUEST,
        parts_add(world->cx, world->parts, &other, &whole, &n));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_joined_in_their_order_however_they_come),
        cmocka_unit_test(a_part_that_comes_twice_counts_once),
        cmocka_unit_test(what_stays_incomplete_is_dropped_after_ten_seconds),
        cmocka_unit_test(the_oldest_makes_room_for_more),
        cmocka_unit_test(parts_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
