/* Requests, and looking at their answers. */
#include "dav_fake_internal.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

void drop_answer(struct world *w)
{
    buf_free(&w->answer.body);
    if (w->doc)
        xmlFreeDoc(w->doc);
    w->doc = NULL;
}

static const char *header(const struct dav_request *request, const char *name)
{
    struct world *w = request->self;
    char **lines = w->headers ? str_split(w->cx->arena, w->headers, '\n') : NULL;
    for (; lines && *lines; lines++) {
        char *colon = strchr(*lines, ':');
        assert_non_null(colon);
        *colon = '\0';
        if (str_ieq(*lines, name))
            return str_trim(w->cx->arena, colon + 1);
    }
    return NULL;
}

const char *answer_header(const struct world *w, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < w->answer.headers.n; i++)
        if (str_ieq(w->answer.headers.items[i].name, name)) {
            assert_null(value); /* no header twice */
            value = w->answer.headers.items[i].value;
        }
    return value;
}

const char *answer_body(const struct world *w)
{
    return buf_str(&w->answer.body);
}

/* The pieces of a long answer, joined; as the HTTP layer, but that it sends them. */
static void drain(struct world *w)
{
    struct dav_response *answer = &w->answer;
    struct buf whole = buf_new(NULL);
    w->n_pieces = 1;
    w->longest_piece_bytes = answer->body.len_bytes;
    while (answer->more) {
        buf_add(&whole, answer->body.data, answer->body.len_bytes);
        if (w->between_pieces)
            w->between_pieces(w);
        enum dav_more state = answer->more(answer);
        w->broken |= state == DAV_BROKEN;
        w->n_pieces++;
        if (answer->body.len_bytes > w->longest_piece_bytes)
            w->longest_piece_bytes = answer->body.len_bytes;
        if (state != DAV_MORE)
            answer->more = NULL;
    }
    if (w->n_pieces == 1)
        return;
    buf_add(&whole, answer->body.data, answer->body.len_bytes);
    buf_free(&answer->body);
    answer->body = whole;
}

static void read_answer(struct world *w)
{
    const char *type = answer_header(w, "Content-Type");
    if (w->answer.status >= 400) {
        assert_true(w->answer.body.len_bytes > 0); /* KDE's KIO needs one */
        assert_non_null(type);
    }
    if (!type || !strstr(type, "xml"))
        return;
    w->doc = xmlReadMemory(answer_body(w), (int)w->answer.body.len_bytes, "answer", NULL,
        XML_PARSE_NONET);
    if (!w->doc)
        print_error("not well-formed: %s\n", answer_body(w));
    assert_non_null(w->doc);
}

int ask(struct world *w, const char *method, const char *path, const char *headers,
    const char *body)
{
    struct path whole = {0};
    drop_answer(w);
    w->cx->err = ERR_OK;
    w->cx->retry_after_s = 0;
    w->headers = headers;
    assert_ok(w->cx, href_parse(w->cx, path, &whole));
    assert_string_equal(whole.segments[0], "dav");
    struct dav_request request = {.bridge = &w->bridge, .user_id = w->user_id,
        .method = method, .root = "/dav", .origin = "https://dav.example.com",
        .body = body ? body : "", .body_bytes = body ? strlen(body) : 0, .header = header,
        .self = w};
    request.path.n = whole.n - 1;
    request.path.slash = whole.slash;
    memcpy(request.path.segments, whole.segments + 1,
        request.path.n * sizeof(*whole.segments));
    dav_handle(w->cx, &request, &w->answer);
    w->broken = false;
    drain(w);
    if (!w->broken)
        read_answer(w);
    return w->answer.status;
}

char *element(struct world *w, const char *root, const char *inner)
{
    return arena_printf(w->cx->arena,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s xmlns:D=\"DAV:\" "
        "xmlns:C=\"urn:ietf:params:xml:ns:caldav\" "
        "xmlns:CS=\"http://calendarserver.org/ns/\" "
        "xmlns:A=\"http://apple.com/ns/ical/\" "
        "xmlns:P=\"https://bitfire.at/webdav-push\" "
        "xmlns:X=\"urn:x\">%s</%.*s>",
        root, inner, (int)strcspn(root, " "), root);
}

int propfind(struct world *w, const char *path, const char *depth, const char *props)
{
    char *headers = depth ? arena_printf(w->cx->arena, "Depth: %s", depth) : NULL;
    char *prop = arena_printf(w->cx->arena, "<D:prop>%s</D:prop>", props);
    return ask(w, "PROPFIND", path, headers, element(w, "D:propfind", prop));
}

int report(struct world *w, const char *path, const char *headers, const char *root,
    const char *inner)
{
    return ask(w, "REPORT", path, headers, element(w, root, inner));
}

static xmlXPathObject *evaluate(
    struct world *w, const char *xpath, xmlXPathContext **context)
{
    assert_non_null(w->doc);
    *context = xmlXPathNewContext(w->doc);
    xmlXPathRegisterNs(*context, BAD_CAST "D", BAD_CAST "DAV:");
    xmlXPathRegisterNs(*context, BAD_CAST "C", BAD_CAST "urn:ietf:params:xml:ns:caldav");
    xmlXPathRegisterNs(*context, BAD_CAST "CS", BAD_CAST "http://calendarserver.org/ns/");
    xmlXPathRegisterNs(*context, BAD_CAST "A", BAD_CAST "http://apple.com/ns/ical/");
    xmlXPathRegisterNs(*context, BAD_CAST "P", BAD_CAST "https://bitfire.at/webdav-push");
    xmlXPathRegisterNs(*context, BAD_CAST "X", BAD_CAST "urn:x");
    xmlXPathObject *object = xmlXPathEvalExpression(BAD_CAST xpath, *context);
    assert_non_null(object);
    return object;
}

int found(struct world *w, const char *xpath)
{
    xmlXPathContext *context;
    xmlXPathObject *object = evaluate(w, xpath, &context);
    int n = object->nodesetval ? object->nodesetval->nodeNr : 0;
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return n;
}

char *text_at(struct world *w, const char *xpath)
{
    xmlXPathContext *context;
    xmlXPathObject *object = evaluate(w, xpath, &context);
    xmlChar *text = xmlXPathCastToString(object);
    char *copied = arena_strdup(w->cx->arena, (const char *)text);
    xmlFree(text);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return copied;
}
