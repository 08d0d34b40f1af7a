#include "bridge/rrule.h"

#include "bridge/field_time.h"
#include "bridge/rdate.h"
#include "bridge/rrule_parts.h"
#include "ical/expand.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

/* Where the rule starts. */
struct origin {
    bool all_day;
    int64_t days;  /* local date of the start */
    int64_t tod_s; /* local time of day */
    int64_t start_s;
    const struct zone *zone;
};

static const char *const weekdays[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

static struct origin origin_of(bool all_day, int64_t start_s, const struct zone *zone)
{
    struct origin origin = {.all_day = all_day, .start_s = start_s, .zone = zone};
    struct civil local =
        all_day ? civil_from_seconds(start_s) : zone_to_local(zone, start_s);
    origin.days = civil_days(local.year, local.month, local.day);
    origin.tod_s = civil_seconds(&local) - origin.days * DAY_S;
    return origin;
}

static struct origin fact_origin(const cJSON *start)
{
    int64_t days;
    if (when_parse_date(json_text(start, "date"), &days))
        return origin_of(true, days * DAY_S, zone_utc());
    const struct zone *zone = zone_find(json_text(start, "timezone"));
    return origin_of(
        false, json_int(start, "timestamp", 0), zone == NULL ? zone_utc() : zone);
}

static bool has_time_parts(const struct rrule *rule)
{
    return rrule_part(rule, "BYHOUR") != NULL || rrule_part(rule, "BYMINUTE") != NULL ||
        rrule_part(rule, "BYSECOND") != NULL;
}

/* The last local date on which an occurrence may start. */
static bool until_days(const struct origin *origin, const char *until, int64_t *days)
{
    struct civil civil;
    bool is_date, is_utc;
    if (!when_parse_ics(until, &civil, &is_date, &is_utc))
        return false;
    if (is_date || origin->all_day) {
        *days = civil_days(civil.year, civil.month, civil.day);
        return true;
    }
    if (is_utc)
        civil = zone_to_local(origin->zone, civil_seconds(&civil));
    *days = civil_days(civil.year, civil.month, civil.day);
    if (civil_seconds(&civil) - *days * DAY_S < origin->tod_s)
        --*days;
    return true;
}

/* UNTIL as upstream's own clients write it: the last second of the local day, in UTC. */
static char *until_wire(struct ctx *cx, const struct origin *origin, int64_t days)
{
    char text[WHEN_TEXT_BYTES];
    if (origin->all_day)
        return arena_strdup(cx->arena, when_ics_date(days, text));
    struct civil local = civil_from_days(days);
    local.hour = 23;
    local.minute = 59;
    local.second = 59;
    return arena_strdup(
        cx->arena, when_ics_utc(zone_to_unix(origin->zone, &local), text));
}

static bool see_instance(void *self, const struct instance *one)
{
    int64_t *last_s = self;
    if (one->recurrence_s > *last_s)
        *last_s = one->recurrence_s;
    return true;
}

/* The start of the last instance of a rule with COUNT. */
static enum err last_start(
    struct ctx *cx, const struct origin *origin, const char *rule, int64_t *last_s)
{
    char text[WHEN_TEXT_BYTES];
    struct comp *calendar = comp_new(cx, "VCALENDAR"), *event = comp_new(cx, "VEVENT");
    comp_add_sub(cx, calendar, event);
    comp_add_line(cx, event, line_new(cx, "UID:count"));
    struct civil local = zone_to_local(origin->zone, origin->start_s);
    if (origin->all_day)
        comp_add_line(cx, event,
            line_new(cx, "DTSTART;VALUE=DATE:%s", when_ics_date(origin->days, text)));
    else if (origin->zone == zone_utc())
        comp_add_line(
            cx, event, line_new(cx, "DTSTART:%s", when_ics_utc(origin->start_s, text)));
    else
        comp_add_line(cx, event,
            line_new(cx, "DTSTART;TZID=%s:%04d%02d%02dT%02d%02d%02d",
                zone_name(origin->zone), local.year, local.month, local.day, local.hour,
                local.minute, local.second));
    comp_add_line(cx, event, line_new(cx, "RRULE:%s", rule));
    struct expand_range range = {
        .from_s = INT64_MIN, .until_s = INT64_MAX, .max_instances = RRULE_MAX_INSTANCES};
    int64_t last = origin->start_s;
    TRY(expand_each(cx, calendar, &range, see_instance, &last));
    *last_s = last;
    return ERR_OK;
}

/* True when COUNT or UNTIL set *days; *exact is the UNTIL of a rule whose end is not a
 * matter of days. */
static bool end_of(struct ctx *cx, const struct origin *origin, const struct rrule *rule,
    const char *text, int64_t *days, const char **exact)
{
    const char *until = rrule_part(rule, "UNTIL"), *count = rrule_part(rule, "COUNT");
    long long n;
    if (until != NULL) {
        if (has_time_parts(rule)) {
            *exact = until;
            return true;
        }
        return until_days(origin, until, days);
    }
    if (count == NULL || !str_to_ll(count, 1, RRULE_MAX_INSTANCES, &n))
        return false;
    int64_t last_s;
    if (last_start(cx, origin, text, &last_s) != ERR_OK)
        return false;
    struct civil local = origin->all_day ? civil_from_seconds(last_s)
                                         : zone_to_local(origin->zone, last_s);
    *days = civil_days(local.year, local.month, local.day);
    return true;
}

/* ---- the normal form ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_sorted(
    struct ctx *cx, struct buf *out, const char *name, const char *value)
{
    char **items = str_split(cx->arena, value, ',');
    size_t n = 0;
    for (; items[n] != NULL; n++) {
        if (items[n][0] == '+')
            items[n]++;
    }
    qsort(items, n, sizeof *items, by_text);
    buf_printf(out, ";%s=", name);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && str_eq(items[i], items[i - 1]))
            continue;
        buf_printf(out, "%s%s", i == 0 ? "" : ",", items[i]);
    }
}

/* The BY parts that DTSTART implies (RFC 5545 3.3.10). */
static void add_implied(
    const struct rrule *rule, const struct origin *origin, struct buf *out)
{
    const char *freq = rrule_part(rule, "FREQ");
    struct civil start = civil_from_days(origin->days);
    bool by_day = rrule_part(rule, "BYDAY") != NULL,
         by_month_day = rrule_part(rule, "BYMONTHDAY");
    if (str_eq(freq, "WEEKLY") && !by_day) {
        buf_printf(out, ";BYDAY=%s", weekdays[civil_weekday(origin->days)]);
    } else if (str_eq(freq, "MONTHLY") && !by_day && !by_month_day) {
        buf_printf(out, ";BYMONTHDAY=%d", start.day);
    } else if (str_eq(freq, "YEARLY") && !by_day && !by_month_day &&
        rrule_part(rule, "BYYEARDAY") == NULL && rrule_part(rule, "BYWEEKNO") == NULL) {
        if (rrule_part(rule, "BYMONTH") == NULL)
            buf_printf(out, ";BYMONTH=%d", start.month);
        buf_printf(out, ";BYMONTHDAY=%d", start.day);
    }
}

/* WKST matters only where weeks are counted or numbered (RFC 5545 3.3.10). */
static bool week_start_matters(const struct rrule *rule)
{
    const char *interval = rrule_part(rule, "INTERVAL");
    const char *by_day = rrule_part(rule, "BYDAY");
    if (rrule_part(rule, "BYWEEKNO") != NULL)
        return true;
    return str_eq(rrule_part(rule, "FREQ"), "WEEKLY") && interval != NULL &&
        !str_eq(interval, "1") && by_day != NULL && strchr(by_day, ',') != NULL;
}

static const char *const sorted_parts[] = {"BYMONTH", "BYWEEKNO", "BYYEARDAY",
    "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS", "RSCALE",
    "SKIP"};

/* Everything but the end. */
static char *normal(struct ctx *cx, const struct rrule *rule, const struct origin *origin)
{
    struct buf out = buf_new(cx->arena);
    const char *freq = rrule_part(rule, "FREQ"), *interval = rrule_part(rule, "INTERVAL");
    const char *week_start = rrule_part(rule, "WKST");
    buf_printf(&out, "FREQ=%s", freq == NULL ? "" : freq);
    long long n = 1;
    if (interval != NULL && str_to_ll(interval, 1, INT32_MAX, &n) && n > 1)
        buf_printf(&out, ";INTERVAL=%lld", n);
    for (size_t i = 0; i < sizeof sorted_parts / sizeof sorted_parts[0]; i++) {
        const char *value = rrule_part(rule, sorted_parts[i]);
        if (value != NULL)
            add_sorted(cx, &out, sorted_parts[i], value);
    }
    add_implied(rule, origin, &out);
    if (week_start_matters(rule))
        buf_printf(&out, ";WKST=%s", week_start == NULL ? "MO" : week_start);
    return out.data;
}

/* ---- what cannot be sent ---- */

static const char *const unsent_freqs[] = {"HOURLY", "MINUTELY", "SECONDLY"};

static const char *refusal(struct ctx *cx, const struct rrule *rule)
{
    if (rule->refused != NULL)
        return rule->refused;
    const char *freq = rrule_part(rule, "FREQ");
    if (freq == NULL)
        return "no FREQ";
    for (size_t i = 0; i < sizeof unsent_freqs / sizeof unsent_freqs[0]; i++) {
        if (str_eq(freq, unsent_freqs[i]))
            return arena_printf(cx->arena, "FREQ=%s", freq);
    }
    if (rrule_part(rule, "RSCALE") != NULL || rrule_part(rule, "SKIP") != NULL)
        return "RSCALE and SKIP (RFC 7529)";
    for (size_t i = 0; i < rule->n; i++) {
        if (str_starts(rule->parts[i].name, "X-"))
            return rule->parts[i].name;
    }
    return NULL;
}

static char *wire_form(struct ctx *cx, const struct rrule *rule, const char *until)
{
    struct buf out = buf_new(cx->arena);
    for (size_t i = 0; i < rule->n; i++) {
        const struct rrule_part *part = &rule->parts[i];
        bool end = str_eq(part->name, "COUNT") || str_eq(part->name, "UNTIL");
        buf_printf(&out, "%s%s=%s", i == 0 ? "" : ";", end ? "UNTIL" : part->name,
            end ? until : part->value);
    }
    return out.data;
}

static int64_t start_days(const struct origin *origin)
{
    if (origin->all_day)
        return origin->days;
    struct civil local = zone_to_local(origin->zone, origin->start_s);
    return civil_days(local.year, local.month, local.day);
}

static cJSON *recurrence_value(
    struct ctx *cx, const char *text, const struct origin *origin)
{
    struct rrule rule = rrule_parse(cx, text);
    if (rule.n == 0 && rule.refused == NULL)
        return NULL;
    cJSON *value = cJSON_CreateObject();
    const char *plain = str_istarts(text, "RRULE:") ? text + 6 : text;
    cJSON_AddStringToObject(value, "rule", plain);
    cJSON_AddStringToObject(value, "same", normal(cx, &rule, origin));
    const char *refused = refusal(cx, &rule), *exact = NULL, *until = "";
    bool ends = rrule_part(&rule, "UNTIL") != NULL || rrule_part(&rule, "COUNT") != NULL;
    int64_t days = 0;
    if (refused == NULL && ends) {
        if (!end_of(cx, origin, &rule, plain, &days, &exact))
            refused = rrule_part(&rule, "COUNT") == NULL ? "UNTIL" : "COUNT";
        /* The start is an occurrence in any case (RFC 5545 3.8.5.3). */
        else if (exact == NULL && days < start_days(origin))
            until = until_wire(cx, origin, start_days(origin));
        else
            until = exact != NULL ? exact : until_wire(cx, origin, days);
    }
    cJSON_AddStringToObject(value, "until", until);
    if (refused != NULL)
        cJSON_AddStringToObject(value, "refused", refused);
    else
        cJSON_AddStringToObject(value, "wire", wire_form(cx, &rule, until));
    return value;
}

/* A start within a gap of its zone is another wall clock upstream, and so would be all
 * that follow (RFC 5545 3.3.5 moves only the one that does not exist). */
static bool starts_in_gap(
    struct ctx *cx, const struct scene *scene, const struct origin *origin)
{
    struct ics_time start;
    const struct line *line = comp_line(scene->event, "DTSTART");
    if (origin->all_day || ics_time(cx, scene->calendar, line, &start) != ERR_OK)
        return false;
    struct civil local = zone_to_local(origin->zone, origin->start_s);
    return civil_seconds(&local) != civil_seconds(&start.civil);
}

enum err up_recurrence(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    const struct line *line = comp_line(scene->event, "RRULE");
    const char *rule = line != NULL
        ? line->value
        : rdate_rule(cx, scene->env, scene->calendar, scene->event);
    if (rule == NULL)
        return ERR_OK;
    cJSON *start = NULL;
    TRY(up_start(cx, scene, &start));
    struct origin origin = fact_origin(json_own(cx, start));
    *value = recurrence_value(cx, rule, &origin);
    if (*value != NULL && starts_in_gap(cx, scene, &origin) &&
        *json_text(*value, "refused") == '\0')
        cJSON_AddStringToObject(
            *value, "refused", "a series that starts at a time which its zone skips");
    return ERR_OK;
}

enum err read_recurrence(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    const char *all = str_trim(cx->arena, json_text(row->event, "recurrence"));
    const char *text = arena_strndup(cx->arena, all, strcspn(all, "\r\n"));
    if (*text == '\0')
        return ERR_OK;
    cJSON *start = NULL;
    TRY(read_start(cx, env, row, &start));
    struct origin origin = fact_origin(json_own(cx, start));
    if (str_istarts(text, "RRULE:"))
        text += 6;
    struct civil local = zone_to_local(origin.zone, origin.start_s);
    const char *rule = rrule_readable(cx, text, &local, origin.all_day);
    if (rule != NULL)
        *value = recurrence_value(cx, rule, &origin);
    return ERR_OK;
}

bool recurrence_same_but_end(const cJSON *a, const cJSON *b)
{
    return a != NULL && b != NULL && str_eq(json_text(a, "same"), json_text(b, "same"));
}

bool equal_recurrence(const cJSON *a, const cJSON *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return recurrence_same_but_end(a, b) &&
        str_eq(json_text(a, "until"), json_text(b, "until")) &&
        str_eq(json_text(a, "refused"), json_text(b, "refused"));
}

bool rrule_same(struct ctx *cx, const char *a, const char *b, bool all_day,
    int64_t start_s, const struct zone *zone)
{
    struct origin origin = origin_of(all_day, start_s, zone);
    cJSON *x = json_own(cx, recurrence_value(cx, a, &origin));
    cJSON *y = json_own(cx, recurrence_value(cx, b, &origin));
    return equal_recurrence(x, y);
}

/* UNTIL must be of DTSTART's type (RFC 5545 3.3.10): a date, local time for floating,
 * else UTC. */
static const char *typed_until(struct ctx *cx, const struct scene *scene,
    const struct origin *origin, const char *until)
{
    struct civil civil;
    bool is_date, is_utc;
    struct ics_time start;
    const struct line *line = comp_line(scene->event, "DTSTART");
    if (origin->all_day || line == NULL ||
        !when_parse_ics(until, &civil, &is_date, &is_utc) || is_date || !is_utc)
        return until;
    if (ics_time(cx, scene->calendar, line, &start) != ERR_OK || start.is_date)
        return until;
    const char *tzid = line_param(line, "TZID");
    size_t len = strlen(line->value);
    if (tzid != NULL || (len > 0 && line->value[len - 1] == 'Z'))
        return until;
    civil = zone_to_local(origin->zone, civil_seconds(&civil));
    return arena_printf(cx->arena, "%04d%02d%02dT%02d%02d%02d", civil.year, civil.month,
        civil.day, civil.hour, civil.minute, civil.second);
}

void down_recurrence(struct ctx *cx, const struct scene *scene, const cJSON *facts,
    struct line_list *lines)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(facts, "recurrence");
    if (value == NULL)
        return;
    struct rrule rule = rrule_parse(cx, json_text(value, "rule"));
    struct origin origin =
        fact_origin(cJSON_GetObjectItemCaseSensitive(facts, "start_time"));
    const char *until = json_text(value, "until");
    struct buf out = buf_new(cx->arena);
    for (size_t i = 0; i < rule.n; i++) {
        const struct rrule_part *part = &rule.parts[i];
        bool end = str_eq(part->name, "UNTIL") && *until != '\0';
        buf_printf(&out, "%s%s=%s", i == 0 ? "" : ";", part->name,
            end ? typed_until(cx, scene, &origin, until) : part->value);
    }
    LIST_ADD(cx->arena, lines, line_new(cx, "RRULE:%s", buf_str(&out)));
}

enum err write_recurrence(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(write->facts, "recurrence");
    if (value == NULL) {
        if (!write->create)
            cJSON_AddStringToObject(body, "recurrence", "");
        return ERR_OK;
    }
    const char *refused = json_text(value, "refused"), *wire = json_text(value, "wire");
    if (*refused != '\0')
        return fail(cx, ERR_UPSTREAM_REFUSED, "RRULE: Feishu cannot hold %s", refused);
    if (utf8_length(wire) > RRULE_MAX_CHARS)
        return fail(cx, ERR_UPSTREAM_REFUSED, "RRULE: Feishu holds at most %d characters",
            RRULE_MAX_CHARS);
    cJSON_AddStringToObject(body, "recurrence", wire);
    return ERR_OK;
}
