/* calendar-query (RFC 4791 section 7.8). */
#include "dav/filter_xml.h"
#include "dav/multistatus.h"
#include "dav/report.h"
#include "dav/timezone.h"

#include <string.h>

#define DAY_S 86400

struct query {
    struct dav *dav;
    struct ctx *scratch;
    struct prop_plan plan;
    struct calendar_data data;
    struct comp_filter *filter;
    struct filter_shape shape;
    const struct zone *floating;
    bool trust_index; /* "exact" of the back end is the last word on the range */
    struct resource member;
};

/* A month of a usual calendar passes here without its text being parsed. */
static enum err matches(struct query *query, const struct be_object *object, bool exact,
    struct comp **calendar, bool *match)
{
    if (query->shape.whole &&
        (!query->shape.has_range || (exact && query->trust_index))) {
        *match = true;
        return ERR_OK;
    }
    TRY(lines_parse(query->scratch, object->text, object->text_bytes, calendar));
    return filter_match(query->scratch, query->filter, *calendar, query->floating, match);
}

static bool each_object(void *self, const struct be_object *object, bool exact)
{
    struct query *query = self;
    struct comp *calendar = NULL;
    bool match = false;
    query->member.object = *object;
    query->member.name = object->name;
    enum err err = matches(query, object, exact, &calendar, &match);
    if (err)
        multistatus_error(query->dav, &query->member, err, ctx_error(query->scratch));
    else if (match)
        report_write_object(query->dav, query->scratch, &query->plan, &query->member,
            calendar);
    report_scratch_reset(query->scratch);
    return true;
}

static int64_t shift(int64_t unix_s, int64_t by_s)
{
    return unix_s == INT64_MIN || unix_s == INT64_MAX ? unix_s : unix_s + by_s;
}

static enum err read_query(struct dav *dav, const struct xml *root, struct query *query)
{
    const struct xml *prop = xml_child(root, NS_DAV, "prop");
    TRY(filter_read(dav, xml_child(root, NS_CALDAV, "filter"), &query->filter));
    TRY(calendar_data_parse(dav, prop, &query->data));
    TRY(report_floating(dav, root, &dav->target, &query->floating));
    query->data.range.floating = query->floating;
    TRY(prop_plan_read(dav, root, &query->plan));
    query->plan.data = &query->data;
    return ERR_OK;
}

enum err report_calendar_query(struct dav *dav, const struct xml *root)
{
    struct query query = {.dav = dav};
    enum depth depth;
    TRY(dav_depth(dav, &depth));
    TRY(read_query(dav, root, &query));
    filter_shape(query.filter, &query.shape);
    query.scratch = report_scratch(dav);
    resource_member(&dav->target, &query.member);
    /* The index of instances reads dates and floating times in the person's own zone. */
    query.trust_index = query.floating == zone_find(dav->user.timezone);
    int64_t margin_s = query.trust_index ? 0 : 2 * DAY_S;
    struct be_query be = {
        .has_range = query.shape.has_range,
        .from_s = shift(query.shape.from_s, -margin_s),
        .until_s = shift(query.shape.until_s, margin_s),
        .with_text = query.data.wanted || query.plan.needs_text || !query.shape.whole ||
            (query.shape.has_range && !query.trust_index),
    };
    multistatus_begin(dav);
    /* RFC 4791 section 7.8: Depth 0, the default, is the calendar itself, which no filter
     * matches; but clients mean its objects (KDE sends 0). */
    if (!query.shape.nothing && report_may_read(dav->target.calendar))
        TRY(be_objects(dav->cx, dav->request->bridge, dav->target.calendar, &be,
            each_object, &query));
    multistatus_end(dav);
    return ERR_OK;
}
