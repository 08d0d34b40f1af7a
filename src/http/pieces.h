/* Answers that are made while they are sent: the pieces of a dav_response as the body of
 * a libmicrohttpd response. */
#ifndef HTTP_PIECES_H
#define HTTP_PIECES_H

#include "http/exchange.h"

/* ex->response.more is set; packed: as gzip. NULL when there is no memory. The exchange
 * outlives the response. */
struct MHD_Response *pieces_response(struct exchange *ex, bool packed);

#endif
