/* Writes of clients: looked at, planned, executed upstream, and only then acknowledged.
 */
#include "config.h"

#include "bridge/write.h"
#include "bridge/unanswered.h"
#include "ical/ics.h"

#include <string.h>

#define WRITE_LIMIT_MS 28000

enum err write_check_rights(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar)
{
    if (calendar->read_only || calendar->role < BE_WRITER)
        return fail(
            cx, ERR_NEED_PRIVILEGES, "calendar %s cannot be written", calendar->name);
    TRY(bridge_need_feishu(cx, bridge));
    if (user->needs_sign_in)
        return fail(
            cx, ERR_UPSTREAM_SIGN_IN, "%s must sign in to Feishu again", user->name);
    return ERR_OK;
}

void write_open(struct ctx *cx, struct write *write, const struct be_user *user,
    const struct be_calendar *calendar, const char *name)
{
    if (!cx->deadline_ms)
        cx->deadline_ms = ctx_monotonic_ms(cx) + WRITE_LIMIT_MS;
    write->account = user->account;
    write->calendar = calendar->calendar;
    env_fill(cx, write->bridge, write->account, write->calendar, &write->env);
    write->push = (struct push){
        .bridge = write->bridge,
        .account = write->account,
        .calendar = write->calendar,
        .name = name,
        .from = write->from,
        .move = write->move,
    };
}

/* A deletion taken back ("undo") comes as a PUT to the name of an invitation that was
 * declined. */
enum err write_load_hidden(struct ctx *cx, struct write *write)
{
    const char *name = write->push.name;
    if (!str_ends(name, ".ics"))
        return ERR_OK;
    char *uid = arena_strndup(cx->arena, name, strlen(name) - 4);
    enum err err = store_object_full(
        cx, write->bridge->store, NULL, write->calendar->id, uid, &write->object);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    write->revive = write->object.hidden && str_eq(write->object.name, name);
    if (!write->revive)
        return ERR_OK;
    write->push.uid = write->object.upstream_uid;
    return push_load_rows(cx, &write->push);
}

/* The object, with its shadow, and the rows behind it. */
enum err write_load(struct ctx *cx, struct write *write)
{
    struct push *push = &write->push;
    struct object one;
    enum err err =
        store_object(cx, write->bridge->store, write->calendar->id, push->name, &one);
    write->have = !err;
    if (err == ERR_NOT_FOUND)
        return write_load_hidden(cx, write);
    TRY(err);
    TRY(store_object_full(cx, write->bridge->store, NULL, write->calendar->id,
        one.upstream_uid, &write->object));
    push->uid = write->object.upstream_uid;
    return push_load_rows(cx, push);
}

/* RFC 9110 13.1: under the lock, so that of two writers only one can be right. */
enum err write_check_expectation(struct ctx *cx, const struct write *write)
{
    const struct be_expect *expect = write->expect;
    if (!expect->check || !expect->strict)
        return ERR_OK;
    bool same = write->have ? str_eq(expect->etag, write->object.etag) : !expect->etag;
    return same ? ERR_OK : fail(cx, ERR_PRECONDITION, "the object has changed meanwhile");
}

/* Looks upstream before an existing object is changed: somebody in Feishu may have been
 * faster. */
static enum err meet_upstream(struct ctx *cx, struct write *write)
{
    struct push_fresh fresh = {0};
    TRY(push_refresh(cx, &write->push, &fresh));
    if ((fresh.changed || fresh.gone) && write->expect->check && write->expect->strict)
        return fail(cx, ERR_PRECONDITION, "the event was changed in Feishu meanwhile");
    if (fresh.gone) {
        write->have = false;
        write->push.uid = NULL;
        write->push.rows.n = 0;
    }
    return ERR_OK;
}

enum err write_finish_before(struct ctx *cx, struct write *write, const char *uid)
{
    return journal_finish_object(cx, write->bridge,
        &(struct journal_object){write->calendar->id, write->push.name, uid});
}

/* ---- PUT ---- */

static enum err check_uid(struct ctx *cx, struct write *write, const char *uid)
{
    struct object other;
    if (write->have && !str_eq(write->object.uid, uid))
        return fail(cx, ERR_UID_CONFLICT, "%s", write->push.name);
    enum err err =
        store_object_by_uid(cx, write->bridge->store, write->calendar->id, uid, &other);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    return str_eq(other.name, write->push.name)
        ? ERR_OK
        : fail(cx, ERR_UID_CONFLICT, "%s", other.name);
}

void write_result(const struct write *write, const struct object *object,
    const char *text, struct be_put_result *result)
{
    *result = (struct be_put_result){
        .created = !write->have,
        .same_text = str_eq(object->text, text),
        .object =
            {
                .name = object->name,
                .uid = object->uid,
                .etag = object->etag,
                .schedule_tag = object->schedule_tag,
                .text = object->text,
                .text_bytes = object->text_bytes,
                .change = object->change,
            },
    };
}

static enum err plan_put(struct ctx *cx, struct write *write)
{
    struct push *push = &write->push;
    const struct split *split = &write->split;
    struct plan *plan = ARENA_NEW(cx->arena, struct plan);
    struct series_data before;
    struct push_cut cut = {.env = &write->env, .split = split, .quiet = write->quiet};
    if (write->have || write->revive) {
        series_read(cx, push->rows.items, push->rows.n, &before);
        before.series.ical_uid = write->object.uid;
        cut.before = &before.series;
        cut.served = write->object.text;
        /* If-Match has decided already; otherwise both may have changed something. */
        if (!(write->expect->check && write->expect->strict))
            cut.served = push_base(cx, push, &write->object, &before.series);
    }
    TRY(convert_plan(cx, &write->env, cut.before, cut.served, split->text, plan));
    TRY(push_plan_parts(cx, push, &cut, plan));
    push_take_plan(cx, push, plan, write->quiet);
    return ERR_OK;
}

static enum err execute(struct ctx *cx, struct push *push, struct render_result *result)
{
    TRY(journal_open(cx, push));
    return push_settle(cx, push, push_execute(cx, push), result);
}

/* Deleted in Feishu a moment ago, or an occurrence of it is: no client is told of a
 * success, and the next attempt knows. */
static enum err meet_gone(struct ctx *cx, struct write *write)
{
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    const struct push *push = &write->push;
    struct push_fresh fresh = {0};
    TRY(push_refresh(cx, &write->push, &fresh));
    bridge_poke(push->bridge, push->account->id, push->calendar->id);
    if (write->expect->check && write->expect->strict)
        return fail(cx, ERR_PRECONDITION, "the event was %s in Feishu meanwhile",
            fresh.gone ? "deleted" : "changed");
    return fail(cx, ERR_UPSTREAM_GONE, "%s", text);
}

/* The same create again. */
static bool answer_again(struct ctx *cx, const struct write *write, const char *text,
    struct be_put_result *result)
{
    const struct be_expect *expect = write->expect;
    if (!write->have || !expect->check || !expect->strict || expect->etag ||
        !unanswered_is(cx, write->bridge, write->calendar->id, write->push.name, text))
        return false;
    write_result(write, &write->object, text, result);
    result->created = true;
    return true;
}

/* *result has an object when there is nothing left to do. */
static enum err look(struct ctx *cx, struct write *write, const char *uid,
    struct be_put_result *result)
{
    TRY(write_load(cx, write));
    if (answer_again(cx, write, write->split.text, result))
        return ERR_OK;
    TRY(write_check_expectation(cx, write));
    return check_uid(cx, write, uid);
}

static enum err put_locked(struct ctx *cx, struct write *write,
    const struct ics_object *parsed, const char *text, struct be_put_result *result)
{
    struct push *push = &write->push;
    struct render_result rendered = {0};
    TRY(write_finish_before(cx, write, parsed->uid));
    TRY(be_look_begin(cx, write->bridge));
    enum err err = look(cx, write, parsed->uid, result);
    be_look_end(write->bridge);
    if (err || result->object.name)
        return err;
    if (write->have)
        TRY(meet_upstream(cx, write));
    directory_want_people(cx, write->bridge, write->account->id, parsed->calendar);
    push->text = write->split.text;
    TRY(plan_put(cx, write));
    push->ical_uid = parsed->uid;
    push->was_there = write->have || write->revive;
    err = execute(cx, push, &rendered);
    if (err == ERR_UPSTREAM_GONE && write->have)
        return meet_gone(cx, write);
    TRY(err);
    if (!rendered.object.text)
        return fail(cx, ERR_INTERNAL, "the event cannot be shown after it was written");
    write_result(write, &rendered.object, text, result);
    return ERR_OK;
}

/* A write may wait long for Feishu, and writes of other events need not wait with it.
 * Neither the name nor the UID may be given away meanwhile. */
static enum err take_event(
    struct ctx *cx, struct write *write, const char *uid, struct held *held)
{
    int64_t calendar_id = write->calendar->id;
    const char *name = write->push.name;
    struct wanted wanted[] = {
        {.kind = LOCK_CALENDAR, .number = calendar_id, .shared = true},
        {.kind = LOCK_EVENT, .number = lock_number(calendar_id, name)},
        {.kind = LOCK_EVENT, .number = lock_number(calendar_id, uid ? uid : name)},
    };
    return held_take_all(
        cx, write->bridge->locks, wanted, sizeof(wanted) / sizeof(*wanted), held);
}

static enum err take_calendar(struct ctx *cx, struct write *write, struct held *held)
{
    return held_take(
        cx, write->bridge->locks, LOCK_CALENDAR, write->calendar->id, held);
}

/* Who cuts a series writes several events, some of which may be there already, and so may
 * who has to finish what another began. */
static enum err take_for_write(
    struct ctx *cx, struct write *write, const char *uid, struct held *held)
{
    bool others = false;
    if (write->split.later.n)
        return take_calendar(cx, write, held);
    TRY(take_event(cx, write, uid, held));
    enum err err = journal_has_others(cx, write->bridge,
        &(struct journal_object){write->calendar->id, write->push.name, uid}, &others);
    if (!err && !others)
        return ERR_OK;
    held_release(held);
    return err ? err : take_calendar(cx, write, held);
}

enum err write_put(struct ctx *cx, struct write *write, const struct be_user *user,
    const struct be_put *put, struct be_put_result *result)
{
    const struct ics_object *parsed = put->parsed;
    struct held held;
    write->expect = &put->expect;
    write->quiet = put->quiet;
    TRY(write_check_rights(cx, write->bridge, user, put->calendar));
    write_open(cx, write, user, put->calendar, put->name);
    char *text = arena_strndup(cx->arena, put->text, put->text_bytes);
    TRY(convert_split(cx, &write->env, text, parsed->calendar, &write->split));
    TRY(take_for_write(cx, write, parsed->uid, &held));
    enum err err = put_locked(cx, write, parsed, text, result);
    held_release(&held);
    /* Who wrote it knows it, though it is not read again. */
    if (!err && result->same_text)
        be_delivered(write->bridge, put->calendar, &result->object);
    if (!err && result->created)
        unanswered_until_told(cx, write->bridge, put->calendar->id, put->name);
    return err;
}

enum err be_object_put(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_put *put, struct be_put_result *result)
{
    struct write write = {.bridge = bridge};
    TRY(moves_settle(cx, bridge, user->id));
    return write_put(cx, &write, user, put, result);
}

/* ---- DELETE ---- */

static enum err delete_locked(struct ctx *cx, struct write *write, bool reply)
{
    struct push *push = &write->push;
    struct plan plan = {0};
    struct series_data before;
    struct render_result rendered;
    TRY(write_finish_before(cx, write, NULL));
    TRY(write_load(cx, write));
    if (!write->have)
        return fail(cx, ERR_NOT_FOUND, "there is no %s", push->name);
    TRY(write_check_expectation(cx, write));
    TRY(meet_upstream(cx, write));
    if (!write->have)
        return ERR_OK; /* gone upstream already */
    series_read(cx, push->rows.items, push->rows.n, &before);
    before.series.ical_uid = write->object.uid;
    TRY(convert_plan_delete(
        cx, &write->env, &before.series, write->object.text, reply, &plan));
    push->hide = !series_is_organizer(&write->env, &before.series);
    push_take_plan(cx, push, &plan, write->quiet);
    return execute(cx, push, &rendered);
}

enum err write_delete(struct ctx *cx, struct write *write,
    const struct be_user *user, const struct be_calendar *calendar, const char *name,
    bool reply)
{
    struct held held;
    struct object one = {0};
    TRY(write_check_rights(cx, write->bridge, user, calendar));
    write_open(cx, write, user, calendar, name);
    /* Who gives its UID to another name waits until it is gone. */
    enum err err = store_object(cx, write->bridge->store, calendar->id, name, &one);
    if (err && err != ERR_NOT_FOUND)
        return err;
    TRY(take_for_write(cx, write, one.uid, &held));
    err = delete_locked(cx, write, reply);
    held_release(&held);
    return err;
}

enum err be_object_delete(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar, const char *name,
    const struct be_expect *expect, bool reply)
{
    struct write write = {.bridge = bridge, .expect = expect};
    TRY(moves_settle(cx, bridge, user->id));
    return write_delete(cx, &write, user, calendar, name, reply);
}
