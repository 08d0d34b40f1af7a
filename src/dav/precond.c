#include "dav/precond.h"

#include <assert.h>
#include <string.h>

/* X(kind, status, namespace, element); grouped by RFC. */
#define PRECONDS(X)                                                                      \
    X(OK, 200, OTHER, NULL)                                                              \
    X(INTERNAL, 500, OTHER, NULL)                                                        \
    X(IO, 500, OTHER, NULL)                                                              \
    X(STORE, 503, OTHER, NULL)                                                           \
    X(CONFIG, 500, OTHER, NULL)                                                          \
    X(USAGE, 500, OTHER, NULL)                                                           \
    /* RFC 9110, 6585 */                                                                 \
    X(BAD_REQUEST, 400, OTHER, NULL)                                                     \
    X(UNAUTHORIZED, 401, OTHER, NULL)                                                    \
    X(FORBIDDEN, 403, OTHER, NULL)                                                       \
    X(NOT_FOUND, 404, OTHER, NULL)                                                       \
    X(METHOD, 405, OTHER, NULL)                                                          \
    X(NOT_ACCEPTABLE, 406, OTHER, NULL)                                                  \
    X(CONFLICT, 409, OTHER, NULL)                                                        \
    X(GONE, 410, OTHER, NULL)                                                            \
    X(PRECONDITION, 412, OTHER, NULL)                                                    \
    X(TOO_LARGE, 413, OTHER, NULL)                                                       \
    X(URI_TOO_LONG, 414, OTHER, NULL)                                                    \
    X(MEDIA_TYPE, 415, OTHER, NULL)                                                      \
    X(THROTTLED, 429, OTHER, NULL)                                                       \
    X(NOT_IMPLEMENTED, 501, OTHER, NULL)                                                 \
    X(OTHER_SERVER, 502, OTHER, NULL)                                                    \
    /* RFC 4918 section 16 */                                                            \
    X(LOCK_TOKEN, 409, DAV, "lock-token-matches-request-uri")                            \
    X(FINITE_DEPTH, 403, DAV, "propfind-finite-depth")                                   \
    X(PROTECTED_PROPERTY, 403, DAV, "cannot-modify-protected-property")                  \
    X(EXTERNAL_ENTITIES, 403, DAV, "no-external-entities")                               \
    /* RFC 3744 section 7.1.1, 3253 section 3.6, 5689 section 3.3 */                     \
    X(NEED_PRIVILEGES, 403, DAV, "need-privileges")                                      \
    X(GRANT_ONLY, 403, DAV, "grant-only")                                                \
    X(NO_INVERT, 403, DAV, "no-invert")                                                  \
    X(RECOGNIZED_PRINCIPAL, 403, DAV, "recognized-principal")                            \
    X(ALLOWED_PRINCIPAL, 403, DAV, "allowed-principal")                                  \
    X(SUPPORTED_PRIVILEGE, 403, DAV, "not-supported-privilege")                          \
    X(LIMITED_ACES, 403, DAV, "limited-number-of-aces")                                  \
    X(RESOURCE_EXISTS, 405, DAV, "resource-must-be-null")                                \
    X(VALID_RESOURCETYPE, 403, DAV, "valid-resourcetype")                                \
    X(SUPPORTED_REPORT, 403, DAV, "supported-report")                                    \
    /* RFC 6578 sections 3.2, 3.7 */                                                     \
    X(VALID_SYNC_TOKEN, 403, DAV, "valid-sync-token")                                    \
    X(TOO_MANY_MATCHES, 507, DAV, "number-of-matches-within-limits")                     \
    /* RFC 4331 section 6 */                                                             \
    X(QUOTA, 507, DAV, "quota-not-exceeded")                                             \
    /* RFC 4791 sections 5.3, 7.8 */                                                     \
    X(SUPPORTED_CALENDAR_DATA, 403, CALDAV, "supported-calendar-data")                   \
    X(VALID_CALENDAR_DATA, 403, CALDAV, "valid-calendar-data")                           \
    X(VALID_CALENDAR_OBJECT, 403, CALDAV, "valid-calendar-object-resource")              \
    X(SUPPORTED_COMPONENT, 403, CALDAV, "supported-calendar-component")                  \
    X(UID_CONFLICT, 403, CALDAV, "no-uid-conflict")                                      \
    X(COLLECTION_LOCATION, 403, CALDAV, "calendar-collection-location-ok")               \
    X(MAX_RESOURCE_SIZE, 403, CALDAV, "max-resource-size")                               \
    X(MIN_DATE_TIME, 403, CALDAV, "min-date-time")                                       \
    X(MAX_DATE_TIME, 403, CALDAV, "max-date-time")                                       \
    X(MAX_INSTANCES, 403, CALDAV, "max-instances")                                       \
    X(MAX_ATTENDEES, 403, CALDAV, "max-attendees-per-instance")                          \
    X(VALID_FILTER, 403, CALDAV, "valid-filter")                                         \
    X(SUPPORTED_FILTER, 403, CALDAV, "supported-filter")                                 \
    X(SUPPORTED_COLLATION, 403, CALDAV, "supported-collation")                           \
    /* RFC 7809 section 4.1 */                                                           \
    X(VALID_TIMEZONE, 403, CALDAV, "valid-timezone")                                     \
    /* RFC 6638 sections 3.2.4, 4.3, 5 */                                                \
    X(DEFAULT_CALENDAR, 403, CALDAV, "default-calendar-needed")                          \
    X(ORGANIZER_CHANGE, 403, CALDAV, "allowed-organizer-scheduling-object-change")       \
    X(ATTENDEE_CHANGE, 403, CALDAV, "allowed-attendee-scheduling-object-change")         \
    X(SCHEDULING_MESSAGE, 403, CALDAV, "valid-scheduling-message")                       \
    X(VALID_ORGANIZER, 403, CALDAV, "valid-organizer")                                   \
    X(SAME_ORGANIZER, 403, CALDAV, "same-organizer-in-all-components")                   \
    X(UNIQUE_SCHEDULING, 403, CALDAV, "unique-scheduling-object-resource")               \
    /* WebDAV-Push */                                                                    \
    X(PUSH_SUBSCRIPTION, 403, PUSH, "invalid-subscription")                              \
    X(PUSH_TRIGGER, 403, PUSH, "no-supported-trigger")                                   \
    /* Upstream. Not 401 when the account must sign in again: the client would ask for a \
     * password that is right. */                                                        \
    X(UPSTREAM_REFUSED, 403, OTHER, NULL)                                                \
    X(UPSTREAM_GONE, 404, OTHER, NULL)                                                   \
    X(UPSTREAM_RIGHTS, 403, DAV, "need-privileges")                                      \
    X(UPSTREAM_SYNC_TOKEN, 503, OTHER, NULL)                                             \
    X(UPSTREAM_BUSY, 503, OTHER, NULL)                                                   \
    X(UPSTREAM_DOWN, 503, OTHER, NULL)                                                   \
    X(UPSTREAM_UNKNOWN, 503, OTHER, NULL)                                                \
    X(UPSTREAM_SIGN_IN, 503, OTHER, NULL)                                                \
    X(UPSTREAM_APP, 503, OTHER, NULL)

#define COUNT(kind, status, ns, element) +1
static_assert(0 PRECONDS(COUNT) == ERR_KIND_COUNT, "every error kind has its row");

#define ROW(kind, number, space, name)                                                   \
    [ERR_##kind] = {.status = (number), .ns = NS_##space, .element = (name)},
static const struct precond preconds[ERR_KIND_COUNT] = {PRECONDS(ROW)};

static const struct {
    int status;
    const char *line;
} status_lines[] = {
    {200, "HTTP/1.1 200 OK"},
    {201, "HTTP/1.1 201 Created"},
    {204, "HTTP/1.1 204 No Content"},
    {400, "HTTP/1.1 400 Bad Request"},
    {401, "HTTP/1.1 401 Unauthorized"},
    {403, "HTTP/1.1 403 Forbidden"},
    {404, "HTTP/1.1 404 Not Found"},
    {405, "HTTP/1.1 405 Method Not Allowed"},
    {409, "HTTP/1.1 409 Conflict"},
    {410, "HTTP/1.1 410 Gone"},
    {412, "HTTP/1.1 412 Precondition Failed"},
    {413, "HTTP/1.1 413 Content Too Large"},
    {415, "HTTP/1.1 415 Unsupported Media Type"},
    {424, "HTTP/1.1 424 Failed Dependency"},
    {429, "HTTP/1.1 429 Too Many Requests"},
    {500, "HTTP/1.1 500 Internal Server Error"},
    {501, "HTTP/1.1 501 Not Implemented"},
    {503, "HTTP/1.1 503 Service Unavailable"},
    {507, "HTTP/1.1 507 Insufficient Storage"},
};

const struct precond *precond_find(enum err kind)
{
    return &preconds[kind >= 0 && kind < ERR_KIND_COUNT ? kind : ERR_INTERNAL];
}

const char *status_line(int status)
{
    for (size_t i = 0; i < sizeof(status_lines) / sizeof(*status_lines); i++)
        if (status_lines[i].status == status)
            return status_lines[i].line;
    return "HTTP/1.1 500 Internal Server Error";
}

static void add_href(struct buf *out, const char *href)
{
    buf_adds(out, "<D:href>");
    xml_adds(out, href);
    buf_adds(out, "</D:href>");
}

/* RFC 3744 section 7.1.1 */
static void add_privilege(struct buf *out, const struct precond_detail *detail)
{
    buf_adds(out, "<D:resource>");
    add_href(out, detail->href);
    buf_printf(out, "<D:privilege><D:%s/></D:privilege></D:resource>", detail->privilege);
}

const char *precond_text(enum err kind, const char *text)
{
    return text && utf8_valid(text, strlen(text)) ? text : err_text(kind);
}

void precond_add(struct buf *out, enum err kind, const struct precond_detail *detail)
{
    const struct precond *row = precond_find(kind);
    if (row->element) {
        const char *prefix = ns_rows[row->ns].prefix;
        buf_printf(out, "<%s:%s>", prefix, row->element);
        bool rights = kind == ERR_NEED_PRIVILEGES || kind == ERR_UPSTREAM_RIGHTS;
        if (rights && detail->href && detail->privilege)
            add_privilege(out, detail);
        else if (detail->href && kind == ERR_UID_CONFLICT)
            add_href(out, detail->href);
        buf_printf(out, "</%s:%s>", prefix, row->element);
    }
    /* Never an empty error element: Thunderbird reads a bare one as "rate limited". */
    buf_adds(out, "<CS:error-description>");
    xml_adds(out, precond_text(kind, detail->text));
    buf_adds(out, "</CS:error-description>");
}
