/* Content codings of answers (RFC 9110 8.4): gzip. */
#ifndef HTTP_ENCODE_H
#define HTTP_ENCODE_H

#include "base/str.h"

/* Smaller bodies gain nothing. */
#define ENCODE_MIN_BYTES 1400

/* True when an Accept-Encoding value (NULL = none) admits gzip. */
bool encode_accepts_gzip(const char *accept_encoding);
/* Replaces a heap buffer's text with its gzip form; false, and no change, when that
 * fails. */
bool encode_gzip(struct buf *body);

/* A body in pieces. NULL when that fails. */
struct encoder;
struct encoder *encoder_new(void);
void encoder_free(struct encoder *encoder); /* NULL is allowed */
/* Adds the gzip form of a piece to out, all of it with last; false when that fails. */
bool encoder_add(struct encoder *encoder, const void *data, size_t len_bytes, bool last,
    struct buf *out);

#endif
