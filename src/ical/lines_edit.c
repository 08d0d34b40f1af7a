#include "ical/lines.h"

#include <string.h>

#define FOLD_OCTETS 75 /* RFC 5545 3.1, without the line end */

struct line *comp_next_line(const struct comp *comp, const char *name, size_t *at)
{
    while (*at < comp->items.n) {
        struct line *line = comp->items.items[(*at)++].line;
        if (line && !strcmp(line->name, name))
            return line;
    }
    return NULL;
}

struct comp *comp_next_sub(const struct comp *comp, const char *name, size_t *at)
{
    while (*at < comp->items.n) {
        struct comp *sub = comp->items.items[(*at)++].comp;
        if (sub && !strcmp(sub->name, name))
            return sub;
    }
    return NULL;
}

struct line *comp_line(const struct comp *comp, const char *name)
{
    size_t at = 0;
    return comp_next_line(comp, name, &at);
}

struct comp *comp_sub(const struct comp *comp, const char *name)
{
    size_t at = 0;
    return comp_next_sub(comp, name, &at);
}

const char *line_param(const struct line *line, const char *name)
{
    for (size_t i = 0; i < line->n_params; i++)
        if (!strcmp(line->params[i].name, name))
            return line->params[i].value;
    return NULL;
}

/* The text as a content line: folded before the octet that would be the 76th, never
 * inside a character. */
static void fold(struct buf *out, const char *text)
{
    size_t room = FOLD_OCTETS, left = strlen(text);
    while (left > room) {
        size_t cut = room;
        while (cut > 1 && ((unsigned char)text[cut] & 0xc0) == 0x80)
            cut--;
        buf_add(out, text, cut);
        buf_add(out, "\r\n ", 3);
        text += cut;
        left -= cut;
        room = FOLD_OCTETS - 1;
    }
    buf_add(out, text, left);
    buf_add(out, "\r\n", 2);
}

static struct line *line_of(struct arena *arena, char *text)
{
    struct line *line = ARENA_NEW(arena, struct line);
    struct buf raw = buf_new(arena);
    /* A line end inside would let a value write lines of its own. */
    for (char *c = text; *c; c++)
        if (*c == '\r' || *c == '\n')
            *c = ' ';
    fold(&raw, text);
    if (!line_split(arena, text, line))
        *line = (struct line){.name = text, .value = ""};
    line->raw = raw.data;
    line->raw_bytes = raw.len_bytes;
    return line;
}

struct line *line_new(struct ctx *cx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(cx->arena, format, args);
    va_end(args);
    return line_of(cx->arena, text);
}

struct comp *comp_new(struct ctx *cx, const char *name)
{
    struct comp *comp = ARENA_NEW(cx->arena, struct comp);
    comp->name = arena_strdup(cx->arena, name);
    comp->begin = *line_new(cx, "BEGIN:%s", name);
    comp->end = *line_new(cx, "END:%s", name);
    return comp;
}

static void insert(
    struct arena *arena, struct comp *comp, size_t at, struct comp_item item)
{
    LIST_ADD(arena, &comp->items, item);
    memmove(comp->items.items + at + 1, comp->items.items + at,
        (comp->items.n - 1 - at) * sizeof(item));
    comp->items.items[at] = item;
}

static void remove_at(struct comp *comp, size_t at)
{
    comp->items.n--;
    memmove(comp->items.items + at, comp->items.items + at + 1,
        (comp->items.n - at) * sizeof(comp->items.items[0]));
}

static size_t before_subs(const struct comp *comp)
{
    size_t at = 0;
    while (at < comp->items.n && comp->items.items[at].line)
        at++;
    return at;
}

void comp_add_line(struct ctx *cx, struct comp *comp, struct line *line)
{
    insert(cx->arena, comp, before_subs(comp), (struct comp_item){.line = line});
}

void comp_add_sub(struct ctx *cx, struct comp *comp, struct comp *sub)
{
    LIST_ADD(cx->arena, &comp->items, ((struct comp_item){.comp = sub}));
}

void comp_replace_lines(struct ctx *cx, struct comp *comp, const char *name,
    struct line *const *lines, size_t n)
{
    size_t place = comp->items.n + 1, i = 0;
    while (i < comp->items.n) {
        struct line *line = comp->items.items[i].line;
        if (line && !strcmp(line->name, name)) {
            if (place > i)
                place = i;
            remove_at(comp, i);
        } else {
            i++;
        }
    }
    if (place > comp->items.n)
        place = before_subs(comp);
    for (i = 0; i < n; i++)
        insert(cx->arena, comp, place + i, (struct comp_item){.line = lines[i]});
}

void comp_remove_line(struct comp *comp, const struct line *line)
{
    for (size_t i = 0; line && i < comp->items.n; i++)
        if (comp->items.items[i].line == line) {
            remove_at(comp, i);
            return;
        }
}

void comp_drop_lines(
    struct comp *comp, bool (*goes)(void *self, const struct line *line), void *self)
{
    size_t kept = 0;
    for (size_t i = 0; i < comp->items.n; i++) {
        struct comp_item item = comp->items.items[i];
        if (!item.line || !goes(self, item.line))
            comp->items.items[kept++] = item;
    }
    comp->items.n = kept;
}

void comp_remove_sub(struct comp *comp, const struct comp *sub)
{
    for (size_t i = 0; sub && i < comp->items.n; i++)
        if (comp->items.items[i].comp == sub) {
            remove_at(comp, i);
            return;
        }
}

struct comp *comp_clone(struct ctx *cx, const struct comp *comp)
{
    struct comp *copy = arena_memdup(cx->arena, comp, sizeof(*comp));
    size_t n = comp->items.n;
    copy->items.cap = n;
    copy->items.items = n ? ARENA_ARRAY(cx->arena, struct comp_item, n) : NULL;
    for (size_t i = 0; i < n; i++) {
        struct comp_item item = comp->items.items[i];
        if (item.comp)
            item.comp = comp_clone(cx, item.comp);
        copy->items.items[i] = item;
    }
    return copy;
}

char *text_escape(struct arena *arena, const char *text)
{
    struct buf out = buf_new(arena);
    for (; *text; text++) {
        if (strchr("\\;,", *text)) {
            buf_addc(&out, '\\');
            buf_addc(&out, *text);
        } else if (*text == '\n' || *text == '\r') {
            buf_add(&out, "\\n", 2);
            if (text[0] == '\r' && text[1] == '\n')
                text++;
        } else if ((unsigned char)*text >= ' ' || *text == '\t') {
            buf_addc(&out, *text);
        }
    }
    return arena_strdup(arena, buf_str(&out));
}

char *text_unescape(struct arena *arena, const char *value)
{
    char *text = arena_strdup(arena, value), *out = text;
    for (const char *in = text; *in; in++) {
        if (*in == '\\' && in[1] && strchr("nN", in[1])) {
            *out++ = '\n';
            in++;
        } else if (*in == '\\' && in[1] && strchr("\\;,\":", in[1])) {
            *out++ = *++in;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
    return text;
}

char *param_escape(struct arena *arena, const char *text)
{
    struct buf out = buf_new(arena);
    bool quote = text[strcspn(text, ",;:")] != '\0';
    if (quote)
        buf_addc(&out, '"');
    for (; *text; text++) {
        if (*text == '\n' || *text == '\r') {
            buf_add(&out, "^n", 2);
            if (text[0] == '\r' && text[1] == '\n')
                text++;
        } else if (*text == '^') {
            buf_add(&out, "^^", 2);
        } else if (*text == '"') {
            buf_add(&out, "^'", 2);
        } else if ((unsigned char)*text >= ' ' || *text == '\t') {
            buf_addc(&out, *text);
        }
    }
    if (quote)
        buf_addc(&out, '"');
    return arena_strdup(arena, buf_str(&out));
}
