/* The pieces of an HTML text: tags, entities, targets of links. Only what is sure to be
 * meant as HTML counts; all else is text. */
#ifndef BRIDGE_HTML_LEX_H
#define BRIDGE_HTML_LEX_H

#include "base/arena.h"
#include "base/str.h"

#define HTML_MAX_ENTITY 10
#define HTML_MAX_NAME 16

enum html_kind {
    TAG_INLINE,
    TAG_BREAK,
    TAG_BLOCK,
    TAG_ITEM,
    TAG_LINK,
    TAG_CELL,
    TAG_HIDDEN, /* with what is inside */
};
struct html_tag {
    enum html_kind kind;
    const char *name; /* lower case; "" = a comment */
    bool show;        /* readers are given it */
    bool closing;
    const char *attributes, *end; /* end is behind the '>' */
};
/* The tag at text ("<..."). Only names of HTML count: "<bob@example.com>" and "a <b" are
 * text. */
bool html_tag_at(const char *text, struct html_tag *tag);
/* The entity at text ("&..."): adds what it stands for; returns its length, 0 when it is
 * none. */
size_t html_entity_at(const char *text, struct buf *out);
/* The href of an <a>, decoded; "" when there is none. */
char *html_link_target(struct arena *arena, const struct html_tag *tag);
/* Behind the end of a tag of kind TAG_HIDDEN. */
const char *html_skip_hidden(const struct html_tag *tag);

#endif
