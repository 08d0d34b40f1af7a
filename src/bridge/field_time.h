/*
 * Start and end (feishu-api 5.3), and the forms of a time in iCalendar. All-day values
 * are dates and are only ever calculated as dates; facts have exclusive ends.
 */
#ifndef BRIDGE_FIELD_TIME_H
#define BRIDGE_FIELD_TIME_H

#include "bridge/field.h"

/* What upstream accepts (feishu-api 5.3). */
#define UPSTREAM_MIN_S 1
#define UPSTREAM_MAX_S INT64_C(16725225600)

enum err up_start(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_start(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
enum err up_end(struct ctx *cx, const struct scene *scene, cJSON **value);
enum err read_end(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value);
/* The same instants in zones that agree around them; names may differ. */
bool equal_time(const cJSON *a, const cJSON *b);
void down_start(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);
void down_end(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines);
/* Whether both lines float, in a zone in which they say the facts, or neither does: an
 * end is local time where its start is (RFC 5545 3.8.2.2). */
bool times_float_alike(
    struct ctx *cx, const struct scene *scene, const cJSON *facts);
/* Both times: upstream takes them only together. Errors: MIN_DATE_TIME, MAX_DATE_TIME. */
enum err write_times(struct ctx *cx, const struct field_write *write, cJSON *body);

/* The zone of floating times; UTC when the environment names none that exists. */
const struct zone *env_zone(const struct convert_env *env);
/* A fact's time: days since 1970 for dates, Unix seconds otherwise. */
struct fact_time {
    bool is_date;
    int64_t days;
    int64_t unix_s;
    const struct zone *zone; /* NULL for dates */
};
struct fact_time fact_time(const cJSON *facts, const char *name);
/* Whether a year of four digits in the Gregorian calendar holds it, in every zone: all
 * that clients can be told. */
bool time_fits(int64_t unix_s);
/* Whether an event object has such a time, and one that fits. */
bool time_is_readable(const cJSON *event, const char *name);
cJSON *fact_date(int64_t days);
cJSON *fact_instant(int64_t unix_s, const char *zone);

/* A line of a scheduled start (RECURRENCE-ID, EXDATE) in the form of the master's
 * DTSTART. */
struct line *original_line(struct ctx *cx, const struct scene *scene, const char *name,
    const struct ics_time *form, int64_t original_time);
/* original_time of a RECURRENCE-ID or EXDATE value: Unix seconds, midnight UTC of a date.
 * form = the master's DTSTART, NULL = unknown. */
int64_t original_time(const struct convert_env *env, const struct ics_time *form,
    const struct ics_time *value);

#endif
