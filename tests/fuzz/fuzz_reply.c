/* A reply of Feishu, or of whatever stands in its place: status, type and body. */
#include "feishu/reply.h"

#include "fuzz.h"

#include <string.h>

static const long statuses[] = {0, 200, 204, 302, 400, 401, 403, 404, 429, 500, 503};
static const char *const types[] = {
    "application/json", "text/plain", "", "text/html", "application/problem+json"};

static void check(
    struct ctx *cx, const struct transport_reply *bytes, bool is_read, bool is_oauth)
{
    struct reply reply;
    reply_read(cx, bytes, is_read, is_oauth, &reply);
    FUZZ_CHECK(reply.text && reply.log_id);
    if (reply.kind == ERR_OK) {
        FUZZ_CHECK(bytes->status && (reply.json || is_oauth));
        FUZZ_CHECK(!reply.code && !reply.unsure);
        return;
    }
    FUZZ_CHECK(reply.kind >= ERR_UPSTREAM_REFUSED && reply.kind <= ERR_UPSTREAM_APP);
    FUZZ_CHECK(*reply.text || !bytes->status);
    /* Only what Feishu itself says may make the bridge forget something. */
    if (reply.kind == ERR_UPSTREAM_GONE || reply.kind == ERR_UPSTREAM_RIGHTS)
        FUZZ_CHECK(reply.json && reply.code && reply.rule == CODE_FINAL);
    if (reply.kind == ERR_UPSTREAM_UNKNOWN)
        FUZZ_CHECK(!is_read && reply.unsure);
    json_text(reply.json, "data");
    json_int(reply.json, "code", 0);
    json_bool(reply.json, "has_more", false);
    json_array(reply.json, "items");
}

/* The first two bytes choose status, type and whether anything was sent. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct ctx *cx = ctx_new(NULL);
    struct transport_reply bytes = {.sent = data[1] & 1,
        .reset_s = -1,
        .status = statuses[data[0] % (sizeof(statuses) / sizeof(*statuses))],
        .body = buf_new(NULL)};
    snprintf(bytes.content_type, sizeof(bytes.content_type), "%s",
        types[(data[1] >> 1) % (sizeof(types) / sizeof(*types))]);
    buf_add(&bytes.body, data + 2, size - 2);
    for (int i = 0; i < 4; i++)
        check(cx, &bytes, i & 1, i & 2);
    transport_reply_free(&bytes);
    ctx_free(cx);
    return 0;
}
