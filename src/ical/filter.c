#include "ical/filter.h"

#include <string.h>

#define DAY_S 86400

struct scope {
    struct ctx *cx;
    const struct comp *calendar;
    const struct zone *floating;
};

static int64_t minus(int64_t a_s, int64_t b_s)
{
    int64_t result_s;
    if (a_s == INT64_MIN || a_s == INT64_MAX)
        return a_s;
    if (__builtin_sub_overflow(a_s, b_s, &result_s))
        return b_s > 0 ? INT64_MIN : INT64_MAX;
    return result_s;
}

static bool text_matches(
    const struct scope *scope, const struct text_match *match, const char *text)
{
    if (!match->text)
        return true;
    return collation_contains(scope->cx->arena, match->collation, text, match->text) !=
        match->negate;
}

static bool param_matches(
    const struct scope *scope, const struct param_filter *filter, const struct line *line)
{
    const char *value = line_param(line, filter->name);
    if (filter->is_not_defined || !value)
        return filter->is_not_defined && !value;
    return text_matches(scope, &filter->match, value);
}

/* Any of the line's times in the range; a date is its whole day. */
static bool line_in_range(
    const struct scope *scope, const struct prop_filter *filter, const struct line *line)
{
    for (char **value = str_split(scope->cx->arena, line->value, ','); *value; value++) {
        struct ics_time time;
        if (ics_time_value(scope->cx, scope->calendar, line, *value, &time) != ERR_OK)
            continue;
        int64_t from_s = ics_time_unix(&time, scope->floating);
        if (time.is_date) {
            ics_time_add(&time, 1, 0);
            if (filter->from_s < ics_time_unix(&time, scope->floating) &&
                filter->until_s > from_s)
                return true;
        } else if (filter->from_s <= from_s && filter->until_s > from_s) {
            return true;
        }
    }
    return false;
}

static bool line_matches(
    const struct scope *scope, const struct prop_filter *filter, const struct line *line)
{
    if (filter->has_range && !line_in_range(scope, filter, line))
        return false;
    if (filter->match.text &&
        !text_matches(
            scope, &filter->match, text_unescape(scope->cx->arena, line->value)))
        return false;
    for (size_t i = 0; i < filter->params.n; i++)
        if (!param_matches(scope, &filter->params.items[i], line))
            return false;
    return true;
}

static bool prop_matches(
    const struct scope *scope, const struct prop_filter *filter, const struct comp *comp)
{
    const struct line *line;
    size_t at = 0;
    if (filter->is_not_defined)
        return !comp_line(comp, filter->name);
    while ((line = comp_next_line(comp, filter->name, &at)))
        if (line_matches(scope, filter, line))
            return true;
    return false;
}

/* Does an instance of one event overlap the range? */
struct event_search {
    const struct comp *event;
    bool is_master, found;
};

/* Exceptions come before the instances of their master: the master's first ends the
 * search. */
static bool look_for_event(void *self, const struct instance *one)
{
    struct event_search *search = self;
    search->found = one->event == search->event;
    return !search->found &&
        (search->is_master || comp_line(one->event, "RECURRENCE-ID"));
}

static enum err event_in_range(const struct scope *scope,
    const struct comp_filter *filter, const struct comp *event, bool *match)
{
    struct expand_range range = {.from_s = filter->from_s,
        .until_s = filter->until_s,
        .floating = scope->floating};
    struct event_search search = {
        .event = event, .is_master = !comp_line(event, "RECURRENCE-ID")};
    TRY(expand_each(scope->cx, scope->calendar, &range, look_for_event, &search));
    *match = search.found;
    return ERR_OK;
}

/* An alarm's triggers: the first, and n more, every gap_s. */
struct triggers {
    int64_t first_s; /* an instant, or relative to the start or end */
    int64_t gap_s, n;
    bool absolute, from_end;
};

static bool in_range(
    const struct comp_filter *filter, const struct triggers *triggers, int64_t first_s)
{
    if (first_s >= filter->until_s)
        return false;
    if (first_s >= filter->from_s)
        return true;
    if (triggers->gap_s <= 0)
        return false;
    int64_t steps = (filter->from_s - first_s - 1) / triggers->gap_s + 1;
    return steps <= triggers->n && first_s + steps * triggers->gap_s < filter->until_s;
}

static bool read_triggers(
    const struct scope *scope, const struct comp *alarm, struct triggers *triggers)
{
    const struct line *trigger = comp_line(alarm, "TRIGGER");
    const struct line *repeat = comp_line(alarm, "REPEAT");
    const struct line *duration = comp_line(alarm, "DURATION");
    int64_t days, seconds;
    long long n;
    *triggers = (struct triggers){.n = 0};
    if (!trigger)
        return false;
    if (repeat && duration && str_to_ll(repeat->value, 1, 100000, &n) &&
        ics_duration(duration->value, &days, &seconds)) {
        triggers->n = n;
        triggers->gap_s = days * DAY_S + seconds;
    }
    if (ics_duration(trigger->value, &days, &seconds)) {
        triggers->first_s = days * DAY_S + seconds;
        triggers->from_end = str_ieq(line_param(trigger, "RELATED"), "END");
        return true;
    }
    struct ics_time time;
    triggers->absolute = true;
    if (ics_time(scope->cx, scope->calendar, trigger, &time) != ERR_OK)
        return false;
    triggers->first_s = ics_time_unix(&time, scope->floating);
    return true;
}

struct alarm_search {
    const struct comp_filter *filter;
    const struct comp *event;
    const struct triggers *triggers;
    bool found;
};

static bool look_for_alarm(void *self, const struct instance *one)
{
    struct alarm_search *search = self;
    int64_t base_s = search->triggers->from_end ? one->end_s : one->start_s;
    if (one->event == search->event &&
        in_range(search->filter, search->triggers, base_s + search->triggers->first_s))
        search->found = true;
    return !search->found;
}

static enum err alarm_in_range(const struct scope *scope,
    const struct comp_filter *filter, const struct comp *event, const struct comp *alarm,
    bool *match)
{
    struct triggers triggers;
    *match = false;
    if (!read_triggers(scope, alarm, &triggers))
        return ERR_OK;
    if (triggers.absolute) {
        *match = in_range(filter, &triggers, triggers.first_s);
        return ERR_OK;
    }
    struct alarm_search search = {
        .filter = filter, .event = event, .triggers = &triggers};
    int64_t last_s = triggers.first_s + triggers.n * triggers.gap_s;
    struct expand_range range = {
        .from_s = minus(filter->from_s, last_s + 1),
        .until_s = minus(filter->until_s, triggers.first_s - 1),
        .floating = scope->floating,
    };
    TRY(expand_each(scope->cx, scope->calendar, &range, look_for_alarm, &search));
    *match = search.found;
    return ERR_OK;
}

static bool overlaps(const struct comp_filter *filter, int64_t from_s, int64_t until_s)
{
    return filter->from_s < until_s && filter->until_s > from_s;
}

/* RFC 4791 9.9, the rows of VFREEBUSY: DTSTART and DTEND where both are there, else
 * FREEBUSY. */
static bool freebusy_in_range(const struct scope *scope, const struct comp_filter *filter,
    const struct comp *freebusy)
{
    const struct line *start = comp_line(freebusy, "DTSTART"), *line;
    const struct line *end = comp_line(freebusy, "DTEND");
    struct ics_time from, until;
    if (start && end)
        return ics_time(scope->cx, scope->calendar, start, &from) == ERR_OK &&
            ics_time(scope->cx, scope->calendar, end, &until) == ERR_OK &&
            filter->from_s <= ics_time_unix(&until, scope->floating) &&
            filter->until_s > ics_time_unix(&from, scope->floating);
    for (size_t at = 0; (line = comp_next_line(freebusy, "FREEBUSY", &at));) {
        for (char **period = str_split(scope->cx->arena, line->value, ','); *period;
             period++) {
            char *slash = strchr(*period, '/');
            int64_t days, seconds;
            if (!slash)
                continue;
            *slash++ = '\0';
            if (ics_time_value(scope->cx, scope->calendar, line, *period, &from) !=
                ERR_OK)
                continue;
            until = from;
            if (ics_duration(slash, &days, &seconds))
                ics_time_add(&until, days, seconds);
            else if (ics_time_value(scope->cx, scope->calendar, line, slash, &until) !=
                ERR_OK)
                continue;
            if (overlaps(filter, ics_time_unix(&from, scope->floating),
                    ics_time_unix(&until, scope->floating)))
                return true;
        }
    }
    return false;
}

static enum err comp_in_range(const struct scope *scope, const struct comp_filter *filter,
    const struct comp *parent, const struct comp *comp, bool *match)
{
    *match = false;
    if (str_eq(comp->name, "VEVENT"))
        return event_in_range(scope, filter, comp, match);
    if (str_eq(comp->name, "VALARM"))
        return alarm_in_range(scope, filter, parent, comp, match);
    if (str_eq(comp->name, "VFREEBUSY"))
        *match = freebusy_in_range(scope, filter, comp);
    return ERR_OK;
}

/* Properties first: they cost least, instances last. */
static enum err comp_matches(const struct scope *scope, const struct comp_filter *filter,
    const struct comp *parent, const struct comp *comp, bool *match)
{
    *match = false;
    for (size_t i = 0; i < filter->props.n; i++)
        if (!prop_matches(scope, &filter->props.items[i], comp))
            return ERR_OK;
    for (size_t i = 0; i < filter->comps.n; i++) {
        const struct comp_filter *inner = filter->comps.items[i];
        const struct comp *sub;
        bool found = false;
        for (size_t at = 0; !found && (sub = comp_next_sub(comp, inner->name, &at));) {
            if (inner->is_not_defined)
                found = true;
            else
                TRY(comp_matches(scope, inner, comp, sub, &found));
        }
        if (found == inner->is_not_defined)
            return ERR_OK;
    }
    *match = true;
    return filter->has_range ? comp_in_range(scope, filter, parent, comp, match) : ERR_OK;
}

enum err filter_match(struct ctx *cx, const struct comp_filter *root,
    const struct comp *calendar, const struct zone *floating, bool *match)
{
    struct scope scope = {.cx = cx, .calendar = calendar, .floating = floating};
    bool same = str_eq(root->name, calendar->name), found = false;
    if (same && !root->is_not_defined)
        TRY(comp_matches(&scope, root, NULL, calendar, &found));
    *match = same ? found : root->is_not_defined;
    return ERR_OK;
}
