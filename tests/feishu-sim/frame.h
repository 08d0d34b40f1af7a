/* The binary frame of the long connection (protobuf, proto2), written and read by hand
 * so that the bridge's reading, which is made from a .proto file, has another beside it.
 */
#ifndef SIM_FRAME_H
#define SIM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define FRAME_HEADERS_MAX 24

enum { FRAME_CONTROL = 0, FRAME_DATA = 1 };

struct frame_header {
    char *key, *value;
};

struct frame {
    uint64_t seq_id, log_id;
    int32_t service, method;
    struct frame_header headers[FRAME_HEADERS_MAX];
    size_t n_headers;
    char *payload; /* NUL behind it */
    size_t n_payload;
};

void frame_header(struct frame *f, const char *key, const char *value);
/* NULL when it is not there. */
const char *frame_header_get(const struct frame *f, const char *key);
void frame_write(struct buf *out, const struct frame *f);
/* NULL, or why the bytes are no frame. */
const char *frame_read(const void *bytes, size_t n, struct frame *out);
void frame_free(struct frame *f);

#endif
