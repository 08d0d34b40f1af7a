#include "errors.h"

#include <stddef.h>

/* Calendar codes, codes of the neighbouring services, codes of the gateway. 20xxx are
 * here for user_info only; the OAuth endpoints have a table of their own. */
static const struct row {
    int code, status;
    const char *text;
} ROWS[] = {
    {9499, 400, "Invalid parameter type in json"},
    {20001, 200, "Invalid request. Please check request param"},
    {20005, 200, "The user access token passed is invalid. Please check the value"},
    {20008, 200, "User not exist"},
    {20021, 200, "User resigned"},
    {20022, 200, "User frozen"},
    {40001, 400, "param is invalid"},
    {40003, 400, "internal error"},
    {40004, 403, "no dept. authority"},
    {41012, 400, "user id invalid error"},
    {41050, 400, "no user authority"},
    {105003, 400, "original_time is not valid"},
    {121001, 500, "internal error"},
    {121002, 400, "not support"},
    {121003, 400, "param error"},
    {121004, 404, "data not exist"},
    {121005, 404, "no permission"},
    {121006, 404, "data conflict"},
    {190002, 400, "invalid parameters in request"},
    {190003, 500, "internal service error"},
    {190004, 429, "method rate limited"},
    {190005, 429, "app rate limited"},
    {190006, 403, "wrong unit for app tenant"},
    {190007, 404, "app bot_id not found"},
    {190008, 400, "page_token or sync_token expired"},
    {190009, 400, "sync token cannot be used with other request restrictions"},
    {190010, 429, "current operation rate limited"},
    {190011, 403, "tenant encrypt key has been deleted"},
    {190012, 403, "tenant decrypt key has been deleted"},
    {190013, 400, "content being saved is at risk"},
    {190014, 400, "invalid request parameters. check details for more info."},
    {191000, 404, "calendar not found"},
    {191001, 400, "invalid calendar_id"},
    {191002, 403, "no calendar access_role"},
    {191003, 403, "calendar is deleted"},
    {191004, 403, "invalid calendar type"},
    {191005, 400, "subscribe calendars count rich limit"},
    {191006, 400, "subscribe target calendar is not allowed"},
    {191007, 400, "target calendar is already unsubscribed"},
    {191008, 400, "primary calendar can not be unsubscribed"},
    {191009, 400, "non-subscriber cannot modify the calendar"},
    {192000, 404, "acl not found"},
    {193000, 400, "invalid event_id"},
    {193001, 404, "event not found"},
    {193002, 403, "no permission to operate event"},
    {193003, 403, "event is deleted"},
    {193101, 400,
        "organizer is bot, can not set assign_hosts, and allow_attendees_start must "
        "be true"},
    {193102, 400, "only organizer(not bot) can set assign_hosts"},
    {193103, 400, "requested time exceeds the allowed range"},
    {193104, 400, "exceeded the maximum instance number"},
    {193105, 400, "invalid attachment file token"},
    {193106, 400, "the total size of attachment exceed limit"},
    {193107, 400, "no permission to access attachment file token"},
    {193109, 403, "no permission to transfer event"},
    {194000, 404, "attendee not found"},
    {194001, 403, "no permission to list event attendees"},
    {194002, 403, "no permission to create event attendees"},
    {194003, 403, "no permission to delete event attendees"},
    {194004, 400, "invalid attendee type"},
    {195000, 403, "no permission to delete timeoff event"},
    {195100, 404, "user is dismiss or not exist in the tenant"},
    {195101, 403, "user is not supper administrator"},
    {195102, 400, "exchange_binding_id invalid"},
    {195103, 404, "exchange account binding is not found"},
    {195104, 403, "current tenant not match"},
    {195105, 403, "admin account binding failed"},
    {195106, 404, "admin account is not found"},
    {195107, 403, "no permission unbind meeting chat"},
    {195108, 400, "chat not match with event"},
    {195109, 400, "event not support chat creation"},
    {195110, 400, "event not support minute creation"},
    {195112, 400, "invalid password"},
    {195113, 400, "only organizer can set password"},
    {198001, 400, "the number of user IDs exceeds the limit"},
    {198002, 400, "the time format is illegal"},
    {198003, 400, "the time range is illegal"},
    {198004, 400, "the time zone format is illegal"},
    {198007, 400, "the number of calendar IDs exceeds the limit"},
    {1061002, 400, "params error."},
    {1061043, 400, "file size beyond limit."},
    {1061044, 400, "parent node not exist."},
    {1062009, 400,
        "the actual size is inconsistent with the parameter declaration size."},
    {1810001, 400, "param is invalid"},
    {2220001, 400, "param is invalid"},
    {2220010, 400, "Exceeded the limit size"},
    {2221004, 400, "invalid page token"},
    {2221005, 400, "no page request"},
    {99991300, 400, "invalid request body: not json"},
    {99991400, 429, "request trigger frequency limit"},
    {99991401, 400, "ip is denied by app setting"},
    {99991403, 400, "monthly quota is used up"},
    {99991543, 400, "app_id or app_secret is invalid"},
    {99991661, 400,
        "Missing access token for authorization. Please make a request with token "
        "attached."},
    {99991662, 400, "app is not enabled"},
    {99991663, 400,
        "Invalid access token for authorization. Please make a request with token "
        "attached."},
    {99991664, 400, "Invalid app access token"},
    {99991665, 400, "tenant is invalid"},
    {99991668, 400,
        "Invalid access token for authorization. Please make a request with token "
        "attached."},
    {99991669, 400, "Invalid refresh token"},
    {99991671, 400,
        "Invalid access token for authorization. It must start with a known prefix."},
    {99991672, 400, "Access denied."},
    {99991673, 400, "app is unavailable in this tenant"},
    {99991676, 400, "token has no permission"},
    {99991677, 401, "Authentication token expired. Please request a new one."},
    {99991679, 400, "Unauthorized."},
    {99992351, 400, "not a valid open_id"},
    {99992360, 400, "not a valid user_id"},
    {99992361, 400, "open_id cross app"},
    {99992364, 400, "not a valid union_id"},
    {99992375, 400, "not a valid room_id"},
    {99992402, 400, "field validation failed"},
};

static const struct row *row_of(int code)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (ROWS[i].code == code)
            return &ROWS[i];
    return NULL;
}

int error_status(int code)
{
    const struct row *row = row_of(code);

    return row ? row->status : 400;
}

const char *error_text(int code)
{
    const struct row *row = row_of(code);

    return row ? row->text : "error";
}
