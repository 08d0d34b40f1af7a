/* A store in a directory of the test alone, an account and a calendar to put things into.
 */
#ifndef TESTS_UNIT_STORE_UNIT_H
#define TESTS_UNIT_STORE_UNIT_H

#include "base/file.h"
#include "store/store_internal.h"
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    struct still still;
    struct seam seam;
    struct ctx *cx;
    char directory[64], path[96];
    unsigned char key[SEAL_KEY_BYTES];
    struct store *store;
    struct account account;
    struct calendar calendar;
};

static inline int world_new(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->still.wall_ms = 1700000000000;
    w->seam = still_seam(&w->still);
    w->cx = ctx_new(&w->seam);
    snprintf(w->directory, sizeof(w->directory), "/tmp/feishu-caldav-unit.XXXXXX");
    if (mkdtemp(w->directory) == NULL)
        return -1;
    snprintf(w->path, sizeof(w->path), "%s/state/store.db", w->directory);
    memset(w->key, 7, sizeof(w->key));
    assert_ok(w->cx, store_open(w->cx, w->path, w->key, &w->store));
    *state = w;
    return 0;
}

static inline int world_free(void **state)
{
    struct world *w = *state;
    store_close(w->store);
    ctx_free(w->cx);
    char command[128];
    snprintf(command, sizeof(command), "%s/state", w->directory);
    static const char *const names[] = {
        "store.db", "store.db-wal", "store.db-shm", "key"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[160];
        snprintf(path, sizeof(path), "%s/%s", command, names[i]);
        unlink(path);
    }
    rmdir(command);
    int rc = rmdir(w->directory);
    free(w);
    return rc;
}

static inline int world_with_calendar(void **state)
{
    if (world_new(state) != 0)
        return -1;
    struct world *w = *state;
    w->account = (struct account){.name = "ada@example.com", .open_id = "ou_ada"};
    assert_ok(w->cx, store_account_save(w->cx, w->store, &w->account));
    w->calendar = (struct calendar){.account_id = w->account.id,
        .name = "work",
        .upstream_id = "feishu.cn_work@group.calendar.feishu.cn",
        .summary = "Work",
        .color = -1};
    struct store_tx *tx;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_save(w->cx, tx, &w->calendar));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    return 0;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_new, world_free)
#define CALENDAR_TEST(name)                                                              \
    cmocka_unit_test_setup_teardown(name, world_with_calendar, world_free)

static inline void reopen(struct world *w)
{
    store_close(w->store);
    w->store = NULL;
    assert_ok(w->cx, store_open(w->cx, w->path, w->key, &w->store));
}

/* An object without instances; the text is its name and a version. */
static inline struct object an_object(struct world *w, const char *name, int version)
{
    struct ctx *cx = w->cx;
    return (struct object){
        .calendar_id = w->calendar.id,
        .name = arena_printf(cx->arena, "%s.ics", name),
        .uid = arena_strdup(cx->arena, name),
        .upstream_uid = arena_printf(cx->arena, "%s_0", name),
        .text = arena_printf(cx->arena, "%s version %d", name, version),
        .etag = arena_printf(cx->arena, "%s-%d", name, version),
    };
}

static inline int64_t save(struct world *w, struct object *one)
{
    struct store_tx *tx;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_object_save(w->cx, tx, one));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    return one->change;
}

static inline int64_t put(struct world *w, const char *name, int version)
{
    struct object one = an_object(w, name, version);
    return save(w, &one);
}

static inline void take_away(struct world *w, const char *name)
{
    struct store_tx *tx;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_object_remove(w->cx, tx, w->calendar.id, name));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
}

/* Changes as text, "+name -name ", each checked to be numbered above the one before. */
struct listing {
    char text[4096];
    int64_t last;
    int left; /* stop after so many; 0 = never */
};

static inline bool list_change(void *self, const struct object *one)
{
    struct listing *listing = self;
    size_t len = strlen(listing->text);
    snprintf(listing->text + len, sizeof(listing->text) - len, "%c%s ",
        one->etag == NULL ? '-' : '+', one->name);
    assert_true(one->change > listing->last);
    listing->last = one->change;
    return listing->left == 0 || --listing->left > 0;
}

static inline const char *changes_since(struct world *w, int64_t since)
{
    struct listing *listing = ARENA_NEW(w->cx->arena, struct listing);
    assert_ok(w->cx,
        store_changes(w->cx, w->store, w->calendar.id, since, list_change, listing));
    return listing->text;
}

static inline struct calendar calendar_now(struct world *w)
{
    struct calendar one;
    assert_ok(w->cx, store_calendar(w->cx, w->store, w->calendar.id, &one));
    return one;
}

static inline int64_t home_change(struct world *w)
{
    struct account account;
    assert_ok(w->cx, store_account(w->cx, w->store, w->account.id, &account));
    return account.home_change;
}

static inline void save_calendar(struct world *w, struct calendar *one)
{
    struct store_tx *tx;
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_save(w->cx, tx, one));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
}

#endif
