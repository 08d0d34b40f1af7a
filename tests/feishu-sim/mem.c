#include "mem.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    if (!p)
        abort();
    return p;
}

void *xrealloc(void *p, size_t size)
{
    p = realloc(p, size ? size : 1);
    if (!p)
        abort();
    return p;
}

char *xstrndup(const char *s, size_t n)
{
    char *p = xrealloc(NULL, n + 1);

    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *xstrdup(const char *s)
{
    return s ? xstrndup(s, strlen(s)) : NULL;
}

char *xfmt(const char *fmt, ...)
{
    va_list ap;
    char *p = NULL;

    va_start(ap, fmt);
    if (vasprintf(&p, fmt, ap) < 0)
        abort();
    va_end(ap);
    return p;
}

void set_str(char **slot, const char *s)
{
    char *copy = xstrdup(s);

    free(*slot);
    *slot = copy;
}

void vec_add(struct vec *v, void *p)
{
    if (v->n == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 8;
        v->p = xrealloc(v->p, v->cap * sizeof *v->p);
    }
    v->p[v->n++] = p;
}

void vec_drop(struct vec *v, size_t i)
{
    memmove(v->p + i, v->p + i + 1, (v->n - i - 1) * sizeof *v->p);
    v->n--;
}

void vec_free(struct vec *v, void (*free_one)(void *))
{
    if (free_one)
        for (size_t i = 0; i < v->n; i++)
            free_one(v->p[i]);
    free(v->p);
    *v = (struct vec){0};
}

/* OpenSSL takes as long for one byte as for many. */
static unsigned char random_byte(void)
{
    static _Thread_local unsigned char pool[1024];
    static _Thread_local size_t left;

    if (left == 0) {
        if (RAND_bytes(pool, sizeof pool) != 1)
            abort();
        left = sizeof pool;
    }
    return pool[--left];
}

static inline void random_from(const char *alphabet, char *out, size_t n)
{
    unsigned letters = (unsigned)strlen(alphabet);

    for (size_t i = 0; i < n; i++)
        out[i] = alphabet[random_byte() % letters];
    out[n] = '\0';
}

void random_text(char *out, size_t n)
{
    random_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", out, n);
}

void random_digits(char *out, size_t n)
{
    random_from("0123456789", out, n);
    if (n && out[0] == '0')
        out[0] = '7';
}

void random_hex(char *out, size_t n)
{
    random_from("0123456789abcdef", out, n);
}

void random_uuid(char out[37])
{
    random_hex(out, 36);
    out[8] = out[13] = out[18] = out[23] = '-';
    out[14] = '4';
    out[19] = "89ab"[(unsigned char)out[19] % 4];
}

unsigned random_below(unsigned n)
{
    unsigned value;

    if (RAND_bytes((unsigned char *)&value, sizeof value) != 1)
        abort();
    return value % n;
}
