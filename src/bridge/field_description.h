/*
 * A description and its twins. Feishu's may hold HTML; DESCRIPTION is its text, and where
 * it has markup two more lines hold that: X-ALT-DESC (Outlook, Exchange and eM Client
 * read it) and STYLED-DESCRIPTION (RFC 9073 6.5). Thunderbird reads neither: it writes
 * DESCRIPTION with ALTREP, which is the client's own as long as its text stays.
 *
 * What a client's edit writes: DESCRIPTION counts. Twins that say exactly its new text
 * carry the markup along; twins alone that say another text than before are written, and
 * DESCRIPTION follows them; twins that say the same in other markup, are left out, or
 * have no DESCRIPTION beside them, write nothing.
 */
#ifndef BRIDGE_FIELD_DESCRIPTION_H
#define BRIDGE_FIELD_DESCRIPTION_H

#include "bridge/field.h"

#define DESCRIPTION_MAX_CHARS 40960

enum err up_description(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_description(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
void down_description(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);
enum err write_description(struct ctx *cx, const struct field_write *write, cJSON *body);

/* The fact: as read {"html"}, cleaned (html.h); of a component {"alt", "alt_text",
 * "styled", "styled_text"}, what it has of them: HTML as it is, and its words. */
enum err up_html(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_html(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
/* The same words; a twin that is missing on one side has not changed. */
bool equal_html(const cJSON *a, const cJSON *b);
void patch_html(struct ctx *cx, const struct scene *scene, const cJSON *facts);
enum err write_html(struct ctx *cx, const struct field_write *write, cJSON *body);

#endif
