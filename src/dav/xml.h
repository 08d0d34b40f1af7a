/*
 * XML of requests as a small tree, and the escaping of answers. Documents with a DTD or
 * entities are refused, nothing is fetched, depth and size are capped (RFC 4918
 * section 20.6).
 */
#ifndef DAV_XML_H
#define DAV_XML_H

#include "base/ctx.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define XML_MAX_DEPTH 32
#define XML_MAX_ELEMENTS 50000
#define XML_MAX_ATTRIBUTES 64
#define XML_MAX_BYTES (4u << 20)

/* The namespaces the server knows; the table with their URIs and prefixes is in xml.c. */
enum ns { NS_OTHER, NS_DAV, NS_CALDAV, NS_CS, NS_APPLE, NS_PUSH, NS_COUNT };

struct ns_row {
    const char *uri, *prefix;
};
extern const struct ns_row ns_rows[NS_COUNT];
/* Declarations of all of them for a root element: ` xmlns:D="DAV:" ...`. */
#define XML_NAMESPACES                                                                   \
    " xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\""                        \
    " xmlns:CS=\"http://calendarserver.org/ns/\" xmlns:A=\"http://apple.com/ns/ical/\""  \
    " xmlns:P=\"https://bitfire.at/webdav-push\""
#define XML_DECLARATION "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"

struct xml_attr {
    const char *ns; /* "" = none */
    const char *name, *value;
};

/* An element, or (name NULL) a run of text. */
struct xml {
    enum ns ns_id;
    const char *ns; /* URI, "" = none */
    const char *name;
    const char *text;
    struct xml_attr *attrs;
    size_t n_attrs;
    struct xml *parent, *child, *last, *next;
};

/* Errors: BAD_REQUEST with the line, EXTERNAL_ENTITIES (any DTD), TOO_LARGE. */
enum err xml_parse(struct ctx *cx, const char *body, size_t len_bytes, struct xml **root);

bool xml_is(const struct xml *node, enum ns ns, const char *name);
/* Elements only; NULL at the end. */
const struct xml *xml_first(const struct xml *node);
const struct xml *xml_next(const struct xml *node);
/* The first child element of that name, NULL when there is none. */
const struct xml *xml_child(const struct xml *node, enum ns ns, const char *name);
const char *xml_attr(const struct xml *node, const char *name); /* without a namespace */
/* In upper case; NULL when it is missing or empty. */
char *xml_attr_upper(struct ctx *cx, const struct xml *node, const char *name);
/* All text directly inside; "" when there is none. xml_word has no white space around. */
char *xml_text(struct ctx *cx, const struct xml *node);
char *xml_word(struct ctx *cx, const struct xml *node);

/* The element as text that stands for itself, all its namespaces declared inside. */
char *xml_print(struct ctx *cx, const struct xml *node);
/* An empty element of any namespace: `<D:x/>` where the prefix is known, else with its
 * xmlns. */
char *xml_empty(struct ctx *cx, const char *ns, const char *name);

/* Escapes for element content; characters that XML forbids are dropped. */
void xml_add(struct buf *out, const char *text, size_t len_bytes);
void xml_adds(struct buf *out, const char *text);

#endif
