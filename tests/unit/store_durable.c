#include "store_unit.h"

#include "store/journal.h"

#define WRITERS 8
#define WRITES 50

static void only_a_journalled_transaction_is_not_waited_for(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    const uint64_t *syncs = &w->store->durable.ended;
    uint64_t before = *syncs;
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "green"));
    assert_int_equal(*syncs, before + 1);
    assert_ok(w->cx, store_begin_journalled(w->cx, w->store, &tx));
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "blue"));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx)); /* nothing is written */
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "red"));
    store_end(w->cx, tx, ERR_INTERNAL);
    assert_int_equal(*syncs, before + 1);
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "red"));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_int_equal(*syncs, before + 2);
}

static void a_journal_entry_is_on_disk_once_the_store_is_settled(void **state)
{
    struct world *w = *state;
    struct journal entry = {.account_id = w->account.id, .plan = "{}"};
    const uint64_t *syncs = &w->store->durable.ended;
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "green"));
    uint64_t before = *syncs;
    assert_ok(w->cx, store_journal_save(w->cx, w->store, &entry));
    assert_int_equal(*syncs, before);
    assert_ok(w->cx, store_settle(w->cx, w->store));
    assert_int_equal(*syncs, before + 1);
    assert_ok(w->cx, store_settle(w->cx, w->store)); /* nothing is owed */
    assert_int_equal(*syncs, before + 1);
    assert_ok(w->cx, store_journal_save(w->cx, w->store, &entry));
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "blue"));
    assert_int_equal(*syncs, before + 2);
    assert_ok(w->cx, store_settle(w->cx, w->store)); /* that sync was good for both */
    assert_int_equal(*syncs, before + 2);
}

static void a_journal_entry_that_could_not_be_synced_is_never_settled(void **state)
{
    struct world *w = *state;
    struct journal entry = {.account_id = w->account.id, .plan = "{}"};
    int pipes[2];
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "green"));
    assert_int_equal(pipe(pipes), 0);
    int good = w->store->durable.fd;
    w->store->durable.fd = pipes[0]; /* EINVAL */
    assert_ok(w->cx, store_journal_save(w->cx, w->store, &entry));
    assert_err(w->cx, ERR_STORE, store_settle(w->cx, w->store));
    w->store->durable.fd = good;
    assert_err(w->cx, ERR_STORE, store_settle(w->cx, w->store));
    close(pipes[0]);
    close(pipes[1]);
}

static void *write_some(void *self)
{
    struct world *w = self;
    struct ctx *cx = ctx_new(NULL);
    const char *name = arena_printf(cx->arena, "%p", (void *)cx);
    for (int i = 0; i < WRITES; i++)
        assert_ok(cx,
            store_setting_set(cx, w->store, name, arena_printf(cx->arena, "%d", i)));
    ctx_free(cx);
    return NULL;
}

static void every_writer_has_a_sync_that_began_after_its_commit(void **state)
{
    struct world *w = *state;
    pthread_t threads[WRITERS];
    uint64_t before = w->store->durable.ended;
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_some, w), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    uint64_t syncs = w->store->durable.ended - before;
    /* From all of them for all to each for itself. */
    assert_true(syncs >= WRITES && syncs <= WRITERS * WRITES);
}

static void after_a_sync_that_failed_nothing_is_written_until_a_restart(void **state)
{
    struct world *w = *state;
    struct store_tx *tx;
    char *value;
    int pipes[2];
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "green"));
    assert_int_equal(pipe(pipes), 0);
    int good = w->store->durable.fd;
    w->store->durable.fd = pipes[0]; /* EINVAL */
    assert_err(
        w->cx, ERR_STORE, store_setting_set(w->cx, w->store, "colour", "blue"));
    assert_non_null(strstr(ctx_error(w->cx), "could not be synced"));
    w->store->durable.fd = good;
    assert_err(w->cx, ERR_STORE, store_setting_set(w->cx, w->store, "colour", "red"));
    assert_err(w->cx, ERR_STORE, store_begin(w->cx, w->store, &tx));
    assert_err(w->cx, ERR_STORE, store_begin_journalled(w->cx, w->store, &tx));
    assert_ok(w->cx, store_setting(w->cx, w->store, "colour", &value));
    assert_string_not_equal(value, "red");
    reopen(w);
    assert_ok(w->cx, store_setting_set(w->cx, w->store, "colour", "red"));
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALENDAR_TEST(only_a_journalled_transaction_is_not_waited_for),
        CALENDAR_TEST(a_journal_entry_is_on_disk_once_the_store_is_settled),
        CALENDAR_TEST(a_journal_entry_that_could_not_be_synced_is_never_settled),
        CALENDAR_TEST(every_writer_has_a_sync_that_began_after_its_commit),
        CALENDAR_TEST(after_a_sync_that_failed_nothing_is_written_until_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
