#include "base/url.h"

#include <stdint.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3986 section 2.3 */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        c == '-' || c == '.' || c == '_' || c == '~';
}

char *url_decode(struct arena *arena, const char *text, size_t len_bytes, bool form)
{
    char *decoded = arena_alloc(arena, len_bytes + 1);
    size_t n = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 1 < len_bytes ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len_bytes ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && form) {
            c = ' ';
        }
        if (!c)
            return NULL;
        decoded[n++] = c;
    }
    return decoded;
}

/* One segment, still encoded, to path. */
static enum err add_segment(struct ctx *cx, const char *text, size_t len_bytes,
    struct path *path)
{
    const char *segment = url_decode(cx->arena, text, len_bytes, false);
    if (!segment)
        return fail(cx, ERR_BAD_REQUEST, "the percent-coding of the address is broken");
    if (strchr(segment, '/'))
        return fail(cx, ERR_BAD_REQUEST, "an encoded slash is not allowed in an address");
    if (str_eq(segment, ".") || str_eq(segment, ".."))
        return fail(cx, ERR_BAD_REQUEST, "\"%s\" is not allowed in an address", segment);
    if (!utf8_valid(segment, strlen(segment)))
        return fail(cx, ERR_BAD_REQUEST, "the address is not UTF-8");
    if (path->n == PATH_MAX_SEGMENTS)
        return fail(cx, ERR_URI_TOO_LONG, "the address has more than %d segments",
            PATH_MAX_SEGMENTS);
    path->segments[path->n++] = segment;
    return ERR_OK;
}

enum err path_parse(struct ctx *cx, const char *text, struct path *path)
{
    struct path parsed = {.n = 0};
    if (*text != '/')
        return fail(cx, ERR_BAD_REQUEST, "the address does not begin with a slash");
    size_t len_bytes = strcspn(text, "?#");
    if (len_bytes > URL_MAX_BYTES)
        return fail(cx, ERR_URI_TOO_LONG, "the address has more than %d bytes",
            URL_MAX_BYTES);
    const char *end = text + len_bytes;
    parsed.slash = end[-1] == '/';
    while (text < end) {
        size_t segment_bytes = strcspn(text, "/?#");
        if (segment_bytes)
            TRY(add_segment(cx, text, segment_bytes, &parsed));
        text += segment_bytes;
        text += text < end; /* the slash */
    }
    *path = parsed;
    return ERR_OK;
}

enum err href_parse(struct ctx *cx, const char *href, struct path *path)
{
    const char *text = href + strspn(href, " \t\r\n");
    size_t len_bytes = strlen(text);
    while (len_bytes && strchr(" \t\r\n", text[len_bytes - 1]))
        len_bytes--;
    if (len_bytes > URL_MAX_BYTES)
        return fail(cx, ERR_URI_TOO_LONG, "the address has more than %d bytes",
            URL_MAX_BYTES);
    if (str_istarts(text, "http://") || str_istarts(text, "https://")) {
        const char *authority = strchr(text, ':') + 3;
        const char *rest = authority + strcspn(authority, "/?#");
        if (*rest != '/')
            return path_parse(cx, "/", path);
        len_bytes -= (size_t)(rest - text);
        text = rest;
    }
    return path_parse(cx, arena_strndup(cx->arena, text, len_bytes), path);
}

bool host_port_split(struct arena *arena, const char *address, char **host, char **port)
{
    const char *colon = strrchr(address, ':');
    long long number;
    if (!colon || colon == address || !str_to_ll(colon + 1, 0, 65535, &number))
        return false;
    size_t host_bytes = (size_t)(colon - address);
    bool bracketed = *address == '[';
    if (bracketed ? host_bytes < 3 || address[host_bytes - 1] != ']'
                  : memchr(address, ':', host_bytes) != NULL)
        return false;
    *host = arena_strndup(arena, address + bracketed, host_bytes - 2 * bracketed);
    *port = arena_strdup(arena, colon + 1);
    return true;
}

static void add_encoded(struct buf *buf, const char *text, const char *also)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; text && *text; text++) {
        if (is_unreserved(*text) || strchr(also, *text)) {
            buf_addc(buf, *text);
            continue;
        }
        unsigned char c = (unsigned char)*text;
        buf_add(buf, (char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
    }
}

void url_add_segment(struct buf *buf, const char *segment)
{
    add_encoded(buf, segment, "!$&'()*+,;=:@");
}

void url_add_query(struct buf *buf, const char *text)
{
    add_encoded(buf, text, "");
}

char *url_form_value(struct arena *arena, const char *form, const char *name)
{
    while (form && *form) {
        size_t pair_bytes = strcspn(form, "&");
        size_t name_bytes = strcspn(form, "=&");
        const char *found = url_decode(arena, form, name_bytes, true);
        if (str_eq(found, name)) {
            size_t value_at = name_bytes < pair_bytes ? name_bytes + 1 : pair_bytes;
            return url_decode(arena, form + value_at, pair_bytes - value_at, true);
        }
        form += pair_bytes;
        form += *form == '&';
    }
    return NULL;
}
