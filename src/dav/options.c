/* OPTIONS (RFC 9110 section 9.3.7, RFC 4918 section 10.1): the DAV header is set for all
 * answers. */
#include "dav/method.h"

enum err options_handle(struct dav *dav)
{
    dav->response->status = 200;
    dav_set_header(dav, "Allow", method_allow(dav->cx, dav->target.kind));
    return ERR_OK;
}
