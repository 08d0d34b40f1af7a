#include "rule.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "clock.h"
#include "mem.h"
#include "zone.h"

/* An endless rule is followed this far; Feishu's own limit is not known. */
#define OCCURRENCES_MAX 200000

/* Parts in the order in which Feishu returns them. */
static const struct part {
    const char *name;
    bool named; /* mentioned by the reference */
} PARTS[] = {
    {"FREQ", true},
    {"UNTIL", true},
    {"COUNT", true},
    {"INTERVAL", true},
    {"WKST", true},
    {"BYMONTH", false},
    {"BYWEEKNO", false},
    {"BYYEARDAY", false},
    {"BYMONTHDAY", false},
    {"BYDAY", true},
    {"BYSETPOS", false},
};
#define N_PARTS (sizeof PARTS / sizeof PARTS[0])

static const char *skip_prefix(const char *text)
{
    return strncasecmp(text, "RRULE:", 6) == 0 ? text + 6 : text;
}

/* Splits into values, one for each row of PARTS; upper case. Says what is wrong. */
static const char *split(const char *text, char *values[N_PARTS])
{
    char *copy = xstrdup(skip_prefix(text)), *save = NULL;
    const char *wrong = NULL;

    for (char *part = strtok_r(copy, ";", &save); part && !wrong;
         part = strtok_r(NULL, ";", &save)) {
        char *equals = strchr(part, '=');
        size_t i = 0;

        if (!equals || !equals[1]) {
            wrong = "a part is not NAME=VALUE";
            break;
        }
        *equals = '\0';
        while (i < N_PARTS && strcasecmp(part, PARTS[i].name) != 0)
            i++;
        if (i == N_PARTS)
            wrong = "unsupported part";
        else if (values[i])
            wrong = "a part appears twice";
        else
            values[i] = xstrdup(equals + 1);
        if (!wrong)
            for (char *c = values[i]; *c; c++)
                *c = (char)toupper((unsigned char)*c);
    }
    if (!wrong && strstr(copy, ";;"))
        wrong = "empty part";
    free(copy);
    return wrong;
}

static void drop_values(char *values[N_PARTS])
{
    for (size_t i = 0; i < N_PARTS; i++)
        free(values[i]);
}

static const char *value_of(char *values[N_PARTS], const char *name)
{
    for (size_t i = 0; i < N_PARTS; i++)
        if (strcmp(PARTS[i].name, name) == 0)
            return values[i];
    return NULL;
}

/* YYYYMMDD or YYYYMMDDThhmmssZ */
static bool read_until(const char *text, struct rule *out)
{
    char iso[32];
    size_t n = strlen(text);

    if (strspn(text, "0123456789") < 8)
        return false;
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2s", text, text + 4, text + 6);
    if (n == 8) {
        out->until_is_date = true;
        return date_parse(iso, &out->until);
    }
    if (n != 16 || text[8] != 'T' || text[15] != 'Z' ||
        strspn(text + 9, "0123456789") != 6)
        return false;
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6,
        text + 9, text + 11, text + 13);
    return rfc3339_parse(iso, &out->until);
}

static bool small_number(const char *text, int max, int *out)
{
    size_t n = strlen(text);

    if (n < 1 || n > 5 || strspn(text, "0123456789") != n)
        return false;
    *out = (int)strtol(text, NULL, 10);
    return *out >= 1 && *out <= max;
}

static const char *limits_of(char *values[N_PARTS], struct rule *out)
{
    const char *freq = value_of(values, "FREQ"), *count = value_of(values, "COUNT");
    const char *until = value_of(values, "UNTIL"),
               *interval = value_of(values, "INTERVAL");
    int step;

    if (!freq)
        return "FREQ is missing";
    if (strcmp(freq, "DAILY") != 0 && strcmp(freq, "WEEKLY") != 0 &&
        strcmp(freq, "MONTHLY") != 0 && strcmp(freq, "YEARLY") != 0)
        return "FREQ is not DAILY, WEEKLY, MONTHLY or YEARLY";
    if (count && until)
        return "COUNT and UNTIL exclude each other";
    if (count && !small_number(count, 99999, &out->count))
        return "COUNT is not a number";
    if (interval && !small_number(interval, 9999, &step))
        return "INTERVAL is not a number";
    if (until) {
        out->has_until = true;
        if (!read_until(until, out))
            return "UNTIL is neither a date nor a UTC instant";
    }
    return NULL;
}

/* What libical shall expand: everything but the end. */
static bool read_parts(char *values[N_PARTS], struct rule *out)
{
    struct buf text = {0};

    for (size_t i = 0; i < N_PARTS; i++)
        if (values[i] && strcmp(PARTS[i].name, "UNTIL") != 0 &&
            strcmp(PARTS[i].name, "COUNT") != 0)
            buf_fmt(&text, "%s%s=%s", text.n ? ";" : "", PARTS[i].name, values[i]);
    out->parts = icalrecurrencetype_from_string(text.p);
    buf_free(&text);
    return out->parts.freq != ICAL_NO_RECURRENCE;
}

const char *rule_parse(const char *text, enum rule_need need, struct rule *out)
{
    char *values[N_PARTS] = {0};
    const char *wrong = split(text, values);
    struct rule rule = {0};

    if (!wrong)
        wrong = limits_of(values, &rule);
    for (size_t i = 0; i < N_PARTS && !wrong; i++)
        if (need == RULE_NAMED && values[i] && !PARTS[i].named)
            wrong = "unsupported part";
    if (!wrong && !read_parts(values, &rule))
        wrong = "malformed rule";
    drop_values(values);
    if (!wrong)
        *out = rule;
    return wrong;
}

char *rule_normalise(const char *text)
{
    char *values[N_PARTS] = {0};
    struct buf out = {0};

    if (split(text, values) == NULL)
        for (size_t i = 0; i < N_PARTS; i++) {
            const char *value = values[i];

            if (!value && strcmp(PARTS[i].name, "INTERVAL") == 0)
                value = "1";
            if (value)
                buf_fmt(&out, "%s%s=%s", out.n ? ";" : "", PARTS[i].name, value);
        }
    drop_values(values);
    buf_text(&out);
    return out.p;
}

static struct icaltimetype local_time(const struct when *start, const struct zone *zone)
{
    int64_t local = start->at + (zone ? zone_offset(zone, start->at) : 0);
    int64_t days = local >= 0 ? local / 86400 : (local - 86399) / 86400;
    int64_t rest = local - days * 86400;
    struct icaltimetype t = icaltime_null_time();

    civil_of(days, &t.year, &t.month, &t.day);
    t.is_date = start->all_day;
    if (!start->all_day) {
        t.hour = (int)(rest / 3600);
        t.minute = (int)(rest / 60 % 60);
        t.second = (int)(rest % 60);
    }
    return t;
}

static int64_t instant_of(struct icaltimetype t, const struct zone *zone)
{
    int64_t local = days_of(t.year, t.month, t.day) * 86400;

    if (!t.is_date)
        local += t.hour * 3600 + t.minute * 60 + t.second;
    return zone ? zone_to_utc(zone, local) : local;
}

static bool past_until(const struct rule *rule, const struct zone *zone, int64_t at)
{
    if (!rule->has_until)
        return false;
    if (rule->until_is_date)
        return at + (zone ? zone_offset(zone, at) : 0) >= rule->until + 86400;
    return at > rule->until;
}

/* The start is the first occurrence even when the rule does not name it (RFC
 * 5545, 3.8.5.3). */
void rule_expand(const struct rule *rule, const struct when *start, int64_t before,
    occurrence_fn fn, void *arg)
{
    const struct zone *zone = start->all_day ? NULL : zone_find(start->zone);
    icalrecur_iterator *it;
    int left = rule->count ? rule->count : OCCURRENCES_MAX;

    if (start->at >= before || !fn(arg, start->at))
        return;
    it = icalrecur_iterator_new(rule->parts, local_time(start, zone));
    if (!it)
        return;
    for (left--; left > 0; left--) {
        struct icaltimetype t = icalrecur_iterator_next(it);
        int64_t at;

        if (icaltime_is_null_time(t))
            break;
        at = instant_of(t, zone);
        if (at <= start->at) {
            left++;
            continue;
        }
        if (at >= before || past_until(rule, zone, at) || !fn(arg, at))
            break;
    }
    icalrecur_iterator_free(it);
}

struct search {
    int64_t wanted;
    int64_t last;
    bool found;
};

static bool is_it(void *arg, int64_t start)
{
    struct search *s = arg;

    s->found = start == s->wanted;
    return start < s->wanted;
}

bool rule_has(const struct rule *rule, const struct when *start, int64_t at)
{
    struct search s = {.wanted = at};

    rule_expand(rule, start, at + 1, is_it, &s);
    return s.found;
}

static bool keep_last(void *arg, int64_t start)
{
    struct search *s = arg;

    s->last = start;
    return true;
}

int64_t rule_last(const struct rule *rule, const struct when *start)
{
    struct search s = {.last = start->at};

    if (!rule->has_until && !rule->count)
        return INT64_MAX;
    rule_expand(rule, start, INT64_MAX, keep_last, &s);
    return s.last;
}
