/* Messages for push services: the example of RFC 8291, and what must not be taken. */
#include "base/webpush.h"

#include "base/codec.h"
#include "unit.h"

/* RFC 8291 section 5 and appendix A */
#define SUBSCRIBER                                                                       \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNto" \
    "IAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define SALT "DGv6ra1nlYgDCS1FRnbzlw"
#define SENDER_PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define MESSAGE                                                                          \
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYL" \
    "ocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyou" \
    "BWLVWGNWQexSgSxsj_Qulcy4a-fN"

/* Random numbers of the example: the salt, then the sender's key. */
static void example_random(void *self, void *out, size_t len_bytes)
{
    struct ctx *cx = self;
    unsigned char *bytes;
    size_t n;
    assert_true(base64_decode(
        cx->arena, len_bytes == 16 ? SALT : SENDER_PRIVATE, &bytes, &n));
    assert_int_equal(n, len_bytes);
    memcpy(out, bytes, n);
}

static void the_example_of_rfc_8291_comes_out(void **state)
{
    struct ctx *cx = *state;
    struct seam seam = *cx->seam;
    struct buf out = buf_new(cx->arena);
    seam.random = example_random;
    seam.self = cx;
    const struct seam *before = cx->seam;
    cx->seam = &seam;
    assert_ok(cx,
        webpush_encrypt(
            cx, SUBSCRIBER, AUTH, "When I grow up, I want to be a watermelon", &out));
    cx->seam = before;
    assert_string_equal(
        base64url_encode(cx->arena, out.data, out.len_bytes), MESSAGE);
}

static void two_messages_never_look_alike(void **state)
{
    struct ctx *cx = *state;
    struct buf one = buf_new(cx->arena), two = buf_new(cx->arena);
    assert_ok(cx, webpush_encrypt(cx, SUBSCRIBER, AUTH, "same", &one));
    assert_ok(cx, webpush_encrypt(cx, SUBSCRIBER, AUTH, "same", &two));
    assert_int_equal(one.len_bytes, 86 + 4 + 1 + 16);
    assert_memory_not_equal(one.data, two.data, 86);
}

static void keys_that_are_none_are_refused(void **state)
{
    struct ctx *cx = *state;
    struct buf out = buf_new(cx->arena);
    char *off_curve = arena_strdup(cx->arena, SUBSCRIBER);
    off_curve[60] = off_curve[60] == 'A' ? 'B' : 'A';
    assert_true(webpush_keys_good(cx, SUBSCRIBER, AUTH));
    assert_false(webpush_keys_good(cx, off_curve, AUTH));
    assert_false(webpush_keys_good(cx, "BCVx", AUTH));
    assert_false(webpush_keys_good(cx, SUBSCRIBER, "short"));
    assert_false(webpush_keys_good(cx, NULL, NULL));
    assert_int_equal(
        webpush_encrypt(cx, off_curve, AUTH, "x", &out), ERR_BAD_REQUEST);
    assert_int_equal(out.len_bytes, 0);
    char *large = arena_alloc(cx->arena, WEBPUSH_MAX_BYTES + 2);
    memset(large, 'x', WEBPUSH_MAX_BYTES + 1);
    assert_int_equal(webpush_encrypt(cx, SUBSCRIBER, AUTH, large, &out), ERR_TOO_LARGE);
}

static void new_keys_are_good_and_sign(void **state)
{
    struct ctx *cx = *state;
    char *private_key, *public_key, *header;
    webpush_keys(cx, &private_key, &public_key);
    assert_true(webpush_keys_good(cx, public_key, AUTH));
    struct webpush_sender sender = {
        .private_key = private_key, .public_key = public_key, .contact = "mailto:a@b"};
    assert_ok(cx,
        webpush_authorization(cx, &sender, "https://push.example.com", 1800000000,
            &header));
    assert_true(str_starts(header, "vapid t="));
    assert_true(str_ends(header, arena_printf(cx->arena, ", k=%s", public_key)));
    char **parts = str_split(cx->arena, header + strlen("vapid t="), '.');
    unsigned char *claims;
    size_t n;
    assert_true(base64_decode(cx->arena, parts[1], &claims, &n));
    assert_string_equal((char *)claims,
        "{\"aud\":\"https://push.example.com\",\"exp\":1800000000,"
        "\"sub\":\"mailto:a@b\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(the_example_of_rfc_8291_comes_out),
        CTX_TEST(two_messages_never_look_alike),
        CTX_TEST(keys_that_are_none_are_refused),
        CTX_TEST(new_keys_are_good_and_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
