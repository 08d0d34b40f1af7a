#include "base/url.h"

#include "unit.h"

/* The segments joined with '|', and a '/' at the end when the address had one. */
static const char *shown(struct ctx *cx, const struct path *path)
{
    struct buf buf = buf_new(cx->arena);
    for (size_t i = 0; i < path->n; i++)
        buf_printf(&buf, "%s%s", i ? "|" : "", path->segments[i]);
    if (path->slash)
        buf_addc(&buf, '/');
    return buf_str(&buf);
}

static void a_path_becomes_decoded_segments(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *text, *segments;
    } cases[] = {
        {"/", "/"},
        {"/dav", "dav"},
        {"/dav/", "dav/"},
        {"//dav///cal//", "dav|cal/"},
        {"/dav/a%40b.cn/", "dav|a@b.cn/"},
        {"/dav/a@b.cn/", "dav|a@b.cn/"},
        {"/%E9%A3%9e/x", "\xe9\xa3\x9e|x"},
        {"/\xe9\xa3\x9e", "\xe9\xa3\x9e"},
        {"/a+b%20c", "a+b c"},
        {"/a%25b%2e", "a%b."},
        {"/...", "..."},
        {"/a?b=/c", "a"},
        {"/a/#b", "a/"},
        {"/a%3Fb%23", "a?b#"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct path path;
        assert_ok(cx, path_parse(cx, cases[i].text, &path));
        assert_string_equal(shown(cx, &path), cases[i].segments);
    }
}

static void a_path_that_tricks_or_is_broken_is_a_bad_request(void **state)
{
    struct ctx *cx = *state;
    static const char *const wrong[] = {"", "a", "dav/", "*", "?", "/a%2Fb", "/a%2fb",
        "/a%00b", "/%00", "/..", "/a/../b", "/a/..", "/.", "/./a", "/%2e%2e/a", "/.%2E",
        "/%2e", "/%", "/%4", "/%zz", "/%4g", "/a%", "/\xff", "/%ff", "/%C0%AE",
        "/%ed%a0%80", "/\xe9\xa3"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct path path = {.n = 77};
        if (path_parse(cx, wrong[i], &path) != ERR_BAD_REQUEST)
            fail_msg("not a bad request: %s", wrong[i]);
        assert_int_equal(path.n, 77);
    }
}

static void a_path_has_a_longest_length_and_most_segments(void **state)
{
    struct ctx *cx = *state;
    struct path path;
    struct buf deep = buf_new(cx->arena), lengthy = buf_new(cx->arena);
    for (int i = 0; i < PATH_MAX_SEGMENTS; i++)
        buf_adds(&deep, "/s");
    assert_ok(cx, path_parse(cx, deep.data, &path));
    assert_int_equal(path.n, PATH_MAX_SEGMENTS);
    buf_adds(&deep, "/s");
    assert_err(cx, ERR_URI_TOO_LONG, path_parse(cx, deep.data, &path));

    buf_addc(&lengthy, '/');
    for (int i = 1; i < URL_MAX_BYTES; i++)
        buf_addc(&lengthy, 'x');
    assert_ok(cx, path_parse(cx, lengthy.data, &path));
    buf_addc(&lengthy, 'x');
    assert_err(cx, ERR_URI_TOO_LONG, path_parse(cx, lengthy.data, &path));
    assert_err(cx, ERR_URI_TOO_LONG, href_parse(cx, lengthy.data, &path));
}

static void an_href_may_be_a_whole_url(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *text, *segments;
    } cases[] = {
        {"/dav/x", "dav|x"},
        {" \n /dav/x/ \n", "dav|x/"},
        {"http://h/dav/x", "dav|x"},
        {"HTTPS://user@h:80/dav/x/?q", "dav|x/"},
        {"https://h", "/"},
        {"https://h?q=/a", "/"},
        {"https://[::1]:5280/a%20b", "a b"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct path path;
        assert_ok(cx, href_parse(cx, cases[i].text, &path));
        assert_string_equal(shown(cx, &path), cases[i].segments);
    }
    struct path path;
    assert_err(cx, ERR_BAD_REQUEST, href_parse(cx, "x.ics", &path));
    assert_err(cx, ERR_BAD_REQUEST, href_parse(cx, "mailto:a@b", &path));
    assert_err(cx, ERR_BAD_REQUEST, href_parse(cx, "", &path));
    assert_err(cx, ERR_BAD_REQUEST, href_parse(cx, "https://h/a/../b", &path));
}

static void a_segment_is_written_so_that_it_reads_back(void **state)
{
    struct ctx *cx = *state;
    char all[256];
    for (int c = 1; c < 256; c++)
        all[c - 1] = (char)c;
    all[255] = '\0';
    struct buf buf = buf_new(cx->arena);
    url_add_segment(&buf, all);
    assert_string_equal(url_decode(cx->arena, buf.data, buf.len_bytes, false), all);

    buf = buf_new(cx->arena);
    url_add_segment(&buf, "a/b?c#d%e f\xe9\xa3\x9e-._~!$&'()*+,;=:@[]");
    assert_string_equal(buf.data,
        "a%2Fb%3Fc%23d%25e%20f%E9%A3%9E-._~!$&'()*+,;=:@%5B%5D");
}

static void a_query_part_leaves_only_unreserved_characters(void **state)
{
    struct ctx *cx = *state;
    struct buf buf = buf_new(cx->arena);
    url_add_query(&buf, "a b&c=d+e/~");
    url_add_query(&buf, "");
    url_add_query(&buf, NULL);
    assert_string_equal(buf_str(&buf), "a%20b%26c%3Dd%2Be%2F~");
}

static void decoding_knows_forms(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(url_decode(cx->arena, "a+b%2B", 6, true), "a b+");
    assert_string_equal(url_decode(cx->arena, "a+b%2B", 6, false), "a+b+");
    assert_string_equal(url_decode(cx->arena, "abc%", 3, false), "abc");
    assert_null(url_decode(cx->arena, "ab%41", 4, false)); /* cut within the code */
    assert_null(url_decode(cx->arena, "a%00", 4, false));
    assert_null(url_decode(cx->arena, "a\0b", 3, false));
}

static void a_form_gives_the_first_value_of_a_name(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *form, *name, *value;
    } cases[] = {
        {"code=abc&state=x%2By", "code", "abc"},
        {"code=abc&state=x%2By", "state", "x+y"},
        {"code=abc&state=x%2By", "stat", NULL},
        {"code=abc&state=x%2By", "cod", NULL},
        {"code=abc&state=x%2By", "abc", NULL},
        {"a=1&a=2", "a", "1"},
        {"a=b=c", "a", "b=c"},
        {"a&b=2", "a", ""},
        {"a=&b=2", "a", ""},
        {"&&b=2&", "b", "2"},
        {"na%6De=v+w", "name", "v w"},
        {"a=%zz&b=1", "a", NULL},
        {"%zz=1&b=1", "b", "1"},
        {"=x&b=1", "", "x"},
        {"", "a", NULL},
        {NULL, "a", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *value = url_form_value(cx->arena, cases[i].form, cases[i].name);
        if (!str_eq(value, cases[i].value))
            fail_msg("case %zu: %s", i, value ? value : "NULL");
    }
}

static void a_host_and_a_port_are_taken_apart(void **state)
{
    struct ctx *cx = *state;
    static const char *const broken[] = {"", ":80", "host", "host:", "host:x",
        "host:65536", "::1:80", "[::1]", "[]:80", "[::1:80"};
    char *host, *port;
    assert_true(host_port_split(cx->arena, "127.0.0.1:5280", &host, &port));
    assert_string_equal(host, "127.0.0.1");
    assert_string_equal(port, "5280");
    assert_true(host_port_split(cx->arena, "[::1]:0", &host, &port));
    assert_string_equal(host, "::1");
    assert_string_equal(port, "0");
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        if (host_port_split(cx->arena, broken[i], &host, &port))
            fail_msg("%s", broken[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_path_becomes_decoded_segments),
        CTX_TEST(a_path_that_tricks_or_is_broken_is_a_bad_request),
        CTX_TEST(a_path_has_a_longest_length_and_most_segments),
        CTX_TEST(an_href_may_be_a_whole_url),
        CTX_TEST(a_segment_is_written_so_that_it_reads_back),
        CTX_TEST(a_query_part_leaves_only_unreserved_characters),
        CTX_TEST(decoding_knows_forms),
        CTX_TEST(a_form_gives_the_first_value_of_a_name),
        CTX_TEST(a_host_and_a_port_are_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
