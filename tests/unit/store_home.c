/* The list of an account's calendars: what went away is told by number, as in a
 * calendar. */
#include "store_unit.h"

#include "base/str.h"

/* "-gone=4 ~again=7 ": those that went away after a number */
static const char *gone_since(struct world *w, int64_t since)
{
    struct gone_calendar *list;
    size_t n;
    struct buf out = buf_new(w->cx->arena);
    assert_ok(w->cx,
        store_calendars_gone(w->cx, w->store, w->account.id, since, &list, &n));
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%c%s=%lld ", list[i].again ? '~' : '-', list[i].name,
            (long long)list[i].change);
    return buf_str(&out);
}

static int64_t add_calendar(struct world *w, const char *name)
{
    struct calendar one = {.account_id = w->account.id,
        .name = name,
        .upstream_id = name,
        .role = "owner"};
    save_calendar(w, &one);
    assert_int_equal(one.born, one.change);
    return one.id;
}

static int64_t remove_calendar(struct world *w, int64_t id)
{
    struct store_tx *tx;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_remove(w->cx, tx, id));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    return home_change(w);
}

static int64_t home_floor(struct world *w)
{
    struct account account;
    assert_ok(w->cx, store_account(w->cx, w->store, w->account.id, &account));
    return account.home_floor;
}

static void calendars_that_went_away_are_remembered_in_order(void **state)
{
    struct world *w = *state;
    int64_t start = home_change(w), one = add_calendar(w, "one"),
            two = add_calendar(w, "two");
    assert_string_equal(gone_since(w, 0), "");
    int64_t first = remove_calendar(w, two), second = remove_calendar(w, one);
    assert_string_equal(gone_since(w, start),
        arena_printf(
            w->cx->arena, "-two=%lld -one=%lld ", (long long)first, (long long)second));
    assert_string_equal(gone_since(w, first),
        arena_printf(w->cx->arena, "-one=%lld ", (long long)second));
    assert_string_equal(gone_since(w, second), "");
    add_calendar(w, "two"); /* its name only */
    assert_string_equal(gone_since(w, start),
        arena_printf(
            w->cx->arena, "~two=%lld -one=%lld ", (long long)first, (long long)second));
}

static void a_calendar_at_another_place_is_a_new_one_there(void **state)
{
    struct world *w = *state;
    int64_t before = put(w, "a", 1);
    const char *old = w->calendar.name;
    w->calendar.name = "elsewhere";
    save_calendar(w, &w->calendar);
    struct calendar now = calendar_now(w);
    assert_string_equal(now.name, "elsewhere");
    assert_true(now.born > before && now.floor == now.born && now.change > now.born);
    assert_string_equal(gone_since(w, before),
        arena_printf(w->cx->arena, "-%s=%lld ", old, (long long)now.born - 1));
    assert_int_equal(home_change(w), now.change);
}

static void what_is_forgotten_of_calendars_raises_the_floor_of_the_home(void **state)
{
    struct world *w = *state;
    int64_t one = add_calendar(w, "one"), two = add_calendar(w, "two");
    int64_t floor = home_floor(w), first = remove_calendar(w, one);
    w->still.wall_ms += 100000;
    int64_t second = remove_calendar(w, two);
    int64_t now_s = w->still.wall_ms / 1000;
    assert_true(floor > 0 && floor < first);
    assert_ok(w->cx, store_expire_tombstones(w->cx, w->store, now_s - 100));
    assert_int_equal(home_floor(w), floor); /* exactly as old is not older */
    assert_ok(w->cx, store_expire_tombstones(w->cx, w->store, now_s - 99));
    assert_int_equal(home_floor(w), first);
    assert_string_equal(gone_since(w, 0),
        arena_printf(w->cx->arena, "-two=%lld ", (long long)second));
    assert_ok(w->cx, store_expire_tombstones(w->cx, w->store, now_s - 50));
    assert_int_equal(home_floor(w), first); /* never falls */
}

static void a_calendar_was_changed_when_something_in_it_was(void **state)
{
    struct world *w = *state;
    int64_t born_s = w->calendar.modified_s;
    assert_int_equal(born_s, w->still.wall_ms / 1000);
    w->still.wall_ms += 5000;
    save_calendar(w, &w->calendar); /* nothing differs */
    assert_int_equal(calendar_now(w).modified_s, born_s);
    put(w, "a", 1);
    assert_int_equal(calendar_now(w).modified_s, born_s + 5);
    w->still.wall_ms += 5000;
    put(w, "a", 1); /* the same */
    assert_int_equal(calendar_now(w).modified_s, born_s + 5);
    w->calendar.summary = "Office";
    save_calendar(w, &w->calendar);
    assert_int_equal(calendar_now(w).modified_s, born_s + 10);
    w->still.wall_ms -= 3600000; /* a clock that was set back */
    put(w, "a", 2);
    assert_int_equal(calendar_now(w).modified_s, born_s + 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALENDAR_TEST(calendars_that_went_away_are_remembered_in_order),
        CALENDAR_TEST(a_calendar_at_another_place_is_a_new_one_there),
        CALENDAR_TEST(what_is_forgotten_of_calendars_raises_the_floor_of_the_home),
        CALENDAR_TEST(a_calendar_was_changed_when_something_in_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
