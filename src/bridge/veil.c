#include "bridge/veil.h"

#include "bridge/field.h"

static const char *const shown[] = {"event_id", "start_time", "end_time", "recurrence",
    "status", "visibility", "free_busy_status", "is_exception", "recurring_event_id"};

static bool is_public(const struct series_row *row)
{
    return str_ieq(json_text(row->event, "visibility"), "public");
}

/* Not even a title came. */
static bool is_blank(const cJSON *event)
{
    const cJSON *location = cJSON_GetObjectItemCaseSensitive(event, "location");
    const cJSON *vchat = cJSON_GetObjectItemCaseSensitive(event, "vchat");
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(event, "attachments");
    return *json_text(event, "summary") == '\0' &&
        *json_text(event, "description") == '\0' &&
        *json_text(location, "name") == '\0' && *json_text(location, "address") == '\0' &&
        *json_text(vchat, "meeting_url") == '\0' && cJSON_GetArraySize(files) == 0;
}

static bool row_is_veiled(const struct convert_env *env, const struct series_row *row)
{
    if (env->role >= BE_WRITER || !cJSON_HasObjectItem(row->event, "start_time"))
        return false;
    if (env->role == BE_FREEBUSY)
        return true;
    return str_ieq(json_text(row->event, "visibility"), "private") ||
        is_blank(row->event);
}

struct series_row row_as_seen(
    struct ctx *cx, const struct convert_env *env, const struct series_row *row)
{
    if (!row_is_veiled(env, row))
        return *row;
    cJSON *event = json_own(cx, cJSON_CreateObject());
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(row->event, shown[i]);
        if (value != NULL)
            cJSON_AddItemToObject(event, shown[i], cJSON_Duplicate(value, true));
    }
    const char *title = is_public(row) ? json_text(row->event, "summary") : "";
    cJSON_AddStringToObject(event, "summary", *title == '\0' ? VEIL_TITLE : title);
    return (struct series_row){.original_time = row->original_time, .event = event};
}

bool series_is_veiled(const struct convert_env *env, const struct series *series)
{
    if (series->master != NULL && row_is_veiled(env, series->master))
        return true;
    for (size_t i = 0; i < series->n_exceptions; i++) {
        if (row_is_veiled(env, &series->exceptions[i]))
            return true;
    }
    return false;
}
