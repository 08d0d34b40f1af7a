#include "dav/filter_xml.h"

#include "dav/calendar_data.h"

#include <string.h>

struct reader {
    struct dav *dav;
    size_t nodes;
};

/* Where the components of RFC 5545 and 7953 stand, and which of them have times
 * (RFC 4791 sections 5.3.2.1 and 9.9). One that is not here may stand anywhere, and has
 * none. */
static const struct place {
    const char *name, *inside, *or_inside;
    bool has_times;
} places[] = {
    {"VCALENDAR", NULL, NULL, false},
    {"VEVENT", "VCALENDAR", NULL, true},
    {"VTODO", "VCALENDAR", NULL, true},
    {"VJOURNAL", "VCALENDAR", NULL, true},
    {"VFREEBUSY", "VCALENDAR", NULL, true},
    {"VTIMEZONE", "VCALENDAR", NULL, false},
    {"VAVAILABILITY", "VCALENDAR", NULL, true},
    {"VALARM", "VEVENT", "VTODO", true},
    {"STANDARD", "VTIMEZONE", NULL, false},
    {"DAYLIGHT", "VTIMEZONE", NULL, false},
    {"AVAILABLE", "VAVAILABILITY", NULL, true},
};
/* Properties of RFC 5545 that are no times. */
static const char *const timeless[] = {"ACTION", "ATTACH", "ATTENDEE", "CALSCALE",
    "CATEGORIES", "CLASS", "COMMENT", "CONTACT", "DESCRIPTION", "GEO", "LOCATION",
    "METHOD", "ORGANIZER", "PERCENT-COMPLETE", "PRIORITY", "PRODID", "RELATED-TO",
    "REPEAT", "REQUEST-STATUS", "RESOURCES", "SEQUENCE", "STATUS", "SUMMARY", "TRANSP",
    "TZID", "TZNAME", "UID", "URL", "VERSION"};

static enum err broken(struct reader *reader, const char *text)
{
    return fail(reader->dav->cx, ERR_VALID_FILTER, "the filter is not valid: %s", text);
}

static enum err unknown(struct reader *reader, const struct xml *node)
{
    return fail(reader->dav->cx, ERR_SUPPORTED_FILTER, "unknown part of a filter: %s",
        node->name);
}

static enum err read_name(
    struct reader *reader, const struct xml *node, const char **name)
{
    if (++reader->nodes > FILTER_MAX_NODES)
        return fail(reader->dav->cx, ERR_SUPPORTED_FILTER, "the filter is too large");
    const char *read = xml_attr_upper(reader->dav->cx, node, "name");
    if (!read)
        return broken(reader, "a name is missing");
    *name = read;
    return ERR_OK;
}

static enum err read_range(struct reader *reader, const struct xml *node, int64_t *from_s,
    int64_t *until_s)
{
    if (!range_parse(node, true, from_s, until_s))
        return broken(reader, "a time-range needs start or end in UTC, start before end");
    return range_check(reader->dav->cx, *from_s, *until_s);
}

static enum err read_place(struct reader *reader, const struct comp_filter *filter,
    const struct comp_filter *outer)
{
    const struct place *place = NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (strcmp(places[i].name, filter->name) == 0)
            place = &places[i];
    if (filter->has_range && (!place || !place->has_times))
        return broken(reader, "a time-range on a component without times");
    if (!place || !outer ||
        (place->inside && strcmp(place->inside, outer->name) == 0) ||
        (place->or_inside && strcmp(place->or_inside, outer->name) == 0))
        return ERR_OK;
    return broken(reader, "a component in one that cannot hold it");
}

static enum err read_match(struct reader *reader, const struct xml *node,
    struct text_match *match)
{
    struct ctx *cx = reader->dav->cx;
    const char *collation = xml_attr(node, "collation");
    const char *negate = xml_attr(node, "negate-condition");
    struct text_match read = {.text = xml_text(cx, node)};
    if (!collation_find(collation ? collation : "", &read.collation))
        return fail(
            cx, ERR_SUPPORTED_COLLATION, "unsupported collation \"%s\"", collation);
    if (negate && !str_eq(negate, "yes") && !str_eq(negate, "no"))
        return broken(reader, "negate-condition is yes or no");
    read.negate = str_eq(negate, "yes");
    *match = read;
    return ERR_OK;
}

static enum err read_param(struct reader *reader, const struct xml *node,
    struct param_filter *filter)
{
    TRY(read_name(reader, node, &filter->name));
    for (const struct xml *one = xml_first(node); one; one = xml_next(one)) {
        if (xml_is(one, NS_CALDAV, "is-not-defined"))
            filter->is_not_defined = true;
        else if (xml_is(one, NS_CALDAV, "text-match"))
            TRY(read_match(reader, one, &filter->match));
        else
            return unknown(reader, one);
    }
    if (filter->is_not_defined && filter->match.text)
        return broken(reader, "is-not-defined stands alone");
    return ERR_OK;
}

static enum err read_prop(struct reader *reader, const struct xml *node,
    struct prop_filter *filter)
{
    TRY(read_name(reader, node, &filter->name));
    for (const struct xml *one = xml_first(node); one; one = xml_next(one)) {
        if (xml_is(one, NS_CALDAV, "is-not-defined")) {
            filter->is_not_defined = true;
        } else if (xml_is(one, NS_CALDAV, "time-range")) {
            filter->has_range = true;
            TRY(read_range(reader, one, &filter->from_s, &filter->until_s));
        } else if (xml_is(one, NS_CALDAV, "text-match")) {
            TRY(read_match(reader, one, &filter->match));
        } else if (xml_is(one, NS_CALDAV, "param-filter")) {
            struct param_filter param = {0};
            TRY(read_param(reader, one, &param));
            LIST_ADD(reader->dav->cx->arena, &filter->params, param);
        } else {
            return unknown(reader, one);
        }
    }
    if (filter->is_not_defined && (filter->has_range || filter->match.text ||
                                      filter->params.n))
        return broken(reader, "is-not-defined stands alone");
    for (size_t i = 0; i < sizeof(timeless) / sizeof(*timeless); i++)
        if (filter->has_range && strcmp(timeless[i], filter->name) == 0)
            return broken(reader, "a time-range on a property that is no time");
    if (filter->has_range && filter->match.text)
        return broken(reader, "time-range and text-match exclude each other");
    return ERR_OK;
}

/* Depth is bounded by the XML's. */
static enum err read_comp(struct reader *reader, const struct xml *node,
    const struct comp_filter *outer, struct comp_filter **result)
{
    struct arena *arena = reader->dav->cx->arena;
    struct comp_filter *filter = ARENA_NEW(arena, struct comp_filter);
    TRY(read_name(reader, node, &filter->name));
    for (const struct xml *one = xml_first(node); one; one = xml_next(one)) {
        if (xml_is(one, NS_CALDAV, "is-not-defined")) {
            filter->is_not_defined = true;
        } else if (xml_is(one, NS_CALDAV, "time-range")) {
            filter->has_range = true;
            TRY(read_range(reader, one, &filter->from_s, &filter->until_s));
        } else if (xml_is(one, NS_CALDAV, "prop-filter")) {
            struct prop_filter prop = {0};
            TRY(read_prop(reader, one, &prop));
            LIST_ADD(arena, &filter->props, prop);
        } else if (xml_is(one, NS_CALDAV, "comp-filter")) {
            struct comp_filter *inner = NULL;
            TRY(read_comp(reader, one, filter, &inner));
            LIST_ADD(arena, &filter->comps, inner);
        } else {
            return unknown(reader, one);
        }
    }
    if (filter->is_not_defined &&
        (filter->has_range || filter->props.n || filter->comps.n))
        return broken(reader, "is-not-defined stands alone");
    TRY(read_place(reader, filter, outer));
    *result = filter;
    return ERR_OK;
}

enum err filter_read(struct dav *dav, const struct xml *filter, struct comp_filter **root)
{
    struct reader reader = {.dav = dav};
    const struct xml *first = filter ? xml_first(filter) : NULL;
    if (!first)
        return broken(&reader, "it is missing");
    if (!xml_is(first, NS_CALDAV, "comp-filter"))
        return unknown(&reader, first);
    if (xml_next(first))
        return broken(&reader, "it has more than one comp-filter at the top");
    struct comp_filter *read = NULL;
    TRY(read_comp(&reader, first, NULL, &read));
    if (strcmp(read->name, "VCALENDAR") != 0)
        return broken(&reader, "the outer comp-filter is on VCALENDAR");
    *root = read;
    return ERR_OK;
}

void filter_shape(const struct comp_filter *root, struct filter_shape *shape)
{
    struct filter_shape found = {
        .nothing = root->is_not_defined,
        .whole = !root->is_not_defined && !root->props.n && root->comps.n <= 1,
    };
    for (size_t i = 0; i < root->comps.n; i++) {
        const struct comp_filter *comp = root->comps.items[i];
        bool is_event = strcmp(comp->name, "VEVENT") == 0;
        /* Objects here hold events and time zones only (5.2.3, supported components). */
        if (!comp->is_not_defined && !is_event && strcmp(comp->name, "VTIMEZONE") != 0)
            found.nothing = true;
        if (comp->is_not_defined || !is_event || comp->props.n || comp->comps.n)
            found.whole = false;
        if (comp->is_not_defined && is_event)
            found.nothing = true;
        if (is_event && comp->has_range && !found.has_range) {
            found.has_range = true;
            found.from_s = comp->from_s;
            found.until_s = comp->until_s;
        }
    }
    *shape = found;
}
