/* XML of requests: what is read, what is refused; and the escaping of answers. */
#include "dav/precond.h"
#include "dav/xml.h"
#include "unit.h"

#define PARSE(cx, text, root) xml_parse((cx), (text), strlen(text), (root))

static void a_tree_has_names_attributes_and_text(void **state)
{
    struct ctx *cx = *state;
    struct xml *root;
    assert_ok(cx,
        PARSE(cx,
            "<?xml version=\"1.0\"?><a:query xmlns:a=\"urn:ietf:params:xml:ns:caldav\" "
            "xmlns:d='DAV:'>\n <d:prop/> "
            "<a:filter name=\"a&amp;b&lt;&quot;c\">x <![CDATA[&]]>"
            "&#233;&gt;</a:filter></a:query>",
            &root));
    assert_true(xml_is(root, NS_CALDAV, "query"));
    assert_true(xml_is(xml_first(root), NS_DAV, "prop"));
    const struct xml *filter = xml_child(root, NS_CALDAV, "filter");
    assert_string_equal(xml_attr(filter, "name"), "a&b<\"c");
    assert_null(xml_attr(filter, "other"));
    assert_string_equal(xml_text(cx, filter), "x &\xc3\xa9>");
    assert_null(xml_next(filter));
    assert_null(xml_child(root, NS_DAV, "filter"));
}

static void a_dtd_is_refused_before_anything_is_fetched(void **state)
{
    struct ctx *cx = *state;
    struct xml *root;
    assert_err(cx, ERR_EXTERNAL_ENTITIES, PARSE(cx,
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", &root));
    assert_err(cx, ERR_EXTERNAL_ENTITIES, PARSE(cx,
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", &root));
    assert_err(cx, ERR_EXTERNAL_ENTITIES, PARSE(cx, "<a>&x;</a>", &root));
    assert_err(cx, ERR_EXTERNAL_ENTITIES, PARSE(cx, "<a b='&x;'/>", &root));
}

static void broken_xml_is_a_bad_request(void **state)
{
    static const char *const broken[] = {
        "", "x", "<a>", "<a></b>", "<a/><b/>", "<a b=c/>", "<a>\x01</a>", "<a>\xff</a>",
        "<a>&#0;</a>", "<a xmlns:b=''/>", "<b:a/>", "<a b:c='d'/>", "<a a='1' a='2'/>",
    };
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        struct xml *root = NULL;
        assert_err(cx, ERR_BAD_REQUEST, PARSE(cx, broken[i], &root));
        assert_null(root);
    }
}

static void depth_and_number_of_elements_are_capped(void **state)
{
    struct ctx *cx = *state;
    struct xml *root;
    struct buf deep = buf_new(cx->arena), wide = buf_new(cx->arena);
    for (int i = 0; i < XML_MAX_DEPTH; i++)
        buf_adds(&deep, "<a>");
    for (int i = 0; i < XML_MAX_DEPTH; i++)
        buf_adds(&deep, "</a>");
    assert_ok(cx, PARSE(cx, buf_str(&deep), &root));
    char *deeper = arena_printf(cx->arena, "<b>%s</b>", buf_str(&deep));
    assert_err(cx, ERR_BAD_REQUEST, PARSE(cx, deeper, &root));
    buf_adds(&wide, "<a>");
    for (int i = 0; i < XML_MAX_ELEMENTS; i++)
        buf_adds(&wide, "<b/>");
    buf_adds(&wide, "</a>");
    assert_err(cx, ERR_TOO_LARGE, PARSE(cx, buf_str(&wide), &root));
    char *large = arena_alloc(cx->arena, XML_MAX_BYTES + 1);
    assert_err(cx, ERR_TOO_LARGE, xml_parse(cx, large, XML_MAX_BYTES + 1, &root));
}

static void other_encodings_are_understood(void **state)
{
    static const char utf16[] = "\xff\xfe<\0a\0>\0\xe9\0<\0/\0a\0>\0";
    struct ctx *cx = *state;
    struct xml *root;
    assert_ok(cx, xml_parse(cx, utf16, sizeof(utf16) - 1, &root));
    assert_string_equal(xml_text(cx, root), "\xc3\xa9");
}

static void a_printed_element_means_the_same_anywhere(void **state)
{
    struct ctx *cx = *state;
    struct xml *root, *again;
    assert_ok(cx, PARSE(cx,
        "<a:x xmlns:a='urn:a' xmlns:b='urn:b' xml:lang='de' b:k='1 &lt;&apos;'>t&amp;"
        "<b:y/><z xmlns=''>\r\n</z><a:w/></a:x>", &root));
    char *printed = xml_print(cx, root);
    assert_ok(cx, PARSE(cx, printed, &again));
    assert_string_equal(again->ns, "urn:a");
    assert_int_equal(again->n_attrs, 2);
    assert_string_equal(again->attrs[0].value, "de");
    assert_string_equal(again->attrs[1].ns, "urn:b");
    assert_string_equal(again->attrs[1].value, "1 <'");
    const struct xml *y = xml_first(again);
    assert_string_equal(y->ns, "urn:b");
    assert_string_equal(xml_next(y)->ns, "");
    assert_string_equal(xml_next(xml_next(y))->ns, "urn:a");
    assert_string_equal(xml_print(cx, again), printed);
}

static void forbidden_characters_never_reach_an_answer(void **state)
{
    struct ctx *cx = *state;
    struct buf out = buf_new(cx->arena);
    xml_adds(&out, "a\x01<b>&\r\n\t\xef\xbf\xbe\xef\xbf\xbd\"'\x1f\xe4\xbd\xa0");
    assert_string_equal(buf_str(&out),
        "a&lt;b&gt;&amp;&#13;\n\t\xef\xbf\xbd\"'\xe4\xbd\xa0");
}

static void every_error_kind_has_a_status(void **state)
{
    (void)state;
    for (int kind = 1; kind < ERR_KIND_COUNT; kind++) {
        const struct precond *row = precond_find((enum err)kind);
        assert_in_range(row->status, 400, 599);
        assert_true((row->ns == NS_OTHER) == (row->element == NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_tree_has_names_attributes_and_text),
        CTX_TEST(a_dtd_is_refused_before_anything_is_fetched),
        CTX_TEST(broken_xml_is_a_bad_request),
        CTX_TEST(depth_and_number_of_elements_are_capped),
        CTX_TEST(other_encodings_are_understood),
        CTX_TEST(a_printed_element_means_the_same_anywhere),
        CTX_TEST(forbidden_characters_never_reach_an_answer),
        CTX_TEST(every_error_kind_has_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
