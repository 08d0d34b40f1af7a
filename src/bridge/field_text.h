/* Fields of one line each: title, place, class, transparency, status, colour, creation.
 * The contracts are those of struct field. */
#ifndef BRIDGE_FIELD_TEXT_H
#define BRIDGE_FIELD_TEXT_H

#include "bridge/field.h"

/* Without the control characters that iCalendar cannot hold (RFC 5545 3.1). */
const char *no_controls(struct ctx *cx, const char *text);
/* Such a text as a fact; none when it is empty. */
enum err fact_text(struct ctx *cx, const char *text, cJSON **value);
/* The unescaped TEXT value of the first such line, "" when there is none. */
const char *scene_text(struct ctx *cx, const struct scene *scene, const char *name);

enum err up_summary(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_summary(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
void down_summary(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);
enum err write_summary(struct ctx *cx, const struct field_write *write, cJSON *body);

enum err up_location(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_location(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
bool equal_location(const cJSON *a, const cJSON *b);
void down_location(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);
enum err write_location(struct ctx *cx, const struct field_write *write, cJSON *body);

enum err up_visibility(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_visibility(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
void down_visibility(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);
enum err write_visibility(struct ctx *cx, const struct field_write *write, cJSON *body);

enum err up_free_busy(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_free_busy(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
void down_free_busy(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);
enum err write_free_busy(struct ctx *cx, const struct field_write *write, cJSON *body);

/* Only "cancelled" is shared: upstream's tentative is the caller's missing answer
 * (15.11). */
enum err up_status(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_status(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
void down_status(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);

enum err up_color(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_color(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
bool equal_color(const cJSON *a, const cJSON *b); /* by nearest CSS name */
void down_color(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);
enum err write_color(struct ctx *cx, const struct field_write *write, cJSON *body);

enum err read_created(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
void down_created(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);

#endif
