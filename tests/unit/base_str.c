#include "base/str.h"

#include "unit.h"

static void fill_and_check(struct buf buf)
{
    assert_string_equal(buf_str(&buf), "");
    for (int i = 0; i < 20000; i++) {
        buf_addc(&buf, (char)('a' + i % 26));
        assert_int_equal(buf.data[buf.len_bytes], '\0');
    }
    assert_int_equal(buf.len_bytes, 20000);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(buf.data[i], 'a' + i % 26);
    buf_free(&buf);
    assert_string_equal(buf_str(&buf), "");
}

static void a_buffer_grows_and_is_always_terminated(void **state)
{
    struct ctx *cx = *state;
    fill_and_check(buf_new(cx->arena));
    fill_and_check(buf_new(NULL));
}

static void two_buffers_in_one_arena_do_not_disturb_each_other(void **state)
{
    struct ctx *cx = *state;
    struct buf one = buf_new(cx->arena), two = buf_new(cx->arena);
    for (int i = 0; i < 5000; i++) {
        buf_printf(&one, "%d,", i);
        buf_adds(&two, "two ");
    }
    assert_memory_equal(one.data, "0,1,2,3,", 8);
    assert_true(str_ends(one.data, ",4998,4999,"));
    assert_int_equal(two.len_bytes, 20000);
    for (size_t i = 0; i < two.len_bytes; i += 4)
        assert_memory_equal(two.data + i, "two ", 4);
}

static void printf_into_a_buffer_takes_any_length(void **state)
{
    struct ctx *cx = *state;
    for (int n = 1; n < 300; n++) {
        struct buf buf = buf_new(cx->arena);
        buf_adds(&buf, "<");
        buf_printf(&buf, "%*d", n, 1);
        buf_adds(&buf, ">");
        assert_int_equal(strlen(buf_str(&buf)), n + 2);
        assert_int_equal(buf.data[n], '1');
    }
}

static void a_buffer_holds_bytes_and_ignores_null_text(void **state)
{
    struct ctx *cx = *state;
    struct buf buf = buf_new(cx->arena);
    buf_add(&buf, "a\0b", 3);
    buf_adds(&buf, NULL);
    buf_add(&buf, NULL, 0);
    assert_int_equal(buf.len_bytes, 3);
    assert_memory_equal(buf.data, "a\0b", 4);
}

static void xml_text_is_escaped_and_forbidden_characters_are_dropped(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *text, *xml;
    } cases[] = {
        {"plain", "plain"},
        {"", ""},
        {"<a b=\"c\" d='e'>&amp;", "&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt;&amp;amp;"},
        {"tab\tand\nline", "tab\tand\nline"},
        {"a\r\nb", "a&#13;\nb"},
        {"\x01" "a\x08\x0b\x1f" "b\x7f", "ab\x7f"},
        {"\xe9\xa3\x9e\xf0\x9f\x98\x80", "\xe9\xa3\x9e\xf0\x9f\x98\x80"},
        {"a\xef\xbf\xbe\xef\xbf\xbf" "b\xef\xbf\xbd", "ab\xef\xbf\xbd"},
        {"\xef", "\xef"}, /* cut text is not read past its end */
        {"\xef\xbf", "\xef\xbf"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct buf buf = buf_new(cx->arena);
        buf_add_xml(&buf, cases[i].text);
        assert_string_equal(buf_str(&buf), cases[i].xml);
    }
}

static void json_strings_are_escaped(void **state)
{
    struct ctx *cx = *state;
    struct buf buf = buf_new(cx->arena);
    buf_add_json(&buf, "a\"b\\c\n\x7f\xe4\xb8\xad");
    buf_add_json(&buf, NULL);
    assert_string_equal(
        buf_str(&buf), "\"a\\\"b\\\\c\\u000a\\u007f\xe4\xb8\xad\"\"\"");
}

static void what_a_terminal_would_obey_is_written_in_digits(void **state)
{
    struct ctx *cx = *state;
    static const char *const pairs[][2] = {
        {"\xe4\xb8\xad\xe6\x96\x87 \xc2\xa0", "\xe4\xb8\xad\xe6\x96\x87 \xc2\xa0"},
        {"a\x1b[2J\r\n", "a\\x1b[2J\\x0d\\x0a"},
        {"\xc2\x9b" "2J", "\\xc2\\x9b" "2J"},
        {"\xe2\x80\xae" "gnp", "\\xe2\\x80\\xae" "gnp"},
        {"\xe2\x81\xa6" "x\xe2\x80\xa8", "\\xe2\\x81\\xa6" "x\\xe2\\x80\\xa8"},
        {"\xd8\x9c", "\\xd8\\x9c"},
        {"\xe2\x80", "\\xe2\\x80"},
        {"\xe2\x80\x93 \xe2\x80", "\\xe2\\x80\\x93 \\xe2\\x80"},
        {"", ""},
        {NULL, ""},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
        assert_string_equal(str_printable(cx->arena, pairs[i][0]), pairs[i][1]);
    struct buf buf = buf_new(cx->arena);
    buf_add_json(&buf, "\xc2\x9b\xe2\x80\xae\xd8\x9c\xe2\x80\x93");
    assert_string_equal(buf_str(&buf), "\"\\u009b\\u202e\\u061c\xe2\x80\x93\"");
}

static void control_characters_are_seen_and_other_characters_are_not(void **state)
{
    (void)state;
    assert_true(str_has_control("a\x1b[2J"));
    assert_true(str_has_control("a\n"));
    assert_true(str_has_control("\x7f"));
    assert_true(str_has_control("\xc2\x9b" "2J"));
    assert_false(str_has_control("\xc2\xa0 \xe4\xb8\xad\xe6\x96\x87 iPhone"));
    assert_false(str_has_control(""));
    assert_false(str_has_control(NULL));
}

static void comparisons_tolerate_null(void **state)
{
    (void)state;
    assert_true(str_eq(NULL, NULL) && str_ieq(NULL, NULL));
    assert_false(str_eq(NULL, "") || str_eq("", NULL));
    assert_false(str_ieq(NULL, "") || str_ieq("", NULL));
    assert_false(str_starts(NULL, "a") || str_starts("a", NULL));
    assert_false(str_istarts(NULL, "a") || str_ends(NULL, "a") || str_ends("a", NULL));
    assert_true(str_empty(NULL) && str_empty("") && !str_empty(" "));
}

static void comparisons_compare_whole_texts(void **state)
{
    (void)state;
    assert_true(str_eq("a", "a") && !str_eq("a", "ab") && !str_eq("a", "A"));
    assert_true(
        str_ieq("VEvent", "vEVENT") && !str_ieq("a", "ab") && !str_ieq("ab", "a"));
    assert_false(str_ieq("\xc3\x84", "\xc3\xa4")); /* ASCII only */
    assert_false(str_ieq("[", "{")); /* 0x20 apart, no letters */
    assert_true(str_starts("abc", "ab") && str_starts("a", "") && !str_starts("a", "ab"));
    assert_true(str_istarts("HTTPS://x", "https:") && !str_istarts("htt", "http"));
    assert_true(
        str_ends("a.ics", ".ics") && !str_ends("ics", ".ics") && str_ends("a", ""));
}

static void trimming_and_lowering_copy(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(str_trim(cx->arena, " \t a b\r\n"), "a b");
    assert_string_equal(str_trim(cx->arena, " \n "), "");
    assert_null(str_trim(cx->arena, NULL));
    assert_string_equal(str_lower(cx->arena, "AbZ\xc3\x84["), "abz\xc3\x84[");
    assert_null(str_lower(cx->arena, NULL));
}

static void splitting_trims_parts_and_leaves_out_empty_ones(void **state)
{
    struct ctx *cx = *state;
    char **parts = str_split(cx->arena, " a, ,b c ,, d", ',');
    assert_string_equal(parts[0], "a");
    assert_string_equal(parts[1], "b c");
    assert_string_equal(parts[2], "d");
    assert_null(parts[3]);
    assert_null(*str_split(cx->arena, "", ','));
    assert_null(*str_split(cx->arena, " , ", ','));
    assert_null(*str_split(cx->arena, NULL, ','));
}

static void numbers_are_whole_and_within_bounds(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", " 1", "1 ", "+1", "1.0", "0x10", "-", "--1",
        "1e3", "9223372036854775808", "-9223372036854775809", "99999999999999999999",
        "\xd9\xa1"};
    long long value = 77;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        if (str_to_ll(wrong[i], INT64_MIN, INT64_MAX, &value))
            fail_msg("taken: %s", wrong[i]);
        assert_int_equal(value, 77);
    }
    assert_false(str_to_ll(NULL, 0, 9, &value));
    assert_false(str_to_ll("10", 0, 9, &value) || str_to_ll("-1", 0, 9, &value));
    assert_true(str_to_ll("9", 0, 9, &value) && value == 9);
    assert_true(str_to_ll("-007", -7, 9, &value) && value == -7);
    assert_true(
        str_to_ll("9223372036854775807", 0, INT64_MAX, &value) && value == INT64_MAX);
    assert_true(
        str_to_ll("-9223372036854775808", INT64_MIN, 0, &value) && value == INT64_MIN);
}

static void utf8_is_well_formed_as_in_rfc_3629(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"\x7f", true},
        {"\xc2\x80", true},         /* the first of two bytes */
        {"\xdf\xbf", true},
        {"\xe0\xa0\x80", true},     /* the first of three */
        {"\xed\x9f\xbf", true},     /* before the surrogates */
        {"\xee\x80\x80", true},     /* after them */
        {"\xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80", true}, /* the first of four */
        {"\xf4\x8f\xbf\xbf", true}, /* U+10FFFF */
        {"\x80", false},            /* a continuation alone */
        {"\xbf", false},
        {"\xc0\x80", false},        /* overlong */
        {"\xc1\xbf", false},
        {"\xe0\x80\x80", false},
        {"\xe0\x9f\xbf", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xed\xa0\x80", false},    /* surrogates */
        {"\xed\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", false},
        {"\xfe", false},
        {"\xff", false},
        {"\xc3", false},            /* cut */
        {"\xe9\xa3", false},
        {"\xf0\x9f\x98", false},
        {"\xe9\xa3g", false},       /* broken off */
        {"\xe9g\x9e", false},
        {"\xc3\xc3\xa4", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[64];
        size_t n = strlen(cases[i].text);
        if (utf8_valid(cases[i].text, n) != cases[i].valid)
            fail_msg("case %zu", i);
        /* At every place against the eight bytes that are looked at together. */
        for (size_t before = 0; before < 20; before++) {
            snprintf(text, sizeof(text), "%.*s%szzzzzzzzzz", (int)before,
                "aaaaaaaaaaaaaaaaaaaa", cases[i].text);
            if (utf8_valid(text, before + n + 10) != cases[i].valid)
                fail_msg("case %zu behind %zu letters", i, before);
            if (utf8_valid(text, before + n) != cases[i].valid)
                fail_msg("case %zu at the end, behind %zu letters", i, before);
        }
    }
    assert_true(utf8_valid("a\0b", 3));
}

static void broken_utf8_is_mended_byte_by_byte(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *text, *mended;
    } cases[] = {
        {"a\xe9\xa3\x9e", "a\xe9\xa3\x9e"},
        {"a\xe9\xa3", "a\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xff\xe9\xa3\x9e\xc0", "\xef\xbf\xbd\xe9\xa3\x9e\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(
            utf8_mended(cx->arena, cases[i].text, strlen(cases[i].text)),
            cases[i].mended);
    const char *same = "same";
    assert_ptr_equal(utf8_mended(cx->arena, same, 4), same);
}

static void length_counts_characters(void **state)
{
    (void)state;
    assert_int_equal(utf8_length(""), 0);
    assert_int_equal(utf8_length("a\xc3\xa4\xe9\xa3\x9e\xf0\x9f\x98\x80"), 4);
}

static void a_list_keeps_its_items_while_it_grows(void **state)
{
    struct ctx *cx = *state;
    LIST(int) one = {0}, two = {0};
    for (int i = 0; i < 1000; i++) {
        LIST_ADD(cx->arena, &one, i);
        LIST_ADD(cx->arena, &two, -i);
    }
    assert_int_equal(one.n, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(one.items[i], i);
        assert_int_equal(two.items[i], -i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_buffer_grows_and_is_always_terminated),
        CTX_TEST(two_buffers_in_one_arena_do_not_disturb_each_other),
        CTX_TEST(printf_into_a_buffer_takes_any_length),
        CTX_TEST(a_buffer_holds_bytes_and_ignores_null_text),
        CTX_TEST(xml_text_is_escaped_and_forbidden_characters_are_dropped),
        CTX_TEST(json_strings_are_escaped),
        CTX_TEST(what_a_terminal_would_obey_is_written_in_digits),
        cmocka_unit_test(control_characters_are_seen_and_other_characters_are_not),
        cmocka_unit_test(comparisons_tolerate_null),
        cmocka_unit_test(comparisons_compare_whole_texts),
        CTX_TEST(trimming_and_lowering_copy),
        CTX_TEST(splitting_trims_parts_and_leaves_out_empty_ones),
        cmocka_unit_test(numbers_are_whole_and_within_bounds),
        cmocka_unit_test(utf8_is_well_formed_as_in_rfc_3629),
        CTX_TEST(broken_utf8_is_mended_byte_by_byte),
        cmocka_unit_test(length_counts_characters),
        CTX_TEST(a_list_keeps_its_items_while_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
