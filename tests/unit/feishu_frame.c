#include "feishu/frame.h"

#include "base/codec.h"
#include "unit.h"

/* Both made by another implementation of protobuf from the same description. */
static const char ping_hex[] = "0800100018f681801020002a0c0a0474797065120470696e67";
static const char data_hex[] =
    "08ac0210ffffffffffffffffff0118feffffffffffffffff0120012a0d0a04747970651205657665"
    "6e742a080a0373756d1201313204677a69703a046a736f6e42027b7d4a0178";

static size_t bytes_of(const char *hex, unsigned char *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (unsigned char)byte;
    }
    return n;
}

static void a_ping_has_the_known_bytes(void **state)
{
    struct ctx *cx = *state;
    struct buf out = buf_new(cx->arena);
    struct frame frame = {.service = 33554678, .method = FRAME_CONTROL};
    assert_true(frame_header_add(&frame, "type", "ping"));
    frame_encode(cx, &frame, &out);
    assert_string_equal(hex_encode(cx->arena, out.data, out.len_bytes), ping_hex);
}

static void every_field_is_read_and_written_back_as_it_was(void **state)
{
    struct ctx *cx = *state;
    unsigned char bytes[256];
    size_t n = bytes_of(data_hex, bytes);
    struct frame frame;
    struct buf out = buf_new(cx->arena);
    assert_ok(cx, frame_decode(cx, bytes, n, &frame));
    assert_int_equal(frame.seq_id, 300);
    assert_true(frame.log_id == UINT64_MAX);
    assert_int_equal(frame.service, -2);
    assert_int_equal(frame.method, FRAME_DATA);
    assert_int_equal(frame.n_headers, 2);
    assert_string_equal(frame_header(&frame, "type"), "event");
    assert_string_equal(frame_header(&frame, "sum"), "1");
    assert_string_equal(frame_header(&frame, "seq"), "");
    assert_string_equal(frame.payload_encoding, "gzip");
    assert_string_equal(frame.payload_type, "json");
    assert_string_equal(frame.payload, "{}");
    assert_int_equal(frame.payload_bytes, 2);
    assert_string_equal(frame.log_id_new, "x");
    frame_encode(cx, &frame, &out);
    assert_string_equal(hex_encode(cx->arena, out.data, out.len_bytes), data_hex);
}

static void an_unknown_field_is_skipped(void **state)
{
    struct ctx *cx = *state;
    unsigned char bytes[256];
    size_t n = bytes_of(ping_hex, bytes);
    struct frame frame;
    bytes[n++] = 15 << 3; /* field 15, a varint */
    bytes[n++] = 7;
    assert_ok(cx, frame_decode(cx, bytes, n, &frame));
    assert_string_equal(frame_header(&frame, "type"), "ping");
}

static void broken_bytes_are_no_frame(void **state)
{
    struct ctx *cx = *state;
    unsigned char bytes[256];
    size_t n = bytes_of(data_hex, bytes);
    struct frame frame = {.service = 7};
    for (size_t cut = 0; cut < 24; cut++) /* required fields are missing or cut */
        assert_err(cx, ERR_BAD_REQUEST, frame_decode(cx, bytes, cut, &frame));
    assert_err(cx, ERR_BAD_REQUEST, frame_decode(cx, "not protobuf", 12, &frame));
    assert_int_equal(frame.service, 7);
    assert_ok(cx, frame_decode(cx, bytes, n, &frame));
}

static void too_many_headers_are_refused(void **state)
{
    struct ctx *cx = *state;
    struct frame frame = {0};
    struct buf out = buf_new(cx->arena);
    for (int i = 0; i < FRAME_HEADERS_MAX; i++)
        assert_true(frame_header_add(&frame, "k", "v"));
    assert_false(frame_header_add(&frame, "k", "v"));
    frame_encode(cx, &frame, &out);
    assert_ok(cx, frame_decode(cx, out.data, out.len_bytes, &frame));
    buf_add(&out, "\x2a\x06\x0a\x01k\x12\x01v", 8);
    assert_err(cx, ERR_BAD_REQUEST, frame_decode(cx, out.data, out.len_bytes, &frame));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_ping_has_the_known_bytes),
        CTX_TEST(every_field_is_read_and_written_back_as_it_was),
        CTX_TEST(an_unknown_field_is_skipped),
        CTX_TEST(broken_bytes_are_no_frame),
        CTX_TEST(too_many_headers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
