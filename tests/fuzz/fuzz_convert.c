/* The field mapping, both ways, as the command "convert" uses it. */
#include "bridge/bridge.h"

#include "fuzz_bridge.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    const char *text = arena_strndup(cx->arena, (const char *)data, size);
    char *result, *back;
    if (bridge_convert(cx, text, strlen(text), &result) == ERR_OK) {
        FUZZ_CHECK(utf8_valid(result, strlen(result)));
        /* Whatever Feishu sends, clients can read it. */
        if (str_starts(result, "BEGIN:VCALENDAR"))
            fuzz_check_served(cx, result, NULL);
        else if (bridge_convert(cx, result, strlen(result), &back) == ERR_OK)
            fuzz_check_served(cx, back, NULL);
    }
    ctx_free(cx);
    return 0;
}
