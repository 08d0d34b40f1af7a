#include "feishu/endpoint.h"

#include "unit.h"

/* The published reference, one row an endpoint. */
static const struct {
    const char *id, *method;
    enum feishu_token token;
    const char *path;
} reference[FEISHU_ENDPOINT_COUNT] = {
    {"auth.tenant_access_token.internal", "POST", FEISHU_NO_TOKEN,
        "/open-apis/auth/v3/tenant_access_token/internal"},
    {"authen.user_info", "GET", FEISHU_USER, "/open-apis/authen/v1/user_info"},
    {"calendar.primary", "POST", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/primary"},
    {"calendar.primarys", "POST", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/primarys"},
    {"calendar.list", "GET", FEISHU_EITHER, "/open-apis/calendar/v4/calendars"},
    {"calendar.get", "GET", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id"},
    {"calendar.create", "POST", FEISHU_EITHER, "/open-apis/calendar/v4/calendars"},
    {"calendar.patch", "PATCH", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id"},
    {"calendar.delete", "DELETE", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id"},
    {"calendar.subscribe", "POST", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/subscribe"},
    {"calendar.unsubscribe", "POST", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/unsubscribe"},
    {"calendar.subscription", "POST", FEISHU_USER,
        "/open-apis/calendar/v4/calendars/subscription"},
    {"calendar.unsubscription", "POST", FEISHU_USER,
        "/open-apis/calendar/v4/calendars/unsubscription"},
    {"calendar.acl.subscription", "POST", FEISHU_USER,
        "/open-apis/calendar/v4/calendars/:calendar_id/acls/subscription"},
    {"calendar.acl.unsubscription", "POST", FEISHU_USER,
        "/open-apis/calendar/v4/calendars/:calendar_id/acls/unsubscription"},
    {"calendar.event.subscription", "POST", FEISHU_USER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/subscription"},
    {"calendar.event.unsubscription", "POST", FEISHU_USER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/unsubscription"},
    {"calendar.acl.list", "GET", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/acls"},
    {"calendar.acl.create", "POST", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/acls"},
    {"calendar.acl.delete", "DELETE", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/acls/:acl_id"},
    {"calendar.event.list", "GET", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events"},
    {"calendar.event.get", "GET", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/:event_id"},
    {"calendar.event.create", "POST", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events"},
    {"calendar.event.patch", "PATCH", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/:event_id"},
    {"calendar.event.delete", "DELETE", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/:event_id"},
    {"calendar.event.reply", "POST", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/:event_id/reply"},
    {"calendar.event.instances", "GET", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/:event_id/instances"},
    {"calendar.event.attendee.list", "GET", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/:event_id/attendees"},
    {"calendar.event.attendee.create", "POST", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/:event_id/attendees"},
    {"calendar.event.attendee.batch_delete", "POST", FEISHU_EITHER,
        "/open-apis/calendar/v4/calendars/:calendar_id/events/:event_id/attendees/"
        "batch_delete"},
    {"freebusy.list", "POST", FEISHU_EITHER, "/open-apis/calendar/v4/freebusy/list"},
    {"freebusy.batch", "POST", FEISHU_EITHER, "/open-apis/calendar/v4/freebusy/batch"},
    {"contact.users.batch_get_id", "POST", FEISHU_TENANT,
        "/open-apis/contact/v3/users/batch_get_id"},
    {"contact.users.batch", "GET", FEISHU_EITHER, "/open-apis/contact/v3/users/batch"},
    {"contact.users.basic_batch", "POST", FEISHU_EITHER,
        "/open-apis/contact/v3/users/basic_batch"},
    {"search.v1.user", "GET", FEISHU_USER, "/open-apis/search/v1/user"},
    {"directory.employees.search", "POST", FEISHU_EITHER,
        "/open-apis/directory/v1/employees/search"},
    {"vc.rooms.list", "GET", FEISHU_TENANT, "/open-apis/vc/v1/rooms"},
    {"vc.rooms.search", "POST", FEISHU_USER, "/open-apis/vc/v1/rooms/search"},
};

static void every_endpoint_is_as_published(void **state)
{
    (void)state;
    for (int i = 0; i < FEISHU_ENDPOINT_COUNT; i++) {
        const struct feishu_endpoint_row *row =
            feishu_endpoint_row((enum feishu_endpoint)i);
        assert_non_null(reference[i].id);
        assert_string_equal(row->id, reference[i].id);
        assert_string_equal(row->method, reference[i].method);
        assert_string_equal(row->path, reference[i].path);
        assert_int_equal(row->token, reference[i].token);
    }
}

static void every_get_is_a_read_and_no_other_method_but_post_is(void **state)
{
    (void)state;
    for (int i = 0; i < FEISHU_ENDPOINT_COUNT; i++) {
        const struct feishu_endpoint_row *row =
            feishu_endpoint_row((enum feishu_endpoint)i);
        if (strcmp(row->method, "GET") == 0)
            assert_int_equal(row->retry, FEISHU_RETRY_READ);
        else if (strcmp(row->method, "POST") != 0)
            assert_int_not_equal(row->retry, FEISHU_RETRY_READ);
    }
}

static void what_a_repeat_would_double_or_tell_twice_is_sent_once(void **state)
{
    static const enum feishu_endpoint once[] = {FEISHU_CALENDAR_CREATE,
        FEISHU_ATTENDEE_CREATE, FEISHU_EVENT_PATCH, FEISHU_EVENT_REPLY};
    (void)state;
    for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++)
        assert_int_equal(feishu_endpoint_row(once[i])->retry, FEISHU_RETRY_ONCE);
    assert_string_equal(
        feishu_endpoint_row(FEISHU_EVENT_CREATE)->repeat_key, "idempotency_key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_endpoint_is_as_published),
        cmocka_unit_test(every_get_is_a_read_and_no_other_method_but_post_is),
        cmocka_unit_test(what_a_repeat_would_double_or_tell_twice_is_sent_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
