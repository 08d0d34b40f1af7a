/* A body that somebody sends to the callback: nothing passes that has not the token;
 * where there is a key, nothing that is not signed but the encrypted URL check. */
#include "feishu/hook.h"

#include "base/str.h"
#include "fuzz.h"

#define TOKEN "the token"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    struct buf body = buf_new(cx->arena);
    struct hook_keys token = {.verification_token = secret_new(cx->arena, TOKEN)};
    struct hook_keys key = {.encrypt_key = secret_new(cx->arena, "the key")};
    struct hook_result result;
    buf_add(&body, data, size);
    struct hook_request request = {.body = buf_str(&body), .body_bytes = size};
    if (!hook_open(cx, &token, &request, &result)) {
        FUZZ_CHECK(result.challenge || *result.event.event_id);
        FUZZ_CHECK(result.challenge || str_eq(result.event.token, TOKEN));
    }
    if (!hook_open(cx, &key, &request, &result))
        FUZZ_CHECK(result.challenge);
    ctx_free(cx);
    return 0;
}
