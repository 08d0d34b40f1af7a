/* GET and HEAD. */
#include "dav/condition.h"
#include "dav/method.h"
#include "dav/timezone.h"

/* What it is depends on the header: another entity tag than that of the whole text would
 * be of no use in If-Match. */
static enum err add_by_reference(struct dav *dav)
{
    const struct be_object *object = &dav->target.object;
    struct comp *calendar = NULL;
    TRY(lines_parse(dav->cx, object->text, object->text_bytes, &calendar));
    dav_set_header(dav, "Vary", "CalDAV-Timezones");
    buf_adds(&dav->response->body,
        lines_text(dav->cx, timezone_strip(dav->cx, calendar)));
    return ERR_OK;
}

static enum err get_object(struct dav *dav)
{
    const struct be_object *object = &dav->target.object;
    dav->response->status = 200;
    dav->response->compressible = true;
    be_delivered(dav->request->bridge, dav->target.calendar, object);
    dav_set_header(dav, "Content-Type", CALENDAR_TYPE "; component=VEVENT");
    dav_set_etag(dav, "ETag", object->etag);
    condition_set_modified(dav);
    if (object->schedule_tag)
        dav_set_etag(dav, "Schedule-Tag", object->schedule_tag);
    if (timezone_by_reference(dav))
        return add_by_reference(dav);
    buf_add(&dav->response->body, object->text, object->text_bytes);
    return ERR_OK;
}

/* A page for people who open the address in a browser. Never text/calendar: Thunderbird
 * would take the collection for a single file. */
static enum err get_page(struct dav *dav)
{
    struct buf *out = &dav->response->body;
    const char *name = dav->target.kind == KIND_CALENDAR
        ? dav->target.calendar->display_name
        : dav->target.name;
    dav->response->status = 200;
    dav_set_header(dav, "Content-Type", "text/html; charset=utf-8");
    condition_set_modified(dav);
    buf_adds(
        out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    xml_adds(out, name);
    buf_adds(out, "</title></head><body><h1>");
    xml_adds(out, name);
    buf_adds(out, "</h1><p>This address is for calendar programs (CalDAV): "
                  "enter it there, with your user name and an app password.</p>"
                  "</body></html>\n");
    return ERR_OK;
}

enum err get_handle(struct dav *dav)
{
    return dav->target.kind == KIND_OBJECT ? get_object(dav) : get_page(dav);
}
