/*
 * How SQLite goes about each statement: by a whole key or a range of an index. A
 * statement that walks through a calendar costs as much as the calendar is large, and no
 * other test would see it.
 */
#include "store_unit.h"

static const struct {
    const char *name, *text;
} statements[] = {
#define X(id, text) {#id, text},
    STORE_STATEMENTS(X)
#undef X
};

/* Those that are meant to go through many rows. */
static const char *const walks[] = {"ACCOUNTS", "ACCOUNT_REMOVE", "CALENDAR_REMOVE",
    "JOURNALS", "LOGINS_COUNT", "LOGINS_FORGET", "PEOPLE_SEARCH", "POLLS", "ROWS_COUNT",
    "ROWS_SET_BACK", "ROWS_UNSEEN", "SESSIONS_FORGET", "SUBSCRIPTIONS_DUE",
    "UNANSWERED_FORGET"};

static bool may_walk(const char *name)
{
    for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
        if (strcmp(walks[i], name) == 0)
            return true;
    }
    return false;
}

/* What a step of a plan goes through: a table, or all of a calendar's part of one.
 * Indices that hold only the rows in question (rows_bare) are no walk, nor are what the
 * statement itself has gathered and constants. */
static bool is_walk(const char *step)
{
    static const char *const large[] = {"SCAN accounts", "SCAN calendars", "SCAN c",
        "SCAN a", "SCAN rows", "SCAN r", "SCAN row_texts", "SCAN objects", "SCAN o",
        "SCAN texts", "SCAN t", "SCAN instances", "SCAN i", "SCAN tombstones",
        "SCAN people", "SCAN logins", "SCAN journal", "SCAN properties",
        "SCAN passwords", "SCAN sessions", "SCAN unanswered",
        "SCAN calendar_tombstones"};
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        size_t len = strlen(large[i]);
        if (strncmp(step, large[i], len) == 0 && (step[len] == '\0' || step[len] == ' '))
            return true;
    }
    static const char *const keyed[] = {"SEARCH o ", "SEARCH objects ", "SEARCH rows ",
        "SEARCH r USING PRIMARY", "SEARCH instances ", "SEARCH i "};
    for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
        if (strncmp(step, keyed[i], strlen(keyed[i])) == 0)
            return strstr(step, "(calendar_id=?)") != NULL;
    }
    return false;
}

static bool explains(
    sqlite3 *db, const char *name, const char *text, char *step, size_t size)
{
    char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", text);
    sqlite3_stmt *stmt;
    bool walked = false;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", name, sqlite3_errmsg(db));
    while (!walked && sqlite3_step(stmt) == SQLITE_ROW) {
        snprintf(step, size, "%s", (const char *)sqlite3_column_text(stmt, 3));
        walked = is_walk(step);
    }
    sqlite3_finalize(stmt);
    sqlite3_free(sql);
    return walked;
}

static void only_listings_walk(void **state)
{
    struct world *w = *state;
    struct store_conn *conn;
    char step[512];
    int wrong = 0;
    assert_ok(w->cx, conn_get(w->cx, w->store, &conn));
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        const char *name = statements[i].name;
        if (strncmp(statements[i].text, "INSERT", 6) == 0)
            continue; /* what it shows are checks of foreign keys that do not run */
        bool walked = explains(conn->db, name, statements[i].text, step, sizeof(step));
        if (walked != may_walk(name)) {
            print_error("%s %s: %s\n", name, walked ? "walks" : "does not walk", step);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void a_walk_is_recognised(void **state)
{
    struct world *w = *state;
    struct store_conn *conn;
    char step[512];
    assert_ok(w->cx, conn_get(w->cx, w->store, &conn));
    assert_true(explains(conn->db, "planted",
        "SELECT text FROM texts t WHERE shadow = 'x'", step, sizeof(step)));
    assert_true(explains(conn->db, "planted",
        "SELECT etag FROM objects o WHERE calendar_id = 1 AND etag = 'x'", step,
        sizeof(step)));
}

static void no_statement_is_prepared_twice(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 5; i++) {
        struct store_tx *tx;
        struct row row = {.calendar_id = w->calendar.id, .uid = "a", .json = "{}"};
        struct object got;
        row.original_time = i;
        put(w, i % 2 == 0 ? "a" : "b", i);
        assert_ok(w->cx, store_object_by_uid(w->cx, w->store, w->calendar.id, "a", &got));
        assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
        assert_ok(w->cx, store_row_save(w->cx, tx, &row));
        assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
        assert_ok(w->cx,
            store_calendar_interest(w->cx, w->store, w->calendar.id, 1000 * (i + 1)));
    }
    for (struct store_conn *conn = w->store->conns; conn != NULL; conn = conn->next) {
        for (size_t i = 0; i < SQL_COUNT; i++) {
            sqlite3_stmt *stmt = conn->statements[i];
            if (stmt && sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_REPREPARE, 0) > 0)
                fail_msg("%s was prepared again", statements[i].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(only_listings_walk),
        WORLD_TEST(a_walk_is_recognised),
        CALENDAR_TEST(no_statement_is_prepared_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
