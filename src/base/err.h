/*
 * The kinds of error that exist inside. What a kind means to a client (status and
 * precondition element) is decided by one table at the edge, src/dav/precond.c; what it
 * means to an administrator is its text.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* X(kind, what it is in words) */
#define ERR_KINDS(X)                                                                     \
    X(OK, "no error")                                                                    \
    X(INTERNAL, "internal error")                                                        \
    X(IO, "input or output failed")                                                      \
    X(STORE, "the store failed")                                                         \
    X(CONFIG, "wrong configuration")                                                     \
    X(USAGE, "wrong usage")                                                              \
    /* HTTP and WebDAV (RFC 9110, 4918, 6578, 3744, 5689) */                             \
    X(BAD_REQUEST, "bad request")                                                        \
    X(UNAUTHORIZED, "sign-in needed")                                                    \
    X(FORBIDDEN, "forbidden")                                                            \
    X(NOT_FOUND, "not found")                                                            \
    X(METHOD, "method not allowed")                                                      \
    X(NOT_ACCEPTABLE, "not acceptable")                                                  \
    X(CONFLICT, "conflict: the parent is missing or of the wrong kind")                  \
    X(GONE, "gone")                                                                      \
    X(PRECONDITION, "a precondition of the request does not hold")                       \
    X(TOO_LARGE, "the request is too large")                                             \
    X(URI_TOO_LONG, "the address is too long")                                           \
    X(MEDIA_TYPE, "unsupported media type")                                              \
    X(THROTTLED, "too many requests")                                                    \
    X(NOT_IMPLEMENTED, "not implemented")                                                \
    X(OTHER_SERVER, "the destination is on another server")                              \
    X(LOCK_TOKEN, "no such lock")                                                        \
    X(FINITE_DEPTH, "infinite depth is not supported")                                   \
    X(PROTECTED_PROPERTY, "the property is protected")                                   \
    X(EXTERNAL_ENTITIES, "external entities are not allowed")                            \
    X(NEED_PRIVILEGES, "the user lacks the privilege")                                   \
    X(GRANT_ONLY, "access can only be granted, not denied")                              \
    X(NO_INVERT, "access cannot be granted to all but some")                             \
    X(RECOGNIZED_PRINCIPAL, "nobody is known by this address")                           \
    X(ALLOWED_PRINCIPAL, "access cannot be granted to this principal")                   \
    X(SUPPORTED_PRIVILEGE, "there is no such privilege here")                            \
    X(LIMITED_ACES, "the access list is too long")                                       \
    X(RESOURCE_EXISTS, "there is already a resource at this address")                    \
    X(VALID_RESOURCETYPE, "unsupported resource type")                                   \
    X(SUPPORTED_REPORT, "unsupported report")                                            \
    X(VALID_SYNC_TOKEN, "the sync token is not valid")                                   \
    X(TOO_MANY_MATCHES, "too many matches")                                              \
    X(QUOTA, "too much is stored already")                                               \
    /* CalDAV (RFC 4791, 6638, 7809) */                                                  \
    X(SUPPORTED_CALENDAR_DATA, "unsupported calendar data type")                         \
    X(VALID_CALENDAR_DATA, "not valid iCalendar")                                        \
    X(VALID_CALENDAR_OBJECT, "not a valid calendar object resource")                     \
    X(SUPPORTED_COMPONENT, "component not supported here")                               \
    X(UID_CONFLICT, "the UID is in use")                                                 \
    X(COLLECTION_LOCATION, "a calendar cannot be here")                                  \
    X(MAX_RESOURCE_SIZE, "the object is too large")                                      \
    X(MIN_DATE_TIME, "a date is too early")                                              \
    X(MAX_DATE_TIME, "a date is too late")                                               \
    X(MAX_INSTANCES, "too many instances")                                               \
    X(MAX_ATTENDEES, "too many attendees")                                               \
    X(VALID_FILTER, "not a valid filter")                                                \
    X(SUPPORTED_FILTER, "unsupported filter")                                            \
    X(SUPPORTED_COLLATION, "unsupported collation")                                      \
    X(VALID_TIMEZONE, "not a valid time zone")                                           \
    X(DEFAULT_CALENDAR, "the default calendar cannot be deleted")                        \
    X(ORGANIZER_CHANGE, "this change is the organizer's alone")                          \
    X(ATTENDEE_CHANGE, "an attendee may not change this")                                \
    X(SCHEDULING_MESSAGE, "not a valid scheduling message")                              \
    X(VALID_ORGANIZER, "the organizer is somebody else")                                 \
    X(SAME_ORGANIZER, "a meeting has one organizer")                                     \
    X(UNIQUE_SCHEDULING, "a meeting is in one calendar only")                            \
    X(PUSH_SUBSCRIPTION, "the push subscription cannot be used")                         \
    X(PUSH_TRIGGER, "there is no such push trigger here")                                \
    /* upstream: refused is known not to have happened, unknown may have happened */     \
    X(UPSTREAM_REFUSED, "Feishu refused the change")                                     \
    X(UPSTREAM_GONE, "Feishu no longer has it")                                          \
    X(UPSTREAM_RIGHTS, "Feishu denies access")                                           \
    X(UPSTREAM_SYNC_TOKEN, "Feishu no longer knows the sync token")                      \
    X(UPSTREAM_BUSY, "Feishu asks to wait")                                              \
    X(UPSTREAM_DOWN, "Feishu cannot be reached")                                         \
    X(UPSTREAM_UNKNOWN, "the outcome of the change is unknown")                          \
    X(UPSTREAM_SIGN_IN, "the account must sign in to Feishu again")                      \
    X(UPSTREAM_APP, "Feishu does not accept the app")

enum err {
#define X(kind, text) ERR_##kind,
    ERR_KINDS(X)
#undef X
        ERR_KIND_COUNT
};

/* "UID_CONFLICT"; "?" for a number that is no kind. */
const char *err_name(enum err kind);
const char *err_text(enum err kind);

#endif
