/*
 * Long answers, made piece by piece while they are sent: what a request needs of memory
 * does not grow with the answer. A producer writes members until the piece is full, and
 * goes on where it stopped when it is called again.
 */
#ifndef DAV_STREAM_H
#define DAV_STREAM_H

#include "dav/request.h"

#define STREAM_PIECE_BYTES (128u << 10)

/* Writes to dav->response->body. *done = true: nothing is left. self lives in dav->cx's
 * arena; what only a member or a piece needs belongs elsewhere (report_scratch). */
typedef enum err stream_next(struct dav *dav, void *self, bool *done);

/* The first piece now, and the rest when it is wanted. An error of the first piece is the
 * request's; later ones break the connection off. */
enum err stream_run(struct dav *dav, stream_next *next, void *self);
bool stream_full(const struct dav *dav);

#endif
