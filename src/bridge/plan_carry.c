#include "bridge/attendee.h"
#include "bridge/field_time.h"
#include "bridge/people.h"
#include "bridge/plan.h"
#include "bridge/unreadable.h"

#define DAY_S 86400

static int64_t day_of(const struct fact_time *start, int64_t original)
{
    if (start->is_date)
        return original / DAY_S;
    struct civil local = zone_to_local(start->zone, original);
    return civil_days(local.year, local.month, local.day);
}

/* The occurrence that takes the place of another when the series begins elsewhere. */
static int64_t moved_start(const cJSON *was, const cJSON *now, int64_t original)
{
    struct fact_time from = fact_time(was, "start_time"),
                     to = fact_time(now, "start_time");
    int64_t first = from.is_date ? from.days : day_of(&from, from.unix_s);
    int64_t days = day_of(&from, original) - first;
    if (to.is_date)
        return (to.days + days) * DAY_S;
    struct civil start = zone_to_local(to.zone, to.unix_s);
    struct civil moved = civil_from_days(day_of(&to, to.unix_s) + days);
    moved.hour = start.hour;
    moved.minute = start.minute;
    moved.second = start.second;
    return zone_to_unix(to.zone, &moved);
}

/* What the client could not know, and what the series that it wrote has a place for. */
static bool is_unknown(const struct planner *p, const struct series_row *row)
{
    int64_t original = row->original_time;
    return view_find(&p->was, original) == NULL && !view_cancels(&p->was, original) &&
        exception_is_shown(p->before, row);
}

static bool has_place(struct ctx *cx, const struct planner *p, int64_t original)
{
    return view_has(cx, p->env, &p->now, original) &&
        view_find(&p->now, original) == NULL && !view_cancels(&p->now, original);
}

static cJSON *people_of(const cJSON *facts)
{
    return cJSON_GetObjectItemCaseSensitive(facts, "attendees");
}

static const struct people_index *index_of(
    struct ctx *cx, const struct planner *p, const cJSON *people)
{
    return people_index(cx, p->env, people, true);
}

/* Whom upstream invited to the occurrence alone, or took out of it. */
static void carry_people(struct ctx *cx, const struct planner *p, const cJSON *series,
    const cJSON *theirs, cJSON *made)
{
    cJSON *people = people_of(made), *one, *next;
    if (people_of(theirs) == NULL || equal_people(people_of(series), people_of(theirs)))
        return;
    if (people == NULL) {
        cJSON_AddItemToObject(
            made, "attendees", cJSON_Duplicate(people_of(theirs), true));
        return;
    }
    const struct people_index *before = index_of(cx, p, people_of(series)),
                              *after = index_of(cx, p, people_of(theirs)),
                              *own = index_of(
                                  cx, p, json_own(cx, cJSON_Duplicate(people, true)));
    cJSON *list = cJSON_GetObjectItemCaseSensitive(people, "list");
    for (one = list == NULL ? NULL : list->child; one != NULL; one = next) {
        next = one->next;
        if (plan_find_person(cx, p->env, before, one) != NULL &&
            plan_find_person(cx, p->env, after, one) == NULL)
            cJSON_Delete(cJSON_DetachItemViaPointer(list, one));
    }
    cJSON_ArrayForEach(
        one, cJSON_GetObjectItemCaseSensitive(people_of(theirs), "list"))
    {
        if (plan_find_person(cx, p->env, before, one) == NULL &&
            plan_find_person(cx, p->env, own, one) == NULL)
            cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
    }
}

/* The occurrence as the new series has it, with what upstream had changed of the old. */
static enum err changed_facts(struct ctx *cx, const struct planner *p,
    const struct series_row *row, const cJSON *plain, cJSON **facts)
{
    cJSON *series = NULL, *theirs = NULL, *made;
    struct series_row full = series_row_with_people(p->before, row);
    TRY(facts_read(cx, p->env, p->before->master, &series));
    TRY(facts_read(cx, p->env, &full, &theirs));
    series = facts_of_occurrence(cx, series, row->original_time);
    bool moved = !cJSON_Compare(cJSON_GetObjectItemCaseSensitive(series, "start_time"),
                     cJSON_GetObjectItemCaseSensitive(theirs, "start_time"), true) ||
        !cJSON_Compare(cJSON_GetObjectItemCaseSensitive(series, "end_time"),
            cJSON_GetObjectItemCaseSensitive(theirs, "end_time"), true);
    made = json_own(cx, cJSON_Duplicate(plain, true));
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(theirs, field->name);
        bool time = field->write == write_times;
        if (field->write == NULL || field->master_only ||
            (time ? !moved : facts_equal(field, series, theirs)))
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(made, field->name);
        if (value != NULL)
            cJSON_AddItemToObject(made, field->name, cJSON_Duplicate(value, true));
    }
    carry_people(cx, p, series, theirs, made);
    *facts = made;
    return ERR_OK;
}

static enum err carry(struct ctx *cx, struct planner *p, const struct series_row *row,
    int64_t original, const cJSON *master)
{
    cJSON *body = json_own(cx, cJSON_CreateObject()), *now = NULL;
    struct change change = {.original_time = original};
    bool visible;
    if (row_is_cancelled(row)) {
        plan_step(cx, p, (struct step){.kind = STEP_DELETE, .original_time = original});
        return ERR_OK;
    }
    change.was = facts_of_occurrence(cx, master, original);
    TRY(changed_facts(cx, p, row, change.was, &now));
    change.now = now;
    TRY(plan_body(cx, p, &change, body, &visible));
    if (body->child != NULL)
        plan_step(cx, p,
            (struct step){.kind = STEP_PATCH, .original_time = original, .body = body});
    return plan_people(cx, p, &change);
}

enum err plan_carry(struct ctx *cx, struct planner *p, const cJSON *master)
{
    cJSON *was = NULL;
    if (p->before->master == NULL || p->was.master == NULL || p->now.master == NULL)
        return ERR_OK;
    TRY(facts_read(cx, p->env, p->before->master, &was));
    for (size_t i = 0; i < p->before->n_exceptions; i++) {
        const struct series_row *row = &p->before->exceptions[i];
        if (!is_unknown(p, row) || !view_has(cx, p->env, &p->was, row->original_time))
            continue;
        int64_t original = moved_start(was, master, row->original_time);
        if (has_place(cx, p, original))
            TRY(carry(cx, p, row, original, master));
    }
    return ERR_OK;
}
