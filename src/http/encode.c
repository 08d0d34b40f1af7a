#include "http/encode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Fast: multistatus bodies shrink to a tenth at any level. */
#define ENCODE_LEVEL 3
#define GZIP_WINDOW (15 + 16)

bool encode_accepts_gzip(const char *accept_encoding)
{
    const char *at = accept_encoding ? strstr(accept_encoding, "gzip") : NULL;
    if (!at)
        return false;
    size_t n = strcspn(at, ",");
    const char *q = strstr(at, "q=");
    return !q || q > at + n || strtod(q + 2, NULL) > 0;
}

bool encode_gzip(struct buf *body)
{
    z_stream z = {.next_in = (Bytef *)body->data, .avail_in = (uInt)body->len_bytes};
    if (body->len_bytes > UINT32_MAX / 2 ||
        deflateInit2(&z, ENCODE_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) !=
            Z_OK)
        return false;
    struct buf packed = buf_new(NULL);
    uLong bound = deflateBound(&z, z.avail_in);
    buf_reserve(&packed, bound);
    z.next_out = (Bytef *)packed.data;
    z.avail_out = (uInt)bound;
    int rc = deflate(&z, Z_FINISH);
    packed.len_bytes = z.total_out;
    deflateEnd(&z);
    if (rc != Z_STREAM_END || packed.len_bytes >= body->len_bytes) {
        buf_free(&packed);
        return false;
    }
    buf_free(body);
    *body = packed;
    return true;
}

struct encoder {
    z_stream z;
};

struct encoder *encoder_new(void)
{
    struct encoder *encoder = calloc(1, sizeof(*encoder));
    if (encoder &&
        deflateInit2(&encoder->z, ENCODE_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8,
            Z_DEFAULT_STRATEGY) != Z_OK) {
        free(encoder);
        return NULL;
    }
    return encoder;
}

void encoder_free(struct encoder *encoder)
{
    if (encoder)
        deflateEnd(&encoder->z);
    free(encoder);
}

bool encoder_add(struct encoder *encoder, const void *data, size_t len_bytes, bool last,
    struct buf *out)
{
    z_stream *z = &encoder->z;
    if (len_bytes > UINT32_MAX / 2)
        return false;
    z->next_in = (Bytef *)data;
    z->avail_in = (uInt)len_bytes;
    int rc = Z_OK;
    do {
        uLong room = deflateBound(z, z->avail_in) + 64;
        buf_reserve(out, room);
        z->next_out = (Bytef *)out->data + out->len_bytes;
        z->avail_out = (uInt)room;
        rc = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
        out->len_bytes += room - z->avail_out;
    } while (rc == Z_OK && (z->avail_in || (last && rc != Z_STREAM_END)));
    return rc == (last ? Z_STREAM_END : Z_OK) || (!last && rc == Z_BUF_ERROR);
}
