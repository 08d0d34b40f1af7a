#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static void room_for(struct buf *b, size_t more)
{
    if (b->n + more + 1 <= b->cap)
        return;
    b->cap = (b->cap ? b->cap * 2 : 256);
    if (b->cap < b->n + more + 1)
        b->cap = b->n + more + 1;
    b->p = xrealloc(b->p, b->cap);
}

void buf_reserve(struct buf *b, size_t more)
{
    if (b->n + more + 1 <= b->cap)
        return;
    b->cap = b->n + more + 1;
    b->p = xrealloc(b->p, b->cap);
}

/* Into room that is there. */
static void put(struct buf *b, const void *p, size_t n)
{
    memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    room_for(b, n);
    if (n)
        put(b, p, n);
}

void buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

/* A second time only when the text did not fit. */
static void add_fmt(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    room_for(b, 0);
    va_copy(again, ap);
    n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
    if (n < 0)
        abort();
    if ((size_t)n >= b->cap - b->n) {
        room_for(b, (size_t)n);
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    b->n += (size_t)n;
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_fmt(b, fmt, ap);
    va_end(ap);
}

void buf_int(struct buf *b, int64_t value)
{
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        digits[--at] = '-';
    buf_add(b, digits + at, sizeof digits - at);
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

const char *buf_text(struct buf *b)
{
    room_for(b, 0);
    b->p[b->n] = '\0';
    return b->p;
}

#define EACH_BYTE(c) (0x0101010101010101u * (c))

/* Is one of eight bytes to be escaped? A byte below c borrows in the difference. */
static bool has_special(uint64_t word)
{
    uint64_t quote = word ^ EACH_BYTE('"'), slash = word ^ EACH_BYTE('\\');
    uint64_t borrow = ((word - EACH_BYTE(0x20)) & ~word) |
        ((quote - EACH_BYTE(1)) & ~quote) | ((slash - EACH_BYTE(1)) & ~slash);

    return borrow & EACH_BYTE(0x80);
}

/* How many bytes from s on stand for themselves in JSON. */
static size_t plain(const char *s, size_t n)
{
    uint64_t word;
    size_t i = 0;

    for (; i + sizeof word <= n; i += sizeof word) {
        memcpy(&word, s + i, sizeof word);
        if (has_special(word))
            break;
    }
    while (i < n && (unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\')
        i++;
    return i;
}

static void escape(struct buf *b, char c)
{
    if (c == '"' || c == '\\')
        buf_add(b, (char[]){'\\', c}, 2);
    else if (c == '\n')
        buf_str(b, "\\n");
    else if (c == '\r')
        buf_str(b, "\\r");
    else if (c == '\t')
        buf_str(b, "\\t");
    else
        buf_fmt(b, "\\u%04x", (unsigned char)c);
}

static void add_escaped(struct buf *b, const char *s, size_t n)
{
    for (;;) {
        size_t run = plain(s, n);

        buf_add(b, s, run);
        if (run == n)
            break;
        escape(b, s[run]);
        s += run + 1;
        n -= run + 1;
    }
}

static void quote(struct buf *b, const char *s, size_t n)
{
    room_for(b, n + 2);
    put(b, "\"", 1);
    add_escaped(b, s, n);
    buf_add(b, "\"", 1);
}

static void begin(struct buf *b, const char *key)
{
    char last = b->n ? b->p[b->n - 1] : '{';
    size_t n = key ? strlen(key) : 0;

    room_for(b, n + 4);
    if (last != '{' && last != '[' && last != ':')
        put(b, ",", 1);
    if (!key)
        return;
    put(b, "\"", 1);
    put(b, key, n);
    put(b, "\":", 2);
}

void jw_open(struct buf *b, const char *key, char bracket)
{
    begin(b, key);
    buf_add(b, &bracket, 1);
}

void jw_close(struct buf *b, char bracket)
{
    buf_add(b, &bracket, 1);
}

void jw_strn(struct buf *b, const char *key, const char *value, size_t n)
{
    begin(b, key);
    quote(b, value, n);
}

void jw_str(struct buf *b, const char *key, const char *value)
{
    if (value)
        jw_strn(b, key, value, strlen(value));
    else
        jw_raw(b, key, NULL);
}

void jw_more(struct buf *b, const char *text)
{
    b->n--; /* the closing quote */
    add_escaped(b, text, strlen(text));
    buf_add(b, "\"", 1);
}

void jw_more_int(struct buf *b, int64_t value)
{
    b->n--; /* the closing quote */
    buf_int(b, value);
    buf_add(b, "\"", 1);
}

void jw_fmt(struct buf *b, const char *key, const char *fmt, ...)
{
    struct buf text = {0};
    va_list ap;

    va_start(ap, fmt);
    add_fmt(&text, fmt, ap);
    va_end(ap);
    jw_strn(b, key, text.p, text.n);
    buf_free(&text);
}

void jw_int(struct buf *b, const char *key, int64_t value)
{
    begin(b, key);
    buf_int(b, value);
}

void jw_int_text(struct buf *b, const char *key, int64_t value)
{
    begin(b, key);
    buf_add(b, "\"", 1);
    buf_int(b, value);
    buf_add(b, "\"", 1);
}

void jw_bool(struct buf *b, const char *key, bool value)
{
    begin(b, key);
    buf_str(b, value ? "true" : "false");
}

void jw_raw(struct buf *b, const char *key, const char *json)
{
    begin(b, key);
    buf_str(b, json ? json : "null");
}

void jw_json(struct buf *b, const char *key, const cJSON *value)
{
    char *text = value ? cJSON_PrintUnformatted(value) : NULL;

    jw_raw(b, key, text);
    cJSON_free(text);
}

const cJSON *json_get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *json_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(json_get(object, name));
}

const char *json_filled(const cJSON *object, const char *name)
{
    const char *text = json_text(object, name);

    return text && *text ? text : NULL;
}
