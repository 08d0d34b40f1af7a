/*
 * iCalendar as content lines (RFC 5545 section 3.1), byte-preserving: what is not touched
 * is printed as it was read, folds, order, letter case and line ends included. Meaning is
 * decided elsewhere; this is the only printer of other people's text.
 */
#ifndef ICAL_LINES_H
#define ICAL_LINES_H

#include "base/ctx.h"
#include "base/str.h"

#include <stdbool.h>

#define LINES_MAX_DEPTH 8
#define LINES_MAX_COUNT 200000

struct line_param {
    const char *name;  /* upper case */
    const char *value; /* RFC 6868 and quotes undone; several values joined by "," */
};

struct line {
    const char *raw; /* with folds and line end; raw_bytes long */
    size_t raw_bytes;
    const char *name; /* upper case; group prefixes kept */
    struct line_param *params;
    size_t n_params;
    const char *value; /* unfolded, not unescaped */
};

struct comp;
/* A component's content in order: exactly one of line and comp is set. */
struct comp_item {
    struct line *line;
    struct comp *comp;
};
struct comp {
    const char *name;       /* upper case, "VCALENDAR" */
    struct line begin, end; /* the BEGIN and END lines */
    LIST(struct comp_item) items;
};

/* One VCALENDAR. Joins folds as bytes, then checks UTF-8; skips a BOM; takes bare LF;
 * blank lines belong to the line before them. Lines without a colon, NUL bytes, other
 * encodings and text after END are errors. A quote that is never closed is taken as a
 * plain character. Errors: VALID_CALENDAR_DATA with the line number. */
enum err lines_parse(
    struct ctx *cx, const char *text, size_t len_bytes, struct comp **root);
void lines_print(const struct comp *root, struct buf *out);
char *lines_text(struct ctx *cx, const struct comp *root);

/* First line or component of that (upper-case) name, NULL when there is none. */
struct line *comp_line(const struct comp *comp, const char *name);
struct comp *comp_sub(const struct comp *comp, const char *name);
/* The next one behind item index *at (start with 0), which is moved on. */
struct line *comp_next_line(const struct comp *comp, const char *name, size_t *at);
struct comp *comp_next_sub(const struct comp *comp, const char *name, size_t *at);
const char *line_param(const struct line *line, const char *name); /* NULL = not there */

/* Cuts an unfolded line into name, parameters and value; text is written to and kept, raw
 * is not set. False when it is no content line. */
bool line_split(struct arena *arena, char *text, struct line *line);
/* A line from "NAME;PARAM=x:value" text, folded at 75 octets (never inside a character),
 * CRLF. Line ends in the text become spaces: escape values before. */
struct line *line_new(struct ctx *cx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct comp *comp_new(struct ctx *cx, const char *name);
/* Behind the other lines, before the first subcomponent. */
void comp_add_line(struct ctx *cx, struct comp *comp, struct line *line);
void comp_add_sub(struct ctx *cx, struct comp *comp, struct comp *sub);
/* Puts lines where the first line of that name stands (else before the first
 * subcomponent) and removes the other lines of that name; n = 0 removes all. */
void comp_replace_lines(struct ctx *cx, struct comp *comp, const char *name,
    struct line *const *lines, size_t n);
void comp_remove_line(struct comp *comp, const struct line *line);
/* Removes all lines of which goes says so. */
void comp_drop_lines(
    struct comp *comp, bool (*goes)(void *self, const struct line *line), void *self);
void comp_remove_sub(struct comp *comp, const struct comp *sub);
struct comp *comp_clone(struct ctx *cx, const struct comp *comp); /* lines are shared */

/* TEXT values (RFC 5545 3.3.11). Unescaping takes unescaped commas and semicolons as they
 * are, and a backslash before any other character too; escaping drops control
 * characters. */
char *text_escape(struct arena *arena, const char *text);
char *text_unescape(struct arena *arena, const char *value);
/* A parameter value, quoted and RFC 6868-encoded where needed. */
char *param_escape(struct arena *arena, const char *text);

#endif
