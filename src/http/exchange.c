#include "http/exchange.h"

#include "base/str.h"

#include <string.h>

struct header_lines {
    const char *name;
    LIST(const char *) values;
    struct arena *arena;
};

static enum MHD_Result take_line(
    void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct header_lines *lines = self;
    (void)kind;
    if (value && str_ieq(name, lines->name))
        LIST_ADD(lines->arena, &lines->values, value);
    return MHD_YES;
}

/* RFC 9110 section 5.2: several lines of one name are one list. Thunderbird's outbox
 * requests have a Recipient line each. */
const char *exchange_header(const struct exchange *ex, const char *name)
{
    const char *first =
        MHD_lookup_connection_value(ex->connection, MHD_HEADER_KIND, name);
    struct header_lines lines = {.name = name, .arena = ex->cx->arena};
    if (!first)
        return NULL;
    MHD_get_connection_values(ex->connection, MHD_HEADER_KIND, take_line, &lines);
    if (lines.values.n < 2)
        return first;
    struct buf all = buf_new(ex->cx->arena);
    for (size_t i = 0; i < lines.values.n; i++)
        buf_printf(&all, "%s%s", i ? ", " : "", lines.values.items[i]);
    return buf_str(&all);
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
