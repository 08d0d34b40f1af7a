#include "http/exchange.h"

#include <string.h>

const char *exchange_header(const struct exchange *ex, const char *name)
{
    return MHD_lookup_connection_value(ex->connection, MHD_HEADER_KIND, name);
}

const char *exchange_argument(const struct exchange *ex, const char *name)
{
    return url_form_value(ex->cx->arena, ex->query, name);
}

const char *exchange_cookie(const struct exchange *ex, const char *name)
{
    return MHD_lookup_connection_value(ex->connection, MHD_COOKIE_KIND, name);
}

void answer_header(struct exchange *ex, const char *name, const char *value)
{
    struct dav_header header = {.name = name, .value = value};
    LIST_ADD(ex->cx->arena, &ex->response.headers, header);
}

void answer_text(struct exchange *ex, int status, const char *type, const char *text)
{
    ex->response.status = status;
    answer_header(ex, "Content-Type", type);
    buf_adds(&ex->response.body, text);
    ex->response.compressible = true;
}

void answer_error(struct exchange *ex, enum err kind)
{
    dav_error_response(ex->cx, kind, &ex->response);
    if (kind == ERR_UNAUTHORIZED)
        answer_header(
            ex, "WWW-Authenticate", "Basic realm=\"feishu-caldav\", charset=\"UTF-8\"");
}

void answer_redirect(struct exchange *ex, int status, const char *location)
{
    answer_header(ex, "Location", location);
    answer_text(ex, status, "text/plain; charset=utf-8", "See the Location header.\n");
    ex->response.compressible = false;
}
