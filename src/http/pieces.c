#include "http/pieces.h"

#include "http/encode.h"

#include <string.h>

#define BLOCK_BYTES (32 * 1024)

/* What is being sent lies in out, which is the answer's own body unless it is packed. */
struct pieces {
    struct exchange *ex;
    struct encoder *encoder; /* NULL = sent as it is */
    struct buf packed;
    size_t at;
    bool fresh; /* the body at hand is not packed yet */
};

static void end(void *self)
{
    struct pieces *pieces = self;
    encoder_free(pieces->encoder);
    buf_free(&pieces->packed);
}

static bool pack(struct pieces *pieces)
{
    struct dav_response *answer = &pieces->ex->response;
    pieces->fresh = false;
    if (!pieces->encoder)
        return true;
    buf_clear(&pieces->packed);
    return encoder_add(pieces->encoder, answer->body.data, answer->body.len_bytes,
        !answer->more, &pieces->packed);
}

/* False when the answer broke. */
static bool next_piece(struct pieces *pieces)
{
    struct dav_response *answer = &pieces->ex->response;
    enum dav_more state = answer->more(answer);
    if (state != DAV_MORE)
        answer->more = NULL;
    pieces->at = 0;
    pieces->fresh = true;
    return state != DAV_BROKEN;
}

static ssize_t read_some(void *self, uint64_t position, char *out, size_t max)
{
    struct pieces *pieces = self;
    struct dav_response *answer = &pieces->ex->response;
    (void)position;
    for (;;) {
        if (pieces->fresh && !pack(pieces))
            return MHD_CONTENT_READER_END_WITH_ERROR;
        struct buf *from = pieces->encoder ? &pieces->packed : &answer->body;
        size_t left = from->len_bytes - pieces->at;
        if (left) {
            size_t n = left < max ? left : max;
            memcpy(out, from->data + pieces->at, n);
            pieces->at += n;
            pieces->ex->sent_bytes += n;
            return (ssize_t)n;
        }
        if (!answer->more)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (!next_piece(pieces))
            return MHD_CONTENT_READER_END_WITH_ERROR;
    }
}

struct MHD_Response *pieces_response(struct exchange *ex, bool packed)
{
    struct pieces *pieces = ARENA_NEW(ex->cx->arena, struct pieces);
    *pieces = (struct pieces){.ex = ex, .packed = buf_new(NULL), .fresh = true};
    arena_defer(ex->cx->arena, end, pieces);
    if (packed && !(pieces->encoder = encoder_new()))
        return NULL;
    return MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_some, pieces, NULL);
}
