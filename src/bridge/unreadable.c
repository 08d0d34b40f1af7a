#include "bridge/unreadable.h"

#include "bridge/field_time.h"

static const char *const times[] = {"start_time", "end_time"};

/* A row of which only the guests are known has no times of its own. */
static bool is_unreadable(const struct series_row *row)
{
    return cJSON_HasObjectItem(row->event, "start_time") &&
        !time_is_readable(row->event, "start_time");
}

bool exception_is_shown(const struct series *series, const struct series_row *row)
{
    return time_fits(row->original_time) &&
        (series->master != NULL || time_is_readable(row->event, "start_time"));
}

struct series_row exception_with_times(
    struct ctx *cx, const struct series_row *master, const struct series_row *row)
{
    struct series_row copy = *row;
    cJSON *event = json_own(cx, cJSON_Duplicate(row->event, true));
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const cJSON *time = cJSON_GetObjectItemCaseSensitive(master->event, times[i]);
        cJSON_DeleteItemFromObjectCaseSensitive(event, times[i]);
        if (time != NULL)
            cJSON_AddItemToObject(event, times[i], cJSON_Duplicate(time, true));
    }
    copy.event = event;
    return copy;
}

const char *convert_unreadable(struct ctx *cx, const struct series *series)
{
    struct buf out = buf_new(cx->arena);
    for (size_t i = 0; i < series->n_exceptions; i++) {
        const struct series_row *row = &series->exceptions[i];
        if (row_is_cancelled(row) ||
            (exception_is_shown(series, row) && !is_unreadable(row)))
            continue;
        buf_printf(&out, "%s%s_%lld%s", out.len_bytes == 0 ? "" : ", ", series->uid,
            (long long)row->original_time,
            exception_is_shown(series, row) ? "" : " (left out)");
    }
    return buf_str(&out);
}
