#include "ical/lines.h"

#include <string.h>

#define LINE_MAX_PARAMS 64

struct reader {
    struct ctx *cx;
    const char *at, *end; /* what is left of the raw text */
    char *flat;           /* where the next unfolded line goes */
    size_t physical;      /* number of the physical line read last, from 1 */
    size_t n_lines;
};

static enum err bad(struct reader *reader, const char *what)
{
    return fail(
        reader->cx, ERR_VALID_CALENDAR_DATA, "line %zu: %s", reader->physical, what);
}

static void upper(char *text)
{
    for (; *text; text++)
        if (*text >= 'a' && *text <= 'z')
            *text = (char)(*text - 'a' + 'A');
}

/* One content line: raw with folds and line ends, text without (RFC 5545 3.1). An
 * unfolded line with its NUL never needs more room than its raw form, but for the last
 * one, which may lack a line end. */
static void next_logical(
    struct reader *reader, struct line *line, char **text, size_t *len_bytes)
{
    char *out = reader->flat;
    *text = out;
    line->raw = reader->at;
    for (;;) {
        const char *stop = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
        const char *next = stop ? stop + 1 : reader->end;
        size_t len = (size_t)((stop ? stop : reader->end) - reader->at);
        if (len && reader->at[len - 1] == '\r')
            len--;
        memcpy(out, reader->at, len);
        out += len;
        reader->at = next;
        reader->physical++;
        if (reader->at == reader->end || (*reader->at != ' ' && *reader->at != '\t'))
            break;
        reader->at++;
    }
    *out = '\0';
    reader->flat = out + 1;
    line->raw_bytes = (size_t)(reader->at - line->raw);
    *len_bytes = (size_t)(out - *text);
}

static const char *find_colon(const char *text, bool quotes)
{
    bool quoted = false;
    for (; *text; text++) {
        if (*text == '"' && quotes)
            quoted = !quoted;
        else if (*text == ':' && !quoted)
            return text;
    }
    return NULL;
}

/* Decodes a parameter's value where it stands; *at moves on to the delimiter behind it,
 * which is returned because the decoded text may end on its place. */
static char decode_param(char **at, bool quotes)
{
    char *in = *at, *out = in, delimiter;
    bool quoted = false;
    for (; *in && (quoted || (*in != ';' && *in != ':')); in++) {
        if (*in == '"' && quotes)
            quoted = !quoted;
        else if (*in == '^' && in[1] && strchr("n^'", in[1])) /* RFC 6868 */
            *out++ = *++in == 'n' ? '\n' : *in == '^' ? '^' : '"';
        else
            *out++ = *in;
    }
    delimiter = *in;
    *at = in;
    *out = '\0';
    return delimiter;
}

static size_t name_length(const char *text)
{
    size_t len = 0;
    for (;; len++) {
        char c = text[len];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                (c >= '0' && c <= '9') || (c && strchr("-_./", c))))
            return len;
    }
}

/* Cuts name, parameters and value out of an unfolded line, which is written to. Returns
 * what is wrong, NULL when nothing is. */
static const char *split(struct arena *arena, char *text, struct line *line)
{
    struct line_param params[LINE_MAX_PARAMS];
    /* A quote that is never closed: Outlook and old phones write CN="Name without a
     * second one. */
    bool quotes = find_colon(text, true) != NULL;
    if (!quotes && !find_colon(text, false))
        return "no colon in a content line";
    char *at = text + name_length(text);
    if (at == text || (*at != ';' && *at != ':'))
        return "broken property name";
    char delimiter = *at;
    *at = '\0';
    upper(text);
    line->name = text;
    while (delimiter == ';') {
        char *name = ++at;
        at += strcspn(at, "=;:");
        if (line->n_params == LINE_MAX_PARAMS)
            return "too many parameters";
        struct line_param *param = &params[line->n_params++];
        delimiter = *at;
        *at = '\0';
        upper(name);
        *param = (struct line_param){.name = name, .value = ""};
        if (delimiter == '=') {
            param->value = ++at;
            delimiter = decode_param(&at, quotes);
        }
    }
    if (!delimiter)
        return "broken parameter";
    line->value = at + 1;
    if (line->n_params)
        line->params = arena_memdup(arena, params, line->n_params * sizeof(params[0]));
    return NULL;
}

/* The name in a BEGIN or END line, without white space behind it. */
static char *structure_name(struct arena *arena, const struct line *line)
{
    char *name = str_trim(arena, line->value);
    upper(name);
    return name;
}

struct nest {
    struct comp *open[LINES_MAX_DEPTH];
    size_t depth;
    struct comp *root; /* set at once, complete when depth is 0 again */
    struct line *last; /* blank lines belong to the line before them */
};

static enum err begin(struct reader *reader, struct nest *nest, struct line *line)
{
    if (nest->depth == LINES_MAX_DEPTH)
        return bad(reader, "components are nested too deep");
    struct comp *comp = ARENA_NEW(reader->cx->arena, struct comp);
    comp->name = structure_name(reader->cx->arena, line);
    comp->begin = *line;
    if (nest->depth) {
        struct comp *parent = nest->open[nest->depth - 1];
        LIST_ADD(reader->cx->arena, &parent->items, ((struct comp_item){.comp = comp}));
    } else if (!str_eq(comp->name, "VCALENDAR")) {
        return bad(reader, "not a VCALENDAR");
    } else {
        nest->root = comp;
    }
    nest->open[nest->depth++] = comp;
    nest->last = &comp->begin;
    return ERR_OK;
}

static enum err end(struct reader *reader, struct nest *nest, struct line *line)
{
    struct comp *comp = nest->open[nest->depth - 1];
    if (!str_eq(structure_name(reader->cx->arena, line), comp->name))
        return bad(reader, "END does not fit the BEGIN before it");
    comp->end = *line;
    nest->depth--;
    nest->last = &comp->end;
    return ERR_OK;
}

static enum err take_line(struct reader *reader, struct nest *nest)
{
    struct arena *arena = reader->cx->arena;
    struct line read = {.raw = NULL};
    char *text;
    size_t len_bytes;
    next_logical(reader, &read, &text, &len_bytes);
    if (!len_bytes) {
        if (nest->last)
            nest->last->raw_bytes += read.raw_bytes;
        return ERR_OK;
    }
    if (nest->root && !nest->depth)
        return bad(reader, "text after END:VCALENDAR");
    if (++reader->n_lines > LINES_MAX_COUNT)
        return bad(reader, "too many lines");
    if (strlen(text) != len_bytes)
        return bad(reader, "a NUL byte");
    if (!utf8_valid(text, len_bytes))
        return bad(reader, "not UTF-8");
    const char *wrong = split(arena, text, &read);
    if (wrong)
        return bad(reader, wrong);
    if (str_eq(read.name, "BEGIN"))
        return begin(reader, nest, &read);
    if (!nest->depth)
        return bad(reader, "not a VCALENDAR");
    if (str_eq(read.name, "END"))
        return end(reader, nest, &read);
    struct line *line = arena_memdup(arena, &read, sizeof(read));
    LIST_ADD(
        arena, &nest->open[nest->depth - 1]->items, ((struct comp_item){.line = line}));
    nest->last = line;
    return ERR_OK;
}

enum err lines_parse(
    struct ctx *cx, const char *text, size_t len_bytes, struct comp **root)
{
    static const char bom[] = "\xef\xbb\xbf";
    struct nest nest = {.depth = 0};
    if (len_bytes >= 3 && !memcmp(text, bom, 3)) {
        text += 3;
        len_bytes -= 3;
    }
    const char *raw = len_bytes ? arena_memdup(cx->arena, text, len_bytes) : "";
    struct reader reader = {
        .cx = cx,
        .at = raw,
        .end = raw + len_bytes,
        .flat = arena_alloc(cx->arena, len_bytes + 1),
    };
    while (reader.at < reader.end)
        TRY(take_line(&reader, &nest));
    if (!nest.root)
        return bad(&reader, "there is no VCALENDAR");
    if (nest.depth)
        return bad(&reader, "END is missing");
    *root = nest.root;
    return ERR_OK;
}

/* A line that is no longer the last of its text needs the line end it may have lacked. */
static void print_line(const struct line *line, struct buf *out)
{
    if (out->len_bytes && out->data[out->len_bytes - 1] != '\n')
        buf_add(out, "\r\n", 2);
    buf_add(out, line->raw, line->raw_bytes);
}

void lines_print(const struct comp *root, struct buf *out)
{
    print_line(&root->begin, out);
    for (size_t i = 0; i < root->items.n; i++) {
        if (root->items.items[i].line)
            print_line(root->items.items[i].line, out);
        else
            lines_print(root->items.items[i].comp, out);
    }
    print_line(&root->end, out);
}

char *lines_text(struct ctx *cx, const struct comp *root)
{
    struct buf out = buf_new(cx->arena);
    lines_print(root, &out);
    return arena_strdup(cx->arena, buf_str(&out));
}

bool line_split(struct arena *arena, char *text, struct line *line)
{
    return !split(arena, text, line);
}
