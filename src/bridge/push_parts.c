/* What a write is to do: the steps of a plan, and those of the parts where a series is
 * cut. */
#include "config.h"

#include "bridge/push.h"

/* The same change again, after its answer was lost or could not be stored: what Feishu
 * already says is not said twice, because people would be told twice. */
static bool is_said(struct ctx *cx, struct push *push, const struct step *step)
{
    const struct row *row = step->original_time ? NULL : push_row(push, 0);
    if (!row || step->kind == STEP_DELETE || step->restore)
        return false;
    const cJSON *event = json_parse(cx->arena, row->json);
    return event && !event_cancelled(event) &&
        push_shows(cx, push, step, event, push_row_attendees(cx, push, 0));
}

void push_take_plan(
    struct ctx *cx, struct push *push, const struct plan *plan, bool quiet)
{
    for (size_t i = 0; quiet && i < plan->steps.n; i++)
        plan->steps.items[i].notify = false;
    push->steps = plan->steps.items;
    push->n_steps = plan->steps.n;
    push->done = ARENA_ARRAY(cx->arena, bool, plan->steps.n + 1);
    bool removes = false;
    for (size_t i = 0; i < push->n_steps; i++) {
        const struct step *step = &push->steps[i];
        /* Another role is a removal and an addition (feishu-api 6.2): who is there now
         * will not be. */
        push->done[i] =
            !(removes && step->kind == STEP_ADD_ATTENDEES) && is_said(cx, push, step);
        removes = removes || (step->kind == STEP_REMOVE_ATTENDEES && !push->done[i]);
    }
}

/* The part is there already: the same cut was made before. */
static enum err plan_again(struct ctx *cx, struct push *part, const struct push_cut *cut,
    const struct object *object, struct plan *plan)
{
    struct series_data data;
    part->uid = object->upstream_uid;
    TRY(push_load_rows(cx, part));
    series_read(cx, part->rows.items, part->rows.n, &data);
    data.series.ical_uid = part->ical_uid;
    return convert_plan(cx, cut->env, &data.series, object->text, part->text, plan);
}

static enum err plan_part(struct ctx *cx, struct push *part, const struct push_cut *cut,
    const struct split_part *from)
{
    struct object object;
    struct plan *plan = ARENA_NEW(cx->arena, struct plan);
    struct plan_part wanted = {
        .text = from->text,
        .pivot = from->pivot,
        .before = cut->before,
        .served = cut->before ? cut->served : cut->split->text,
    };
    enum err err = store_object_by_uid(
        cx, part->bridge->store, part->calendar->id, from->uid, &object);
    if (!err)
        TRY(plan_again(cx, part, cut, &object, plan));
    else if (err == ERR_NOT_FOUND)
        TRY(convert_plan_part(cx, cut->env, &wanted, plan));
    else
        return err;
    push_take_plan(cx, part, plan, cut->quiet);
    return ERR_OK;
}

enum err push_plan_parts(
    struct ctx *cx, struct push *push, const struct push_cut *cut, struct plan *plan)
{
    size_t n = cut->split->later.n;
    const char **texts = ARENA_ARRAY(cx->arena, const char *, n + 1);
    if (!n)
        return ERR_OK;
    push->later = ARENA_ARRAY(cx->arena, struct push, n);
    for (size_t i = 0; i < n; i++) {
        const struct split_part *from = &cut->split->later.items[i];
        struct push *part = &push->later[push->n_later++];
        texts[i] = from->text;
        *part = (struct push){.bridge = push->bridge,
            .account = push->account,
            .calendar = push->calendar,
            .ical_uid = from->uid,
            .text = from->text,
            .whole = push,
            .journal.key = crypto_uuid(cx)};
        TRY(plan_part(cx, part, cut, from));
    }
    return cut->before ? convert_plan_cut(cx, cut->env, cut->split->text, texts, n, plan)
                       : ERR_OK;
}

/* ---- a new series in place of one that cannot be changed ---- */

static const struct step *next_step(const struct push *push)
{
    for (size_t i = 0; i < push->n_steps; i++)
        if (!push->done[i])
            return &push->steps[i];
    return NULL;
}

bool push_can_replace(const struct push *push)
{
    const struct step *step = next_step(push);
    return !push->n_later && !push->whole && !push->created && !push->undo &&
        push->text && push->uid && step && step->kind == STEP_PATCH &&
        !step->original_time &&
        (cJSON_HasObjectItem(step->body, "start_time") ||
            cJSON_HasObjectItem(step->body, "recurrence"));
}

static bool tells_somebody(const struct push *push)
{
    for (size_t i = 0; i < push->n_steps; i++)
        if (push->steps[i].notify)
            return true;
    return false;
}

/* Its exceptions, then itself; nobody is told, for it comes back. */
static void plan_removal(struct ctx *cx, struct push *push)
{
    struct plan plan = {0};
    for (size_t i = 0; i < push->rows.n; i++) {
        struct step step = {.kind = STEP_DELETE,
            .delete_exception = true,
            .original_time = push->rows.items[i].original_time};
        if (step.original_time)
            LIST_ADD(cx->arena, &plan.steps, step);
    }
    struct step last = {.kind = STEP_DELETE};
    LIST_ADD(cx->arena, &plan.steps, last);
    push_take_plan(cx, push, &plan, true);
}

enum err push_replace(struct ctx *cx, struct push *push)
{
    struct object object;
    struct series_data data;
    struct convert_env env;
    struct plan *plan = ARENA_NEW(cx->arena, struct plan);
    struct push *part = ARENA_NEW(cx->arena, struct push);
    env_fill(cx, push->bridge, push->account, push->calendar, &env);
    TRY(store_object_full(
        cx, push->bridge->store, NULL, push->calendar->id, push->uid, &object));
    series_read(cx, push->rows.items, push->rows.n, &data);
    data.series.ical_uid = object.uid;
    struct plan_part wanted = {
        .text = push->text, .before = &data.series, .served = object.text};
    TRY(convert_plan_part(cx, &env, &wanted, plan));
    *part = (struct push){.bridge = push->bridge,
        .account = push->account,
        .calendar = push->calendar,
        .name = push->name,
        .ical_uid = object.uid,
        .text = push->text,
        .whole = push,
        .journal.key = crypto_uuid(cx)};
    push_take_plan(cx, part, plan, !tells_somebody(push));
    plan_removal(cx, push);
    push->text = NULL;
    push->replaced = true;
    push->resumed = false;
    push->later = part;
    push->n_later = 1;
    log_line(cx, LOG_INFO, LOG_SYNC, "calendar %lld: %s is made anew in Feishu",
        (long long)push->calendar->id, push->name);
    return push->journal.id ? journal_note(cx, push) : journal_open(cx, push);
}
