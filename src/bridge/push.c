/* Writes of clients: looked at, planned, executed upstream, and only then acknowledged.
 */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "ical/ics.h"

#include <string.h>

#define WRITE_LIMIT_MS 28000

struct write {
    struct bridge *bridge;
    const struct be_expect *expect;
    struct account account;
    struct calendar calendar;
    struct convert_env env;
    struct push push;
    struct object object; /* as it was served when the client asked */
    bool have;
    bool quiet;  /* tells nobody */
    bool revive; /* it is there, but hidden: a participant had deleted it */
};

static enum err check_rights(struct ctx *cx, struct bridge *bridge,
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

static enum err open_write(struct ctx *cx, struct write *write,
    const struct be_user *user, const struct be_calendar *calendar, const char *name)
{
    if (!cx->deadline_ms)
        cx->deadline_ms = ctx_monotonic_ms(cx) + WRITE_LIMIT_MS;
    TRY(store_account(cx, write->bridge->store, user->id, &write->account));
    TRY(store_calendar(cx, write->bridge->store, calendar->id, &write->calendar));
    env_fill(cx, write->bridge, &write->account, &write->calendar, &write->env);
    write->push = (struct push){
        .bridge = write->bridge,
        .account = &write->account,
        .calendar = &write->calendar,
        .name = name,
    };
    return ERR_OK;
}

/* A deletion taken back ("undo") comes as a PUT to the name of an invitation that was
 * declined. */
static enum err load_hidden(struct ctx *cx, struct write *write)
{
    const char *name = write->push.name;
    if (!str_ends(name, ".ics"))
        return ERR_OK;
    char *uid = arena_strndup(cx->arena, name, strlen(name) - 4);
    enum err err = store_object_full(
        cx, write->bridge->store, NULL, write->calendar.id, uid, &write->object);
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
static enum err load(struct ctx *cx, struct write *write)
{
    struct push *push = &write->push;
    struct object one;
    enum err err =
        store_object(cx, write->bridge->store, write->calendar.id, push->name, &one);
    write->have = !err;
    if (err == ERR_NOT_FOUND)
        return load_hidden(cx, write);
    TRY(err);
    TRY(store_object_full(cx, write->bridge->store, NULL, write->calendar.id,
        one.upstream_uid, &write->object));
    push->uid = write->object.upstream_uid;
    return push_load_rows(cx, push);
}

/* RFC 9110 13.1: under the lock, so that of two writers only one can be right. */
static enum err check_expectation(struct ctx *cx, const struct write *write)
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

/* ---- PUT ---- */

static void learn_addresses(
    struct ctx *cx, struct write *write, const struct comp *calendar)
{
    text_list addresses = {0};
    for (size_t i = 0; i < calendar->items.n; i++) {
        const struct comp *comp = calendar->items.items[i].comp;
        for (size_t k = 0; comp && k < comp->items.n; k++) {
            const struct line *line = comp->items.items[k].line;
            if (line &&
                (str_eq(line->name, "ATTENDEE") || str_eq(line->name, "ORGANIZER")))
                text_list_add_once(cx, &addresses, line->value);
        }
    }
    directory_want_addresses(
        cx, write->bridge, write->account.id, addresses.items, addresses.n);
}

static enum err check_uid(struct ctx *cx, struct write *write, const char *uid)
{
    struct object other;
    if (write->have && !str_eq(write->object.uid, uid))
        return fail(cx, ERR_UID_CONFLICT, "%s", write->push.name);
    enum err err =
        store_object_by_uid(cx, write->bridge->store, write->calendar.id, uid, &other);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    return str_eq(other.name, write->push.name)
        ? ERR_OK
        : fail(cx, ERR_UID_CONFLICT, "%s", other.name);
}

static void fill_result(const struct write *write, const struct object *object,
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

/* The same change again, after its answer was lost or could not be stored: what Feishu
 * already says is not said twice, because people would be told twice. */
static bool is_said(struct ctx *cx, struct push *push, const struct step *step)
{
    const struct row *row = step->original_time ? NULL : push_row(push, 0);
    const cJSON *event = row && step->kind == STEP_PATCH && !step->restore
        ? json_parse(cx->arena, row->json)
        : NULL;
    return event && !event_cancelled(event) &&
        event_covers(cx, push->bridge, event, step->body);
}

/* The steps are those that push will execute. */
static void take_plan(struct ctx *cx, struct write *write, const struct plan *plan)
{
    struct push *push = &write->push;
    for (size_t i = 0; write->quiet && i < plan->steps.n; i++)
        plan->steps.items[i].notify = false;
    push->steps = plan->steps.items;
    push->n_steps = plan->steps.n;
    push->done = ARENA_ARRAY(cx->arena, bool, plan->steps.n + 1);
    for (size_t i = 0; i < push->n_steps; i++)
        push->done[i] = is_said(cx, push, &push->steps[i]);
}

/* If-Match has decided already; otherwise both sides may have changed something. */
static const char *base_of(struct ctx *cx, const struct write *write,
    const struct series *before, const char *text)
{
    struct merge merge = {
        .shadow = write->object.shadow,
        .served = write->object.text,
        .text = text,
    };
    const char *conflicts;
    char *upstream;
    if ((write->expect->check && write->expect->strict) ||
        convert_down(cx, &write->env, before, merge.shadow, &upstream))
        return merge.served;
    merge.upstream = upstream;
    merge.given = str_eq(merge.served, upstream) &&
        delivered_has(write->bridge, write->calendar.id, write->object.change);
    const char *base = convert_merge_base(cx, &write->env, &merge, &conflicts);
    if (*conflicts)
        log_line(cx, LOG_INFO, LOG_SYNC,
            "calendar %lld: %s was changed in Feishu and by a client, its %s counts",
            (long long)write->calendar.id, write->push.name, conflicts);
    return base;
}

static enum err plan_put(struct ctx *cx, struct write *write, const char *text)
{
    struct push *push = &write->push;
    struct plan *plan = ARENA_NEW(cx->arena, struct plan);
    struct series_data before;
    bool there = write->have || write->revive;
    if (there) {
        series_read(cx, push->rows.items, push->rows.n, &before);
        before.series.ical_uid = write->object.uid;
    }
    TRY(convert_plan(cx, &write->env, there ? &before.series : NULL,
        there ? base_of(cx, write, &before.series, text) : NULL, text, plan));
    take_plan(cx, write, plan);
    return ERR_OK;
}

static enum err execute(struct ctx *cx, struct push *push, struct render_result *result)
{
    TRY(journal_open(cx, push));
    return push_settle(cx, push, push_execute(cx, push), result);
}

/* Deleted in Feishu a moment ago: no client is told of a success, and the next attempt
 * knows. */
static enum err meet_gone(struct ctx *cx, struct write *write)
{
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    TRY(push_gone(cx, &write->push));
    if (write->expect->check && write->expect->strict)
        return fail(cx, ERR_PRECONDITION, "the event was deleted in Feishu meanwhile");
    return fail(cx, ERR_UPSTREAM_GONE, "%s", text);
}

static enum err put_locked(struct ctx *cx, struct write *write,
    const struct ics_object *parsed, const char *text, struct be_put_result *result)
{
    struct push *push = &write->push;
    struct render_result rendered = {0};
    TRY(journal_finish_object(cx, write->bridge, write->calendar.id, push->name));
    TRY(load(cx, write));
    /* The same create again, because its answer was lost on the way to the client. */
    if (write->have && write->expect->check && write->expect->strict &&
        !write->expect->etag && str_eq(write->object.shadow, text)) {
        fill_result(write, &write->object, text, result);
        return ERR_OK;
    }
    TRY(check_expectation(cx, write));
    TRY(check_uid(cx, write, parsed->uid));
    if (write->have)
        TRY(meet_upstream(cx, write));
    learn_addresses(cx, write, parsed->calendar);
    TRY(plan_put(cx, write, text));
    push->text = text;
    push->ical_uid = parsed->uid;
    enum err err = execute(cx, push, &rendered);
    if (err == ERR_UPSTREAM_GONE && write->have)
        return meet_gone(cx, write);
    TRY(err);
    if (!rendered.object.text)
        return fail(cx, ERR_INTERNAL, "the event cannot be shown after it was written");
    fill_result(write, &rendered.object, text, result);
    return ERR_OK;
}

enum err be_object_put(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_put *put, struct be_put_result *result)
{
    struct write write = {
        .bridge = bridge, .expect = &put->expect, .quiet = put->quiet};
    struct ics_object parsed;
    struct held held;
    TRY(check_rights(cx, bridge, user, put->calendar));
    TRY(ics_object_parse(cx, put->text, put->text_bytes, &parsed));
    TRY(open_write(cx, &write, user, put->calendar, put->name));
    char *text = arena_strndup(cx->arena, put->text, put->text_bytes);
    TRY(held_take(cx, bridge->locks, LOCK_CALENDAR, put->calendar->id, &held));
    enum err err = put_locked(cx, &write, &parsed, text, result);
    held_release(&held);
    return err;
}

/* ---- DELETE ---- */

static enum err delete_locked(struct ctx *cx, struct write *write, bool reply)
{
    struct push *push = &write->push;
    struct plan plan = {0};
    struct series_data before;
    struct render_result rendered;
    TRY(journal_finish_object(cx, write->bridge, write->calendar.id, push->name));
    TRY(load(cx, write));
    if (!write->have)
        return fail(cx, ERR_NOT_FOUND, "there is no %s", push->name);
    TRY(check_expectation(cx, write));
    TRY(meet_upstream(cx, write));
    if (!write->have)
        return ERR_OK; /* gone upstream already */
    series_read(cx, push->rows.items, push->rows.n, &before);
    before.series.ical_uid = write->object.uid;
    TRY(convert_plan_delete(cx, &write->env, &before.series, reply, &plan));
    push->hide = !series_is_organizer(&write->env, &before.series);
    take_plan(cx, write, &plan);
    return execute(cx, push, &rendered);
}

static enum err delete_object(struct ctx *cx, struct write *write,
    const struct be_user *user, const struct be_calendar *calendar, const char *name,
    bool reply)
{
    struct held held;
    TRY(check_rights(cx, write->bridge, user, calendar));
    TRY(open_write(cx, write, user, calendar, name));
    TRY(held_take(cx, write->bridge->locks, LOCK_CALENDAR, calendar->id, &held));
    enum err err = delete_locked(cx, write, reply);
    held_release(&held);
    return err;
}

enum err be_object_delete(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar, const char *name,
    const struct be_expect *expect, bool reply)
{
    struct write write = {.bridge = bridge, .expect = expect};
    return delete_object(cx, &write, user, calendar, name, reply);
}

/* ---- COPY, MOVE ---- */

/* An answer given to an invitation belongs to the calendar that was invited. */
static enum err check_movable(struct ctx *cx, struct write *write)
{
    struct series_data data;
    series_read(cx, write->push.rows.items, write->push.rows.n, &data);
    if (series_is_organizer(&write->env, &data.series))
        return ERR_OK;
    return fail(cx, ERR_UPSTREAM_REFUSED,
        "an invitation stays in the calendar where Feishu has put it");
}

static enum err load_source(struct ctx *cx, struct write *write)
{
    TRY(journal_finish_object(cx, write->bridge, write->calendar.id, write->push.name));
    TRY(load(cx, write));
    if (!write->have)
        return fail(cx, ERR_NOT_FOUND, "there is no %s", write->push.name);
    return check_expectation(cx, write);
}

/* The name may be free for clients and yet be that of an invitation that was declined. */
static enum err check_name(
    struct ctx *cx, const struct write *write, const struct be_transfer *transfer)
{
    struct object other;
    const char *name = transfer->to_name;
    enum err err =
        store_object(cx, write->bridge->store, write->calendar.id, name, &other);
    if (!err && !transfer->replace)
        return fail(cx, ERR_PRECONDITION, "there is already something at %s", name);
    if (!err)
        return fail(cx, ERR_UID_CONFLICT, "%s", name);
    if (err != ERR_NOT_FOUND)
        return err;
    struct write declined = *write;
    declined.have = false;
    declined.push.name = name;
    TRY(load_hidden(cx, &declined));
    return declined.revive
        ? fail(cx, ERR_CONFLICT, "%s is the name of a declined invitation", name)
        : ERR_OK;
}

static enum err rename_locked(struct ctx *cx, struct write *write,
    const struct be_transfer *transfer, struct be_put_result *result)
{
    struct store_tx *tx;
    TRY(load_source(cx, write));
    TRY(check_name(cx, write, transfer));
    struct object object = write->object;
    TRY(store_begin(cx, write->bridge->store, &tx));
    enum err err = store_object_remove(cx, tx, write->calendar.id, object.name);
    object.name = transfer->to_name;
    if (!err)
        err = store_object_save(cx, tx, &object);
    if (err) {
        store_rollback(tx);
        return err;
    }
    TRY(store_commit(cx, tx));
    write->have = false;
    fill_result(write, &object, object.text, result);
    return ERR_OK;
}

static enum err rename_object(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    struct write write = {.bridge = bridge, .expect = &transfer->expect};
    struct held held;
    TRY(open_write(cx, &write, user, transfer->from, transfer->from_name));
    TRY(held_take(cx, bridge->locks, LOCK_CALENDAR, transfer->from->id, &held));
    enum err err = rename_locked(cx, &write, transfer, result);
    held_release(&held);
    return err;
}

/* The text to be written, which is only taken as long as it is the source's. */
static enum err read_source(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer, struct object *source)
{
    struct write write = {.bridge = bridge, .expect = &transfer->expect};
    struct held held;
    TRY(open_write(cx, &write, user, transfer->from, transfer->from_name));
    TRY(held_take(cx, bridge->locks, LOCK_CALENDAR, transfer->from->id, &held));
    enum err err = load_source(cx, &write);
    held_release(&held);
    TRY(err);
    if (!transfer->copy)
        TRY(check_movable(cx, &write));
    else if (write.object.schedule_tag)
        return fail(cx, ERR_UNIQUE_SCHEDULING,
            "a meeting can be moved, but not be in two calendars");
    *source = write.object;
    return ERR_OK;
}

/* Somebody changed the source while it was copied: the copy goes away again. */
static void take_copy_back(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    const struct be_put_result *result)
{
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    enum err err = cx->err;
    struct be_expect expect = {
        .check = true, .strict = true, .etag = result->object.etag};
    struct write write = {.bridge = bridge, .expect = &expect, .quiet = true};
    if (result->created)
        delete_object(cx, &write, user, transfer->to, transfer->to_name, false);
    fail(cx, err, "%s", text);
}

static enum err move_between(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    struct object source = {0};
    struct be_put_result made;
    TRY(read_source(cx, bridge, user, transfer, &source));
    struct be_put put = {
        .calendar = transfer->to,
        .name = transfer->to_name,
        .text = source.text,
        .text_bytes = source.text_bytes,
        .expect = {.check = !transfer->replace, .strict = !transfer->replace},
        .quiet = !transfer->copy,
    };
    TRY(be_object_put(cx, bridge, user, &put, &made));
    *result = made;
    if (transfer->copy)
        return ERR_OK;
    struct be_expect expect = {.check = true, .strict = true, .etag = source.etag};
    struct write write = {.bridge = bridge, .expect = &expect, .quiet = true};
    enum err err =
        delete_object(cx, &write, user, transfer->from, transfer->from_name, false);
    if (err == ERR_PRECONDITION)
        take_copy_back(cx, bridge, user, transfer, &made);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err be_object_transfer(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    TRY(check_rights(cx, bridge, user, transfer->to));
    if (!transfer->copy)
        TRY(check_rights(cx, bridge, user, transfer->from));
    if (!transfer->copy && transfer->from->id == transfer->to->id)
        return rename_object(cx, bridge, user, transfer, result);
    return move_between(cx, bridge, user, transfer, result);
}
