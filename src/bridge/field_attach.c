#include "bridge/field_attach.h"

#include "base/codec.h"
#include "base/crypto.h"
#include "bridge/field_text.h"

#include <string.h>

#define DETAIL "/client/calendar/event/detail?"
#define MARK "#attachment-"
#define ID_BYTES 8
#define HOST_DEFAULT "applink.feishu.cn"
#define HOST_MAX 100
#define NUMBER_MAX 24
#define DAY_S 86400
#define OFFICE "application/vnd.openxmlformats-officedocument."

static const struct {
    const char *ending, *type;
} types[] = {
    {".csv", "text/csv"},
    {".doc", "application/msword"},
    {".docx", OFFICE "wordprocessingml.document"},
    {".gif", "image/gif"},
    {".heic", "image/heic"},
    {".htm", "text/html"},
    {".html", "text/html"},
    {".ics", "text/calendar"},
    {".jpeg", "image/jpeg"},
    {".jpg", "image/jpeg"},
    {".json", "application/json"},
    {".key", "application/vnd.apple.keynote"},
    {".md", "text/markdown"},
    {".mov", "video/quicktime"},
    {".mp3", "audio/mpeg"},
    {".mp4", "video/mp4"},
    {".pdf", "application/pdf"},
    {".png", "image/png"},
    {".ppt", "application/vnd.ms-powerpoint"},
    {".pptx", OFFICE "presentationml.presentation"},
    {".rtf", "application/rtf"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain"},
    {".vcf", "text/vcard"},
    {".webp", "image/webp"},
    {".xls", "application/vnd.ms-excel"},
    {".xlsx", OFFICE "spreadsheetml.sheet"},
    {".zip", "application/zip"},
};

/* ---- where a link leads ---- */

/* A host of Feishu's links, which begin with "applink" in both brands (feishu-api 1.1).
 */
static const char *link_host(struct ctx *cx, const char *app_link)
{
    if (!str_starts(app_link, "https://applink."))
        return HOST_DEFAULT;
    const char *host = app_link + strlen("https://");
    size_t len = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    if (len > HOST_MAX || host[len] != '/')
        return HOST_DEFAULT;
    return arena_strndup(cx->arena, host, len);
}

/* The number of the calendar, "" where the link has none: nothing else of its query is
 * taken over. */
static const char *link_calendar(struct ctx *cx, const char *app_link)
{
    const char *at = strstr(app_link, "calendarId=");
    if (at == NULL || at == app_link || (at[-1] != '?' && at[-1] != '&'))
        return "";
    at += strlen("calendarId=");
    size_t len = strspn(at, "0123456789");
    if (len == 0 || len > NUMBER_MAX || (at[len] != '&' && at[len] != '\0'))
        return "";
    return arena_printf(cx->arena, "calendarId=%.*s&", (int)len, at);
}

static int64_t start_s(const cJSON *event)
{
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(event, "start_time");
    int64_t days;
    if (when_parse_date(json_text(start, "date"), &days))
        return days * DAY_S;
    return json_int(start, "timestamp", 0);
}

static const char *event_link(struct ctx *cx, const struct series_row *row)
{
    const char *app_link = json_text(row->event, "app_link");
    const char *id = json_text(row->event, "event_id"), *bar = strrchr(id, '_');
    size_t len = strspn(id,
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "0123456789-");
    if (bar == NULL || bar == id || id + len < bar)
        return NULL;
    return arena_printf(cx->arena,
        "https://%s" DETAIL "%skey=%.*s&originalTime=%lld&startTime=%lld",
        link_host(cx, app_link), link_calendar(cx, app_link), (int)(bar - id), id,
        (long long)row->original_time, (long long)start_s(row->event));
}

/* ---- the fact ---- */

/* Tells the files of an event apart; nobody gets back from it to the token. */
static char *file_id(struct ctx *cx, const cJSON *file)
{
    unsigned char digest[SHA256_BYTES];
    const char *token = json_text(file, "file_token");
    if (*token == '\0')
        token = json_text(file, "name");
    crypto_sha256(token, strlen(token), digest);
    return hex_encode(cx->arena, digest, ID_BYTES);
}

static bool is_listed(const cJSON *list, const char *id)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        if (str_eq(json_text(one, "id"), id))
            return true;
    }
    return false;
}

enum err read_attachments(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    const char *link = event_link(cx, row);
    const cJSON *one,
        *files = cJSON_GetObjectItemCaseSensitive(row->event, "attachments");
    cJSON *list = cJSON_CreateArray();
    cJSON_ArrayForEach(one, files)
    {
        if (link == NULL || json_bool(one, "is_deleted", false) ||
            cJSON_GetArraySize(list) == ATTACHMENTS_MAX)
            continue;
        char *id = file_id(cx, one);
        if (is_listed(list, id))
            continue;
        cJSON *file = cJSON_CreateObject();
        cJSON_AddStringToObject(
            file, "uri", arena_printf(cx->arena, "%s" MARK "%s", link, id));
        cJSON_AddStringToObject(file, "id", id);
        cJSON_AddStringToObject(file, "name", no_controls(cx, json_text(one, "name")));
        cJSON_AddNumberToObject(file, "size", (double)json_int(one, "file_size", 0));
        cJSON_AddItemToArray(list, file);
    }
    if (list->child != NULL)
        *value = list;
    else
        cJSON_Delete(list);
    return ERR_OK;
}

/* ---- lines ---- */

/* The id of a line that was made here, NULL for others. */
static const char *line_id(const struct line *line)
{
    size_t len = strlen(line->value), tail = strlen(MARK) + 2 * ID_BYTES;
    if (len < tail || strstr(line->value, DETAIL) == NULL ||
        !str_starts(line->value + len - tail, MARK))
        return NULL;
    const char *id = line->value + len - 2 * ID_BYTES;
    return strspn(id, "0123456789abcdef") == 2 * ID_BYTES ? id : NULL;
}

static const cJSON *find(const cJSON *files, const char *id)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, files)
    {
        if (str_eq(json_text(one, "id"), id))
            return one;
    }
    return NULL;
}

static const char *type_of(struct ctx *cx, const char *name)
{
    const char *lower = str_lower(cx->arena, name);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (str_ends(lower, types[i].ending))
            return types[i].type;
    }
    return NULL;
}

static struct line *file_line(struct ctx *cx, const cJSON *file)
{
    const char *name = json_text(file, "name"), *type = type_of(cx, name);
    int64_t size = json_int(file, "size", 0);
    struct buf out = buf_new(cx->arena);
    if (type != NULL)
        buf_printf(&out, ";FMTTYPE=%s", type);
    if (*name != '\0')
        buf_printf(&out, ";FILENAME=%s", param_escape(cx->arena, name));
    if (size > 0)
        buf_printf(&out, ";SIZE=%lld", (long long)size);
    return line_new(cx, "ATTACH%s:%s", buf_str(&out), json_text(file, "uri"));
}

static size_t end_of_lines(const struct comp *event)
{
    size_t place = 0;
    bool found = false;
    for (size_t i = 0; i < event->items.n; i++) {
        const struct line *line = event->items.items[i].line;
        bool own = line != NULL && str_eq(line->name, "ATTACH");
        if (own || (line != NULL && !found))
            place = i + 1;
        found = found || own;
    }
    return place;
}

void patch_attachments(struct ctx *cx, const struct scene *scene, const cJSON *facts)
{
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(facts, "attachments"), *one;
    struct comp *event = scene->event;
    LIST(const cJSON *) there = {0};
    for (size_t i = 0; i < event->items.n; i++) {
        struct line *line = event->items.items[i].line;
        const char *id =
            line != NULL && str_eq(line->name, "ATTACH") ? line_id(line) : NULL;
        if (id == NULL)
            continue;
        const cJSON *file = find(files, id);
        if (file == NULL) {
            comp_remove_line(event, line);
            i--;
            continue;
        }
        if (!str_eq(line->value, json_text(file, "uri")))
            event->items.items[i].line = file_line(cx, file);
        LIST_ADD(cx->arena, &there, file);
    }
    size_t place = end_of_lines(event);
    cJSON_ArrayForEach(one, files)
    {
        bool has = false;
        for (size_t i = 0; i < there.n; i++)
            has = has || there.items[i] == one;
        if (!has)
            comp_insert(
                cx, event, place++, (struct comp_item){.line = file_line(cx, one)});
    }
}
