#include "feishu/frame.h"

#include "config.h"
#include "feishu/frame.pb-c.h"

#include <string.h>

static void *from_arena(void *arena, size_t len_bytes)
{
    return arena_alloc(arena, len_bytes ? len_bytes : 1);
}

static void leave_to_arena(void *arena, void *data)
{
    (void)arena;
    (void)data;
}

const char *frame_header(const struct frame *frame, const char *key)
{
    for (size_t i = 0; i < frame->n_headers; i++)
        if (str_eq(frame->headers[i].key, key))
            return frame->headers[i].value;
    return "";
}

bool frame_header_add(struct frame *frame, const char *key, const char *value)
{
    if (frame->n_headers == FRAME_HEADERS_MAX)
        return false;
    frame->headers[frame->n_headers++] = (struct frame_header){key, value};
    return true;
}

enum err frame_decode(
    struct ctx *cx, const void *bytes, size_t len_bytes, struct frame *frame)
{
    ProtobufCAllocator allocator = {
        .alloc = from_arena, .free = leave_to_arena, .allocator_data = cx->arena};
    const Feishu__Frame *message = NULL;
    struct frame found;
    if (len_bytes && len_bytes <= FRAME_MAX_BYTES)
        message = feishu__frame__unpack(&allocator, len_bytes, bytes);
    if (!message || message->n_headers > FRAME_HEADERS_MAX)
        return fail(cx, ERR_BAD_REQUEST, "%zu bytes that are no frame", len_bytes);
    found = (struct frame){
        .seq_id = message->seqid,
        .log_id = message->logid,
        .service = message->service,
        .method = message->method,
        .payload_encoding = message->payload_encoding,
        .payload_type = message->payload_type,
        .log_id_new = message->logidnew,
    };
    for (size_t i = 0; i < message->n_headers; i++)
        frame_header_add(&found, message->headers[i]->key, message->headers[i]->value);
    if (message->has_payload) {
        char *copy = arena_alloc(cx->arena, message->payload.len + 1);
        if (message->payload.len)
            memcpy(copy, message->payload.data, message->payload.len);
        copy[message->payload.len] = '\0';
        found.payload = copy;
        found.payload_bytes = message->payload.len;
    }
    *frame = found;
    return ERR_OK;
}

/* The generated structures are not const, but packing only reads them. */
static char *lend(const char *text)
{
    union {
        const char *in;
        char *out;
    } lent = {.in = text};
    return lent.out;
}

void frame_encode(struct ctx *cx, const struct frame *frame, struct buf *out)
{
    Feishu__Header headers[FRAME_HEADERS_MAX];
    Feishu__Header *pointers[FRAME_HEADERS_MAX];
    Feishu__Frame message = FEISHU__FRAME__INIT;
    message.seqid = frame->seq_id;
    message.logid = frame->log_id;
    message.service = frame->service;
    message.method = frame->method;
    message.payload_encoding = lend(frame->payload_encoding);
    message.payload_type = lend(frame->payload_type);
    message.logidnew = lend(frame->log_id_new);
    for (size_t i = 0; i < frame->n_headers; i++) {
        headers[i] = (Feishu__Header)FEISHU__HEADER__INIT;
        headers[i].key = lend(frame->headers[i].key);
        headers[i].value = lend(frame->headers[i].value);
        pointers[i] = &headers[i];
    }
    message.n_headers = frame->n_headers;
    message.headers = pointers;
    if (frame->payload) {
        message.has_payload = 1;
        message.payload.len = frame->payload_bytes;
        message.payload.data = (uint8_t *)lend(frame->payload);
    }
    size_t len_bytes = feishu__frame__get_packed_size(&message);
    uint8_t *bytes = arena_alloc(cx->arena, len_bytes);
    buf_add(out, bytes, feishu__frame__pack(&message, bytes));
}
