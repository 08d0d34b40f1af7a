/*
 * Addresses. Inside, paths are decoded segments; percent-coding exists only where an href
 * is read and where it is written (RFC 3986).
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/ctx.h"
#include "base/str.h"

#include <stdbool.h>

#define PATH_MAX_SEGMENTS 16
#define URL_MAX_BYTES 4096

struct path {
    const char *segments[PATH_MAX_SEGMENTS]; /* decoded, never empty */
    size_t n;
    bool slash; /* the address ended in a slash */
};

/* Reads the path of an address (query and fragment are not part of it). Errors:
 * BAD_REQUEST for broken percent-coding, encoded slash or NUL, "." and "..", invalid
 * UTF-8; URI_TOO_LONG. */
enum err path_parse(struct ctx *cx, const char *text, struct path *path);
/* The path of an href: an absolute path, or a whole URL whose scheme and host are left
 * out. */
enum err href_parse(struct ctx *cx, const char *href, struct path *path);

/* Takes "host:port" or "[v6]:port" apart, the brackets taken off. False when it is
 * neither, or the port is no number up to 65535. */
bool host_port_split(struct arena *arena, const char *address, char **host, char **port);

/* One segment percent-encoded: unreserved and "!$&'()*+,;=:@" stay (RFC 3986 pchar). */
void url_add_segment(struct buf *buf, const char *segment);
/* For query parts and forms: only unreserved stay. */
void url_add_query(struct buf *buf, const char *text);
/* Percent-decoding, and '+' as space when form is true. NULL when it is broken. */
char *url_decode(struct arena *arena, const char *text, size_t len_bytes, bool form);
/* The value of a name in "a=b&c=d", decoded; NULL when it is not there. */
char *url_form_value(struct arena *arena, const char *form, const char *name);

#endif
