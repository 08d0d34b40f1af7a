#include "config.h"

#include "bridge/move.h"

#define ANSWERS_MAX 50
#define OLD_S 86400

/* ---- the entry ---- */

/* With this every one begins, and nothing else: it is told without being read. */
#define MOVE_START "{\"kind\":\"move\""

static const char *move_text(struct ctx *cx, const struct move *move)
{
    cJSON *json = json_object(cx->arena);
    cJSON_AddStringToObject(json, "kind", "move");
    cJSON_AddStringToObject(json, "from_uid", move->from_uid);
    cJSON_AddStringToObject(json, "from_etag", move->from_etag);
    cJSON_AddNumberToObject(json, "to_calendar", (double)move->to_calendar_id);
    cJSON_AddStringToObject(json, "to_name", move->to_name);
    if (move->made_etag)
        cJSON_AddStringToObject(json, "made_etag", move->made_etag);
    cJSON_AddBoolToObject(json, "made_new", move->made_new);
    cJSON_AddBoolToObject(json, "undo", move->undo);
    cJSON *answers = cJSON_AddArrayToObject(json, "answers");
    for (size_t i = 0; i < move->answers.n; i++) {
        const struct move_answer *one = &move->answers.items[i];
        cJSON *answer = cJSON_CreateObject();
        cJSON_AddStringToObject(answer, "open_id", one->open_id);
        cJSON_AddStringToObject(answer, "rsvp", one->rsvp);
        cJSON_AddNumberToObject(answer, "original_time", (double)one->original_time);
        cJSON_AddItemToArray(answers, answer);
    }
    return json_print(cx->arena, json);
}

bool move_is(const struct journal *journal)
{
    return str_starts(journal->plan, MOVE_START);
}

static void move_read(struct ctx *cx, const struct journal *journal, struct move *move)
{
    const cJSON *json = json_parse(cx->arena, journal->plan), *one;
    const char *made_etag = json_text(json, "made_etag");
    *move = (struct move){
        .journal = *journal,
        .from_uid = json_text(json, "from_uid"),
        .from_etag = json_text(json, "from_etag"),
        .to_calendar_id = json_int(json, "to_calendar", 0),
        .to_name = json_text(json, "to_name"),
        .made_etag = *made_etag ? made_etag : NULL,
        .made_new = json_bool(json, "made_new", false),
        .undo = json_bool(json, "undo", false),
    };
    cJSON_ArrayForEach(one, json_array(json, "answers"))
    {
        struct move_answer answer = {
            .open_id = json_text(one, "open_id"),
            .rsvp = json_text(one, "rsvp"),
            .original_time = json_int(one, "original_time", 0),
        };
        LIST_ADD(cx->arena, &move->answers, answer);
    }
}

static enum err move_save(struct ctx *cx, struct bridge *bridge, struct move *move)
{
    move->journal.plan = move_text(cx, move);
    return store_journal_save(cx, bridge->store, &move->journal);
}

enum err move_open(struct ctx *cx, struct bridge *bridge, struct move *move)
{
    move->journal.id = 0;
    move->journal.key = crypto_uuid(cx);
    move->journal.created_s = ctx_now_s(cx);
    return move_save(cx, bridge, move);
}

static enum err find_entry(
    struct ctx *cx, struct bridge *bridge, int64_t id, struct move *move)
{
    struct journal *list;
    size_t n;
    TRY(store_journals(cx, bridge->store, &list, &n));
    for (size_t i = 0; i < n; i++)
        if (list[i].id == id) {
            move_read(cx, &list[i], move);
            return ERR_OK;
        }
    return fail(cx, ERR_NOT_FOUND, "the move is not in the journal");
}

enum err move_made(struct ctx *cx, struct bridge *bridge, int64_t id,
    const struct object *made, bool created)
{
    struct move move;
    enum err err = find_entry(cx, bridge, id, &move);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    move.made_etag = made->etag;
    move.made_new = created;
    return move_save(cx, bridge, &move);
}

/* The write that makes the new event, in the journal; NULL = it is not open. */
static const struct journal *making(
    struct ctx *cx, struct bridge *bridge, const struct move *move)
{
    struct journal *list;
    size_t n;
    if (store_journals(cx, bridge->store, &list, &n))
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (json_int(json_parse(cx->arena, list[i].plan), "move", 0) ==
            move->journal.id)
            return &list[i];
    return NULL;
}

static enum err move_close(
    struct ctx *cx, struct bridge *bridge, const struct move *move)
{
    return store_journal_remove(cx, bridge->store, move->journal.id);
}

void move_failed(struct ctx *cx, struct bridge *bridge, struct move *move)
{
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    enum err err = cx->err;
    if (!making(cx, bridge, move))
        move_close(cx, bridge, move);
    fail(cx, err, "%s", text);
}

/* ---- answers ---- */

static void add_answers(
    struct ctx *cx, struct move *move, const struct row *row, const char *own_id)
{
    const cJSON *list = row->attendees
        ? json_parse(cx->arena, row->attendees)
        : json_array(json_parse(cx->arena, row->json), "attendees");
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        struct move_answer answer = {
            .open_id = json_text(one, "user_id"),
            .rsvp = json_text(one, "rsvp_status"),
            .original_time = row->original_time,
        };
        bool given = str_ieq(answer.rsvp, "accept") || str_ieq(answer.rsvp, "decline") ||
            str_ieq(answer.rsvp, "tentative");
        if (given && *answer.open_id && !str_eq(answer.open_id, own_id) &&
            move->answers.n < ANSWERS_MAX)
            LIST_ADD(cx->arena, &move->answers, answer);
    }
}

void move_read_answers(struct ctx *cx, struct move *move, const struct write *source)
{
    for (size_t i = 0; i < source->push.rows.n; i++)
        add_answers(cx, move, &source->push.rows.items[i], source->account->open_id);
}

static const char *primary_of(
    struct ctx *cx, struct bridge *bridge, int64_t account_id)
{
    struct calendar *list;
    size_t n;
    if (store_calendars(cx, bridge->store, account_id, &list, &n))
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].type, "primary"))
            return list[i].upstream_id;
    return NULL;
}

/* Only its own sign-in can give somebody's answer (feishu-api 5.15). */
static void give_answer(struct ctx *cx, struct bridge *bridge, const char *uid,
    const struct move_answer *one, bool *waited)
{
    struct account account;
    cJSON *body = json_object(cx->arena);
    if (store_account_by_open_id(cx, bridge->store, one->open_id, &account) ||
        account.state != ACCOUNT_OK)
        return;
    const char *calendar = primary_of(cx, bridge, account.id);
    if (!calendar)
        return;
    cJSON_AddStringToObject(body, "rsvp_status", one->rsvp);
    struct feishu_call call = {
        .endpoint = FEISHU_EVENT_REPLY,
        .args = {calendar, event_id_join(cx, uid, one->original_time)},
        .body = body,
        .priority = FEISHU_WRITE,
    };
    enum err err = bridge_request(cx, bridge, account.id, &call, NULL, NULL);
    /* The event may not be readable yet for who was just invited. */
    if (err == ERR_UPSTREAM_GONE && !*waited) {
        *waited = true;
        if (push_wait_for_lag(cx))
            err = bridge_request(cx, bridge, account.id, &call, NULL, NULL);
    }
    if (err)
        log_line(cx, LOG_INFO, LOG_SYNC, "an answer did not move along: %s",
            ctx_error(cx));
}

/* Whose answer cannot be given starts again without one. */
static void give_answers(
    struct ctx *cx, struct bridge *bridge, const struct move *move)
{
    struct object made;
    bool waited = false;
    if (!move->answers.n ||
        store_object(
            cx, bridge->store, move->to_calendar_id, move->to_name, &made) ||
        str_empty(made.upstream_uid))
        return;
    char *uid = arena_strdup(cx->arena, made.upstream_uid);
    for (size_t i = 0; i < move->answers.n; i++)
        give_answer(cx, bridge, uid, &move->answers.items[i], &waited);
}

/* ---- its end ---- */

/* NOT_FOUND when the calendar has gone. */
static enum err calendar_of(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, int64_t id, struct be_calendar *calendar)
{
    struct calendar one;
    TRY(store_calendar(cx, bridge->store, id, &one));
    return be_calendar(cx, bridge, user, one.name, calendar);
}

/* What has gone already is as good as deleted. */
static enum err delete_quietly(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct object_place *place, const char *etag)
{
    struct be_calendar calendar;
    struct be_expect expect = {.check = true, .strict = true, .etag = etag};
    struct write write = {.bridge = bridge, .expect = &expect, .quiet = true};
    enum err err = calendar_of(cx, bridge, user, place->calendar_id, &calendar);
    if (!err)
        err = write_delete(cx, &write, user, &calendar, place->name, false);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Another event that has the name by now is none of the move's business. */
static enum err source_is_there(
    struct ctx *cx, struct bridge *bridge, const struct move *move, bool *there)
{
    struct object one;
    enum err err = store_object(cx, bridge->store, move->journal.calendar_id,
        move->journal.name, &one);
    if (err && err != ERR_NOT_FOUND)
        return err;
    *there = !err && str_eq(one.upstream_uid, move->from_uid);
    return ERR_OK;
}

static enum err delete_source(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct move *move)
{
    struct object_place place = {move->journal.calendar_id, move->journal.name};
    bool there = false;
    TRY(source_is_there(cx, bridge, move, &there));
    if (!there)
        return ERR_OK;
    enum err err = delete_quietly(cx, bridge, user, &place, move->from_etag);
    if (err != ERR_PRECONDITION)
        return err;
    /* Gone in Feishu, perhaps by this very move before a crash: the copy is all there is,
     * and must not be taken back. */
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    TRY(source_is_there(cx, bridge, move, &there));
    return there ? fail(cx, err, "%s", text) : ERR_OK;
}

/* A copy that somebody has changed meanwhile stays. */
static enum err take_back(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct move *move)
{
    struct object_place place = {move->to_calendar_id, move->to_name};
    enum err err = delete_quietly(cx, bridge, user, &place, move->made_etag);
    if (err && err_is_open(err))
        return err;
    if (err)
        sync_warn(cx, "calendar %lld: %s was moved and is in both calendars: %s",
            (long long)move->journal.calendar_id, move->journal.name, ctx_error(cx));
    return move_close(cx, bridge, move);
}

enum err move_end(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    struct move *move)
{
    if (move->undo)
        return take_back(cx, bridge, user, move);
    give_answers(cx, bridge, move);
    enum err err = delete_source(cx, bridge, user, move);
    if (!err)
        return move_close(cx, bridge, move);
    if (err_is_open(err))
        return err;
    char *text = arena_strdup(cx->arena, ctx_error(cx));
    move->undo = move->made_new;
    if (move->undo) {
        TRY(move_save(cx, bridge, move));
        take_back(cx, bridge, user, move);
    } else {
        move_close(cx, bridge, move);
    }
    return fail(cx, err, "%s", text);
}

/* ---- after a crash or a fault ---- */

static enum err finish_making(
    struct ctx *cx, struct bridge *bridge, const struct move *move)
{
    struct held held;
    TRY(held_take(cx, bridge->locks, LOCK_CALENDAR, move->to_calendar_id, &held));
    enum err err = journal_finish_object(cx, bridge,
        &(struct journal_object){move->to_calendar_id, move->to_name, NULL});
    held_release(&held);
    return err;
}

static enum err settle(struct ctx *cx, struct bridge *bridge, struct move *move)
{
    struct be_user user;
    if (move->journal.created_s + OLD_S < ctx_now_s(cx)) {
        sync_warn(cx, "calendar %lld: an unfinished move of %s is given up",
            (long long)move->journal.calendar_id, move->journal.name);
        return move_close(cx, bridge, move);
    }
    if (!move->made_etag && making(cx, bridge, move)) {
        TRY(finish_making(cx, bridge, move));
        TRY(find_entry(cx, bridge, move->journal.id, move));
    }
    if (!move->made_etag)
        return move_close(cx, bridge, move);
    TRY(be_user(cx, bridge, move->journal.account_id, &user));
    enum err err = move_end(cx, bridge, &user, move);
    return err && err_is_open(err) ? err : ERR_OK;
}

enum err moves_settle_locked(struct ctx *cx, struct bridge *bridge, int64_t account_id)
{
    struct journal *list;
    size_t n;
    TRY(store_journals(cx, bridge->store, &list, &n));
    for (size_t i = 0; i < n; i++) {
        struct move move;
        if (list[i].account_id != account_id || !move_is(&list[i]))
            continue;
        move_read(cx, &list[i], &move);
        TRY(settle(cx, bridge, &move));
    }
    return ERR_OK;
}

enum err moves_settle(struct ctx *cx, struct bridge *bridge, int64_t account_id)
{
    struct journal *list;
    struct held held;
    size_t n;
    bool any = false;
    TRY(store_journals(cx, bridge->store, &list, &n));
    for (size_t i = 0; i < n && !any; i++)
        any = list[i].account_id == account_id && move_is(&list[i]);
    if (!any)
        return ERR_OK;
    TRY(held_take(cx, bridge->locks, LOCK_MOVE, account_id, &held));
    enum err err = moves_settle_locked(cx, bridge, account_id);
    held_release(&held);
    return err;
}
