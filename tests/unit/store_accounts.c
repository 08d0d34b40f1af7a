#include "store_unit.h"

#include "base/str.h"
#include "store/journal.h"

#define TOKEN "u-a-token-that-must-not-be-in-the-file"

static int64_t version(struct world *w)
{
    int64_t value;
    assert_ok(w->cx, store_credentials_version(w->cx, w->store, &value));
    return value;
}

static void an_account_is_saved_found_and_updated_by_open_id(void **state)
{
    struct world *w = *state;
    struct account one = {.name = "ada",
        .open_id = "ou_1",
        .email = "ada@example.com",
        .timezone = "Asia/Shanghai",
        .scopes = "a b",
        .access_expires_s = 5,
        .refresh_expires_s = 6,
        .authorized_s = 7,
        .calendars_sync_token = "t",
        .last_sync_s = 8,
        .last_error = "oops",
        .state = ACCOUNT_SIGN_IN_NEEDED};
    struct account got;
    assert_ok(w->cx, store_account_save(w->cx, w->store, &one));
    int64_t id = one.id;
    assert_ok(w->cx, store_account_by_name(w->cx, w->store, "ada", &got));
    assert_int_equal(got.id, id);
    assert_string_equal(got.timezone, "Asia/Shanghai");
    assert_string_equal(got.scopes, "a b");
    assert_string_equal(got.calendars_sync_token, "t");
    assert_string_equal(got.last_error, "oops");
    assert_int_equal(got.state, ACCOUNT_SIGN_IN_NEEDED);
    assert_int_equal(got.refresh_expires_s, 6);
    assert_int_equal(got.last_sync_s, 8);
    assert_null(got.union_id);
    assert_true(got.home_change > 0);
    /* Tokens of an account of that name before it are not good. */
    assert_int_equal(got.home_floor, got.home_change);
    one = (struct account){.name = "ada@example.com", .open_id = "ou_1"};
    assert_ok(w->cx, store_account_save(w->cx, w->store, &one));
    assert_int_equal(one.id, id);
    assert_err(w->cx, ERR_NOT_FOUND, store_account_by_name(w->cx, w->store, "ada", &got));
    assert_ok(w->cx, store_account_by_open_id(w->cx, w->store, "ou_1", &got));
    assert_string_equal(got.name, "ada@example.com");
    assert_string_equal(got.last_error, "");
    assert_ok(w->cx, store_account(w->cx, w->store, id, &got));
    assert_int_equal(got.state, ACCOUNT_OK);
}

static void a_name_belongs_to_one_account(void **state)
{
    struct world *w = *state;
    struct account one = {.name = "ada", .open_id = "ou_1"};
    struct account two = {.name = "ada", .open_id = "ou_2"};
    struct account *list;
    size_t n;
    assert_ok(w->cx, store_account_save(w->cx, w->store, &one));
    assert_err(w->cx, ERR_CONFLICT, store_account_save(w->cx, w->store, &two));
    assert_int_equal(two.id, 0);
    assert_ok(w->cx, store_accounts(w->cx, w->store, &list, &n));
    assert_int_equal(n, 1);
}

static bool file_has(struct world *w, const char *suffix, const char *text)
{
    char *data;
    size_t n;
    const char *path = arena_printf(w->cx->arena, "%s%s", w->path, suffix);
    if (file_read(w->cx, path, 64 << 20, &data, &n) != ERR_OK)
        return false;
    return n > 0 && memmem(data, n, text, strlen(text)) != NULL;
}

static void tokens_are_not_in_the_file_and_come_back_only_when_asked(void **state)
{
    struct world *w = *state;
    struct account one = {.name = "ada",
        .open_id = "ou_1",
        .access_token = TOKEN "1",
        .refresh_token = TOKEN "2"};
    struct account got;
    assert_ok(w->cx, store_account_save(w->cx, w->store, &one));
    assert_ok(w->cx, store_account(w->cx, w->store, one.id, &got));
    assert_null(got.access_token);
    assert_null(got.refresh_token);
    assert_ok(w->cx, store_account_tokens(w->cx, w->store, one.id, &got));
    assert_string_equal(got.access_token, TOKEN "1");
    assert_string_equal(got.refresh_token, TOKEN "2");
    one.access_token = TOKEN "3";
    one.access_expires_s = 77;
    assert_ok(w->cx, store_account_save_tokens(w->cx, w->store, &one));
    assert_true(file_has(w, "-wal", "ou_1")); /* we look in the right place */
    assert_false(file_has(w, "-wal", "must-not-be"));
    assert_false(file_has(w, "", "must-not-be"));
    reopen(w);
    assert_ok(w->cx, store_account_tokens(w->cx, w->store, one.id, &got));
    assert_string_equal(got.access_token, TOKEN "3");
    assert_int_equal(got.access_expires_s, 77);
    assert_true(file_has(w, "", "ou_1"));
    assert_false(file_has(w, "", "must-not-be"));
}

static void saving_an_account_without_tokens_keeps_them(void **state)
{
    struct world *w = *state;
    struct account one = {
        .name = "ada", .open_id = "ou_1", .access_token = "x", .refresh_token = "y"};
    struct account got;
    assert_ok(w->cx, store_account_save(w->cx, w->store, &one));
    one.access_token = NULL;
    one.refresh_token = "";
    assert_ok(w->cx, store_account_save(w->cx, w->store, &one));
    assert_ok(w->cx, store_account_tokens(w->cx, w->store, one.id, &got));
    assert_string_equal(got.access_token, "x");
    assert_string_equal(got.refresh_token, "");
}

static void a_token_moved_to_another_column_or_account_does_not_open(void **state)
{
    struct world *w = *state;
    struct account one = {
        .name = "ada", .open_id = "ou_1", .access_token = "x", .refresh_token = "y"};
    struct account two = {.name = "bob", .open_id = "ou_2", .access_token = "z"};
    struct account got;
    struct store_conn *conn;
    assert_ok(w->cx, store_account_save(w->cx, w->store, &one));
    assert_ok(w->cx, store_account_save(w->cx, w->store, &two));
    assert_ok(w->cx, conn_get(w->cx, w->store, &conn));
    assert_ok(w->cx,
        db_exec(w->cx, conn->db,
            "UPDATE accounts SET refresh_token = access_token WHERE open_id = 'ou_1';"
            "UPDATE accounts SET access_token = (SELECT access_token FROM accounts "
            "WHERE open_id = 'ou_1') WHERE open_id = 'ou_2'"));
    assert_err(w->cx, ERR_STORE, store_account_tokens(w->cx, w->store, one.id, &got));
    assert_err(w->cx, ERR_STORE, store_account_tokens(w->cx, w->store, two.id, &got));
}

static void bookkeeping_reaches_its_account(void **state)
{
    struct world *w = *state;
    struct account got;
    int64_t id = w->account.id, before = version(w);
    assert_ok(w->cx, store_account_set_synced(w->cx, w->store, id, 123, "late"));
    assert_ok(w->cx, store_account_set_list_token(w->cx, w->store, id, "tok"));
    assert_ok(w->cx, store_account(w->cx, w->store, id, &got));
    assert_int_equal(got.last_sync_s, 123);
    assert_string_equal(got.last_error, "late");
    assert_string_equal(got.calendars_sync_token, "tok");
    assert_int_equal(version(w), before); /* no matter of sign-in */
    assert_ok(w->cx,
        store_account_set_state(w->cx, w->store, id, ACCOUNT_SIGN_IN_NEEDED, "expired"));
    assert_ok(w->cx, store_account(w->cx, w->store, id, &got));
    assert_int_equal(got.state, ACCOUNT_SIGN_IN_NEEDED);
    assert_string_equal(got.last_error, "expired");
    assert_true(version(w) > before);
    assert_err(w->cx, ERR_NOT_FOUND,
        store_account_set_state(w->cx, w->store, id + 1, ACCOUNT_OK, ""));
}

static void passwords_are_listed_and_revoked_and_move_the_version(void **state)
{
    struct world *w = *state;
    struct password *list;
    size_t n;
    int64_t id = w->account.id, before = version(w);
    struct password one = {
        .account_id = id, .label = "phone", .digest = {1, 2, 3}, .created_s = 10};
    struct password two = {.account_id = id, .label = "laptop", .created_s = 11};
    assert_ok(w->cx, store_password_add(w->cx, w->store, &one));
    assert_ok(w->cx, store_password_add(w->cx, w->store, &two));
    assert_int_equal(version(w), before + 2);
    assert_ok(w->cx, store_password_used(w->cx, w->store, one.id, 1000));
    assert_ok(w->cx, store_password_used(w->cx, w->store, one.id, 1030)); /* too fine */
    assert_ok(w->cx, store_passwords(w->cx, w->store, id, &list, &n));
    assert_int_equal(n, 2);
    assert_string_equal(list[0].label, "phone");
    assert_memory_equal(list[0].digest, one.digest, SHA256_BYTES);
    assert_int_equal(list[0].last_used_s, 1000);
    assert_int_equal(list[1].created_s, 11);
    assert_int_equal(version(w), before + 2);
    assert_err(w->cx, ERR_NOT_FOUND,
        store_password_revoke(w->cx, w->store, id + 1, one.id)); /* not his */
    assert_ok(w->cx, store_password_revoke(w->cx, w->store, id, one.id));
    assert_err(w->cx, ERR_NOT_FOUND, store_password_revoke(w->cx, w->store, id, one.id));
    assert_int_equal(version(w), before + 3);
    assert_ok(w->cx, store_passwords(w->cx, w->store, id, &list, &n));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].id, two.id);
}

static void a_removed_account_takes_everything_with_it(void **state)
{
    struct world *w = *state;
    struct password password = {.account_id = w->account.id};
    struct journal journal = {.account_id = w->account.id, .plan = "{}"};
    struct calendar calendar;
    struct password *passwords;
    struct journal *journals;
    size_t n;
    int64_t before = version(w);
    put(w, "a", 1);
    assert_ok(w->cx, store_password_add(w->cx, w->store, &password));
    assert_ok(w->cx, store_journal_save(w->cx, w->store, &journal));
    assert_ok(w->cx, store_account_remove(w->cx, w->store, w->account.id));
    assert_err(
        w->cx, ERR_NOT_FOUND, store_calendar(w->cx, w->store, w->calendar.id, &calendar));
    assert_ok(w->cx, store_passwords(w->cx, w->store, w->account.id, &passwords, &n));
    assert_int_equal(n, 0);
    assert_ok(w->cx, store_journals(w->cx, w->store, &journals, &n));
    assert_int_equal(n, 0);
    assert_string_equal(changes_since(w, 0), "");
    assert_true(version(w) > before + 1);
    assert_err(
        w->cx, ERR_NOT_FOUND, store_account_remove(w->cx, w->store, w->account.id));
}

static void a_sign_in_is_claimed_once_and_not_when_old(void **state)
{
    struct world *w = *state;
    struct login one = {.state = "s1",
        .verifier = TOKEN,
        .redirect_uri = "http://x/cb",
        .wanted_name = "ada",
        .created_s = 1000};
    struct login got;
    assert_ok(w->cx, store_login_add(w->cx, w->store, &one));
    assert_false(file_has(w, "-wal", "must-not-be"));
    assert_err(
        w->cx, ERR_NOT_FOUND, store_login_claim(w->cx, w->store, "s1", 1601, 600, &got));
    assert_err(
        w->cx, ERR_NOT_FOUND, store_login_claim(w->cx, w->store, "s2", 1001, 600, &got));
    assert_ok(w->cx, store_login_claim(w->cx, w->store, "s1", 1600, 600, &got));
    assert_string_equal(got.verifier, TOKEN);
    assert_string_equal(got.redirect_uri, "http://x/cb");
    assert_string_equal(got.wanted_name, "ada");
    assert_err(
        w->cx, ERR_NOT_FOUND, store_login_claim(w->cx, w->store, "s1", 1600, 600, &got));
    assert_ok(w->cx, store_login(w->cx, w->store, "s1", &got));
    assert_int_equal(got.account_id, 0);
    assert_ok(w->cx, store_login_finish(w->cx, w->store, "s1", 42, NULL));
    assert_ok(w->cx, store_login(w->cx, w->store, "s1", &got));
    assert_int_equal(got.account_id, 42);
    assert_null(got.error);
    one.state = "later";
    one.created_s = 1000 + 1801;
    assert_ok(w->cx, store_login_add(w->cx, w->store, &one));
    assert_err(
        w->cx, ERR_NOT_FOUND, store_login(w->cx, w->store, "s1", &got)); /* forgotten */
}

static void sign_ins_under_way_are_bounded_and_forgotten_in_half_an_hour(void **state)
{
    struct world *w = *state;
    struct login got;
    struct store_tx *tx;
    enum err err = ERR_OK;
    int n = 0;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    for (; err == ERR_OK && n < 6000; n++) {
        struct login one = {.state = arena_printf(w->cx->arena, "s%d", n),
            .redirect_uri = "http://x/cb",
            .created_s = 1000};
        err = store_login_add(w->cx, w->store, &one);
    }
    assert_err(w->cx, ERR_THROTTLED, err);
    assert_true(n > 1000);
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_true(w->cx->retry_after_s > 0);
    assert_ok(w->cx, store_expire(w->cx, w->store, 1000 + 1800));
    assert_ok(w->cx, store_login(w->cx, w->store, "s0", &got));
    assert_ok(w->cx, store_expire(w->cx, w->store, 1000 + 1801));
    assert_err(w->cx, ERR_NOT_FOUND, store_login(w->cx, w->store, "s0", &got));
}

static enum err session_of(struct world *w, int number, int64_t now_s)
{
    unsigned char digest[SHA256_BYTES] = {(unsigned char)number};
    int64_t id = 0;
    enum err err = store_session(w->cx, w->store, digest, now_s, &id);
    if (err == ERR_OK)
        assert_int_equal(id, w->account.id);
    return err;
}

static void add_session(struct world *w, int number, int64_t until_s)
{
    struct session one = {.digest = {(unsigned char)number},
        .account_id = w->account.id,
        .until_s = until_s};
    assert_ok(w->cx, store_session_add(w->cx, w->store, &one));
}

static void a_session_ends_by_time_by_itself_with_all_and_with_its_account(void **state)
{
    struct world *w = *state;
    unsigned char second[SHA256_BYTES] = {2};
    for (int i = 1; i <= 3; i++)
        add_session(w, i, 1000 + i);
    assert_ok(w->cx, session_of(w, 1, 1000));
    assert_err(w->cx, ERR_NOT_FOUND, session_of(w, 1, 1001));
    assert_err(w->cx, ERR_NOT_FOUND, session_of(w, 9, 1000));
    assert_ok(w->cx, store_session_remove(w->cx, w->store, second));
    assert_err(w->cx, ERR_NOT_FOUND, session_of(w, 2, 1000));
    assert_ok(w->cx, session_of(w, 3, 1000));
    assert_ok(w->cx, store_sessions_remove(w->cx, w->store, w->account.id));
    assert_err(w->cx, ERR_NOT_FOUND, session_of(w, 3, 1000));
    add_session(w, 4, 2000);
    assert_ok(w->cx, store_account_remove(w->cx, w->store, w->account.id));
    assert_err(w->cx, ERR_NOT_FOUND, session_of(w, 4, 1000));
}

static void of_many_sessions_the_oldest_go(void **state)
{
    struct world *w = *state;
    for (int i = 1; i <= 40; i++)
        add_session(w, i, 1000 + i);
    assert_err(w->cx, ERR_NOT_FOUND, session_of(w, 8, 1000));
    assert_ok(w->cx, session_of(w, 9, 1000));
    assert_ok(w->cx, session_of(w, 40, 1000));
    assert_ok(w->cx, store_expire(w->cx, w->store, 1030));
    assert_err(w->cx, ERR_NOT_FOUND, session_of(w, 30, 0));
    assert_ok(w->cx, session_of(w, 31, 0));
}

static bool is_unanswered(struct world *w, const char *name, int text)
{
    unsigned char digest[SHA256_BYTES] = {(unsigned char)text};
    bool found = false;
    assert_ok(w->cx,
        store_unanswered(w->cx, w->store, w->calendar.id, name, digest, &found));
    return found;
}

static void an_unanswered_create_is_known_by_name_and_text_until_told_or_a_day_old(
    void **state)
{
    struct world *w = *state;
    unsigned char one[SHA256_BYTES] = {1};
    const char *const names[] = {"a.ics", "b.ics"};
    struct store_tx *tx;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    for (size_t i = 0; i < 2; i++)
        assert_ok(
            w->cx, store_unanswered_set(w->cx, tx, w->calendar.id, names[i], one));
    assert_ok(w->cx, store_unanswered_remove(w->cx, tx, w->calendar.id, "b.ics"));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_true(is_unanswered(w, "a.ics", 1));
    assert_false(is_unanswered(w, "a.ics", 2));
    assert_false(is_unanswered(w, "b.ics", 1));
    assert_ok(w->cx, store_expire(w->cx, w->store, 1700000000 + 86400));
    assert_true(is_unanswered(w, "a.ics", 1));
    assert_ok(w->cx, store_expire(w->cx, w->store, 1700000000 + 86401));
    assert_false(is_unanswered(w, "a.ics", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_account_is_saved_found_and_updated_by_open_id),
        WORLD_TEST(a_name_belongs_to_one_account),
        WORLD_TEST(tokens_are_not_in_the_file_and_come_back_only_when_asked),
        WORLD_TEST(saving_an_account_without_tokens_keeps_them),
        WORLD_TEST(a_token_moved_to_another_column_or_account_does_not_open),
        CALENDAR_TEST(bookkeeping_reaches_its_account),
        CALENDAR_TEST(passwords_are_listed_and_revoked_and_move_the_version),
        CALENDAR_TEST(a_removed_account_takes_everything_with_it),
        WORLD_TEST(a_sign_in_is_claimed_once_and_not_when_old),
        WORLD_TEST(sign_ins_under_way_are_bounded_and_forgotten_in_half_an_hour),
        CALENDAR_TEST(a_session_ends_by_time_by_itself_with_all_and_with_its_account),
        CALENDAR_TEST(of_many_sessions_the_oldest_go),
        CALENDAR_TEST(
            an_unanswered_create_is_known_by_name_and_text_until_told_or_a_day_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
