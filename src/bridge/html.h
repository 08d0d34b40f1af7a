/*
 * Descriptions: Feishu interprets HTML tags in them (feishu-api 5.2), iCalendar's
 * DESCRIPTION is plain text.
 */
#ifndef BRIDGE_HTML_H
#define BRIDGE_HTML_H

#include "base/arena.h"

#define HTML_MAX_ENTITY 10

/* What a reader sees of the tags: line breaks, list marks, link targets. Text without
 * tags and entities comes back as it is. */
char *html_to_text(struct arena *arena, const char *html);
/* Escapes just what would be taken for a tag or an entity, so that html_to_text gives the
 * text back. */
char *html_from_text(struct arena *arena, const char *text);

#endif
