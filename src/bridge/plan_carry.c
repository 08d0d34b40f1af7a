#include "bridge/attendee.h"
#include "bridge/field_time.h"
#include "bridge/people.h"
#include "bridge/plan.h"
#include "bridge/unreadable.h"

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
    const struct series_row *row, const cJSON *plain, struct change *change)
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
    change->now = made;
    change->heard = theirs;
    return ERR_OK;
}

static const cJSON *list_of(const cJSON *facts)
{
    return cJSON_GetObjectItemCaseSensitive(people_of(facts), "list");
}

static bool same_role(const cJSON *a, const cJSON *b)
{
    return json_bool(a, "optional", false) == json_bool(b, "optional", false);
}

/* What a client was given, what it wrote, and what upstream has meanwhile. */
struct three {
    const cJSON *was, *now, *theirs;
};

/* Those of upstream, without whom the client took out, with whom it added. */
static void merge_people(
    struct ctx *cx, const struct planner *p, const struct three *of, cJSON *made)
{
    if (people_of(of->theirs) == NULL)
        return;
    cJSON *people = cJSON_Duplicate(people_of(of->theirs), true), *one, *next;
    cJSON_DeleteItemFromObjectCaseSensitive(made, "attendees");
    cJSON_AddItemToObject(made, "attendees", people);
    const struct people_index *was = index_of(cx, p, people_of(of->was)),
                              *now = index_of(cx, p, people_of(of->now)),
                              *there = index_of(cx, p, people_of(of->theirs));
    cJSON *list = cJSON_GetObjectItemCaseSensitive(people, "list");
    if (list == NULL)
        list = cJSON_AddArrayToObject(people, "list");
    for (one = list->child; one != NULL; one = next) {
        const cJSON *before = plan_find_person(cx, p->env, was, one),
                    *after = plan_find_person(cx, p->env, now, one);
        next = one->next;
        if (before != NULL && after == NULL)
            cJSON_Delete(cJSON_DetachItemViaPointer(list, one));
        else if (before != NULL && !same_role(before, after))
            cJSON_ReplaceItemViaPointer(list, one, cJSON_Duplicate(after, true));
    }
    cJSON_ArrayForEach(one, list_of(of->now))
    {
        if (plan_find_person(cx, p->env, was, one) == NULL &&
            plan_find_person(cx, p->env, there, one) == NULL)
            cJSON_AddItemToArray(list, cJSON_Duplicate(one, true));
    }
}

/* What the client changed, and else what upstream has, of which its text may not know. */
static cJSON *merged(
    struct ctx *cx, const struct planner *p, const struct three *of, bool times)
{
    cJSON *made = json_own(cx, cJSON_Duplicate(of->now, true));
    for (size_t i = 0; i < n_fields; i++) {
        const char *name = fields[i].name;
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(of->theirs, name);
        if (fields[i].write == NULL || (fields[i].write == write_times && !times) ||
            !facts_equal(&fields[i], of->was, of->now) ||
            facts_equal(&fields[i], of->was, of->theirs))
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(made, name);
        if (value != NULL)
            cJSON_AddItemToObject(made, name, cJSON_Duplicate(value, true));
    }
    merge_people(cx, p, of, made);
    return made;
}

enum err plan_series_facts(struct ctx *cx, const struct planner *p, cJSON **facts)
{
    cJSON *theirs = NULL;
    TRY(facts_read(cx, p->env, p->before->master, &theirs));
    const struct three of = {p->series_was, p->series_now, theirs};
    *facts = merged(cx, p, &of, true);
    return ERR_OK;
}

/* The row that the new series has at an occurrence; NULL = none. */
static const struct series_row *row_at(
    const struct planner *p, const cJSON *was, const cJSON *series, int64_t original)
{
    for (size_t i = 0; i < p->before->n_exceptions; i++) {
        const struct series_row *row = &p->before->exceptions[i];
        if (exception_is_shown(p->before, row) &&
            occurrence_moved(was, series, row->original_time) == original)
            return row;
    }
    return NULL;
}

static bool same_but_times(const cJSON *a, const cJSON *b)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *field = &fields[i];
        if (field->write != NULL && field->write != write_times &&
            !field->master_only && !facts_equal(field, a, b))
            return false;
    }
    return equal_people(people_of(a), people_of(b));
}

enum err plan_meanwhile(
    struct ctx *cx, const struct planner *p, struct meanwhile *one)
{
    cJSON *upstream = NULL, *was = NULL, *theirs = NULL;
    TRY(facts_read(cx, p->env, p->before->master, &upstream));
    const struct series_row *row = row_at(p, upstream, one->series, one->original_time);
    one->heard = NULL;
    if (row == NULL) {
        const struct three of = {
            facts_of_occurrence(cx, p->series_was, one->original_time), one->now,
            facts_of_occurrence(cx, upstream, one->original_time)};
        one->now = merged(cx, p, &of, false);
        return ERR_OK;
    }
    const struct view_override *old = view_find(&p->was, row->original_time);
    bool known = old != NULL && !old->cancelled;
    if (known)
        TRY(plan_override_facts(cx, p, &p->was, old, &was));
    if (row_is_cancelled(row)) {
        one->cancelled = known && same_but_times(was, one->now);
        return ERR_OK;
    }
    if (!time_is_readable(row->event, "start_time"))
        return ERR_OK;
    struct series_row full = series_row_with_people(p->before, row);
    TRY(facts_read(cx, p->env, &full, &theirs));
    one->heard = theirs;
    if (known) {
        const struct three of = {was, one->now, theirs};
        one->now = merged(cx, p, &of, true);
    }
    return ERR_OK;
}

/* was: what the occurrence says upstream by then; NULL = what the series does. */
static enum err carry(struct ctx *cx, struct planner *p, const struct series_row *row,
    int64_t original, const cJSON *master, const cJSON *was)
{
    cJSON *body = json_own(cx, cJSON_CreateObject());
    const cJSON *plain = facts_of_occurrence(cx, master, original);
    struct change change = {.original_time = original, .was = was ? was : plain};
    bool visible;
    TRY(changed_facts(cx, p, row, plain, &change));
    TRY(plan_body(cx, p, &change, body, &visible));
    if (body->child != NULL)
        plan_step(cx, p,
            (struct step){.kind = STEP_PATCH,
                .original_time = original,
                .body = body,
                .notify = was && visible && plan_concerns_others(p, change.now)});
    return plan_people(cx, p, &change);
}

enum err plan_carry(struct ctx *cx, struct planner *p)
{
    cJSON *was = NULL, *series = NULL;
    if (p->before->master == NULL || p->was.master == NULL || p->now.master == NULL)
        return ERR_OK;
    TRY(facts_read(cx, p->env, p->before->master, &was));
    TRY(plan_series_facts(cx, p, &series));
    for (size_t i = 0; i < p->before->n_exceptions; i++) {
        const struct series_row *row = &p->before->exceptions[i];
        if (!is_unknown(p, row) || !view_has(cx, p->env, &p->was, row->original_time))
            continue;
        int64_t original = occurrence_moved(was, series, row->original_time);
        if (!has_place(cx, p, original))
            continue;
        if (row_is_cancelled(row))
            plan_step(
                cx, p, (struct step){.kind = STEP_DELETE, .original_time = original});
        else
            TRY(carry(cx, p, row, original, series, NULL));
    }
    return ERR_OK;
}

enum err plan_follow(struct ctx *cx, struct planner *p)
{
    cJSON *series = NULL;
    if (!p->organizer || p->before->master == NULL || p->series_now == NULL)
        return ERR_OK;
    TRY(plan_series_facts(cx, p, &series));
    for (size_t i = 0; i < p->before->n_exceptions; i++) {
        const struct series_row *row = &p->before->exceptions[i];
        struct series_row full = series_row_with_people(p->before, row);
        int64_t original = row->original_time;
        cJSON *was = NULL;
        if (row_is_cancelled(row) || !is_unknown(p, row) ||
            !view_has(cx, p->env, &p->was, original) || !has_place(cx, p, original))
            continue;
        TRY(facts_read(cx, p->env, &full, &was));
        TRY(carry(cx, p, row, original, series, was));
    }
    return ERR_OK;
}
