/* Whole requests to the DAV layer, over the back end of the unit tests. An input is
 * "METHOD /path", header lines, an empty line and the body, with bare line feeds. */
#include "dav_fake_backend.h"
#include "fuzz.h"

#include <libxml/parser.h>

#include <string.h>

struct input {
    struct ctx *cx;
    char **headers; /* "Name: value" lines, NULL-terminated */
};

static const char *header(const struct dav_request *request, const char *name)
{
    const struct input *input = request->self;
    size_t name_bytes = strlen(name);
    for (char **line = input->headers; *line; line++)
        if (str_istarts(*line, name) && (*line)[name_bytes] == ':')
            return str_trim(input->cx->arena, *line + name_bytes + 1);
    return NULL;
}

static void check_answer(const struct dav_response *answer)
{
    const char *type = NULL;
    FUZZ_CHECK(answer->status >= 200 && answer->status < 600);
    for (size_t i = 0; i < answer->headers.n; i++) {
        const struct dav_header *one = &answer->headers.items[i];
        FUZZ_CHECK(!strpbrk(one->value, "\r\n"));
        if (str_eq(one->name, "Content-Type"))
            type = one->value;
    }
    FUZZ_CHECK(answer->status < 400 || answer->body.len_bytes);
    if (!type || !str_starts(type, "application/xml"))
        return;
    xmlDoc *doc = xmlReadMemory(buf_str(&answer->body), (int)answer->body.len_bytes,
        "answer", NULL, XML_PARSE_NONET);
    if (!doc)
        fprintf(stderr, "%s\n", buf_str(&answer->body));
    FUZZ_CHECK(doc);
    xmlFreeDoc(doc);
}

static void send_input(struct world *w, char *text)
{
    char *body = strstr(text, "\n\n");
    if (body) {
        *body = '\0';
        body += 2;
    }
    char **lines = str_split(w->cx->arena, text, '\n');
    struct input input = {.cx = w->cx, .headers = lines};
    char *space = *lines ? strchr(*lines, ' ') : NULL;
    if (!space)
        return;
    *space = '\0';
    struct dav_request request = {.bridge = &w->bridge, .user_id = 1, .method = *lines,
        .root = "/dav", .origin = "https://dav.example.com", .body = body ? body : "",
        .body_bytes = body ? strlen(body) : 0, .header = header, .self = &input};
    if (path_parse(w->cx, space + 1, &request.path) != ERR_OK)
        return;
    struct dav_response answer;
    dav_handle(w->cx, &request, &answer);
    check_answer(&answer);
    buf_free(&answer.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *state = NULL;
    world_start(&state);
    struct world *w = state;
    fake_add(w, "work", "one.ics", event_text(w, "one", "20261120T080000Z", NULL));
    fake_add(w, "work", "daily.ics",
        event_text(w, "daily", "20261028T080000Z", "RRULE:FREQ=DAILY;COUNT=7\r\n"));
    send_input(w, arena_strndup(w->cx->arena, (const char *)data, size));
    world_end(&state);
    return 0;
}
