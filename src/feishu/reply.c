/*
 * The code decides, not the HTTP status. The status is asked only where no known code is
 * there: a gateway's page, a proxy's, or a code newer than the table.
 */
#include "feishu/reply.h"

#include <limits.h>

#define MESSAGE_MAX_CHARS 300
#define NO_CODE INT_MIN

static bool is_json_type(const char *type)
{
    return str_eq(type, "application/json") || str_ends(type, "+json");
}

static cJSON *parse_body(struct ctx *cx, const struct transport_reply *bytes)
{
    if (!is_json_type(bytes->content_type))
        return NULL;
    /* A text cut inside a character must not stop all that is read: cJSON takes any
     * bytes, and of escapes whole characters only. */
    const char *text =
        utf8_mended(cx->arena, buf_str(&bytes->body), bytes->body.len_bytes);
    cJSON *json = json_parse(cx->arena, json_mended(cx->arena, text));
    return cJSON_IsObject(json) ? json : NULL;
}

/* The details are an object, but plain text has been met (feishu-api 1.4). */
static void add_details(struct buf *text, const cJSON *json)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error"), *item;
    cJSON_ArrayForEach(item, json_array(error, "field_violations"))
        buf_printf(text, "; field %.100s: %.200s", json_text(item, "field"),
            json_text(item, "description"));
    cJSON_ArrayForEach(item, json_array(error, "permission_violations"))
    {
        const char *scope = json_text(item, "subject");
        buf_printf(text, "; needs %.100s", *scope ? scope : json_text(item, "scope"));
    }
    const char *described = json_text(json, "error_description");
    if (*described)
        buf_printf(text, ", %.300s", described);
}

static const char *log_id_of(
    struct ctx *cx, const struct transport_reply *bytes, const cJSON *json)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
    if (bytes->log_id[0])
        return arena_strdup(cx->arena, bytes->log_id);
    const char *id = json_text(error, "log_id");
    return *id ? id : json_text(error, "logid");
}

static const char *describe(struct ctx *cx, const struct reply *reply)
{
    struct buf text = buf_new(cx->arena);
    if (reply->code)
        buf_printf(&text, "code %d", reply->code);
    else
        buf_adds(&text, reply->json ? "no code" : "no JSON");
    const char *msg = json_text(reply->json, "msg");
    if (*msg)
        buf_printf(&text, ", %.*s", MESSAGE_MAX_CHARS, msg);
    add_details(&text, reply->json);
    buf_printf(&text, " (HTTP %ld", reply->status);
    if (*reply->log_id)
        buf_printf(&text, ", log id %s", reply->log_id);
    buf_addc(&text, ')');
    return buf_str(&text);
}

static void by_status(struct reply *reply)
{
    reply->rule = CODE_FINAL;
    if (reply->status == 429) {
        reply->kind = ERR_UPSTREAM_BUSY;
        reply->rule = CODE_WAIT;
    } else if (reply->status >= 500 || (reply->status < 300 && !reply->code)) {
        /* 2xx that is not Feishu's envelope: cut, or somebody else's page. */
        reply->rule = CODE_UNSURE;
    } else if (reply->json) {
        reply->kind = ERR_UPSTREAM_REFUSED;
    } else if (reply->status == 404) {
        reply->kind =
            ERR_UPSTREAM_APP; /* "404 page not found": no such API at this host */
    } else {
        reply->kind = ERR_UPSTREAM_DOWN; /* a redirect or a proxy's refusal: not Feishu */
    }
}

static void classify(struct reply *reply, int code, bool is_oauth)
{
    const struct code_row *row = code != NO_CODE ? code_find(code) : NULL;
    if (!row && is_oauth && code == NO_CODE)
        row = code_find_oauth(json_text(reply->json, "error"));
    if (row) {
        reply->kind = row->kind;
        reply->rule = row->rule;
    } else if (code == 0 || (is_oauth && code == NO_CODE && reply->status / 100 == 2)) {
        reply->kind = ERR_OK;
    } else {
        by_status(reply);
    }
}

void reply_read(struct ctx *cx, const struct transport_reply *bytes, bool is_read,
    bool is_oauth, struct reply *reply)
{
    *reply = (struct reply){.status = bytes->status,
        .sent = bytes->sent,
        .reset_s = bytes->reset_s,
        .log_id = "",
        .text = ""};
    if (!bytes->status) {
        reply->rule = CODE_UNSURE;
        reply->kind = is_read || !bytes->sent ? ERR_UPSTREAM_DOWN : ERR_UPSTREAM_UNKNOWN;
        reply->unsure = !is_read && bytes->sent;
        reply->log_id = arena_strdup(cx->arena, bytes->log_id);
        reply->text = arena_printf(cx->arena, "%s%s%s%s", bytes->failure,
            *reply->log_id ? " (log id " : "", reply->log_id, *reply->log_id ? ")" : "");
        return;
    }
    reply->json = parse_body(cx, bytes);
    reply->log_id = log_id_of(cx, bytes, reply->json);
    int64_t code = json_int(reply->json, "code", NO_CODE);
    if (code > INT_MAX || code < INT_MIN)
        code = NO_CODE;
    reply->code = code == NO_CODE ? 0 : (int)code;
    classify(reply, (int)code, is_oauth);
    if (reply->kind == ERR_OK && reply->rule != CODE_UNSURE)
        return;
    if (reply->rule == CODE_UNSURE) {
        reply->kind = is_read ? ERR_UPSTREAM_DOWN : ERR_UPSTREAM_UNKNOWN;
        reply->unsure = !is_read;
    }
    reply->text = describe(cx, reply);
}
