/*
 * Replays the golden cases: each directory of tests/golden is a claim. See
 * tests/golden/README.
 *
 * GOLDEN_ACCEPT=1 writes what comes out where it differs; look at the difference before
 * you commit it.
 */
#include "base/file.h"
#include "bridge/bridge.h"
#include "bridge/convert.h"
#include "bridge/split.h"
#include "feishu/client.h"
#include "ical/ics.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_FILE_BYTES 1000000
#define MAX_CASES 1000
#define MAX_ROWS 1000
#define NOW_MS INT64_C(1795132800000) /* 2026-11-20 */

static int64_t fixed_clock(void *self)
{
    (void)self;
    return NOW_MS;
}

static void fixed_random(void *self, void *out, size_t len_bytes)
{
    (void)self;
    memset(out, 7, len_bytes);
}

static const struct seam seam = {fixed_clock, fixed_clock, fixed_random, NULL};

struct golden {
    struct ctx *cx;
    const char *dir;
    struct convert_env env;
    const cJSON *settings, *people;
    struct series_row rows[MAX_ROWS];
    struct series series;
};

/* NULL when the case has no such file. */
static char *load(struct golden *g, const char *name)
{
    char *data, *path = arena_printf(g->cx->arena, "%s/%s", g->dir, name);
    size_t len_bytes;
    if (file_read(g->cx, path, MAX_FILE_BYTES, &data, &len_bytes) != ERR_OK)
        return NULL;
    return data;
}

static cJSON *load_json(struct golden *g, const char *name)
{
    char *text = load(g, name);
    if (text == NULL)
        return NULL;
    cJSON *json = json_parse(g->cx->arena, text);
    if (json == NULL)
        fail_msg("%s/%s is not JSON", g->dir, name);
    return json;
}

static const char *address_of(void *self, struct ctx *cx, const char *open_id)
{
    (void)cx;
    const cJSON *one, *people = ((struct golden *)self)->people;
    cJSON_ArrayForEach(one, people)
    {
        if (str_eq(one->string, open_id))
            return one->valuestring;
    }
    return NULL;
}

static const char *id_of(void *self, struct ctx *cx, const char *address)
{
    (void)cx;
    const cJSON *one, *people = ((struct golden *)self)->people;
    cJSON_ArrayForEach(one, people)
    {
        if (str_ieq(one->valuestring, address))
            return one->string;
    }
    return NULL;
}

static const char *setting(struct golden *g, const char *name, const char *fallback)
{
    bool set = cJSON_HasObjectItem(g->settings, name);
    return set ? json_text(g->settings, name) : fallback;
}

static enum be_role role_of(const char *name)
{
    static const char *const names[] = {"free_busy_reader", "reader", "writer", "owner"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_eq(name, names[i]))
            return (enum be_role)i;
    }
    fail_msg("unknown role %s", name);
    return BE_OWNER;
}

static void load_env(struct golden *g)
{
    g->settings = load_json(g, "env.json");
    g->people = cJSON_GetObjectItemCaseSensitive(g->settings, "people");
    if (g->people == NULL)
        g->people = json_parse(g->cx->arena,
            "{\"ou_alice\":\"alice@example.com\",\"ou_bob\":\"bob@example.com\"}");
    g->env = (struct convert_env){
        .read_end_exclusive = json_bool(g->settings, "read_end_exclusive", true),
        .write_end_inclusive = json_bool(g->settings, "write_end_inclusive", true),
        .calendar_id = setting(g, "calendar_id", "cal_me"),
        .own_id = setting(g, "own_id", "ou_me"),
        .own_address = setting(g, "own_address", "me@example.com"),
        .own_name = setting(g, "own_name", "Me Myself"),
        .timezone = setting(g, "timezone", "Asia/Shanghai"),
        .role = role_of(setting(g, "role", "owner")),
        .read_only = json_bool(g->settings, "read_only", false),
        .address_of = address_of,
        .id_of = id_of,
        .self = g,
    };
}

static void add_row(struct golden *g, const cJSON *event, size_t *n)
{
    const char *id = json_text(event, "event_id"), *mark = strrchr(id, '_');
    assert_non_null(mark);
    long long original = 0;
    assert_true(str_to_ll(mark + 1, 0, INT64_MAX, &original));
    g->series.uid = arena_strndup(g->cx->arena, id, (size_t)(mark - id));
    assert_true(*n < MAX_ROWS);
    struct series_row *row = &g->rows[*n];
    *row = (struct series_row){.original_time = original, .event = event};
    if (original != 0)
        ++*n;
    else
        g->series.master = arena_memdup(g->cx->arena, row, sizeof *row);
}

/* False when the case has no such file. */
static bool load_series(struct golden *g, const char *name)
{
    const cJSON *json = load_json(g, name), *event;
    if (json == NULL)
        return false;
    size_t n = 0;
    g->series = (struct series){0};
    if (cJSON_IsArray(json)) {
        cJSON_ArrayForEach(event, json) add_row(g, event, &n);
    } else {
        add_row(g, json, &n);
    }
    g->series.exceptions = g->rows;
    g->series.n_exceptions = n;
    g->series.ical_uid = setting(g, "ical_uid", g->series.uid);
    return true;
}

static void compare(struct golden *g, const char *name, const char *got)
{
    char *expected = load(g, name);
    if (str_eq(expected, got))
        return;
    if (getenv("GOLDEN_ACCEPT") != NULL) {
        FILE *out = fopen(arena_printf(g->cx->arena, "%s/%s", g->dir, name), "wb");
        assert_non_null(out);
        fputs(got, out);
        fclose(out);
        return;
    }
    fail_msg("%s/%s: expected\n%s\ngot\n%s", g->dir, name,
        expected == NULL ? "(no such file)" : expected, got);
}

static const char *const step_names[] = {
    "create", "patch", "delete", "reply", "add_attendees", "remove_attendees"};

static cJSON *plan_json(const struct plan *plan)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < plan->steps.n; i++) {
        const struct step *step = &plan->steps.items[i];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "step", step_names[step->kind]);
        if (step->original_time != 0)
            cJSON_AddNumberToObject(one, "original_time", (double)step->original_time);
        if (step->kind != STEP_REPLY)
            cJSON_AddBoolToObject(one, "notify", step->notify);
        if (step->delete_exception)
            cJSON_AddTrueToObject(one, "delete_exception");
        if (step->restore)
            cJSON_AddTrueToObject(one, "restore");
        if (step->rsvp != NULL)
            cJSON_AddStringToObject(one, "rsvp", step->rsvp);
        if (step->body != NULL)
            cJSON_AddItemToObject(one, "body", cJSON_Duplicate(step->body, true));
        cJSON_AddItemToArray(list, one);
    }
    return list;
}

static char *print_json(struct golden *g, cJSON *list)
{
    char *json = cJSON_Print(list);
    char *text = arena_printf(g->cx->arena, "%s\n", json);
    cJSON_free(json);
    cJSON_Delete(list);
    return text;
}

/* The steps, or the error and its text. */
static char *planned(struct golden *g, enum err err, const struct plan *plan)
{
    if (err == ERR_OK)
        return print_json(g, plan_json(plan));
    cJSON *error = json_object(g->cx->arena);
    cJSON_AddStringToObject(error, "error", err_name(err));
    cJSON_AddStringToObject(error, "text", ctx_error(g->cx));
    return arena_printf(g->cx->arena, "%s\n", json_print(g->cx->arena, error));
}

static char *down(struct golden *g, const char *shadow)
{
    char *text;
    enum err err = convert_down(g->cx, &g->env, &g->series, shadow, &text);
    if (err != ERR_OK)
        fail_msg("%s: %s", g->dir, ctx_error(g->cx));
    return text;
}

static void expect_no_steps(
    struct golden *g, const char *served, const char *text, const char *what)
{
    struct plan plan;
    enum err err = convert_plan(g->cx, &g->env, &g->series, served, text, &plan);
    char *got = planned(g, err, &plan);
    if (!str_eq(got, "[]\n"))
        fail_msg("%s: %s must ask for nothing, but\n%s", g->dir, what, got);
}

/* event.json [+ shadow.ics] <-> object.ics */
static void check_pair(struct golden *g)
{
    if (!load_series(g, "event.json"))
        return;
    char *shadow = load(g, "shadow.ics");
    char *object = down(g, shadow);
    compare(g, "object.ics", object);
    if (!str_eq(down(g, object), object))
        fail_msg("%s: laid over itself it differs:\n%s", g->dir, down(g, object));
    if (g->env.role < BE_WRITER || g->env.read_only)
        return;
    if (json_bool(g->settings, "create", false)) {
        struct plan plan = {0};
        enum err err = convert_plan(g->cx, &g->env, NULL, NULL, object, &plan);
        compare(g, "create.json", planned(g, err, &plan));
    }
    expect_no_steps(g, object, object, "the same text");
    if (!json_bool(g->settings, "shadow_says_more", false))
        expect_no_steps(g, down(g, NULL), object, "a text that says the same");
}

/* Where the text cuts its series: the plans and texts of all parts. */
static enum err cut(struct golden *g, const struct split *split, const char *served,
    const struct series *before, struct plan *plan, cJSON **all)
{
    const char *texts[SPLIT_MAX_PARTS];
    cJSON *later = cJSON_CreateArray();
    *all = cJSON_CreateObject();
    cJSON_AddItemToObject(*all, "later", later);
    for (size_t i = 0; i < split->later.n; i++) {
        const struct split_part *part = &split->later.items[i];
        struct plan steps = {0};
        struct plan_part wanted = {.text = part->text,
            .pivot = part->pivot,
            .before = before,
            .served = before == NULL ? split->text : served};
        texts[i] = part->text;
        TRY(convert_plan_part(g->cx, &g->env, &wanted, &steps));
        cJSON_AddItemToArray(later, plan_json(&steps));
        compare(g, arena_printf(g->cx->arena, "later-%zu.ics", i + 1), part->text);
    }
    if (before != NULL)
        TRY(convert_plan_cut(
            g->cx, &g->env, split->text, texts, split->later.n, plan));
    cJSON_AddItemToObject(*all, "steps", plan_json(plan));
    compare(g, "left.ics", split->text);
    return ERR_OK;
}

static enum err put(struct golden *g, const struct series *before, char **got)
{
    char *edited = load(g, "edited.ics"), *served = load(g, "served.ics");
    struct ics_object object;
    struct split split;
    struct plan plan = {0};
    cJSON *all = NULL;
    TRY(ics_object_parse(g->cx, edited, strlen(edited), &object));
    TRY(convert_split(g->cx, &g->env, edited, object.calendar, &split));
    if (before != NULL && served == NULL)
        TRY(convert_down(g->cx, &g->env, before, NULL, &served));
    TRY(convert_plan(g->cx, &g->env, before, served, split.text, &plan));
    if (str_eq(split.text, edited)) {
        *got = planned(g, ERR_OK, &plan);
        return ERR_OK;
    }
    enum err err = cut(g, &split, served, before, &plan, &all);
    *got = print_json(g, all);
    return err;
}

/* before.json, served.ics or the rendering of it, edited.ics -> steps.json, and where the
 * series is cut left.ics and later-N.ics */
static void check_put(struct golden *g)
{
    char *got = NULL;
    if (load(g, "edited.ics") == NULL)
        return;
    bool update = load_series(g, "before.json");
    enum err err = put(g, update ? &g->series : NULL, &got);
    compare(g, "steps.json", err == ERR_OK ? got : planned(g, err, NULL));
}

static void check_delete(struct golden *g)
{
    cJSON *how = load_json(g, "delete.json");
    if (how == NULL)
        return;
    struct plan plan = {0};
    assert_true(load_series(g, "before.json"));
    enum err err = convert_plan_delete(g->cx, &g->env, &g->series,
        load(g, "served.ics"), json_bool(how, "reply", true), &plan);
    compare(g, "steps.json", planned(g, err, &plan));
}

static void check_convert(struct golden *g)
{
    char *in = load(g, "convert.in"), *out;
    if (in == NULL)
        return;
    enum err err = bridge_convert(g->cx, in, strlen(in), &out);
    compare(g, "convert.out", err == ERR_OK ? out : ctx_error(g->cx));
}

static void check_case(void **state)
{
    struct golden *g = calloc(1, sizeof *g);
    g->cx = ctx_new(&seam);
    g->dir = *state;
    load_env(g);
    check_pair(g);
    check_put(g);
    check_delete(g);
    check_convert(g);
    ctx_free(g->cx);
    free(g);
}

static int is_case(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strchr(entry->d_name, '.') == NULL &&
        !str_eq(entry->d_name, "README");
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[MAX_CASES];
    const char *root = getenv("GOLDEN_DIR");
    struct dirent **entries;
    if (root == NULL)
        root = "tests/golden";
    int n = scandir(root, &entries, is_case, alphasort);
    if (n < 0) {
        perror(root);
        return 1;
    }
    struct arena *arena = arena_new();
    size_t used = 0;
    for (int i = 0; i < n && used < MAX_CASES; i++) {
        const char *name = arena_strdup(arena, entries[i]->d_name);
        free(entries[i]);
        if (argc > 1 && strstr(name, argv[1]) == NULL)
            continue;
        tests[used++] = (struct CMUnitTest){.name = name,
            .test_func = check_case,
            .initial_state = arena_printf(arena, "%s/%s", root, name)};
    }
    free(entries);
    int failed = _cmocka_run_group_tests("golden", tests, used, NULL, NULL);
    arena_free(arena);
    return failed;
}
