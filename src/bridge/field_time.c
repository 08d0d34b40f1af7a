#include "bridge/field_time.h"

#define DAY_S 86400
/* How far around an instant two zones are compared, in steps of a month. */
#define ZONE_MONTHS_BEFORE 12
#define ZONE_MONTHS_AFTER 36

const struct zone *env_zone(const struct convert_env *env)
{
    const struct zone *zone = str_empty(env->timezone) ? NULL : zone_find(env->timezone);
    return zone == NULL ? zone_utc() : zone;
}

cJSON *fact_date(int64_t days)
{
    char text[WHEN_TEXT_BYTES];
    cJSON *value = cJSON_CreateObject();
    cJSON_AddStringToObject(value, "date", when_date(days, text));
    return value;
}

cJSON *fact_instant(int64_t unix_s, const char *zone)
{
    cJSON *value = cJSON_CreateObject();
    cJSON_AddNumberToObject(value, "timestamp", (double)unix_s);
    cJSON_AddStringToObject(value, "timezone", zone);
    return value;
}

static struct fact_time value_time(const cJSON *value)
{
    struct fact_time time = {0};
    time.is_date = when_parse_date(json_text(value, "date"), &time.days);
    if (time.is_date)
        return time;
    time.unix_s = json_int(value, "timestamp", 0);
    time.zone = zone_find(json_text(value, "timezone"));
    if (time.zone == NULL)
        time.zone = zone_utc();
    return time;
}

struct fact_time fact_time(const cJSON *facts, const char *name)
{
    return value_time(cJSON_GetObjectItemCaseSensitive(facts, name));
}

/* ---- up ---- */

static int64_t days_of(const struct ics_time *time)
{
    return civil_days(time->civil.year, time->civil.month, time->civil.day);
}

static cJSON *up_value(
    const struct scene *scene, const struct ics_time *time, const struct zone *zone)
{
    if (time->is_date)
        return fact_date(days_of(time));
    const struct zone *floating = env_zone(scene->env);
    if (zone == NULL)
        zone = time->zone == NULL ? floating : time->zone;
    return fact_instant(ics_time_unix(time, floating), zone_name(zone));
}

enum err up_start(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    struct ics_time start, end;
    TRY(ics_event_times(cx, scene->calendar, scene->event, &start, &end));
    *value = up_value(scene, &start, NULL);
    return ERR_OK;
}

enum err up_end(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    const struct zone *floating = env_zone(scene->env), *zone = NULL;
    struct ics_time start, end;
    TRY(ics_event_times(cx, scene->calendar, scene->event, &start, &end));
    if (end.is_date && days_of(&end) <= days_of(&start)) {
        *value = fact_date(days_of(&start) + 1);
        return ERR_OK;
    }
    if (!end.is_date && ics_time_unix(&end, floating) < ics_time_unix(&start, floating)) {
        if (start.zone != end.zone)
            return fail(cx, ERR_VALID_CALENDAR_DATA,
                "the end is before the start where floating times are of %s",
                zone_name(floating));
        end = start; /* the clock is put forward in between */
    }
    /* A series is sent with equal zones (feishu-api 16.36), and so is a duration. */
    if (comp_line(scene->event, "RRULE") != NULL ||
        comp_line(scene->event, "RDATE") != NULL ||
        comp_line(scene->event, "DTEND") == NULL)
        zone = start.zone == NULL ? floating : start.zone;
    *value = up_value(scene, &end, zone);
    return ERR_OK;
}

/* ---- read ---- */

bool time_fits(int64_t unix_s)
{
    return unix_s >= civil_days(ICS_MIN_YEAR, 1, 2) * DAY_S &&
        unix_s < civil_days(ICS_MAX_YEAR, 12, 30) * DAY_S;
}

bool time_is_readable(const cJSON *event, const char *name)
{
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(event, name);
    int64_t days;
    if (when_parse_date(json_text(time, "date"), &days))
        return time_fits(days * DAY_S);
    return time_fits(json_int(time, "timestamp", INT64_MIN));
}

static enum err read_time(
    struct ctx *cx, const struct series_row *row, const char *name, cJSON **value)
{
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(row->event, name);
    int64_t days;
    if (!time_is_readable(row->event, name))
        return fail(cx, ERR_INTERNAL, "event %s has no %s",
            json_text(row->event, "event_id"), name);
    if (when_parse_date(json_text(time, "date"), &days)) {
        *value = fact_date(days);
        return ERR_OK;
    }
    int64_t unix_s = json_int(time, "timestamp", 0);
    const struct zone *zone = zone_find(json_text(time, "timezone"));
    *value = fact_instant(unix_s, zone == NULL ? "UTC" : zone_name(zone));
    return ERR_OK;
}

enum err read_start(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    return read_time(cx, row, "start_time", value);
}

static cJSON *end_of_timed(const cJSON *event, const struct fact_time *start, cJSON *end)
{
    struct fact_time stop = value_time(end);
    bool series = *json_text(event, "recurrence") != '\0';
    if (!stop.is_date && stop.unix_s >= start->unix_s && !series)
        return end;
    int64_t unix_s =
        stop.is_date || stop.unix_s < start->unix_s ? start->unix_s : stop.unix_s;
    cJSON_Delete(end);
    return fact_instant(unix_s, zone_name(start->zone));
}

enum err read_end(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    cJSON *start_value = NULL, *end = NULL;
    TRY(read_time(cx, row, "start_time", &start_value));
    struct fact_time start = value_time(json_own(cx, start_value));
    bool given = time_is_readable(row->event, "end_time");
    TRY(read_time(cx, row, given ? "end_time" : "start_time", &end));
    if (!start.is_date) {
        *value = end_of_timed(row->event, &start, end);
        return ERR_OK;
    }
    struct fact_time stop = value_time(end);
    cJSON_Delete(end);
    int64_t days =
        !stop.is_date ? start.days + 1 : stop.days + (env->read_end_exclusive ? 0 : 1);
    /* Whatever the switch says: at least a day (feishu-api 16.1). */
    *value = fact_date(days <= start.days ? start.days + 1 : days);
    return ERR_OK;
}

/* ---- equality ---- */

static bool zones_agree(const struct zone *a, const struct zone *b, int64_t unix_s)
{
    if (a == b || str_eq(zone_name(a), zone_name(b)))
        return true;
    for (int month = -ZONE_MONTHS_BEFORE; month <= ZONE_MONTHS_AFTER; month++) {
        int64_t at = unix_s + month * INT64_C(2629746);
        if (zone_offset_s(a, at) != zone_offset_s(b, at))
            return false;
    }
    return true;
}

bool equal_time(const cJSON *a, const cJSON *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    struct fact_time x = value_time(a), y = value_time(b);
    if (x.is_date || y.is_date)
        return x.is_date && y.is_date && x.days == y.days;
    return x.unix_s == y.unix_s && zones_agree(x.zone, y.zone, x.unix_s);
}

/* ---- down ---- */

/* Whether a line can repeat it as the value of a parameter. */
static bool is_parameter(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

/* The TZID under which the calendar knows the zone; a new one when it does not. */
static const char *tzid_of(
    struct ctx *cx, const struct scene *scene, const struct zone *zone)
{
    size_t at = 0;
    for (struct comp *one;
         (one = comp_next_sub(scene->calendar, "VTIMEZONE", &at)) != NULL;) {
        const struct line *tzid = comp_line(one, "TZID");
        if (tzid != NULL && is_parameter(tzid->value) &&
            zone_from_tzid(cx, tzid->value, one) == zone)
            return tzid->value;
    }
    bool known = false;
    for (size_t i = 0; i < scene->zones->n; i++)
        known = known || scene->zones->items[i] == zone;
    if (!known)
        LIST_ADD(cx->arena, scene->zones, zone);
    return zone_name(zone);
}

static char *civil_text(struct ctx *cx, const struct civil *civil)
{
    return arena_printf(cx->arena, "%04d%02d%02dT%02d%02d%02d", civil->year, civil->month,
        civil->day, civil->hour, civil->minute, civil->second);
}

static struct line *date_line(struct ctx *cx, const char *name, int64_t days)
{
    char text[WHEN_TEXT_BYTES];
    return line_new(cx, "%s;VALUE=DATE:%s", name, when_ics_date(days, text));
}

static struct line *instant_line(struct ctx *cx, const struct scene *scene,
    const char *name, int64_t unix_s, const struct zone *zone, bool floating)
{
    char text[WHEN_TEXT_BYTES];
    struct civil local = zone_to_local(zone, unix_s);
    if (floating)
        return line_new(cx, "%s:%s", name, civil_text(cx, &local));
    /* The second of two equal wall clocks cannot be said in local time (RFC 5545 3.3.5).
     */
    if (zone == zone_utc() || zone_to_unix(zone, &local) != unix_s)
        return line_new(cx, "%s:%s", name, when_ics_utc(unix_s, text));
    return line_new(cx, "%s;TZID=%s:%s", name,
        param_escape(cx->arena, tzid_of(cx, scene, zone)), civil_text(cx, &local));
}

static bool floats(struct ctx *cx, const struct scene *scene, const char *name)
{
    const struct line *line = comp_line(scene->event, name);
    struct ics_time time;
    return line != NULL && ics_time(cx, scene->calendar, line, &time) == ERR_OK &&
        !time.is_date && time.zone == NULL;
}

static bool may_float(const struct scene *scene, const struct fact_time *time)
{
    const struct zone *floating = env_zone(scene->env);
    if (time->is_date || !zones_agree(time->zone, floating, time->unix_s))
        return false;
    struct civil local = zone_to_local(floating, time->unix_s);
    return zone_to_unix(floating, &local) == time->unix_s;
}

/* A client that wrote floating times keeps them while start and end are in the zone of
 * its floating times. */
static bool stays_floating(
    struct ctx *cx, const struct scene *scene, const cJSON *facts)
{
    struct fact_time start = fact_time(facts, "start_time");
    struct fact_time end = fact_time(facts, "end_time");
    return floats(cx, scene, "DTSTART") && may_float(scene, &start) &&
        may_float(scene, &end);
}

bool times_float_alike(struct ctx *cx, const struct scene *scene, const cJSON *facts)
{
    bool floating = floats(cx, scene, "DTSTART");
    if (floating && !stays_floating(cx, scene, facts))
        return false;
    return comp_line(scene->event, "DTEND") == NULL ||
        floats(cx, scene, "DTEND") == floating;
}

static void down_time(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    const char *member, const char *name, struct line_list *lines)
{
    struct fact_time time = fact_time(facts, member);
    bool floating = stays_floating(cx, scene, facts);
    struct line *line = time.is_date
        ? date_line(cx, name, time.days)
        : instant_line(cx, scene, name, time.unix_s,
              floating ? env_zone(scene->env) : time.zone, floating);
    LIST_ADD(cx->arena, lines, line);
}

void down_start(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    down_time(cx, scene, facts, "start_time", "DTSTART", lines);
}

void down_end(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    down_time(cx, scene, facts, "end_time", "DTEND", lines);
}

/* ---- write ---- */

static enum err check_range(struct ctx *cx, const char *name, int64_t unix_s)
{
    char text[WHEN_TEXT_BYTES];
    if (unix_s < UPSTREAM_MIN_S)
        return fail(cx, ERR_MIN_DATE_TIME, "%s %s is earlier than Feishu can hold", name,
            when_rfc3339(unix_s, text));
    if (unix_s > UPSTREAM_MAX_S)
        return fail(cx, ERR_MAX_DATE_TIME, "%s %s is later than Feishu can hold", name,
            when_rfc3339(unix_s, text));
    return ERR_OK;
}

static enum err write_time(struct ctx *cx, const struct field_write *write,
    const char *member, const char *name, cJSON *body)
{
    struct fact_time time = fact_time(write->facts, member);
    char text[WHEN_TEXT_BYTES];
    cJSON *value = cJSON_CreateObject();
    cJSON_AddItemToObject(body, member, value);
    if (time.is_date) {
        bool last_day = write->env->write_end_inclusive && str_eq(member, "end_time");
        cJSON_AddStringToObject(value, "date", when_date(time.days - last_day, text));
        cJSON_AddStringToObject(value, "timezone", "UTC");
        return check_range(cx, name, time.days * DAY_S);
    }
    cJSON_AddStringToObject(
        value, "timestamp", arena_printf(cx->arena, "%lld", (long long)time.unix_s));
    cJSON_AddStringToObject(value, "timezone", zone_name(time.zone));
    return check_range(cx, name, time.unix_s);
}

enum err write_times(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    if (cJSON_HasObjectItem(body, "start_time"))
        return ERR_OK;
    TRY(write_time(cx, write, "start_time", "DTSTART", body));
    return write_time(cx, write, "end_time", "DTEND", body);
}

/* ---- scheduled starts ---- */

struct line *original_line(struct ctx *cx, const struct scene *scene, const char *name,
    const struct ics_time *form, int64_t original)
{
    if (form->is_date)
        return date_line(
            cx, name, (original - ((original % DAY_S) + DAY_S) % DAY_S) / DAY_S);
    const struct zone *zone = form->zone == NULL ? env_zone(scene->env) : form->zone;
    return instant_line(cx, scene, name, original, zone, form->zone == NULL);
}

int64_t original_time(const struct convert_env *env, const struct ics_time *form,
    const struct ics_time *value)
{
    struct ics_time time = *value;
    if (form == NULL ? time.is_date : form->is_date)
        return days_of(&time) * DAY_S;
    if (time.is_date) {
        /* A date against a timed series: the occurrence of that day. */
        time.is_date = false;
        time.zone = form->zone;
        time.civil.hour = form->civil.hour;
        time.civil.minute = form->civil.minute;
        time.civil.second = form->civil.second;
    } else if (time.zone == NULL && form != NULL) {
        time.zone = form->zone;
    }
    return ics_time_unix(&time, env_zone(env));
}
