#include "ical/lines.h"

#include "ical_unit.h"

#include <time.h>

static const char strange[] =
    "BEGIN:VCALENDAR\r\n"
    "version:2.0\r\n"
    "PRODID:-//Ex\r\n ample//EN\r\n"
    "BEGIN:vevent\n"
    "UID:a\r\n"
    "summary;LANGUAGE=en;x-quoted=\"a;b:c,d\";X-CARET=l1^nl2^'q^'^^:one, two\\, three\r\n"
    "DESCRIPTION:\xe4\xbd\r\n \xa0\xe5\xa5\r\n\t\xbd\r\n"
    "ATTENDEE;CN=\"Doe\r\n , Jo\":mailto:jo@example.com\r\n"
    "X-EMPTY:\r\n"
    "BEGIN:VALARM\r\n"
    "TRIGGER:-PT15M\r\n"
    "END:VALARM\r\n"
    "X-LATE:after the alarm\r\n"
    "END:VEVENT  \r\n"
    "\r\n"
    "END:VCALENDAR\r\n";

static struct comp *parse(struct ctx *cx, const char *text)
{
    struct comp *root;
    assert_ok(cx, lines_parse(cx, text, strlen(text), &root));
    return root;
}

static void untouched_text_is_printed_byte_for_byte(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(lines_text(cx, parse(cx, strange)), strange);
}

static void a_clone_prints_the_same_and_may_be_changed_alone(void **state)
{
    struct ctx *cx = *state;
    struct comp *root = parse(cx, strange), *copy = comp_clone(cx, root);
    assert_string_equal(lines_text(cx, copy), strange);
    comp_remove_sub(copy, comp_sub(copy, "VEVENT"));
    assert_null(comp_sub(copy, "VEVENT"));
    assert_string_equal(lines_text(cx, root), strange);
}

static void names_are_upper_case_and_values_unfolded(void **state)
{
    struct ctx *cx = *state;
    struct comp *event = comp_sub(parse(cx, strange), "VEVENT");
    assert_string_equal(comp_line(event, "SUMMARY")->value, "one, two\\, three");
    assert_string_equal(comp_line(event, "ATTENDEE")->value, "mailto:jo@example.com");
    assert_string_equal(comp_line(event, "X-EMPTY")->value, "");
    assert_string_equal(comp_line(event, "X-LATE")->value, "after the alarm");
}

static void folds_inside_a_character_are_joined_before_decoding(void **state)
{
    struct ctx *cx = *state;
    struct comp *event = comp_sub(parse(cx, strange), "VEVENT");
    assert_string_equal(
        comp_line(event, "DESCRIPTION")->value, "\xe4\xbd\xa0\xe5\xa5\xbd");
}

static void parameters_lose_quotes_and_carets(void **state)
{
    struct ctx *cx = *state;
    struct comp *event = comp_sub(parse(cx, strange), "VEVENT");
    const struct line *line = comp_line(event, "SUMMARY");
    assert_int_equal(line->n_params, 3);
    assert_string_equal(line_param(line, "LANGUAGE"), "en");
    assert_string_equal(line_param(line, "X-QUOTED"), "a;b:c,d");
    assert_string_equal(line_param(line, "X-CARET"), "l1\nl2\"q\"^");
    assert_null(line_param(line, "CN"));
    assert_string_equal(line_param(comp_line(event, "ATTENDEE"), "CN"), "Doe, Jo");
}

static void odd_parameters_are_read(void **state)
{
    struct ctx *cx = *state;
    struct comp *event =
        comp_sub(event_of(cx,
                     "A;CN=\"J \\\"Q\\\" D\":1\nB;X;Y=:2\n"
                     "C;CN=\"open:mailto:x@y\nD;MEMBER=\"a\",\"b\":3\nE;X=a:b:c\n"),
            "VEVENT");
    assert_string_equal(comp_line(event, "A")->value, "1");
    assert_string_equal(line_param(comp_line(event, "B"), "X"), "");
    assert_string_equal(line_param(comp_line(event, "B"), "Y"), "");
    assert_string_equal(comp_line(event, "C")->value, "mailto:x@y");
    assert_string_equal(line_param(comp_line(event, "D"), "MEMBER"), "a,b");
    assert_string_equal(comp_line(event, "E")->value, "b:c");
}

static const struct {
    const char *text, *complaint;
} broken[] = {
    {"", "no VCALENDAR"},
    {"hello", "line 1: no colon"},
    {"BEGIN:VEVENT\nEND:VEVENT\n", "not a VCALENDAR"},
    {"SUMMARY:x\n", "not a VCALENDAR"},
    {"BEGIN:VCALENDAR\nSUMMARY\nEND:VCALENDAR\n", "line 2: no colon"},
    {"BEGIN:VCALENDAR\n:x\nEND:VCALENDAR\n", "line 2: broken property name"},
    {"BEGIN:VCALENDAR\nA B:x\nEND:VCALENDAR\n", "line 2: broken property name"},
    {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", "line 3: END does not fit"},
    {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\n", "END is missing"},
    {"BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCALENDAR\n", "line 3: text after END"},
    {"BEGIN:VCALENDAR\nX:\xff\nEND:VCALENDAR\n", "line 2: not UTF-8"},
    {"BEGIN:VCALENDAR\nX:caf\xe9\nEND:VCALENDAR\n", "line 2: not UTF-8"},
    {"BEGIN:VCALENDAR\nX;A\"=b\"c:v\nEND:VCALENDAR\n", "line 2: broken parameter"},
};

static void broken_text_is_refused_with_its_line(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct comp *root;
        assert_err(cx, ERR_VALID_CALENDAR_DATA,
            lines_parse(cx, broken[i].text, strlen(broken[i].text), &root));
        if (!strstr(ctx_error(cx), broken[i].complaint))
            fail_msg("\"%s\" is not in \"%s\"", broken[i].complaint, ctx_error(cx));
    }
}

static void nul_bytes_and_deep_nesting_are_refused(void **state)
{
    struct ctx *cx = *state;
    static const char nul[] = "BEGIN:VCALENDAR\nX:a\0b\nEND:VCALENDAR\n";
    struct comp *root;
    assert_err(cx, ERR_VALID_CALENDAR_DATA, lines_parse(cx, nul, sizeof(nul) - 1, &root));
    struct buf deep = buf_new(cx->arena);
    buf_adds(&deep, "BEGIN:VCALENDAR\n");
    for (int i = 0; i < 2 * LINES_MAX_DEPTH; i++)
        buf_adds(&deep, "BEGIN:X\n");
    assert_err(
        cx, ERR_VALID_CALENDAR_DATA, lines_parse(cx, deep.data, deep.len_bytes, &root));
    assert_non_null(strstr(ctx_error(cx), "too deep"));
}

static void bom_bare_lf_and_a_missing_last_line_end_are_taken(void **state)
{
    struct ctx *cx = *state;
    struct comp *root = parse(cx,
        "\xef\xbb\xbf"
        "BEGIN:VCALENDAR\nX:1\nEND:VCALENDAR");
    assert_string_equal(comp_line(root, "X")->value, "1");
    assert_string_equal(lines_text(cx, root), "BEGIN:VCALENDAR\nX:1\nEND:VCALENDAR");
}

static void a_new_line_folds_at_75_octets_between_characters(void **state)
{
    struct ctx *cx = *state;
    struct buf text = buf_new(cx->arena);
    for (int i = 0; i < 200; i++)
        buf_adds(&text, i % 3 ? "\xe4\xbd\xa0" : "x");
    struct line *line = line_new(cx, "SUMMARY:%s", buf_str(&text));
    assert_string_equal(line->value, buf_str(&text));
    const char *at_line = line->raw, *end = line->raw + line->raw_bytes;
    int n_lines = 0;
    while (at_line < end) {
        const char *stop = memchr(at_line, '\r', (size_t)(end - at_line));
        assert_non_null(stop);
        assert_true(stop - at_line <= 75);
        assert_true(utf8_valid(at_line, (size_t)(stop - at_line)));
        at_line = stop + 2;
        n_lines++;
    }
    assert_true(n_lines > 5);
    struct comp *root = comp_new(cx, "VCALENDAR");
    comp_add_line(cx, root, line);
    root = parse(cx, lines_text(cx, root));
    assert_string_equal(comp_line(root, "SUMMARY")->value, buf_str(&text));
}

static void a_new_line_cannot_smuggle_in_another(void **state)
{
    struct ctx *cx = *state;
    struct line *line = line_new(cx, "SUMMARY:%s", "a\r\nATTENDEE:b");
    assert_string_equal(line->value, "a  ATTENDEE:b");
    assert_memory_equal(line->raw, "SUMMARY:a  ATTENDEE:b\r\n", line->raw_bytes);
}

static void replacing_keeps_the_place_and_removes_the_others(void **state)
{
    struct ctx *cx = *state;
    struct comp *event = comp_sub(
        event_of(cx, "A:1\nB:1\nA:2\nC:1\nBEGIN:VALARM\nEND:VALARM\n"), "VEVENT");
    struct line *two[] = {line_new(cx, "A:3"), line_new(cx, "A:4")};
    struct line *late[] = {line_new(cx, "D:1")};
    comp_replace_lines(cx, event, "A", two, 2);
    comp_replace_lines(cx, event, "D", late, 1);
    comp_replace_lines(cx, event, "C", NULL, 0);
    assert_string_equal(lines_text(cx, event),
        "BEGIN:VEVENT\nUID:one\nA:3\r\nA:4\r\nB:1\nD:1\r\nBEGIN:VALARM\nEND:VALARM\n"
        "END:VEVENT\n");
    comp_remove_line(event, two[1]);
    assert_ptr_equal(comp_line(event, "A"), two[0]);
    size_t next = 0;
    assert_non_null(comp_next_line(event, "A", &next));
    assert_null(comp_next_line(event, "A", &next));
}

static void text_survives_escaping(void **state)
{
    struct ctx *cx = *state;
    static const char text[] = "a,b;c\\d\nnew \"q\" \xe4\xbd\xa0\\n";
    char *value = text_escape(cx->arena, text);
    assert_string_equal(value, "a\\,b\\;c\\\\d\\nnew \"q\" \xe4\xbd\xa0\\\\n");
    assert_string_equal(text_unescape(cx->arena, value), text);
    assert_string_equal(text_escape(cx->arena,
                            "a\r\nb\rc\x01"
                            "d"),
        "a\\nb\\ncd");
}

static void sloppy_text_is_unescaped_as_meant(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(text_unescape(cx->arena, "a, b; c\\Nd\\"), "a, b; c\nd\\");
    assert_string_equal(text_unescape(cx->arena, "C:\\dir \\x"), "C:\\dir \\x");
}

static void parameter_values_survive_escaping(void **state)
{
    struct ctx *cx = *state;
    static const char *const values[] = {
        "plain", "Doe, Jo", "a;b:c", "say \"hi\"", "two\nlines", "^caret^n", ""};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct line *line = line_new(cx, "X;CN=%s:v", param_escape(cx->arena, values[i]));
        assert_string_equal(line_param(line, "CN"), values[i]);
        assert_string_equal(line->value, "v");
    }
    assert_string_equal(param_escape(cx->arena, "plain"), "plain");
    assert_string_equal(param_escape(cx->arena, "a,b"), "\"a,b\"");
}

static void a_megabyte_is_read_and_printed_in_milliseconds(void **state)
{
    struct ctx *cx = *state;
    struct buf text = buf_new(cx->arena);
    struct comp *root;
    buf_adds(&text, "BEGIN:VCALENDAR\r\n");
    while (text.len_bytes < 1000000)
        buf_adds(&text,
            "BEGIN:VEVENT\r\nUID:1234567890\r\nDTSTART;TZID=Europe/Berlin:"
            "20200101T090000\r\nSUMMARY:something or other that goes on and on and on\r\n"
            "  and on\r\nEND:VEVENT\r\n");
    buf_adds(&text, "END:VCALENDAR\r\n");
    clock_t begin = clock();
    assert_ok(cx, lines_parse(cx, text.data, text.len_bytes, &root));
    struct buf out = buf_new(cx->arena);
    lines_print(root, &out);
    double ms = (double)(clock() - begin) * 1000 / CLOCKS_PER_SEC;
    assert_string_equal(buf_str(&out), buf_str(&text));
    if (ms > 500) /* far above what it takes, also with sanitizers */
        fail_msg("%.1f ms for a megabyte", ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(untouched_text_is_printed_byte_for_byte),
        CTX_TEST(a_clone_prints_the_same_and_may_be_changed_alone),
        CTX_TEST(names_are_upper_case_and_values_unfolded),
        CTX_TEST(folds_inside_a_character_are_joined_before_decoding),
        CTX_TEST(parameters_lose_quotes_and_carets),
        CTX_TEST(odd_parameters_are_read),
        CTX_TEST(broken_text_is_refused_with_its_line),
        CTX_TEST(nul_bytes_and_deep_nesting_are_refused),
        CTX_TEST(bom_bare_lf_and_a_missing_last_line_end_are_taken),
        CTX_TEST(a_new_line_folds_at_75_octets_between_characters),
        CTX_TEST(a_new_line_cannot_smuggle_in_another),
        CTX_TEST(replacing_keeps_the_place_and_removes_the_others),
        CTX_TEST(text_survives_escaping),
        CTX_TEST(sloppy_text_is_unescaped_as_meant),
        CTX_TEST(parameter_values_survive_escaping),
        CTX_TEST(a_megabyte_is_read_and_printed_in_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
