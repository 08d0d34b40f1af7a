#include "shapes.h"

/* A member that may be missing, and one that may not. */
#define MAY(name, kind, ...)                                                             \
    {                                                                                    \
        .path = name, .type = kind, ##__VA_ARGS__                                        \
    }
#define NEED(name, kind, ...)                                                            \
    {                                                                                    \
        .path = name, .type = kind, .required = true, ##__VA_ARGS__                      \
    }
#define END                                                                              \
    {                                                                                    \
        .type = F_END                                                                    \
    }

#define WORDS_RIGHT "none|can_see_others|can_invite_others|can_modify_event"
#define WORDS_RSVP "accept|decline|tentative"
#define WORDS_CHECK_IN "before_event_start|after_event_start|after_event_end"
#define WORDS_PERMISSIONS "private|show_only_free_busy|public"
#define WORDS_ATTENDEE "user|chat|resource|third_party"

const struct field Q_LIST_50[] = {MAY("page_size", F_INT, .min = 50, .max = 1000), END};
const struct field Q_PAGE_10_50[] = {
    MAY("page_size", F_INT, .min = 10, .max = 50, .soft_min = true), END};
const struct field Q_PAGE_10_100[] = {
    MAY("page_size", F_INT, .min = 10, .max = 100, .soft_min = true), END};
const struct field Q_PAGE_1_50[] = {MAY("page_size", F_INT, .min = 1, .max = 50), END};
const struct field Q_PAGE_1_100[] = {MAY("page_size", F_INT, .min = 1, .max = 100), END};
const struct field Q_PAGE_1_200[] = {
    NEED("query", F_STRING), MAY("page_size", F_INT, .min = 1, .max = 200), END};
const struct field Q_ATTENDEES[] = {
    MAY("page_size", F_INT, .min = 10, .max = 100, .soft_min = true),
    MAY("need_resource_customization", F_BOOL), END};
const struct field Q_EVENT_GET[] = {MAY("need_meeting_settings", F_BOOL),
    MAY("need_attendee", F_BOOL), MAY("max_attendee_num", F_INT, .min = 1, .max = 100),
    END};
const struct field Q_EVENT_CREATE[] = {
    MAY("idempotency_key", F_STRING, .min = 32, .max = 128), END};
const struct field Q_EVENT_DELETE[] = {
    MAY("need_notification", F_STRING, .words = "true|false"),
    MAY("delete_exception", F_STRING, .words = "true|false"), END};
const struct field Q_INSTANCES[] = {NEED("start_time", F_INT), NEED("end_time", F_INT),
    MAY("page_size", F_INT, .min = 10, .max = 500), END};
const struct field Q_VIEW[] = {NEED("start_time", F_INT), NEED("end_time", F_INT), END};
const struct field Q_CHAT[] = {NEED("meeting_chat_id", F_STRING), END};
const struct field Q_USER_IDS[] = {NEED("user_ids", F_STRINGS), END};
const struct field Q_ROOM_IDS[] = {NEED("room_ids", F_STRINGS),
    NEED("time_min", F_STRING), NEED("time_max", F_STRING), END};

const struct field B_NOTHING[] = {END};
const struct field B_ACL[] = {
    NEED("role", F_STRING, .words = "free_busy_reader|reader|writer|owner"),
    NEED("scope", F_OBJECT), NEED("scope.type", F_STRING, .words = "user"),
    MAY("scope.user_id", F_STRING), END};
const struct field B_CALENDAR_CREATE[] = {MAY("summary", F_STRING, .max = 255),
    MAY("description", F_STRING, .max = 255),
    MAY("permissions", F_STRING, .words = WORDS_PERMISSIONS), MAY("color", F_INT),
    MAY("summary_alias", F_STRING, .max = 255), END};
const struct field B_CALENDAR_PATCH[] = {MAY("summary", F_STRING, .min = 1, .max = 255),
    MAY("description", F_STRING, .max = 255),
    MAY("permissions", F_STRING, .words = WORDS_PERMISSIONS), MAY("color", F_INT),
    MAY("summary_alias", F_STRING, .max = 255), END};
const struct field B_CALENDAR_IDS[] = {NEED("calendar_ids", F_STRINGS), END};
const struct field B_USER_IDS[] = {NEED("user_ids", F_STRINGS), END};
const struct field B_SEARCH_CALENDAR[] = {
    NEED("query", F_STRING, .min = 1, .max = 200), END};

#define EVENT_FIELDS                                                                     \
    MAY("summary", F_STRING, .max = 1000), MAY("description", F_STRING, .max = 40960),   \
        MAY("description_rich", F_STRING, .max = 40960),                                 \
        MAY("need_notification", F_BOOL), MAY("start_time.date", F_STRING),              \
        MAY("start_time.timestamp", F_STRING), MAY("start_time.timezone", F_STRING),     \
        MAY("end_time.date", F_STRING), MAY("end_time.timestamp", F_STRING),             \
        MAY("end_time.timezone", F_STRING), MAY("vchat", F_OBJECT),                      \
        MAY("vchat.vc_type", F_STRING,                                                   \
            .words = "|vc|third_party|no_meeting|third_party_meeting"),                  \
        MAY("vchat.icon_type", F_STRING, .words = "|vc|live|default"),                   \
        MAY("vchat.description", F_STRING, .max = 500),                                  \
        MAY("vchat.meeting_url", F_STRING, .max = 2000),                                 \
        MAY("vchat.meeting_settings", F_OBJECT),                                         \
        MAY("vchat.meeting_settings.owner_id", F_STRING),                                \
        MAY("vchat.meeting_settings.join_meeting_permission", F_STRING,                  \
            .words =                                                                     \
                "anyone_can_join|only_organization_employees|only_event_attendees"),     \
        MAY("vchat.meeting_settings.password", F_STRING),                                \
        MAY("vchat.meeting_settings.assign_hosts", F_STRINGS, .max = 10),                \
        MAY("vchat.meeting_settings.auto_record", F_BOOL),                               \
        MAY("vchat.meeting_settings.open_lobby", F_BOOL),                                \
        MAY("vchat.meeting_settings.allow_attendees_start", F_BOOL),                     \
        MAY("visibility", F_STRING, .words = "default|public|private"),                  \
        MAY("attendee_ability", F_STRING, .words = WORDS_RIGHT),                         \
        MAY("free_busy_status", F_STRING, .words = "busy|free"),                         \
        MAY("location", F_OBJECT), MAY("location.name", F_STRING, .min = 1, .max = 512), \
        MAY("location.address", F_STRING, .min = 1, .max = 255),                         \
        MAY("location.latitude", F_NUMBER), MAY("location.longitude", F_NUMBER),         \
        MAY("color", F_INT), MAY("reminders", F_OBJECTS),                                \
        MAY("reminders.minutes", F_INT, .min = -20160, .max = 20160),                    \
        MAY("recurrence", F_STRING, .max = 2000), MAY("schemas", F_OBJECTS),             \
        MAY("schemas.ui_name", F_STRING),                                                \
        MAY("schemas.ui_status", F_STRING, .words = "hide"),                             \
        MAY("schemas.app_link", F_STRING, .max = 2000), MAY("attachments", F_OBJECTS),   \
        MAY("attachments.file_token", F_STRING), MAY("attachments.is_deleted", F_BOOL),  \
        MAY("event_check_in", F_OBJECT), NEED("event_check_in.enable_check_in", F_BOOL), \
        MAY("event_check_in.check_in_start_time", F_OBJECT),                             \
        NEED("event_check_in.check_in_start_time.time_type", F_STRING,                   \
            .words = WORDS_CHECK_IN),                                                    \
        NEED("event_check_in.check_in_start_time.duration", F_INT, .max = 60),           \
        MAY("event_check_in.check_in_end_time", F_OBJECT),                               \
        NEED("event_check_in.check_in_end_time.time_type", F_STRING,                     \
            .words = WORDS_CHECK_IN),                                                    \
        NEED("event_check_in.check_in_end_time.duration", F_INT, .max = 60),             \
        MAY("event_check_in.need_notify_attendees", F_BOOL), MAY("source", F_STRING),    \
        END

const struct field B_EVENT_CREATE[] = {
    NEED("start_time", F_OBJECT), NEED("end_time", F_OBJECT), EVENT_FIELDS};
const struct field B_EVENT_PATCH[] = {
    MAY("start_time", F_OBJECT), MAY("end_time", F_OBJECT), EVENT_FIELDS};
const struct field B_EVENT_SEARCH[] = {NEED("query", F_STRING, .max = 200),
    MAY("filter", F_OBJECT), MAY("filter.start_time", F_OBJECT),
    MAY("filter.start_time.date", F_STRING), MAY("filter.start_time.timestamp", F_STRING),
    MAY("filter.start_time.timezone", F_STRING), MAY("filter.end_time", F_OBJECT),
    MAY("filter.end_time.date", F_STRING), MAY("filter.end_time.timestamp", F_STRING),
    MAY("filter.end_time.timezone", F_STRING), MAY("filter.user_ids", F_STRINGS),
    MAY("filter.room_ids", F_STRINGS), MAY("filter.chat_ids", F_STRINGS), END};
const struct field B_REPLY[] = {NEED("rsvp_status", F_STRING, .words = WORDS_RSVP), END};
const struct field B_ATTENDEES_ADD[] = {MAY("attendees", F_OBJECTS, .max = 1000),
    MAY("attendees.type", F_STRING, .words = WORDS_ATTENDEE),
    MAY("attendees.is_optional", F_BOOL), MAY("attendees.user_id", F_STRING),
    MAY("attendees.chat_id", F_STRING), MAY("attendees.room_id", F_STRING),
    MAY("attendees.third_party_email", F_STRING), MAY("attendees.operate_id", F_STRING),
    MAY("attendees.resource_customization", F_OBJECTS),
    NEED("attendees.resource_customization.index_key", F_STRING),
    MAY("attendees.approval_reason", F_STRING, .max = 200),
    MAY("need_notification", F_BOOL), MAY("instance_start_time_admin", F_STRING),
    MAY("is_enable_admin", F_BOOL), MAY("add_operator_to_attendee", F_BOOL), END};
const struct field B_ATTENDEES_DELETE[] = {MAY("attendee_ids", F_STRINGS),
    MAY("delete_ids", F_OBJECTS),
    MAY("delete_ids.type", F_STRING, .words = WORDS_ATTENDEE),
    MAY("delete_ids.user_id", F_STRING), MAY("delete_ids.chat_id", F_STRING),
    MAY("delete_ids.room_id", F_STRING), MAY("delete_ids.third_party_email", F_STRING),
    MAY("need_notification", F_BOOL), MAY("instance_start_time_admin", F_STRING),
    MAY("is_enable_admin", F_BOOL), END};
const struct field B_FREEBUSY_LIST[] = {NEED("time_min", F_STRING),
    NEED("time_max", F_STRING), MAY("user_id", F_STRING), MAY("room_id", F_STRING),
    MAY("include_external_calendar", F_BOOL), MAY("only_busy", F_BOOL),
    MAY("need_rsvp_status", F_BOOL), END};
const struct field B_FREEBUSY_BATCH[] = {NEED("time_min", F_STRING),
    NEED("time_max", F_STRING), NEED("user_ids", F_STRINGS),
    MAY("include_external_calendar", F_BOOL), MAY("only_busy", F_BOOL),
    MAY("need_rsvp_status", F_BOOL), END};
const struct field B_TIMEOFF[] = {NEED("user_id", F_STRING), NEED("timezone", F_STRING),
    NEED("start_time", F_STRING), NEED("end_time", F_STRING), MAY("title", F_STRING),
    MAY("description", F_STRING), END};
const struct field B_CALDAV[] = {MAY("device_name", F_STRING, .max = 100), END};
const struct field B_EXCHANGE[] = {NEED("admin_account", F_STRING, .min = 1, .max = 500),
    NEED("exchange_account", F_STRING, .min = 1, .max = 500), NEED("user_id", F_STRING),
    END};
const struct field B_BY_CONTACT[] = {MAY("emails", F_STRINGS, .max = 50),
    MAY("mobiles", F_STRINGS, .max = 50), MAY("include_resigned", F_BOOL), END};
const struct field B_BASIC[] = {NEED("user_ids", F_STRINGS, .min = 1, .max = 10), END};
const struct field B_EMPLOYEES[] = {NEED("query", F_STRING),
    NEED("page_request", F_OBJECT), MAY("page_request.page_size", F_INT, .max = 100),
    MAY("page_request.page_token", F_STRING),
    NEED("required_fields", F_STRINGS, .max = 100), END};
const struct field B_ROOMS_SEARCH[] = {MAY("custom_room_ids", F_STRINGS),
    MAY("keyword", F_STRING), MAY("room_level_id", F_STRING),
    MAY("search_level_name", F_BOOL), MAY("page_size", F_INT, .min = 1, .max = 100),
    MAY("page_token", F_STRING), END};
const struct field B_ROOM_IDS[] = {NEED("room_ids", F_STRINGS), END};
const struct field B_SUMMARY[] = {NEED("EventUids", F_OBJECTS),
    NEED("EventUids.uid", F_STRING), NEED("EventUids.original_time", F_INT), END};
const struct field B_ROOM_REPLY[] = {NEED("room_id", F_STRING), NEED("uid", F_STRING),
    NEED("original_time", F_INT),
    NEED("status", F_STRING,
        .words = "NOT_CHECK_IN|ENDED_BEFORE_DUE|ACCEPTED_BY_ADMIN|DECLINED_BY_ADMIN"),
    END};
