#include "bridge/html.h"

#include "base/str.h"
#include "unit.h"

static void expect_text(struct ctx *cx, const char *html, const char *text)
{
    assert_string_equal(html_to_text(cx->arena, html), text);
}

static void plain_text_is_left_alone(void **state)
{
    static const char *const texts[] = {"", "one", " one \n two ", "a < b", "a & b; c",
        "<bob@example.com>", "<3", "1 <2> 3", "x &unknown; y", "&#; &#x; &#99999999;",
        "ends with <", "ends with &"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_text(*state, texts[i], texts[i]);
}

static void blocks_and_breaks_become_lines(void **state)
{
    expect_text(*state, "<p>one</p><p>two</p>", "one\ntwo");
    expect_text(*state, "one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour");
    expect_text(*state, "<div>one<div>two</div></div>three", "one\ntwo\nthree");
    expect_text(*state, "<h1>Title</h1>text", "Title\ntext");
}

static void list_items_get_a_dash(void **state)
{
    expect_text(*state, "<ul><li>one</li><li>two</li></ul>after", "- one\n- two\nafter");
}

static void links_keep_their_target(void **state)
{
    expect_text(
        *state, "<a href=\"https://e.example/\">page</a>", "page <https://e.example/>");
    expect_text(*state, "<a href='https://e.example/'>https://e.example/</a>",
        "https://e.example/");
    expect_text(*state, "<a class=x href=https://e.example/?a=1&amp;b=2>p</a>",
        "p <https://e.example/?a=1&b=2>");
    expect_text(*state, "<a>nowhere</a>", "nowhere");
    expect_text(*state, "<a href=\"https://e.example/\"></a>", "https://e.example/");
    expect_text(*state, "<a href=\"open", "<a href=\"open");
}

static void entities_become_characters(void **state)
{
    expect_text(*state, "&lt;b&gt; &amp;amp; &quot;x&quot; &#65;&#x4e2d; &nbsp;.",
        "<b> &amp; \"x\" A中  .");
    expect_text(*state, "&#1;&#xD800;", "&#1;&#xD800;");
}

static void styles_scripts_and_comments_are_not_text(void **state)
{
    expect_text(
        *state, "<style>p{color:red}</style>one<!-- two --><script>x()</script>", "one");
    expect_text(*state, "<style>never closed", "never closed");
}

static void what_is_written_as_html_reads_as_the_text(void **state)
{
    struct ctx *cx = *state;
    static const char pieces[][8] = {"<", ">", "&", "amp;", "lt;", "b", "/", "!--",
        "#65;", "x", " ", "\n", "br", "<p>", "中", ";", "\"", "a href="};
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        struct buf text = buf_new(cx->arena);
        for (int n = 0; n < 8; n++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            buf_adds(&text, pieces[(seed >> 33) % (sizeof pieces / sizeof pieces[0])]);
        }
        const char *html = html_from_text(cx->arena, buf_str(&text));
        assert_string_equal(html_to_text(cx->arena, html), buf_str(&text));
        arena_reset(cx->arena);
    }
}

static void text_that_is_no_tag_is_sent_as_it_is(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(html_from_text(cx->arena, "Tom & Jerry, a < b > c, <3"),
        "Tom & Jerry, a < b > c, <3");
    assert_string_equal(html_from_text(cx->arena, "<b>&amp;"), "&lt;b>&amp;amp;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(plain_text_is_left_alone),
        CTX_TEST(blocks_and_breaks_become_lines),
        CTX_TEST(list_items_get_a_dash),
        CTX_TEST(links_keep_their_target),
        CTX_TEST(entities_become_characters),
        CTX_TEST(styles_scripts_and_comments_are_not_text),
        CTX_TEST(what_is_written_as_html_reads_as_the_text),
        CTX_TEST(text_that_is_no_tag_is_sent_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
