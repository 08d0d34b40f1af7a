#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Numbers of the fields and the wire types. */
enum { F_SEQ_ID = 1, F_LOG_ID, F_SERVICE, F_METHOD, F_HEADERS, F_PAYLOAD = 8 };
enum { H_KEY = 1, H_VALUE };
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

void frame_header(struct frame *f, const char *key, const char *value)
{
    if (f->n_headers == FRAME_HEADERS_MAX)
        abort();
    f->headers[f->n_headers++] =
        (struct frame_header){.key = xstrdup(key), .value = xstrdup(value)};
}

const char *frame_header_get(const struct frame *f, const char *key)
{
    for (size_t i = 0; i < f->n_headers; i++)
        if (strcmp(f->headers[i].key, key) == 0)
            return f->headers[i].value;
    return NULL;
}

void frame_free(struct frame *f)
{
    for (size_t i = 0; i < f->n_headers; i++) {
        free(f->headers[i].key);
        free(f->headers[i].value);
    }
    free(f->payload);
    *f = (struct frame){0};
}

/* ---- writing ---- */

static void put_varint(struct buf *out, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));

        buf_add(out, &byte, 1);
        value >>= 7;
    } while (value);
}

static void put_number(struct buf *out, unsigned field, uint64_t value)
{
    put_varint(out, field << 3 | WIRE_VARINT);
    put_varint(out, value);
}

static void put_bytes(struct buf *out, unsigned field, const void *p, size_t n)
{
    put_varint(out, field << 3 | WIRE_BYTES);
    put_varint(out, n);
    buf_add(out, p, n);
}

void frame_write(struct buf *out, const struct frame *f)
{
    put_number(out, F_SEQ_ID, f->seq_id);
    put_number(out, F_LOG_ID, f->log_id);
    /* An int32 below zero is ten bytes long, as if it had 64 bits. */
    put_number(out, F_SERVICE, (uint64_t)(int64_t)f->service);
    put_number(out, F_METHOD, (uint64_t)(int64_t)f->method);
    for (size_t i = 0; i < f->n_headers; i++) {
        const struct frame_header *h = &f->headers[i];
        struct buf pair = {0};

        put_bytes(&pair, H_KEY, h->key, strlen(h->key));
        put_bytes(&pair, H_VALUE, h->value, strlen(h->value));
        put_bytes(out, F_HEADERS, pair.p, pair.n);
        buf_free(&pair);
    }
    if (f->payload)
        put_bytes(out, F_PAYLOAD, f->payload, f->n_payload);
}

/* ---- reading ---- */

struct reader {
    const uint8_t *at, *end;
};

struct field {
    unsigned number, wire;
    uint64_t value;
    const uint8_t *bytes;
};

static bool get_varint(struct reader *r, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        uint8_t byte = *r->at++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* The value of a length-delimited field is its length. */
static bool get_field(struct reader *r, struct field *out)
{
    uint64_t tag;
    size_t skip = 0;

    if (!get_varint(r, &tag))
        return false;
    *out = (struct field){.number = (unsigned)(tag >> 3), .wire = tag & 7};
    if (out->wire == WIRE_VARINT)
        return get_varint(r, &out->value);
    if (out->wire == WIRE_BYTES) {
        if (!get_varint(r, &out->value))
            return false;
        skip = (size_t)out->value;
    } else if (out->wire == WIRE_64) {
        skip = 8;
    } else if (out->wire == WIRE_32) {
        skip = 4;
    } else {
        return false;
    }
    if (skip > (size_t)(r->end - r->at))
        return false;
    out->bytes = r->at;
    r->at += skip;
    return true;
}

static const char *read_header(const struct field *field, struct frame *out)
{
    struct reader r = {field->bytes, field->bytes + field->value};
    char *text[3] = {0};
    struct field part;
    const char *why = NULL;

    while (r.at < r.end && !why) {
        if (!get_field(&r, &part))
            why = "a header is broken";
        else if ((part.number == H_KEY || part.number == H_VALUE) &&
            part.wire == WIRE_BYTES) {
            free(text[part.number]);
            text[part.number] = xstrndup((const char *)part.bytes, (size_t)part.value);
        }
    }
    if (!why && (!text[H_KEY] || !text[H_VALUE]))
        why = "a header lacks key or value";
    if (!why && out->n_headers == FRAME_HEADERS_MAX)
        why = "too many headers";
    if (why) {
        free(text[H_KEY]);
        free(text[H_VALUE]);
        return why;
    }
    out->headers[out->n_headers++] = (struct frame_header){text[H_KEY], text[H_VALUE]};
    return NULL;
}

static const char *read_field(const struct field *field, struct frame *out)
{
    bool is_number = field->number >= F_SEQ_ID && field->number <= F_METHOD;

    if (is_number && field->wire != WIRE_VARINT)
        return "a number is not a varint";
    switch (field->number) {
    case F_SEQ_ID:
        out->seq_id = field->value;
        break;
    case F_LOG_ID:
        out->log_id = field->value;
        break;
    case F_SERVICE:
        out->service = (int32_t)field->value;
        break;
    case F_METHOD:
        out->method = (int32_t)field->value;
        break;
    case F_HEADERS:
        return field->wire == WIRE_BYTES ? read_header(field, out) : "headers";
    case F_PAYLOAD:
        if (field->wire != WIRE_BYTES)
            return "payload";
        free(out->payload);
        out->payload = xstrndup((const char *)field->bytes, (size_t)field->value);
        out->n_payload = (size_t)field->value;
        break;
    }
    return NULL;
}

const char *frame_read(const void *bytes, size_t n, struct frame *out)
{
    struct reader r = {bytes, (const uint8_t *)bytes + n};
    const unsigned required =
        1u << F_SEQ_ID | 1u << F_LOG_ID | 1u << F_SERVICE | 1u << F_METHOD;
    unsigned seen = 0;
    struct field field;
    const char *why = NULL;

    *out = (struct frame){0};
    while (r.at < r.end && !why) {
        if (!get_field(&r, &field)) {
            why = "the bytes are no protobuf message";
            break;
        }
        if (field.number < 32)
            seen |= 1u << field.number;
        why = read_field(&field, out);
    }
    if (!why && (seen & required) != required)
        why = "a required field is missing";
    if (why)
        frame_free(out);
    return why;
}
