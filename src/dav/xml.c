#include "dav/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>
#include <string.h>

const struct ns_row ns_rows[NS_COUNT] = {
    [NS_OTHER] = {"", ""},
    [NS_DAV] = {"DAV:", "D"},
    [NS_CALDAV] = {"urn:ietf:params:xml:ns:caldav", "C"},
    [NS_CS] = {"http://calendarserver.org/ns/", "CS"},
    [NS_APPLE] = {"http://apple.com/ns/ical/", "A"},
    [NS_PUSH] = {"https://bitfire.at/webdav-push", "P"},
};

/* ---- reading ---- */

struct reader {
    struct ctx *cx;
    xmlParserCtxt *parser;
    struct xml *root, *at;
    size_t depth, elements;
    enum err err;
};

static void stop(struct reader *reader, enum err err)
{
    if (!reader->err)
        reader->err = err;
    xmlStopParser(reader->parser);
}

static void set_namespace(struct reader *reader, struct xml *node, const char *uri)
{
    for (size_t i = 1; uri && i < NS_COUNT; i++)
        if (strcmp(uri, ns_rows[i].uri) == 0) {
            node->ns_id = (enum ns)i;
            node->ns = ns_rows[i].uri;
            return;
        }
    node->ns = uri ? arena_strdup(reader->cx->arena, uri) : "";
}

static void append(struct reader *reader, struct xml *node)
{
    struct xml *parent = reader->at;
    node->parent = parent;
    if (!parent)
        reader->root = node;
    else if (parent->last)
        parent->last->next = node;
    else
        parent->child = node;
    if (parent)
        parent->last = node;
}

/* libxml2 gives five pointers an attribute: name, prefix, URI, value, end of value. */
static void copy_attributes(struct reader *reader, struct xml *node, int n,
    const xmlChar **from)
{
    struct arena *arena = reader->cx->arena;
    node->n_attrs = (size_t)n;
    node->attrs = n ? ARENA_ARRAY(arena, struct xml_attr, (size_t)n) : NULL;
    for (size_t i = 0; i < node->n_attrs; i++, from += 5) {
        const char *uri = (const char *)from[2];
        node->attrs[i] = (struct xml_attr){
            .ns = uri ? arena_strdup(arena, uri) : "",
            .name = arena_strdup(arena, (const char *)from[0]),
            .value = arena_strndup(arena, (const char *)from[3],
                (size_t)(from[4] - from[3])),
        };
    }
}

static void on_start(void *self, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int n_namespaces, const xmlChar **namespaces, int n_attributes,
    int n_defaulted, const xmlChar **attributes)
{
    struct reader *reader = self;
    (void)prefix, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
    if (reader->err)
        return;
    if (++reader->depth > XML_MAX_DEPTH)
        return stop(reader, fail(reader->cx, ERR_BAD_REQUEST,
            "the XML is nested deeper than %d", XML_MAX_DEPTH));
    if (++reader->elements > XML_MAX_ELEMENTS || n_attributes > XML_MAX_ATTRIBUTES)
        return stop(reader, fail(reader->cx, ERR_TOO_LARGE,
            "the XML has too many elements or attributes"));
    struct xml *node = ARENA_NEW(reader->cx->arena, struct xml);
    node->name = arena_strdup(reader->cx->arena, (const char *)name);
    set_namespace(reader, node, (const char *)uri);
    copy_attributes(reader, node, n_attributes, attributes);
    append(reader, node);
    reader->at = node;
}

static void on_end(
    void *self, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct reader *reader = self;
    (void)name, (void)prefix, (void)uri;
    if (reader->err || !reader->at)
        return;
    reader->depth--;
    reader->at = reader->at->parent;
}

static void on_text(void *self, const xmlChar *text, int len_bytes)
{
    struct reader *reader = self;
    if (reader->err || !reader->at)
        return;
    struct xml *node = ARENA_NEW(reader->cx->arena, struct xml);
    node->ns = "";
    node->text = arena_strndup(reader->cx->arena, (const char *)text, (size_t)len_bytes);
    append(reader, node);
}

static void on_dtd(void *self, const xmlChar *name, const xmlChar *external,
    const xmlChar *system)
{
    struct reader *reader = self;
    (void)name, (void)external, (void)system;
    stop(reader, fail(reader->cx, ERR_EXTERNAL_ENTITIES, "a DTD is not allowed"));
}

static xmlEntity *on_entity(void *self, const xmlChar *name)
{
    struct reader *reader = self;
    /* The five of XML itself; all others would need a DTD. */
    xmlEntity *entity = xmlGetPredefinedEntity(name);
    if (!entity)
        stop(reader, fail(reader->cx, ERR_EXTERNAL_ENTITIES, "entities are not allowed"));
    return entity;
}

static void init(void)
{
    xmlInitParser();
}

/* NOERROR does not cover broken encodings: libxml2 would print them on stderr. */
static void say_nothing(void *self, const char *format, ...)
{
    (void)self;
    (void)format;
}

static void free_parser(void *parser)
{
    xmlFreeParserCtxt(parser);
}

enum err xml_parse(struct ctx *cx, const char *body, size_t len_bytes, struct xml **root)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init);
    xmlSetGenericErrorFunc(NULL, say_nothing); /* of this thread */
    if (len_bytes > XML_MAX_BYTES)
        return fail(cx, ERR_TOO_LARGE, "the XML has more than %u bytes", XML_MAX_BYTES);
    if (!len_bytes)
        return fail(cx, ERR_BAD_REQUEST, "the request needs an XML body");
    xmlParserCtxt *parser = xmlCreateMemoryParserCtxt(body, (int)len_bytes);
    if (!parser)
        return fail(cx, ERR_INTERNAL, "no memory for the XML parser");
    arena_defer(cx->arena, free_parser, parser);
    struct reader reader = {.cx = cx, .parser = parser};
    *parser->sax = (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .internalSubset = on_dtd,
        .getEntity = on_entity,
    };
    parser->userData = &reader;
    /* NOENT: otherwise "&amp;" in an attribute would arrive as "&#38;". */
    xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR |
        XML_PARSE_NOWARNING);
    xmlParseDocument(parser);
    if (reader.err)
        return reader.err;
    if (!parser->wellFormed || !parser->nsWellFormed || !reader.root || reader.at)
        return fail(cx, ERR_BAD_REQUEST, "the XML is broken at line %d",
            parser->lastError.line);
    *root = reader.root;
    return ERR_OK;
}

/* ---- looking ---- */

bool xml_is(const struct xml *node, enum ns ns, const char *name)
{
    return node && node->ns_id == ns && node->name && strcmp(node->name, name) == 0;
}

static const struct xml *skip_text(const struct xml *node)
{
    while (node && !node->name)
        node = node->next;
    return node;
}

const struct xml *xml_first(const struct xml *node)
{
    return node ? skip_text(node->child) : NULL;
}

const struct xml *xml_next(const struct xml *node)
{
    return skip_text(node->next);
}

const struct xml *xml_child(const struct xml *node, enum ns ns, const char *name)
{
    const struct xml *child = xml_first(node);
    while (child && !xml_is(child, ns, name))
        child = xml_next(child);
    return child;
}

const char *xml_attr(const struct xml *node, const char *name)
{
    for (size_t i = 0; i < node->n_attrs; i++)
        if (!*node->attrs[i].ns && strcmp(node->attrs[i].name, name) == 0)
            return node->attrs[i].value;
    return NULL;
}

char *xml_attr_upper(struct ctx *cx, const struct xml *node, const char *name)
{
    const char *value = xml_attr(node, name);
    if (str_empty(value))
        return NULL;
    char *upper = arena_strdup(cx->arena, value);
    for (char *at = upper; *at; at++)
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    return upper;
}

char *xml_text(struct ctx *cx, const struct xml *node)
{
    const struct xml *first = node->child;
    if (first && !first->name && !first->next)
        return arena_strdup(cx->arena, first->text);
    struct buf text = buf_new(cx->arena);
    for (; first; first = first->next)
        if (!first->name)
            buf_adds(&text, first->text);
    return arena_strdup(cx->arena, buf_str(&text));
}

char *xml_word(struct ctx *cx, const struct xml *node)
{
    return str_trim(cx->arena, xml_text(cx, node));
}

/* ---- writing ---- */

/* How a byte must be written, NULL = as it is. A quote needs it in attributes only. */
static const char *const escapes[256] = {
    [0x00] = "", [0x01] = "", [0x02] = "", [0x03] = "", [0x04] = "", [0x05] = "",
    [0x06] = "", [0x07] = "", [0x08] = "", [0x0b] = "", [0x0c] = "", [0x0e] = "",
    [0x0f] = "", [0x10] = "", [0x11] = "", [0x12] = "", [0x13] = "", [0x14] = "",
    [0x15] = "", [0x16] = "", [0x17] = "", [0x18] = "", [0x19] = "", [0x1a] = "",
    [0x1b] = "", [0x1c] = "", [0x1d] = "", [0x1e] = "", [0x1f] = "",
    /* A bare CR would be read as a line feed (XML 1.0 section 2.11). */
    ['\r'] = "&#13;", ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;",
};

/* U+FFFE and U+FFFF are the only forbidden characters beyond the first page. */
static bool is_non_character(const char *at, size_t left_bytes)
{
    return left_bytes >= 3 && (unsigned char)at[0] == 0xef &&
        (unsigned char)at[1] == 0xbf && ((unsigned char)at[2] & 0xfe) == 0xbe;
}

void xml_add(struct buf *out, const char *text, size_t len_bytes)
{
    buf_reserve(out, len_bytes + len_bytes / 8);
    size_t run = 0;
    for (size_t i = 0; i < len_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *form = escapes[c];
        size_t skip_bytes = 1;
        if (!form && (c != 0xef || !is_non_character(text + i, len_bytes - i)))
            continue;
        if (!form)
            skip_bytes = 3;
        buf_add(out, text + run, i - run);
        if (form)
            buf_adds(out, form);
        run = i + skip_bytes;
        i = run - 1;
    }
    buf_add(out, text + run, len_bytes - run);
}

void xml_adds(struct buf *out, const char *text)
{
    if (text)
        xml_add(out, text, strlen(text));
}

/* Base's form escapes quotes too. */
static void add_attribute(struct buf *out, const char *name, const char *value)
{
    buf_addc(out, ' ');
    buf_adds(out, name);
    buf_adds(out, "=\"");
    buf_add_xml(out, value);
    buf_addc(out, '"');
}

#define XML_URI "http://www.w3.org/XML/1998/namespace"

static void print_attributes(struct ctx *cx, struct buf *out, const struct xml *node)
{
    for (size_t i = 0; i < node->n_attrs; i++) {
        const struct xml_attr *attr = &node->attrs[i];
        if (!*attr->ns) {
            add_attribute(out, attr->name, attr->value);
        } else if (strcmp(attr->ns, XML_URI) == 0) {
            add_attribute(
                out, arena_printf(cx->arena, "xml:%s", attr->name), attr->value);
        } else {
            add_attribute(out, arena_printf(cx->arena, "xmlns:n%zu", i), attr->ns);
            add_attribute(out, arena_printf(cx->arena, "n%zu:%s", i, attr->name),
                attr->value);
        }
    }
}

/* The default namespace is declared where it differs from the parent's. */
static void print(
    struct ctx *cx, struct buf *out, const struct xml *node, const char *outer)
{
    if (!node->name) {
        xml_adds(out, node->text);
        return;
    }
    buf_addc(out, '<');
    buf_adds(out, node->name);
    if (!outer || strcmp(outer, node->ns) != 0)
        add_attribute(out, "xmlns", node->ns);
    print_attributes(cx, out, node);
    if (!node->child) {
        buf_adds(out, "/>");
        return;
    }
    buf_addc(out, '>');
    for (const struct xml *child = node->child; child; child = child->next)
        print(cx, out, child, node->ns);
    buf_adds(out, "</");
    buf_adds(out, node->name);
    buf_addc(out, '>');
}

char *xml_print(struct ctx *cx, const struct xml *node)
{
    struct buf out = buf_new(cx->arena);
    print(cx, &out, node, NULL);
    return arena_strdup(cx->arena, buf_str(&out));
}

char *xml_empty(struct ctx *cx, const char *ns, const char *name)
{
    for (size_t i = 1; i < NS_COUNT; i++)
        if (strcmp(ns, ns_rows[i].uri) == 0)
            return arena_printf(cx->arena, "<%s:%s/>", ns_rows[i].prefix, name);
    struct buf out = buf_new(cx->arena);
    buf_addc(&out, '<');
    buf_adds(&out, name);
    add_attribute(&out, "xmlns", ns);
    buf_adds(&out, "/>");
    return arena_strdup(cx->arena, buf_str(&out));
}
