/* REPORT (RFC 3253 section 3.6) and what reports share. */
#include "dav/report.h"

#include "dav/method.h"
#include "dav/multistatus.h"
#include "dav/timezone.h"

#include <string.h>

/* Always empty, but asked like calendars: Apple's clients synchronise the inbox. */
#define BOXES (KIND_INBOX | KIND_OUTBOX)
/* RFC 4791 section 7: of events themselves as well. */
#define CALENDARS (KIND_CALENDAR | KIND_OBJECT)

static const struct report {
    enum ns ns;
    const char *name;
    unsigned kinds;
    report_handler *handler;
    bool depth_0; /* any other Depth is an error */
} reports[] = {
    /* RFC 4791 section 7 */
    {NS_CALDAV, "calendar-query", CALENDARS | BOXES, report_calendar_query, false},
    {NS_CALDAV, "calendar-multiget", CALENDARS | KIND_HOME | BOXES,
        report_calendar_multiget, false},
    {NS_CALDAV, "free-busy-query", KIND_CALENDAR | KIND_HOME, report_free_busy_query,
        false},
    /* RFC 6578 section 3 */
    {NS_DAV, "sync-collection", KIND_CALENDAR | KIND_HOME | KIND_INBOX,
        report_sync_collection, false},
    /* RFC 3253 section 3.8 */
    {NS_DAV, "expand-property", KINDS_ALL, report_expand_property, false},
    /* RFC 3744 sections 9.2 to 9.5 */
    {NS_DAV, "acl-principal-prop-set", KINDS_ALL, report_acl_principal_prop_set, true},
    {NS_DAV, "principal-match", KIND_ROOT | KIND_PRINCIPALS | KIND_HOME,
        report_principal_match, true},
    /* Thunderbird searches with Depth 1. */
    {NS_DAV, "principal-property-search", KIND_ROOT | KIND_PRINCIPALS | KIND_PRINCIPAL,
        report_principal_property_search, false},
    {NS_DAV, "principal-search-property-set",
        KIND_ROOT | KIND_PRINCIPALS | KIND_PRINCIPAL,
        report_principal_search_property_set, true},
    /* calendarserver.org calendarserver-principal-search: Apple, while somebody types */
    {NS_CS, "calendarserver-principal-search",
        KIND_ROOT | KIND_PRINCIPALS | KIND_PRINCIPAL,
        report_calendarserver_principal_search, false},
};
#define N_REPORTS (sizeof(reports) / sizeof(*reports))

static enum err run(struct dav *dav, const struct report *report, const struct xml *root)
{
    enum depth depth;
    size_t n_props = 0;
    TRY(dav_depth(dav, &depth));
    if (report->depth_0 && depth != DEPTH_0 && depth != DEPTH_NONE)
        return fail(dav->cx, ERR_BAD_REQUEST, "%s has Depth 0 alone", report->name);
    for (const struct xml *one = xml_first(root); one; one = xml_next(one))
        n_props += xml_is(one, NS_DAV, "prop");
    if (n_props > 1)
        return fail(dav->cx, ERR_BAD_REQUEST, "there is more than one DAV:prop");
    return report->handler(dav, root);
}

enum err report_handle(struct dav *dav)
{
    struct xml *root = NULL;
    TRY(dav_body_xml(dav, &root));
    dav->no_root = false; /* RFC 8144 section 2.2 has it for PROPFIND alone */
    for (size_t i = 0; i < N_REPORTS; i++)
        if (xml_is(root, reports[i].ns, reports[i].name) &&
            reports[i].kinds & dav->target.kind)
            return run(dav, &reports[i], root);
    return fail(
        dav->cx, ERR_SUPPORTED_REPORT, "there is no report \"%s\" here", root->name);
}

void report_add_supported(struct buf *out, enum kind kind)
{
    for (size_t i = 0; i < N_REPORTS; i++)
        if (reports[i].kinds & kind)
            buf_printf(out,
                "<D:supported-report><D:report><%s:%s/></D:report></D:supported-report>",
                ns_rows[reports[i].ns].prefix, reports[i].name);
}

bool report_may_read(const struct be_calendar *calendar)
{
    return calendar->role != BE_FREEBUSY;
}

static void free_scratch(void *scratch)
{
    ctx_free(scratch);
}

struct ctx *report_scratch(struct dav *dav)
{
    struct ctx *scratch = ctx_new(dav->cx->seam);
    arena_defer(dav->cx->arena, free_scratch, scratch);
    return scratch;
}

void report_scratch_reset(struct ctx *scratch)
{
    ctx_reset(scratch);
}

void report_write_object(struct dav *dav, struct ctx *scratch,
    const struct prop_plan *plan, struct resource *member, const struct comp *calendar)
{
    struct buf data = buf_new(scratch->arena);
    bool wanted = plan->data && plan->data->wanted;
    enum err err = ERR_OK;
    if (dav->response->body.len_bytes > DAV_MAX_ANSWER_BYTES)
        err = fail(scratch, ERR_TOO_MANY_MATCHES, "the answer has become too large");
    else if (wanted)
        err = calendar_data_write(scratch, plan->data, &member->object, calendar, &data);
    if (err) {
        multistatus_error(dav, member, err, ctx_error(scratch));
        return;
    }
    if (wanted)
        be_delivered(dav->request->bridge, member->calendar, &member->object);
    /* What the properties of one object need is given back with its piece. */
    struct ctx *cx = dav->cx;
    dav->cx = scratch;
    multistatus_open(dav, member);
    prop_write(dav, plan, member, wanted ? &data : NULL);
    multistatus_close(dav);
    dav->cx = cx;
}

enum err report_floating(struct dav *dav, const struct xml *root,
    struct resource *calendar, const struct zone **zone)
{
    const struct xml *id = root ? xml_child(root, NS_CALDAV, "timezone-id") : NULL;
    const struct xml *text = root ? xml_child(root, NS_CALDAV, "timezone") : NULL;
    if (id)
        return timezone_by_id(dav, xml_word(dav->cx, id), zone);
    if (text)
        return timezone_parse(dav, xml_text(dav->cx, text), zone);
    *zone = timezone_of(dav, calendar);
    return ERR_OK;
}
