#include "bridge/html.h"

#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum tag_kind {
    TAG_INLINE,
    TAG_BREAK,
    TAG_BLOCK,
    TAG_ITEM,
    TAG_LINK,
    TAG_CELL,
    TAG_HIDDEN
};

static const struct {
    const char *name;
    enum tag_kind kind;
} tags[] = {
    {"a", TAG_LINK},
    {"abbr", TAG_INLINE},
    {"article", TAG_BLOCK},
    {"at", TAG_INLINE},
    {"b", TAG_INLINE},
    {"big", TAG_INLINE},
    {"blockquote", TAG_BLOCK},
    {"body", TAG_BLOCK},
    {"br", TAG_BREAK},
    {"center", TAG_BLOCK},
    {"code", TAG_INLINE},
    {"dd", TAG_BLOCK},
    {"del", TAG_INLINE},
    {"div", TAG_BLOCK},
    {"dl", TAG_BLOCK},
    {"dt", TAG_BLOCK},
    {"em", TAG_INLINE},
    {"font", TAG_INLINE},
    {"footer", TAG_BLOCK},
    {"h1", TAG_BLOCK},
    {"h2", TAG_BLOCK},
    {"h3", TAG_BLOCK},
    {"h4", TAG_BLOCK},
    {"h5", TAG_BLOCK},
    {"h6", TAG_BLOCK},
    {"head", TAG_HIDDEN},
    {"header", TAG_BLOCK},
    {"hr", TAG_BREAK},
    {"html", TAG_INLINE},
    {"i", TAG_INLINE},
    {"img", TAG_INLINE},
    {"ins", TAG_INLINE},
    {"kbd", TAG_INLINE},
    {"li", TAG_ITEM},
    {"mark", TAG_INLINE},
    {"meta", TAG_INLINE},
    {"ol", TAG_BLOCK},
    {"p", TAG_BLOCK},
    {"pre", TAG_BLOCK},
    {"q", TAG_INLINE},
    {"s", TAG_INLINE},
    {"script", TAG_HIDDEN},
    {"section", TAG_BLOCK},
    {"small", TAG_INLINE},
    {"span", TAG_INLINE},
    {"strike", TAG_INLINE},
    {"strong", TAG_INLINE},
    {"style", TAG_HIDDEN},
    {"sub", TAG_INLINE},
    {"sup", TAG_INLINE},
    {"table", TAG_BLOCK},
    {"tbody", TAG_INLINE},
    {"td", TAG_CELL},
    {"th", TAG_CELL},
    {"thead", TAG_INLINE},
    {"title", TAG_HIDDEN},
    {"tr", TAG_BLOCK},
    {"tt", TAG_INLINE},
    {"u", TAG_INLINE},
    {"ul", TAG_BLOCK},
};

static const struct {
    const char *name, *text;
} entities[] = {
    {"amp", "&"},
    {"apos", "'"},
    {"bull", "\xE2\x80\xA2"},
    {"copy", "\xC2\xA9"},
    {"gt", ">"},
    {"hellip", "\xE2\x80\xA6"},
    {"laquo", "\xC2\xAB"},
    {"ldquo", "\xE2\x80\x9C"},
    {"lsquo", "\xE2\x80\x98"},
    {"lt", "<"},
    {"mdash", "\xE2\x80\x94"},
    {"middot", "\xC2\xB7"},
    {"nbsp", " "},
    {"ndash", "\xE2\x80\x93"},
    {"quot", "\""},
    {"raquo", "\xC2\xBB"},
    {"rdquo", "\xE2\x80\x9D"},
    {"reg", "\xC2\xAE"},
    {"rsquo", "\xE2\x80\x99"},
    {"trade", "\xE2\x84\xA2"},
};

struct tag {
    enum tag_kind kind;
    const char *name;
    bool closing;
    const char *attributes, *end; /* end is behind the '>' */
};

/* Only names of HTML count: "<bob@example.com>" and "a <b" are text. */
static bool tag_at(const char *text, struct tag *tag)
{
    const char *at = text + 1;
    if (strncmp(at, "!--", 3) == 0) {
        const char *close = strstr(at, "-->");
        *tag = (struct tag){TAG_INLINE, "", false, at, close == NULL ? at : close + 3};
        return close != NULL;
    }
    bool closing = *at == '/';
    if (closing)
        at++;
    size_t n = 0;
    while (isalnum((unsigned char)at[n]))
        n++;
    char after = at[n];
    if (n == 0 || !(after == '>' || after == '/' || isspace((unsigned char)after)))
        return false;
    const char *end = strchr(at + n, '>');
    if (end == NULL)
        return false;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        char name[16] = "";
        if (n >= sizeof name)
            return false;
        memcpy(name, at, n);
        if (str_ieq(name, tags[i].name)) {
            *tag = (struct tag){tags[i].kind, tags[i].name, closing, at + n, end + 1};
            return true;
        }
    }
    return false;
}

static void add_code_point(struct buf *out, unsigned long code)
{
    char utf8[4];
    size_t n = 0;
    if (code < 0x80) {
        utf8[n++] = (char)code;
    } else if (code < 0x800) {
        utf8[n++] = (char)(0xC0 | code >> 6);
        utf8[n++] = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        utf8[n++] = (char)(0xE0 | code >> 12);
        utf8[n++] = (char)(0x80 | (code >> 6 & 0x3F));
        utf8[n++] = (char)(0x80 | (code & 0x3F));
    } else {
        utf8[n++] = (char)(0xF0 | code >> 18);
        utf8[n++] = (char)(0x80 | (code >> 12 & 0x3F));
        utf8[n++] = (char)(0x80 | (code >> 6 & 0x3F));
        utf8[n++] = (char)(0x80 | (code & 0x3F));
    }
    buf_add(out, utf8, n);
}

/* The entity at text ("&..."): adds what it stands for; 0 when it is none. */
static size_t entity_at(const char *text, struct buf *out)
{
    const char *end = strchr(text, ';');
    if (end == NULL || end - text > HTML_MAX_ENTITY || end == text + 1)
        return 0;
    size_t len = (size_t)(end - text) + 1;
    if (text[1] == '#') {
        bool hex = text[2] == 'x' || text[2] == 'X';
        const char *digits = text + (hex ? 3 : 2);
        for (const char *at = digits; at < end; at++) {
            if (!(hex ? isxdigit((unsigned char)*at) : isdigit((unsigned char)*at)))
                return 0;
        }
        unsigned long code = strtoul(digits, NULL, hex ? 16 : 10);
        if (digits == end || code < 0x20 || code > 0x10FFFF ||
            (code >= 0xD800 && code <= 0xDFFF))
            return 0;
        add_code_point(out, code);
        return len;
    }
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (strlen(entities[i].name) == len - 2 &&
            memcmp(entities[i].name, text + 1, len - 2) == 0) {
            buf_adds(out, entities[i].text);
            return len;
        }
    }
    return 0;
}

static void want_newline(struct buf *out)
{
    while (out->len_bytes > 0 && out->data[out->len_bytes - 1] == ' ')
        out->data[--out->len_bytes] = '\0';
    if (out->len_bytes > 0 && out->data[out->len_bytes - 1] != '\n')
        buf_addc(out, '\n');
}

/* The href of an <a>, decoded; "" when there is none. */
static char *link_target(struct arena *arena, const struct tag *tag)
{
    for (const char *at = tag->attributes; at + 5 < tag->end; at++) {
        if (!isspace((unsigned char)at[0]) || !str_istarts(at + 1, "href="))
            continue;
        const char *value = at + 6, *stop;
        if (*value == '"' || *value == '\'') {
            stop = strchr(value + 1, *value);
            value++;
        } else {
            stop = value + strcspn(value, " \t\r\n>");
        }
        if (stop == NULL || stop >= tag->end)
            return "";
        struct buf out = buf_new(arena);
        for (const char *c = value; c < stop;) {
            size_t n = *c == '&' ? entity_at(c, &out) : 0;
            if (n == 0)
                buf_addc(&out, *c++);
            c += n;
        }
        return out.len_bytes == 0 ? "" : out.data;
    }
    return "";
}

/* Behind a link's words stands its target, unless they are the same. */
static void end_link(struct buf *out, size_t from, const char *target)
{
    if (str_empty(target) || str_eq(buf_str(out) + from, target))
        return;
    buf_printf(out, from == out->len_bytes ? "%s" : " <%s>", target);
}

static const char *skip_hidden(const struct tag *tag)
{
    for (const char *at = tag->end; (at = strchr(at, '<')) != NULL; at++) {
        struct tag other;
        if (at[1] == '/' && tag_at(at, &other) && str_eq(other.name, tag->name))
            return other.end;
    }
    return tag->end;
}

char *html_to_text(struct arena *arena, const char *html)
{
    struct buf out = buf_new(arena);
    const char *target = "";
    size_t link_from = 0;
    bool trim = false;
    for (const char *at = html; *at != '\0';) {
        struct tag tag;
        if (*at == '<' && tag_at(at, &tag)) {
            trim = true;
            if (tag.kind == TAG_BREAK) {
                buf_addc(&out, '\n');
            } else if (tag.kind == TAG_BLOCK) {
                want_newline(&out);
            } else if (tag.kind == TAG_ITEM) {
                want_newline(&out);
                buf_adds(&out, tag.closing ? "" : "- ");
            } else if (tag.kind == TAG_CELL && tag.closing) {
                buf_addc(&out, ' ');
            } else if (tag.kind == TAG_LINK && !tag.closing) {
                target = link_target(arena, &tag);
                link_from = out.len_bytes;
            } else if (tag.kind == TAG_LINK) {
                end_link(&out, link_from, target);
                target = "";
            }
            at = tag.kind == TAG_HIDDEN && !tag.closing ? skip_hidden(&tag) : tag.end;
            continue;
        }
        size_t n = *at == '&' ? entity_at(at, &out) : 0;
        if (n == 0)
            buf_addc(&out, *at++);
        at += n;
    }
    while (
        trim && out.len_bytes > 0 && isspace((unsigned char)out.data[out.len_bytes - 1]))
        out.data[--out.len_bytes] = '\0';
    return out.len_bytes == 0 ? arena_strdup(arena, "") : out.data;
}

char *html_from_text(struct arena *arena, const char *text)
{
    struct buf out = buf_new(arena);
    struct buf unused = buf_new(arena);
    for (const char *at = text; *at != '\0'; at++) {
        /* Any letter behind '<' counts here: how much Feishu takes for a tag is not
         * known. */
        if (*at == '<' && (isalpha((unsigned char)at[1]) || at[1] == '/' || at[1] == '!'))
            buf_adds(&out, "&lt;");
        else if (*at == '&' && entity_at(at, &unused) != 0)
            buf_adds(&out, "&amp;");
        else
            buf_addc(&out, *at);
    }
    return out.len_bytes == 0 ? arena_strdup(arena, "") : out.data;
}
