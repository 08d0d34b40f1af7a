#include "store_unit.h"

#include "base/str.h"

#define NOW_S 1000000

static void change(struct world *w, const char *type, const char *role, int pull)
{
    struct store_tx *tx;
    w->calendar.type = type;
    w->calendar.role = role;
    w->calendar.pull = (enum calendar_pull)pull;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_save(w->cx, tx, &w->calendar));
    assert_ok(w->cx, store_calendar_set_pull(w->cx, tx, &w->calendar));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
}

/* "+list +events -acl": what is to be made and dropped. */
static const char *due_at(struct world *w, int64_t now_s)
{
    static const char *const kinds[] = {"list", "events", "acl"};
    struct subscription *list;
    size_t n;
    struct buf text = buf_new(w->cx->arena);
    assert_ok(w->cx, store_subscriptions_due(w->cx, w->store, now_s, 100, &list, &n));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i].account_id, w->account.id);
        assert_string_equal(
            list[i].upstream_id, list[i].kind ? w->calendar.upstream_id : "");
        buf_printf(&text, "%s%c%s", i ? " " : "", list[i].wanted ? '+' : '-',
            kinds[list[i].kind]);
    }
    return buf_str(&text);
}

static void make(struct world *w, enum subscription_kind kind, int64_t at_s)
{
    struct subscription one = {.account_id = w->account.id,
        .kind = kind,
        .upstream_id = kind ? w->calendar.upstream_id : "",
        .made_s = at_s,
        .sign_in_s = w->account.authorized_s,
        .due_s = at_s + 100};
    assert_ok(w->cx, store_subscription_save(w->cx, w->store, &one));
}

static void what_may_be_told_depends_on_type_role_and_the_first_pull(void **state)
{
    static const struct {
        const char *type, *role;
        int pull;
        const char *due;
    } rows[] = {
        {"primary", "owner", PULL_NEVER, "+list"},
        {"primary", "owner", PULL_RUNNING, "+list"},
        {"primary", "owner", PULL_DONE, "+list +events +acl"},
        {"shared", "writer", PULL_DONE, "+list +events"},
        {"shared", "reader", PULL_DONE, "+list +events"},
        {"shared", "free_busy_reader", PULL_DONE, "+list"},
        {"resource", "reader", PULL_DONE, ""},
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        change(w, rows[i].type, rows[i].role, rows[i].pull);
        assert_string_equal(due_at(w, NOW_S), rows[i].due);
    }
}

static void what_was_made_is_due_again_when_its_time_comes(void **state)
{
    struct world *w = *state;
    change(w, "primary", "owner", PULL_DONE);
    make(w, SUBSCRIPTION_EVENTS, NOW_S);
    assert_string_equal(due_at(w, NOW_S), "+list +acl");
    make(w, SUBSCRIPTION_LIST, NOW_S + 50);
    make(w, SUBSCRIPTION_ACL, NOW_S + 50);
    assert_string_equal(due_at(w, NOW_S + 99), "");
    assert_string_equal(due_at(w, NOW_S + 100), "+events");
    assert_string_equal(due_at(w, NOW_S + 150), "+list +events +acl");
}

static void a_new_sign_in_makes_everything_due(void **state)
{
    struct world *w = *state;
    change(w, "primary", "owner", PULL_DONE);
    for (int kind = 0; kind < 3; kind++)
        make(w, (enum subscription_kind)kind, NOW_S);
    assert_string_equal(due_at(w, NOW_S), "");
    w->account.authorized_s = NOW_S + 1;
    assert_ok(w->cx, store_account_save(w->cx, w->store, &w->account));
    assert_string_equal(due_at(w, NOW_S + 1), "+list +events +acl");
}

static void nothing_is_done_for_an_account_that_must_sign_in(void **state)
{
    struct world *w = *state;
    change(w, "primary", "owner", PULL_DONE);
    make(w, SUBSCRIPTION_EVENTS, NOW_S);
    assert_ok(w->cx,
        store_account_set_state(
            w->cx, w->store, w->account.id, ACCOUNT_SIGN_IN_NEEDED, "dead"));
    assert_string_equal(due_at(w, NOW_S + 1000), "");
}

static void what_lost_its_purpose_is_dropped(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    change(w, "shared", "owner", PULL_DONE);
    for (int kind = 0; kind < 3; kind++)
        make(w, (enum subscription_kind)kind, NOW_S);
    change(w, "shared", "writer", PULL_DONE);
    assert_string_equal(due_at(w, NOW_S), "-acl");
    change(w, "shared", "writer", PULL_RUNNING); /* read anew: the purpose stays */
    assert_string_equal(due_at(w, NOW_S), "-acl");
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_remove(w->cx, tx, w->calendar.id));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_string_equal(due_at(w, NOW_S), "-list -events -acl");
    struct subscription gone = {.account_id = w->account.id,
        .kind = SUBSCRIPTION_ACL,
        .upstream_id = w->calendar.upstream_id};
    assert_ok(w->cx, store_subscription_remove(w->cx, w->store, &gone));
    assert_string_equal(due_at(w, NOW_S), "-list -events");
}

static void subscriptions_go_with_their_account(void **state)
{
    struct world *w = *state;
    struct subscription *list;
    size_t n;
    int64_t count;
    change(w, "primary", "owner", PULL_DONE);
    make(w, SUBSCRIPTION_EVENTS, NOW_S);
    assert_ok(w->cx, store_subscriptions_count(w->cx, w->store, &count));
    assert_int_equal(count, 1);
    assert_ok(w->cx, store_subscriptions(w->cx, w->store, w->account.id, &list, &n));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].made_s, NOW_S);
    assert_ok(w->cx, store_account_remove(w->cx, w->store, w->account.id));
    assert_ok(w->cx, store_subscriptions_count(w->cx, w->store, &count));
    assert_int_equal(count, 0);
    make(w, SUBSCRIPTION_EVENTS, NOW_S); /* an answer that came too late */
    assert_ok(w->cx, store_subscriptions_count(w->cx, w->store, &count));
    assert_int_equal(count, 0);
}

static void a_calendar_is_found_in_all_accounts_that_are_signed_in(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    struct calendar *list, other = w->calendar;
    struct account bob = {.name = "bob", .open_id = "ou_bob"};
    size_t n;
    assert_ok(w->cx, store_account_save(w->cx, w->store, &bob));
    other.id = 0;
    other.account_id = bob.id;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_save(w->cx, tx, &other));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_ok(w->cx,
        store_calendars_by_upstream(w->cx, w->store, w->calendar.upstream_id, &list, &n));
    assert_int_equal(n, 2);
    assert_ok(w->cx,
        store_account_set_state(w->cx, w->store, bob.id, ACCOUNT_SIGN_IN_NEEDED, "dead"));
    assert_ok(w->cx,
        store_calendars_by_upstream(w->cx, w->store, w->calendar.upstream_id, &list, &n));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].id, w->calendar.id);
    assert_ok(w->cx, store_calendars_by_upstream(w->cx, w->store, "other", &list, &n));
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALENDAR_TEST(what_may_be_told_depends_on_type_role_and_the_first_pull),
        CALENDAR_TEST(what_was_made_is_due_again_when_its_time_comes),
        CALENDAR_TEST(a_new_sign_in_makes_everything_due),
        CALENDAR_TEST(nothing_is_done_for_an_account_that_must_sign_in),
        CALENDAR_TEST(what_lost_its_purpose_is_dropped),
        CALENDAR_TEST(subscriptions_go_with_their_account),
        CALENDAR_TEST(a_calendar_is_found_in_all_accounts_that_are_signed_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
