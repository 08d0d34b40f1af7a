#include "store/checkpoint.h"
#include "store/store_internal.h"

#include "base/codec.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EPOCH_BYTES 9
#define KEY_FILE_MAX_BYTES 4096
#define KEY_CHECK_PURPOSE "key-check"
#define KEY_CHECK_TEXT "feishu-caldav"

/* Statistics of memory would cost a lock at every allocation. */
static void configure_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static void thread_ends(void *conn)
{
    conn_close(conn);
}

/* SQLite gives its -wal and -shm files the mode of the database. */
static enum err make_file(struct ctx *cx, const char *path)
{
    TRY(dir_make_private(cx, path_dirname(cx->arena, path)));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(cx, ERR_STORE, "cannot open the store %s: %s", path, strerror(errno));
    struct stat st;
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (ok && (st.st_mode & 077) != 0)
        ok = fchmod(fd, 0600) == 0;
    close(fd);
    if (!ok)
        return fail(
            cx, ERR_STORE, "the store %s is not a file of ours with mode 0600", path);
    return ERR_OK;
}

static enum err migrate(struct ctx *cx, const char *path)
{
    sqlite3 *db;
    int rc =
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    enum err err = rc == SQLITE_OK
        ? conn_prepare(cx, db)
        : fail(cx, ERR_STORE, "cannot open the store %s: %s", path, sqlite3_errstr(rc));
    if (err == ERR_OK)
        err = db_exec(cx, db, "PRAGMA journal_mode = WAL");
    if (err == ERR_OK)
        err = schema_migrate(cx, db, path, store_schema, store_schema_n);
    if (rc == SQLITE_OK && sqlite3_errcode(db) == SQLITE_NOTADB)
        err = fail(cx, ERR_STORE, "%s is not a store: it is no SQLite database", path);
    sqlite3_close_v2(db);
    return err;
}

/* Values that are made with the store: the first process to come sets them. */
static enum err setting_or_new(struct ctx *cx, struct store *store, const char *name,
    const char *fresh, char **value)
{
    TRY(store_setting(cx, store, name, value));
    if (*value != NULL)
        return ERR_OK;
    struct scope scope;
    TRY(scope_open(cx, store, &scope));
    enum err err = store_setting(cx, store, name, value);
    if (err == ERR_OK && *value == NULL)
        err = store_setting_set(cx, store, name, fresh);
    TRY(scope_close(cx, &scope, err));
    return store_setting(cx, store, name, value);
}

static enum err check_key(struct ctx *cx, struct store *store)
{
    char *sealed, *known, *plain;
    TRY(crypto_seal(cx, store->key, KEY_CHECK_PURPOSE, KEY_CHECK_TEXT, &sealed));
    TRY(setting_or_new(cx, store, KEY_CHECK_PURPOSE, sealed, &known));
    if (crypto_open(cx, store->key, KEY_CHECK_PURPOSE, known, &plain) != ERR_OK)
        return fail(cx, ERR_STORE,
            "the store %s was made with another key: its key file is missing or not the "
            "same",
            store->path);
    return ERR_OK;
}

static enum err begin_use(struct ctx *cx, struct store *store)
{
    char *epoch;
    TRY(check_key(cx, store));
    TRY(epoch_open(cx, store, epoch_boot(cx), &epoch));
    store->epoch = strdup(epoch);
    return store->epoch == NULL ? fail(cx, ERR_STORE, "no memory for the store") : ERR_OK;
}

enum err store_open(struct ctx *cx, const char *path,
    const unsigned char key[SEAL_KEY_BYTES], struct store **store)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_sqlite);
    TRY(make_file(cx, path));
    TRY(migrate(cx, path));
    struct store *one = calloc(1, sizeof(*one));
    if (one == NULL)
        return fail(cx, ERR_STORE, "no memory for the store");
    one->path = strdup(path);
    if (one->path == NULL || pthread_key_create(&one->conn_key, thread_ends) != 0) {
        free(one->path);
        free(one);
        return fail(cx, ERR_STORE, "no memory for the store");
    }
    pthread_mutex_init(&one->lock, NULL);
    pthread_mutex_init(&one->write_lock, NULL);
    durable_init(&one->durable);
    memcpy(one->key, key, SEAL_KEY_BYTES);
    enum err err = begin_use(cx, one);
    if (err != ERR_OK) {
        store_close(one);
        return err;
    }
    *store = one;
    return ERR_OK;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store_copier_stop(store);
    pthread_key_delete(store->conn_key);
    while (store->conns != NULL)
        conn_close(store->conns);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->write_lock);
    durable_free(&store->durable);
    explicit_bzero(store->key, SEAL_KEY_BYTES);
    free(store->epoch);
    free(store->path);
    free(store);
}

const char *store_epoch(const struct store *store)
{
    return store->epoch;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Who restored the key from a backup may have left it readable by everybody. Where that
 * cannot be changed (secrets mounted read-only), somebody else has decided it. */
static void close_to_others(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        chmod(path, 0600);
}

static enum err read_key(
    struct ctx *cx, const char *path, unsigned char key[SEAL_KEY_BYTES])
{
    char *text;
    size_t len_bytes;
    TRY(file_read(cx, path, KEY_FILE_MAX_BYTES, &text, &len_bytes));
    close_to_others(path);
    const char *digits = str_lower(cx->arena, str_trim(cx->arena, text));
    unsigned char bytes[SEAL_KEY_BYTES];
    bool good = strlen(digits) == sizeof(bytes) * 2;
    for (size_t i = 0; good && i < sizeof(bytes); i++) {
        int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
        good = high >= 0 && low >= 0;
        bytes[i] = (unsigned char)(high * 16 + low);
    }
    if (!good)
        return fail(cx, ERR_CONFIG, "%s is not a key file (%d hexadecimal digits)", path,
            SEAL_KEY_BYTES * 2);
    memcpy(key, bytes, sizeof(bytes));
    explicit_bzero(bytes, sizeof(bytes));
    return ERR_OK;
}

static enum err sync_directory(struct ctx *cx, const char *path)
{
    int fd = open(path_dirname(cx->arena, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok ? ERR_OK : fail(cx, ERR_IO, "cannot sync the directory of %s", path);
}

/* Written beside and linked into place: of two processes that start together one wins,
 * and neither reads half a key. */
static enum err make_key(struct ctx *cx, const char *path)
{
    unsigned char fresh[SEAL_KEY_BYTES];
    crypto_random(cx, fresh, sizeof(fresh));
    char *text =
        arena_printf(cx->arena, "%s\n", hex_encode(cx->arena, fresh, sizeof(fresh)));
    char *beside =
        arena_printf(cx->arena, "%s.new-%s", path, crypto_random_text(cx, EPOCH_BYTES));
    explicit_bzero(fresh, sizeof(fresh));
    TRY(dir_make_private(cx, path_dirname(cx->arena, path)));
    TRY(file_write_private(cx, beside, text, strlen(text)));
    int rc = link(beside, path);
    int error = errno;
    unlink(beside);
    explicit_bzero(text, strlen(text));
    if (rc != 0 && error != EEXIST)
        return fail(cx, ERR_IO, "cannot make the key file %s: %s", path, strerror(error));
    return sync_directory(cx, path);
}

enum err store_key(struct ctx *cx, const char *path, unsigned char key[SEAL_KEY_BYTES])
{
    if (access(path, F_OK) != 0 && errno == ENOENT)
        TRY(make_key(cx, path));
    return read_key(cx, path, key);
}
