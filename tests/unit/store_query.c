#include "store_unit.h"

#include "base/str.h"

#define DAY 86400

static void add_span(
    struct world *w, const char *name, int64_t start_s, int64_t end_s, int busy)
{
    struct object_instance instance = {start_s, end_s, busy};
    struct object one = an_object(w, name, 1);
    one.from_s = one.indexed_from_s = start_s;
    one.until_s = one.indexed_until_s = end_s;
    one.instances = &instance;
    one.n_instances = 1;
    save(w, &one);
}

struct found {
    char text[1024];
    bool want_text;
};

static bool note(void *self, const struct object *one, bool exact)
{
    struct found *found = self;
    size_t len = strlen(found->text);
    snprintf(found->text + len, sizeof(found->text) - len, "%.*s%s ",
        (int)strcspn(one->name, "."), one->name, exact ? "" : "?");
    if (found->want_text || !exact)
        assert_int_equal(strlen(one->text), one->text_bytes);
    else
        assert_null(one->text);
    return true;
}

static int by_word(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names found, sorted; those to be looked into have a "?". */
static const char *in_range(struct world *w, int64_t from_s, int64_t until_s)
{
    const char *results[2];
    for (int text = 0; text < 2; text++) {
        struct found found = {.want_text = text};
        struct object_query query = {w->calendar.id, true, from_s, until_s, text, NULL};
        assert_ok(w->cx, store_objects(w->cx, w->store, &query, note, &found));
        char **words = str_split(w->cx->arena, found.text, ' ');
        size_t n = 0;
        while (words[n] != NULL)
            n++;
        qsort(words, n, sizeof(*words), by_word);
        struct buf buf = buf_new(w->cx->arena);
        for (size_t i = 0; i < n; i++)
            buf_printf(&buf, "%s ", words[i]);
        results[text] = buf_str(&buf);
    }
    assert_string_equal(results[0], results[1]);
    return results[0];
}

static void a_range_has_its_start_and_not_its_end(void **state)
{
    struct world *w = *state;
    add_span(w, "a", 1000, 2000, 1);
    assert_string_equal(in_range(w, 0, 1000), "");
    assert_string_equal(in_range(w, 0, 1001), "a ");
    assert_string_equal(in_range(w, 1500, 1501), "a ");
    assert_string_equal(in_range(w, 1999, 3000), "a ");
    assert_string_equal(in_range(w, 2000, 3000), "");
    assert_string_equal(in_range(w, 500, 2500), "a ");
    assert_string_equal(in_range(w, INT64_MIN, INT64_MAX), "a ");
    assert_string_equal(in_range(w, INT64_MIN, 1000), "");
    assert_string_equal(in_range(w, 2000, INT64_MAX), "");
}

/* RFC 4791 9.9: an event without duration overlaps when start <= DTSTART < end. */
static void an_instant_is_in_the_range_that_begins_with_it(void **state)
{
    struct world *w = *state;
    add_span(w, "i", 1000, 1000, 1);
    assert_string_equal(in_range(w, 1000, 1001), "i ");
    assert_string_equal(in_range(w, 999, 1000), "");
    assert_string_equal(in_range(w, 1001, 2000), "");
    assert_string_equal(in_range(w, 0, 2000), "i ");
}

static void long_events_are_found_from_within(void **state)
{
    struct world *w = *state;
    static const int days[] = {1, 2, 8, 9, 64, 65, 4000};
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
        add_span(
            w, arena_printf(w->cx->arena, "d%d", days[i]), 0, (int64_t)days[i] * DAY, 1);
    assert_string_equal(in_range(w, 0, 1), "d1 d2 d4000 d64 d65 d8 d9 ");
    assert_string_equal(in_range(w, DAY - 1, DAY), "d1 d2 d4000 d64 d65 d8 d9 ");
    assert_string_equal(in_range(w, DAY, DAY + 1), "d2 d4000 d64 d65 d8 d9 ");
    assert_string_equal(in_range(w, 8 * DAY, 9 * DAY), "d4000 d64 d65 d9 ");
    assert_string_equal(in_range(w, 64 * DAY, 65 * DAY), "d4000 d65 ");
    assert_string_equal(in_range(w, 3999 * DAY, 5000 * DAY), "d4000 ");
    assert_string_equal(in_range(w, 4000 * (int64_t)DAY, 5000 * (int64_t)DAY), "");
}

/* A series known from day 10 to day 20 that goes on for ever. */
static void outside_the_index_the_text_must_be_looked_into(void **state)
{
    struct world *w = *state;
    struct object_instance instances[] = {
        {10 * DAY, 10 * DAY + 60, 1}, {15 * DAY, 15 * DAY + 60, 1}};
    struct object one = an_object(w, "s", 1);
    one.from_s = 0;
    one.until_s = INT64_MAX;
    one.indexed_from_s = 10 * DAY;
    one.indexed_until_s = 20 * DAY;
    one.instances = instances;
    one.n_instances = 2;
    save(w, &one);
    assert_string_equal(in_range(w, 14 * DAY, 16 * DAY), "s ");
    assert_string_equal(in_range(w, 16 * DAY, 20 * DAY), ""); /* surely not */
    assert_string_equal(in_range(w, 16 * DAY, 20 * DAY + 1), "s? ");
    assert_string_equal(in_range(w, 30 * DAY, 31 * DAY), "s? ");
    assert_string_equal(in_range(w, 5 * DAY, 6 * DAY), "s? ");
    assert_string_equal(in_range(w, 9 * DAY, 12 * DAY), "s "); /* one is enough to know */
    assert_string_equal(in_range(w, -9 * DAY, 0), "");         /* before it begins */
    assert_string_equal(in_range(w, INT64_MIN, INT64_MAX), "s ");
}

static void an_object_with_many_instances_comes_once(void **state)
{
    struct world *w = *state;
    struct object_instance instances[] = {
        {100, 200, 1}, {150, 250, 1}, {150, 250, 1}, {300, 300 + 10 * DAY, 1}};
    struct object one = an_object(w, "m", 1);
    one.from_s = one.indexed_from_s = 100;
    one.until_s = one.indexed_until_s = 300 + 10 * DAY;
    one.instances = instances;
    one.n_instances = 4;
    save(w, &one);
    assert_string_equal(in_range(w, 0, 1000), "m ");
}

static void moved_hidden_and_removed_objects_leave_the_index(void **state)
{
    struct world *w = *state;
    add_span(w, "a", 1000, 2000, 1);
    add_span(w, "a", 5000, 6000, 1); /* same text, other time: the index moves */
    assert_string_equal(in_range(w, 1000, 2000), "");
    assert_string_equal(in_range(w, 5000, 6000), "a ");
    struct object one;
    assert_ok(
        w->cx, store_object_full(w->cx, w->store, NULL, w->calendar.id, "a_0", &one));
    one.hidden = true;
    save(w, &one);
    assert_string_equal(in_range(w, 5000, 6000), "");
    one.hidden = false;
    save(w, &one);
    assert_string_equal(in_range(w, 5000, 6000), "a ");
    take_away(w, "a.ics");
    assert_string_equal(in_range(w, INT64_MIN, INT64_MAX), "");
    add_span(w, "b", 5000, 6000, 1);
    assert_string_equal(in_range(w, 5000, 6000), "b ");
}

static void a_listing_without_range_has_all_visible_objects(void **state)
{
    struct world *w = *state;
    put(w, "a", 1);
    put(w, "c", 1);
    struct object hidden = an_object(w, "b", 1);
    hidden.hidden = true;
    save(w, &hidden);
    for (int text = 0; text < 2; text++) {
        struct found found = {.want_text = text};
        struct object_query query = {.calendar_id = w->calendar.id, .with_text = text};
        assert_ok(w->cx, store_objects(w->cx, w->store, &query, note, &found));
        assert_string_equal(found.text, "a c ");
    }
}

struct busy_found {
    int64_t seconds;
    int instances, others;
};

static void busy_each(void *self, const struct object_instance *one)
{
    struct busy_found *found = self;
    assert_int_not_equal(one->busy, 0);
    found->seconds += one->end_s - one->start_s;
    found->instances++;
}

static void busy_other(void *self, const struct object *one)
{
    struct busy_found *found = self;
    assert_string_equal(one->text, "series version 1");
    found->others++;
}

static void busy_time_leaves_free_instances_out_and_hands_over_the_uncovered(void **state)
{
    struct world *w = *state;
    add_span(w, "a", 1000, 1100, 1);
    add_span(w, "b", 1000, 1030, 2);
    add_span(w, "free", 1000, 5000, 0);
    struct object_instance instance = {1500, 1600, 1};
    struct object one = an_object(w, "series", 1);
    one.from_s = one.indexed_from_s = 1500;
    one.until_s = INT64_MAX;
    one.indexed_until_s = 3000;
    one.instances = &instance;
    one.n_instances = 1;
    save(w, &one);
    struct busy_found found = {0};
    assert_ok(w->cx,
        store_busy(w->cx, w->store, w->calendar.id, INT64_MIN, 2000, busy_each,
            busy_other, &found));
    assert_int_equal(found.instances, 3);
    assert_int_equal(found.seconds, 100 + 30 + 100);
    assert_int_equal(found.others, 0);
    found = (struct busy_found){0};
    assert_ok(w->cx,
        store_busy(
            w->cx, w->store, w->calendar.id, 0, 4000, busy_each, busy_other, &found));
    assert_int_equal(found.instances, 2); /* the series is told by its text alone */
    assert_int_equal(found.others, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALENDAR_TEST(a_range_has_its_start_and_not_its_end),
        CALENDAR_TEST(an_instant_is_in_the_range_that_begins_with_it),
        CALENDAR_TEST(long_events_are_found_from_within),
        CALENDAR_TEST(outside_the_index_the_text_must_be_looked_into),
        CALENDAR_TEST(an_object_with_many_instances_comes_once),
        CALENDAR_TEST(moved_hidden_and_removed_objects_leave_the_index),
        CALENDAR_TEST(a_listing_without_range_has_all_visible_objects),
        CALENDAR_TEST(busy_time_leaves_free_instances_out_and_hands_over_the_uncovered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
