#include "store_unit.h"

#include "base/str.h"

static void the_file_and_its_companions_are_private(void **state)
{
    struct world *w = *state;
    const char *const names[] = {"", "-wal", "-shm"};
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "a", "b"));
    for (size_t i = 0; i < 3; i++) {
        struct stat st;
        assert_int_equal(
            stat(arena_printf(w->cx->arena, "%s%s", w->path, names[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void a_file_that_others_may_read_is_closed_to_them(void **state)
{
    struct world *w = *state;
    struct stat st;
    store_close(w->store);
    assert_int_equal(chmod(w->path, 0644), 0);
    assert_ok(w->cx, store_open(w->cx, w->path, w->key, &w->store));
    assert_int_equal(stat(w->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void settings_and_epoch_outlive_closing(void **state)
{
    struct world *w = *state;
    char *value;
    char *epoch = arena_strdup(w->cx->arena, store_epoch(w->store));
    assert_true(strlen(epoch) >= 12);
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "green"));
    reopen(w);
    assert_string_equal(store_epoch(w->store), epoch);
    assert_ok(w->cx, store_setting(w->cx, w->store, "colour", &value));
    assert_string_equal(value, "green");
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", NULL));
    assert_ok(w->cx, store_setting(w->cx, w->store, "colour", &value));
    assert_null(value);
}

/* The epoch after the machine was started as boot says. */
static const char *epoch_after(struct world *w, const char *boot)
{
    char *epoch;
    assert_ok(w->cx, epoch_open(w->cx, w->store, boot, &epoch));
    return epoch;
}

static void the_epoch_changes_when_the_machine_went_down_without_warning(void **state)
{
    struct world *w = *state;
    const char *first = epoch_after(w, "one");
    assert_string_not_equal(first, store_epoch(w->store)); /* made under the true boot */
    assert_string_equal(epoch_after(w, "one"), first);
    assert_string_not_equal(epoch_after(w, "two"), first);
}

static void the_epoch_stays_when_the_program_was_closed_before(void **state)
{
    struct world *w = *state;
    const char *first = epoch_after(w, "one");
    assert_ok(w->cx, store_rest(w->cx, w->store));
    assert_string_equal(epoch_after(w, "two"), first);
    assert_string_not_equal(epoch_after(w, "three"), first);
}

static void another_key_is_refused_in_plain_words(void **state)
{
    struct world *w = *state;
    unsigned char other[SEAL_KEY_BYTES] = {1};
    struct store *second = NULL;
    assert_err(w->cx, ERR_STORE, store_open(w->cx, w->path, other, &second));
    assert_null(second);
    assert_non_null(strstr(ctx_error(w->cx), "another key"));
    assert_non_null(strstr(ctx_error(w->cx), w->path));
}

static void a_store_of_a_newer_version_is_refused_in_plain_words(void **state)
{
    struct world *w = *state;
    struct store_conn *conn;
    struct store *second = NULL;
    assert_ok(w->cx, conn_get(w->cx, w->store, &conn));
    assert_ok(w->cx, db_exec(w->cx, conn->db, "PRAGMA user_version = 99"));
    assert_err(w->cx, ERR_STORE, store_open(w->cx, w->path, w->key, &second));
    assert_non_null(strstr(ctx_error(w->cx), "newer"));
    assert_non_null(strstr(ctx_error(w->cx), "99"));
}

static void a_database_of_another_program_is_refused(void **state)
{
    struct world *w = *state;
    struct store_conn *conn;
    struct store *second = NULL;
    assert_ok(w->cx, conn_get(w->cx, w->store, &conn));
    assert_ok(w->cx, db_exec(w->cx, conn->db, "PRAGMA application_id = 0"));
    assert_err(w->cx, ERR_STORE, store_open(w->cx, w->path, w->key, &second));
    assert_non_null(strstr(ctx_error(w->cx), "another program"));
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct world *w = *state;
    struct store *second = NULL;
    const char *path = arena_printf(w->cx->arena, "%s/state/key", w->directory);
    char words[4096];
    memset(words, 'x', sizeof(words));
    assert_ok(w->cx, file_write_private(w->cx, path, words, sizeof(words)));
    assert_err(w->cx, ERR_STORE, store_open(w->cx, path, w->key, &second));
    char *data;
    size_t n;
    assert_ok(w->cx, file_read(w->cx, path, 8192, &data, &n));
    assert_int_equal(n, sizeof(words)); /* untouched */
}

/* ---- migrations ---- */

static sqlite3 *open_memory(struct world *w)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_ok(w->cx, conn_prepare(w->cx, db));
    return db;
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static void an_older_store_takes_only_the_missing_steps(void **state)
{
    struct world *w = *state;
    static const char *const steps[] = {"CREATE TABLE a (x); INSERT INTO a VALUES (1)",
        "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1", "UPDATE a SET y = y * 10"};
    sqlite3 *db = open_memory(w);
    assert_ok(w->cx, schema_migrate(w->cx, db, "m", steps, 1));
    assert_int_equal(number_of(db, "PRAGMA user_version"), 1);
    assert_ok(w->cx, schema_migrate(w->cx, db, "m", steps, 3));
    assert_ok(w->cx, schema_migrate(w->cx, db, "m", steps, 3));
    assert_int_equal(number_of(db, "PRAGMA user_version"), 3);
    assert_int_equal(number_of(db, "SELECT y FROM a"), 20);
    assert_int_equal(number_of(db, "SELECT count(*) FROM a"), 1);
    assert_err(w->cx, ERR_STORE, schema_migrate(w->cx, db, "m", steps, 2));
    sqlite3_close(db);
}

static void a_step_that_fails_leaves_the_store_as_it_was(void **state)
{
    struct world *w = *state;
    static const char *const steps[] = {"CREATE TABLE a (x); INSERT INTO a VALUES (1)",
        "UPDATE a SET x = 2", "INSERT INTO nowhere VALUES (1)"};
    sqlite3 *db = open_memory(w);
    assert_ok(w->cx, schema_migrate(w->cx, db, "m", steps, 1));
    assert_err(w->cx, ERR_STORE, schema_migrate(w->cx, db, "m", steps, 3));
    assert_int_equal(number_of(db, "PRAGMA user_version"), 1);
    assert_int_equal(number_of(db, "SELECT x FROM a"), 1);
    assert_true(sqlite3_get_autocommit(db));
    sqlite3_close(db);
}

/* Of what went away before, nothing is known: tokens from before the last change of the
 * list of calendars are not good. */
static void the_step_that_remembers_calendars_keeps_the_newest_tokens_of_the_home(
    void **state)
{
    struct world *w = *state;
    sqlite3 *db = open_memory(w);
    assert_ok(w->cx, schema_migrate(w->cx, db, "m", store_schema, 9));
    assert_ok(w->cx,
        db_exec(w->cx, db,
            "INSERT INTO accounts (name, open_id, state, access_expires_s, "
            "refresh_expires_s, authorized_s, last_sync_s, last_error, home_change) "
            "VALUES ('ada', 'ou_1', 0, 0, 0, 0, 0, '', 41);"
            "INSERT INTO calendars (account_id, name, upstream_id, color, third_party, "
            "anchor_s, pull, last_pull_s, last_interest_s, last_error, change, floor) "
            "VALUES (1, 'c', 'u', 0, 0, 0, 0, 0, 0, '', 44, 40)"));
    assert_ok(w->cx, schema_migrate(w->cx, db, "m", store_schema, store_schema_n));
    assert_int_equal(number_of(db, "SELECT home_floor FROM accounts"), 41);
    assert_int_equal(number_of(db, "SELECT born FROM calendars"), 0);
    assert_true(number_of(db,
        "SELECT strftime('%s', 'now') - modified_s BETWEEN 0 AND 60 FROM calendars"));
    sqlite3_close(db);
}

/* ---- the key file ---- */

static void the_key_file_is_made_once_private_and_read_again(void **state)
{
    struct world *w = *state;
    unsigned char first[SEAL_KEY_BYTES], second[SEAL_KEY_BYTES];
    struct stat st;
    const char *path = arena_printf(w->cx->arena, "%s/state/key", w->directory);
    assert_ok(w->cx, store_key(w->cx, path, first));
    assert_ok(w->cx, store_key(w->cx, path, second));
    assert_memory_equal(first, second, SEAL_KEY_BYTES);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_nlink, 1);
}

static void a_key_file_that_others_may_read_is_closed_to_them(void **state)
{
    struct world *w = *state;
    unsigned char key[SEAL_KEY_BYTES];
    struct stat st;
    const char *path = arena_printf(w->cx->arena, "%s/state/key", w->directory);
    assert_ok(w->cx, store_key(w->cx, path, key));
    assert_int_equal(chmod(path, 0644), 0);
    assert_ok(w->cx, store_key(w->cx, path, key));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_broken_key_file_is_an_error_and_stays(void **state)
{
    struct world *w = *state;
    unsigned char key[SEAL_KEY_BYTES];
    const char *path = arena_printf(w->cx->arena, "%s/state/key", w->directory);
    static const char *const bad[] = {"", "abc",
        "zz345678901234567890123456789012"
        "34567890123456789012345678901234"};
    for (size_t i = 0; i < 3; i++) {
        char *data;
        size_t n;
        assert_ok(w->cx, file_write_private(w->cx, path, bad[i], strlen(bad[i])));
        assert_err(w->cx, ERR_CONFIG, store_key(w->cx, path, key));
        assert_ok(w->cx, file_read(w->cx, path, 200, &data, &n));
        assert_string_equal(data, bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_file_and_its_companions_are_private),
        WORLD_TEST(a_file_that_others_may_read_is_closed_to_them),
        WORLD_TEST(settings_and_epoch_outlive_closing),
        WORLD_TEST(the_epoch_changes_when_the_machine_went_down_without_warning),
        WORLD_TEST(the_epoch_stays_when_the_program_was_closed_before),
        WORLD_TEST(another_key_is_refused_in_plain_words),
        WORLD_TEST(a_store_of_a_newer_version_is_refused_in_plain_words),
        WORLD_TEST(a_database_of_another_program_is_refused),
        WORLD_TEST(a_file_that_is_no_database_is_refused),
        WORLD_TEST(an_older_store_takes_only_the_missing_steps),
        WORLD_TEST(a_step_that_fails_leaves_the_store_as_it_was),
        WORLD_TEST(
            the_step_that_remembers_calendars_keeps_the_newest_tokens_of_the_home),
        WORLD_TEST(the_key_file_is_made_once_private_and_read_again),
        WORLD_TEST(a_key_file_that_others_may_read_is_closed_to_them),
        WORLD_TEST(a_broken_key_file_is_an_error_and_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
