#include "bridge/field_text.h"

#include "bridge/color.h"
#include "bridge/field_time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOCATION_NAME_MAX_CHARS 512

const char *no_controls(struct ctx *cx, const char *text)
{
    struct buf out = buf_new(cx->arena);
    const char *run = text;
    for (const char *at = text;; at++) {
        if ((unsigned char)*at >= ' ' || *at == '\n' || *at == '\t')
            continue;
        buf_add(&out, run, (size_t)(at - run));
        if (*at == '\0')
            return out.data;
        run = at + 1;
    }
}

/* A line of blanks alone has no value for many programs (libical). */
static const char *not_blank(const char *text)
{
    return text[strspn(text, " \t")] == '\0' ? "" : text;
}

enum err fact_text(struct ctx *cx, const char *text, cJSON **value)
{
    const char *clean = not_blank(no_controls(cx, text));
    if (*clean != '\0')
        *value = cJSON_CreateString(clean);
    return ERR_OK;
}

const char *scene_text(struct ctx *cx, const struct scene *scene, const char *name)
{
    const struct line *line = comp_line(scene->event, name);
    return line == NULL ? "" : text_unescape(cx->arena, line->value);
}

static void add_text(
    struct ctx *cx, const char *name, const char *text, struct line_list *lines)
{
    if (!str_empty(text))
        LIST_ADD(
            cx->arena, lines, line_new(cx, "%s:%s", name, text_escape(cx->arena, text)));
}

/* ---- summary ---- */

enum err up_summary(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    return fact_text(cx, scene_text(cx, scene, "SUMMARY"), value);
}

enum err read_summary(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    return fact_text(cx, json_text(row->event, "summary"), value);
}

void down_summary(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    (void)scene;
    add_text(cx, "SUMMARY", json_text(facts, "summary"), lines);
}

enum err write_summary(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    (void)cx;
    cJSON_AddStringToObject(body, "summary", json_text(write->facts, "summary"));
    return ERR_OK;
}

/* ---- location ---- */

static bool is_on_earth(double latitude, double longitude)
{
    return fabs(latitude) <= 90 && fabs(longitude) <= 180;
}

/* Inside China upstream's coordinates are GCJ-02, some hundred metres off WGS-84, which
 * is what GEO means (RFC 5545 3.8.1.6). The usual bounding box of that shift; too large
 * is harmless. */
static bool is_gcj(double latitude, double longitude)
{
    return latitude > 0.8293 && latitude < 55.8271 && longitude > 72.004 &&
        longitude < 137.8347;
}

static cJSON *location_value(
    const char *name, bool has_geo, double latitude, double longitude)
{
    cJSON *value = cJSON_CreateObject();
    cJSON_AddStringToObject(value, "name", name);
    if (has_geo && !is_gcj(latitude, longitude)) {
        cJSON_AddNumberToObject(value, "latitude", latitude);
        cJSON_AddNumberToObject(value, "longitude", longitude);
    }
    return value;
}

enum err up_location(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    const char *name = not_blank(scene_text(cx, scene, "LOCATION"));
    if (*name == '\0')
        return ERR_OK;
    const struct line *geo = comp_line(scene->event, "GEO");
    double latitude = 0, longitude = 0;
    bool has_geo = false;
    if (geo != NULL) {
        char *end = NULL;
        latitude = strtod(geo->value, &end);
        has_geo = end != geo->value && *end == ';';
        if (has_geo)
            longitude = strtod(end + 1, &end);
        has_geo =
            has_geo && *end == '\0' && is_on_earth(latitude, longitude);
    }
    *value = location_value(name, has_geo, latitude, longitude);
    return ERR_OK;
}

enum err read_location(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    const cJSON *location = cJSON_GetObjectItemCaseSensitive(row->event, "location");
    const char *name = not_blank(no_controls(cx, json_text(location, "name")));
    const char *address = not_blank(no_controls(cx, json_text(location, "address")));
    if (*name == '\0' && *address == '\0')
        return ERR_OK;
    if (*name == '\0')
        name = address;
    else if (*address != '\0' && strstr(name, address) == NULL)
        name = arena_printf(cx->arena, "%s, %s", name, address);
    const cJSON *latitude = cJSON_GetObjectItemCaseSensitive(location, "latitude");
    const cJSON *longitude = cJSON_GetObjectItemCaseSensitive(location, "longitude");
    bool has_geo = cJSON_IsNumber(latitude) && cJSON_IsNumber(longitude) &&
        (latitude->valuedouble != 0 || longitude->valuedouble != 0) &&
        is_on_earth(latitude->valuedouble, longitude->valuedouble);
    *value = location_value(name, has_geo, has_geo ? latitude->valuedouble : 0,
        has_geo ? longitude->valuedouble : 0);
    return ERR_OK;
}

static bool near(const cJSON *a, const cJSON *b, const char *name)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(a, name);
    const cJSON *y = cJSON_GetObjectItemCaseSensitive(b, name);
    if (x == NULL || y == NULL)
        return x == y;
    /* Upstream keeps float32 (feishu-api 5.2): about a metre. */
    return fabs(x->valuedouble - y->valuedouble) < 2e-5;
}

bool equal_location(const cJSON *a, const cJSON *b)
{
    return str_eq(json_text(a, "name"), json_text(b, "name")) && near(a, b, "latitude") &&
        near(a, b, "longitude");
}

void down_location(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    (void)scene;
    const cJSON *location = cJSON_GetObjectItemCaseSensitive(facts, "location");
    add_text(cx, "LOCATION", json_text(location, "name"), lines);
    const cJSON *latitude = cJSON_GetObjectItemCaseSensitive(location, "latitude");
    const cJSON *longitude = cJSON_GetObjectItemCaseSensitive(location, "longitude");
    if (latitude != NULL && longitude != NULL)
        LIST_ADD(cx->arena, lines,
            line_new(cx, "GEO:%.6f;%.6f", latitude->valuedouble, longitude->valuedouble));
}

/* A client that does not know GEO leaves it out of a place that it did not change. */
static bool left_out_geo(const cJSON *was, const cJSON *location)
{
    const cJSON *old = cJSON_GetObjectItemCaseSensitive(was, "location");
    return old != NULL && str_eq(json_text(old, "name"), json_text(location, "name")) &&
        !cJSON_HasObjectItem(location, "latitude");
}

enum err write_location(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    const cJSON *location = cJSON_GetObjectItemCaseSensitive(write->facts, "location");
    if (location == NULL) {
        cJSON_AddObjectToObject(body, "location");
        return ERR_OK;
    }
    if (left_out_geo(write->was, location))
        return ERR_OK;
    if (utf8_length(json_text(location, "name")) > LOCATION_NAME_MAX_CHARS)
        return fail(cx, ERR_UPSTREAM_REFUSED,
            "LOCATION: Feishu holds at most %d characters, not %zu",
            LOCATION_NAME_MAX_CHARS, utf8_length(json_text(location, "name")));
    cJSON_AddItemToObject(body, "location", cJSON_Duplicate(location, true));
    return ERR_OK;
}

/* ---- class ---- */

enum err up_visibility(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    const struct line *line = comp_line(scene->event, "CLASS");
    if (line == NULL)
        return ERR_OK;
    /* RFC 5545 3.8.1.3: an unknown class is treated as PRIVATE. */
    return fact_text(cx, str_ieq(line->value, "PUBLIC") ? "public" : "private", value);
}

enum err read_visibility(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    const char *text = str_lower(cx->arena, json_text(row->event, "visibility"));
    return fact_text(
        cx, str_eq(text, "public") || str_eq(text, "private") ? text : "", value);
}

void down_visibility(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    (void)scene;
    const char *text = json_text(facts, "visibility");
    add_text(cx, "CLASS",
        *text == '\0'                ? ""
            : str_eq(text, "public") ? "PUBLIC"
                                     : "PRIVATE",
        lines);
}

enum err write_visibility(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    (void)cx;
    const char *text = json_text(write->facts, "visibility");
    cJSON_AddStringToObject(body, "visibility", *text == '\0' ? "default" : text);
    return ERR_OK;
}

/* ---- transparency ---- */

enum err up_free_busy(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    const struct line *line = comp_line(scene->event, "TRANSP");
    return fact_text(
        cx, line != NULL && str_ieq(line->value, "TRANSPARENT") ? "free" : "", value);
}

enum err read_free_busy(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    bool free = str_ieq(json_text(row->event, "free_busy_status"), "free");
    return fact_text(cx, free ? "free" : "", value);
}

void down_free_busy(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    (void)scene;
    bool free = str_eq(json_text(facts, "free_busy_status"), "free");
    add_text(cx, "TRANSP", free ? "TRANSPARENT" : "OPAQUE", lines);
}

enum err write_free_busy(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    (void)cx;
    bool free = str_eq(json_text(write->facts, "free_busy_status"), "free");
    cJSON_AddStringToObject(body, "free_busy_status", free ? "free" : "busy");
    return ERR_OK;
}

/* ---- status ---- */

enum err up_status(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    const struct line *line = comp_line(scene->event, "STATUS");
    return fact_text(
        cx, line != NULL && str_ieq(line->value, "CANCELLED") ? "cancelled" : "", value);
}

enum err read_status(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    bool cancelled = str_ieq(json_text(row->event, "status"), "cancelled");
    return fact_text(cx, cancelled ? "cancelled" : "", value);
}

void down_status(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    (void)scene;
    bool cancelled = str_eq(json_text(facts, "status"), "cancelled");
    add_text(cx, "STATUS", cancelled ? "CANCELLED" : "CONFIRMED", lines);
}

/* ---- colour ---- */

enum err up_color(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    const char *text = str_trim(cx->arena, scene_text(cx, scene, "COLOR"));
    uint32_t rgb;
    if (color_parse(text, &rgb))
        *value = cJSON_CreateNumber((double)(int32_t)(0xFF000000u | rgb));
    return ERR_OK;
}

enum err read_color(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)cx, (void)env;
    int64_t color = json_int(row->event, "color", 0);
    if (color != 0 && color != -1) /* both: as the calendar (feishu-api 5.2) */
        *value = cJSON_CreateNumber((double)color);
    return ERR_OK;
}

static uint32_t rgb_of(const cJSON *color)
{
    return (uint32_t)(int64_t)color->valuedouble & 0xFFFFFF;
}

bool equal_color(const cJSON *a, const cJSON *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return color_name(rgb_of(a)) == color_name(rgb_of(b));
}

void down_color(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    (void)scene;
    const cJSON *color = cJSON_GetObjectItemCaseSensitive(facts, "color");
    if (color != NULL)
        add_text(cx, "COLOR", color_name(rgb_of(color)), lines);
}

enum err write_color(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    (void)cx;
    cJSON_AddNumberToObject(body, "color", (double)json_int(write->facts, "color", -1));
    return ERR_OK;
}

/* ---- creation ---- */

enum err read_created(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)cx, (void)env;
    int64_t created_s = json_int(row->event, "create_time", 0);
    if (created_s > 0 && time_fits(created_s))
        *value = cJSON_CreateNumber((double)created_s);
    return ERR_OK;
}

void down_created(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    (void)scene;
    int64_t created_s = json_int(facts, "create_time", 0);
    char text[WHEN_TEXT_BYTES];
    if (created_s > 0)
        add_text(cx, "CREATED", when_ics_utc(created_s, text), lines);
}
