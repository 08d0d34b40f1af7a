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

/* The value of a character of either alphabet, -1 for any other. */
static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool base64_decode(struct arena *arena, const char *text, unsigned char **data,
    size_t *len_bytes)
{
    unsigned char *bytes = arena_alloc(arena, strlen(text) / 4 * 3 + 4);
    size_t n = 0, digits = 0, padding = 0;
    uint32_t bits = 0;
    for (; *text; text++) {
        if (*text == ' ' || (*text >= '\t' && *text <= '\r'))
            continue;
        int value = sextet(*text);
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
