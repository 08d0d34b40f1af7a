#include "draft_meeting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTACHMENTS_MAX_BYTES (25LL * 1024 * 1024)

char *meeting_new(void)
{
    char digits[10];

    random_digits(digits, 9);
    return xfmt("{\"vc_type\":\"vc\",\"icon_type\":\"vc\","
                "\"meeting_url\":\"https://vc.feishu.cn/j/%s\"}",
        digits);
}

/* 4 to 9 digits (195112). */
static bool password_is_good(const char *p)
{
    size_t n = strlen(p);

    return n >= 4 && n <= 9 && strspn(p, "0123456789") == n;
}

static int check_settings(const struct request *rq, struct reply *rp,
    const struct event *old, const cJSON *settings)
{
    const cJSON *hosts = cJSON_GetObjectItemCaseSensitive(settings, "assign_hosts");
    const cJSON *early =
        cJSON_GetObjectItemCaseSensitive(settings, "allow_attendees_start");
    const char *password = json_text(settings, "password");
    const struct person *organizer = old ? old->creator : rq->who;

    if (organizer->bot && (hosts || cJSON_IsFalse(early)))
        return refuse(rp, 193101);
    if (hosts && organizer != rq->who)
        return refuse(rp, 193102);
    if (password && organizer != rq->who)
        return refuse(rp, 195113);
    return password && !password_is_good(password) ? refuse(rp, 195112) : 0;
}

static void read_settings(const struct event *old, const cJSON *settings, struct draft *d)
{
    cJSON *kept = old && old->meeting_settings ? cJSON_Parse(old->meeting_settings)
                                               : cJSON_CreateObject();
    const cJSON *m;

    cJSON_ArrayForEach(m, settings)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(kept, m->string);
        cJSON_AddItemToObject(kept, m->string, cJSON_Duplicate(m, true));
    }
    d->has_settings = true;
    d->settings = cJSON_PrintUnformatted(kept);
    cJSON_Delete(kept);
}

static char *third_party(const char *type, const cJSON *vchat)
{
    struct buf out = {0};
    const char *icon = json_text(vchat, "icon_type"),
               *about = json_text(vchat, "description");
    const char *url = json_text(vchat, "meeting_url");

    jw_open(&out, NULL, '{');
    jw_str(&out, "vc_type", type);
    jw_str(&out, "icon_type", icon && *icon ? icon : "default");
    jw_str(&out, "description", about ? about : "");
    if (url)
        jw_str(&out, "meeting_url", url);
    jw_close(&out, '}');
    return out.p;
}

int meeting_read(
    const struct request *rq, struct reply *rp, const struct event *old, struct draft *d)
{
    const cJSON *vchat = body_get(rq, "vchat");
    const cJSON *settings = cJSON_GetObjectItemCaseSensitive(vchat, "meeting_settings");
    const char *type = json_text(vchat, "vc_type");

    if (!vchat && old)
        return 0;
    if (!type || !*type) {
        d->has_vchat = !old;
        d->vchat_open = true;
    } else {
        d->has_vchat = true;
        if (strcmp(type, "no_meeting") == 0)
            d->vchat = xstrdup("{\"vc_type\":\"no_meeting\"}");
        else if (strcmp(type, "vc") != 0)
            d->vchat = third_party(type, vchat);
        else if (old && old->vchat && strstr(old->vchat, "\"vc_type\":\"vc\""))
            d->vchat = xstrdup(old->vchat);
        else
            d->vchat = meeting_new();
    }
    if (!cJSON_IsObject(settings))
        return 0;
    if (check_settings(rq, rp, old, settings))
        return rp->code;
    read_settings(old, settings, d);
    return 0;
}

static bool is_button(const char *name)
{
    static const char *const names[] = {"ForwardIcon", "MeetingChatIcon",
        "MeetingMinutesIcon", "MeetingVideo", "RSVP", "Attendee", "OrganizerOrCreator"};

    for (size_t i = 0; name && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

int schemas_read(const struct request *rq, struct reply *rp, struct draft *d)
{
    const cJSON *list = body_get(rq, "schemas"), *one;
    struct buf out = {0};

    if (!list)
        return 0;
    cJSON_ArrayForEach(
        one, list) if (!is_button(json_text(one, "ui_name"))) return refuse_field(rp,
        190014, "schemas.ui_name", json_text(one, "ui_name"), "not a known element");
    d->has_schemas = true;
    if (!list->child)
        return 0;
    jw_open(&out, NULL, '[');
    cJSON_ArrayForEach(one, list)
    {
        jw_open(&out, NULL, '{');
        jw_str(&out, "ui_name", json_text(one, "ui_name"));
        jw_str(&out, "ui_status",
            json_text(one, "ui_status") ? json_text(one, "ui_status") : "hide");
        jw_close(&out, '}');
    }
    jw_close(&out, ']');
    d->schemas = out.p;
    return 0;
}

static const struct file *file_find(const char *token)
{
    for (size_t i = 0; token && i < W.files.n; i++) {
        const struct file *f = W.files.p[i];

        if (strcmp(f->token, token) == 0)
            return f;
    }
    return NULL;
}

static void drop_file(cJSON *list, const char *token)
{
    for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--)
        if (strcmp(json_text(cJSON_GetArrayItem(list, i), "file_token"), token) == 0)
            cJSON_DeleteItemFromArray(list, i);
}

static int change_files(struct reply *rp, cJSON *kept, const cJSON *changes)
{
    const cJSON *one;
    long long total = 0;

    cJSON_ArrayForEach(one, changes)
    {
        const struct file *file = file_find(json_text(one, "file_token"));
        char size[24];
        cJSON *added;

        if (!file)
            return refuse(rp, 193105);
        drop_file(kept, file->token);
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "is_deleted")))
            continue;
        added = cJSON_CreateObject();
        snprintf(size, sizeof size, "%lld", (long long)file->bytes);
        cJSON_AddStringToObject(added, "file_token", file->token);
        cJSON_AddStringToObject(added, "file_size", size);
        cJSON_AddStringToObject(added, "name", file->name);
        cJSON_AddItemToArray(kept, added);
    }
    cJSON_ArrayForEach(one, kept) total += strtoll(json_text(one, "file_size"), NULL, 10);
    return total > ATTACHMENTS_MAX_BYTES ? refuse(rp, 193106) : 0;
}

int attachments_read(
    const struct request *rq, struct reply *rp, const struct event *old, struct draft *d)
{
    const cJSON *changes = body_get(rq, "attachments");
    cJSON *kept;

    if (!changes)
        return 0;
    kept = old && old->attachments ? cJSON_Parse(old->attachments) : cJSON_CreateArray();
    if (change_files(rp, kept, changes) == 0) {
        d->has_attachments = true;
        if (kept->child)
            d->attachments = cJSON_PrintUnformatted(kept);
    }
    cJSON_Delete(kept);
    return rp->code;
}

/* Minutes from the start of the event, an event taken as long as a day for the
 * comparison. */
static bool read_moment(const cJSON *moment, int *at)
{
    const char *type = json_text(moment, "time_type");
    const cJSON *duration = cJSON_GetObjectItemCaseSensitive(moment, "duration");
    int n = duration ? duration->valueint : 0;

    if (n != 0 && n != 5 && n != 15 && n != 30 && n != 60)
        return false;
    if (strcmp(type, "before_event_start") == 0) {
        *at = -n;
        return n != 0;
    }
    *at = strcmp(type, "after_event_end") == 0 ? 1440 + n : n;
    return true;
}

int check_in_read(const struct request *rq, struct reply *rp, struct draft *d)
{
    const cJSON *body = body_get(rq, "event_check_in");
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(body, "check_in_start_time");
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(body, "check_in_end_time");
    int from = -60, to = 2000;

    if (!body)
        return 0;
    if ((start && !read_moment(start, &from)) || (end && !read_moment(end, &to)) ||
        from >= to)
        return refuse_field(
            rp, 190014, "event_check_in", "", "check-in times are not valid");
    d->has_check_in = true;
    d->check_in = cJSON_PrintUnformatted(body);
    return 0;
}
