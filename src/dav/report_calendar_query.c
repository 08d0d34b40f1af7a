/* calendar-query (RFC 4791 section 7.8). */
#include "dav/filter_xml.h"
#include "dav/multistatus.h"
#include "dav/report.h"
#include "dav/stream.h"
#include "dav/timezone.h"

#include <string.h>

#define DAY_S 86400

/* An object in the range that found no place in the first piece. */
struct rest {
    const char *name;
    bool exact;
};

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
    struct be_query be;
    struct buf after; /* name of the object looked at last */
    bool stopped;     /* there are more behind it */
    LIST(struct rest) rest;
    size_t n_written; /* of the rest */
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

static void write_object(struct query *query, const struct be_object *object, bool exact)
{
    struct comp *calendar = NULL;
    bool match = false;
    resource_set_object(&query->member, object);
    enum err err = matches(query, object, exact, &calendar, &match);
    if (err)
        multistatus_error(query->dav, &query->member, err, ctx_error(query->scratch));
    else if (match)
        report_write_object(query->dav, query->scratch, &query->plan, &query->member,
            calendar);
}

/* Once the piece is full: without a range the next one begins behind this name, with a
 * range the rest is kept by name. */
static bool each_object(void *self, const struct be_object *object, bool exact)
{
    struct query *query = self;
    struct arena *arena = query->dav->cx->arena;
    if (stream_full(query->dav)) {
        struct rest rest = {arena_strdup(arena, object->name), exact};
        LIST_ADD(arena, &query->rest, rest);
        return true;
    }
    write_object(query, object, exact);
    report_scratch_reset(query->scratch);
    if (query->be.has_range || !stream_full(query->dav))
        return true;
    buf_clear(&query->after);
    buf_adds(&query->after, object->name);
    query->stopped = true;
    return false;
}

static enum err write_rest(struct query *query)
{
    struct dav *dav = query->dav;
    while (query->n_written < query->rest.n && !stream_full(dav)) {
        const struct rest *rest = &query->rest.items[query->n_written++];
        struct be_object object;
        enum err err = be_object(query->scratch, dav->request->bridge,
            dav->target.calendar, rest->name, &object);
        if (err && err != ERR_NOT_FOUND)
            return err;
        if (!err)
            write_object(query, &object, rest->exact);
        report_scratch_reset(query->scratch);
    }
    return ERR_OK;
}

static enum err next_objects(struct dav *dav, void *self, bool *done)
{
    struct query *query = self;
    if (query->rest.n) {
        TRY(write_rest(query));
    } else if (dav->target.calendar && !query->shape.nothing &&
        report_may_read(dav->target.calendar)) {
        query->be.after = query->stopped ? buf_str(&query->after) : NULL;
        query->stopped = false;
        TRY(be_objects(dav->cx, dav->request->bridge, dav->target.calendar, &query->be,
            each_object, query));
    }
    *done = !query->stopped && query->n_written == query->rest.n;
    if (*done)
        multistatus_end(dav);
    return ERR_OK;
}

static int64_t shift(int64_t unix_s, int64_t by_s)
{
    return unix_s == INT64_MIN || unix_s == INT64_MAX ? unix_s : unix_s + by_s;
}

static enum err read_query(struct dav *dav, const struct xml *root, struct query *query)
{
    const struct xml *prop = xml_child(root, NS_DAV, "prop");
    struct resource calendar = dav->target;
    if (dav->target.kind == KIND_OBJECT)
        resource_calendar(dav, dav->target.calendar, &calendar);
    TRY(filter_read(dav, xml_child(root, NS_CALDAV, "filter"), &query->filter));
    TRY(calendar_data_parse(dav, prop, &query->data));
    TRY(report_floating(dav, root, &calendar, &query->floating));
    query->data.range.floating = query->floating;
    TRY(prop_plan_read(dav, root, &query->plan));
    query->plan.data = &query->data;
    return ERR_OK;
}

enum err report_calendar_query(struct dav *dav, const struct xml *root)
{
    struct query *query = ARENA_NEW(dav->cx->arena, struct query);
    enum depth depth;
    *query = (struct query){.dav = dav, .after = buf_new(dav->cx->arena)};
    TRY(dav_depth(dav, &depth));
    TRY(read_query(dav, root, query));
    filter_shape(query->filter, &query->shape);
    query->scratch = report_scratch(dav);
    resource_member(&dav->target, &query->member);
    /* The index of instances reads dates and floating times in the person's own zone. */
    query->trust_index = query->floating == zone_find(dav->user.timezone);
    int64_t margin_s = query->trust_index ? 0 : 2 * DAY_S;
    query->be = (struct be_query){
        .has_range = query->shape.has_range,
        .from_s = shift(query->shape.from_s, -margin_s),
        .until_s = shift(query->shape.until_s, margin_s),
        .with_text = query->data.wanted || query->plan.needs_text ||
            !query->shape.whole || (query->shape.has_range && !query->trust_index),
    };
    struct rest itself = {dav->target.name, false};
    if (dav->target.kind == KIND_OBJECT)
        LIST_ADD(dav->cx->arena, &query->rest, itself);
    multistatus_begin(dav);
    /* RFC 4791 section 7.8: Depth 0, the default, is the calendar itself, which no filter
     * matches; but clients mean its objects (KDE sends 0). */
    return stream_run(dav, next_objects, query);
}
