/*
 * What the files of the store share: connections, prepared statements, cursors,
 * numbering.
 */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "store/statements.h"
#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>

/* A transaction is a turn of its thread at the writer. */
struct store_tx {
    struct store_conn *conn;
};

/* A connection: one for every thread that reads, and the writer, which threads take in
 * turn. With one writer its cache stays good from one transaction to the next, and
 * threads queue for it instead of polling SQLite's lock. */
struct store_conn {
    struct store *store;
    struct store_conn *next;
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];
    struct store_tx tx;
    struct store_conn *borrowed; /* of a thread: the writer during its transaction */
    struct store_conn *borrower; /* of the writer: that of the thread */
    bool writing;            /* tx is open */
    enum durability { AT_ONCE, BEFORE_A_CALL, SOME_TIME } durability; /* of tx */
    bool logged;             /* the commit wrote something */
    bool broken;             /* a statement of tx failed: it can only be rolled back */
    unsigned snapshot_depth; /* store_snapshot_begin calls not yet ended */
    bool snapshot;           /* a read transaction is open */
    uint64_t owed; /* of a thread: the sync that store_settle waits for, 0 = none */
};

/* durable.c: syncs of the log, numbered from 1 */
struct durable {
    pthread_mutex_t lock;
    pthread_cond_t ended_one;
    uint64_t begun, ended; /* the last of each */
    int error;             /* errno of the one that failed; none is tried then */
    bool busy;
    const char *path; /* of the log; the writer's */
    int fd;           /* -1 until it is needed */
};

struct store {
    char *path;
    char *epoch;
    unsigned char key[SEAL_KEY_BYTES];
    pthread_key_t conn_key;
    pthread_mutex_t lock; /* of conns */
    struct store_conn *conns;
    pthread_mutex_t write_lock; /* of writer */
    struct store_conn *writer;  /* one of conns; NULL until somebody writes */
    struct durable durable;
    struct copier *copier;      /* checkpoint.c; NULL when writers copy the log */
};

/* ---- connections (conn.c) ---- */
/* The calling thread's connection, opened at first use. */
enum err conn_own(struct ctx *cx, struct store *store, struct store_conn **conn);
/* The same, or the writer while the thread's transaction runs. */
enum err conn_get(struct ctx *cx, struct store *store, struct store_conn **conn);
enum err conn_open(struct ctx *cx, struct store *store, struct store_conn **conn);
void conn_close(struct store_conn *conn);
/* Pragmas that every connection needs; also for the one that migrates. */
enum err conn_prepare(struct ctx *cx, sqlite3 *db);
/* How long other processes' writers are waited for. */
#define BUSY_TIMEOUT_MS 10000
enum err db_fail(struct ctx *cx, sqlite3 *db, const char *what);
enum err db_exec(struct ctx *cx, sqlite3 *db, const char *sql);

/* ---- checkpoint.c ---- */
/* From now on what the connection commits is copied into the database in time. */
void checkpoint_watch(struct store *store, struct store_conn *writer);

/* ---- durable.c ---- */
void durable_init(struct durable *durable);
void durable_free(struct durable *durable);
/* The write lock is held. */
void durable_watch(struct durable *durable, const struct store_conn *writer);
/* ERR_OK as long as every sync was good; otherwise STORE. */
enum err durable_check(struct ctx *cx, struct store *store);
/* After a commit: the number of the first sync that brings it to disk. */
uint64_t durable_next(struct store *store);
/* The disk may begin to write; whether and how that ends only a sync tells. */
void durable_hint(struct store *store);
/* Returns when that sync has ended; makes it when nobody else does. Error: STORE, and
 * what was committed may or may not outlive a power failure. */
enum err durable_wait(struct ctx *cx, struct store *store, uint64_t number);

/* ---- epoch.c ---- */
/* Differs from one start of the machine to the next. */
const char *epoch_boot(struct ctx *cx);
/* The epoch to use from now on; a new one when what was committed before the machine's
 * last start may have been lost. */
enum err epoch_open(struct ctx *cx, struct store *store, const char *boot, char **epoch);

/* ---- statements (query.c) ----
 * types: a letter an argument: i int64_t, t text (NULL allowed), b blob (pointer, then
 * int64_t bytes). Texts must stay until the statement is closed. */
struct cursor {
    struct store_conn *conn;
    sqlite3_stmt *stmt;
    bool own; /* the cached statement was in use: finalize this one */
};
enum err cursor_open(struct ctx *cx, struct store_conn *conn, enum sql id,
    struct cursor *cursor, const char *types, ...);
/* *more = false at the end; the cursor is closed then and after errors. */
enum err cursor_next(struct ctx *cx, struct cursor *cursor, bool *more);
void cursor_close(struct cursor *cursor); /* more than once is allowed */
/* Runs to the end. */
enum err sql_run(
    struct ctx *cx, struct store_conn *conn, enum sql id, const char *types, ...);
/* The first column of the first row; *found = false and *value untouched without a row.
 */
enum err sql_number(struct ctx *cx, struct store_conn *conn, enum sql id, int64_t *value,
    bool *found, const char *types, ...);
/* A copy in the arena; NULL for NULL. */
const char *column_copy(struct ctx *cx, sqlite3_stmt *stmt, int column);
const char *column_view(sqlite3_stmt *stmt, int column);

/* ---- transactions (transaction.c) ---- */
enum counter { COUNTER_CHANGE = 1, COUNTER_CREDENTIALS = 2 };

/* For writing functions without a transaction argument: one of their own, or a part of
 * the one that is open on this thread. */
struct scope {
    struct store_conn *conn;
    bool own;
};
enum err scope_open(struct ctx *cx, struct store *store, struct scope *scope);
/* durability: of its own transaction. */
enum err scope_open_for(struct ctx *cx, struct store *store, enum durability durability,
    struct scope *scope);
/* Commits when err is ERR_OK, rolls back otherwise; returns err or that of the commit. */
enum err scope_close(struct ctx *cx, struct scope *scope, enum err err);
enum err counter_next(
    struct ctx *cx, struct store_conn *conn, enum counter counter, int64_t *value);
/* A note that nobody waits for (last use of a password): written without a sync, left out
 * when another writer is at work, so that a request never waits for a pull. */
enum err note_run(
    struct ctx *cx, struct store *store, enum sql id, int64_t row, int64_t value);
/* The same for several statements: *writer NULL = somebody else is at work. */
enum err note_begin(struct ctx *cx, struct store *store, struct store_conn **writer);
enum err note_end(struct ctx *cx, struct store_conn *writer, enum err err);
/* A transaction of one statement, or a part of the one that is open. */
#define STORE_RUN(cx, store, ...)                                                        \
    do {                                                                                 \
        struct scope run_scope_;                                                         \
        TRY(scope_open((cx), (store), &run_scope_));                                     \
        return scope_close(                                                              \
            (cx), &run_scope_, sql_run((cx), run_scope_.conn, __VA_ARGS__));             \
    } while (0)

/* ---- schema (schema.c) ---- */
#define STORE_APPLICATION_ID 0x46434456 /* "FCDV" */

/* Brings the file from its user_version to n by steps[user_version] ... steps[n - 1],
 * each a text of statements, all in one transaction. A newer file is an error. */
enum err schema_migrate(
    struct ctx *cx, sqlite3 *db, const char *path, const char *const *steps, size_t n);
extern const char *const store_schema[];
extern const size_t store_schema_n;

/* A sign-in that nobody finished is forgotten: twice as long as one may take, because who
 * waits for it at a terminal asks how it ended. */
#define LOGIN_KEEP_S 1800

/* ---- shared by rooms ---- */
/* Numbers a change of the home; of the calendar also when calendar_id is not 0. */
enum err number_home(struct ctx *cx, struct store_conn *conn, int64_t account_id,
    int64_t calendar_id, int64_t *number);
/* Numbers a change inside the calendar. */
enum err number_calendar(
    struct ctx *cx, struct store_conn *conn, int64_t calendar_id, int64_t *number);

/* LISTED_COLUMNS or OBJECT_COLUMNS of the current row; texts as views into the row. */
void object_view_listed(struct cursor *cursor, int64_t calendar_id, struct object *one);
void object_view(struct cursor *cursor, int64_t calendar_id, struct object *one);
/* Column 14 of the current row. */
void object_view_text(struct cursor *cursor, struct object *one);

/* With shadow and instances, hidden or not. NOT_FOUND. */
enum err object_full_by_name(struct ctx *cx, struct store_conn *conn, int64_t calendar_id,
    const char *name, struct object *one);

/* Packed instances, as the column texts.instances has them. */
void instances_pack(
    struct ctx *cx, const struct object *one, unsigned char **blob, int64_t *blob_bytes);
void instances_unpack(
    struct ctx *cx, const unsigned char *blob, size_t blob_bytes, struct object *one);
/* Adds or removes the packed instances of an object in the index. */
enum err instances_index(struct ctx *cx, struct store_conn *conn, enum sql id,
    const struct object *one, const unsigned char *blob, size_t blob_bytes);

#endif
