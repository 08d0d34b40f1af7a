/* A growing text and a JSON writer on it. The writer knows where a comma belongs from the
 * last byte written, so that there is no state beside the text itself. */
#ifndef SIM_BUF_H
#define SIM_BUF_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *p;
    size_t n, cap;
};

void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_int(struct buf *b, int64_t value);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_free(struct buf *b);
/* Makes room at once for as much as is going to be added. */
void buf_reserve(struct buf *b, size_t more);
/* The text, never NULL; owned by the buffer. */
const char *buf_text(struct buf *b);

/* Every writer takes the member's name, NULL inside an array. */
void jw_open(struct buf *b, const char *key, char bracket);
void jw_close(struct buf *b, char bracket);
void jw_str(struct buf *b, const char *key, const char *value);
void jw_strn(struct buf *b, const char *key, const char *value, size_t n);
/* Goes on with the text that was written last. */
void jw_more(struct buf *b, const char *text);
void jw_more_int(struct buf *b, int64_t value);
void jw_fmt(struct buf *b, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void jw_int(struct buf *b, const char *key, int64_t value);
/* An integer in quotes, as Feishu writes instants. */
void jw_int_text(struct buf *b, const char *key, int64_t value);
void jw_bool(struct buf *b, const char *key, bool value);
/* Text that is JSON already; NULL writes null. */
void jw_raw(struct buf *b, const char *key, const char *json);
void jw_json(struct buf *b, const char *key, const cJSON *value);

/* A member of an object, NULL when it is not there. */
const cJSON *json_get(const cJSON *object, const char *name);
/* A member that is a text, NULL when it is not one. */
const char *json_text(const cJSON *object, const char *name);
/* The same, and NULL when it is empty. */
const char *json_filled(const cJSON *object, const char *name);

#endif
