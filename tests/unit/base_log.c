#include "base/log.h"

#include "base/str.h"
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

static struct still still = {.wall_ms = 1795167660999};

/* Standard error goes into a pipe while line is running; returns what came out. */
static const char *logged(struct ctx *cx, enum log_level level, enum log_topic topic,
    const char *text)
{
    static char out[16384];
    int ends[2], kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && pipe(ends) == 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    log_line(cx, level, topic, "%s", text);
    dup2(kept, STDERR_FILENO);
    close(ends[1]);
    close(kept);
    ssize_t n = read(ends[0], out, sizeof(out) - 1);
    assert_true(n >= 0);
    out[n] = '\0';
    close(ends[0]);
    return out;
}

static int setup(void **state)
{
    static struct seam seam;
    seam = still_seam(&still);
    struct ctx *cx = ctx_new(&seam);
    memcpy(cx->id, "0123456789", 11);
    *state = cx;
    return log_configure("info", "") ? 0 : -1;
}

static void a_line_has_time_level_topic_id_and_text(void **state)
{
    assert_string_equal(logged(*state, LOG_INFO, LOG_SYNC, "pulled 7"),
        "2026-11-20T09:41:00Z info sync 0123456789 pulled 7\n");
    assert_string_equal(logged(*state, LOG_ERROR, LOG_HTTP, ""),
        "2026-11-20T09:41:00Z error http 0123456789 \n");
}

static void a_line_without_context_has_a_dash_for_the_id(void **state)
{
    (void)state;
    assert_true(
        str_ends(logged(NULL, LOG_WARNING, LOG_STORE, "x"), "Z warning store - x\n"));
}

static void control_characters_cannot_forge_a_line(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"},
        {"\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
        {"\xe9\xa3\x9e \xf0\x9f\x98\x80", "\xe9\xa3\x9e \xf0\x9f\x98\x80"},
        /* C1: an escape sequence too */
        {"\xc2\x9b" "31m \xc2\xa0", "\\xc2\\x9b31m \xc2\xa0"},
        {"\xe9\xa3 \xff", "\\xe9\\xa3 \\xff"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(logged(*state, LOG_INFO, LOG_DAV, cases[i].text) + 41,
            arena_printf(((struct ctx *)*state)->arena, "%s\n", cases[i].shown));
}

static void long_text_is_cut_between_characters(void **state)
{
    struct ctx *cx = *state;
    struct buf buf = buf_new(cx->arena);
    for (int shift = 0; shift < 4; shift++) {
        buf_addc(&buf, 'a');
        struct buf text = buf_new(cx->arena);
        buf_adds(&text, buf.data);
        for (int i = 0; i < 1000; i++)
            buf_adds(&text, "\xf0\x9f\x98\x80");
        const char *line = logged(cx, LOG_INFO, LOG_DAV, text.data);
        assert_true(str_ends(line, "\xf0\x9f\x98\x80...\n"));
        assert_true(utf8_valid(line, strlen(line)));
        assert_true(strlen(line) > 2000 && strlen(line) < 2200);
    }
    /* The longest line there can be: nothing but control characters. */
    for (int i = 0; i < 4000; i++)
        buf_addc(&buf, '\x01');
    assert_true(str_ends(logged(cx, LOG_INFO, LOG_DAV, buf.data), "\\x01...\n"));
}

static void the_level_decides_and_a_topic_adds_debug_lines(void **state)
{
    assert_true(log_configure("warning", "xml, sync"));
    assert_true(log_wants(LOG_ERROR, LOG_DAV) && log_wants(LOG_WARNING, LOG_DAV));
    assert_false(log_wants(LOG_INFO, LOG_DAV) || log_wants(LOG_DEBUG, LOG_DAV));
    assert_true(log_wants(LOG_DEBUG, LOG_XML) && log_wants(LOG_INFO, LOG_SYNC));
    assert_string_equal(logged(*state, LOG_INFO, LOG_DAV, "unwanted"), "");
    assert_true(str_ends(logged(*state, LOG_DEBUG, LOG_XML, "wanted"), "wanted\n"));
    assert_true(log_configure("debug", ""));
    for (int topic = 0; topic < LOG_TOPICS; topic++)
        assert_true(log_wants(LOG_DEBUG, (enum log_topic)topic));
}

static void unknown_names_change_nothing(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {{"loud", ""}, {"INFO", ""}, {"", ""},
        {"debug", "xm"}, {"debug", "xmls"}, {"debug", "xml;sync"}, {"debug", "xml all"}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_false(log_names_valid(wrong[i][0], wrong[i][1]));
        assert_false(log_configure(wrong[i][0], wrong[i][1]));
        assert_false(log_wants(LOG_DEBUG, LOG_XML));
    }
    assert_true(log_names_valid("error", " http dav,xml feishu\tsync store,"));
    assert_true(log_names_valid(NULL, NULL));
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, without_ctx)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(a_line_has_time_level_topic_id_and_text),
        LOG_TEST(a_line_without_context_has_a_dash_for_the_id),
        LOG_TEST(control_characters_cannot_forge_a_line),
        LOG_TEST(long_text_is_cut_between_characters),
        LOG_TEST(the_level_decides_and_a_topic_adds_debug_lines),
        LOG_TEST(unknown_names_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
