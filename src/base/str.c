#include "base/str.h"

#include "base/arena.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUF_FIRST_BYTES 64

struct buf buf_new(struct arena *arena)
{
    return (struct buf){.arena = arena};
}

void buf_free(struct buf *buf)
{
    if (!buf->arena)
        free(buf->data);
    *buf = (struct buf){.arena = buf->arena};
}

static void *heap_grow(void *data, size_t cap_bytes)
{
    void *grown = realloc(data, cap_bytes);
    if (!grown) {
        fputs("feishu-caldav: out of memory\n", stderr);
        _exit(EXIT_FAILURE);
    }
    return grown;
}

void buf_clear(struct buf *buf)
{
    buf->len_bytes = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_reserve(struct buf *buf, size_t more_bytes)
{
    /* One more for the NUL. */
    if (more_bytes < buf->cap_bytes - buf->len_bytes)
        return;
    size_t cap_bytes = buf->cap_bytes ? buf->cap_bytes * 2 : BUF_FIRST_BYTES;
    if (cap_bytes - buf->len_bytes <= more_bytes)
        cap_bytes = buf->len_bytes + more_bytes + 1;
    if (!buf->arena) {
        buf->data = heap_grow(buf->data, cap_bytes);
    } else if (!arena_extend(buf->arena, buf->data, buf->cap_bytes, cap_bytes)) {
        char *data = arena_alloc(buf->arena, cap_bytes);
        if (buf->len_bytes)
            memcpy(data, buf->data, buf->len_bytes);
        buf->data = data;
    }
    buf->cap_bytes = cap_bytes;
    buf->data[buf->len_bytes] = '\0';
}

void buf_add(struct buf *buf, const void *data, size_t len_bytes)
{
    buf_reserve(buf, len_bytes);
    if (len_bytes)
        memcpy(buf->data + buf->len_bytes, data, len_bytes);
    buf->len_bytes += len_bytes;
    buf->data[buf->len_bytes] = '\0';
}

void buf_adds(struct buf *buf, const char *text)
{
    if (text)
        buf_add(buf, text, strlen(text));
}

void buf_addc(struct buf *buf, char c)
{
    buf_reserve(buf, 1);
    buf->data[buf->len_bytes++] = c;
    buf->data[buf->len_bytes] = '\0';
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    buf_reserve(buf, BUF_FIRST_BYTES);
    va_start(args, format);
    int len = vsnprintf(
        buf->data + buf->len_bytes, buf->cap_bytes - buf->len_bytes, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len >= buf->cap_bytes - buf->len_bytes) {
        buf_reserve(buf, (size_t)len);
        va_start(args, format);
        len = vsnprintf(
            buf->data + buf->len_bytes, buf->cap_bytes - buf->len_bytes, format, args);
        va_end(args);
    }
    if (len > 0)
        buf->len_bytes += (size_t)len;
    buf->data[buf->len_bytes] = '\0';
}

/* What XML text cannot hold as it is: 1 = xml_forms says how, 2 = may begin U+FFFE or
 * U+FFFF. The end of a text stops the run too. */
static const unsigned char xml_special[256] = {
    [0x00] = 1, 1, 1, 1, 1, 1, 1, 1, 1, /* but for tab and line feed */
    [0x0b] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    ['&'] = 1, ['<'] = 1, ['>'] = 1, ['"'] = 1, ['\''] = 1, [0xef] = 2,
};

static const char *const xml_forms[256] = {
    ['&'] = "&amp;",
    ['<'] = "&lt;",
    ['>'] = "&gt;",
    ['"'] = "&quot;",
    ['\''] = "&apos;",
    ['\r'] = "&#13;", /* a bare one would be read as a line feed (XML 1.0, 2.11) */
};

/* The two characters beyond ASCII that XML 1.0 forbids. */
static bool xml_non_character(const unsigned char *at)
{
    return at[1] == 0xbf && (at[2] == 0xbe || at[2] == 0xbf);
}

void buf_add_xml(struct buf *buf, const char *text)
{
    const unsigned char *run = (const unsigned char *)text, *at = run;
    if (!text)
        return;
    for (;;) {
        while (!xml_special[*at])
            at++;
        if (xml_special[*at] == 2 && !xml_non_character(at)) {
            at++;
            continue;
        }
        buf_add(buf, run, (size_t)(at - run));
        if (!*at)
            return;
        buf_adds(buf, xml_forms[*at]);
        at += xml_special[*at] == 2 ? 3 : 1;
        run = at;
    }
}

size_t str_hostile_bytes(const char *at, bool is_utf8)
{
    const unsigned char *text = (const unsigned char *)at;
    static const struct {
        unsigned char first[2];
        unsigned char from, to; /* of the last byte */
        unsigned char bytes;
    } ranges[] = {
        {{0xc2, 0}, 0x80, 0x9f, 2},    /* C1 */
        {{0xd8, 0}, 0x9c, 0x9c, 2},    /* U+061C */
        {{0xe2, 0x80}, 0x8e, 0x8f, 3}, /* U+200E, U+200F */
        {{0xe2, 0x80}, 0xa8, 0xae, 3}, /* U+2028 to U+202E */
        {{0xe2, 0x81}, 0xa6, 0xa9, 3}, /* U+2066 to U+2069 */
    };
    if (*text < 0x20 || *text == 0x7f || (*text >= 0x80 && !is_utf8))
        return 1;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
        size_t last = ranges[i].bytes - 1u;
        if (memcmp(text, ranges[i].first, last) == 0 && text[last] >= ranges[i].from &&
            text[last] <= ranges[i].to)
            return ranges[i].bytes;
    }
    return 0;
}

/* The character of n bytes, which are UTF-8. */
static unsigned character(const unsigned char *text, size_t n)
{
    unsigned value = n == 1 ? *text : *text & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        value = value << 6 | (text[i] & 0x3fu);
    return value;
}

void buf_add_json(struct buf *buf, const char *text)
{
    buf_addc(buf, '"');
    while (text && *text) {
        size_t n = str_hostile_bytes(text, true);
        if (n)
            buf_printf(buf, "\\u%04x", character((const unsigned char *)text, n));
        else if (*text == '"' || *text == '\\')
            buf_printf(buf, "\\%c", *text);
        else
            buf_addc(buf, *text);
        text += n ? n : 1;
    }
    buf_addc(buf, '"');
}

const char *buf_str(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_eq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

uint32_t str_hash(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

bool str_ieq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool str_starts(const char *text, const char *prefix)
{
    return text && prefix && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_istarts(const char *text, const char *prefix)
{
    if (!text || !prefix)
        return false;
    while (*prefix && lower(*text) == lower(*prefix)) {
        text++;
        prefix++;
    }
    return !*prefix;
}

bool str_ends(const char *text, const char *suffix)
{
    if (!text || !suffix)
        return false;
    size_t text_bytes = strlen(text), suffix_bytes = strlen(suffix);
    return suffix_bytes <= text_bytes &&
        memcmp(text + text_bytes - suffix_bytes, suffix, suffix_bytes) == 0;
}

bool str_empty(const char *text)
{
    return !text || !*text;
}

bool str_has_control(const char *text)
{
    for (; text && *text; text++) {
        unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next <= 0x9f))
            return true;
    }
    return false;
}

const char *str_printable(struct arena *arena, const char *text)
{
    struct buf out = buf_new(arena);
    bool is_utf8 = text && utf8_valid(text, strlen(text));
    while (text && *text) {
        size_t n = str_hostile_bytes(text, is_utf8);
        if (!n)
            buf_addc(&out, *text++);
        for (; n; n--)
            buf_printf(&out, "\\x%02x", (unsigned char)*text++);
    }
    return buf_str(&out);
}

static char *trim_n(struct arena *arena, const char *text, size_t n)
{
    while (n && is_space(*text)) {
        text++;
        n--;
    }
    while (n && is_space(text[n - 1]))
        n--;
    return arena_strndup(arena, text, n);
}

char *str_trim(struct arena *arena, const char *text)
{
    return text ? trim_n(arena, text, strlen(text)) : NULL;
}

char *str_lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *at = copy; at && *at; at++)
        *at = lower(*at);
    return copy;
}

char **str_split(struct arena *arena, const char *text, char separator)
{
    size_t n = 1;
    for (const char *at = text; at && *at; at++)
        n += *at == separator;
    char **parts = ARENA_ARRAY(arena, char *, n + 1);
    size_t used = 0;
    while (text) {
        const char *end = strchr(text, separator);
        char *part = trim_n(arena, text, end ? (size_t)(end - text) : strlen(text));
        if (*part)
            parts[used++] = part;
        text = end ? end + 1 : NULL;
    }
    parts[used] = NULL;
    return parts;
}

bool str_to_ll(const char *text, long long min, long long max, long long *value)
{
    if (!text)
        return false;
    const char *digits = text + (*text == '-');
    if (!*digits || digits[strspn(digits, "0123456789")])
        return false;
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (errno || number < min || number > max)
        return false;
    *value = number;
    return true;
}

/* Bytes of the well-formed character at text, 0 when it is not one (RFC 3629 section
 * 4). */
static size_t utf8_character(const unsigned char *text, size_t n)
{
    unsigned char lead = text[0], low = 0x80, high = 0xbf;
    size_t size_bytes;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        size_bytes = 2;
    else if (lead >= 0xe0 && lead <= 0xef)
        size_bytes = 3;
    else if (lead >= 0xf0 && lead <= 0xf4)
        size_bytes = 4;
    else
        return 0;
    if (lead == 0xe0)
        low = 0xa0; /* overlong */
    else if (lead == 0xed)
        high = 0x9f; /* surrogates */
    else if (lead == 0xf0)
        low = 0x90; /* overlong */
    else if (lead == 0xf4)
        high = 0x8f; /* beyond U+10FFFF */
    if (n < size_bytes || text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < size_bytes; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return size_bytes;
}

bool utf8_valid(const char *text, size_t len_bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    while (len_bytes) {
        uint64_t eight;
        if (len_bytes >= sizeof(eight)) {
            memcpy(&eight, at, sizeof(eight));
            if (!(eight & 0x8080808080808080ULL)) {
                at += sizeof(eight);
                len_bytes -= sizeof(eight);
                continue;
            }
        }
        size_t size_bytes = utf8_character(at, len_bytes);
        if (!size_bytes)
            return false;
        at += size_bytes;
        len_bytes -= size_bytes;
    }
    return true;
}

const char *utf8_mended(struct arena *arena, const char *text, size_t len_bytes)
{
    if (utf8_valid(text, len_bytes))
        return text;
    struct buf buf = buf_new(arena);
    buf_reserve(&buf, len_bytes + 64);
    while (len_bytes) {
        size_t size_bytes = utf8_character((const unsigned char *)text, len_bytes);
        if (size_bytes)
            buf_add(&buf, text, size_bytes);
        else
            buf_adds(&buf, "\xef\xbf\xbd");
        text += size_bytes ? size_bytes : 1;
        len_bytes -= size_bytes ? size_bytes : 1;
    }
    return buf.data;
}

size_t utf8_length(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

void *list_grow(
    struct arena *arena, void *items, size_t item_bytes, size_t n, size_t *cap)
{
    size_t grown = *cap ? *cap * 2 : 8;
    if (!arena_extend(arena, items, item_bytes * *cap, item_bytes * grown)) {
        void *copy = arena_alloc_array(arena, item_bytes, grown);
        if (n)
            memcpy(copy, items, item_bytes * n);
        items = copy;
    }
    *cap = grown;
    return items;
}
