#include "dav/stream.h"

struct stream {
    struct dav *dav;
    stream_next *next;
    void *self;
};

bool stream_full(const struct dav *dav)
{
    return dav->response->body.len_bytes >= STREAM_PIECE_BYTES;
}

static enum dav_more more(struct dav_response *response)
{
    struct stream *stream = response->more_self;
    bool done = false;
    buf_clear(&response->body);
    if (stream->next(stream->dav, stream->self, &done) != ERR_OK)
        return DAV_BROKEN;
    return done ? DAV_LAST : DAV_MORE;
}

enum err stream_run(struct dav *dav, stream_next *next, void *self)
{
    bool done = false;
    TRY(next(dav, self, &done));
    if (done)
        return ERR_OK;
    struct stream *stream = ARENA_NEW(dav->cx->arena, struct stream);
    *stream = (struct stream){.dav = dav, .next = next, .self = self};
    dav->response->more = more;
    dav->response->more_self = stream;
    return ERR_OK;
}
