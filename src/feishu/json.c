/* Lenient reading (feishu-api 16.28): types differ between endpoints and between years.
 */
#include "base/str.h"
#include "feishu/client.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT_BYTES 32
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

char *json_print(struct arena *arena, const cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    if (!text)
        return arena_strdup(arena, "");
    arena_defer(arena, cJSON_free, text);
    return text;
}
