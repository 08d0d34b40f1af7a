#include "dav/calendar_data.h"

#include "dav/timezone.h"

#include <string.h>

static bool utc_attr(
    const struct xml *node, const char *name, bool optional, int64_t *unix_s)
{
    const char *text = xml_attr(node, name);
    if (!text)
        return optional;
    struct civil civil;
    bool is_date, is_utc;
    if (!when_parse_ics(text, &civil, &is_date, &is_utc) || is_date || !is_utc)
        return false;
    *unix_s = civil_seconds(&civil);
    return true;
}

enum err range_check(struct ctx *cx, int64_t from_s, int64_t until_s)
{
    if (until_s < DAV_MIN_DATE_S)
        return fail(cx, ERR_MIN_DATE_TIME, "all of the time-range is before 1900");
    if (from_s > DAV_MAX_DATE_S)
        return fail(cx, ERR_MAX_DATE_TIME, "all of the time-range is after 2100");
    return ERR_OK;
}

bool range_parse(const struct xml *node, bool is_open, int64_t *from_s, int64_t *until_s)
{
    int64_t from = INT64_MIN, until = INT64_MAX;
    if (!utc_attr(node, "start", is_open, &from) ||
        !utc_attr(node, "end", is_open, &until) || from >= until ||
        (from == INT64_MIN && until == INT64_MAX))
        return false;
    *from_s = from;
    *until_s = until;
    return true;
}

static enum err parse_select(struct dav *dav, const struct xml *node,
    struct comp_select **result)
{
    struct arena *arena = dav->cx->arena;
    struct comp_select *select = ARENA_NEW(arena, struct comp_select);
    select->name = xml_attr_upper(dav->cx, node, "name");
    if (!select->name)
        return fail(dav->cx, ERR_BAD_REQUEST, "comp needs a name");
    for (const struct xml *one = xml_first(node); one; one = xml_next(one)) {
        if (xml_is(one, NS_CALDAV, "allprop")) {
            select->all_props = true;
        } else if (xml_is(one, NS_CALDAV, "allcomp")) {
            select->all_comps = true;
        } else if (xml_is(one, NS_CALDAV, "comp")) {
            struct comp_select *inner = NULL;
            TRY(parse_select(dav, one, &inner));
            LIST_ADD(arena, &select->comps, inner);
        } else if (xml_is(one, NS_CALDAV, "prop")) {
            const char *prop = xml_attr_upper(dav->cx, one, "name");
            if (!prop)
                return fail(dav->cx, ERR_BAD_REQUEST, "prop needs a name");
            LIST_ADD(arena, &select->props, prop);
            if (str_ieq(xml_attr(one, "novalue"), "yes"))
                LIST_ADD(arena, &select->no_value, prop);
        }
    }
    *result = select;
    return ERR_OK;
}

static enum err parse_type(struct dav *dav, const struct xml *node)
{
    const char *type = xml_attr(node, "content-type"),
               *version = xml_attr(node, "version");
    if (type && !str_eq(header_type(dav->cx, type), "text/calendar"))
        return fail(dav->cx, ERR_SUPPORTED_CALENDAR_DATA, "only text/calendar is served");
    if (version && strcmp(version, "2.0") != 0)
        return fail(dav->cx, ERR_SUPPORTED_CALENDAR_DATA, "only version 2.0 is served");
    return ERR_OK;
}

enum err calendar_data_parse(struct dav *dav, const struct xml *prop,
    struct calendar_data *data)
{
    const struct xml *node = prop ? xml_child(prop, NS_CALDAV, "calendar-data") : NULL;
    struct calendar_data parsed = {
        .wanted = node != NULL, .by_reference = node && timezone_by_reference(dav)};
    if (node)
        TRY(parse_type(dav, node));
    for (const struct xml *one = xml_first(node); one; one = xml_next(one)) {
        bool expand = xml_is(one, NS_CALDAV, "expand");
        bool limit = xml_is(one, NS_CALDAV, "limit-recurrence-set");
        if (xml_is(one, NS_CALDAV, "comp")) {
            if (!str_ieq(xml_attr(one, "name"), "VCALENDAR"))
                return fail(dav->cx, ERR_BAD_REQUEST, "the outer comp must be VCALENDAR");
            TRY(parse_select(dav, one, &parsed.select));
        } else if (expand || limit) {
            if (parsed.expand || parsed.limit)
                return fail(dav->cx, ERR_BAD_REQUEST,
                    "expand and limit-recurrence-set exclude each other");
            if (!range_parse(one, false, &parsed.range.from_s, &parsed.range.until_s))
                return fail(dav->cx, ERR_BAD_REQUEST,
                    "%s needs start and end in UTC, start before end", one->name);
            TRY(range_check(dav->cx, parsed.range.from_s, parsed.range.until_s));
            parsed.expand = expand;
            parsed.limit = limit;
        } else if (xml_is(one, NS_CALDAV, "limit-freebusy-set")) {
            /* It concerns VFREEBUSY components, which calendars here do not have. */
            int64_t from_s, until_s;
            if (!range_parse(one, false, &from_s, &until_s))
                return fail(dav->cx, ERR_BAD_REQUEST,
                    "limit-freebusy-set needs start and end in UTC, start before end");
            TRY(range_check(dav->cx, from_s, until_s));
        }
    }
    *data = parsed;
    return ERR_OK;
}

static enum err transform(struct ctx *scratch, const struct calendar_data *data,
    const struct comp *calendar, char **text)
{
    struct comp *made = NULL;
    enum err err = ERR_OK;
    if (data->expand)
        err = expand_print(scratch, calendar, &data->range, &made);
    /* That one is about what is stored (RFC 4791 section 5.3.2.1). */
    if (err == ERR_MAX_INSTANCES)
        return fail(scratch, ERR_TOO_MANY_MATCHES, "more than %d instances in the range",
            EXPAND_MAX_INSTANCES);
    TRY(err);
    if (data->limit)
        TRY(expand_limit(scratch, calendar, &data->range, &made));
    if (made)
        calendar = made;
    if (data->by_reference)
        calendar = timezone_strip(scratch, calendar);
    if (data->select)
        calendar = select_apply(scratch, data->select, calendar);
    *text = lines_text(scratch, calendar);
    return ERR_OK;
}

#define OPEN "<C:calendar-data>"
#define CLOSE "</C:calendar-data>"

enum err calendar_data_write(struct ctx *scratch, const struct calendar_data *data,
    const struct be_object *object, const struct comp *calendar, struct buf *out)
{
    const char *text = object->text;
    size_t text_bytes = object->text_bytes;
    if (data->expand || data->limit || data->select || data->by_reference) {
        char *made = NULL;
        struct comp *parsed = NULL;
        if (!calendar) {
            TRY(lines_parse(scratch, text, text_bytes, &parsed));
            calendar = parsed;
        }
        TRY(transform(scratch, data, calendar, &made));
        text = made;
        text_bytes = strlen(made);
    }
    buf_add(out, OPEN, sizeof(OPEN) - 1);
    xml_add(out, text, text_bytes);
    buf_add(out, CLOSE, sizeof(CLOSE) - 1);
    return ERR_OK;
}
