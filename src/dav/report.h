/*
 * Reports: one table, from which supported-report-set is printed, and what reports share.
 */
#ifndef DAV_REPORT_H
#define DAV_REPORT_H

#include "dav/calendar_data.h"
#include "dav/property.h"

typedef enum err report_handler(struct dav *dav, const struct xml *root);

report_handler report_calendar_query, report_calendar_multiget, report_sync_collection,
    report_free_busy_query, report_expand_property, report_principal_match,
    report_principal_property_search, report_principal_search_property_set,
    report_calendarserver_principal_search, report_acl_principal_prop_set;

/* A <D:supported-report> for each of the kind. */
void report_add_supported(struct buf *out, enum kind kind);

/* False where the person sees busy times only: the objects stay hidden. */
bool report_may_read(const struct be_calendar *calendar);
/* One object's response: href and propstats, or its own error. scratch as in
 * calendar_data_write; calendar as there. */
void report_write_object(struct dav *dav, struct ctx *scratch,
    const struct prop_plan *plan, struct resource *member, const struct comp *calendar);
/* A context for what one object needs; emptied by report_scratch_reset. */
struct ctx *report_scratch(struct dav *dav);
void report_scratch_reset(struct ctx *scratch);
/* The zone of floating times: the calendar's, else the person's. root: a report with its
 * own timezone or timezone-id, or NULL. Errors: VALID_CALENDAR_DATA, VALID_TIMEZONE. */
enum err report_floating(struct dav *dav, const struct xml *root,
    struct resource *calendar, const struct zone **zone);

#endif
