/* Event objects as Feishu gives them: whatever comes, clients are served an object that
 * everybody can read, and the same one the next time. */
#include "fuzz_bridge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    struct fuzz_series one;
    char *text;
    if (fuzz_series_read(cx, arena_strndup(cx->arena, (const char *)data, size), &one) &&
        convert_down(cx, &fuzz_env, &one.series, NULL, &text) == ERR_OK) {
        fuzz_check_served(cx, text, NULL);
        fuzz_check_settled(cx, &one.series, text);
    }
    ctx_free(cx);
    return 0;
}
