/*
 * Growing text and small text helpers. A buffer lives in an arena or, for large answers,
 * on the heap; its text is always terminated. A growable array macro stands beside it.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct buf {
    struct arena *arena; /* NULL: on the heap, ended by buf_free */
    char *data;          /* NULL while empty */
    size_t len_bytes;
    size_t cap_bytes;
};

/* arena may be NULL for a heap buffer. */
struct buf buf_new(struct arena *arena);
void buf_free(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
void buf_reserve(struct buf *buf, size_t more_bytes);
void buf_add(struct buf *buf, const void *data, size_t len_bytes);
void buf_adds(struct buf *buf, const char *text);
void buf_addc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Text with the five XML characters escaped; control characters XML 1.0 forbids are
 * dropped. */
void buf_add_xml(struct buf *buf, const char *text);
/* A JSON string with its quotes (RFC 8259 section 7); NULL as "". */
void buf_add_json(struct buf *buf, const char *text);
/* The text so far, "" when empty. */
const char *buf_str(const struct buf *buf);

/* NULL-tolerant comparisons: NULL equals only NULL. */
bool str_eq(const char *a, const char *b);
bool str_ieq(const char *a, const char *b); /* ASCII case ignored */
bool str_starts(const char *text, const char *prefix);
bool str_istarts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
bool str_empty(const char *text); /* NULL or "" */
/* FNV-1a, for tables in memory: not for names that somebody chooses to collide. */
uint32_t str_hash(const char *text);
/* A copy without white space at both ends. */
char *str_trim(struct arena *arena, const char *text);
char *str_lower(struct arena *arena, const char *text); /* ASCII */
/* Splits at each separator; parts are trimmed; empty parts are left out.
 * NULL-terminated. */
char **str_split(struct arena *arena, const char *text, char separator);
/* A whole decimal number within [min, max]; false when it is anything else. */
bool str_to_ll(const char *text, long long min, long long max, long long *value);
/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool utf8_valid(const char *text, size_t len_bytes);
/* Text as it is when well-formed, else a copy with U+FFFD for each byte that is not. text
 * has a NUL behind it. */
const char *utf8_mended(struct arena *arena, const char *text, size_t len_bytes);
/* True when there are C0 or C1 control characters or DEL in it: text for one line of a
 * terminal has none. NULL has none. */
bool str_has_control(const char *text);
/* How many bytes at text, which is terminated, no terminal is to see as they are; 0 =
 * none. is_utf8: whether the whole text is. */
size_t str_hostile_bytes(const char *text, bool is_utf8);
/* Text for a terminal: what it could take for a command (C0, DEL, C1), what turns the
 * direction of a line around (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to
 * U+2069), what ends it (U+2028, U+2029) and bytes that are no UTF-8 are written as
 * \xNN. */
const char *str_printable(struct arena *arena, const char *text);
/* Characters (code points) of well-formed UTF-8. */
size_t utf8_length(const char *text);

/* A growing array in an arena: struct { type *items; size_t n, cap; }. */
#define LIST(type)                                                                       \
    struct {                                                                             \
        type *items;                                                                     \
        size_t n, cap;                                                                   \
    }
#define LIST_ADD(arena, list, item)                                                      \
    do {                                                                                 \
        if ((list)->n == (list)->cap)                                                    \
            (list)->items = list_grow((arena), (list)->items, sizeof(*(list)->items),    \
                (list)->n, &(list)->cap);                                                \
        (list)->items[(list)->n++] = (item);                                             \
    } while (0)
void *list_grow(
    struct arena *arena, void *items, size_t item_bytes, size_t n, size_t *cap);

#endif
