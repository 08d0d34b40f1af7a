/*
 * The callback (feishu-api 11.3): who may call, what is inside. With an Encrypt Key
 * bodies are encrypted and signed; without one the Verification Token inside tells that
 * Feishu sent them.
 */
#ifndef FEISHU_HOOK_H
#define FEISHU_HOOK_H

#include "feishu/envelope.h"

#define HOOK_BODY_MAX_BYTES (1024u * 1024)
#define HOOK_WINDOW_S 300               /* between the signature's time and ours */
#define HOOK_EVENT_AGE_MS (8 * 3600000) /* the last repetition comes after 7 h */

struct hook_keys {
    struct secret verification_token, encrypt_key; /* at least one is needed */
};

struct hook_request {
    const char *body;
    size_t body_bytes;
    /* X-Lark-Request-Timestamp, X-Lark-Request-Nonce, X-Lark-Signature; NULL = not sent
     */
    const char *timestamp, *nonce, *signature;
};

struct hook_result {
    const char *challenge; /* the URL check: to be answered with it. NULL = an event */
    struct feishu_event event;
};

/* Errors: TOO_LARGE; BAD_REQUEST for what is no callback; FORBIDDEN for what Feishu did
 * not send, or sent too long ago. Texts live in cx->arena. */
enum err hook_open(struct ctx *cx, const struct hook_keys *keys,
    const struct hook_request *request, struct hook_result *result);

#endif
