#include "bridge/vchat.h"

#include <ctype.h>
#include <string.h>

#define BREAKS_A_LINK " \t\r\n"

/* RFC 3986 3.1. Apps have schemes of their own: zoommtg://. */
static bool has_scheme(const char *url)
{
    size_t len =
        strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    return isalpha((unsigned char)*url) && strncmp(url + len, "://", 3) == 0;
}

static bool is_link(const char *url)
{
    return has_scheme(url) && strpbrk(url, BREAKS_A_LINK) == NULL;
}

static bool is_wanted(const struct line *line)
{
    return str_ieq(line->value, VCHAT_WANTED);
}

/* Only a CONFERENCE that says what it is for (FEATURE) is a meeting. */
static bool is_meeting(const struct line *line)
{
    return is_wanted(line) ||
        (!str_empty(line_param(line, "FEATURE")) && is_link(line->value));
}

static struct line *meeting_line(const struct comp *event)
{
    size_t at = 0;
    for (struct line *line; (line = comp_next_line(event, "CONFERENCE", &at)) != NULL;) {
        if (is_meeting(line))
            return line;
    }
    return NULL;
}

static void add_member(cJSON *object, const char *name, const char *text)
{
    if (!str_empty(text))
        cJSON_AddStringToObject(object, name, text);
}

enum err up_vchat(struct ctx *cx, const struct scene *scene, cJSON **value)
{
    (void)cx;
    const struct line *conference = meeting_line(scene->event);
    const struct line *url = comp_line(scene->event, "URL");
    if (conference == NULL && url == NULL)
        return ERR_OK;
    *value = cJSON_CreateObject();
    if (conference != NULL && is_wanted(conference)) {
        cJSON_AddTrueToObject(*value, "wanted");
    } else if (conference != NULL) {
        add_member(*value, "conference", conference->value);
        add_member(*value, "label", line_param(conference, "LABEL"));
    }
    if (url != NULL)
        add_member(*value, "url", url->value);
    return ERR_OK;
}

enum err read_vchat(struct ctx *cx, const struct convert_env *env,
    const struct series_row *row, cJSON **value)
{
    (void)env;
    const cJSON *vchat = cJSON_GetObjectItemCaseSensitive(row->event, "vchat");
    const char *url = str_trim(cx->arena, json_text(vchat, "meeting_url"));
    if (*url == '\0' || str_eq(json_text(vchat, "vc_type"), "no_meeting") ||
        strpbrk(url, BREAKS_A_LINK) != NULL)
        return ERR_OK;
    if (!has_scheme(url))
        url = arena_printf(cx->arena, "https://%s", url);
    *value = cJSON_CreateObject();
    add_member(*value, "conference", url);
    add_member(*value, "label", json_text(vchat, "description"));
    add_member(*value, "url", url);
    return ERR_OK;
}

/* A client that dropped CONFERENCE (RFC 7986 is little known) but kept the link in URL
 * changed nothing. */
bool equal_vchat(const cJSON *a, const cJSON *b)
{
    const char *x = json_text(a, "conference"), *y = json_text(b, "conference");
    bool p = json_bool(a, "wanted", false), q = json_bool(b, "wanted", false);
    /* Who asks for a meeting where there is one has it. */
    if (p || q)
        return (p || *x != '\0') && (q || *y != '\0');
    if (*x != '\0' && *y != '\0')
        return str_eq(x, y);
    if (*x != '\0')
        return str_eq(x, json_text(b, "url"));
    return *y == '\0' || str_eq(y, json_text(a, "url"));
}

static struct line *conference_line(struct ctx *cx, const char *url, const char *label)
{
    if (*label == '\0')
        return line_new(cx, "CONFERENCE;VALUE=URI;FEATURE=VIDEO:%s", url);
    return line_new(cx, "CONFERENCE;VALUE=URI;FEATURE=VIDEO;LABEL=%s:%s",
        param_escape(cx->arena, label), url);
}

/* Links to meetings, and where one has been made the wishes for it. */
static bool is_replaced(void *self, const struct line *line)
{
    const bool *wishes = self;
    return str_eq(line->name, "CONFERENCE") && is_meeting(line) &&
        (*wishes || !is_wanted(line));
}

void patch_vchat(struct ctx *cx, const struct scene *scene, const cJSON *facts)
{
    const cJSON *now = cJSON_GetObjectItemCaseSensitive(facts, "vchat");
    const char *url = json_text(now, "conference");
    cJSON *was = NULL;
    if (up_vchat(cx, scene, &was) != ERR_OK)
        return;
    json_own(cx, was);
    bool wanted = json_bool(was, "wanted", false);
    if (wanted ? *url == '\0' : equal_vchat(was, now))
        return;
    const char *old = json_text(was, "conference");
    struct line *link = comp_line(scene->event, "URL");
    bool own_link = link != NULL && !str_eq(link->value, old);
    if (link != NULL && !own_link)
        comp_remove_line(scene->event, link);
    bool wishes = *url != '\0';
    comp_drop_lines(scene->event, is_replaced, &wishes);
    if (*url == '\0')
        return;
    comp_add_line(cx, scene->event, conference_line(cx, url, json_text(now, "label")));
    if (!own_link)
        comp_add_line(cx, scene->event, line_new(cx, "URL;VALUE=URI:%s", url));
}

enum err write_vchat(struct ctx *cx, const struct field_write *write, cJSON *body)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(write->facts, "vchat");
    const char *url = json_text(value, "conference"), *label = json_text(value, "label");
    bool wanted = json_bool(value, "wanted", false);
    if (*url == '\0' && !wanted && !write->create)
        return ERR_OK;
    cJSON *vchat = cJSON_AddObjectToObject(body, "vchat");
    if (wanted) {
        cJSON_AddStringToObject(vchat, "vc_type", "vc");
        return ERR_OK;
    }
    if (*url == '\0') {
        /* Left empty, the first attendee would make a Feishu meeting (feishu-api 5.6). */
        cJSON_AddStringToObject(vchat, "vc_type", "no_meeting");
        return ERR_OK;
    }
    if (utf8_length(url) > VCHAT_URL_MAX_CHARS ||
        utf8_length(label) > VCHAT_DESCRIPTION_MAX_CHARS)
        return fail(cx, ERR_UPSTREAM_REFUSED,
            "CONFERENCE: Feishu holds at most %d characters of link and %d of label",
            VCHAT_URL_MAX_CHARS, VCHAT_DESCRIPTION_MAX_CHARS);
    cJSON_AddStringToObject(vchat, "vc_type", "third_party");
    cJSON_AddStringToObject(vchat, "icon_type", "vc");
    cJSON_AddStringToObject(vchat, "description", label);
    cJSON_AddStringToObject(vchat, "meeting_url", url);
    return ERR_OK;
}
