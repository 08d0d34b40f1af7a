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

static void expect_clean(struct ctx *cx, const char *html, const char *clean)
{
    assert_string_equal(html_clean(cx->arena, html), clean);
    assert_string_equal(html_clean(cx->arena, clean), clean);
}

static void harmless_tags_stay_without_their_attributes(void **state)
{
    expect_clean(*state, "<p class=x>one <b onclick='x()'>two</b><br/></p>",
        "<p>one <b>two</b><br></p>");
    expect_clean(*state, "<P STYLE=\"a:b\">x</P>", "<p>x</p>");
    expect_clean(*state, "a &amp; b &eacute; &#20013; &bogus; &",
        "a &amp; b &eacute; "
        "&#20013; &amp;bogus; &amp;");
}

static void what_runs_or_loads_is_taken_out(void **state)
{
    static const char *const bad[] = {"<script>x()</script>", "<style>p{}</style>",
        "<img src=x onerror=x()>", "<iframe src=//x></iframe>", "<svg onload=x()></svg>",
        "<object data=x></object>", "<embed src=x>", "<link rel=x>", "<meta a=b>",
        "<base href=x>", "<math><mi></mi></math>", "<!-- x -->", "<video src=x></video>",
        "<!DOCTYPE html>", "<o:p></o:p>", "<SCRIPT src=//x></SCRIPT >"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_clean(*state, bad[i], "");
}

static void links_lead_to_the_web_or_to_a_mailbox(void **state)
{
    expect_clean(*state, "<a href=\"https://e.example/?a=1&amp;b=2\" target=_blank>x</a>",
        "<a href=\"https://e.example/?a=1&amp;b=2\">x</a>");
    expect_clean(*state, "<a href='mailto:a@b.example'>x</a>",
        "<a href=\"mailto:a@b.example\">x</a>");
    static const char *const bad[] = {"javascript:x()", "JaVaScRiPt:x()",
        "java&#115;cript:x()", " javascript:x()", "java\tscript:x()", "data:text/html,x",
        "vbscript:x", "file:///etc/passwd", "//x.example/", "https&#58;", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ctx *cx = *state;
        expect_clean(cx, arena_printf(cx->arena, "<a href=\"%s\">x</a>", bad[i]), "x");
    }
    expect_clean(*state, "<a href=\"https://e.example/&quot; onclick=&quot;x\">y</a>",
        "<a href=\"https://e.example/&quot; onclick=&quot;x\">y</a>");
}

static void what_looks_like_a_tag_and_is_none_is_text(void **state)
{
    expect_clean(*state, "<bob@example.com> a < b", "&lt;bob@example.com&gt; a &lt; b");
    expect_clean(*state, "<b title=\"x>y\" onclick=\"z\">w</b>",
        "<b>y&quot; onclick=&quot;z&quot;&gt;w</b>");
    expect_clean(*state, "<script", "&lt;script");
    expect_clean(*state, "<scr<script></script>ipt>", "&lt;script&gt;");
}

static void every_tag_is_closed_and_nesting_ends(void **state)
{
    struct ctx *cx = *state;
    expect_clean(cx, "<b><i>x", "<b><i>x</i></b>");
    expect_clean(cx, "<b><i>x</b>y</i>", "<b><i>x</i></b>y");
    expect_clean(cx, "</p>x</div>", "x");
    struct buf deep = buf_new(cx->arena);
    for (int i = 0; i < 10000; i++)
        buf_adds(&deep, "<div>");
    assert_int_equal(strlen(html_clean(cx->arena, buf_str(&deep))), 64 * 11);
}

static void cleaning_twice_is_cleaning_once(void **state)
{
    struct ctx *cx = *state;
    static const char pieces[][12] = {"<", ">", "&", "amp;", "lt;", "b", "/", "!--",
        "-->", "#65;", "x", " ", "\n", "br", "<p>", "</p>", "\"", "a href=", "https://",
        "<a ", "script", "<script>", "</", "=", "'", "svg", "o:p", "quot;"};
    uint64_t seed = 11;
    for (int i = 0; i < 20000; i++) {
        struct buf text = buf_new(cx->arena);
        for (int n = 0; n < 10; n++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            buf_adds(&text, pieces[(seed >> 33) % (sizeof pieces / sizeof pieces[0])]);
        }
        const char *once = html_clean(cx->arena, buf_str(&text));
        assert_string_equal(html_clean(cx->arena, once), once);
        assert_null(strstr(once, "<script"));
        assert_null(strstr(once, "<svg"));
        arena_reset(cx->arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(harmless_tags_stay_without_their_attributes),
        CTX_TEST(what_runs_or_loads_is_taken_out),
        CTX_TEST(links_lead_to_the_web_or_to_a_mailbox),
        CTX_TEST(what_looks_like_a_tag_and_is_none_is_text),
        CTX_TEST(every_tag_is_closed_and_nesting_ends),
        CTX_TEST(cleaning_twice_is_cleaning_once),
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
