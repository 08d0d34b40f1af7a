/* Recurrence of whatever a client may store, and rules alone. */
#include "ical/expand.h"

#include "fuzz.h"
#include "ical/recur.h"

#include <string.h>

#define MAX_OCCURRENCES 3000
#define RANGE_FROM_S 1763596800 /* 2025-11-20 */
#define RANGE_S (400 * 86400)

struct seen {
    int64_t from_s, until_s;
    size_t n;
};

static bool look(void *self, const struct instance *one)
{
    struct seen *seen = self;
    FUZZ_CHECK(one->event && one->end_s >= one->start_s);
    FUZZ_CHECK(one->start_s < seen->until_s && one->end_s >= seen->from_s);
    seen->n++;
    return true;
}

static void check_object(struct ctx *cx, const char *data, size_t size)
{
    struct ics_object object;
    struct seen seen = {RANGE_FROM_S, RANGE_FROM_S + RANGE_S, 0};
    struct expand_range range = {
        .from_s = seen.from_s, .until_s = seen.until_s, .max_instances = 1000};
    int64_t from_s, until_s;
    struct comp *printed, *limited, *again;
    if (ics_object_parse(cx, data, size, &object) != ERR_OK)
        return;
    enum err walked = expand_each(cx, object.calendar, &range, look, &seen);
    FUZZ_CHECK(walked == ERR_OK || walked == ERR_MAX_INSTANCES ||
        walked == ERR_VALID_CALENDAR_DATA);
    if (expand_bounds(cx, object.calendar, NULL, &from_s, &until_s) == ERR_OK) {
        FUZZ_CHECK(from_s <= until_s);
        if (walked == ERR_OK && seen.n)
            FUZZ_CHECK(from_s < seen.until_s && until_s >= seen.from_s);
    }
    if (expand_print(cx, object.calendar, &range, &printed) == ERR_OK) {
        const char *text = lines_text(cx, printed);
        size_t at = 0, n = 0;
        while (comp_next_sub(printed, "VEVENT", &at))
            n++;
        FUZZ_CHECK(n == seen.n && !comp_sub(printed, "VTIMEZONE"));
        FUZZ_CHECK(lines_parse(cx, text, strlen(text), &again) == ERR_OK);
    }
    if (expand_limit(cx, object.calendar, &range, &limited) == ERR_OK)
        FUZZ_CHECK(!object.master == !comp_sub(limited, "VEVENT") || !object.master);
}

/* Times ascend, and seeking finds what walking finds. */
static void check_rule(struct ctx *cx, const char *rule)
{
    struct civil start = {2024, 1, 31, 9, 30, 0};
    struct recur *walk, *seek;
    int64_t wall_s, sought_s, last_s = INT64_MIN,
                              from_s = civil_seconds(&start) + 5000000;
    if (recur_open(cx, rule, &start, false, &walk) != ERR_OK)
        return;
    FUZZ_CHECK(recur_open(cx, rule, &start, false, &seek) == ERR_OK);
    bool comparable = !recur_has_count(walk);
    recur_seek(seek, from_s);
    for (int n = 0; n < MAX_OCCURRENCES && recur_next(walk, &wall_s); n++) {
        FUZZ_CHECK(wall_s > last_s);
        last_s = wall_s;
        if (comparable && wall_s >= from_s) {
            FUZZ_CHECK(recur_next(seek, &sought_s));
            FUZZ_CHECK(sought_s == wall_s);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    check_object(cx, (const char *)data, size);
    if (size < 500)
        check_rule(cx, arena_strndup(cx->arena, (const char *)data, size));
    ctx_free(cx);
    return 0;
}
