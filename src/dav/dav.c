#include "dav/dav.h"

#include "dav/condition.h"
#include "dav/method.h"
#include "dav/precond.h"
#include "dav/prefer.h"
#include "dav/privilege.h"
#include "dav/push.h"

#include <string.h>

/* Of a 503 whose cause names no time: a client that gets none may give the change up. */
#define RETRY_AFTER_DEFAULT_S 60

/* The DAV header's value. calendar-auto-schedule must not be the first token: Thunderbird
 * drops that one. */
static const char dav_classes[] =
    "1, 3, extended-mkcol, access-control, calendar-access, calendar-auto-schedule, "
    "calendar-availability, calendar-no-timezone, calendar-proxy, webdav-push, "
    "calendarserver-principal-property-search, calendarserver-principal-search, "
    "calendarserver-sharing, resource-sharing";

bool dav_may_block(const char *method, const struct path *path)
{
    const struct method *row = method_find(method);
    /* Reports on principals search the directory. */
    bool search = row && row->handler == report_handle &&
        (path->n == 0 || strcmp(path->segments[0], "principals") == 0);
    return row && (row->flags & METHOD_BLOCKS || search);
}

/* ---- what request.h promises ---- */

const char *dav_header(const struct dav *dav, const char *name)
{
    return dav->request->header(dav->request, name);
}

static void set_header(struct ctx *cx, struct dav_response *response, const char *name,
    const char *value)
{
    struct dav_header header = {.name = name, .value = value};
    LIST_ADD(cx->arena, &response->headers, header);
}

void dav_set_header(struct dav *dav, const char *name, const char *value)
{
    set_header(dav->cx, dav->response, name, value);
}

void dav_set_etag(struct dav *dav, const char *name, const char *tag)
{
    dav_set_header(dav, name, arena_printf(dav->cx->arena, "\"%s\"", tag));
}

enum err dav_depth(struct dav *dav, enum depth *depth)
{
    const char *value = dav_header(dav, "Depth");
    if (!value)
        *depth = DEPTH_NONE;
    else if (strcmp(value, "0") == 0)
        *depth = DEPTH_0;
    else if (strcmp(value, "1") == 0 || str_ieq(value, "1,noroot"))
        *depth = DEPTH_1;
    else if (str_ieq(value, "infinity"))
        *depth = DEPTH_INFINITY;
    else
        return fail(dav->cx, ERR_BAD_REQUEST, "Depth is 0, 1 or infinity");
    return ERR_OK;
}

char *header_type(struct ctx *cx, const char *value)
{
    const char *text = value ? value : "";
    return str_lower(cx->arena,
        str_trim(cx->arena, arena_strndup(cx->arena, text, strcspn(text, ";"))));
}

char *header_param(struct ctx *cx, const char *value, const char *name)
{
    const char *text = value ? strchr(value, ';') : NULL;
    char **parts = text ? str_split(cx->arena, text, ';') : NULL;
    for (; parts && *parts; parts++) {
        char *equals = strchr(*parts, '=');
        if (!equals)
            continue;
        *equals = '\0';
        if (!str_ieq(str_trim(cx->arena, *parts), name))
            continue;
        char *param = str_trim(cx->arena, equals + 1);
        size_t len_bytes = strlen(param);
        if (len_bytes >= 2 && param[0] == '"' && param[len_bytes - 1] == '"')
            return arena_strndup(cx->arena, param + 1, len_bytes - 2);
        return param;
    }
    return NULL;
}

enum err dav_body_is_xml(struct dav *dav)
{
    /* Clients are careless with the type: curl says it is a form, others plain text. */
    static const char *const taken[] = {"", "application/xml", "text/xml", "text/plain",
        "application/x-www-form-urlencoded", "application/octet-stream"};
    const char *type = header_type(dav->cx, dav_header(dav, "Content-Type"));
    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
        if (str_eq(type, taken[i]))
            return ERR_OK;
    if (str_ends(type, "+xml"))
        return ERR_OK;
    return fail(dav->cx, ERR_MEDIA_TYPE, "the body must be XML");
}

enum err dav_body_xml(struct dav *dav, struct xml **root)
{
    TRY(dav_body_is_xml(dav));
    return xml_parse(dav->cx, dav->request->body, dav->request->body_bytes, root);
}

/* ---- errors ---- */

static void write_error(struct ctx *cx, enum err kind,
    const struct precond_detail *detail, struct dav_response *response)
{
    struct buf *out = &response->body;
    response->status = precond_find(kind)->status;
    response->compressible = false;
    out->len_bytes = 0;
    set_header(cx, response, "Content-Type", XML_TYPE);
    int wait_s = cx->retry_after_s;
    if (wait_s <= 0 && response->status == 503)
        wait_s = RETRY_AFTER_DEFAULT_S;
    if (wait_s > 0)
        set_header(cx, response, "Retry-After", arena_printf(cx->arena, "%d", wait_s));
    buf_adds(out, XML_DECLARATION "<D:error" XML_NAMESPACES ">");
    precond_add(out, kind, detail);
    buf_adds(out, "</D:error>\n");
}

void dav_error_response(struct ctx *cx, enum err kind, struct dav_response *response)
{
    struct precond_detail detail = {.text = cx->err == kind ? ctx_error(cx) : NULL};
    response->headers.n = 0;
    write_error(cx, kind, &detail, response);
}

/* Inner failures are for the log; their texts may name files. */
static const char *public_text(struct ctx *cx, enum err kind)
{
    bool inner = kind == ERR_INTERNAL || kind == ERR_IO || kind == ERR_STORE ||
        kind == ERR_CONFIG || kind == ERR_USAGE;
    return inner || cx->err != kind ? NULL : ctx_error(cx);
}

/* RFC 8144 section 3.1: the loser of a race may ask for what won. */
static bool write_current(struct dav *dav)
{
    if (dav->prefer != PREFER_REPRESENTATION || strcmp(dav->method->name, "PUT") != 0 ||
        dav->target.kind != KIND_OBJECT || resource_object(dav, &dav->target) != ERR_OK ||
        !dav->target.exists || !dav->target.object.text)
        return false;
    dav->response->status = 412;
    dav_set_header(dav, "Content-Type", CALENDAR_TYPE);
    prefer_applied(dav, PREFER_REPRESENTATION, false);
    dav_set_etag(dav, "ETag", dav->target.object.etag);
    buf_add(&dav->response->body, dav->target.object.text, dav->target.object.text_bytes);
    return true;
}

static void answer_error(struct dav *dav, enum err kind)
{
    struct dav_response *response = dav->response;
    const char *text = public_text(dav->cx, kind);
    response->headers.n = 0;
    response->body.len_bytes = 0;
    if (kind == ERR_PRECONDITION && write_current(dav))
        return;
    struct precond_detail detail = {.href = dav->err_href,
        .privilege = dav->err_privilege, .text = text};
    /* Refused below: upstream knows of no privileges by name. */
    if (!detail.privilege && dav->target.base && kind != ERR_UID_CONFLICT) {
        detail.href = resource_href(dav->cx, &dav->target);
        detail.privilege = "write";
    }
    if (precond_find(kind)->status == 405)
        dav_set_header(dav, "Allow", method_allow(dav->cx, dav->target.kind));
    write_error(dav->cx, kind, &detail, response);
}

/* ---- the way of a request ---- */

/* Where nothing can ever be, writes are told why, in the words of their method. */
static enum err nowhere(struct dav *dav, enum err err)
{
    const char *name = dav->method->name;
    if (err != ERR_NOT_FOUND)
        return err;
    if (strcmp(name, "PUT") == 0)
        return fail(dav->cx, ERR_FORBIDDEN, "objects live in calendars only");
    if (strcmp(name, "MKCALENDAR") == 0 || strcmp(name, "MKCOL") == 0)
        return fail(dav->cx, ERR_COLLECTION_LOCATION,
            "calendars are made in the calendar home only");
    return err;
}

static enum err check_target(struct dav *dav)
{
    const struct method *method = dav->method;
    struct resource *target = &dav->target;
    bool may_create = (method->flags & METHOD_MAY_CREATE) != 0;
    if (target->kind == KIND_OBJECT && !may_create)
        TRY(resource_object(dav, target));
    bool makes = method->handler == mkcalendar_handle || method->handler == mkcol_handle;
    if (!(method->kinds & target->kind) && !makes)
        return fail(dav->cx, ERR_METHOD, "%s is not possible here", method->name);
    if (!target->exists && !may_create)
        return fail(dav->cx, ERR_NOT_FOUND, "there is nothing at this address");
    if (target->kind == KIND_OBJECT && target->calendar && !makes)
        return privilege_need(dav, target, "read");
    return ERR_OK;
}

static enum err check_conditions(struct dav *dav)
{
    struct be_expect expect;
    bool not_modified;
    if (!(dav->method->flags & METHOD_CONDITIONS) || !condition_sent(dav))
        return ERR_OK;
    TRY(condition_check(dav, &expect, &not_modified));
    if (not_modified) {
        dav->response->status = 304;
        if (dav->target.kind == KIND_OBJECT)
            dav_set_etag(dav, "ETag", dav->target.object.etag);
        condition_set_modified(dav);
    }
    return ERR_OK;
}

/* RFC 9110 sections 8.4 and 14.5: a body that was packed, or is a part of one, must not
 * be taken for the whole. */
static enum err check_body(struct dav *dav)
{
    static const char *const packed[] = {
        "gzip", "x-gzip", "deflate", "br", "compress", "x-compress", "zstd"};
    const char *coding = dav_header(dav, "Content-Encoding");
    if (!dav->request->body_bytes)
        return ERR_OK;
    for (size_t i = 0; coding && i < sizeof(packed) / sizeof(*packed); i++)
        if (str_ieq(str_trim(dav->cx->arena, coding), packed[i]))
            return fail(dav->cx, ERR_MEDIA_TYPE, "the body must not be compressed");
    if (dav_header(dav, "Content-Range"))
        return fail(dav->cx, ERR_BAD_REQUEST, "the body must be whole");
    return ERR_OK;
}

static enum err work(struct dav *dav)
{
    struct be_hushed *hushed = push_hush(dav);
    enum err err = dav->method->handler(dav);
    if (!hushed)
        return err;
    char *text = arena_strdup(dav->cx->arena, ctx_error(dav->cx));
    push_unhush(dav, hushed);
    return err ? fail(dav->cx, err, "%s", text) : ERR_OK;
}

static enum err look(struct dav *dav)
{
    const struct dav_request *request = dav->request;
    TRY(be_user(dav->cx, request->bridge, request->user_id, &dav->user));
    prefer_read(dav);
    enum err err = resource_find(dav, &request->path, &dav->target);
    if (err)
        return nowhere(dav, err);
    TRY(check_target(dav));
    TRY(check_body(dav));
    return check_conditions(dav);
}

static enum err handle(struct dav *dav)
{
    struct bridge *bridge = dav->request->bridge;
    dav->target.kind = KIND_ROOT;
    dav->method = method_find(dav->request->method);
    if (!dav->method)
        return fail(dav->cx, ERR_NOT_IMPLEMENTED, "the method is not known");
    TRY(be_look_begin(dav->cx, bridge));
    enum err err = look(dav);
    be_look_end(bridge);
    TRY(err);
    return dav->response->status ? ERR_OK : work(dav);
}

void dav_handle(struct ctx *cx, const struct dav_request *request,
    struct dav_response *response)
{
    *response = (struct dav_response){.body = buf_new(NULL)};
    /* Both outlive the call where the answer is made piece by piece. */
    struct dav_request *own = arena_memdup(cx->arena, request, sizeof(*request));
    struct dav *dav = ARENA_NEW(cx->arena, struct dav);
    *dav = (struct dav){.cx = cx, .request = own, .response = response};
    enum err err = handle(dav);
    if (err)
        answer_error(dav, err);
    else
        cx->err = ERR_OK; /* what failed on the way was to be expected */
    dav_set_header(dav, "DAV", dav_classes);
}
