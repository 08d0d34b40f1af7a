#include "feishu/endpoint.h"

#include <stddef.h>

#define CAL "/open-apis/calendar/v4/calendars"
#define EVENT CAL "/:calendar_id/events/:event_id"

/*
 * What may be repeated after an uncertain outcome (feishu-api 5.7 to 5.9, 6.2, 16.21,
 * 16.22): create has an idempotency key; patching a calendar and subscribing set a
 * state that nobody is told of; a second DELETE answers "gone", which is what was
 * wanted. Making a calendar and adding attendees have neither key nor known answer to a
 * repeat, and patching an event and replying tell people each time, so they are sent
 * once.
 */
#define READ FEISHU_RETRY_READ
#define REPEAT FEISHU_RETRY_REPEATABLE
#define ONCE FEISHU_RETRY_ONCE
#define FOR_TOKENS FEISHU_FOR_TOKENS
#define FOR_CALENDARS FEISHU_FOR_CALENDARS
#define FOR_EVENTS FEISHU_FOR_EVENTS
#define FOR_ATTENDEES FEISHU_FOR_ATTENDEES
#define FOR_WRITES FEISHU_FOR_WRITES
#define FOR_SUBSCRIPTIONS FEISHU_FOR_SUBSCRIPTIONS
#define FOR_SHARING FEISHU_FOR_SHARING
#define FOR_BUSY_TIMES FEISHU_FOR_BUSY_TIMES
#define FOR_PEOPLE FEISHU_FOR_PEOPLE

static const struct feishu_endpoint_row rows[FEISHU_ENDPOINT_COUNT] = {
    [FEISHU_TENANT_TOKEN] = {"auth.tenant_access_token.internal", "POST",
        "/open-apis/auth/v3/tenant_access_token/internal", FEISHU_NO_TOKEN, READ,
        FOR_TOKENS, NULL, 0},
    [FEISHU_USER_INFO] = {"authen.user_info", "GET", "/open-apis/authen/v1/user_info",
        FEISHU_USER, READ, FOR_TOKENS, NULL, 0},

    [FEISHU_CALENDAR_PRIMARY] = {"calendar.primary", "POST", CAL "/primary",
        FEISHU_EITHER, READ, FOR_CALENDARS, NULL, 0},
    [FEISHU_CALENDAR_PRIMARYS] = {"calendar.primarys", "POST", CAL "/primarys",
        FEISHU_EITHER, READ, FOR_CALENDARS, NULL, 0},
    [FEISHU_CALENDAR_LIST] = {"calendar.list", "GET", CAL, FEISHU_EITHER, READ,
        FOR_CALENDARS, NULL, 0},
    [FEISHU_CALENDAR_GET] = {"calendar.get", "GET", CAL "/:calendar_id", FEISHU_EITHER,
        READ, FOR_CALENDARS, NULL, 0},
    [FEISHU_CALENDAR_CREATE] = {"calendar.create", "POST", CAL, FEISHU_EITHER, ONCE,
        FOR_WRITES, NULL, 0},
    [FEISHU_CALENDAR_PATCH] = {"calendar.patch", "PATCH", CAL "/:calendar_id",
        FEISHU_EITHER, REPEAT, FOR_WRITES, NULL, 0},
    [FEISHU_CALENDAR_DELETE] = {"calendar.delete", "DELETE", CAL "/:calendar_id",
        FEISHU_EITHER, REPEAT, FOR_WRITES, NULL, 0},
    [FEISHU_CALENDAR_SUBSCRIBE] = {"calendar.subscribe", "POST",
        CAL "/:calendar_id/subscribe", FEISHU_EITHER, REPEAT, FOR_WRITES, NULL, 0},
    [FEISHU_CALENDAR_UNSUBSCRIBE] = {"calendar.unsubscribe", "POST",
        CAL "/:calendar_id/unsubscribe", FEISHU_EITHER, REPEAT, FOR_WRITES, NULL, 0},

    /* These change nothing that anybody sees: they may be cut and repeated as reads. */
    [FEISHU_LIST_SUBSCRIPTION] = {"calendar.subscription", "POST", CAL "/subscription",
        FEISHU_USER, READ, FOR_SUBSCRIPTIONS, NULL, 0},
    [FEISHU_LIST_UNSUBSCRIPTION] = {"calendar.unsubscription", "POST",
        CAL "/unsubscription", FEISHU_USER, READ, FOR_SUBSCRIPTIONS, NULL, 0},
    [FEISHU_ACL_SUBSCRIPTION] = {"calendar.acl.subscription", "POST",
        CAL "/:calendar_id/acls/subscription", FEISHU_USER, READ, FOR_SUBSCRIPTIONS, NULL,
        0},
    [FEISHU_ACL_UNSUBSCRIPTION] = {"calendar.acl.unsubscription", "POST",
        CAL "/:calendar_id/acls/unsubscription", FEISHU_USER, READ, FOR_SUBSCRIPTIONS,
        NULL, 0},
    [FEISHU_EVENT_SUBSCRIPTION] = {"calendar.event.subscription", "POST",
        CAL "/:calendar_id/events/subscription", FEISHU_USER, READ, FOR_SUBSCRIPTIONS,
        NULL, 0},
    [FEISHU_EVENT_UNSUBSCRIPTION] = {"calendar.event.unsubscription", "POST",
        CAL "/:calendar_id/events/unsubscription", FEISHU_USER, READ, FOR_SUBSCRIPTIONS,
        NULL, 0},

    /* What a second entry for the same person does is not known (feishu-api 16). */
    [FEISHU_ACL_LIST] = {"calendar.acl.list", "GET", CAL "/:calendar_id/acls",
        FEISHU_EITHER, READ, FOR_SHARING, NULL, 0},
    [FEISHU_ACL_CREATE] = {"calendar.acl.create", "POST", CAL "/:calendar_id/acls",
        FEISHU_EITHER, ONCE, FOR_WRITES, NULL, 0},
    [FEISHU_ACL_DELETE] = {"calendar.acl.delete", "DELETE",
        CAL "/:calendar_id/acls/:acl_id", FEISHU_EITHER, REPEAT, FOR_WRITES, NULL, 0},

    [FEISHU_EVENT_LIST] = {"calendar.event.list", "GET", CAL "/:calendar_id/events",
        FEISHU_EITHER, READ, FOR_EVENTS, NULL, 0},
    [FEISHU_EVENT_GET] = {"calendar.event.get", "GET", EVENT, FEISHU_EITHER, READ,
        FOR_ATTENDEES, NULL, 0},
    [FEISHU_EVENT_CREATE] = {"calendar.event.create", "POST", CAL "/:calendar_id/events",
        FEISHU_EITHER, REPEAT, FOR_WRITES, "idempotency_key", 0},
    /* Each patch and each reply tells people: the caller looks before it repeats. */
    [FEISHU_EVENT_PATCH] = {"calendar.event.patch", "PATCH", EVENT, FEISHU_EITHER, ONCE,
        FOR_WRITES, NULL, 0},
    [FEISHU_EVENT_DELETE] = {"calendar.event.delete", "DELETE", EVENT, FEISHU_EITHER,
        REPEAT, FOR_WRITES, NULL, 0},
    [FEISHU_EVENT_REPLY] = {"calendar.event.reply", "POST", EVENT "/reply", FEISHU_EITHER,
        ONCE, FOR_WRITES, NULL, 0},
    [FEISHU_EVENT_INSTANCES] = {"calendar.event.instances", "GET", EVENT "/instances",
        FEISHU_EITHER, READ, FOR_EVENTS, NULL, 0},

    [FEISHU_ATTENDEE_LIST] = {"calendar.event.attendee.list", "GET", EVENT "/attendees",
        FEISHU_EITHER, READ, FOR_ATTENDEES, NULL, 0},
    [FEISHU_ATTENDEE_CREATE] = {"calendar.event.attendee.create", "POST",
        EVENT "/attendees", FEISHU_EITHER, ONCE, FOR_WRITES, NULL, 0},
    [FEISHU_ATTENDEE_BATCH_DELETE] = {"calendar.event.attendee.batch_delete", "POST",
        EVENT "/attendees/batch_delete", FEISHU_EITHER, REPEAT, FOR_WRITES, NULL, 0},

    [FEISHU_FREEBUSY_LIST] = {"freebusy.list", "POST",
        "/open-apis/calendar/v4/freebusy/list", FEISHU_EITHER, READ, FOR_BUSY_TIMES, NULL,
        0},
    [FEISHU_FREEBUSY_BATCH] = {"freebusy.batch", "POST",
        "/open-apis/calendar/v4/freebusy/batch", FEISHU_EITHER, READ, FOR_BUSY_TIMES,
        NULL, 0},

    [FEISHU_USER_BATCH_GET_ID] = {"contact.users.batch_get_id", "POST",
        "/open-apis/contact/v3/users/batch_get_id", FEISHU_TENANT, READ, FOR_PEOPLE, NULL,
        0},
    [FEISHU_USER_BATCH] = {"contact.users.batch", "GET",
        "/open-apis/contact/v3/users/batch", FEISHU_EITHER, READ, FOR_PEOPLE, NULL, 0},
    [FEISHU_USER_BASIC_BATCH] = {"contact.users.basic_batch", "POST",
        "/open-apis/contact/v3/users/basic_batch", FEISHU_EITHER, READ, FOR_PEOPLE, NULL,
        5},
    [FEISHU_USER_SEARCH] = {"search.v1.user", "GET", "/open-apis/search/v1/user",
        FEISHU_USER, READ, FOR_PEOPLE, NULL, 0},
    [FEISHU_EMPLOYEE_SEARCH] = {"directory.employees.search", "POST",
        "/open-apis/directory/v1/employees/search", FEISHU_EITHER, READ, FOR_PEOPLE, NULL,
        0},
    [FEISHU_ROOM_LIST] = {"vc.rooms.list", "GET", "/open-apis/vc/v1/rooms", FEISHU_TENANT,
        READ, FOR_PEOPLE, NULL, 0},
    [FEISHU_ROOM_SEARCH] = {"vc.rooms.search", "POST", "/open-apis/vc/v1/rooms/search",
        FEISHU_USER, READ, FOR_PEOPLE, NULL, 0},
};

const struct feishu_endpoint_row *feishu_endpoint_row(enum feishu_endpoint endpoint)
{
    return &rows[endpoint];
}
