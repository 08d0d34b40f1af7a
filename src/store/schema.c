#include "store/store_internal.h"

static enum err read_pragma(struct ctx *cx, sqlite3 *db, const char *sql, int64_t *value)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        return db_fail(cx, db, "reading the version");
    int rc = sqlite3_step(stmt);
    int64_t number = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return db_fail(cx, db, "reading the version");
    *value = number;
    return ERR_OK;
}

static enum err check_version(
    struct ctx *cx, sqlite3 *db, const char *path, size_t n, int64_t *version)
{
    int64_t application, tables;
    TRY(read_pragma(cx, db, "PRAGMA user_version", version));
    TRY(read_pragma(cx, db, "PRAGMA application_id", &application));
    TRY(read_pragma(cx, db, "SELECT count(*) FROM sqlite_schema", &tables));
    if (application != STORE_APPLICATION_ID && (application != 0 || tables != 0))
        return fail(cx, ERR_STORE, "%s is a database of another program", path);
    if (*version > (int64_t)n)
        return fail(cx, ERR_STORE,
            "the store %s has schema version %lld, made by a newer feishu-caldav; "
            "this one knows versions up to %zu",
            path, (long long)*version, n);
    return ERR_OK;
}

static enum err run_steps(
    struct ctx *cx, sqlite3 *db, const char *path, const char *const *steps, size_t n)
{
    int64_t version;
    TRY(check_version(
        cx, db, path, n, &version)); /* another process may have been first */
    for (size_t i = (size_t)version; i < n; i++)
        TRY(db_exec(cx, db, steps[i]));
    TRY(db_exec(cx, db,
        arena_printf(cx->arena, "PRAGMA application_id = %d; PRAGMA user_version = %zu",
            STORE_APPLICATION_ID, n)));
    return db_exec(cx, db, "COMMIT");
}

enum err schema_migrate(
    struct ctx *cx, sqlite3 *db, const char *path, const char *const *steps, size_t n)
{
    int64_t version;
    TRY(check_version(cx, db, path, n, &version));
    if (version == (int64_t)n)
        return ERR_OK;
    TRY(db_exec(cx, db, "BEGIN IMMEDIATE"));
    enum err err = run_steps(cx, db, path, steps, n);
    if (err != ERR_OK && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

/* Long texts live apart from the narrow rows that listings scan: texts beside objects,
 * row_texts beside rows. Ids that leave the store, or that other rows are named after,
 * are never used twice (AUTOINCREMENT). */
const char *const store_schema[] = {
    /* 1 */
    "CREATE TABLE state (id INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "INSERT INTO state (id, value) VALUES (1, 0), (2, 0);"

    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID;"

    "CREATE TABLE accounts ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " name TEXT NOT NULL UNIQUE,"
    " open_id TEXT NOT NULL UNIQUE,"
    " union_id TEXT, tenant_key TEXT, display_name TEXT, email TEXT, timezone TEXT,"
    " scopes TEXT,"
    " state INTEGER NOT NULL,"
    " access_token TEXT, refresh_token TEXT," /* sealed */
    " access_expires_s INTEGER NOT NULL, refresh_expires_s INTEGER NOT NULL,"
    " authorized_s INTEGER NOT NULL,"
    " calendars_sync_token TEXT,"
    " last_sync_s INTEGER NOT NULL, last_error TEXT NOT NULL,"
    " home_change INTEGER NOT NULL) STRICT;"

    "CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL,"
    " until_s INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE passwords ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
    " label TEXT, digest BLOB NOT NULL,"
    " created_s INTEGER NOT NULL, last_used_s INTEGER NOT NULL) STRICT;"
    "CREATE INDEX passwords_by_account ON passwords (account_id);"

    "CREATE TABLE logins ("
    " state TEXT PRIMARY KEY,"
    " verifier TEXT," /* sealed */
    " redirect_uri TEXT, wanted_name TEXT,"
    " created_s INTEGER NOT NULL, account_id INTEGER NOT NULL, error TEXT,"
    " claimed INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"

    "CREATE TABLE calendars ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL, upstream_id TEXT NOT NULL,"
    " summary TEXT, alias TEXT, description TEXT,"
    " color INTEGER NOT NULL, color_text TEXT,"
    " type TEXT, role TEXT, permissions TEXT, third_party INTEGER NOT NULL,"
    " sync_token TEXT, anchor_s INTEGER NOT NULL, pull INTEGER NOT NULL,"
    " last_pull_s INTEGER NOT NULL, last_interest_s INTEGER NOT NULL,"
    " last_error TEXT NOT NULL,"
    " change INTEGER NOT NULL, floor INTEGER NOT NULL,"
    " UNIQUE (account_id, name), UNIQUE (account_id, upstream_id)) STRICT;"

    "CREATE TABLE rows ("
    " calendar_id INTEGER NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,"
    " uid TEXT NOT NULL, original_time INTEGER NOT NULL,"
    " id INTEGER NOT NULL, seen INTEGER NOT NULL, has_attendees INTEGER NOT NULL,"
    " PRIMARY KEY (calendar_id, uid, original_time)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX rows_bare ON rows (calendar_id)"
    " WHERE original_time = 0 AND has_attendees = 0;"
    "CREATE TABLE row_texts (id INTEGER PRIMARY KEY, json TEXT NOT NULL, attendees TEXT)"
    " STRICT;"
    "CREATE TRIGGER rows_gone AFTER DELETE ON rows BEGIN"
    " DELETE FROM row_texts WHERE id = old.id; END;"

    "CREATE TABLE objects ("
    " calendar_id INTEGER NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL, etag TEXT NOT NULL, schedule_tag TEXT,"
    " change INTEGER NOT NULL, text_bytes INTEGER NOT NULL, id INTEGER NOT NULL,"
    " uid TEXT NOT NULL, upstream_uid TEXT,"
    " hidden INTEGER NOT NULL, shadowed INTEGER NOT NULL,"
    " from_s INTEGER NOT NULL, until_s INTEGER NOT NULL,"
    " indexed_from_s INTEGER NOT NULL, indexed_until_s INTEGER NOT NULL,"
    " PRIMARY KEY (calendar_id, name)) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX objects_by_id ON objects (id);"
    "CREATE INDEX objects_by_uid ON objects (calendar_id, uid);"
    "CREATE INDEX objects_by_upstream ON objects (upstream_uid, calendar_id);"
    "CREATE INDEX objects_by_change ON objects"
    " (calendar_id, hidden, change, etag, schedule_tag);"
    "CREATE INDEX objects_loose ON objects"
    " (calendar_id, from_s, until_s, indexed_from_s, indexed_until_s)"
    " WHERE hidden = 0 AND (from_s < indexed_from_s OR until_s > indexed_until_s);"
    "CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL,"
    " shadow TEXT, shadow_is_text INTEGER NOT NULL, instances BLOB) STRICT;"
    "CREATE TRIGGER objects_gone AFTER DELETE ON objects BEGIN"
    " DELETE FROM texts WHERE id = old.id; END;"

    "CREATE TABLE instances ("
    " calendar_id INTEGER NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,"
    " span INTEGER NOT NULL, start_s INTEGER NOT NULL, end_s INTEGER NOT NULL,"
    " object_id INTEGER NOT NULL, busy INTEGER NOT NULL,"
    " PRIMARY KEY (calendar_id, span, start_s, end_s, object_id, busy))"
    " STRICT, WITHOUT ROWID;"

    "CREATE TABLE tombstones ("
    " calendar_id INTEGER NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL, change INTEGER NOT NULL, removed_s INTEGER NOT NULL,"
    " PRIMARY KEY (calendar_id, name)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX tombstones_by_change ON tombstones (calendar_id, change);"
    "CREATE INDEX tombstones_by_age ON tombstones (removed_s);"

    "CREATE TABLE properties ("
    " account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
    " place TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, xml TEXT NOT NULL,"
    " PRIMARY KEY (account_id, place, ns, name)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE people (id INTEGER PRIMARY KEY, open_id TEXT NOT NULL,"
    " address TEXT NOT NULL, name TEXT, fetched_s INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX people_by_open_id ON people (open_id) WHERE open_id <> '';"
    "CREATE UNIQUE INDEX people_by_address ON people (address) WHERE address <> '';"

    "CREATE TABLE journal ("
    " id INTEGER PRIMARY KEY,"
    " account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
    " calendar_id INTEGER NOT NULL, key TEXT, name TEXT, plan TEXT NOT NULL,"
    " created_s INTEGER NOT NULL) STRICT;",

    /* 2: rooms and search words of people, owners and access lists of calendars */
    "ALTER TABLE people ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE people ADD COLUMN words TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE calendars ADD COLUMN owner TEXT;"
    "ALTER TABLE calendars ADD COLUMN shares_read_s INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX calendars_by_upstream ON calendars (upstream_id);"

    "CREATE TABLE shares ("
    " calendar_id INTEGER NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,"
    " open_id TEXT NOT NULL, acl_id TEXT NOT NULL, role TEXT NOT NULL,"
    " PRIMARY KEY (calendar_id, open_id)) STRICT, WITHOUT ROWID;",

    /* 3: all that a listing shows is in one narrow index */
    "DROP INDEX objects_by_change;"
    "CREATE INDEX objects_by_change ON objects (calendar_id, hidden, change);"
    "CREATE INDEX objects_listed ON objects"
    " (calendar_id, hidden, name, etag, schedule_tag, change, text_bytes);",

    /* 4: what Feishu was asked to tell of */
    "CREATE TABLE subscriptions ("
    " account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
    " kind INTEGER NOT NULL, upstream_id TEXT NOT NULL,"
    " made_s INTEGER NOT NULL, sign_in_s INTEGER NOT NULL, due_s INTEGER NOT NULL,"
    " error TEXT NOT NULL,"
    " PRIMARY KEY (account_id, kind, upstream_id)) STRICT, WITHOUT ROWID;",

    /* 5: pushes to clients; calendar_id NULL and place 0 = the home */
    "CREATE TABLE pushes ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
    " place INTEGER NOT NULL,"
    " calendar_id INTEGER REFERENCES calendars (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL UNIQUE, resource TEXT NOT NULL,"
    " public_key TEXT NOT NULL, auth_secret TEXT NOT NULL," /* sealed */
    " content INTEGER NOT NULL, properties INTEGER NOT NULL,"
    " expires_s INTEGER NOT NULL, sent INTEGER NOT NULL,"
    " state TEXT NOT NULL DEFAULT '', failed_s INTEGER NOT NULL DEFAULT 0,"
    " retry_s INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (account_id, place, resource)) STRICT;"
    "CREATE INDEX pushes_by_calendar ON pushes (calendar_id);",

    /* 6: dead properties of events */
    "CREATE TABLE object_properties ("
    " calendar_id INTEGER NOT NULL, object TEXT NOT NULL,"
    " ns TEXT NOT NULL, name TEXT NOT NULL, xml TEXT NOT NULL,"
    " PRIMARY KEY (calendar_id, object, ns, name),"
    " FOREIGN KEY (calendar_id, object) REFERENCES objects (calendar_id, name)"
    " ON DELETE CASCADE) STRICT, WITHOUT ROWID;",

    /* 7: what clients without conditions may have made their writes from */
    "CREATE TABLE older_texts ("
    " object_id INTEGER NOT NULL, change INTEGER NOT NULL,"
    " text TEXT NOT NULL, made_s INTEGER NOT NULL,"
    " PRIMARY KEY (object_id, change)) STRICT;"
    "CREATE INDEX older_texts_by_age ON older_texts (made_s);"
    "CREATE TRIGGER objects_gone_older AFTER DELETE ON objects BEGIN"
    " DELETE FROM older_texts WHERE object_id = old.id; END;",

    /* 8: sessions of browsers; creates whose clients were not told how they ended; locks
     * are those of the lock file, which end with their process */
    "DROP TABLE leases;"
    "CREATE TABLE sessions ("
    " digest BLOB PRIMARY KEY,"
    " account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
    " until_s INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX sessions_by_account ON sessions (account_id, until_s);"
    "CREATE TABLE unanswered ("
    " calendar_id INTEGER NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL, digest BLOB NOT NULL, made_s INTEGER NOT NULL,"
    " PRIMARY KEY (calendar_id, name)) STRICT, WITHOUT ROWID;",

    /* 9: what upstream was asked, how often a calendar changes, objects counted as they
     * come and go */
    "ALTER TABLE calendars ADD COLUMN success_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE calendars ADD COLUMN changed_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE calendars ADD COLUMN full_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE calendars ADD COLUMN cost INTEGER NOT NULL DEFAULT 100;"
    "ALTER TABLE calendars ADD COLUMN objects INTEGER NOT NULL DEFAULT 0;"
    "UPDATE calendars SET objects = (SELECT count(*) FROM objects o"
    " WHERE o.calendar_id = calendars.id AND o.hidden = 0),"
    " full_s = CASE WHEN pull = 2 THEN last_pull_s ELSE 0 END;"
    "UPDATE calendars SET success_s = CAST(substr(s.value, instr(s.value, ' ') + 1)"
    " AS INTEGER) FROM settings s WHERE s.name = 'spent.' || calendars.id;"
    "UPDATE calendars SET full_s = CAST(s.value AS INTEGER) FROM settings s"
    " WHERE s.name = 'full.' || calendars.id AND calendars.pull = 2;"
    "CREATE TRIGGER objects_count_in AFTER INSERT ON objects WHEN new.hidden = 0 BEGIN"
    " UPDATE calendars SET objects = objects + 1 WHERE id = new.calendar_id; END;"
    "CREATE TRIGGER objects_count_out AFTER DELETE ON objects WHEN old.hidden = 0 BEGIN"
    " UPDATE calendars SET objects = objects - 1 WHERE id = old.calendar_id; END;"
    "CREATE TRIGGER objects_count_hidden AFTER UPDATE OF hidden ON objects"
    " WHEN new.hidden <> old.hidden BEGIN"
    " UPDATE calendars SET objects = objects + old.hidden - new.hidden"
    " WHERE id = new.calendar_id; END;"

    "CREATE TABLE spent ("
    " account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
    " upstream_id TEXT NOT NULL, purpose INTEGER NOT NULL, calls INTEGER NOT NULL,"
    " PRIMARY KEY (account_id, upstream_id, purpose)) STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER spent_gone AFTER DELETE ON calendars BEGIN"
    " DELETE FROM spent WHERE account_id = old.account_id"
    " AND upstream_id = old.upstream_id; END;"
    /* events were all that was counted */
    "INSERT INTO spent (account_id, upstream_id, purpose, calls)"
    " SELECT c.account_id, c.upstream_id, 2, CAST(s.value AS INTEGER) FROM calendars c"
    " JOIN settings s ON s.name = 'spent.' || c.id;"
    "INSERT INTO spent (account_id, upstream_id, purpose, calls)"
    " SELECT account_id, '', 2, sum(calls) FROM spent GROUP BY account_id;"
    "DELETE FROM settings WHERE name LIKE 'spent.%' OR name LIKE 'full.%';",

    /* 10: calendars that went away, for sync tokens of the home: those from before a
     * change that left no trace are not good; when things were last changed, which of
     * what is there already is now at the latest */
    "ALTER TABLE accounts ADD COLUMN home_floor INTEGER NOT NULL DEFAULT 0;"
    "UPDATE accounts SET home_floor = home_change;"
    "ALTER TABLE calendars ADD COLUMN born INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE calendar_tombstones ("
    " account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL, change INTEGER NOT NULL, removed_s INTEGER NOT NULL,"
    " PRIMARY KEY (account_id, name)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX calendar_tombstones_by_age ON calendar_tombstones (removed_s);"

    "ALTER TABLE calendars ADD COLUMN modified_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE objects ADD COLUMN modified_s INTEGER NOT NULL DEFAULT 0;"
    "UPDATE calendars SET modified_s = CAST(strftime('%s', 'now') AS INTEGER);"
    "UPDATE objects SET modified_s = CAST(strftime('%s', 'now') AS INTEGER);"
    "DROP INDEX objects_listed;"
    "CREATE INDEX objects_listed ON objects"
    " (calendar_id, hidden, name, etag, schedule_tag, change, text_bytes, modified_s);",
};
const size_t store_schema_n = sizeof(store_schema) / sizeof(store_schema[0]);
