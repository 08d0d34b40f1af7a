/* Writes of several calls survive a crash: what was planned and how far it came is on
 * disk before the first call, and is finished or reported later. */
#include "config.h"

#include "bridge/push.h"

#include <string.h>

#define OLD_S 86400
#define FINISH_LIMIT_MS 60000

/* ---- text form ---- */

static cJSON *step_json(const struct step *step, bool done)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "kind", step->kind);
    cJSON_AddNumberToObject(json, "original_time", (double)step->original_time);
    if (step->body)
        cJSON_AddItemReferenceToObject(json, "body", step->body);
    cJSON_AddBoolToObject(json, "notify", step->notify);
    cJSON_AddBoolToObject(json, "delete_exception", step->delete_exception);
    cJSON_AddBoolToObject(json, "restore", step->restore);
    if (step->rsvp)
        cJSON_AddStringToObject(json, "rsvp", step->rsvp);
    cJSON_AddBoolToObject(json, "done", done);
    return json;
}

static cJSON *push_json(const struct push *push)
{
    cJSON *json = cJSON_CreateObject();
    if (push->uid)
        cJSON_AddStringToObject(json, "uid", push->uid);
    if (push->ical_uid)
        cJSON_AddStringToObject(json, "ical_uid", push->ical_uid);
    if (push->text)
        cJSON_AddStringToObject(json, "text", push->text);
    cJSON_AddBoolToObject(json, "created", push->created);
    cJSON_AddBoolToObject(json, "undo", push->undo);
    cJSON_AddBoolToObject(json, "hide", push->hide);
    cJSON_AddBoolToObject(json, "replaced", push->replaced);
    cJSON_AddNumberToObject(json, "move", (double)push->move);
    if (push->from.name) {
        cJSON_AddNumberToObject(json, "from_calendar", (double)push->from.calendar_id);
        cJSON_AddStringToObject(json, "from_name", push->from.name);
    }
    cJSON *steps = cJSON_AddArrayToObject(json, "steps");
    for (size_t i = 0; i < push->n_steps; i++)
        cJSON_AddItemToArray(steps, step_json(&push->steps[i], push->done[i]));
    return json;
}

/* A part has no entry of its own, but a key for its create. */
static const char *plan_text(struct ctx *cx, const struct push *push)
{
    cJSON *json = push_json(push);
    arena_defer(cx->arena, (void (*)(void *))cJSON_Delete, json);
    cJSON *later = cJSON_AddArrayToObject(json, "later");
    for (size_t i = 0; i < push->n_later; i++) {
        cJSON *part = push_json(&push->later[i]);
        cJSON_AddStringToObject(part, "key", push->later[i].journal.key);
        cJSON_AddItemToArray(later, part);
    }
    return json_print(cx->arena, json);
}

static const char *text_or_null(const cJSON *json, const char *name)
{
    const char *text = json_text(json, name);
    return *text ? text : NULL;
}

static bool push_read(struct ctx *cx, const cJSON *json, struct push *push)
{
    const cJSON *steps = json_array(json, "steps"), *one;
    LIST(struct step) list = {0};
    LIST(bool) done = {0};
    cJSON_ArrayForEach(one, steps)
    {
        struct step step = {
            .kind = (enum step_kind)json_int(one, "kind", STEP_CREATE),
            .original_time = json_int(one, "original_time", 0),
            .body = cJSON_GetObjectItemCaseSensitive(one, "body"),
            .notify = json_bool(one, "notify", false),
            .delete_exception = json_bool(one, "delete_exception", false),
            .restore = json_bool(one, "restore", false),
            .rsvp = text_or_null(one, "rsvp"),
        };
        bool flag = json_bool(one, "done", false);
        if (step.kind > STEP_REMOVE_ATTENDEES)
            return false;
        LIST_ADD(cx->arena, &list, step);
        LIST_ADD(cx->arena, &done, flag);
    }
    push->uid = text_or_null(json, "uid");
    push->ical_uid = text_or_null(json, "ical_uid");
    push->text = text_or_null(json, "text");
    push->created = json_bool(json, "created", false);
    push->undo = json_bool(json, "undo", false);
    push->hide = json_bool(json, "hide", false);
    push->replaced = json_bool(json, "replaced", false);
    push->move = json_int(json, "move", 0);
    push->from.calendar_id = json_int(json, "from_calendar", 0);
    push->from.name = text_or_null(json, "from_name");
    push->steps = list.items;
    push->n_steps = list.n;
    push->done = done.items;
    push->resumed = true;
    return true;
}

static bool plan_read(struct ctx *cx, const struct journal *journal, struct push *push)
{
    const cJSON *json = json_parse(cx->arena, journal->plan);
    const cJSON *later = json_array(json, "later"), *one;
    size_t n = (size_t)cJSON_GetArraySize(later);
    if (!push_read(cx, json, push))
        return false;
    push->name = journal->name;
    push->journal = *journal;
    push->later = ARENA_ARRAY(cx->arena, struct push, n + 1);
    cJSON_ArrayForEach(one, later)
    {
        struct push *part = &push->later[push->n_later++];
        *part = (struct push){.bridge = push->bridge,
            .account = push->account,
            .calendar = push->calendar,
            .whole = push,
            .name = push->replaced ? push->name : NULL,
            .journal.key = json_text(one, "key")};
        if (!push_read(cx, one, part))
            return false;
    }
    return push->n_steps > 0 || n > 0;
}

/* ---- while a write runs ---- */

/* A single change of something that exists needs no journal: the next pull tells how it
 * ended. That a participant deleted what is declined, no pull can tell. */
static bool is_needed(const struct push *push)
{
    return push->n_later || push->n_steps > 1 ||
        (push->n_steps == 1 &&
            (push->move || push->hide || push->steps[0].kind == STEP_CREATE));
}

static size_t steps_left(const struct push *push)
{
    size_t left = 0;
    for (size_t i = 0; i < push->n_steps; i++)
        left += !push->done[i];
    for (size_t i = 0; i < push->n_later; i++)
        left += steps_left(&push->later[i]);
    return left;
}

enum err journal_open(struct ctx *cx, struct push *push)
{
    push->journal = (struct journal){
        .account_id = push->account->id,
        .calendar_id = push->calendar->id,
        .key = crypto_uuid(cx),
        .name = push->name,
        .created_s = ctx_now_s(cx),
    };
    if (!is_needed(push))
        return ERR_OK;
    push->journal.plan = plan_text(cx, push);
    return store_journal_save(cx, push->bridge->store, &push->journal);
}

enum err journal_note(struct ctx *cx, struct push *push)
{
    if (push->whole)
        push = push->whole;
    if (!push->journal.id ||
        !steps_left(push)) /* the key of a create that is done tells its uid again */
        return ERR_OK;
    push->journal.plan = plan_text(cx, push);
    return store_journal_save(cx, push->bridge->store, &push->journal);
}

void journal_close(struct ctx *cx, struct push *push)
{
    if (push->journal.id &&
        !store_journal_remove(cx, push->bridge->store, push->journal.id))
        push->journal.id = 0;
}

/* ---- afterwards ---- */

static void drop(struct ctx *cx, struct push *push, const char *why)
{
    sync_warn(cx, "calendar %lld: an unfinished write of %s is given up: %s",
        (long long)push->calendar->id, push->name, why);
    bridge_poke(push->bridge, push->account->id, push->calendar->id);
    journal_close(cx, push);
}

static enum err finish(struct ctx *cx, struct push *push)
{
    struct render_result result;
    enum err err = push_reload(cx, push);
    if (!err)
        err = push_settle(cx, push, push_execute(cx, push), &result);
    bool open = err_is_open(err);
    if (err && (!open || push->journal.created_s + OLD_S < ctx_now_s(cx))) {
        drop(cx, push, arena_strdup(cx->arena, ctx_error(cx)));
        return ERR_OK;
    }
    if (!err)
        log_line(cx, LOG_INFO, LOG_SYNC, "calendar %lld: the write of %s is finished",
            (long long)push->calendar->id, push->name);
    return err;
}

/* The calendar's lock is held. */
static enum err finish_one(
    struct ctx *cx, struct bridge *bridge, const struct journal *journal)
{
    struct account account;
    struct calendar calendar;
    struct push push = {.bridge = bridge, .account = &account, .calendar = &calendar};
    enum err err = store_account(cx, bridge->store, journal->account_id, &account);
    if (!err)
        err = store_calendar(cx, bridge->store, journal->calendar_id, &calendar);
    if (err == ERR_NOT_FOUND || (!err && !plan_read(cx, journal, &push)))
        return store_journal_remove(cx, bridge->store, journal->id);
    TRY(err);
    return finish(cx, &push);
}

/* How a plan names the UID. Other writers have most of the entries, and to read a plan
 * takes longer than to see that this is not in it. */
static const char *uid_mark(struct ctx *cx, const struct journal_object *object)
{
    cJSON *json = json_object(cx->arena);
    if (str_empty(object->uid))
        return NULL;
    cJSON_AddStringToObject(json, "ical_uid", object->uid);
    const char *text = json_print(cx->arena, json) + 1;
    return arena_strndup(cx->arena, text, strlen(text) - 1); /* no braces */
}

/* Of its name, or to be created with its UID. */
static bool is_of(struct ctx *cx, const struct journal *journal,
    const struct journal_object *object, const char *mark)
{
    if (journal->calendar_id != object->calendar_id || move_is(journal))
        return false;
    if (str_eq(journal->name, object->name))
        return true;
    return mark && strstr(journal->plan, mark) &&
        str_eq(json_text(json_parse(cx->arena, journal->plan), "ical_uid"), object->uid);
}

static bool has_others(
    struct ctx *cx, const struct journal *journal, const struct journal_object *object)
{
    const cJSON *plan = json_parse(cx->arena, journal->plan);
    const char *uid = json_text(plan, "ical_uid");
    return !str_eq(journal->name, object->name) || (*uid && !str_eq(uid, object->uid)) ||
        cJSON_GetArraySize(json_array(plan, "later")) > 0;
}

enum err journal_has_others(struct ctx *cx, struct bridge *bridge,
    const struct journal_object *object, bool *has)
{
    struct journal *list;
    size_t n;
    bool found = false;
    TRY(store_journals(cx, bridge->store, &list, &n));
    const char *mark = n ? uid_mark(cx, object) : NULL;
    for (size_t i = 0; i < n; i++)
        found = found ||
            (is_of(cx, &list[i], object, mark) && has_others(cx, &list[i], object));
    *has = found;
    return ERR_OK;
}

enum err journal_finish_object(
    struct ctx *cx, struct bridge *bridge, const struct journal_object *object)
{
    struct journal *list;
    size_t n;
    TRY(store_journals(cx, bridge->store, &list, &n));
    const char *mark = n ? uid_mark(cx, object) : NULL;
    for (size_t i = 0; i < n; i++)
        if (is_of(cx, &list[i], object, mark))
            TRY(finish_one(cx, bridge, &list[i]));
    return ERR_OK;
}

static bool is_there(struct ctx *cx, struct bridge *bridge, int64_t id)
{
    struct journal *list;
    size_t n;
    if (store_journals(cx, bridge->store, &list, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (list[i].id == id)
            return true;
    return false;
}

bool journal_finish_all(struct ctx *cx, struct bridge *bridge)
{
    struct journal *list;
    size_t n;
    struct held held;
    if (!bridge->feishu || store_journals(cx, bridge->store, &list, &n))
        return false;
    for (size_t i = 0; i < n && !bridge->stopping; i++) {
        cx->deadline_ms = ctx_monotonic_ms(cx) + FINISH_LIMIT_MS;
        if (move_is(&list[i]))
            continue;
        if (!list[i].calendar_id) {
            calendar_finish(cx, bridge, &list[i]);
            continue;
        }
        if (held_take(cx, bridge->locks, LOCK_CALENDAR, list[i].calendar_id, &held))
            continue;
        /* Whoever held the lock may have finished it. */
        if (is_there(cx, bridge, list[i].id) && finish_one(cx, bridge, &list[i]))
            log_line(cx, LOG_INFO, LOG_SYNC, "an unfinished write stays open: %s",
                ctx_error(cx));
        held_release(&held);
    }
    /* They come to an end once what they are made of has. */
    for (size_t i = 0; i < n && !bridge->stopping; i++) {
        cx->deadline_ms = ctx_monotonic_ms(cx) + FINISH_LIMIT_MS;
        if (move_is(&list[i]) && moves_settle(cx, bridge, list[i].account_id))
            log_line(cx, LOG_INFO, LOG_SYNC, "an unfinished move stays open: %s",
                ctx_error(cx));
    }
    cx->deadline_ms = 0;
    return !store_journals(cx, bridge->store, &list, &n) && n;
}
