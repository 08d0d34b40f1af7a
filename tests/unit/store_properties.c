/* Dead properties of objects. */
#include "store_unit.h"

#include "base/str.h"

static struct object_place place(const struct world *w, const char *name)
{
    return (struct object_place){w->calendar.id, name};
}

static enum err set(
    struct world *w, const char *object, const char *name, const char *xml)
{
    struct store_tx *tx;
    struct object_place where = place(w, object);
    struct property one = {.ns = "urn:x", .name = name, .xml = xml};
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    enum err err = store_object_property_set(w->cx, tx, &where, &one);
    if (err)
        store_end(w->cx, tx, ERR_INTERNAL);
    else
        assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    return err;
}

/* "name=xml " of each. */
static const char *all(struct world *w, const char *object)
{
    struct object_place where = place(w, object);
    struct buf out = buf_new(w->cx->arena);
    struct property *list;
    size_t n;
    assert_ok(w->cx, store_object_properties(w->cx, w->store, &where, &list, &n));
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%s=%s ", list[i].name, list[i].xml);
    return buf_str(&out);
}

static bool any(struct world *w)
{
    bool found = false;
    assert_ok(w->cx,
        store_object_properties_any(w->cx, w->store, w->calendar.id, &found));
    return found;
}

static void they_are_set_changed_and_removed_without_a_number(void **state)
{
    struct world *w = *state;
    struct object one = an_object(w, "a", 1);
    struct calendar calendar;
    save(w, &one);
    assert_false(any(w));
    assert_ok(w->cx, set(w, "a.ics", "p", "1"));
    assert_ok(w->cx, set(w, "a.ics", "q", "2"));
    assert_ok(w->cx, set(w, "a.ics", "p", "3"));
    assert_string_equal(all(w, "a.ics"), "p=3 q=2 ");
    assert_true(any(w));
    assert_ok(w->cx, set(w, "a.ics", "p", NULL));
    assert_ok(w->cx, set(w, "a.ics", "never", NULL));
    assert_string_equal(all(w, "a.ics"), "q=2 ");
    assert_ok(w->cx, store_calendar(w->cx, w->store, w->calendar.id, &calendar));
    assert_int_equal(calendar.change, one.change);
}

static void only_what_clients_see_has_them(void **state)
{
    struct world *w = *state;
    struct object one = an_object(w, "a", 1);
    assert_err(w->cx, ERR_NOT_FOUND, set(w, "a.ics", "p", "1"));
    one.hidden = true;
    save(w, &one);
    assert_err(w->cx, ERR_NOT_FOUND, set(w, "a.ics", "p", "1"));
}

static void they_go_with_the_object(void **state)
{
    struct world *w = *state;
    struct object one = an_object(w, "a", 1);
    struct store_tx *tx;
    save(w, &one);
    assert_ok(w->cx, set(w, "a.ics", "p", "1"));
    one.text = "another text";
    save(w, &one);
    assert_string_equal(all(w, "a.ics"), "p=1 ");
    one.hidden = true;
    save(w, &one);
    one.hidden = false;
    save(w, &one);
    assert_string_equal(all(w, "a.ics"), "");
    assert_ok(w->cx, set(w, "a.ics", "p", "1"));
    take_away(w, "a.ics");
    assert_false(any(w));
    save(w, &one);
    assert_ok(w->cx, set(w, "a.ics", "p", "1"));
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_calendar_remove(w->cx, tx, w->calendar.id));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_false(any(w));
}

static void a_copy_takes_the_place_of_what_was_there(void **state)
{
    struct world *w = *state;
    struct object a = an_object(w, "a", 1), b = an_object(w, "b", 1);
    struct object_place from = place(w, "a.ics"), to = place(w, "b.ics");
    struct store_tx *tx;
    save(w, &a);
    save(w, &b);
    assert_ok(w->cx, set(w, "a.ics", "p", "1"));
    assert_ok(w->cx, set(w, "b.ics", "q", "2"));
    assert_ok(w->cx, store_begin(w->cx, w->store, &tx));
    assert_ok(w->cx, store_object_properties_copy(w->cx, tx, &from, &to));
    assert_ok(w->cx, store_end(w->cx, tx, ERR_OK));
    assert_string_equal(all(w, "a.ics"), "p=1 ");
    assert_string_equal(all(w, "b.ics"), "p=1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALENDAR_TEST(they_are_set_changed_and_removed_without_a_number),
        CALENDAR_TEST(only_what_clients_see_has_them),
        CALENDAR_TEST(they_go_with_the_object),
        CALENDAR_TEST(a_copy_takes_the_place_of_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
