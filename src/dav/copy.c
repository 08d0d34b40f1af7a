/* COPY and MOVE of events within and between calendars (RFC 4918 sections 9.8, 9.9). */
#include "dav/condition.h"
#include "dav/method.h"
#include "dav/privilege.h"
#include "dav/put.h"

#include <string.h>

/* "host:port" of an absolute address. The scheme is not compared: a proxy may have taken
 * TLS off. */
static char *authority(struct ctx *cx, const char *url)
{
    const char *at = strstr(url, "://");
    if (!at)
        return NULL;
    at += 3;
    return str_lower(cx->arena, arena_strndup(cx->arena, at, strcspn(at, "/")));
}

static enum err read_destination(struct dav *dav, struct resource *destination)
{
    struct ctx *cx = dav->cx;
    struct path path;
    const char *href = dav_header(dav, "Destination");
    if (!href)
        return fail(cx, ERR_BAD_REQUEST, "the Destination header is missing");
    const char *host = authority(cx, href), *own = authority(cx, dav->request->origin);
    if (host && !str_eq(host, own))
        return fail(cx, ERR_OTHER_SERVER, "the destination is on another server");
    TRY(resource_path(dav, href, &path));
    TRY(resource_find(dav, &path, destination));
    if (destination->kind != KIND_OBJECT)
        return fail(cx, ERR_FORBIDDEN, "events live in calendars only");
    if (!destination->calendar)
        return fail(cx, ERR_CONFLICT, "there is no calendar at the destination");
    return resource_object(dav, destination);
}

static enum err read_overwrite(struct dav *dav, bool *overwrite)
{
    const char *value = dav_header(dav, "Overwrite");
    if (value && !str_ieq(value, "T") && !str_ieq(value, "F"))
        return fail(dav->cx, ERR_BAD_REQUEST, "Overwrite is T or F");
    *overwrite = !str_ieq(value, "F");
    return ERR_OK;
}

static enum err check(struct dav *dav, const struct resource *destination, bool copy)
{
    struct ctx *cx = dav->cx;
    TRY(privilege_need(dav, destination, destination->exists ? "write-content" : "bind"));
    if (!copy)
        TRY(privilege_need(dav, &dav->target, "unbind"));
    if (str_eq(resource_href(cx, destination), resource_href(cx, &dav->target)))
        return fail(cx, ERR_FORBIDDEN, "source and destination are the same");
    return ERR_OK;
}

static enum err transfer(struct dav *dav, bool copy)
{
    struct resource destination = {0};
    struct be_transfer transfer = {.copy = copy};
    struct be_put_result result = {0};
    bool not_modified;
    TRY(read_overwrite(dav, &transfer.replace));
    TRY(read_destination(dav, &destination));
    TRY(check(dav, &destination, copy));
    if (condition_sent(dav))
        TRY(condition_check(dav, &transfer.expect, &not_modified));
    if (destination.exists && !transfer.replace)
        return fail(dav->cx, ERR_PRECONDITION, "there is something at the destination");
    transfer.from = dav->target.calendar;
    transfer.from_name = dav->target.name;
    dav->also_changed = destination.name;
    transfer.to = destination.calendar;
    transfer.to_name = destination.name;
    enum err err = be_object_transfer(
        dav->cx, dav->request->bridge, &dav->user, &transfer, &result);
    if (err == ERR_UID_CONFLICT)
        put_conflict(dav, &destination);
    if (err)
        return err;
    if (result.created)
        dav_set_header(dav, "Location", resource_href(dav->cx, &destination));
    put_answer(dav, &destination, &result);
    return ERR_OK;
}

enum err copy_handle(struct dav *dav)
{
    return transfer(dav, true);
}

enum err move_handle(struct dav *dav)
{
    return transfer(dav, false);
}
