#include "feishu/client.h"

#include "unit.h"

static void numbers_are_read_as_text(void **state)
{
    struct ctx *cx = *state;
    cJSON *json = json_parse(cx->arena,
        "{\"a\":1602504000,\"b\":\"x\",\"c\":-1.5,\"d\":true,\"e\":null,\"f\":{}}");
    assert_string_equal(json_text(json, "a"), "1602504000");
    assert_string_equal(json_text(json, "a"), "1602504000");
    assert_string_equal(json_text(json, "b"), "x");
    assert_string_equal(json_text(json, "c"), "-1.5");
    assert_string_equal(json_text(json, "d"), "true");
    assert_string_equal(json_text(json, "e"), "");
    assert_string_equal(json_text(json, "f"), "");
    assert_string_equal(json_text(json, "g"), "");
    assert_string_equal(json_text(NULL, "g"), "");
}

static void text_is_read_as_numbers(void **state)
{
    struct ctx *cx = *state;
    cJSON *json = json_parse(cx->arena,
        "{\"a\":\"1602504000\",\"b\":7,\"c\":\"7x\",\"d\":1e300,\"e\":0.5,\"f\":\"-3\","
        "\"g\":\"\"}");
    assert_int_equal(json_int(json, "a", 0), 1602504000);
    assert_int_equal(json_int(json, "b", 0), 7);
    assert_int_equal(json_int(json, "c", 42), 42);
    assert_int_equal(json_int(json, "d", 42), 42);
    assert_int_equal(json_int(json, "e", 42), 42);
    assert_int_equal(json_int(json, "f", 42), -3);
    assert_int_equal(json_int(json, "g", 42), 42);
    assert_int_equal(json_int(json, "h", 42), 42);
    assert_int_equal(json_int(NULL, "h", 42), 42);
}

static void booleans_come_in_three_shapes(void **state)
{
    struct ctx *cx = *state;
    cJSON *json = json_parse(cx->arena,
        "{\"a\":true,\"b\":\"True\",\"c\":1,\"d\":\"0\",\"e\":\"perhaps\",\"f\":0}");
    assert_true(json_bool(json, "a", false));
    assert_true(json_bool(json, "b", false));
    assert_true(json_bool(json, "c", false));
    assert_false(json_bool(json, "d", true));
    assert_true(json_bool(json, "e", true));
    assert_false(json_bool(json, "e", false));
    assert_false(json_bool(json, "f", true));
    assert_true(json_bool(json, "g", true));
}

static void a_list_that_is_null_or_missing_or_no_list_is_none(void **state)
{
    struct ctx *cx = *state;
    cJSON *json = json_parse(cx->arena, "{\"a\":[1],\"b\":null,\"c\":{},\"d\":[]}");
    assert_int_equal(cJSON_GetArraySize(json_array(json, "a")), 1);
    assert_null(json_array(json, "b"));
    assert_null(json_array(json, "c"));
    assert_non_null(json_array(json, "d"));
    assert_null(json_array(json, "e"));
}

static void broken_text_is_no_json(void **state)
{
    struct ctx *cx = *state;
    assert_null(json_parse(cx->arena, "{\"a\":"));
    assert_null(json_parse(cx->arena, "404 page not found"));
    assert_null(json_parse(cx->arena, ""));
    assert_null(json_parse(cx->arena, NULL));
}

static void an_object_is_printed_without_blanks(void **state)
{
    struct ctx *cx = *state;
    cJSON *json = json_object(cx->arena);
    cJSON_AddStringToObject(json, "summary", "\xe6\x97\xa5 \"x\"");
    cJSON_AddNumberToObject(json, "color", -14513409);
    assert_string_equal(json_print(cx->arena, json),
        "{\"summary\":\"\xe6\x97\xa5 \\\"x\\\"\",\"color\":-14513409}");
}

static void half_a_surrogate_pair_spoils_one_character_alone(void **state)
{
    struct ctx *cx = *state;
    static const char good[] = "{\"a\":\"\\ud83d\\ude00 \\\\ud83d \\u00e9\"}";
    assert_ptr_equal(json_mended(cx->arena, good), good);
    const char *bad = "{\"a\":\"x\\ud83d\",\"b\":\"\\ude00y\",\"c\":\"1\\u00002\"}";
    cJSON *json = json_parse(cx->arena, json_mended(cx->arena, bad));
    assert_string_equal(json_text(json, "a"), "x\xef\xbf\xbd");
    assert_string_equal(json_text(json, "b"), "\xef\xbf\xbdy");
    assert_string_equal(json_text(json, "c"), "1\xef\xbf\xbd" "2");
    assert_string_equal(json_mended(cx->arena, "\\"), "\\");
    assert_string_equal(json_mended(cx->arena, "\\ud8"), "\\ud8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(numbers_are_read_as_text),
        CTX_TEST(text_is_read_as_numbers),
        CTX_TEST(booleans_come_in_three_shapes),
        CTX_TEST(a_list_that_is_null_or_missing_or_no_list_is_none),
        CTX_TEST(broken_text_is_no_json),
        CTX_TEST(an_object_is_printed_without_blanks),
        CTX_TEST(half_a_surrogate_pair_spoils_one_character_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
