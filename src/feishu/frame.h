/* One frame of the long connection: a protobuf message (frame.proto, feishu-api 11.4). */
#ifndef FEISHU_FRAME_H
#define FEISHU_FRAME_H

#include "base/ctx.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX_BYTES (4u * 1024 * 1024)
#define FRAME_HEADERS_MAX 64

enum frame_method { FRAME_CONTROL = 0, FRAME_DATA = 1 };

struct frame_header {
    const char *key, *value;
};

struct frame {
    uint64_t seq_id, log_id;
    int32_t service, method; /* enum frame_method */
    struct frame_header headers[FRAME_HEADERS_MAX];
    size_t n_headers;
    const char *payload_encoding, *payload_type, *log_id_new; /* NULL = none */
    const char *payload; /* NULL = none; a NUL behind it when it was decoded */
    size_t payload_bytes;
};

/* Everything in cx->arena. BAD_REQUEST when the bytes are no frame. */
enum err frame_decode(
    struct ctx *cx, const void *bytes, size_t len_bytes, struct frame *frame);
void frame_encode(struct ctx *cx, const struct frame *frame, struct buf *out);

/* "" when there is no such header. */
const char *frame_header(const struct frame *frame, const char *key);
/* False when there is no room for it. */
bool frame_header_add(struct frame *frame, const char *key, const char *value);

#endif
