#include "bridge/html.h"

#include "bridge/html_lex.h"

#include <ctype.h>
#include <string.h>

static void want_newline(struct buf *out)
{
    while (out->len_bytes > 0 && out->data[out->len_bytes - 1] == ' ')
        out->data[--out->len_bytes] = '\0';
    if (out->len_bytes > 0 && out->data[out->len_bytes - 1] != '\n')
        buf_addc(out, '\n');
}

/* Behind a link's words stands its target, unless they are the same. */
static void end_link(struct buf *out, size_t from, const char *target)
{
    if (str_empty(target) || str_eq(buf_str(out) + from, target))
        return;
    buf_printf(out, from == out->len_bytes ? "%s" : " <%s>", target);
}

char *html_to_text(struct arena *arena, const char *html)
{
    struct buf out = buf_new(arena);
    const char *target = "";
    size_t link_from = 0;
    bool trim = false;
    for (const char *at = html; *at != '\0';) {
        struct html_tag tag;
        if (*at == '<' && html_tag_at(at, &tag)) {
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
                target = html_link_target(arena, &tag);
                link_from = out.len_bytes;
            } else if (tag.kind == TAG_LINK) {
                end_link(&out, link_from, target);
                target = "";
            }
            at =
                tag.kind == TAG_HIDDEN && !tag.closing ? html_skip_hidden(&tag) : tag.end;
            continue;
        }
        size_t n = *at == '&' ? html_entity_at(at, &out) : 0;
        if (n == 0) {
            n = 1 + strcspn(at + 1, "<&");
            buf_add(&out, at, n);
        }
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
        else if (*at == '&' && html_entity_at(at, &unused) != 0)
            buf_adds(&out, "&amp;");
        else
            buf_addc(&out, *at);
    }
    return out.len_bytes == 0 ? arena_strdup(arena, "") : out.data;
}
