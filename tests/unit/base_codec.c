#include "base/codec.h"

#include "unit.h"

static void hex_is_lower_case(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(hex_encode(cx->arena, "\x00\xff\x1a", 3), "00ff1a");
    assert_string_equal(hex_encode(cx->arena, "", 0), "");
}

static const struct {
    const char *plain, *text;
} rfc4648[] = { /* section 10 */
    {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
};

static void base64_agrees_with_the_vectors_of_rfc_4648(void **state)
{
    struct ctx *cx = *state;
    unsigned char *data;
    size_t n;
    for (size_t i = 0; i < sizeof(rfc4648) / sizeof(*rfc4648); i++) {
        const char *plain = rfc4648[i].plain;
        assert_string_equal(
            base64_encode(cx->arena, plain, strlen(plain)), rfc4648[i].text);
        assert_true(base64_decode(cx->arena, rfc4648[i].text, &data, &n));
        assert_int_equal(n, strlen(plain));
        assert_string_equal(data, plain); /* a NUL stands behind it */
    }
}

static void base64url_has_its_own_alphabet_and_no_padding(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(base64_encode(cx->arena, "\xfb\xff\xfe\xfb", 4), "+//++w==");
    assert_string_equal(base64url_encode(cx->arena, "\xfb\xff\xfe\xfb", 4), "-__--w");
}

static void every_length_comes_back(void **state)
{
    struct ctx *cx = *state;
    unsigned char bytes[64], *data;
    size_t n;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 37 + 200);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        assert_true(
            base64_decode(cx->arena, base64url_encode(cx->arena, bytes, len), &data, &n));
        assert_int_equal(n, len);
        assert_memory_equal(data, bytes, len);
        assert_true(
            base64_decode(cx->arena, base64_encode(cx->arena, bytes, len), &data, &n));
        assert_int_equal(n, len);
        assert_memory_equal(data, bytes, len);
    }
}

static void decoding_takes_both_alphabets_and_white_space(void **state)
{
    struct ctx *cx = *state;
    static const char *const same[] = {
        "+//++w==", "-__--w", "-__--w==", " +/ /+\r\n+w=\t= "};
    unsigned char *data;
    size_t n;
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
        assert_true(base64_decode(cx->arena, same[i], &data, &n));
        assert_int_equal(n, 4);
        assert_memory_equal(data, "\xfb\xff\xfe\xfb", 4);
    }
}

static void decoding_refuses_what_is_not_base64(void **state)
{
    struct ctx *cx = *state;
    static const char *const wrong[] = {"Z", "Zm9vY", "Zg=", "Zg===", "Z===", "=", "==Zg",
        "Zg==Zg==", "Zm9v====", "Zm9v=", "Zm.v", "Zm\x80v", "Zm9v!"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        unsigned char *data = (unsigned char *)"untouched";
        size_t n = 77;
        if (base64_decode(cx->arena, wrong[i], &data, &n))
            fail_msg("decoded: %s", wrong[i]);
        assert_string_equal(data, "untouched");
        assert_int_equal(n, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(hex_is_lower_case),
        CTX_TEST(base64_agrees_with_the_vectors_of_rfc_4648),
        CTX_TEST(base64url_has_its_own_alphabet_and_no_padding),
        CTX_TEST(every_length_comes_back),
        CTX_TEST(decoding_takes_both_alphabets_and_white_space),
        CTX_TEST(decoding_refuses_what_is_not_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
