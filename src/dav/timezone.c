#include "dav/timezone.h"

#include <string.h>

enum err timezone_parse(struct dav *dav, const char *text, const struct zone **zone)
{
    struct ctx *cx = dav->cx;
    struct comp *calendar = NULL;
    /* Apple's texts start with white space; the markup around them leaves more. */
    const char *trimmed = str_trim(cx->arena, text);
    TRY(lines_parse(cx, trimmed, strlen(trimmed), &calendar));
    const struct comp *vtimezone = comp_sub(calendar, "VTIMEZONE");
    for (size_t i = 0; i < calendar->items.n; i++)
        if (calendar->items.items[i].comp && calendar->items.items[i].comp != vtimezone)
            return fail(cx, ERR_VALID_CALENDAR_DATA,
                "there is more than one VTIMEZONE in calendar-timezone");
    const struct line *tzid = vtimezone ? comp_line(vtimezone, "TZID") : NULL;
    const struct zone *found = tzid ? zone_from_tzid(cx, tzid->value, vtimezone) : NULL;
    if (!found)
        return fail(
            cx, ERR_VALID_CALENDAR_DATA, "no known time zone in calendar-timezone");
    *zone = found;
    return ERR_OK;
}

enum err timezone_by_id(struct dav *dav, const char *id, const struct zone **zone)
{
    const struct zone *found = zone_find(id);
    if (!found)
        return fail(dav->cx, ERR_VALID_TIMEZONE, "there is no time zone \"%s\"", id);
    *zone = found;
    return ERR_OK;
}

/* The text of a stored element, NULL when there is none. */
static char *stored_text(struct dav *dav, struct resource *calendar, const char *name)
{
    const struct be_property *stored =
        resource_stored(dav, calendar, ns_rows[NS_CALDAV].uri, name);
    struct xml *root = NULL;
    if (!stored || xml_parse(dav->cx, stored->xml, strlen(stored->xml), &root) != ERR_OK)
        return NULL;
    return xml_text(dav->cx, root);
}

const struct zone *timezone_of(struct dav *dav, struct resource *calendar)
{
    const struct zone *zone = NULL;
    const char *text = stored_text(dav, calendar, "calendar-timezone-id");
    if (text)
        zone = zone_find(str_trim(dav->cx->arena, text));
    if (!zone) {
        text = stored_text(dav, calendar, "calendar-timezone");
        if (text && timezone_parse(dav, text, &zone) != ERR_OK)
            zone = NULL;
    }
    if (!zone)
        zone = zone_find(dav->user.timezone);
    return zone ? zone : zone_utc();
}

/* The TZID of what was given as calendar-timezone. */
static const char *tzid_of(struct dav *dav, const char *text)
{
    struct comp *calendar = NULL;
    const char *trimmed = str_trim(dav->cx->arena, text);
    if (lines_parse(dav->cx, trimmed, strlen(trimmed), &calendar) != ERR_OK)
        return NULL;
    const struct comp *vtimezone = comp_sub(calendar, "VTIMEZONE");
    const struct line *tzid = vtimezone ? comp_line(vtimezone, "TZID") : NULL;
    return tzid ? tzid->value : NULL;
}

const char *timezone_name(struct dav *dav, struct resource *calendar)
{
    const char *name = stored_text(dav, calendar, "calendar-timezone-id");
    const char *text = stored_text(dav, calendar, "calendar-timezone");
    if (!name && text)
        name = tzid_of(dav, text);
    name = name ? str_trim(dav->cx->arena, name) : NULL;
    return name && zone_find(name) ? name : zone_name(timezone_of(dav, calendar));
}

char *timezone_text(struct dav *dav, struct resource *calendar)
{
    struct ctx *cx = dav->cx;
    char *own = stored_text(dav, calendar, "calendar-timezone");
    if (own)
        return own;
    int64_t now_s = ctx_now_s(cx);
    struct comp *vtimezone = zone_vtimezone(cx, timezone_of(dav, calendar), now_s, now_s);
    if (!vtimezone)
        return NULL;
    struct comp *root = comp_new(cx, "VCALENDAR");
    comp_add_line(cx, root, line_new(cx, "VERSION:2.0"));
    comp_add_line(cx, root, line_new(cx, "PRODID:" DAV_PRODID));
    comp_add_sub(cx, root, vtimezone);
    return lines_text(cx, root);
}

bool timezone_by_reference(struct dav *dav)
{
    return str_ieq(dav_header(dav, "CalDAV-Timezones"), "F");
}

const struct comp *timezone_strip(struct ctx *cx, const struct comp *calendar)
{
    struct comp *stripped = NULL;
    const struct comp *one;
    size_t at = 0;
    while ((one = comp_next_sub(calendar, "VTIMEZONE", &at))) {
        const struct line *tzid = comp_line(one, "TZID");
        if (!tzid || !zone_find(tzid->value))
            continue;
        if (!stripped)
            stripped = comp_clone(cx, calendar);
        for (size_t i = 0; i < stripped->items.n; i++) {
            const struct comp *copy = stripped->items.items[i].comp;
            const struct line *line = copy ? comp_line(copy, "TZID") : NULL;
            if (line && str_eq(copy->name, "VTIMEZONE") &&
                str_eq(line->value, tzid->value)) {
                comp_remove_sub(stripped, copy);
                break;
            }
        }
    }
    return stripped ? stripped : calendar;
}
