/*
 * Every upstream call as a row of one table (endpoint.c): method, path, token kind, retry
 * class (feishu-api.json).
 */
#ifndef FEISHU_ENDPOINT_H
#define FEISHU_ENDPOINT_H

enum feishu_endpoint {
    FEISHU_TENANT_TOKEN,
    FEISHU_USER_INFO,
    FEISHU_CALENDAR_PRIMARY,
    FEISHU_CALENDAR_PRIMARYS,
    FEISHU_CALENDAR_LIST,
    FEISHU_CALENDAR_GET,
    FEISHU_CALENDAR_CREATE,
    FEISHU_CALENDAR_PATCH,
    FEISHU_CALENDAR_DELETE,
    FEISHU_CALENDAR_SUBSCRIBE,
    FEISHU_CALENDAR_UNSUBSCRIBE,
    FEISHU_LIST_SUBSCRIPTION,
    FEISHU_LIST_UNSUBSCRIPTION,
    FEISHU_ACL_SUBSCRIPTION,
    FEISHU_ACL_UNSUBSCRIPTION,
    FEISHU_EVENT_SUBSCRIPTION,
    FEISHU_EVENT_UNSUBSCRIPTION,
    FEISHU_ACL_LIST,
    FEISHU_ACL_CREATE,
    FEISHU_ACL_DELETE,
    FEISHU_EVENT_LIST,
    FEISHU_EVENT_GET,
    FEISHU_EVENT_CREATE,
    FEISHU_EVENT_PATCH,
    FEISHU_EVENT_DELETE,
    FEISHU_EVENT_REPLY,
    FEISHU_EVENT_INSTANCES,
    FEISHU_ATTENDEE_LIST,
    FEISHU_ATTENDEE_CREATE,
    FEISHU_ATTENDEE_BATCH_DELETE,
    FEISHU_FREEBUSY_LIST,
    FEISHU_FREEBUSY_BATCH,
    FEISHU_USER_BATCH_GET_ID,
    FEISHU_USER_BATCH,
    FEISHU_USER_BASIC_BATCH,
    FEISHU_USER_SEARCH,
    FEISHU_EMPLOYEE_SEARCH,
    FEISHU_ROOM_LIST,
    FEISHU_ROOM_SEARCH,
    FEISHU_ENDPOINT_COUNT
};

/* A call that may be repeated after an uncertain outcome without harm is READ or
 * REPEATABLE. */
enum feishu_retry { FEISHU_RETRY_READ, FEISHU_RETRY_REPEATABLE, FEISHU_RETRY_ONCE };
enum feishu_token { FEISHU_NO_TOKEN, FEISHU_TENANT, FEISHU_USER, FEISHU_EITHER };

/* What a call is for, to tell what an account spends. */
enum feishu_purpose {
    FEISHU_FOR_TOKENS,
    FEISHU_FOR_CALENDARS, /* the list of calendars and what is in it */
    FEISHU_FOR_EVENTS,
    FEISHU_FOR_ATTENDEES,
    FEISHU_FOR_WRITES,
    FEISHU_FOR_SUBSCRIPTIONS,
    FEISHU_FOR_SHARING,
    FEISHU_FOR_BUSY_TIMES,
    FEISHU_FOR_PEOPLE,
    FEISHU_PURPOSE_COUNT
};

struct feishu_endpoint_row {
    const char *id;     /* "calendar.event.list" */
    const char *method; /* "GET" */
    const char *path;   /* with :names */
    enum feishu_token token;
    enum feishu_retry retry;
    enum feishu_purpose purpose;
    /* REPEATABLE only when the query has this name; NULL = always */
    const char *repeat_key;
    /* where the method's own bound is lower than the usual; 0 = usual */
    long rate_per_second;
};
const struct feishu_endpoint_row *feishu_endpoint_row(enum feishu_endpoint endpoint);

#endif
