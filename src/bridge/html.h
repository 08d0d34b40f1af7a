/*
 * Descriptions: Feishu interprets HTML tags in them (feishu-api 5.2), iCalendar's
 * DESCRIPTION is plain text.
 */
#ifndef BRIDGE_HTML_H
#define BRIDGE_HTML_H

#include "base/arena.h"

#include <stdbool.h>

/* Longer than that it is not shown as HTML, only as text. */
#define HTML_MAX_BYTES 65536

/* What a reader sees of the tags: line breaks, list marks, link targets. Text without
 * tags and entities comes back as it is. */
char *html_to_text(struct arena *arena, const char *html);
/* Escapes just what would be taken for a tag or an entity, so that html_to_text gives the
 * text back. */
char *html_from_text(struct arena *arena, const char *text);
/* What may be given to a program that shows HTML: tags of an allowed few, all closed, no
 * attributes but targets of links (https, http, mailto, tel); no scripts, styles,
 * pictures or frames. What it gives is not changed by it a second time. */
char *html_clean(struct arena *arena, const char *html);
/* True when html_clean leaves a tag in it. */
bool html_has_tags(const char *html);

#endif
