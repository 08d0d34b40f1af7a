#include "store_unit.h"

#include "base/str.h"

#include <pthread.h>

enum { WRITERS = 4, READERS = 3, EACH = 60 };

struct worker {
    struct world *w;
    int number;
    const bool *done;
    enum err err;
    char error[200];
};

static void remember(struct worker *worker, struct ctx *cx, enum err err)
{
    worker->err = err;
    if (err != ERR_OK)
        snprintf(worker->error, sizeof(worker->error), "%s", ctx_error(cx));
}

static enum err write_one(struct ctx *cx, struct worker *worker, int i)
{
    struct world *w = worker->w;
    struct store_tx *tx;
    struct object one = {
        .calendar_id = w->calendar.id,
        .name = arena_printf(cx->arena, "%d-%d", worker->number, i),
        .uid = "u",
        .text = "t",
        .etag = "e",
    };
    TRY(store_begin(cx, w->store, &tx));
    enum err err = store_object_save(cx, tx, &one);
    if (i % 7 == 3 || err != ERR_OK) { /* some think better of it */
        store_end(cx, tx, ERR_INTERNAL);
        return err;
    }
    return store_end(cx, tx, ERR_OK);
}

static void *writer(void *self)
{
    struct worker *worker = self;
    struct ctx *cx = ctx_new(NULL);
    enum err err = ERR_OK;
    for (int i = 0; i < EACH && err == ERR_OK; i++) {
        err = write_one(cx, worker, i);
        remember(worker, cx, err);
        ctx_reset(cx);
    }
    ctx_free(cx);
    return NULL;
}

static bool count(void *self, const struct object *one)
{
    int64_t *last = self;
    *last = one->change;
    return true;
}

/* In one snapshot, the calendar's number is that of its last change. */
static enum err look(struct ctx *cx, struct world *w)
{
    struct calendar calendar;
    int64_t last = 0;
    TRY(store_snapshot_begin(cx, w->store));
    enum err err = store_calendar(cx, w->store, w->calendar.id, &calendar);
    sched_yield();
    if (err == ERR_OK)
        err = store_changes(cx, w->store, w->calendar.id, 0, count, &last);
    store_snapshot_end(w->store);
    if (err == ERR_OK && last != 0 && last != calendar.change)
        return fail(cx, ERR_INTERNAL, "change %lld, calendar at %lld", (long long)last,
            (long long)calendar.change);
    return err;
}

static void *reader(void *self)
{
    struct worker *worker = self;
    struct ctx *cx = ctx_new(NULL);
    enum err err = ERR_OK;
    while (err == ERR_OK && !__atomic_load_n(worker->done, __ATOMIC_ACQUIRE)) {
        err = look(cx, worker->w);
        remember(worker, cx, err);
        ctx_reset(cx);
    }
    ctx_free(cx);
    return NULL;
}

static bool without_gap(void *self, const struct object *one)
{
    int64_t *next = self;
    assert_int_equal(one->change, *next);
    (*next)++;
    return true;
}

static void writers_are_numbered_without_gaps_and_readers_see_whole_states(void **state)
{
    struct world *w = *state;
    struct worker workers[WRITERS + READERS];
    pthread_t threads[WRITERS + READERS];
    bool done = false;
    for (int i = 0; i < WRITERS + READERS; i++) {
        workers[i] = (struct worker){.w = w, .number = i, .done = &done};
        pthread_create(&threads[i], NULL, i < WRITERS ? writer : reader, &workers[i]);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    __atomic_store_n(&done, true, __ATOMIC_RELEASE);
    for (int i = WRITERS; i < WRITERS + READERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WRITERS + READERS; i++)
        assert_string_equal(workers[i].error, "");
    int64_t next = w->calendar.change + 1;
    int kept = 0;
    for (int i = 0; i < EACH; i++)
        kept += i % 7 != 3;
    int64_t end = next + (int64_t)WRITERS * kept;
    assert_ok(
        w->cx, store_changes(w->cx, w->store, w->calendar.id, 0, without_gap, &next));
    assert_int_equal(next, end);
    assert_int_equal(calendar_now(w).change, end - 1);
    size_t open = 0;
    for (struct store_conn *conn = w->store->conns; conn != NULL; conn = conn->next)
        open++;
    assert_int_equal(open, 2); /* the writer; those of ended threads are closed */
}

static bool and_meanwhile_write(void *self, const struct object *one)
{
    struct worker *worker = self;
    if (worker->number++ == 0) {
        pthread_t thread;
        struct worker other = {.w = worker->w, .number = 99};
        pthread_create(&thread, NULL, writer, &other);
        pthread_join(thread, NULL);
        assert_string_equal(other.error, "");
    }
    assert_int_equal(strlen(one->name), 5); /* never "99-1" */
    return true;
}

static void a_listing_does_not_see_what_is_written_meanwhile(void **state)
{
    struct world *w = *state;
    put(w, "a", 1);
    put(w, "b", 1);
    struct worker worker = {.w = w};
    assert_ok(w->cx,
        store_changes(w->cx, w->store, w->calendar.id, 0, and_meanwhile_write, &worker));
    assert_int_equal(worker.number, 2);
    assert_true(calendar_now(w).change > w->calendar.change + 2);
}

static bool and_look_deeper(void *self, const struct object *one)
{
    struct worker *worker = self;
    struct world *w = worker->w;
    struct object got;
    assert_ok(w->cx, store_object(w->cx, w->store, w->calendar.id, one->name, &got));
    if (worker->number++ == 0) /* the same statement again */
        assert_string_equal(changes_since(w, 0), "+a.ics +b.ics ");
    return true;
}

static void a_listing_may_read_and_list_inside(void **state)
{
    struct world *w = *state;
    put(w, "a", 1);
    put(w, "b", 1);
    struct worker worker = {.w = w};
    assert_ok(w->cx,
        store_changes(w->cx, w->store, w->calendar.id, 0, and_look_deeper, &worker));
    assert_int_equal(worker.number, 2);
}

static void a_transaction_ends_the_snapshot_around_it(void **state)
{
    struct world *w = *state;
    struct object got;
    assert_ok(w->cx, store_snapshot_begin(w->cx, w->store));
    assert_int_equal(calendar_now(w).change, w->calendar.change);
    int64_t number = put(w, "a", 1);
    assert_int_equal(calendar_now(w).change, number);
    assert_ok(w->cx, store_object(w->cx, w->store, w->calendar.id, "a.ics", &got));
    store_snapshot_end(w->store);
    store_snapshot_end(w->store); /* one too many does no harm */
    put(w, "b", 1);
}

static void *begin_and_leave(void *self)
{
    struct worker *worker = self;
    struct ctx *cx = ctx_new(NULL);
    struct store_tx *tx;
    enum err err = store_begin(cx, worker->w->store, &tx);
    remember(worker, cx, err);
    if (err == ERR_OK)
        store_end(cx, tx, ERR_INTERNAL);
    ctx_free(cx);
    return NULL;
}

static void the_writer_is_free_again_after_each_end_of_a_transaction(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 4; i++) {
        struct store_tx *tx;
        struct worker worker = {.w = w};
        pthread_t thread;
        struct object bad = an_object(w, "bad", 1);
        bad.calendar_id = 4711; /* no such calendar: the statement fails */
        assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
        if (i % 2 == 0)
            assert_err(w->cx, ERR_STORE, store_object_save(w->cx, tx, &bad));
        if (i < 2)
            store_end(w->cx, tx, ERR_INTERNAL);
        else
            assert_err(w->cx, i % 2 == 0 ? ERR_STORE : ERR_OK,
                store_end(w->cx, tx, ERR_OK));
        pthread_create(&thread, NULL, begin_and_leave, &worker);
        pthread_join(thread, NULL);
        assert_string_equal(worker.error, "");
    }
}

static void one_thread_has_one_transaction_at_a_time(void **state)
{
    struct world *w = *state;
    struct store_tx *tx, *second = NULL;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_err(w->cx, ERR_STORE, store_begin(w->cx, w->store, &second));
    assert_null(second);
    store_end(w->cx, tx, ERR_INTERNAL);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
}

static void a_full_disk_is_an_error_and_loses_nothing(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    int64_t number = put(w, "a", 1);
    sqlite3 *db = w->store->writer->db;
    assert_ok(w->cx, db_exec(w->cx, db, "PRAGMA max_page_count = 1")); /* no more */
    char *large = arena_alloc(w->cx->arena, 1 << 20);
    memset(large, 'x', (1 << 20) - 1);
    struct object one = an_object(w, "b", 1), got;
    one.text = large;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_err(w->cx, ERR_STORE, store_object_save(w->cx, tx, &one));
    assert_non_null(strstr(ctx_error(w->cx), "full"));
    assert_err(w->cx, ERR_STORE, store_end(w->cx, tx, ERR_OK));
    assert_int_equal(one.change, 0); /* untouched on failure */
    assert_int_equal(calendar_now(w).change, number);
    assert_ok(w->cx, store_object(w->cx, w->store, w->calendar.id, "a.ics", &got));
    assert_ok(w->cx, db_exec(w->cx, db, "PRAGMA max_page_count = 1000000"));
    assert_int_equal(save(w, &one), number + 1);
}

static void the_log_beside_the_file_does_not_grow_without_bounds(void **state)
{
    struct world *w = *state;
    char *large = arena_alloc(w->cx->arena, 100000);
    memset(large, 'x', 99999);
    for (int i = 0; i < 400; i++) { /* 40 MB through the log */
        struct object one = an_object(w, "a", 1);
        large[0] = (char)('a' + i % 26);
        one.text = large;
        save(w, &one);
    }
    struct stat st;
    assert_int_equal(stat(arena_printf(w->cx->arena, "%s-wal", w->path), &st), 0);
    assert_true(st.st_size <= 10 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALENDAR_TEST(writers_are_numbered_without_gaps_and_readers_see_whole_states),
        CALENDAR_TEST(a_listing_does_not_see_what_is_written_meanwhile),
        CALENDAR_TEST(a_listing_may_read_and_list_inside),
        CALENDAR_TEST(a_transaction_ends_the_snapshot_around_it),
        CALENDAR_TEST(the_writer_is_free_again_after_each_end_of_a_transaction),
        CALENDAR_TEST(one_thread_has_one_transaction_at_a_time),
        CALENDAR_TEST(a_full_disk_is_an_error_and_loses_nothing),
        CALENDAR_TEST(the_log_beside_the_file_does_not_grow_without_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
