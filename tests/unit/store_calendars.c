#include "store_unit.h"

#include "store/journal.h"

#include "base/str.h"

static void a_calendar_reads_back_as_it_was_saved(void **state)
{
    struct world *w = *state;
    struct calendar got, *list;
    size_t n;
    struct calendar one = {.account_id = w->account.id,
        .name = "home",
        .upstream_id = "up",
        .summary = "Zu Hause",
        .alias = "H",
        .description = "d",
        .color = -14513409,
        .color_text = "#228B22",
        .type = "primary",
        .role = "owner",
        .permissions = "private",
        .third_party = true,
        .sync_token = "st",
        .anchor_s = 4,
        .pull = PULL_RUNNING,
        .last_pull_s = 5,
        .last_interest_s = 6,
        .last_error = "e"};
    save_calendar(w, &one);
    assert_ok(
        w->cx, store_calendar_by_upstream(w->cx, w->store, w->account.id, "up", &got));
    assert_int_equal(got.id, one.id);
    assert_string_equal(got.name, "home");
    assert_string_equal(got.summary, "Zu Hause");
    assert_string_equal(got.alias, "H");
    assert_string_equal(got.description, "d");
    assert_int_equal(got.color, -14513409);
    assert_string_equal(got.color_text, "#228B22");
    assert_string_equal(got.type, "primary");
    assert_string_equal(got.role, "owner");
    assert_string_equal(got.permissions, "private");
    assert_true(got.third_party);
    assert_string_equal(got.sync_token, "st");
    assert_int_equal(got.anchor_s, 4);
    assert_int_equal(got.pull, PULL_RUNNING);
    assert_int_equal(got.last_pull_s, 5);
    assert_int_equal(got.last_interest_s, 6);
    assert_string_equal(got.last_error, "e");
    assert_int_equal(got.floor, got.change);
    assert_int_equal(got.change, one.change);
    assert_ok(
        w->cx, store_calendar_by_name(w->cx, w->store, w->account.id, "home", &got));
    assert_int_equal(got.id, one.id);
    assert_err(w->cx, ERR_NOT_FOUND,
        store_calendar_by_name(w->cx, w->store, w->account.id + 1, "home", &got));
    assert_ok(w->cx, store_calendars(w->cx, w->store, w->account.id, &list, &n));
    assert_int_equal(n, 2);
}

static void a_changed_calendar_numbers_home_and_calendar(void **state)
{
    struct world *w = *state;
    int64_t before = w->calendar.change;
    assert_int_equal(home_change(w), before);
    save_calendar(w, &w->calendar); /* nothing differs */
    assert_int_equal(home_change(w), before);
    w->calendar.summary = "Office";
    save_calendar(w, &w->calendar);
    assert_int_equal(home_change(w), before + 1);
    assert_int_equal(calendar_now(w).change, before + 1);
    assert_int_equal(w->calendar.change, before + 1);
    assert_string_equal(calendar_now(w).summary, "Office");
    int64_t object = put(w, "a", 1); /* an object is no matter of the home */
    assert_int_equal(home_change(w), before + 1);
    assert_int_equal(calendar_now(w).change, object);
}

static void a_calendar_made_again_refuses_the_old_sync_tokens(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    int64_t token = put(w, "a", 1);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_remove(w->cx, tx, w->calendar.id));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_true(home_change(w) > token);
    int64_t old_id = w->calendar.id;
    w->calendar.id = 0;
    save_calendar(w, &w->calendar);
    assert_true(w->calendar.id > old_id);
    assert_true(calendar_now(w).floor > token);
}

static void bookkeeping_of_pulls_is_no_change(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    int64_t before = calendar_now(w).change;
    struct calendar one = {.id = w->calendar.id,
        .sync_token = "next",
        .anchor_s = 9,
        .pull = PULL_DONE,
        .last_pull_s = 10};
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_set_pull(w->cx, tx, &one));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    struct calendar got = calendar_now(w);
    assert_string_equal(got.sync_token, "next");
    assert_int_equal(got.anchor_s, 9);
    assert_int_equal(got.pull, PULL_DONE);
    assert_int_equal(got.last_pull_s, 10);
    assert_string_equal(got.last_error, "");
    assert_string_equal(got.summary, "Work");
    assert_int_equal(got.change, before);
}

static void interest_is_noted_but_never_waits_for_a_writer(void **state)
{
    struct world *w = *state;
    struct store *second;
    struct store_tx *tx;
    assert_ok(w->cx, store_calendar_interest(w->cx, w->store, w->calendar.id, 1000));
    assert_int_equal(calendar_now(w).last_interest_s, 1000);
    assert_ok(w->cx, store_calendar_interest(w->cx, w->store, w->calendar.id, 1030));
    assert_int_equal(calendar_now(w).last_interest_s, 1000);
    assert_ok(w->cx, store_open(w->cx, w->path, w->key, &second));
    assert_ok(w->cx, store_begin(w->cx, second, &tx));
    int64_t began_ms = seam_system()->monotonic_ms(seam_system()->self);
    assert_ok(w->cx, store_calendar_interest(w->cx, w->store, w->calendar.id, 2000));
    int64_t took_ms = seam_system()->monotonic_ms(seam_system()->self) - began_ms;
    assert_true(took_ms < 5000); /* the time-out of a writer is longer */
    assert_int_equal(calendar_now(w).last_interest_s, 1000);
    store_end(w->cx, tx, ERR_INTERNAL);
    store_close(second);
    assert_ok(w->cx, store_calendar_interest(w->cx, w->store, w->calendar.id, 2000));
    assert_int_equal(calendar_now(w).last_interest_s, 2000);
}

/* ---- properties ---- */

static void set_property(struct world *w, const char *place, const char *xml)
{
    struct store_tx *tx;
    struct property one = {"urn:x", "p", xml};
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_property_set(w->cx, tx, w->account.id, place, &one));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
}

static void properties_are_numbered_like_their_place(void **state)
{
    struct world *w = *state;
    const char *place = arena_printf(w->cx->arena, "calendar:%d", (int)w->calendar.id);
    struct property *list;
    size_t n;
    int64_t number = calendar_now(w).change;
    set_property(w, place, "<p/>");
    assert_int_equal(calendar_now(w).change, number + 1);
    assert_int_equal(home_change(w), number + 1);
    set_property(w, place, "<p/>"); /* the same */
    assert_int_equal(home_change(w), number + 1);
    set_property(w, place, "<p>2</p>");
    assert_int_equal(calendar_now(w).change, number + 2);
    set_property(w, "home", "<p>3</p>");
    assert_int_equal(home_change(w), number + 3);
    assert_int_equal(calendar_now(w).change, number + 2);
    assert_ok(w->cx, store_properties(w->cx, w->store, w->account.id, place, &list, &n));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].ns, "urn:x");
    assert_string_equal(list[0].name, "p");
    assert_string_equal(list[0].xml, "<p>2</p>");
    set_property(w, place, NULL);
    set_property(w, place, NULL);
    assert_int_equal(calendar_now(w).change, number + 4);
    assert_ok(w->cx, store_properties(w->cx, w->store, w->account.id, place, &list, &n));
    assert_int_equal(n, 0);
    assert_ok(w->cx, store_properties(w->cx, w->store, w->account.id, "home", &list, &n));
    assert_int_equal(n, 1);
}

/* ---- rows of the mirror ---- */

static void save_row(struct world *w, const char *uid, int64_t original_time,
    const char *attendees, int64_t seen)
{
    struct store_tx *tx;
    struct row row = {w->calendar.id, uid, original_time,
        arena_printf(w->cx->arena, "{\"id\":\"%s_%d\"}", uid, (int)original_time),
        attendees, seen};
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_row_save(w->cx, tx, &row));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
}

static void rows_come_master_first_and_the_unseen_are_told(void **state)
{
    struct world *w = *state;
    struct row *list;
    size_t n, all;
    save_row(w, "a", 500, NULL, 1);
    save_row(w, "a", 300, NULL, 1);
    save_row(w, "a", 0, "[]", 1);
    save_row(w, "b", 0, NULL, 1);
    assert_ok(w->cx, store_rows(w->cx, w->store, w->calendar.id, "a", &list, &n));
    assert_int_equal(n, 3);
    assert_int_equal(list[0].original_time, 0);
    assert_string_equal(list[0].json, "{\"id\":\"a_0\"}");
    assert_string_equal(list[0].attendees, "[]");
    assert_int_equal(list[1].original_time, 300);
    assert_null(list[1].attendees);
    assert_int_equal(list[2].original_time, 500);
    save_row(w, "a", 0, "[]", 2);
    save_row(w, "a", 300, NULL, 2);
    assert_ok(
        w->cx, store_rows_unseen(w->cx, w->store, w->calendar.id, 2, &list, &n, &all));
    assert_int_equal(all, 4);
    assert_int_equal(n, 2);
    assert_string_equal(list[0].uid, "a");
    assert_int_equal(list[0].original_time, 500);
    assert_string_equal(list[1].uid, "b");
    struct store_tx *tx;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_row_remove(w->cx, tx, w->calendar.id, "a", 500));
    assert_ok(w->cx, store_rows_tx(w->cx, tx, w->calendar.id, "a", &list, &n));
    assert_int_equal(n, 2); /* the transaction sees its own change */
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
}

static void rows_that_were_seen_in_the_time_to_come_count_as_never_seen(void **state)
{
    struct world *w = *state;
    struct row *list;
    size_t n, all;
    save_row(w, "a", 0, NULL, 5);
    save_row(w, "b", 0, NULL, 900);
    assert_ok(w->cx, store_rows_set_back(w->cx, w->store, w->calendar.id, 10));
    assert_ok(
        w->cx, store_rows_unseen(w->cx, w->store, w->calendar.id, 5, &list, &n, &all));
    assert_int_equal(all, 2);
    assert_int_equal(n, 1);
    assert_string_equal(list[0].uid, "b");
    assert_int_equal(list[0].seen, 0);
}

static void put_at(struct world *w, const char *uid, int64_t from_s, int64_t until_s)
{
    struct object one = an_object(w, uid, 1);
    one.upstream_uid = uid;
    one.from_s = from_s;
    one.until_s = until_s;
    save(w, &one);
}

static void masters_without_attendees_come_nearest_to_now_first(void **state)
{
    struct world *w = *state;
    const char **uids;
    size_t n;
    static const char *const names[] = {
        "far", "known", "near", "past", "running", "unborn"};
    for (size_t i = 0; i < 6; i++)
        save_row(w, names[i], 0, i == 1 ? "[]" : NULL, 1);
    save_row(w, "near", 77, NULL, 1); /* exceptions do not count */
    put_at(w, "far", 90000, 90001);
    put_at(w, "known", 1000, 1001);
    put_at(w, "near", 1100, 1200);
    put_at(w, "past", 100, 700);
    put_at(w, "running", 0, INT64_MAX);
    assert_ok(w->cx,
        store_rows_without_attendees(
            w->cx, w->store, w->calendar.id, 1000, 9, &uids, &n));
    assert_int_equal(n, 5);
    static const char *const order[] = {"running", "near", "past", "far", "unborn"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(uids[i], order[i]);
    assert_ok(w->cx,
        store_rows_without_attendees(
            w->cx, w->store, w->calendar.id, 1000, 2, &uids, &n));
    assert_int_equal(n, 2);
    save_row(w, "running", 0, "[]", 1);
    assert_ok(w->cx,
        store_rows_without_attendees(
            w->cx, w->store, w->calendar.id, 1000, 1, &uids, &n));
    assert_string_equal(uids[0], "near");
}

/* ---- shares ---- */

static void shares_number_a_change_only_when_they_differ(void **state)
{
    struct world *w = *state;
    struct calendar one = {.account_id = w->account.id,
        .name = "home",
        .upstream_id = "up",
        .role = "owner"};
    const struct share both[] = {
        {.open_id = "ou_a", .acl_id = "1", .role = "owner"},
        {.open_id = "ou_b", .acl_id = "2", .role = "reader"},
    };
    const struct share other = {.open_id = "ou_b", .acl_id = "3", .role = "writer"};
    struct share *list;
    size_t n;
    struct store_tx *tx;
    const char *owner = NULL;
    save_calendar(w, &one);
    int64_t before = home_change(w);
    const struct {
        const struct share *list;
        size_t n;
        int64_t steps;
    } rows[] = {{both, 2, 1}, {both, 2, 0}, {&other, 1, 1}, {NULL, 0, 1}, {NULL, 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
        assert_ok(w->cx,
            store_shares_save(w->cx, tx, &one, rows[i].list, rows[i].n, 70 + (int64_t)i));
        assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
        assert_int_equal(home_change(w), before + rows[i].steps);
        before = home_change(w);
        assert_ok(w->cx, store_shares(w->cx, w->store, one.id, &list, &n));
        assert_int_equal(n, rows[i].n);
    }
    assert_ok(w->cx, store_calendar(w->cx, w->store, one.id, &one));
    assert_int_equal(one.shares_read_s, 74);
    assert_null(one.owner);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_set_owner(w->cx, tx, &one, ""));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_int_equal(home_change(w), before);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_set_owner(w->cx, tx, &one, "ou_b"));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_int_equal(home_change(w), before + 1);
    assert_ok(w->cx, store_calendar_owner(w->cx, w->store, "up", &owner));
    assert_string_equal(owner, w->account.open_id);
    assert_ok(w->cx, store_calendar_owner(w->cx, w->store, "elsewhere", &owner));
    assert_null(owner);
}

/* ---- people and journal ---- */

static void people_are_found_by_a_part_of_what_is_known(void **state)
{
    struct world *w = *state;
    struct person *list;
    size_t n;
    const struct person all[] = {
        {.open_id = "ou_1",
            .address = "wfang@example.com",
            .name = "\xe7\x8e\x8b\xe8\x8a\xb3",
            .words = "Wang Fang"},
        {.open_id = "ou_2", .name = "Ada"},
        {.open_id = "omm_1", .name = "Fangshan", .kind = PERSON_ROOM},
        {.address = "nobody-fang@example.com"},
    };
    const struct {
        enum person_kind kind;
        const char *part;
        size_t n;
    } rows[] = {{PERSON_USER, "fang", 1}, {PERSON_USER, "wfang@", 1},
        {PERSON_USER, "\xe8\x8a\xb3", 1}, {PERSON_USER, "", 2}, {PERSON_USER, "eve", 0},
        {PERSON_ROOM, "fang", 1}, {PERSON_ROOM, "", 1}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_ok(w->cx, store_person_save(w->cx, w->store, &all[i]));
    assert_ok(w->cx, /* what is not told again is not forgotten */
        store_person_save(w->cx, w->store,
            &(struct person){.open_id = "ou_1", .address = "wfang@example.com"}));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_ok(w->cx,
            store_people_search(
                w->cx, w->store, rows[i].kind, rows[i].part, 10, &list, &n));
        assert_int_equal(n, rows[i].n);
    }
    assert_ok(
        w->cx, store_people_search(w->cx, w->store, PERSON_USER, "", 1, &list, &n));
    assert_int_equal(n, 1);
}

static void people_are_found_both_ways(void **state)
{
    struct world *w = *state;
    struct person got;
    struct person ada = {
        .open_id = "ou_1", .address = "ada@example.com", .name = "Ada", .fetched_s = 10};
    struct person nobody = {
        .open_id = "", .address = "nobody@example.com", .fetched_s = 11};
    struct person name_only = {
        .open_id = "ou_1", .address = "", .name = "Ada L.", .fetched_s = 12};
    struct person moved = {
        .open_id = "ou_2", .address = "ada@example.com", .name = "Bob", .fetched_s = 13};
    assert_ok(w->cx, store_person_save(w->cx, w->store, &ada));
    assert_ok(w->cx, store_person_save(w->cx, w->store, &nobody));
    assert_ok(w->cx, store_person_by_address(w->cx, w->store, "ada@example.com", &got));
    assert_string_equal(got.open_id, "ou_1");
    assert_ok(
        w->cx, store_person_by_address(w->cx, w->store, "nobody@example.com", &got));
    assert_string_equal(got.open_id, "");
    assert_int_equal(got.fetched_s, 11);
    assert_ok(w->cx, store_person_save(w->cx, w->store, &name_only));
    assert_ok(w->cx, store_person_by_id(w->cx, w->store, "ou_1", &got));
    assert_string_equal(got.address, "ada@example.com"); /* still known */
    assert_string_equal(got.name, "Ada L.");
    assert_ok(w->cx, store_person_save(w->cx, w->store, &moved));
    assert_ok(w->cx, store_person_by_address(w->cx, w->store, "ada@example.com", &got));
    assert_string_equal(got.open_id, "ou_2");
    assert_err(w->cx, ERR_NOT_FOUND, store_person_by_id(w->cx, w->store, "", &got));
    assert_err(w->cx, ERR_NOT_FOUND, store_person_by_id(w->cx, w->store, "ou_9", &got));
}

static void the_journal_outlives_a_crash(void **state)
{
    struct world *w = *state;
    struct journal *list;
    size_t n;
    struct journal one = {.account_id = w->account.id,
        .calendar_id = w->calendar.id,
        .key = "k",
        .name = "a.ics",
        .plan = "step 1",
        .created_s = 5};
    assert_ok(w->cx, store_journal_save(w->cx, w->store, &one));
    one.plan = "step 2";
    assert_ok(w->cx, store_journal_save(w->cx, w->store, &one));
    struct store *second; /* what another process would see now */
    assert_ok(w->cx, store_open(w->cx, w->path, w->key, &second));
    assert_ok(w->cx, store_journals(w->cx, second, &list, &n));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].id, one.id);
    assert_string_equal(list[0].plan, "step 2");
    assert_string_equal(list[0].key, "k");
    assert_string_equal(list[0].name, "a.ics");
    assert_int_equal(list[0].calendar_id, w->calendar.id);
    store_close(second);
    assert_ok(w->cx, store_journal_remove(w->cx, w->store, one.id));
    assert_err(w->cx, ERR_NOT_FOUND, store_journal_save(w->cx, w->store, &one));
    assert_ok(w->cx, store_journals(w->cx, w->store, &list, &n));
    assert_int_equal(n, 0);
}

static void a_journal_entry_goes_with_the_transaction_around_it(void **state)
{
    struct world *w = *state;
    struct journal *list;
    struct store_tx *tx;
    size_t n;
    struct journal one = {.account_id = w->account.id, .plan = "p"};
    assert_ok(w->cx, store_journal_save(w->cx, w->store, &one));
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_journal_remove(w->cx, w->store, one.id));
    store_end(w->cx, tx, ERR_INTERNAL);
    assert_ok(w->cx, store_journals(w->cx, w->store, &list, &n));
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALENDAR_TEST(a_calendar_reads_back_as_it_was_saved),
        CALENDAR_TEST(a_changed_calendar_numbers_home_and_calendar),
        CALENDAR_TEST(a_calendar_made_again_refuses_the_old_sync_tokens),
        CALENDAR_TEST(bookkeeping_of_pulls_is_no_change),
        CALENDAR_TEST(interest_is_noted_but_never_waits_for_a_writer),
        CALENDAR_TEST(properties_are_numbered_like_their_place),
        CALENDAR_TEST(rows_come_master_first_and_the_unseen_are_told),
        CALENDAR_TEST(rows_that_were_seen_in_the_time_to_come_count_as_never_seen),
        CALENDAR_TEST(masters_without_attendees_come_nearest_to_now_first),
        CALENDAR_TEST(shares_number_a_change_only_when_they_differ),
        WORLD_TEST(people_are_found_by_a_part_of_what_is_known),
        WORLD_TEST(people_are_found_both_ways),
        CALENDAR_TEST(the_journal_outlives_a_crash),
        CALENDAR_TEST(a_journal_entry_goes_with_the_transaction_around_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
