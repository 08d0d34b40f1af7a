#include "bridge/html_lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* show: readers are given it, without its attributes but for the target of an <a>. */
static const struct {
    const char *name;
    enum html_kind kind;
    bool show;
} tags[] = {
    {"a", TAG_LINK, true},
    {"abbr", TAG_INLINE, true},
    {"applet", TAG_HIDDEN, false},
    {"article", TAG_BLOCK, true},
    {"at", TAG_INLINE, false},
    {"audio", TAG_HIDDEN, false},
    {"b", TAG_INLINE, true},
    {"base", TAG_INLINE, false},
    {"big", TAG_INLINE, true},
    {"blockquote", TAG_BLOCK, true},
    {"body", TAG_BLOCK, false},
    {"br", TAG_BREAK, true},
    {"button", TAG_INLINE, false},
    {"canvas", TAG_HIDDEN, false},
    {"center", TAG_BLOCK, true},
    {"cite", TAG_INLINE, true},
    {"code", TAG_INLINE, true},
    {"dd", TAG_BLOCK, true},
    {"del", TAG_INLINE, true},
    {"div", TAG_BLOCK, true},
    {"dl", TAG_BLOCK, true},
    {"dt", TAG_BLOCK, true},
    {"em", TAG_INLINE, true},
    {"embed", TAG_INLINE, false},
    {"font", TAG_INLINE, false},
    {"footer", TAG_BLOCK, true},
    {"form", TAG_BLOCK, false},
    {"h1", TAG_BLOCK, true},
    {"h2", TAG_BLOCK, true},
    {"h3", TAG_BLOCK, true},
    {"h4", TAG_BLOCK, true},
    {"h5", TAG_BLOCK, true},
    {"h6", TAG_BLOCK, true},
    {"head", TAG_HIDDEN, false},
    {"header", TAG_BLOCK, true},
    {"hr", TAG_BREAK, true},
    {"html", TAG_INLINE, false},
    {"i", TAG_INLINE, true},
    {"iframe", TAG_HIDDEN, false},
    {"img", TAG_INLINE, false},
    {"input", TAG_INLINE, false},
    {"ins", TAG_INLINE, true},
    {"kbd", TAG_INLINE, true},
    {"li", TAG_ITEM, true},
    {"link", TAG_INLINE, false},
    {"mark", TAG_INLINE, true},
    {"math", TAG_HIDDEN, false},
    {"meta", TAG_INLINE, false},
    {"noscript", TAG_HIDDEN, false},
    {"o:p", TAG_INLINE, false},
    {"object", TAG_HIDDEN, false},
    {"ol", TAG_BLOCK, true},
    {"p", TAG_BLOCK, true},
    {"pre", TAG_BLOCK, true},
    {"q", TAG_INLINE, true},
    {"s", TAG_INLINE, true},
    {"script", TAG_HIDDEN, false},
    {"section", TAG_BLOCK, true},
    {"small", TAG_INLINE, true},
    {"span", TAG_INLINE, false},
    {"strike", TAG_INLINE, true},
    {"strong", TAG_INLINE, true},
    {"style", TAG_HIDDEN, false},
    {"sub", TAG_INLINE, true},
    {"sup", TAG_INLINE, true},
    {"svg", TAG_HIDDEN, false},
    {"table", TAG_BLOCK, true},
    {"tbody", TAG_INLINE, true},
    {"td", TAG_CELL, true},
    {"template", TAG_HIDDEN, false},
    {"tfoot", TAG_INLINE, true},
    {"th", TAG_CELL, true},
    {"thead", TAG_INLINE, true},
    {"title", TAG_HIDDEN, false},
    {"tr", TAG_BLOCK, true},
    {"tt", TAG_INLINE, true},
    {"u", TAG_INLINE, true},
    {"ul", TAG_BLOCK, true},
    {"video", TAG_HIDDEN, false},
};

static const struct {
    const char *name, *text;
} entities[] = {
    {"amp", "&"},
    {"apos", "'"},
    {"bull", "\xE2\x80\xA2"},
    {"gt", ">"},
    {"hellip", "\xE2\x80\xA6"},
    {"ldquo", "\xE2\x80\x9C"},
    {"lsquo", "\xE2\x80\x98"},
    {"lt", "<"},
    {"mdash", "\xE2\x80\x94"},
    {"ndash", "\xE2\x80\x93"},
    {"quot", "\""},
    {"rdquo", "\xE2\x80\x9D"},
    {"rsquo", "\xE2\x80\x99"},
    {"trade", "\xE2\x84\xA2"},
};

/* U+00A0 to U+00FF, of which the first is shown as a common space. */
static const char *const latin1[96] = {
    "nbsp",
    "iexcl",
    "cent",
    "pound",
    "curren",
    "yen",
    "brvbar",
    "sect",
    "uml",
    "copy",
    "ordf",
    "laquo",
    "not",
    "shy",
    "reg",
    "macr",
    "deg",
    "plusmn",
    "sup2",
    "sup3",
    "acute",
    "micro",
    "para",
    "middot",
    "cedil",
    "sup1",
    "ordm",
    "raquo",
    "frac14",
    "frac12",
    "frac34",
    "iquest",
    "Agrave",
    "Aacute",
    "Acirc",
    "Atilde",
    "Auml",
    "Aring",
    "AElig",
    "Ccedil",
    "Egrave",
    "Eacute",
    "Ecirc",
    "Euml",
    "Igrave",
    "Iacute",
    "Icirc",
    "Iuml",
    "ETH",
    "Ntilde",
    "Ograve",
    "Oacute",
    "Ocirc",
    "Otilde",
    "Ouml",
    "times",
    "Oslash",
    "Ugrave",
    "Uacute",
    "Ucirc",
    "Uuml",
    "Yacute",
    "THORN",
    "szlig",
    "agrave",
    "aacute",
    "acirc",
    "atilde",
    "auml",
    "aring",
    "aelig",
    "ccedil",
    "egrave",
    "eacute",
    "ecirc",
    "euml",
    "igrave",
    "iacute",
    "icirc",
    "iuml",
    "eth",
    "ntilde",
    "ograve",
    "oacute",
    "ocirc",
    "otilde",
    "ouml",
    "divide",
    "oslash",
    "ugrave",
    "uacute",
    "ucirc",
    "uuml",
    "yacute",
    "thorn",
    "yuml",
};

/* Comments and the document type; false when it does not end. */
static bool remark_at(const char *text, struct html_tag *tag)
{
    bool comment = str_starts(text, "<!--");
    const char *close = strstr(text, comment ? "-->" : ">");
    if (close == NULL)
        return false;
    *tag = (struct html_tag){.kind = TAG_INLINE,
        .name = "",
        .attributes = close,
        .end = close + (comment ? 3 : 1)};
    return true;
}

bool html_tag_at(const char *text, struct html_tag *tag)
{
    const char *at = text + 1;
    char name[HTML_MAX_NAME] = "";
    if (str_starts(text, "<!--") || str_istarts(text, "<!doctype"))
        return remark_at(text, tag);
    bool closing = *at == '/';
    if (closing)
        at++;
    size_t n = 0;
    while (n < sizeof name && (isalnum((unsigned char)at[n]) || at[n] == ':'))
        n++;
    if (n == 0 || n == sizeof name ||
        !(at[n] == '>' || at[n] == '/' || isspace((unsigned char)at[n])))
        return false;
    memcpy(name, at, n);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (!str_ieq(name, tags[i].name))
            continue;
        const char *end = strchr(at + n, '>');
        if (end == NULL)
            return false;
        *tag = (struct html_tag){.kind = tags[i].kind,
            .name = tags[i].name,
            .show = tags[i].show,
            .closing = closing,
            .attributes = at + n,
            .end = end + 1};
        return true;
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

/* "&#38;" and "&#x26;" */
static bool number_at(const char *text, const char *end, struct buf *out)
{
    bool hex = text[2] == 'x' || text[2] == 'X';
    const char *digits = text + (hex ? 3 : 2);
    for (const char *at = digits; at < end; at++) {
        if (!(hex ? isxdigit((unsigned char)*at) : isdigit((unsigned char)*at)))
            return false;
    }
    unsigned long code = strtoul(digits, NULL, hex ? 16 : 10);
    if (digits == end || code < 0x20 || code > 0x10FFFF ||
        (code >= 0xD800 && code <= 0xDFFF))
        return false;
    add_code_point(out, code);
    return true;
}

size_t html_entity_at(const char *text, struct buf *out)
{
    const char *end = memchr(text, ';', strnlen(text, HTML_MAX_ENTITY + 1));
    if (end == NULL || end == text + 1)
        return 0;
    size_t len = (size_t)(end - text) + 1;
    if (text[1] == '#')
        return number_at(text, end, out) ? len : 0;
    char name[HTML_MAX_ENTITY + 1] = "";
    memcpy(name, text + 1, len - 2);
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (str_eq(entities[i].name, name)) {
            buf_adds(out, entities[i].text);
            return len;
        }
    }
    for (size_t i = 0; i < sizeof latin1 / sizeof latin1[0]; i++) {
        if (str_eq(latin1[i], name)) {
            add_code_point(out, i == 0 ? ' ' : 0xA0 + i);
            return len;
        }
    }
    return 0;
}

char *html_link_target(struct arena *arena, const struct html_tag *tag)
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
            size_t n = *c == '&' ? html_entity_at(c, &out) : 0;
            if (n == 0)
                buf_addc(&out, *c++);
            c += n;
        }
        return out.len_bytes == 0 ? "" : out.data;
    }
    return "";
}

const char *html_skip_hidden(const struct html_tag *tag)
{
    for (const char *at = tag->end; (at = strchr(at, '<')) != NULL; at++) {
        struct html_tag other;
        if (at[1] == '/' && html_tag_at(at, &other) && str_eq(other.name, tag->name))
            return other.end;
    }
    return tag->end;
}
