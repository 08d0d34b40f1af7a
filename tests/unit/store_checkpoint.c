/* The log of writes is copied into the database, by writers or beside them. */
#include "store_unit.h"

#include "base/str.h"
#include "store/checkpoint.h"

#include <signal.h>
#include <sys/resource.h>

#define VALUES 200
#define VALUE_BYTES 100000
#define LOG_MAX_BYTES (12 << 20)
#define COPIED_BYTES ((off_t)VALUES * VALUE_BYTES - (12 << 20))

static off_t file_bytes(struct world *w, const char *suffix)
{
    struct stat st;
    assert_int_equal(
        stat(arena_printf(w->cx->arena, "%s%s", w->path, suffix), &st), 0);
    return st.st_size;
}

/* Another one in each round: SQLite leaves out what is the same. */
static char *value_of(struct ctx *cx, int round, int i)
{
    char *value = arena_alloc(cx->arena, VALUE_BYTES + 1);
    memset(value, 'a' + (i + round) % 26, VALUE_BYTES);
    value[VALUE_BYTES] = '\0';
    return value;
}

static void write_value(struct world *w, int i, int round)
{
    struct ctx *cx = ctx_new(NULL);
    assert_ok(cx,
        store_setting_set(cx, w->store, arena_printf(cx->arena, "value %d", i),
            value_of(cx, round, i)));
    ctx_free(cx);
}

static void write_values(struct world *w, int round)
{
    for (int i = 0; i < VALUES; i++)
        write_value(w, i, round);
}

static void check_values(struct world *w, int round)
{
    struct ctx *cx = ctx_new(NULL);
    for (int i = 0; i < VALUES; i++) {
        char *value;
        assert_ok(cx,
            store_setting(
                cx, w->store, arena_printf(cx->arena, "value %d", i), &value));
        assert_string_equal(value, value_of(cx, round, i));
        arena_reset(cx->arena);
    }
    ctx_free(cx);
}

static void a_writer_copies_the_log_when_nobody_else_does(void **state)
{
    struct world *w = *state;
    write_values(w, 0);
    assert_true(file_bytes(w, "") >= COPIED_BYTES);
    assert_true(file_bytes(w, "-wal") < LOG_MAX_BYTES);
    check_values(w, 0);
}

static void the_copier_copies_beside_the_writer_and_loses_nothing(void **state)
{
    struct world *w = *state;
    assert_ok(w->cx, store_copier_start(w->cx, w->store));
    write_values(w, 0);
    while (file_bytes(w, "") < COPIED_BYTES)
        usleep(1000);
    store_copier_stop(w->store);
    reopen(w);
    check_values(w, 0);
}

static void the_copier_stops_in_the_middle_and_starts_again(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 3; i++) {
        assert_ok(w->cx, store_copier_start(w->cx, w->store));
        write_values(w, i);
        store_copier_stop(w->store);
        store_copier_stop(w->store);
    }
    check_values(w, 2);
}

static void *write_beside(void *self)
{
    write_values(self, 0);
    return NULL;
}

/* Who reads from an old part of the log keeps it from beginning anew, not from being
 * written. */
static void a_long_read_holds_up_nobody(void **state)
{
    struct world *w = *state;
    char *value;
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "seen", "before"));
    assert_ok(w->cx, store_copier_start(w->cx, w->store));
    assert_ok(w->cx, store_snapshot_begin(w->cx, w->store));
    assert_ok(w->cx, store_setting(w->cx, w->store, "seen", &value));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_beside, w), 0);
    pthread_join(thread, NULL);
    assert_ok(w->cx, store_setting(w->cx, w->store, "seen", &value));
    assert_string_equal(value, "before");
    store_snapshot_end(w->store);
    write_values(w, 1);
    while (file_bytes(w, "") < COPIED_BYTES)
        usleep(1000);
    check_values(w, 1);
}

static void limit_files(off_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes ? (rlim_t)bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The database cannot grow, the log can. */
static void a_copy_that_fails_is_told_until_one_succeeds(void **state)
{
    struct world *w = *state;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_ok(w->cx, store_copier_start(w->cx, w->store));
    write_values(w, 0);
    while (file_bytes(w, "") < COPIED_BYTES)
        usleep(1000);
    assert_ok(w->cx, store_copier_check(w->cx, w->store));
    limit_files(file_bytes(w, "") + VALUE_BYTES);
    for (int i = 0; !store_copier_check(w->cx, w->store); i++) {
        assert_in_range(i, 0, VALUES); /* before the log is as long as it may be */
        write_value(w, VALUES + i, 0);
        usleep(1000);
    }
    assert_non_null(strstr(ctx_error(w->cx), "cannot be copied"));
    assert_err(w->cx, ERR_STORE, store_copy(w->cx, w->store));
    limit_files(0);
    write_values(w, 1);
    while (store_copier_check(w->cx, w->store))
        usleep(1000);
    assert_ok(w->cx, store_copy(w->cx, w->store));
    store_copier_stop(w->store);
    reopen(w);
    check_values(w, 1);
    signal(SIGXFSZ, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_writer_copies_the_log_when_nobody_else_does),
        WORLD_TEST(the_copier_copies_beside_the_writer_and_loses_nothing),
        WORLD_TEST(the_copier_stops_in_the_middle_and_starts_again),
        WORLD_TEST(a_long_read_holds_up_nobody),
        WORLD_TEST(a_copy_that_fails_is_told_until_one_succeeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
