#include "base/codec.h"

#include <stdint.h>
#include <string.h>

static const char plain_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *hex_encode(struct arena *arena, const void *data, size_t len_bytes)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = data;
    char *text = arena_alloc(arena, 2 * len_bytes + 1);
    for (size_t i = 0; i < len_bytes; i++) {
        text[2 * i] = digits[from[i] >> 4];
        text[2 * i + 1] = digits[from[i] & 15];
    }
    return text;
}

static char *encode(struct arena *arena, const void *data, size_t len_bytes,
    const char *alphabet)
{
    const unsigned char *from = data;
    char *text = arena_alloc(arena, (len_bytes + 2) / 3 * 4 + 1), *to = text;
    for (size_t i = 0; i < len_bytes; i += 3) {
        size_t left = len_bytes - i;
        uint32_t bits = (uint32_t)from[i] << 16;
        if (left > 1)
            bits |= (uint32_t)from[i + 1] << 8;
        if (left > 2)
            bits |= from[i + 2];
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        if (left > 1)
            *to++ = alphabet[bits >> 6 & 63];
        if (left > 2)
            *to++ = alphabet[bits & 63];
    }
    for (; alphabet == plain_alphabet && (to - text) % 4; to++)
        *to = '=';
    return text;
}

char *base64_encode(struct arena *arena, const void *data, size_t len_bytes)
{
    return encode(arena, data, len_bytes, plain_alphabet);
}

char *base64url_encode(struct arena *arena, const void *data, size_t len_bytes)
{
    return encode(arena, data, len_bytes, url_alphabet);
}

/* One more than the value of a character of either alphabet, 0 for any other. */
static const unsigned char sextets[256] = {
    ['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 26,
    ['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45,
    46, 47, 48, 49, 50, 51, 52,
    ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
    ['+'] = 63, ['-'] = 63, ['/'] = 64, ['_'] = 64,
};

/* Groups of four digits; returns how many characters they were. */
static size_t decode_whole(const char *text, unsigned char *bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    for (;; at += 4) {
        uint32_t bits = 0;
        for (size_t i = 0; i < 4; i++) {
            if (!sextets[at[i]])
                return (size_t)(at - (const unsigned char *)text);
            bits = bits << 6 | (uint32_t)(sextets[at[i]] - 1);
        }
        *bytes++ = (unsigned char)(bits >> 16);
        *bytes++ = (unsigned char)(bits >> 8);
        *bytes++ = (unsigned char)bits;
    }
}

bool base64_decode(struct arena *arena, const char *text, unsigned char **data,
    size_t *len_bytes)
{
    unsigned char *bytes = arena_alloc(arena, strlen(text) / 4 * 3 + 4);
    size_t digits = decode_whole(text, bytes), n = digits / 4 * 3, padding = 0;
    uint32_t bits = 0;
    for (text += digits; *text; text++) {
        if (*text == ' ' || (*text >= '\t' && *text <= '\r'))
            continue;
        int value = sextets[(unsigned char)*text] - 1;
        if (*text == '=')
            padding++;
        else if (value < 0 || padding)
            return false;
        else {
            bits = bits << 6 | (uint32_t)value;
            if (++digits % 4 != 1)
                bytes[n++] = (unsigned char)(bits >> (6 - 2 * ((digits - 1) % 4)));
        }
    }
    if (digits % 4 == 1 || (padding && (digits + padding) % 4) || padding > 2)
        return false;
    bytes[n] = '\0';
    *data = bytes;
    *len_bytes = n;
    return true;
}
