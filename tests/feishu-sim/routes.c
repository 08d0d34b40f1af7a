#include "routes.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "connection.h"
#include "shapes.h"

#define CAL "/open-apis/calendar/v4"
#define EVENTS CAL "/calendars/:calendar_id/events"
#define EVENT EVENTS "/:event_id"

#define S_CAL_READ "calendar:calendar calendar:calendar:read calendar:calendar:readonly"
#define S_CAL_NARROW "calendar:calendar:read calendar:calendar:readonly"
#define S_SUBSCRIBE "calendar:calendar calendar:calendar:subscribe"
#define S_EVENT_READ                                                                     \
    "calendar:calendar calendar:calendar.event:read calendar:calendar:readonly"
#define S_EVENT_UPDATE "calendar:calendar calendar:calendar.event:update"
#define S_ACL_READ                                                                       \
    "calendar:calendar calendar:calendar.acl:read calendar:calendar:readonly"
#define S_FREEBUSY                                                                       \
    "calendar:calendar calendar:calendar.free_busy:read calendar:calendar:readonly"
#define S_EXCHANGE_READ                                                                  \
    "calendar:calendar calendar:calendar:readonly calendar:exchange.bindings:read"
#define S_CONTACT                                                                        \
    "contact:contact.base:readonly contact:contact:access_as_app "                       \
    "contact:contact:readonly contact:contact:readonly_as_app"
#define S_ROOM "vc:room vc:room:readonly"
#define S_OLD_ROOM "calendar:room calendar:room:readonly"
#define S_DRIVE                                                                          \
    "bitable:app docs:doc docs:document.media:upload drive:drive sheets:spreadsheet"

#define L4 LEVEL_1000_PER_MINUTE

/* { method, path, handler, tokens, scopes, level, query, body }; words before parameters.
 */
static const struct route ROUTES[] = {
    /* calendars */
    {"POST", CAL "/calendars/primary", api_calendar_primary, BY_BOTH, S_CAL_NARROW, L4,
        NULL, B_NOTHING},
    {"POST", CAL "/calendars/primarys", api_calendar_primarys, BY_BOTH, S_CAL_NARROW, L4,
        NULL, B_USER_IDS},
    {"POST", CAL "/calendars/mget", api_calendar_mget, BY_BOTH, S_CAL_NARROW, L4, NULL,
        B_CALENDAR_IDS},
    {"POST", CAL "/calendars/search", api_calendar_search, BY_BOTH, S_CAL_READ, L4,
        Q_PAGE_1_50, B_SEARCH_CALENDAR},
    {"POST", CAL "/calendars/subscription", api_calendars_subscription, BY_USER,
        S_CAL_READ, L4, NULL, B_NOTHING},
    {"POST", CAL "/calendars/unsubscription", api_calendars_unsubscription, BY_USER,
        S_CAL_READ, L4, NULL, B_NOTHING},
    {"POST", CAL "/calendars", api_calendar_create, BY_BOTH,
        "calendar:calendar calendar:calendar:create", L4, NULL, B_CALENDAR_CREATE},
    {"GET", CAL "/calendars", api_calendar_list, BY_BOTH, S_CAL_READ, L4, Q_LIST_50,
        NULL},
    {"GET", CAL "/calendars/:calendar_id", api_calendar_get, BY_BOTH, S_CAL_READ, L4,
        NULL, NULL},
    {"PATCH", CAL "/calendars/:calendar_id", api_calendar_patch, BY_BOTH,
        "calendar:calendar calendar:calendar:update", L4, NULL, B_CALENDAR_PATCH},
    {"DELETE", CAL "/calendars/:calendar_id", api_calendar_delete, BY_BOTH,
        "calendar:calendar calendar:calendar:delete", L4, NULL, B_NOTHING},
    {"POST", CAL "/calendars/:calendar_id/subscribe", api_calendar_subscribe, BY_BOTH,
        S_SUBSCRIBE, L4, NULL, B_NOTHING},
    {"POST", CAL "/calendars/:calendar_id/unsubscribe", api_calendar_unsubscribe, BY_BOTH,
        S_SUBSCRIBE, L4, NULL, B_NOTHING},
    /* access */
    {"POST", CAL "/calendars/:calendar_id/acls/subscription", api_acl_subscription,
        BY_USER, S_ACL_READ, L4, NULL, B_NOTHING},
    {"POST", CAL "/calendars/:calendar_id/acls/unsubscription", api_acl_unsubscription,
        BY_USER, S_ACL_READ, L4, NULL, B_NOTHING},
    {"POST", CAL "/calendars/:calendar_id/acls", api_acl_create, BY_BOTH,
        "calendar:calendar calendar:calendar.acl:create", L4, NULL, B_ACL},
    {"GET", CAL "/calendars/:calendar_id/acls", api_acl_list, BY_BOTH, S_ACL_READ, L4,
        Q_PAGE_10_50, NULL},
    {"DELETE", CAL "/calendars/:calendar_id/acls/:acl_id", api_acl_delete, BY_BOTH,
        "calendar:calendar calendar:calendar.acl:delete", L4, NULL, B_NOTHING},
    /* events */
    {"GET", EVENTS "/instance_view", api_event_view, BY_BOTH, S_EVENT_READ, L4, Q_VIEW,
        NULL},
    {"POST", EVENTS "/search", api_event_search, BY_BOTH, S_EVENT_READ, L4, Q_PAGE_10_100,
        B_EVENT_SEARCH},
    {"POST", EVENTS "/subscription", api_events_subscription, BY_USER, S_EVENT_READ, L4,
        NULL, B_NOTHING},
    {"POST", EVENTS "/unsubscription", api_events_unsubscription, BY_USER, S_EVENT_READ,
        L4, NULL, B_NOTHING},
    {"POST", EVENTS, api_event_create, BY_BOTH,
        "calendar:calendar calendar:calendar.event:create", L4, Q_EVENT_CREATE,
        B_EVENT_CREATE},
    {"GET", EVENTS, api_event_list, BY_BOTH, S_EVENT_READ, L4, Q_LIST_50, NULL},
    {"GET", EVENT, api_event_get, BY_BOTH, S_EVENT_READ, L4, Q_EVENT_GET, NULL},
    {"PATCH", EVENT, api_event_patch, BY_BOTH, S_EVENT_UPDATE, L4, NULL, B_EVENT_PATCH},
    {"DELETE", EVENT, api_event_delete, BY_BOTH,
        "calendar:calendar calendar:calendar.event:delete", L4, Q_EVENT_DELETE,
        B_NOTHING},
    {"GET", EVENT "/instances", api_event_instances, BY_BOTH, S_EVENT_READ, L4,
        Q_INSTANCES, NULL},
    {"POST", EVENT "/reply", api_event_reply, BY_BOTH,
        "calendar:calendar calendar:calendar.event:reply "
        "calendar:calendar.event:writeonly",
        L4, NULL, B_REPLY},
    {"POST", EVENT "/meeting_chat", api_meeting_chat_create, BY_BOTH, S_EVENT_UPDATE, L4,
        NULL, B_NOTHING},
    {"DELETE", EVENT "/meeting_chat", api_meeting_chat_delete, BY_BOTH, S_EVENT_UPDATE,
        L4, Q_CHAT, B_NOTHING},
    {"POST", EVENT "/meeting_minute", api_meeting_minute, BY_BOTH, S_EVENT_UPDATE, L4,
        NULL, B_NOTHING},
    /* attendees */
    {"POST", EVENT "/attendees/batch_delete", api_attendees_delete, BY_BOTH,
        S_EVENT_UPDATE, L4, NULL, B_ATTENDEES_DELETE},
    {"POST", EVENT "/attendees", api_attendees_add, BY_BOTH, S_EVENT_UPDATE, L4, NULL,
        B_ATTENDEES_ADD},
    {"GET", EVENT "/attendees", api_attendees_list, BY_BOTH, S_EVENT_READ, L4,
        Q_ATTENDEES, NULL},
    {"GET", EVENT "/attendees/:attendee_id/chat_members", api_attendee_members, BY_BOTH,
        S_EVENT_READ, L4, Q_PAGE_10_100, NULL},
    /* free/busy, time off, settings */
    {"POST", CAL "/freebusy/list", api_freebusy_list, BY_BOTH, S_FREEBUSY, L4, NULL,
        B_FREEBUSY_LIST},
    {"POST", CAL "/freebusy/batch", api_freebusy_batch, BY_BOTH, S_FREEBUSY, L4, NULL,
        B_FREEBUSY_BATCH},
    {"POST", CAL "/timeoff_events", api_timeoff_create, BY_TENANT,
        "calendar:timeoff calendar:time_off:create", L4, NULL, B_TIMEOFF},
    {"DELETE", CAL "/timeoff_events/:timeoff_event_id", api_timeoff_delete, BY_TENANT,
        "calendar:timeoff calendar:time_off:delete", L4, NULL, B_NOTHING},
    {"POST", CAL "/settings/generate_caldav_conf", api_caldav_conf, BY_USER,
        "calendar:calendar calendar:settings.caldav:create", L4, NULL, B_CALDAV},
    {"POST", CAL "/exchange_bindings", api_exchange_create, BY_USER,
        "calendar:calendar calendar:calendar:readonly calendar:exchange.bindings:create",
        L4, NULL, B_EXCHANGE},
    {"GET", CAL "/exchange_bindings/:exchange_binding_id", api_exchange_get, BY_USER,
        S_EXCHANGE_READ, L4, NULL, NULL},
    {"DELETE", CAL "/exchange_bindings/:exchange_binding_id", api_exchange_delete,
        BY_USER,
        "calendar:calendar calendar:calendar:readonly calendar:exchange.bindings:delete",
        L4, NULL, B_NOTHING},
    /* people */
    {"POST", "/open-apis/contact/v3/users/batch_get_id", api_users_by_contact, BY_TENANT,
        "contact:user.id:readonly", L4, NULL, B_BY_CONTACT},
    {"GET", "/open-apis/contact/v3/users/batch", api_users_batch, BY_BOTH, S_CONTACT, L4,
        Q_USER_IDS, NULL},
    {"POST", "/open-apis/contact/v3/users/basic_batch", api_users_basic, BY_BOTH,
        "contact:user.basic_profile:readonly", LEVEL_5_PER_SECOND, NULL, B_BASIC},
    {"GET", "/open-apis/contact/v3/users/:user_id", api_user_get, BY_BOTH, S_CONTACT, L4,
        NULL, NULL},
    {"GET", "/open-apis/search/v1/user", api_users_search, BY_USER, "contact:user:search",
        L4, Q_PAGE_1_200, NULL},
    {"POST", "/open-apis/directory/v1/employees/search", api_employees_search, BY_BOTH,
        "directory:employee:search", L4, NULL, B_EMPLOYEES},
    /* rooms */
    {"POST", "/open-apis/vc/v1/rooms/search", api_rooms_search, BY_USER, S_ROOM, L4, NULL,
        B_ROOMS_SEARCH},
    {"POST", "/open-apis/vc/v1/rooms/mget", api_rooms_mget, BY_TENANT, S_ROOM, L4, NULL,
        B_ROOM_IDS},
    {"GET", "/open-apis/vc/v1/rooms", api_rooms_list, BY_TENANT, S_ROOM, L4, Q_PAGE_1_100,
        NULL},
    {"GET", "/open-apis/vc/v1/rooms/:room_id", api_room_get, BY_TENANT, S_ROOM, L4, NULL,
        NULL},
    {"GET", "/open-apis/meeting_room/freebusy/batch_get", api_room_freebusy, BY_BOTH,
        S_OLD_ROOM, L4, Q_ROOM_IDS, NULL},
    {"POST", "/open-apis/meeting_room/summary/batch_get", api_room_summary, BY_TENANT,
        S_OLD_ROOM, L4, NULL, B_SUMMARY},
    {"POST", "/open-apis/meeting_room/instance/reply", api_room_reply, BY_TENANT,
        "calendar:room", L4, NULL, B_ROOM_REPLY},
    /* the rest */
    {"POST", "/open-apis/drive/v1/medias/upload_all", api_upload, BY_BOTH, S_DRIVE, L4,
        NULL, NULL},
    {"GET", "/open-apis/event/v1/outbound_ip", api_outbound_ip, BY_TENANT,
        "event:ip_list", L4, Q_PAGE_1_50, NULL},
    {"GET", "/open-apis/authen/v1/user_info", api_user_info, BY_USER, NULL, L4, NULL,
        NULL},
    /* sign-in */
    {"POST", "/open-apis/auth/v3/tenant_access_token/internal", api_tenant_token,
        BY_NOBODY, NULL, LEVEL_FREE, NULL, NULL},
    {"POST", "/open-apis/auth/v3/app_access_token/internal", api_app_token, BY_NOBODY,
        NULL, LEVEL_FREE, NULL, NULL},
    {"GET", "/open-apis/authen/v1/authorize", api_authorize, BY_NOBODY, NULL, L4, NULL,
        NULL},
    {"POST", "/open-apis/authen/v2/oauth/token", api_token_v2, BY_NOBODY, NULL, L4, NULL,
        NULL},
    {"POST", "/oauth/v3/token", api_token_v3, BY_NOBODY, NULL, L4, NULL, NULL},
    {"POST", "/callback/ws/endpoint", api_connection_endpoint, BY_NOBODY, NULL,
        LEVEL_FREE, NULL, NULL},
    {"POST", "/oauth/v1/revoke", api_revoke, BY_NOBODY, NULL, L4, NULL, NULL},
};
#define N_ROUTES (sizeof ROUTES / sizeof ROUTES[0])

/* Scopes that are asked for, besides those of the methods. */
static const char *const OTHER_SCOPES[] = {
    "offline_access",
    "auth:user_access_token:read",
    "contact:user.base:readonly",
    "contact:user.email:readonly",
    "contact:user.phone:readonly",
    "contact:user.employee:readonly",
    "contact:user.employee_id:readonly",
    "directory:employee.base.email:read",
    "directory:employee.base.base:read",
    "directory:employee.base.name.name:read",
};

static struct limit_state limits[N_ROUTES];

/* A path parameter, still inside the path. */
struct part {
    const char *text;
    size_t n;
};

static bool route_matches(
    const struct route *r, const struct request *rq, struct part parts[PARAMS_MAX])
{
    const char *pattern = r->path, *path = rq->path;
    size_t n = 0;

    if (strcmp(r->method, rq->method) != 0)
        return false;
    for (;;) {
        size_t words = strcspn(pattern, ":"), got;

        if (strncmp(pattern, path, words) != 0)
            return false;
        pattern += words;
        path += words;
        if (!*pattern)
            break;
        got = strcspn(path, "/");
        if (!got || n == PARAMS_MAX)
            return false;
        parts[n++] = (struct part){path, got};
        pattern += strcspn(pattern, "/");
        path += got;
    }
    /* The token endpoint has been seen to take a trailing slash. */
    return !*path || (r->handle == api_tenant_token && strcmp(path, "/") == 0);
}

const struct route *route_find(struct request *rq)
{
    for (size_t i = 0; i < N_ROUTES; i++) {
        struct part parts[PARAMS_MAX] = {0};

        if (!route_matches(&ROUTES[i], rq, parts))
            continue;
        for (size_t j = 0; j < PARAMS_MAX && parts[j].n; j++)
            rq->params[j] = percent_decode(parts[j].text, parts[j].n, false);
        return &ROUTES[i];
    }
    return NULL;
}

struct limit_state *route_limit(const struct route *route)
{
    return &limits[route - ROUTES];
}

void routes_reset(void)
{
    memset(limits, 0, sizeof limits);
}

static bool names(const char *scopes, const char *scope)
{
    size_t n = strlen(scope);

    for (const char *at = scopes; at && *at;) {
        size_t len = strcspn(at, " ");

        if (len == n && strncmp(at, scope, n) == 0)
            return true;
        at += len + (at[len] == ' ');
    }
    return false;
}

bool scope_is_known(const char *scope)
{
    for (size_t i = 0; i < N_ROUTES; i++)
        if (names(ROUTES[i].scopes, scope))
            return true;
    for (size_t i = 0; i < sizeof OTHER_SCOPES / sizeof OTHER_SCOPES[0]; i++)
        if (strcmp(OTHER_SCOPES[i], scope) == 0)
            return true;
    return false;
}
