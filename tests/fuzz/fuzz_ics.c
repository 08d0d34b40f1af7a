/* Calendar objects as a client sends them: content lines, and what they mean. */
#include "ical/expand.h"

#include "fuzz.h"

#include <string.h>

/* What was read is printed as it was read, but for a byte order mark and blank lines
 * before the first. */
static void check_lines(struct ctx *cx, const char *data, size_t size)
{
    struct comp *root, *again;
    if (lines_parse(cx, data, size, &root) != ERR_OK)
        return;
    struct buf out = buf_new(cx->arena);
    lines_print(root, &out);
    size_t skip_bytes = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (skip_bytes < size && (data[skip_bytes] == '\r' || data[skip_bytes] == '\n'))
        skip_bytes++;
    FUZZ_CHECK(out.len_bytes == size - skip_bytes);
    FUZZ_CHECK(memcmp(out.data, data + skip_bytes, out.len_bytes) == 0);
    FUZZ_CHECK(lines_parse(cx, out.data, out.len_bytes, &again) == ERR_OK);
    FUZZ_CHECK(str_eq(again->name, root->name) && again->items.n == root->items.n);
}

static bool count(void *self, const struct instance *one)
{
    FUZZ_CHECK(one->start_s <= one->end_s && one->event);
    ++*(size_t *)self;
    return true;
}

/* Instances lie within the bounds, and an answer to expand is an object without rules. */
static void check_instances(struct ctx *cx, const struct comp *calendar)
{
    struct expand_range year = {
        .from_s = 1790812800, /* 2026-10-01 */
        .until_s = 1822348800,
        .max_instances = 500,
    };
    int64_t from_s, until_s;
    size_t n = 0;
    struct comp *result;
    enum err err = expand_each(cx, calendar, &year, count, &n);
    FUZZ_CHECK(n <= year.max_instances);
    if (expand_bounds(cx, calendar, NULL, &from_s, &until_s) == ERR_OK && n)
        FUZZ_CHECK(from_s < year.until_s && until_s >= year.from_s);
    if (err == ERR_OK && expand_print(cx, calendar, &year, &result) == ERR_OK) {
        size_t at = 0;
        for (const struct comp *one; (one = comp_next_sub(result, "VEVENT", &at)); n--)
            FUZZ_CHECK(n && !comp_line(one, "RRULE") && !comp_line(one, "EXDATE"));
        FUZZ_CHECK(!n);
    }
    expand_limit(cx, calendar, &year, &result);
}

/* An object that may be stored may still be stored after it was printed. */
static void check_object(struct ctx *cx, const char *data, size_t size)
{
    struct ics_object object, again;
    if (ics_object_parse(cx, data, size, &object) != ERR_OK)
        return;
    FUZZ_CHECK(!str_empty(object.uid) && str_eq(object.component, "VEVENT"));
    size_t at = 0;
    for (struct comp *event; (event = comp_next_sub(object.calendar, "VEVENT", &at));) {
        struct ics_time start, end;
        FUZZ_CHECK(
            ics_event_times(cx, object.calendar, event, &start, &end) == ERR_OK);
        FUZZ_CHECK(civil_valid(&start.civil) && civil_valid(&end.civil));
    }
    check_instances(cx, object.calendar);
    const char *text = lines_text(cx, object.calendar);
    FUZZ_CHECK(ics_object_parse(cx, text, strlen(text), &again) == ERR_OK);
    FUZZ_CHECK(str_eq(again.uid, object.uid));
}

static void check_values(struct ctx *cx, const char *text)
{
    int64_t days, seconds;
    ics_duration(text, &days, &seconds);
    const char *plain = text_unescape(cx->arena, text);
    const char *escaped = text_escape(cx->arena, plain);
    plain = text_unescape(cx->arena, escaped);
    FUZZ_CHECK(str_eq(text_escape(cx->arena, plain), escaped));
    FUZZ_CHECK(!strpbrk(escaped, "\r\n"));
    FUZZ_CHECK(!strpbrk(param_escape(cx->arena, text), "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    check_lines(cx, (const char *)data, size);
    check_object(cx, (const char *)data, size);
    check_values(cx, arena_strndup(cx->arena, (const char *)data, size));
    ctx_free(cx);
    return 0;
}
