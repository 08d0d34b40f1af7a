#include "store_unit.h"

#include "base/str.h"
#include "store/polls.h"

#define UPSTREAM "feishu.cn_work@group.calendar.feishu.cn"

static void hide(struct world *w, const char *name, int version, bool hidden)
{
    struct object one = an_object(w, name, version);
    one.hidden = hidden;
    save(w, &one);
}

static void objects_are_counted_as_they_come_and_go(void **state)
{
    struct world *w = *state;
    assert_int_equal(calendar_now(w).objects, 0);
    put(w, "a", 1);
    put(w, "b", 1);
    put(w, "b", 2);
    assert_int_equal(calendar_now(w).objects, 2);
    hide(w, "c", 1, true);
    assert_int_equal(calendar_now(w).objects, 2);
    hide(w, "b", 2, true);
    assert_int_equal(calendar_now(w).objects, 1);
    hide(w, "b", 2, false);
    hide(w, "c", 2, false);
    assert_int_equal(calendar_now(w).objects, 3);
    take_away(w, "a.ics");
    take_away(w, "a.ics");
    hide(w, "b", 3, true);
    take_away(w, "b.ics");
    assert_int_equal(calendar_now(w).objects, 1);
}

static void what_was_rolled_back_is_not_counted(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    struct object one = an_object(w, "a", 1);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_object_save(w->cx, tx, &one));
    store_end(w->cx, tx, ERR_INTERNAL);
    assert_int_equal(calendar_now(w).objects, 0);
}

static bool add(struct world *w, const char *upstream_id, int purpose, int64_t calls)
{
    bool done;
    struct spent one = {w->account.id, upstream_id, purpose, calls};
    assert_ok(w->cx, store_spent_add(w->cx, w->store, &one, 1, &done));
    return done;
}

/* "purpose:calls" of each row, those of the calendar with a star. */
static const char *spent_now(struct world *w)
{
    struct spent *list;
    size_t n;
    struct buf text = buf_new(w->cx->arena);
    assert_ok(w->cx, store_spent(w->cx, w->store, w->account.id, &list, &n));
    for (size_t i = 0; i < n; i++)
        buf_printf(&text, "%s%s%d:%lld", i ? " " : "", *list[i].upstream_id ? "*" : "",
            list[i].purpose, (long long)list[i].calls);
    return buf_str(&text);
}

static void calls_add_up_by_account_calendar_and_purpose(void **state)
{
    struct world *w = *state;
    assert_true(add(w, "", 1, 2));
    assert_true(add(w, "", 1, 3));
    assert_true(add(w, "", 2, 1));
    assert_true(add(w, UPSTREAM, 2, 1));
    assert_true(add(w, "elsewhere", 2, 7));
    assert_string_equal(spent_now(w), "1:5 2:1 *2:1");
}

static void what_a_calendar_cost_goes_with_it_and_stays_with_the_account(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    add(w, "", 2, 4);
    add(w, UPSTREAM, 2, 4);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_remove(w->cx, tx, w->calendar.id));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_string_equal(spent_now(w), "2:4");
    assert_ok(w->cx, store_account_remove(w->cx, w->store, w->account.id));
    assert_string_equal(spent_now(w), "");
    assert_true(add(w, "", 2, 4));
    assert_string_equal(spent_now(w), "");
}

static void counting_calls_waits_for_no_writer(void **state)
{
    struct world *w = *state;
    struct store *second;
    struct store_tx *tx;
    assert_ok(w->cx, store_open(w->cx, w->path, w->key, &second));
    assert_ok(w->cx, store_begin(w->cx, second, &tx));
    assert_false(add(w, "", 1, 1));
    store_end(w->cx, tx, ERR_INTERNAL);
    store_close(second);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_false(add(w, "", 1, 1));
    store_end(w->cx, tx, ERR_INTERNAL);
    assert_true(add(w, "", 1, 1));
    assert_string_equal(spent_now(w), "1:1");
}

struct polls {
    struct poll_row row;
    int n;
};

static void each_poll(void *self, const struct poll_row *one)
{
    struct polls *polls = self;
    polls->row = *one;
    assert_string_equal(one->role, "owner");
    polls->n++;
}

static struct poll_row the_poll(struct world *w)
{
    struct polls polls = {.n = 0};
    assert_ok(w->cx, store_polls(w->cx, w->store, each_poll, &polls));
    assert_int_equal(polls.n, 1);
    return polls.row;
}

static void what_the_scheduler_needs_is_read_at_once(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    struct row row = {.calendar_id = w->calendar.id, .uid = "a", .json = "{}"};
    struct subscription told = {.account_id = w->account.id,
        .kind = SUBSCRIPTION_EVENTS,
        .upstream_id = UPSTREAM,
        .made_s = 77};
    w->calendar.role = "owner";
    w->calendar.pull = PULL_DONE;
    w->calendar.last_pull_s = 10;
    w->calendar.changed_s = 11;
    w->calendar.full_s = 12;
    w->calendar.cost = 130;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_save(w->cx, tx, &w->calendar));
    assert_ok(w->cx, store_calendar_set_pull(w->cx, tx, &w->calendar));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_ok(w->cx, store_calendar_interest(w->cx, w->store, w->calendar.id, 99));
    struct poll_row one = the_poll(w);
    assert_int_equal(one.calendar_id, w->calendar.id);
    assert_int_equal(one.account_id, w->account.id);
    assert_int_equal(one.pull, PULL_DONE);
    assert_int_equal(one.last_pull_s, 10);
    assert_int_equal(one.last_interest_s, 99);
    assert_int_equal(one.changed_s, 11);
    assert_int_equal(one.full_s, 12);
    assert_int_equal(one.cost, 130);
    assert_false(one.bare);
    assert_int_equal(one.events_told_s, 0);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_row_save(w->cx, tx, &row));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_ok(w->cx, store_subscription_save(w->cx, w->store, &told));
    one = the_poll(w);
    assert_true(one.bare);
    assert_int_equal(one.list_told_s, 0);
    assert_int_equal(one.events_told_s, 77);
    assert_int_equal(one.shares_told_s, 0);
}

static void accounts_that_must_sign_in_are_not_polled(void **state)
{
    struct world *w = *state;
    struct polls polls = {.n = 0};
    assert_ok(w->cx,
        store_account_set_state(
            w->cx, w->store, w->account.id, ACCOUNT_SIGN_IN_NEEDED, "ended"));
    assert_ok(w->cx, store_polls(w->cx, w->store, each_poll, &polls));
    assert_int_equal(polls.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALENDAR_TEST(objects_are_counted_as_they_come_and_go),
        CALENDAR_TEST(what_was_rolled_back_is_not_counted),
        CALENDAR_TEST(calls_add_up_by_account_calendar_and_purpose),
        CALENDAR_TEST(what_a_calendar_cost_goes_with_it_and_stays_with_the_account),
        CALENDAR_TEST(counting_calls_waits_for_no_writer),
        CALENDAR_TEST(what_the_scheduler_needs_is_read_at_once),
        CALENDAR_TEST(accounts_that_must_sign_in_are_not_polled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
