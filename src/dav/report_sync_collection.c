/* sync-collection (RFC 6578 section 3) on calendars, on the home, and on the inbox, which
 * never changes. */
#include "dav/multistatus.h"
#include "dav/report.h"
#include "dav/stream.h"
#include "dav/sync.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading the request ---- */

static enum err read_limit(struct sync *sync, const struct xml *root)
{
    const struct xml *limit = xml_child(root, NS_DAV, "limit");
    const struct xml *nresults = limit ? xml_child(limit, NS_DAV, "nresults") : NULL;
    long long n;
    if (!nresults)
        return ERR_OK;
    if (!str_to_ll(xml_word(sync->dav->cx, nresults), 1, INT32_MAX, &n))
        return fail(sync->dav->cx, ERR_BAD_REQUEST, "nresults is a positive number");
    sync->limit = (size_t)n;
    return ERR_OK;
}

static enum err read_request(struct sync *sync, const struct xml *root)
{
    struct dav *dav = sync->dav;
    const struct xml *token = xml_child(root, NS_DAV, "sync-token");
    const struct xml *level = xml_child(root, NS_DAV, "sync-level");
    enum depth depth;
    TRY(dav_depth(dav, &depth));
    /* Without a level, Depth says it (RFC 6578 appendix A); Apple sends Depth 1, others
     * Depth 0, or none: all mean the members. */
    const char *level_text = level ? xml_word(dav->cx, level) :
        depth == DEPTH_INFINITY    ? "infinite" :
                                     "1";
    /* "infinity" is what the drafts and Apple's test scripts say. */
    sync->infinite = str_eq(level_text, "infinite") || str_eq(level_text, "infinity");
    if (!sync->infinite && !str_eq(level_text, "1"))
        return fail(dav->cx, ERR_BAD_REQUEST, "sync-level is 1 or infinite");
    TRY(read_limit(sync, root));
    const char *text = token ? xml_word(dav->cx, token) : "";
    sync->first = !*text;
    sync->token = (struct sync_token){.start = -1};
    if (!sync->first)
        TRY(sync_token_parse(dav, text, &sync->token));
    TRY(sync_newest(dav, &dav->target, &sync->newest));
    if (sync->token.number > sync->newest || sync->token.start > sync->newest)
        return fail(dav->cx, ERR_VALID_SYNC_TOKEN, "this sync token is from the future");
    return prop_plan_read(dav, root, &sync->plan);
}

/* ---- writing ---- */

/* Changes are told without the text. */
static void read_text(struct sync *sync, const struct be_object *object)
{
    struct dav *dav = sync->dav;
    if (!sync->plan.needs_text || object->text)
        return;
    struct be_object whole;
    if (be_object(sync->scratch, dav->request->bridge, dav->target.calendar,
            object->name, &whole) == ERR_OK)
        sync->member.object = whole;
}

void sync_write_removed(struct dav *dav, const struct resource *resource)
{
    multistatus_open(dav, resource);
    buf_adds(&dav->response->body, "<D:status>HTTP/1.1 404 Not Found</D:status>");
    multistatus_close(dav);
}

void sync_write_change(struct sync *sync, const struct be_object *object)
{
    struct dav *dav = sync->dav;
    struct ctx *cx = dav->cx;
    resource_set_object(&sync->member, object);
    dav->cx = sync->scratch;
    if (!object->etag) {
        sync_write_removed(dav, &sync->member);
    } else {
        read_text(sync, object);
        multistatus_resource(dav, &sync->plan, &sync->member);
    }
    dav->cx = cx;
    sync->stopped = stream_full(dav);
}

bool sync_may_deliver(struct sync *sync, int64_t number)
{
    if (sync->limit && sync->sent == sync->limit) {
        sync->truncated = true;
        return false;
    }
    sync->sent++;
    if (number > sync->delivered)
        sync->delivered = number;
    return true;
}

static bool deliver(struct sync *sync, const struct be_object *object, int64_t number)
{
    if (!sync_may_deliver(sync, number))
        return false;
    sync_write_change(sync, object);
    return !sync->stopped;
}

/* What happens while the answer is sent belongs to the next: nothing is told twice. */
static bool each_change(void *self, const struct be_object *object)
{
    struct sync *sync = self;
    return object->change <= sync->newest && deliver(sync, object, object->change);
}

static bool each_object(void *self, const struct be_object *object, bool exact)
{
    struct sync *sync = self;
    (void)exact;
    sync_write_change(sync, object);
    if (sync->stopped) {
        buf_clear(&sync->after);
        buf_adds(&sync->after, object->name);
    }
    return !sync->stopped;
}

/* ---- a first listing in pages: by number, so that each page knows where the last one
 * ended ---- */

void sync_keep(struct sync *sync, const struct be_calendar *calendar,
    const struct be_object *object)
{
    struct arena *arena = sync->dav->cx->arena;
    if (object->change <= sync->token.number || object->change > sync->newest)
        return;
    struct sync_change change = {.number = object->change, .calendar = calendar};
    change.object = (struct be_object){
        .name = arena_strdup(arena, object->name),
        .etag = arena_strdup(arena, object->etag),
        .schedule_tag = arena_strdup(arena, object->schedule_tag),
        .change = object->change,
        .modified_s = object->modified_s,
    };
    LIST_ADD(arena, &sync->changes, change);
}

static bool keep_object(void *self, const struct be_object *object, bool exact)
{
    struct sync *sync = self;
    (void)exact;
    sync_keep(sync, sync->keeping, object);
    return true;
}

bool sync_keep_removed(void *self, const struct be_object *object)
{
    struct sync *sync = self;
    if (!object->etag)
        sync_keep(sync, sync->keeping, object);
    return true;
}

static int by_number(const void *a, const void *b)
{
    const struct sync_change *x = a, *y = b;
    if (x->number != y->number)
        return x->number > y->number ? 1 : -1;
    return (x->object.name != NULL) - (y->object.name != NULL);
}

void sync_sort(struct sync *sync)
{
    if (sync->changes.n)
        qsort(sync->changes.items, sync->changes.n, sizeof(*sync->changes.items),
            by_number);
}

enum err sync_keep_listing(
    struct sync *sync, const struct be_calendar *calendar, int64_t since)
{
    struct ctx *cx = sync->dav->cx;
    struct bridge *bridge = sync->dav->request->bridge;
    sync->keeping = calendar;
    /* Objects removed since the first page; before it they were never heard of. */
    if (!sync->first)
        TRY(be_changes(cx, bridge, calendar, since, sync_keep_removed, sync));
    return be_objects(cx, bridge, calendar, &(struct be_query){0}, keep_object, sync);
}

static enum err collect_page(struct sync *sync)
{
    TRY(sync_keep_listing(sync, sync->dav->target.calendar, sync->token.start));
    if (sync->first)
        sync->token.start = sync->newest;
    sync_sort(sync);
    return ERR_OK;
}

static void write_page(struct sync *sync)
{
    while (sync->n_written < sync->changes.n && !sync->truncated && !sync->stopped) {
        const struct sync_change *change = &sync->changes.items[sync->n_written++];
        deliver(sync, &change->object, change->number);
    }
}

static enum err begin_calendar(struct sync *sync)
{
    const struct be_calendar *calendar = sync->dav->target.calendar;
    if (!calendar) /* the inbox */
        return ERR_OK;
    resource_member(&sync->dav->target, &sync->member);
    if (!report_may_read(calendar) || (!sync->first && sync->token.start < 0 &&
                                          sync->token.number == sync->newest))
        return ERR_OK;
    sync->scratch = report_scratch(sync->dav);
    if (sync->first && !sync->limit) {
        sync->way = SYNC_LISTING;
        return ERR_OK;
    }
    sync->way = sync->first || sync->token.start >= 0 ? SYNC_PAGE : SYNC_CHANGES;
    return sync->way == SYNC_PAGE ? collect_page(sync) : ERR_OK;
}

static enum err write_piece(struct sync *sync)
{
    struct dav *dav = sync->dav;
    struct bridge *bridge = dav->request->bridge;
    const struct be_calendar *calendar = dav->target.calendar;
    struct be_query query = {.with_text = sync->plan.needs_text,
        .after = sync->after.len_bytes ? buf_str(&sync->after) : NULL};
    int64_t since = sync->delivered ? sync->delivered : sync->token.number;
    sync->stopped = false;
    switch (sync->way) {
    case SYNC_NOTHING:
        return ERR_OK;
    case SYNC_LISTING:
        return be_objects(dav->cx, bridge, calendar, &query, each_object, sync);
    case SYNC_PAGE:
        write_page(sync);
        return ERR_OK;
    case SYNC_CHANGES:
        return be_changes(dav->cx, bridge, calendar, since, each_change, sync);
    }
    return ERR_OK;
}

/* Never the newest number when the listing was cut: the rest would be lost. */
static void write_end(struct sync *sync)
{
    struct dav *dav = sync->dav;
    struct buf *out = &dav->response->body;
    struct sync_token token = {.number = sync->newest, .start = -1};
    if (sync->truncated) {
        token.number = sync->told ? sync->told - 1 : sync->delivered;
        token.start = sync->token.start;
        token.told = sync->told;
        multistatus_open(dav, &dav->target);
        buf_adds(out, "<D:status>HTTP/1.1 507 Insufficient Storage</D:status><D:error>"
                      "<D:number-of-matches-within-limits/></D:error>");
        multistatus_close(dav);
    } else if (sync->delivered > token.number) {
        token.number = sync->delivered;
    }
    buf_adds(out, "\n<D:sync-token>");
    xml_adds(out, sync_token_print(dav, &token));
    buf_adds(out, "</D:sync-token>");
}

static enum err next_changes(struct dav *dav, void *self, bool *done)
{
    struct sync *sync = self;
    TRY(dav->target.kind == KIND_HOME ? sync_home_piece(sync) : write_piece(sync));
    if (sync->scratch)
        report_scratch_reset(sync->scratch);
    *done = !sync->stopped;
    if (!*done)
        return ERR_OK;
    write_end(sync);
    multistatus_end(dav);
    return ERR_OK;
}

enum err report_sync_collection(struct dav *dav, const struct xml *root)
{
    struct sync *sync = ARENA_NEW(dav->cx->arena, struct sync);
    *sync = (struct sync){.dav = dav, .after = buf_new(dav->cx->arena)};
    TRY(read_request(sync, root));
    multistatus_begin(dav);
    TRY(dav->target.kind == KIND_HOME ? sync_home_begin(sync) : begin_calendar(sync));
    return stream_run(dav, next_changes, sync);
}
