/* COPY and MOVE of events (RFC 4918 sections 9.8 and 9.9). */
#include "config.h"

#include "bridge/move.h"
#include "ical/ics.h"

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
    TRY(write_finish_before(cx, write, NULL));
    TRY(write_load(cx, write));
    if (!write->have)
        return fail(cx, ERR_NOT_FOUND, "there is no %s", write->push.name);
    return write_check_expectation(cx, write);
}

/* ---- another name in the same calendar ---- */

/* The name may be free for clients and yet be that of an invitation that was declined. */
static enum err check_name(
    struct ctx *cx, const struct write *write, const struct be_transfer *transfer)
{
    struct object other;
    const char *name = transfer->to_name;
    enum err err =
        store_object(cx, write->bridge->store, write->calendar->id, name, &other);
    if (!err && !transfer->replace)
        return fail(cx, ERR_PRECONDITION, "there is already something at %s", name);
    if (!err)
        return fail(cx, ERR_UID_CONFLICT, "%s", name);
    if (err != ERR_NOT_FOUND)
        return err;
    struct write declined = *write;
    declined.have = false;
    declined.push.name = name;
    TRY(write_load_hidden(cx, &declined));
    return declined.revive
        ? fail(cx, ERR_CONFLICT, "%s is the name of a declined invitation", name)
        : ERR_OK;
}

static enum err save_under(struct ctx *cx, struct store_tx *tx, struct object *object,
    const char *name)
{
    struct object_place from = {object->calendar_id, object->name};
    struct object_place to = {object->calendar_id, name};
    object->name = name;
    TRY(store_object_save(cx, tx, object));
    TRY(store_object_properties_copy(cx, tx, &from, &to));
    return store_object_remove(cx, tx, from.calendar_id, from.name);
}

static enum err rename_locked(struct ctx *cx, struct write *write,
    const struct be_transfer *transfer, struct be_put_result *result)
{
    struct store_tx *tx;
    TRY(load_source(cx, write));
    TRY(check_name(cx, write, transfer));
    struct object object = write->object;
    TRY(store_begin(cx, write->bridge->store, &tx));
    TRY(store_end(cx, tx, save_under(cx, tx, &object, transfer->to_name)));
    write->have = false;
    write_result(write, &object, object.text, result);
    return ERR_OK;
}

static enum err rename_object(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    struct write write = {.bridge = bridge, .expect = &transfer->expect};
    struct held held;
    TRY(moves_settle(cx, bridge, user->id));
    write_open(cx, &write, user, transfer->from, transfer->from_name);
    TRY(held_take(cx, bridge->locks, LOCK_CALENDAR, transfer->from->id, &held));
    enum err err = rename_locked(cx, &write, transfer, result);
    held_release(&held);
    return err;
}

/* ---- into another calendar ---- */

/* The text to be written, which is only taken as long as it is the source's. */
static enum err read_source(struct ctx *cx, const struct be_user *user,
    const struct be_transfer *transfer, struct write *source)
{
    struct held held;
    source->expect = &transfer->expect;
    write_open(cx, source, user, transfer->from, transfer->from_name);
    TRY(held_take(
        cx, source->bridge->locks, LOCK_CALENDAR, transfer->from->id, &held));
    enum err err = load_source(cx, source);
    held_release(&held);
    TRY(err);
    if (!transfer->copy)
        return check_movable(cx, source);
    if (source->object.schedule_tag)
        return fail(cx, ERR_UNIQUE_SCHEDULING,
            "a meeting can be moved, but not be in two calendars");
    return ERR_OK;
}

static enum err put_there(struct ctx *cx, const struct be_user *user,
    const struct be_transfer *transfer, const struct write *source, int64_t move,
    struct be_put_result *result)
{
    struct write write = {.bridge = source->bridge,
        .from = {transfer->from->id, transfer->from_name},
        .move = move};
    struct ics_object parsed;
    TRY(ics_object_parse(cx, source->object.text, source->object.text_bytes, &parsed));
    struct be_put put = {
        .calendar = transfer->to,
        .name = transfer->to_name,
        .text = source->object.text,
        .text_bytes = source->object.text_bytes,
        .parsed = &parsed,
        .expect = {.check = !transfer->replace, .strict = !transfer->replace},
        .quiet = !transfer->copy,
    };
    return write_put(cx, &write, user, &put, result);
}

static enum err copy_object(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    struct write source = {.bridge = bridge};
    TRY(moves_settle(cx, bridge, user->id));
    TRY(read_source(cx, user, transfer, &source));
    return put_there(cx, user, transfer, &source, 0, result);
}

static enum err move_locked(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    struct write source = {.bridge = bridge};
    TRY(moves_settle_locked(cx, bridge, user->id));
    TRY(read_source(cx, user, transfer, &source));
    struct move move = {
        .journal = {.account_id = user->id,
            .calendar_id = transfer->from->id,
            .name = transfer->from_name},
        .from_uid = source.object.upstream_uid,
        .from_etag = source.object.etag,
        .to_calendar_id = transfer->to->id,
        .to_name = transfer->to_name,
    };
    move_read_answers(cx, &move, &source);
    TRY(move_open(cx, bridge, &move));
    enum err err =
        put_there(cx, user, transfer, &source, move.journal.id, result);
    if (err) {
        move_failed(cx, bridge, &move);
        return err;
    }
    move.made_etag = result->object.etag;
    move.made_new = result->created;
    return move_end(cx, bridge, user, &move);
}

static enum err move_object(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    struct held held;
    TRY(held_take(cx, bridge->locks, LOCK_MOVE, user->id, &held));
    enum err err = move_locked(cx, bridge, user, transfer, result);
    held_release(&held);
    return err;
}

enum err be_object_transfer(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    TRY(write_check_rights(cx, bridge, user, transfer->to));
    if (transfer->copy)
        return copy_object(cx, bridge, user, transfer, result);
    TRY(write_check_rights(cx, bridge, user, transfer->from));
    return transfer->from->id == transfer->to->id
        ? rename_object(cx, bridge, user, transfer, result)
        : move_object(cx, bridge, user, transfer, result);
}
