/*
 * Every statement of the store, one a row: X(identity, text). A connection prepares a
 * statement at its first use and keeps it.
 */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

/* Instances are kept by class of length, so that a range of time is a few short scans
 * however many instances came before it: X(class, longest length in seconds). */
#define STORE_SPANS(X) X(0, 86400) X(1, 691200) X(2, 5529600) X(3, 1000000000000)

#define ACCOUNT_COLUMNS                                                                  \
    "id, name, open_id, union_id, tenant_key, display_name, email, timezone, scopes, "   \
    "state, access_expires_s, refresh_expires_s, authorized_s, calendars_sync_token, "   \
    "last_sync_s, last_error, home_change, access_token, refresh_token, home_floor"

#define LOGIN_COLUMNS                                                                    \
    "state, verifier, redirect_uri, wanted_name, created_s, account_id, error"

#define CALENDAR_COLUMNS                                                                 \
    "id, account_id, name, upstream_id, summary, alias, description, color, color_text," \
    " type, role, permissions, third_party, sync_token, anchor_s, pull, last_pull_s, "   \
    "last_interest_s, last_error, change, floor, owner, shares_read_s, success_s, "      \
    "changed_s, full_s, cost, objects, born, modified_s"

#define PERSON_COLUMNS "open_id, address, name, fetched_s, kind, words"

#define SUBSCRIPTION_COLUMNS                                                             \
    "s.account_id, s.kind, s.upstream_id, s.made_s, s.sign_in_s, s.due_s, s.error"

/* The list of calendars of an account that has one; calendars whose events the account
 * may see; access lists of those that it owns. ready: read to the end once. */
#define SUBSCRIPTIONS_WANTED                                                             \
    "WITH mine AS (SELECT c.account_id, c.upstream_id, c.role, c.pull = 2 AS ready, "    \
    "a.authorized_s FROM calendars c JOIN accounts a ON a.id = c.account_id "            \
    "WHERE a.state = 0 AND c.type IN ('primary', 'shared')), "                           \
    "wanted (account_id, kind, upstream_id, authorized_s, ready) AS ("                   \
    "SELECT DISTINCT account_id, 0, '', authorized_s, 1 FROM mine UNION ALL "            \
    "SELECT account_id, 1, upstream_id, authorized_s, ready FROM mine "                  \
    "WHERE role IN ('reader', 'writer', 'owner') UNION ALL "                             \
    "SELECT account_id, 2, upstream_id, authorized_s, ready FROM mine "                  \
    "WHERE role = 'owner') "

#define LISTED_COLUMNS                                                                   \
    "o.name, o.etag, o.schedule_tag, o.change, o.text_bytes, o.modified_s"

#define OBJECT_COLUMNS                                                                   \
    LISTED_COLUMNS                                                                       \
    ", o.id, o.uid, o.upstream_uid, o.hidden, o.from_s, o.until_s, o.indexed_from_s, "   \
    "o.indexed_until_s"

#define TEXT_OF " JOIN texts t ON t.id = o.id "

/* RFC 4791 9.9: ?1 calendar, ?2 from, ?3 until */
#define SPAN_VALUE_(class, length_s) ", (" #class ", " #length_s ")"
#define IN_RANGE                                                                         \
    " FROM (VALUES (-1, 0)" STORE_SPANS(SPAN_VALUE_) ") AS s CROSS JOIN instances i "    \
    "WHERE i.calendar_id = ?1 AND i.span = s.column1 AND i.start_s > ?2 - s.column2 "    \
    "AND i.start_s < ?3 AND (i.end_s > ?2 OR (i.start_s = i.end_s AND i.start_s >= ?2))"
#define HITS "WITH hits AS MATERIALIZED (SELECT DISTINCT i.object_id AS id" IN_RANGE ") "

/* Visible objects some of whose instances are not in the index; the same words as in the
 * partial index objects_loose. */
#define LOOSE                                                                            \
    " o.hidden = 0 AND (o.from_s < o.indexed_from_s OR o.until_s > o.indexed_until_s) "
/* Of these, those whose hull meets the range where the index does not reach. */
#define UNCOVERED                                                                        \
    " FROM objects o INDEXED BY objects_loose WHERE o.calendar_id = ?1 AND" LOOSE        \
    "AND o.from_s < ?3 AND o.until_s >= ?2 "                                             \
    "AND ((o.from_s < o.indexed_from_s AND ?2 < o.indexed_from_s) "                      \
    "OR (o.until_s > o.indexed_until_s AND ?3 > o.indexed_until_s))"

/* Pushes to clients, with the newest change of what they are about. */
#define PUSH_COLUMNS                                                                     \
    "SELECT s.id, s.account_id, s.place, s.name, s.resource, s.public_key, "             \
    "s.auth_secret, s.content, s.properties, s.expires_s, s.sent, s.state, s.failed_s, " \
    "s.retry_s, coalesce(k.change, p.home_change) "                                      \
    "FROM pushes s CROSS JOIN accounts p ON p.id = s.account_id "                        \
    "LEFT JOIN calendars k ON k.id = s.calendar_id "

#define STORE_STATEMENTS(X)                                                              \
    /* transactions */                                                                   \
    X(BEGIN, "BEGIN IMMEDIATE")                                                          \
    X(BEGIN_READ, "BEGIN")                                                               \
    X(COMMIT, "COMMIT")                                                                  \
    X(ROLLBACK, "ROLLBACK")                                                              \
    /* counters */                                                                       \
    X(STATE, "SELECT value FROM state WHERE id = ?1")                                    \
    X(STATE_NEXT, "UPDATE state SET value = value + 1 WHERE id = ?1 RETURNING value")    \
    /* settings */                                                                       \
    X(SETTING, "SELECT value FROM settings WHERE name = ?1")                             \
    X(SETTING_SET, "INSERT INTO settings (name, value) VALUES (?1, ?2) "                 \
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value")                       \
    X(SETTING_REMOVE, "DELETE FROM settings WHERE name = ?1")                            \
    /* accounts */                                                                       \
    X(ACCOUNTS, "SELECT " ACCOUNT_COLUMNS " FROM accounts ORDER BY name")                \
    X(ACCOUNT, "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE id = ?1")                 \
    X(ACCOUNT_BY_NAME, "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE name = ?1")       \
    X(ACCOUNT_BY_OPEN_ID, "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE open_id = ?1") \
    X(ACCOUNT_ADD, "INSERT INTO accounts (name, open_id, union_id, tenant_key, "         \
        "display_name, email, timezone, scopes, state, access_token, refresh_token, "    \
        "access_expires_s, refresh_expires_s, authorized_s, calendars_sync_token, "      \
        "last_sync_s, last_error, home_change, home_floor) VALUES (?1, ?2, ?3, ?4, ?5, " \
        "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?18) RETURNING id")\
    X(ACCOUNT_UPDATE, "UPDATE accounts SET name = ?2, union_id = ?3, tenant_key = ?4, "  \
        "display_name = ?5, email = ?6, timezone = ?7, scopes = ?8, state = ?9, "        \
        "access_token = coalesce(?10, access_token), "                                   \
        "refresh_token = coalesce(?11, refresh_token), access_expires_s = ?12, "         \
        "refresh_expires_s = ?13, authorized_s = ?14, calendars_sync_token = ?15, "      \
        "last_sync_s = ?16, last_error = ?17 WHERE id = ?1")                             \
    X(ACCOUNT_SET_TOKENS, "UPDATE accounts SET access_token = ?2, refresh_token = ?3, "  \
        "access_expires_s = ?4, refresh_expires_s = ?5, authorized_s = ?6 WHERE id = ?1")\
    X(ACCOUNT_SET_TIMEZONE, "UPDATE accounts SET timezone = ?2 WHERE id = ?1")           \
    X(ACCOUNT_SET_STATE, "UPDATE accounts SET state = ?2, last_error = ?3 WHERE id = ?1")\
    X(ACCOUNT_SET_SYNCED, "UPDATE accounts SET last_sync_s = ?2, last_error = ?3 "       \
        "WHERE id = ?1")                                                                 \
    X(ACCOUNT_SET_LIST_TOKEN, "UPDATE accounts SET calendars_sync_token = ?2 "           \
        "WHERE id = ?1")                                                                 \
    X(ACCOUNT_SET_HOME_CHANGE, "UPDATE accounts SET home_change = ?2 WHERE id = ?1")     \
    X(ACCOUNT_REMOVE, "DELETE FROM accounts WHERE id = ?1")                              \
    /* app passwords */                                                                  \
    X(PASSWORDS, "SELECT id, account_id, label, digest, created_s, last_used_s "         \
        "FROM passwords WHERE account_id = ?1 ORDER BY id")                              \
    X(PASSWORD_ADD, "INSERT INTO passwords (account_id, label, digest, created_s, "      \
        "last_used_s) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id")                         \
    X(PASSWORD_LAST_USED, "SELECT last_used_s FROM passwords WHERE id = ?1")             \
    X(PASSWORD_USED, "UPDATE passwords SET last_used_s = ?2 WHERE id = ?1")              \
    X(PASSWORD_REVOKE, "DELETE FROM passwords WHERE id = ?2 AND account_id = ?1 "        \
        "RETURNING 1")                                                                   \
    /* sign-ins under way */                                                             \
    X(LOGIN_ADD, "INSERT INTO logins (" LOGIN_COLUMNS ") "                               \
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                           \
    X(LOGINS_FORGET, "DELETE FROM logins WHERE created_s < ?1")                          \
    X(LOGINS_COUNT, "SELECT count(*) FROM logins")                                       \
    X(LOGIN, "SELECT " LOGIN_COLUMNS " FROM logins WHERE state = ?1")                    \
    X(LOGIN_CLAIM, "UPDATE logins SET claimed = 1 WHERE state = ?1 AND claimed = 0 "     \
        "AND created_s >= ?2 RETURNING " LOGIN_COLUMNS)                                  \
    X(LOGIN_FINISH, "UPDATE logins SET claimed = 1, account_id = ?2, error = ?3 "        \
        "WHERE state = ?1")                                                              \
    /* sessions of browsers */                                                           \
    X(SESSION_ADD, "INSERT INTO sessions (digest, account_id, until_s) "                 \
        "VALUES (?1, ?2, ?3)")                                                           \
    X(SESSION, "SELECT account_id FROM sessions WHERE digest = ?1 AND until_s > ?2")     \
    X(SESSION_REMOVE, "DELETE FROM sessions WHERE digest = ?1")                          \
    X(SESSIONS_REMOVE, "DELETE FROM sessions WHERE account_id = ?1")                     \
    X(SESSIONS_TRIM, "DELETE FROM sessions WHERE digest IN (SELECT digest "              \
        "FROM sessions WHERE account_id = ?1 ORDER BY until_s DESC LIMIT -1 OFFSET ?2)") \
    X(SESSIONS_FORGET, "DELETE FROM sessions WHERE until_s <= ?1")                       \
    /* calendars */                                                                      \
    X(CALENDARS, "SELECT " CALENDAR_COLUMNS " FROM calendars WHERE account_id = ?1 "     \
        "ORDER BY id")                                                                   \
    X(CALENDAR, "SELECT " CALENDAR_COLUMNS " FROM calendars WHERE id = ?1")              \
    X(CALENDAR_BY_NAME, "SELECT " CALENDAR_COLUMNS " FROM calendars "                    \
        "WHERE account_id = ?1 AND name = ?2")                                           \
    X(CALENDAR_BY_UPSTREAM, "SELECT " CALENDAR_COLUMNS " FROM calendars "                \
        "WHERE account_id = ?1 AND upstream_id = ?2")                                    \
    X(CALENDARS_BY_UPSTREAM, "SELECT " CALENDAR_COLUMNS " FROM calendars "               \
        "WHERE upstream_id = ?1 AND 0 = (SELECT a.state FROM accounts a "                \
        "WHERE a.id = calendars.account_id) ORDER BY id")                                \
    X(CALENDAR_ADD, "INSERT INTO calendars (account_id, name, upstream_id, summary, "    \
        "alias, description, color, color_text, type, role, permissions, third_party, "  \
        "sync_token, anchor_s, pull, last_pull_s, last_interest_s, last_error, change, " \
        "floor, born, modified_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "     \
        "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?19, ?19, ?20) RETURNING id")      \
    X(CALENDAR_UPDATE, "UPDATE calendars SET name = ?2, upstream_id = ?3, "              \
        "summary = ?4, alias = ?5, description = ?6, color = ?7, color_text = ?8, "      \
        "type = ?9, role = ?10, permissions = ?11, third_party = ?12 WHERE id = ?1")     \
    X(CALENDAR_SET_CHANGE, "UPDATE calendars SET change = ?2, "                          \
        "modified_s = max(modified_s, ?3) WHERE id = ?1")                                \
    X(CALENDAR_SET_BORN, "UPDATE calendars SET born = ?2, floor = ?2 WHERE id = ?1")     \
    X(CALENDAR_SET_PULL, "UPDATE calendars SET sync_token = ?2, anchor_s = ?3, "         \
        "pull = ?4, last_pull_s = ?5, last_error = ?6, success_s = ?7, changed_s = ?8, " \
        "full_s = ?9, cost = ?10 WHERE id = ?1")                                         \
    X(CALENDAR_LAST_INTEREST, "SELECT last_interest_s FROM calendars WHERE id = ?1")     \
    X(CALENDAR_INTEREST, "UPDATE calendars SET last_interest_s = ?2 WHERE id = ?1")      \
    X(CALENDAR_REMOVE, "DELETE FROM calendars WHERE id = ?1")                            \
    X(CALENDAR_TOMBSTONE_ADD, "INSERT INTO calendar_tombstones (account_id, name, "      \
        "change, removed_s) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (account_id, name) "     \
        "DO UPDATE SET change = excluded.change, removed_s = excluded.removed_s")        \
    X(CALENDARS_GONE, "SELECT t.name, t.change, EXISTS (SELECT 1 FROM calendars c "      \
        "WHERE c.account_id = t.account_id AND c.name = t.name) "                        \
        "FROM calendar_tombstones t WHERE t.account_id = ?1 AND t.change > ?2 "          \
        "ORDER BY t.change")                                                             \
    X(CALENDAR_SET_OWNER, "UPDATE calendars SET owner = ?2 WHERE id = ?1 "               \
        "AND owner IS NOT ?2 RETURNING 1")                                               \
    X(CALENDAR_OWNER, "SELECT a.open_id FROM calendars c JOIN accounts a "               \
        "ON a.id = c.account_id WHERE c.upstream_id = ?1 AND c.role = 'owner' "          \
        "ORDER BY c.id")                                                                 \
    /* enum account_state 0 = OK, enum subscription_kind 0 = list, 1 = events, 2 = acl */\
    X(POLLS, "SELECT c.id, c.account_id, c.pull, c.role, c.last_pull_s, "                \
        "c.last_interest_s, c.changed_s, c.full_s, c.cost, EXISTS (SELECT 1 FROM rows r "\
        "INDEXED BY rows_bare WHERE r.calendar_id = c.id AND r.original_time = 0 "       \
        "AND r.has_attendees = 0), "                                                     \
        "coalesce((SELECT s.made_s FROM subscriptions s WHERE s.account_id = "           \
        "c.account_id AND s.kind = 0 AND s.upstream_id = ''), 0), "                      \
        "coalesce((SELECT s.made_s FROM subscriptions s WHERE s.account_id = "           \
        "c.account_id AND s.kind = 1 AND s.upstream_id = c.upstream_id), 0), "           \
        "coalesce((SELECT s.made_s FROM subscriptions s WHERE s.account_id = "           \
        "c.account_id AND s.kind = 2 AND s.upstream_id = c.upstream_id), 0) "            \
        "FROM accounts a JOIN calendars c ON c.account_id = a.id WHERE a.state = 0 "     \
        "ORDER BY a.id")                                                                 \
    /* what was spent upstream */                                                        \
    X(SPENT, "SELECT account_id, upstream_id, purpose, calls FROM spent "                \
        "WHERE account_id = ?1 ORDER BY upstream_id, purpose")                           \
    X(SPENT_ADD, "INSERT INTO spent (account_id, upstream_id, purpose, calls) "          \
        "SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1) "     \
        "AND (?2 = '' OR EXISTS (SELECT 1 FROM calendars WHERE account_id = ?1 "         \
        "AND upstream_id = ?2)) ON CONFLICT (account_id, upstream_id, purpose) "         \
        "DO UPDATE SET calls = calls + excluded.calls")                                  \
    /* whom a calendar is shared with */                                                 \
    X(SHARES, "SELECT open_id, acl_id, role FROM shares WHERE calendar_id = ?1 "         \
        "ORDER BY open_id")                                                              \
    X(SHARES_REMOVE, "DELETE FROM shares WHERE calendar_id = ?1")                        \
    X(SHARE_ADD, "INSERT OR REPLACE INTO shares (calendar_id, open_id, acl_id, role) "   \
        "VALUES (?1, ?2, ?3, ?4)")                                                       \
    X(SHARES_READ, "UPDATE calendars SET shares_read_s = ?2 WHERE id = ?1")              \
    /* the upstream mirror */                                                            \
    X(ROWS, "SELECT r.calendar_id, r.uid, r.original_time, t.json, t.attendees, r.seen " \
        "FROM rows r JOIN row_texts t ON t.id = r.id "                                   \
        "WHERE r.calendar_id = ?1 AND r.uid = ?2 ORDER BY r.original_time")              \
    X(ROW, "SELECT r.id, r.seen, t.json, t.attendees FROM rows r "                       \
        "JOIN row_texts t ON t.id = r.id "                                               \
        "WHERE r.calendar_id = ?1 AND r.uid = ?2 AND r.original_time = ?3")              \
    X(ROW_TEXT_ADD, "INSERT INTO row_texts (json, attendees) VALUES (?1, ?2) "           \
        "RETURNING id")                                                                  \
    X(ROW_TEXT_SET, "UPDATE row_texts SET json = ?2, attendees = ?3 WHERE id = ?1")      \
    X(ROW_ADD, "INSERT INTO rows (calendar_id, uid, original_time, id, seen, "           \
        "has_attendees) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                \
    X(ROW_SET, "UPDATE rows SET seen = ?4, has_attendees = ?5 "                          \
        "WHERE calendar_id = ?1 AND uid = ?2 AND original_time = ?3")                    \
    X(ROWS_SET_BACK, "UPDATE rows SET seen = 0 WHERE calendar_id = ?1 AND seen > ?2")    \
    X(ROW_REMOVE, "DELETE FROM rows "                                                    \
        "WHERE calendar_id = ?1 AND uid = ?2 AND original_time = ?3")                    \
    X(ROWS_UNSEEN, "SELECT calendar_id, uid, original_time, NULL, NULL, seen "           \
        "FROM rows WHERE calendar_id = ?1 AND seen <> ?2 ORDER BY uid, original_time")   \
    X(ROWS_COUNT, "SELECT count(*) FROM rows WHERE calendar_id = ?1")                    \
    X(ROWS_WITHOUT_ATTENDEES, "SELECT r.uid FROM rows r INDEXED BY rows_bare "           \
        "LEFT JOIN objects o INDEXED BY objects_by_upstream ON o.upstream_uid = r.uid "  \
        "AND o.calendar_id = r.calendar_id "                                             \
        "WHERE r.calendar_id = ?1 AND r.original_time = 0 AND r.has_attendees = 0 "      \
        "ORDER BY o.id IS NULL, CASE WHEN ?2 < o.from_s THEN o.from_s - ?2 "             \
        "WHEN ?2 > o.until_s THEN ?2 - o.until_s ELSE 0 END, r.uid LIMIT ?3")            \
    /* objects */                                                                        \
    X(OBJECT, "SELECT " OBJECT_COLUMNS ", t.text FROM objects o" TEXT_OF                 \
        "WHERE o.calendar_id = ?1 AND o.name = ?2 AND o.hidden = 0")                     \
    X(OBJECT_BY_UID, "SELECT " OBJECT_COLUMNS ", t.text FROM objects o "                 \
        "INDEXED BY objects_by_uid" TEXT_OF                                              \
        "WHERE o.calendar_id = ?1 AND o.uid = ?2 AND o.hidden = 0 "                      \
        "ORDER BY o.id LIMIT 1")                                                         \
    X(OBJECT_FULL, "SELECT " OBJECT_COLUMNS ", t.text, t.shadow, t.shadow_is_text, "     \
        "t.instances FROM objects o INDEXED BY objects_by_upstream" TEXT_OF              \
        "WHERE o.upstream_uid = ?2 AND o.calendar_id = ?1 ORDER BY o.id LIMIT 1")        \
    X(OBJECT_FULL_BY_NAME, "SELECT " OBJECT_COLUMNS ", t.text, t.shadow, "               \
        "t.shadow_is_text, t.instances FROM objects o" TEXT_OF                           \
        "WHERE o.calendar_id = ?1 AND o.name = ?2")                                      \
    X(TEXT_ADD, "INSERT INTO texts (text, shadow, shadow_is_text, instances) "           \
        "VALUES (?1, ?2, ?3, ?4) RETURNING id")                                          \
    X(TEXT_SET, "UPDATE texts SET text = ?2, shadow = ?3, shadow_is_text = ?4, "         \
        "instances = ?5 WHERE id = ?1")                                                  \
    X(OBJECT_ADD, "INSERT INTO objects (calendar_id, name, id, etag, schedule_tag, "     \
        "change, text_bytes, uid, upstream_uid, hidden, shadowed, from_s, until_s, "     \
        "indexed_from_s, indexed_until_s, modified_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "  \
        "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)")                                \
    X(OBJECT_SET, "UPDATE objects SET etag = ?4, schedule_tag = ?5, change = ?6, "       \
        "text_bytes = ?7, uid = ?8, upstream_uid = ?9, hidden = ?10, shadowed = ?11, "   \
        "from_s = ?12, until_s = ?13, indexed_from_s = ?14, indexed_until_s = ?15, "     \
        "modified_s = ?16 "                                                              \
        "WHERE calendar_id = ?1 AND name = ?2 AND id = ?3")                              \
    X(OBJECT_REMOVE, "DELETE FROM objects WHERE calendar_id = ?1 AND name = ?2")         \
    X(UID_OF, "SELECT uid FROM objects WHERE upstream_uid = ?1 AND shadowed = 1 "        \
        "ORDER BY id LIMIT 1")                                                           \
    X(OBJECTS, "SELECT " LISTED_COLUMNS " FROM objects o INDEXED BY objects_listed "     \
        "WHERE o.calendar_id = ?1 AND o.name > ?2 AND o.hidden = 0 ORDER BY o.name")     \
    X(OBJECTS_TEXT, "SELECT " OBJECT_COLUMNS ", t.text FROM objects o" TEXT_OF           \
        "WHERE o.calendar_id = ?1 AND o.name > ?2 AND o.hidden = 0 ORDER BY o.name")     \
    X(OBJECTS_RANGE, HITS "SELECT " OBJECT_COLUMNS ", NULL, 1 FROM hits h "              \
        "CROSS JOIN objects o ON o.id = h.id "                                           \
        "UNION ALL SELECT " OBJECT_COLUMNS                                               \
        ", (SELECT text FROM texts t WHERE t.id = o.id), 0" UNCOVERED                    \
        " AND o.id NOT IN (SELECT id FROM hits)")                                        \
    X(OBJECTS_RANGE_TEXT, HITS "SELECT " OBJECT_COLUMNS ", t.text, 1 FROM hits h "       \
        "CROSS JOIN objects o ON o.id = h.id" TEXT_OF                                    \
        "UNION ALL SELECT " OBJECT_COLUMNS                                               \
        ", (SELECT text FROM texts t WHERE t.id = o.id), 0" UNCOVERED                    \
        " AND o.id NOT IN (SELECT id FROM hits)")                                        \
    /* the index of instances */                                                         \
    X(INSTANCE_ADD, "INSERT OR IGNORE INTO instances (calendar_id, span, start_s, "      \
        "end_s, object_id, busy) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                       \
    X(INSTANCE_REMOVE, "DELETE FROM instances WHERE calendar_id = ?1 AND span = ?2 "     \
        "AND start_s = ?3 AND end_s = ?4 AND object_id = ?5 AND busy = ?6")              \
    X(BUSY, "SELECT i.start_s, i.end_s, i.busy, i.object_id" IN_RANGE                    \
        " AND i.busy <> 0")                                                              \
    X(UNCOVERED_TEXT, "SELECT " OBJECT_COLUMNS                                           \
        ", (SELECT text FROM texts t WHERE t.id = o.id)" UNCOVERED " ORDER BY o.id")     \
    /* changes and tombstones */                                                         \
    X(CHANGES, "SELECT name, etag, schedule_tag, change, text_bytes, modified_s "        \
        "FROM objects "                                                                  \
        "INDEXED BY objects_by_change "                                                  \
        "WHERE calendar_id = ?1 AND hidden = 0 AND change > ?2 "                         \
        "UNION ALL SELECT name, NULL, NULL, change, 0, 0 FROM tombstones "               \
        "INDEXED BY tombstones_by_change WHERE calendar_id = ?1 AND change > ?2 "        \
        "ORDER BY 4")                                                                    \
    /* pushes to clients */                                                              \
    X(PUSH_SAVE, "INSERT INTO pushes (account_id, place, "                               \
        "calendar_id, name, resource, public_key, auth_secret, content, properties, "    \
        "expires_s, sent, state) VALUES (?1, ?2, nullif(?2, 0), ?3, ?4, ?5, ?6, ?7, "    \
        "?8, ?9, ?10, ?11) ON CONFLICT (account_id, place, resource) DO UPDATE SET "     \
        "public_key = excluded.public_key, auth_secret = excluded.auth_secret, "         \
        "content = excluded.content, properties = excluded.properties, "                 \
        "expires_s = excluded.expires_s, failed_s = 0, retry_s = 0 RETURNING name")      \
    X(PUSHES_COUNT, "SELECT count(*) FROM pushes "                                       \
        "WHERE account_id = ?1")                                                         \
    X(PUSH_REMOVE, "DELETE FROM pushes "                                                 \
        "WHERE name = ?2 AND account_id = ?1 RETURNING 1")                               \
    X(PUSH_DROP, "DELETE FROM pushes WHERE id = ?1")                                     \
    X(PUSH_SENT, "UPDATE pushes SET sent = ?2, state = ?3, "                             \
        "failed_s = ?4, retry_s = ?5 WHERE id = ?1")                                     \
    X(PUSHES, PUSH_COLUMNS "WHERE s.account_id = ?1")                                    \
    X(PUSHES_DUE, PUSH_COLUMNS "WHERE s.expires_s <= ?1 OR (s.retry_s <= ?1 "            \
        "AND coalesce(k.change, p.home_change) > s.sent)")                               \
    X(TOMBSTONE_ADD, "INSERT INTO tombstones (calendar_id, name, change, removed_s) "    \
        "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (calendar_id, name) "                       \
        "DO UPDATE SET change = excluded.change, removed_s = excluded.removed_s")        \
    X(TOMBSTONE_REMOVE, "DELETE FROM tombstones "                                        \
        "WHERE calendar_id = ?1 AND name = ?2 RETURNING removed_s")                      \
    X(FLOORS_RAISE, "UPDATE calendars SET floor = max(floor, (SELECT max(t.change) "     \
        "FROM tombstones t WHERE t.calendar_id = calendars.id AND t.removed_s < ?1)) "   \
        "WHERE id IN (SELECT calendar_id FROM tombstones WHERE removed_s < ?1)")         \
    X(TOMBSTONES_EXPIRE, "DELETE FROM tombstones WHERE removed_s < ?1")                  \
    X(HOME_FLOORS_RAISE, "UPDATE accounts SET home_floor = max(home_floor, "             \
        "(SELECT max(t.change) FROM calendar_tombstones t "                              \
        "WHERE t.account_id = accounts.id AND t.removed_s < ?1)) "                       \
        "WHERE id IN (SELECT account_id FROM calendar_tombstones WHERE removed_s < ?1)") \
    X(CALENDAR_TOMBSTONES_EXPIRE, "DELETE FROM calendar_tombstones "                     \
        "WHERE removed_s < ?1")                                                          \
    /* older texts */                                                                    \
    X(OLDER_ADD, "INSERT INTO older_texts (object_id, change, text, made_s) "            \
        "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (object_id, change) DO NOTHING")            \
    X(OLDERS, "SELECT text FROM older_texts WHERE object_id = ?1 ORDER BY change DESC")  \
    X(OLDERS_CUT, "DELETE FROM older_texts WHERE object_id = ?1 AND change <= "          \
        "(SELECT change FROM older_texts WHERE object_id = ?1 "                          \
        "ORDER BY change DESC LIMIT 1 OFFSET ?2)")                                       \
    X(OLDERS_EXPIRE, "DELETE FROM older_texts WHERE made_s < ?1")                        \
    X(OLDERS_REMOVE, "DELETE FROM older_texts WHERE object_id = ?1")                     \
    /* properties */                                                                     \
    X(PROPERTIES, "SELECT ns, name, xml FROM properties "                                \
        "WHERE account_id = ?1 AND place = ?2")                                          \
    X(PROPERTY_SET, "INSERT INTO properties (account_id, place, ns, name, xml) "         \
        "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account_id, place, ns, name) "         \
        "DO UPDATE SET xml = excluded.xml WHERE xml <> excluded.xml RETURNING 1")        \
    X(PROPERTY_REMOVE, "DELETE FROM properties WHERE account_id = ?1 AND place = ?2 "    \
        "AND ns = ?3 AND name = ?4 RETURNING 1")                                         \
    X(PROPERTIES_REMOVE, "DELETE FROM properties "                                       \
        "WHERE account_id = ?1 AND place = ?2")                                          \
    /* dead properties of objects */                                                     \
    X(OBJECT_PROPERTIES, "SELECT ns, name, xml FROM object_properties "                  \
        "WHERE calendar_id = ?1 AND object = ?2")                                        \
    X(OBJECT_PROPERTIES_ANY, "SELECT 1 FROM object_properties "                          \
        "WHERE calendar_id = ?1 LIMIT 1")                                                \
    X(OBJECT_PROPERTY_SET, "INSERT INTO object_properties "                              \
        "(calendar_id, object, ns, name, xml) SELECT ?1, ?2, ?3, ?4, ?5 "                \
        "WHERE EXISTS (SELECT 1 FROM objects o "                                         \
        "WHERE o.calendar_id = ?1 AND o.name = ?2 AND o.hidden = 0) "                    \
        "ON CONFLICT (calendar_id, object, ns, name) DO UPDATE SET xml = excluded.xml "  \
        "RETURNING 1")                                                                   \
    X(OBJECT_PROPERTY_REMOVE, "DELETE FROM object_properties WHERE calendar_id = ?1 "    \
        "AND object = ?2 AND ns = ?3 AND name = ?4")                                     \
    X(OBJECT_PROPERTIES_REMOVE, "DELETE FROM object_properties "                         \
        "WHERE calendar_id = ?1 AND object = ?2")                                        \
    X(OBJECT_PROPERTIES_COPY, "INSERT INTO object_properties "                           \
        "(calendar_id, object, ns, name, xml) SELECT ?3, ?4, p.ns, p.name, p.xml "       \
        "FROM object_properties p WHERE p.calendar_id = ?1 AND p.object = ?2")           \
    /* people */                                                                         \
    X(PERSON_BY_ID, "SELECT " PERSON_COLUMNS " FROM people "                             \
        "WHERE open_id = ?1 AND open_id <> ''")                                          \
    X(PERSON_BY_ADDRESS, "SELECT " PERSON_COLUMNS " FROM people "                        \
        "WHERE address = ?1 AND address <> ''")                                          \
    X(PERSON_FORGET, "DELETE FROM people WHERE (open_id = ?1 AND open_id <> '') "        \
        "OR (address = ?2 AND address <> '')")                                           \
    X(PERSON_ADD, "INSERT INTO people (" PERSON_COLUMNS ") "                             \
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                               \
    X(PEOPLE_SEARCH, "SELECT " PERSON_COLUMNS " FROM people "                            \
        "WHERE open_id <> '' AND kind = ?2 AND (?1 = '' OR "                             \
        "instr(lower(coalesce(name, '') || ' ' || words || ' ' || address), ?1) > 0) "   \
        "ORDER BY name, open_id LIMIT ?3")                                               \
    /* subscriptions: enum subscription_kind 0, 1, 2; enum account_state 0 = OK */       \
    X(SUBSCRIPTIONS, "SELECT " SUBSCRIPTION_COLUMNS ", 1 FROM subscriptions s "          \
        "WHERE account_id = ?1 ORDER BY kind, upstream_id")                              \
    X(SUBSCRIPTIONS_DUE, SUBSCRIPTIONS_WANTED                                            \
        "SELECT w.account_id, w.kind, w.upstream_id, coalesce(s.made_s, 0), "            \
        "w.authorized_s, coalesce(s.due_s, 0), coalesce(s.error, ''), 1, "               \
        "s.account_id IS NOT NULL AS known "                                             \
        "FROM wanted w LEFT JOIN subscriptions s USING (account_id, kind, upstream_id) " \
        "WHERE (s.account_id IS NULL AND w.ready) OR s.due_s <= ?1 "                     \
        "OR s.sign_in_s <> w.authorized_s "                                              \
        "UNION ALL SELECT " SUBSCRIPTION_COLUMNS ", 0, 1 FROM subscriptions s "          \
        "WHERE s.account_id IN (SELECT id FROM accounts WHERE state = 0) "               \
        "AND (account_id, kind, upstream_id) NOT IN "                                    \
        "(SELECT account_id, kind, upstream_id FROM wanted) "                            \
        "ORDER BY known, 2, 1 LIMIT ?2")                                                 \
    X(SUBSCRIPTION_SET, "INSERT INTO subscriptions (account_id, kind, upstream_id, "     \
        "made_s, sign_in_s, due_s, error) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 "            \
        "WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1) "                           \
        "ON CONFLICT (account_id, kind, upstream_id) DO UPDATE SET "                     \
        "made_s = excluded.made_s, sign_in_s = excluded.sign_in_s, "                     \
        "due_s = excluded.due_s, error = excluded.error")                                \
    X(SUBSCRIPTION_REMOVE, "DELETE FROM subscriptions "                                  \
        "WHERE account_id = ?1 AND kind = ?2 AND upstream_id = ?3")                      \
    X(SUBSCRIPTIONS_COUNT, "SELECT count(*) FROM subscriptions WHERE made_s > 0")        \
    /* journal */                                                                        \
    X(JOURNAL_ADD, "INSERT INTO journal (account_id, calendar_id, key, name, plan, "     \
        "created_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id")                       \
    X(JOURNAL_SET, "UPDATE journal SET account_id = ?2, calendar_id = ?3, key = ?4, "    \
        "name = ?5, plan = ?6, created_s = ?7 WHERE id = ?1 RETURNING id")               \
    X(JOURNAL_REMOVE, "DELETE FROM journal WHERE id = ?1")                               \
    X(JOURNALS, "SELECT id, account_id, calendar_id, key, name, plan, created_s "        \
        "FROM journal ORDER BY id")                                                      \
    /* creates whose clients were not told how they ended */                             \
    X(UNANSWERED_SET, "INSERT INTO unanswered (calendar_id, name, digest, made_s) "      \
        "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (calendar_id, name) DO UPDATE SET "         \
        "digest = excluded.digest, made_s = excluded.made_s")                            \
    X(UNANSWERED, "SELECT 1 FROM unanswered "                                            \
        "WHERE calendar_id = ?1 AND name = ?2 AND digest = ?3")                          \
    X(UNANSWERED_REMOVE, "DELETE FROM unanswered WHERE calendar_id = ?1 AND name = ?2")  \
    X(UNANSWERED_FORGET, "DELETE FROM unanswered WHERE made_s < ?1")

enum sql {
#define X(id, text) SQL_##id,
    STORE_STATEMENTS(X)
#undef X
        SQL_COUNT
};

#endif
