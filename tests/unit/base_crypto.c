#include "base/crypto.h"

#include "base/codec.h"
#include "unit.h"

#include <regex.h>

static const unsigned char key[SEAL_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static const unsigned char other_key[SEAL_KEY_BYTES] = "0123456789abcdef0123456789abcdf";

static void sha256_agrees_with_its_known_digests(void **state)
{
    struct ctx *cx = *state;
    unsigned char out[SHA256_BYTES];
    crypto_sha256("abc", 3, out);
    assert_string_equal(hex_encode(cx->arena, out, sizeof(out)),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256("", 0, out);
    assert_string_equal(hex_encode(cx->arena, out, sizeof(out)),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void hmac_agrees_with_rfc_4231(void **state)
{
    struct ctx *cx = *state;
    static const char text[] = "what do ya want for nothing?";
    unsigned char out[SHA256_BYTES];
    crypto_hmac_sha256("Jefe", 4, text, strlen(text), out);
    assert_string_equal(hex_encode(cx->arena, out, sizeof(out)),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void a_sealed_value_opens_with_key_and_purpose(void **state)
{
    struct ctx *cx = *state;
    static const char *const texts[] = {
        "", "x", "eyJhbGciOi.refresh", "\xe9\xa3\x9e\xe4\xb9\xa6"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        char *sealed, *plain;
        assert_ok(cx, crypto_seal(cx, key, "account.refresh", texts[i], &sealed));
        assert_memory_equal(sealed, "1.", 2);
        assert_true(strlen(texts[i]) < 5 || !strstr(sealed, texts[i]));
        assert_ok(cx, crypto_open(cx, key, "account.refresh", sealed, &plain));
        assert_string_equal(plain, texts[i]);
    }
}

static void a_value_moved_to_another_purpose_does_not_open(void **state)
{
    struct ctx *cx = *state;
    char *sealed, *plain = "untouched";
    assert_ok(cx, crypto_seal(cx, key, "account.refresh", "secret", &sealed));
    assert_err(cx, ERR_STORE, crypto_open(cx, key, "account.access", sealed, &plain));
    assert_string_equal(plain, "untouched");
    assert_non_null(strstr(ctx_error(cx), "account.access"));
}

static void another_key_does_not_open(void **state)
{
    struct ctx *cx = *state;
    char *sealed, *plain = "untouched";
    assert_ok(cx, crypto_seal(cx, key, "p", "secret", &sealed));
    assert_err(cx, ERR_STORE, crypto_open(cx, other_key, "p", sealed, &plain));
    assert_string_equal(plain, "untouched");
}

static void any_altered_character_is_noticed(void **state)
{
    struct ctx *cx = *state;
    char *sealed, *plain = "untouched";
    /* 12 + 5 + 16 bytes are 44 whole characters: each one carries text. */
    assert_ok(cx, crypto_seal(cx, key, "p", "hello", &sealed));
    for (size_t i = 0; sealed[i]; i++) {
        char kept = sealed[i];
        sealed[i] = kept == 'A' ? 'B' : 'A';
        assert_err(cx, ERR_STORE, crypto_open(cx, key, "p", sealed, &plain));
        sealed[i] = kept;
    }
    assert_ok(cx, crypto_open(cx, key, "p", sealed, &plain));
}

static void what_was_never_sealed_does_not_open(void **state)
{
    struct ctx *cx = *state;
    static const char *const wrong[] = {"", "1.", "1", "2.AAAA", "plain text", "1.!!!!",
        "1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* one byte short of nonce and tag */
        "1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char *plain = NULL;
        assert_err(cx, ERR_STORE, crypto_open(cx, key, "p", wrong[i], &plain));
        assert_null(plain);
    }
}

static void the_same_text_is_sealed_differently_each_time(void **state)
{
    struct ctx *cx = *state;
    char *one, *two;
    assert_ok(cx, crypto_seal(cx, key, "p", "secret", &one));
    assert_ok(cx, crypto_seal(cx, key, "p", "secret", &two));
    assert_string_not_equal(one, two);
}

static void randomness_comes_through_the_seam(void **state)
{
    (void)state;
    struct still still = {.next_byte = 0};
    struct seam seam = still_seam(&still);
    struct ctx *cx = ctx_new(&seam);
    still.next_byte = 0;
    assert_string_equal(crypto_random_text(cx, 3), "AQID");
    ctx_free(cx);
}

static void random_text_has_the_bytes_asked_for(void **state)
{
    struct ctx *cx = *state;
    assert_int_equal(strlen(crypto_random_text(cx, 16)), 22);
    assert_int_equal(strlen(crypto_random_text(cx, 32)), 43);
    assert_string_not_equal(crypto_random_text(cx, 16), crypto_random_text(cx, 16));
}

static void a_uuid_has_the_form_of_version_4(void **state)
{
    struct ctx *cx = *state;
    regex_t form;
    assert_int_equal(regcomp(&form,
                         "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                         "[0-9a-f]{12}$",
                         REG_EXTENDED | REG_NOSUB),
        0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(regexec(&form, crypto_uuid(cx), 0, NULL, 0), 0);
    regfree(&form);
}

static void equality_compares_all_bytes(void **state)
{
    (void)state;
    assert_true(crypto_equal("a\0b", "a\0b", 3));
    assert_false(crypto_equal("a\0b", "a\0c", 3));
    assert_true(crypto_equal("x", "y", 0));
}

static void a_secret_keeps_its_text_and_can_be_none(void **state)
{
    struct ctx *cx = *state;
    struct secret some = secret_new(cx->arena, "hush"),
                  none = secret_new(cx->arena, NULL);
    assert_string_equal(secret_text(&some), "hush");
    assert_null(secret_text(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(sha256_agrees_with_its_known_digests),
        CTX_TEST(hmac_agrees_with_rfc_4231),
        CTX_TEST(a_sealed_value_opens_with_key_and_purpose),
        CTX_TEST(a_value_moved_to_another_purpose_does_not_open),
        CTX_TEST(another_key_does_not_open),
        CTX_TEST(any_altered_character_is_noticed),
        CTX_TEST(what_was_never_sealed_does_not_open),
        CTX_TEST(the_same_text_is_sealed_differently_each_time),
        cmocka_unit_test(randomness_comes_through_the_seam),
        CTX_TEST(random_text_has_the_bytes_asked_for),
        CTX_TEST(a_uuid_has_the_form_of_version_4),
        CTX_TEST(equality_compares_all_bytes),
        CTX_TEST(a_secret_keeps_its_text_and_can_be_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
