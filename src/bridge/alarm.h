/*
 * Reminders (feishu-api 5.2) and VALARM. Upstream holds minutes relative to the start;
 * every other kind of alarm (absolute, relative to the end, e-mail, repeated, snoozed)
 * lives in the shadow alone.
 */
#ifndef BRIDGE_ALARM_H
#define BRIDGE_ALARM_H

#include "bridge/field.h"

#define REMINDER_MAX_MINUTES 20160

/* The minutes before the start that an alarm means; false when upstream cannot hold it.
 */
bool alarm_minutes(const struct comp *alarm, int *minutes);

/* The fact: sorted distinct [{"minutes": n}]. */
enum err up_reminders(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_reminders(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
void patch_reminders(struct ctx *cx, const struct scene *scene, const cJSON *facts);
enum err write_reminders(struct ctx *cx, const struct field_write *write, cJSON *body);

#endif
