/* iCalendar as clients write it: what it asks for, where its series is cut, and what is
 * served after Feishu has taken it. */
#include "fuzz_bridge.h"

#include "base/when.h"
#include "bridge/split.h"
#include "feishu/client.h"
#include "ical/ics.h"

#include <string.h>

/* Dates are written with the last day and read with the one behind it. */
static cJSON *read_back(struct ctx *cx, const cJSON *item)
{
    cJSON *copy = cJSON_Duplicate(item, true);
    int64_t days;
    char text[WHEN_TEXT_BYTES];
    if (str_eq(item->string, "end_time") &&
        when_parse_date(json_text(item, "date"), &days))
        cJSON_ReplaceItemInObject(copy, "date",
            cJSON_CreateString(arena_strdup(cx->arena, when_date(days + 1, text))));
    return copy;
}

/* The event that a create makes. */
static const cJSON *made_of(struct ctx *cx, const struct step *create)
{
    cJSON *event = json_object(cx->arena);
    const cJSON *item;
    cJSON_AddStringToObject(event, "event_id", "uid_0");
    cJSON_AddStringToObject(event, "organizer_calendar_id", "cal_me");
    cJSON_ArrayForEach(item, create->body)
        cJSON_AddItemToObject(event, item->string, read_back(cx, item));
    return event;
}

static void check_plan(struct ctx *cx, const struct plan *plan, const char *text)
{
    char *served, *none;
    if (!plan->steps.n || plan->steps.items[0].kind != STEP_CREATE)
        return;
    struct series_row master = {.event = made_of(cx, &plan->steps.items[0])};
    struct series series = {.uid = "uid", .ical_uid = plan->uid, .master = &master};
    FUZZ_CHECK(convert_down(cx, &fuzz_env, &series, text, &served) == ERR_OK);
    fuzz_check_served(cx, served, text);
    fuzz_check_settled(cx, &series, served);
    series.ical_uid = "uid";
    FUZZ_CHECK(convert_down(cx, &fuzz_env, &series, NULL, &none) == ERR_OK);
    fuzz_check_served(cx, none, NULL);
}

static void check_text(struct ctx *cx, const char *text)
{
    struct plan plan = {0};
    if (convert_plan(cx, &fuzz_env, NULL, NULL, text, &plan) == ERR_OK)
        check_plan(cx, &plan, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx *cx = ctx_new(NULL);
    const char *text = arena_strndup(cx->arena, (const char *)data, size);
    struct ics_object object;
    struct split split;
    if (ics_object_parse(cx, text, strlen(text), &object) == ERR_OK &&
        convert_split(cx, &fuzz_env, text, object.calendar, &split) == ERR_OK) {
        FUZZ_CHECK(split.later.n == 0 || !str_eq(split.text, text));
        check_text(cx, split.text);
        for (size_t i = 0; i < split.later.n; i++) {
            FUZZ_CHECK(!str_eq(split.later.items[i].uid, object.uid));
            fuzz_check_served(cx, split.later.items[i].text, text);
            check_text(cx, split.later.items[i].text);
        }
    }
    ctx_free(cx);
    return 0;
}
