/* Text forms of bytes: hexadecimal, base64 (RFC 4648 section 4) and base64url without
 * padding (5). */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* lower case */
char *hex_encode(struct arena *arena, const void *data, size_t len_bytes);
char *base64_encode(struct arena *arena, const void *data, size_t len_bytes);
char *base64url_encode(struct arena *arena, const void *data, size_t len_bytes);
/* Both alphabets, padding optional, white space ignored. The result has a NUL behind
 * it. */
bool base64_decode(
    struct arena *arena, const char *text, unsigned char **data, size_t *len_bytes);

#endif
