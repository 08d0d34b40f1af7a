#include "http/hook.h"

#include "bridge/events.h"

void hook_events(struct exchange *ex)
{
    struct events_callback callback = {
        .body = buf_str(&ex->body),
        .body_bytes = ex->body.len_bytes,
        .timestamp = exchange_header(ex, "X-Lark-Request-Timestamp"),
        .nonce = exchange_header(ex, "X-Lark-Request-Nonce"),
        .signature = exchange_header(ex, "X-Lark-Signature"),
    };
    char *answer;
    enum err err = bridge_events_callback(ex->cx, ex->site->bridge, &callback, &answer);
    if (err)
        answer_error(ex, err);
    else
        answer_text(ex, 200, "application/json; charset=utf-8", answer);
}
