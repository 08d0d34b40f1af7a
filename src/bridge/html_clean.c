/* HTML for readers: an allowed few tags, without attributes but for the targets of links,
 * every one closed; all else is text. */
#include "bridge/html.h"
#include "bridge/html_lex.h"

#include <string.h>

#define MAX_DEPTH 64

struct clean {
    struct arena *arena;
    struct buf out;
    const char *open[MAX_DEPTH]; /* names of tags to be closed */
    size_t depth;
};

/* Where a link may lead: nothing that runs or reads something here. */
static const char *const schemes[] = {"https://", "http://", "mailto:", "tel:"};

static bool may_lead(const char *target)
{
    if (str_has_control(target))
        return false;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (str_istarts(target, schemes[i]))
            return true;
    }
    return false;
}

static void add_escaped(struct buf *out, char c)
{
    if (c == '<')
        buf_adds(out, "&lt;");
    else if (c == '>')
        buf_adds(out, "&gt;");
    else if (c == '&')
        buf_adds(out, "&amp;");
    else if (c == '"')
        buf_adds(out, "&quot;");
    else
        buf_addc(out, c);
}

static void open_tag(struct clean *clean, const struct html_tag *tag)
{
    if (clean->depth == MAX_DEPTH)
        return;
    if (tag->kind == TAG_LINK) {
        const char *target = str_trim(clean->arena, html_link_target(clean->arena, tag));
        if (!may_lead(target))
            return;
        buf_adds(&clean->out, "<a href=\"");
        for (const char *at = target; *at != '\0'; at++)
            add_escaped(&clean->out, *at);
        buf_adds(&clean->out, "\">");
    } else {
        buf_printf(&clean->out, "<%s>", tag->name);
    }
    clean->open[clean->depth++] = tag->name;
}

/* Closes it and what stands open inside of it; what was never opened is not closed. */
static void close_tag(struct clean *clean, const char *name)
{
    size_t depth = clean->depth;
    while (depth > 0 && !str_eq(clean->open[depth - 1], name))
        depth--;
    while (depth > 0 && clean->depth >= depth)
        buf_printf(&clean->out, "</%s>", clean->open[--clean->depth]);
}

static void add_tag(struct clean *clean, const struct html_tag *tag)
{
    if (!tag->show)
        return;
    if (tag->kind == TAG_BREAK)
        buf_printf(&clean->out, "<%s>", tag->name);
    else if (tag->closing)
        close_tag(clean, tag->name);
    else
        open_tag(clean, tag);
}

char *html_clean(struct arena *arena, const char *html)
{
    struct clean clean = {.arena = arena, .out = buf_new(arena)};
    struct buf unused = buf_new(arena);
    for (const char *at = html; *at != '\0';) {
        struct html_tag tag;
        if (*at == '<' && html_tag_at(at, &tag)) {
            add_tag(&clean, &tag);
            at =
                tag.kind == TAG_HIDDEN && !tag.closing ? html_skip_hidden(&tag) : tag.end;
            continue;
        }
        size_t n = *at == '&' ? html_entity_at(at, &unused) : 0;
        if (n > 0)
            buf_add(&clean.out, at, n);
        else if ((unsigned char)*at >= ' ' || *at == '\n' || *at == '\t')
            add_escaped(&clean.out, *at);
        at += n > 0 ? n : 1;
    }
    while (clean.depth > 0)
        buf_printf(&clean.out, "</%s>", clean.open[--clean.depth]);
    return clean.out.len_bytes == 0 ? arena_strdup(arena, "") : clean.out.data;
}

bool html_has_tags(const char *html)
{
    struct html_tag tag;
    for (const char *at = html; (at = strchr(at, '<')) != NULL; at++) {
        if (html_tag_at(at, &tag) && tag.show)
            return true;
    }
    return false;
}
