/* Bytes of the long connection: a frame, what comes back of it, its payload as an event.
 */
#include "feishu/envelope.h"
#include "feishu/frame.h"
#include "feishu/longconn_parts.h"

#include "fuzz.h"

#include <string.h>

static void same(const char *a, const char *b)
{
    FUZZ_CHECK(str_eq(a, b));
}

/* What is written again is read as the same. */
static void check_again(struct ctx *cx, const struct frame *frame)
{
    struct frame again;
    struct buf bytes = buf_new(cx->arena);
    frame_encode(cx, frame, &bytes);
    if (bytes.len_bytes > FRAME_MAX_BYTES)
        return;
    FUZZ_CHECK(!frame_decode(cx, bytes.data, bytes.len_bytes, &again));
    FUZZ_CHECK(again.seq_id == frame->seq_id && again.log_id == frame->log_id);
    FUZZ_CHECK(again.service == frame->service && again.method == frame->method);
    FUZZ_CHECK(again.n_headers == frame->n_headers);
    for (size_t i = 0; i < frame->n_headers; i++) {
        same(again.headers[i].key, frame->headers[i].key);
        same(again.headers[i].value, frame->headers[i].value);
    }
    FUZZ_CHECK(again.payload_bytes == frame->payload_bytes);
    FUZZ_CHECK(!frame->payload ||
        memcmp(again.payload, frame->payload, frame->payload_bytes) == 0);
}

static void check_parts(struct ctx *cx, const struct frame *frame)
{
    struct parts *parts = parts_new();
    char *whole = NULL;
    size_t whole_bytes = 0;
    for (int64_t seq = 2; seq >= 0; seq--) {
        struct part part = {.message_id = frame_header(frame, "message_id"),
            .sum = 3,
            .seq = seq,
            .payload = frame->payload,
            .payload_bytes = frame->payload_bytes};
        if (parts_add(cx, parts, &part, &whole, &whole_bytes))
            break;
        FUZZ_CHECK(!whole == (seq > 0));
    }
    FUZZ_CHECK(!whole || whole_bytes == 3 * frame->payload_bytes);
    parts_free(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    struct frame frame;
    struct feishu_event event;
    if (!frame_decode(cx, data, size, &frame)) {
        check_again(cx, &frame);
        check_parts(cx, &frame);
        if (frame.payload &&
            !envelope_read(cx, json_parse(cx->arena, frame.payload), &event))
            FUZZ_CHECK(*event.event_id && event.n_users <= ENVELOPE_USERS_MAX);
    }
    ctx_free(cx);
    return 0;
}
