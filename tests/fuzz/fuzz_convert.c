/* The field mapping, both ways, as the command "convert" uses it. */
#include "bridge/bridge.h"

#include "fuzz.h"
#include "ical/lines.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    struct comp *root;
    const char *text = arena_strndup(cx->arena, (const char *)data, size);
    char *result;
    if (bridge_convert(cx, text, strlen(text), &result) == ERR_OK) {
        size_t len_bytes = strlen(result);
        FUZZ_CHECK(utf8_valid(result, len_bytes));
        /* Whatever Feishu sends, no client is served broken lines. */
        if (str_starts(result, "BEGIN:VCALENDAR") &&
            lines_parse(cx, result, len_bytes, &root) != ERR_OK) {
            fprintf(stderr, "%s\n%s\n", ctx_error(cx), result);
            abort();
        }
    }
    ctx_free(cx);
    return 0;
}
