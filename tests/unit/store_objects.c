#include "store_unit.h"

#include "base/str.h"

static void an_object_reads_back_as_it_was_saved(void **state)
{
    struct world *w = *state;
    struct object_instance instances[] = {{100, 200, 1}, {-300, -300, 2}, {500, 400, 0}};
    struct object one = an_object(w, "a", 1), got;
    one.schedule_tag = "tag";
    one.shadow = "what the client sent";
    one.from_s = -300;
    one.until_s = INT64_MAX;
    one.indexed_from_s = -1000;
    one.indexed_until_s = 1000;
    one.instances = instances;
    one.n_instances = 3;
    save(w, &one);
    assert_ok(w->cx, store_object(w->cx, w->store, w->calendar.id, "a.ics", &got));
    assert_string_equal(got.text, "a version 1");
    assert_int_equal(got.text_bytes, strlen("a version 1"));
    assert_string_equal(got.etag, "a-1");
    assert_string_equal(got.schedule_tag, "tag");
    assert_string_equal(got.uid, "a");
    assert_string_equal(got.upstream_uid, "a_0");
    assert_int_equal(got.id, one.id);
    assert_int_equal(got.change, one.change);
    assert_null(got.shadow);
    assert_ok(w->cx, store_object_by_uid(w->cx, w->store, w->calendar.id, "a", &got));
    assert_string_equal(got.name, "a.ics");
    assert_ok(
        w->cx, store_object_full(w->cx, w->store, NULL, w->calendar.id, "a_0", &got));
    assert_string_equal(got.shadow, "what the client sent");
    assert_int_equal(got.from_s, -300);
    assert_true(got.until_s == INT64_MAX);
    assert_int_equal(got.n_instances, 3);
    assert_int_equal(got.instances[1].start_s, -300);
    assert_int_equal(got.instances[1].busy, 2);
    assert_int_equal(got.instances[2].end_s, 500); /* never before its start */
    assert_err(w->cx, ERR_NOT_FOUND,
        store_object(w->cx, w->store, w->calendar.id, "b.ics", &got));
    assert_err(w->cx, ERR_NOT_FOUND,
        store_object(w->cx, w->store, w->calendar.id + 1, "a.ics", &got));
}

static void a_shadow_equal_to_the_text_is_kept_once(void **state)
{
    struct world *w = *state;
    struct object one = an_object(w, "a", 1), got;
    one.shadow = arena_strdup(w->cx->arena, one.text);
    save(w, &one);
    struct store_conn *conn;
    assert_ok(w->cx, conn_get(w->cx, w->store, &conn));
    sqlite3_stmt *stmt;
    sqlite3_prepare_v2(conn->db, "SELECT shadow IS NULL FROM texts", -1, &stmt, NULL);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(stmt, 0), 1);
    sqlite3_finalize(stmt);
    assert_ok(
        w->cx, store_object_full(w->cx, w->store, NULL, w->calendar.id, "a_0", &got));
    assert_string_equal(got.shadow, one.text);
    one.text = "rendered anew";
    save(w, &one);
    assert_ok(
        w->cx, store_object_full(w->cx, w->store, NULL, w->calendar.id, "a_0", &got));
    assert_string_equal(got.shadow, "a version 1");
    one.shadow = NULL;
    save(w, &one);
    assert_ok(
        w->cx, store_object_full(w->cx, w->store, NULL, w->calendar.id, "a_0", &got));
    assert_null(got.shadow);
}

static void each_change_takes_the_next_number(void **state)
{
    struct world *w = *state;
    int64_t first = w->calendar.change;
    assert_int_equal(put(w, "a", 1), first + 1);
    assert_int_equal(put(w, "b", 1), first + 2);
    assert_int_equal(put(w, "a", 2), first + 3);
    assert_int_equal(calendar_now(w).change, first + 3);
    assert_string_equal(changes_since(w, first), "+b.ics +a.ics ");
    assert_string_equal(changes_since(w, first + 2), "+a.ics ");
    assert_string_equal(changes_since(w, first + 3), "");
}

static void an_unchanged_text_takes_no_number(void **state)
{
    struct world *w = *state;
    int64_t number = put(w, "a", 1);
    struct object one = an_object(w, "a", 1), got;
    one.shadow = "a new shadow";
    one.schedule_tag = "new";
    one.upstream_uid = "moved_0";
    assert_int_equal(save(w, &one), number);
    assert_int_equal(calendar_now(w).change, number);
    assert_ok(
        w->cx, store_object_full(w->cx, w->store, NULL, w->calendar.id, "moved_0", &got));
    assert_string_equal(got.shadow, "a new shadow");
    assert_string_equal(got.schedule_tag, "new");
}

static void a_removed_object_leaves_a_tombstone(void **state)
{
    struct world *w = *state;
    struct object got;
    put(w, "a", 1);
    int64_t number = put(w, "b", 1);
    take_away(w, "a.ics");
    assert_int_equal(calendar_now(w).change, number + 1);
    assert_string_equal(changes_since(w, 0), "+b.ics -a.ics ");
    assert_string_equal(changes_since(w, number), "-a.ics ");
    assert_err(w->cx, ERR_NOT_FOUND,
        store_object(w->cx, w->store, w->calendar.id, "a.ics", &got));
    take_away(w, "a.ics"); /* again: nothing happens */
    assert_int_equal(calendar_now(w).change, number + 1);
}

static void a_name_made_again_has_no_tombstone(void **state)
{
    struct world *w = *state;
    int64_t number = put(w, "a", 1);
    take_away(w, "a.ics");
    put(w, "a", 1); /* the same text is a change all the same */
    assert_string_equal(changes_since(w, number), "+a.ics ");
    assert_int_equal(calendar_now(w).change, number + 2);
}

static void a_hidden_object_is_a_removed_one_to_readers(void **state)
{
    struct world *w = *state;
    struct object one = an_object(w, "a", 1), got;
    int64_t number = save(w, &one);
    one.hidden = true;
    assert_int_equal(save(w, &one), number + 1);
    assert_string_equal(changes_since(w, number), "-a.ics ");
    assert_err(w->cx, ERR_NOT_FOUND,
        store_object(w->cx, w->store, w->calendar.id, "a.ics", &got));
    assert_err(w->cx, ERR_NOT_FOUND,
        store_object_by_uid(w->cx, w->store, w->calendar.id, "a", &got));
    assert_ok(
        w->cx, store_object_full(w->cx, w->store, NULL, w->calendar.id, "a_0", &got));
    assert_true(got.hidden);
    one.text = "changed behind the curtain";
    assert_int_equal(save(w, &one), number + 1);
    assert_int_equal(calendar_now(w).change, number + 1);
    one.hidden = false;
    assert_int_equal(save(w, &one), number + 2);
    assert_string_equal(changes_since(w, number + 1), "+a.ics ");
    one.hidden = true;
    save(w, &one);
    take_away(w, "a.ics"); /* its tombstone is already there */
    assert_string_equal(changes_since(w, 0), "-a.ics ");
    assert_int_equal(calendar_now(w).change, number + 3);
}

static void an_object_born_hidden_is_no_change(void **state)
{
    struct world *w = *state;
    struct object one = an_object(w, "a", 1);
    int64_t before = calendar_now(w).change;
    one.hidden = true;
    save(w, &one);
    assert_int_equal(calendar_now(w).change, before);
    assert_string_equal(changes_since(w, 0), "");
}

static void a_listing_stops_when_told(void **state)
{
    struct world *w = *state;
    put(w, "a", 1);
    int64_t second = put(w, "b", 1);
    put(w, "c", 1);
    struct listing listing = {.left = 2};
    assert_ok(
        w->cx, store_changes(w->cx, w->store, w->calendar.id, 0, list_change, &listing));
    assert_string_equal(listing.text, "+a.ics +b.ics ");
    assert_int_equal(listing.last, second);
    assert_string_equal(changes_since(w, listing.last), "+c.ics ");
}

static void expiry_takes_old_tombstones_and_raises_the_floor(void **state)
{
    struct world *w = *state;
    put(w, "a", 1);
    put(w, "b", 1);
    put(w, "c", 1);
    take_away(w, "a.ics");
    int64_t old = calendar_now(w).change;
    w->still.wall_ms += 100000;
    take_away(w, "b.ics");
    int64_t floor = calendar_now(w).floor;
    int64_t now_s = w->still.wall_ms / 1000;
    assert_ok(w->cx, store_expire_tombstones(w->cx, w->store, now_s - 100));
    assert_int_equal(calendar_now(w).floor, floor); /* exactly as old is not older */
    assert_ok(w->cx, store_expire_tombstones(w->cx, w->store, now_s - 99));
    assert_int_equal(calendar_now(w).floor, old);
    assert_string_equal(changes_since(w, old), "-b.ics ");
    assert_string_equal(changes_since(w, 0), "+c.ics -b.ics ");
    assert_ok(w->cx, store_expire_tombstones(w->cx, w->store, now_s - 50));
    assert_int_equal(calendar_now(w).floor, old); /* never falls */
}

static void each_text_has_a_time_of_its_own(void **state)
{
    struct world *w = *state;
    struct object one = an_object(w, "a", 1), got;
    save(w, &one);
    int64_t first_s = w->still.wall_ms / 1000;
    assert_int_equal(one.modified_s, first_s);
    one.schedule_tag = "t"; /* no other text */
    w->still.wall_ms += 5000;
    save(w, &one);
    assert_int_equal(one.modified_s, first_s);
    assert_ok(w->cx, store_object(w->cx, w->store, w->calendar.id, "a.ics", &got));
    assert_int_equal(got.modified_s, first_s);
    for (int version = 2; version <= 4; version++) { /* in one second */
        one = an_object(w, "a", version);
        save(w, &one);
        assert_int_equal(one.modified_s, first_s + 5 + version - 2);
    }
    w->still.wall_ms += 60000;
    one = an_object(w, "a", 5);
    save(w, &one);
    assert_int_equal(one.modified_s, first_s + 65);
    /* Another object of the name is no older one. */
    for (int again = 1; again <= 3; again++) {
        take_away(w, "a.ics");
        one = an_object(w, "a", 5);
        save(w, &one);
        assert_int_equal(one.modified_s, first_s + 65 + again);
    }
}

static void a_rolled_back_change_leaves_no_gap(void **state)
{
    struct world *w = *state;
    int64_t number = put(w, "a", 1);
    struct store_tx *tx;
    struct object one = an_object(w, "b", 1), got;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_object_save(w->cx, tx, &one));
    assert_int_equal(one.change, number + 1);
    store_end(w->cx, tx, ERR_INTERNAL);
    assert_err(w->cx, ERR_NOT_FOUND,
        store_object(w->cx, w->store, w->calendar.id, "b.ics", &got));
    assert_int_equal(put(w, "c", 1), number + 1);
}

static void a_uid_given_by_a_client_is_found_from_other_accounts(void **state)
{
    struct world *w = *state;
    char *uid;
    struct object one = an_object(w, "a", 1);
    one.uid = "chosen-by-client";
    save(w, &one);
    assert_ok(w->cx, store_uid_of(w->cx, w->store, "a_0", &uid));
    assert_null(uid); /* rendered only: no client gave it */
    one.shadow = "sent";
    save(w, &one);
    assert_ok(w->cx, store_uid_of(w->cx, w->store, "a_0", &uid));
    assert_string_equal(uid, "chosen-by-client");
}

static void a_removed_calendar_takes_everything_with_it(void **state)
{
    struct world *w = *state;
    struct object_instance instances[] = {{100, 200, 1}};
    struct object one = an_object(w, "a", 1);
    one.instances = instances;
    one.n_instances = 1;
    save(w, &one);
    put(w, "b", 1);
    take_away(w, "b.ics");
    struct store_tx *tx;
    struct row row = {.calendar_id = w->calendar.id, .uid = "a", .json = "{}"};
    struct property property = {"urn:x", "p", "<p xmlns='urn:x'/>"};
    const char *place = arena_printf(w->cx->arena, "calendar:%d", (int)w->calendar.id);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_row_save(w->cx, tx, &row));
    assert_ok(w->cx, store_property_set(w->cx, tx, w->account.id, place, &property));
    assert_ok(w->cx, store_calendar_remove(w->cx, tx, w->calendar.id));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    static const char *const tables[] = {"calendars", "objects", "texts", "instances",
        "tombstones", "rows", "row_texts", "properties", "object_properties"};
    struct store_conn *conn;
    assert_ok(w->cx, conn_get(w->cx, w->store, &conn));
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        sqlite3_stmt *stmt;
        const char *sql =
            arena_printf(w->cx->arena, "SELECT count(*) FROM %s", tables[i]);
        assert_int_equal(sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL), SQLITE_OK);
        sqlite3_step(stmt);
        if (sqlite3_column_int(stmt, 0) != 0)
            fail_msg("%s has rows left", tables[i]);
        sqlite3_finalize(stmt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALENDAR_TEST(an_object_reads_back_as_it_was_saved),
        CALENDAR_TEST(a_shadow_equal_to_the_text_is_kept_once),
        CALENDAR_TEST(each_change_takes_the_next_number),
        CALENDAR_TEST(an_unchanged_text_takes_no_number),
        CALENDAR_TEST(a_removed_object_leaves_a_tombstone),
        CALENDAR_TEST(a_name_made_again_has_no_tombstone),
        CALENDAR_TEST(a_hidden_object_is_a_removed_one_to_readers),
        CALENDAR_TEST(an_object_born_hidden_is_no_change),
        CALENDAR_TEST(a_listing_stops_when_told),
        CALENDAR_TEST(expiry_takes_old_tombstones_and_raises_the_floor),
        CALENDAR_TEST(each_text_has_a_time_of_its_own),
        CALENDAR_TEST(a_rolled_back_change_leaves_no_gap),
        CALENDAR_TEST(a_uid_given_by_a_client_is_found_from_other_accounts),
        CALENDAR_TEST(a_removed_calendar_takes_everything_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
