/* free-busy-query (RFC 4791 section 7.10): all roles may ask it. */
#include "dav/availability.h"
#include "dav/freebusy.h"
#include "dav/props.h"
#include "dav/report.h"

static enum err collect(struct dav *dav, const struct be_calendar *calendar,
    const struct be_busy *range, busy_list *all)
{
    struct be_busy *list = NULL;
    size_t n = 0;
    TRY(be_busy(dav->cx, dav->request->bridge, calendar, range->start_s, range->end_s,
        &list, &n));
    if (!all->n)
        *all = (busy_list){.items = list, .n = n, .cap = n};
    else
        for (size_t i = 0; i < n; i++)
            LIST_ADD(dav->cx->arena, all, list[i]);
    return ERR_OK;
}

/* The home means its calendars that say something about the person: her own, but for
 * those of which she said that they do not make her busy. */
static enum err collect_home(struct dav *dav, const struct be_busy *range, busy_list *all)
{
    struct be_calendar *list = NULL;
    size_t n = 0;
    TRY(be_calendars(dav->cx, dav->request->bridge, &dav->user, &list, &n));
    for (size_t i = 0; i < n; i++) {
        struct resource calendar;
        resource_calendar(dav, &list[i], &calendar);
        if (list[i].role == BE_OWNER && !schedule_is_transparent(dav, &calendar))
            TRY(collect(dav, &list[i], range, all));
    }
    availability_add(dav, &dav->user, range->start_s, range->end_s, all);
    return ERR_OK;
}

enum err report_free_busy_query(struct dav *dav, const struct xml *root)
{
    const struct xml *node = xml_child(root, NS_CALDAV, "time-range");
    struct be_busy range = {0};
    busy_list all = {0};
    enum depth depth;
    TRY(dav_depth(dav, &depth));
    if (!node || !range_parse(node, false, &range.start_s, &range.end_s))
        return fail(dav->cx, ERR_BAD_REQUEST,
            "free-busy-query needs a time-range with start and end in UTC");
    if (dav->target.kind == KIND_HOME)
        TRY(collect_home(dav, &range, &all));
    else
        TRY(collect(dav, dav->target.calendar, &range, &all));
    struct freebusy answer = {.from_s = range.start_s, .until_s = range.end_s};
    struct be_busy *merged = NULL;
    freebusy_merge(dav->cx, all.items, all.n, range.start_s, range.end_s, &merged,
        &answer.n_busy);
    answer.busy = merged;
    dav->response->status = 200;
    dav->response->compressible = true;
    dav_set_header(dav, "Content-Type", CALENDAR_TYPE);
    freebusy_print(dav->cx, &answer, &dav->response->body);
    return ERR_OK;
}
