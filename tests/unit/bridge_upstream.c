#include "bridge_upstream.h"

#include "base/when.h"
#include "unit.h"

static cJSON *event_of(struct series_row *row)
{
    return (cJSON *)row->event;
}

static cJSON *people_of(struct series_row *row)
{
    return (cJSON *)row->attendees;
}

static cJSON *own(struct upstream *up, cJSON *json)
{
    cJSON *keeper = json_object(up->cx->arena);
    cJSON_AddItemToObject(keeper, "it", json);
    return json;
}

/* What was written is read back: a last day becomes the day after it. */
static cJSON *read_back(struct upstream *up, const char *name, const cJSON *value)
{
    cJSON *copy = cJSON_Duplicate(value, true);
    int64_t days;
    char text[WHEN_TEXT_BYTES];
    if (str_eq(name, "end_time") && when_parse_date(json_text(value, "date"), &days)) {
        days += up->env->write_end_inclusive;
        days -= !up->env->read_end_exclusive;
        cJSON_ReplaceItemInObject(
            copy, "date", cJSON_CreateString(when_date(days, text)));
    }
    return copy;
}

static void merge(struct upstream *up, cJSON *event, const cJSON *body)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, body)
    {
        cJSON_DeleteItemFromObject(event, item->string);
        cJSON_AddItemToObject(event, item->string, read_back(up, item->string, item));
    }
}

static struct series_row *find(struct upstream *up, int64_t original)
{
    if (original == 0)
        return &up->master;
    for (size_t i = 0; i < up->n; i++) {
        if (up->rows[i].original_time == original)
            return &up->rows[i];
    }
    return NULL;
}

static void shift(struct upstream *up, cJSON *event, int64_t original)
{
    cJSON *start = cJSON_GetObjectItem(event, "start_time");
    cJSON *end = cJSON_GetObjectItem(event, "end_time");
    int64_t from, until;
    char text[WHEN_TEXT_BYTES];
    if (when_parse_date(json_text(start, "date"), &from)) {
        assert_true(when_parse_date(json_text(end, "date"), &until));
        int64_t day = original / 86400;
        cJSON_ReplaceItemInObject(
            start, "date", cJSON_CreateString(when_date(day, text)));
        cJSON_ReplaceItemInObject(
            end, "date", cJSON_CreateString(when_date(day + until - from, text)));
        return;
    }
    int64_t length_s = json_int(end, "timestamp", 0) - json_int(start, "timestamp", 0);
    cJSON *times[] = {start, end};
    for (size_t i = 0; i < 2; i++)
        cJSON_ReplaceItemInObject(times[i], "timestamp",
            cJSON_CreateString(arena_printf(
                up->cx->arena, "%lld", (long long)(original + (i == 0 ? 0 : length_s)))));
}

/* The row of an occurrence; made of the series when it is touched for the first time. */
static struct series_row *materialise(struct upstream *up, int64_t original)
{
    struct series_row *row = find(up, original);
    if (row != NULL)
        return row;
    assert_true(up->n < UPSTREAM_MAX_ROWS);
    row = &up->rows[up->n++];
    cJSON *event = own(up, cJSON_Duplicate(up->master.event, true));
    cJSON_ReplaceItemInObject(event, "event_id",
        cJSON_CreateString(
            arena_printf(up->cx->arena, "%s_%lld", up->uid, (long long)original)));
    cJSON_ReplaceItemInObject(event, "recurrence", cJSON_CreateString(""));
    shift(up, event, original);
    *row = (struct series_row){.original_time = original,
        .event = event,
        .attendees = own(up, cJSON_Duplicate(up->master.attendees, true))};
    return row;
}

static void delete_row(struct upstream *up, const struct step *step)
{
    assert_int_not_equal(step->original_time, 0);
    if (!step->delete_exception) {
        struct series_row *row = materialise(up, step->original_time);
        cJSON_ReplaceItemInObject(
            event_of(row), "status", cJSON_CreateString("cancelled"));
        return;
    }
    struct series_row *row = find(up, step->original_time);
    assert_non_null(row);
    *row = up->rows[--up->n];
}

static cJSON *organizer(struct upstream *up)
{
    cJSON *self = cJSON_CreateObject();
    cJSON_AddStringToObject(self, "type", "user");
    cJSON_AddStringToObject(self, "user_id", up->env->own_id);
    cJSON_AddStringToObject(self, "rsvp_status", "accept");
    cJSON_AddTrueToObject(self, "is_organizer");
    return self;
}

static const char *const id_members[] = {"user_id", "third_party_email"};

static bool same_person(const cJSON *a, const cJSON *b)
{
    for (size_t i = 0; i < 2; i++) {
        if (!str_eq(json_text(a, id_members[i]), json_text(b, id_members[i])))
            return false;
    }
    return true;
}

static cJSON *find_person(cJSON *list, const cJSON *person)
{
    cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        if (same_person(one, person))
            return one;
    }
    return NULL;
}

static void change_people(struct upstream *up, const struct step *step)
{
    struct series_row *row = materialise(up, step->original_time);
    bool add = step->kind == STEP_ADD_ATTENDEES;
    const cJSON *one;
    cJSON_ArrayForEach(
        one, cJSON_GetObjectItem(step->body, add ? "attendees" : "delete_ids"))
    {
        cJSON *there = find_person(people_of(row), one);
        assert_true(add == (there == NULL)); /* nobody is added or removed twice */
        if (!add) {
            cJSON_Delete(cJSON_DetachItemViaPointer(people_of(row), there));
            continue;
        }
        cJSON *copy = cJSON_Duplicate(one, true);
        cJSON_AddStringToObject(copy, "rsvp_status", "needs_action");
        cJSON_AddItemToArray(people_of(row), copy);
    }
}

static void create(struct upstream *up, const struct step *step)
{
    cJSON *event = json_object(up->cx->arena);
    cJSON_AddStringToObject(
        event, "event_id", arena_printf(up->cx->arena, "%s_0", up->uid));
    cJSON_AddStringToObject(event, "organizer_calendar_id", up->env->calendar_id);
    cJSON_AddStringToObject(event, "status", "confirmed");
    cJSON_AddStringToObject(event, "recurrence", "");
    cJSON_AddStringToObject(
        cJSON_AddObjectToObject(event, "event_organizer"), "user_id", up->env->own_id);
    merge(up, event, step->body);
    cJSON *people = own(up, cJSON_CreateArray());
    cJSON_AddItemToArray(people, organizer(up));
    up->master = (struct series_row){.event = event, .attendees = people};
}

void upstream_apply(struct upstream *up, const struct plan *plan)
{
    for (size_t i = 0; i < plan->steps.n; i++) {
        const struct step *step = &plan->steps.items[i];
        switch (step->kind) {
        case STEP_CREATE:
            create(up, step);
            break;
        case STEP_PATCH:
            merge(up, event_of(materialise(up, step->original_time)), step->body);
            break;
        case STEP_DELETE:
            delete_row(up, step);
            break;
        case STEP_ADD_ATTENDEES:
        case STEP_REMOVE_ATTENDEES:
            change_people(up, step);
            break;
        case STEP_REPLY:
            fail_msg("the organizer does not reply");
        }
    }
}

const struct series *upstream_series(struct upstream *up)
{
    up->series = (struct series){.uid = up->uid,
        .ical_uid = "client@uid",
        .master = &up->master,
        .exceptions = up->rows,
        .n_exceptions = up->n};
    return &up->series;
}
