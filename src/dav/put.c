/* PUT of calendar objects (RFC 4791 section 5.3.2). */
#include "dav/condition.h"
#include "dav/method.h"
#include "dav/prefer.h"
#include "dav/privilege.h"
#include "dav/put.h"
#include "ical/expand.h"
#include "ical/ics.h"

#include <string.h>

static enum err check_type(struct dav *dav)
{
    const char *header = dav_header(dav, "Content-Type");
    if (!header)
        return ERR_OK;
    const char *charset = header_param(dav->cx, header, "charset");
    if (!str_eq(header_type(dav->cx, header), "text/calendar"))
        return fail(dav->cx, ERR_SUPPORTED_CALENDAR_DATA, "only text/calendar is stored");
    if (charset && !str_ieq(charset, "utf-8") && !str_ieq(charset, "utf8") &&
        !str_ieq(charset, "us-ascii"))
        return fail(dav->cx, ERR_SUPPORTED_CALENDAR_DATA, "iCalendar must be UTF-8");
    return ERR_OK;
}

/* RFC 4791 sections 5.2.6, 5.2.7, 5.2.9 */
static enum err check_component(struct dav *dav, const struct comp *calendar,
    const struct comp *component)
{
    static const char *const dates[] = {"DTSTART", "DTEND", "RECURRENCE-ID"};
    struct ctx *cx = dav->cx;
    for (size_t i = 0; i < sizeof(dates) / sizeof(*dates); i++) {
        const struct line *line = comp_line(component, dates[i]);
        struct ics_time time;
        if (!line)
            continue;
        TRY(ics_time(cx, calendar, line, &time));
        int64_t unix_s = ics_time_unix(&time, NULL);
        if (unix_s < DAV_MIN_DATE_S)
            return fail(cx, ERR_MIN_DATE_TIME, "%s is before 1900", dates[i]);
        if (unix_s > DAV_MAX_DATE_S)
            return fail(cx, ERR_MAX_DATE_TIME, "%s is after 2100", dates[i]);
    }
    size_t at = 0, n = 0;
    while (comp_next_line(component, "ATTENDEE", &at))
        if (++n > DAV_MAX_ATTENDEES)
            return fail(
                cx, ERR_MAX_ATTENDEES, "more than %d attendees", DAV_MAX_ATTENDEES);
    return ERR_OK;
}

/* RFC 4791 section 5.2.8. A series without end counts until the last date that is taken:
 * every client makes some. */
static enum err check_instances(struct dav *dav, const struct comp *calendar)
{
    bool more;
    if (expand_more_than(
            dav->cx, calendar, DAV_MAX_INSTANCES, DAV_MAX_DATE_S, &more) == ERR_OK &&
        more)
        return fail(
            dav->cx, ERR_MAX_INSTANCES, "more than %d instances", DAV_MAX_INSTANCES);
    return ERR_OK;
}

static enum err check_body(struct dav *dav, struct ics_object *object)
{
    struct ctx *cx = dav->cx;
    const struct dav_request *request = dav->request;
    TRY(check_type(dav));
    if (request->body_bytes > DAV_MAX_RESOURCE_BYTES)
        return fail(
            cx, ERR_MAX_RESOURCE_SIZE, "more than %u bytes", DAV_MAX_RESOURCE_BYTES);
    if (!request->body_bytes)
        return fail(cx, ERR_VALID_CALENDAR_DATA, "the body is empty");
    TRY(ics_object_parse(cx, request->body, request->body_bytes, object));
    size_t at = 0;
    const struct comp *component;
    while ((component = comp_next_sub(object->calendar, object->component, &at)))
        TRY(check_component(dav, object->calendar, component));
    return check_instances(dav, object->calendar);
}

/* Where the target ends up: conditions need what is there now. */
static enum err check_conditions(struct dav *dav, struct be_expect *expect)
{
    bool not_modified;
    if (!condition_sent(dav))
        return ERR_OK;
    TRY(resource_object(dav, &dav->target));
    return condition_check(dav, expect, &not_modified);
}

void put_answer(
    struct dav *dav, const struct resource *where, const struct be_put_result *result)
{
    const struct be_object *object = &result->object;
    bool whole = dav->prefer == PREFER_REPRESENTATION && object->text;
    dav->response->status = result->created ? 201 : whole ? 200 : 204;
    /* Only then may the client believe that it has what the server has (RFC 4791 5.3.4).
     */
    if (object->etag && (result->same_text || whole))
        dav_set_etag(dav, "ETag", object->etag);
    if (object->schedule_tag)
        dav_set_etag(dav, "Schedule-Tag", object->schedule_tag);
    if (!whole)
        return;
    dav->response->compressible = true;
    dav_set_header(dav, "Content-Type", CALENDAR_TYPE "; component=VEVENT");
    dav_set_header(dav, "Content-Location", resource_href(dav->cx, where));
    prefer_applied(dav, PREFER_REPRESENTATION, false);
    buf_add(&dav->response->body, object->text, object->text_bytes);
}

void put_conflict(struct dav *dav, const struct resource *where)
{
    struct resource other;
    resource_member(where, &other);
    other.name = ctx_error(dav->cx);
    dav->err_href = resource_href(dav->cx, &other);
    fail(dav->cx, ERR_UID_CONFLICT, "another object of this calendar has this UID");
}

/* RFC 4791 has no element of its own for what the server behind this one cannot hold; the
 * text says which line that is. */
static enum err put_refused(struct dav *dav)
{
    const char *text = arena_strdup(dav->cx->arena, ctx_error(dav->cx));
    return fail(dav->cx, ERR_VALID_CALENDAR_OBJECT, "%s", text);
}

enum err put_object(struct dav *dav, const struct resource *where,
    const struct be_expect *expect, struct be_put_result *result)
{
    struct ics_object parsed;
    TRY(check_body(dav, &parsed));
    struct be_put put = {.calendar = where->calendar, .name = where->name,
        .text = dav->request->body, .text_bytes = dav->request->body_bytes,
        .parsed = &parsed, .expect = *expect};
    enum err err =
        be_object_put(dav->cx, dav->request->bridge, &dav->user, &put, result);
    if (err == ERR_UID_CONFLICT)
        put_conflict(dav, where);
    return err == ERR_UPSTREAM_REFUSED ? put_refused(dav) : err;
}

enum err put_handle(struct dav *dav)
{
    struct resource *target = &dav->target;
    struct be_expect expect = {0};
    struct be_put_result result = {0};
    if (!target->calendar)
        return fail(dav->cx, ERR_CONFLICT, "there is no calendar at this address");
    TRY(privilege_need(dav, target, "write-content"));
    TRY(check_conditions(dav, &expect));
    TRY(put_object(dav, target, &expect, &result));
    put_answer(dav, target, &result);
    return ERR_OK;
}
