/* RFC 6578 section 4. */
#include "dav/props.h"
#include "dav/sync_token.h"

bool sync_sync_token(struct dav *dav, struct resource *resource, struct buf *out)
{
    struct sync_token token = {.start = -1};
    if (sync_newest(dav, resource, &token.number) != ERR_OK)
        return false;
    buf_adds(out, sync_token_print(dav, &token));
    return true;
}
