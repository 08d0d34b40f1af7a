/* The line patcher: a client's text, a line "----", and the event objects that are laid
 * over it. */
#include "fuzz_bridge.h"

#include "ical/ics.h"

#include <string.h>

#define SEPARATOR "\n----\n"

/* A PUT that changes this and all that follows is cut in two first (split.h). */
static bool is_cut(const struct comp *calendar)
{
    const struct comp *event;
    for (size_t at = 0; (event = comp_next_sub(calendar, "VEVENT", &at)) != NULL;) {
        const struct line *id = comp_line(event, "RECURRENCE-ID");
        if (id && line_param(id, "RANGE"))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    char *shadow = arena_strndup(cx->arena, (const char *)data, size), *text;
    char *mark = strstr(shadow, SEPARATOR);
    struct fuzz_series one;
    struct ics_object object;
    if (mark) {
        mark[1] = '\0';
        /* Only what a PUT may have brought becomes a shadow. */
        if (ics_object_parse(cx, shadow, strlen(shadow), &object) == ERR_OK &&
            !is_cut(object.calendar) &&
            fuzz_series_read(cx, mark + strlen(SEPARATOR), &one)) {
            one.series.ical_uid = object.uid;
            if (convert_down(cx, &fuzz_env, &one.series, shadow, &text) == ERR_OK) {
                fuzz_check_served(cx, text, shadow);
                fuzz_check_settled(cx, &one.series, text);
            }
        }
    }
    ctx_free(cx);
    return 0;
}
