#include "bridge/alarm.h"

#include <stdlib.h>

struct minutes {
    int *items;
    size_t n, cap;
};

bool alarm_minutes(const struct comp *alarm, int *minutes)
{
    const struct line *action = comp_line(alarm, "ACTION");
    const struct line *trigger = comp_line(alarm, "TRIGGER");
    if (action == NULL || trigger == NULL ||
        !(str_ieq(action->value, "DISPLAY") || str_ieq(action->value, "AUDIO")))
        return false;
    /* RELATED-TO marks a snooze (RFC 9074 section 7). */
    if (comp_line(alarm, "REPEAT") != NULL || comp_line(alarm, "RELATED-TO") != NULL)
        return false;
    const char *value_type = line_param(trigger, "VALUE");
    const char *related = line_param(trigger, "RELATED");
    if ((value_type != NULL && !str_ieq(value_type, "DURATION")) ||
        (related != NULL && !str_ieq(related, "START")))
        return false;
    int64_t days, seconds;
    if (!ics_duration(trigger->value, &days, &seconds) || days < -REMINDER_MAX_MINUTES ||
        days > REMINDER_MAX_MINUTES)
        return false;
    int64_t all_s = days * 86400 + seconds;
    if (all_s % 60 != 0 || llabs(all_s) > (int64_t)REMINDER_MAX_MINUTES * 60)
        return false;
    *minutes = (int)(-all_s / 60);
    return true;
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static cJSON *reminders_value(struct minutes *list)
{
    if (list->n == 0)
        return NULL;
    qsort(list->items, list->n, sizeof *list->items, by_number);
    cJSON *value = cJSON_CreateArray();
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0 && list->items[i] == list->items[i - 1])
            continue;
        cJSON *one = cJSON_CreateObject();
        cJSON_AddNumberToObject(one, "minutes", list->items[i]);
        cJSON_AddItemToArray(value, one);
    }
    return value;
}

enum err up_reminders(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    struct minutes list = {0};
    size_t at = 0;
    int minutes;
    for (struct comp *one; (one = comp_next_sub(scene->event, "VALARM", &at)) != NULL;) {
        if (alarm_minutes(one, &minutes))
            LIST_ADD(cx->arena, &list, minutes);
    }
    *value = reminders_value(&list);
    return ERR_OK;
}

enum err read_reminders(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    struct minutes list = {0};
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(row->event, "reminders"))
    {
        int64_t minutes = json_int(one, "minutes", INT32_MAX);
        if (llabs(minutes) <= REMINDER_MAX_MINUTES)
            LIST_ADD(cx->arena, &list, (int)minutes);
    }
    *value = reminders_value(&list);
    return ERR_OK;
}

static const struct {
    int minutes;
    const char *prefix, *letter;
} units[] = {{10080, "P", "W"}, {1440, "P", "D"}, {60, "PT", "H"}, {1, "PT", "M"}};

static struct comp *alarm_new(struct ctx *cx, int minutes)
{
    struct comp *alarm = comp_new(cx, "VALARM");
    comp_add_line(cx, alarm, line_new(cx, "ACTION:DISPLAY"));
    size_t unit = 0;
    while (minutes % units[unit].minutes != 0)
        unit++;
    int n = abs(minutes) / units[unit].minutes;
    comp_add_line(cx, alarm,
        minutes == 0 ? line_new(cx, "TRIGGER:PT0S")
                     : line_new(cx, "TRIGGER:%s%s%d%s", minutes > 0 ? "-" : "",
                           units[unit].prefix, n, units[unit].letter));
    comp_add_line(cx, alarm, line_new(cx, "DESCRIPTION:Reminder"));
    return alarm;
}

static bool has_minutes(const cJSON *list, int minutes)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        if (json_int(one, "minutes", INT32_MAX) == minutes)
            return true;
    }
    return false;
}

void patch_reminders(struct ctx *cx, const struct scene *scene, const cJSON *facts)
{
    const cJSON *now = cJSON_GetObjectItemCaseSensitive(facts, "reminders");
    cJSON *was = NULL;
    up_reminders(cx, scene, &was);
    json_own(cx, was);
    size_t at = 0;
    int minutes;
    for (struct comp *one; (one = comp_next_sub(scene->event, "VALARM", &at)) != NULL;) {
        if (alarm_minutes(one, &minutes) && !has_minutes(now, minutes)) {
            comp_remove_sub(scene->event, one);
            at--;
        }
    }
    const cJSON *one;
    cJSON_ArrayForEach(one, now)
    {
        minutes = (int)json_int(one, "minutes", 0);
        if (!has_minutes(was, minutes))
            comp_add_sub(cx, scene->event, alarm_new(cx, minutes));
    }
}

enum err write_reminders(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    (void)cx;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(write->facts, "reminders");
    if (list != NULL)
        cJSON_AddItemToObject(body, "reminders", cJSON_Duplicate(list, true));
    else if (!write->create)
        cJSON_AddItemToObject(body, "reminders", cJSON_CreateArray());
    return ERR_OK;
}
