/* Lenient reading (feishu-api 16.28): types differ between endpoints and between years.
 */
#include "base/str.h"
#include "feishu/client.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT_BYTES 32
#define ESCAPE_BYTES 6 /* of a UTF-16 unit */
/* Behind this a double no longer holds every whole number. */
#define WHOLE_MAX 9007199254740992.0

static void release_json(void *json)
{
    cJSON_Delete(json);
}

static bool is_whole(double value)
{
    return value >= -WHOLE_MAX && value <= WHOLE_MAX && value == (double)(int64_t)value;
}

/* The text of a number is kept in the item itself, which frees it. */
static const char *number_text(const cJSON *item)
{
    cJSON *keeper = (cJSON *)item;
    if (keeper->valuestring)
        return keeper->valuestring;
    char *text = cJSON_malloc(NUMBER_TEXT_BYTES);
    if (!text)
        return "";
    if (is_whole(item->valuedouble))
        snprintf(text, NUMBER_TEXT_BYTES, "%" PRId64, (int64_t)item->valuedouble);
    else
        snprintf(text, NUMBER_TEXT_BYTES, "%.17g", item->valuedouble);
    keeper->valuestring = text;
    return text;
}

const char *json_text(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(item) && item->valuestring)
        return item->valuestring;
    if (cJSON_IsNumber(item))
        return number_text(item);
    if (cJSON_IsBool(item))
        return cJSON_IsTrue(item) ? "true" : "false";
    return "";
}

int64_t json_int(const cJSON *object, const char *name, int64_t fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    long long value;
    if (cJSON_IsNumber(item) && is_whole(item->valuedouble))
        return (int64_t)item->valuedouble;
    if (cJSON_IsString(item) &&
        str_to_ll(item->valuestring, LLONG_MIN, LLONG_MAX, &value))
        return value;
    return fallback;
}

bool json_bool(const cJSON *object, const char *name, bool fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsBool(item))
        return cJSON_IsTrue(item);
    if (cJSON_IsNumber(item))
        return item->valuedouble != 0;
    if (cJSON_IsString(item)) {
        if (str_ieq(item->valuestring, "true") || str_eq(item->valuestring, "1"))
            return true;
        if (str_ieq(item->valuestring, "false") || str_eq(item->valuestring, "0"))
            return false;
    }
    return fallback;
}

const cJSON *json_array(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsArray(item) ? item : NULL;
}

cJSON *json_object(struct arena *arena)
{
    cJSON *object = cJSON_CreateObject();
    arena_defer(arena, release_json, object);
    return object;
}

cJSON *json_parse(struct arena *arena, const char *text)
{
    cJSON *json = text ? cJSON_ParseWithOpts(text, NULL, true) : NULL;
    if (json)
        arena_defer(arena, release_json, json);
    return json;
}

/* The UTF-16 unit of "\\uXXXX", -1 where there is none. */
static long escaped_unit(const char *text)
{
    long unit = 0;
    if (text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < ESCAPE_BYTES; i++) {
        const char *digits = "0123456789abcdef";
        const char *at = text[i] ? strchr(digits, tolower((unsigned char)text[i])) : NULL;
        if (!at)
            return -1;
        unit = unit * 16 + (at - digits);
    }
    return unit;
}

static bool is_between(long unit, long first, long last)
{
    return unit >= first && unit <= last;
}

/* Bytes at an escape that are to be left as they are; 0 = it is to be mended. */
static size_t good_escape_bytes(const char *text)
{
    long unit = escaped_unit(text);
    if (unit < 0)
        return text[1] ? 2 : 1;
    if (is_between(unit, 0xd800, 0xdbff) &&
        is_between(escaped_unit(text + ESCAPE_BYTES), 0xdc00, 0xdfff))
        return 2 * ESCAPE_BYTES;
    return unit == 0 || is_between(unit, 0xd800, 0xdfff) ? 0 : ESCAPE_BYTES;
}

const char *json_mended(struct arena *arena, const char *text)
{
    char *copy = NULL;
    for (const char *at = strchr(text, '\\'); at; at = strchr(at, '\\')) {
        size_t good_bytes = good_escape_bytes(at);
        if (!good_bytes) {
            copy = copy ? copy : arena_strdup(arena, text);
            memcpy(copy + (at - text), "\\ufffd", ESCAPE_BYTES);
        }
        at += good_bytes ? good_bytes : ESCAPE_BYTES;
    }
    return copy ? copy : text;
}

char *json_print(struct arena *arena, const cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    if (!text)
        return arena_strdup(arena, "");
    arena_defer(arena, cJSON_free, text);
    return text;
}
