/* Messages that come in parts (feishu-api 11.4, 6). */
#ifndef FEISHU_LONGCONN_PARTS_H
#define FEISHU_LONGCONN_PARTS_H

#include "base/ctx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTS_MAX 256 /* of one message */
#define PARTS_MESSAGE_MAX_BYTES (4u * 1024 * 1024)
#define PARTS_AGE_MS 10000 /* then what is incomplete is dropped */

struct parts;

struct part {
    const char *message_id;
    int64_t sum, seq; /* number of parts, and which one this is, from 0 */
    const char *payload;
    size_t payload_bytes;
};

struct parts *parts_new(void);
void parts_free(struct parts *parts);
/* *whole = the message when this part completes it (in cx->arena, NUL behind it), NULL
 * before. BAD_REQUEST for a part that cannot be one. */
enum err parts_add(struct ctx *cx, struct parts *parts, const struct part *part,
    char **whole, size_t *whole_bytes);

#endif
