/* From the rows of a series to the object that clients see. */
#include "config.h"

#include "base/codec.h"
#include "bridge/bridge_internal.h"
#include "ical/expand.h"
#include "ical/ics.h"

#include <string.h>
#include <strings.h>

#define INDEX_BACK_S (2 * 366 * 86400LL)
#define INDEX_AHEAD_S (3 * 366 * 86400LL)
#define INDEX_MAX_INSTANCES 2000
#define ETAG_BYTES 16

enum be_role role_of(const char *word)
{
    static const struct {
        const char *word;
        enum be_role role;
    } roles[] = {
        {"owner", BE_OWNER},
        {"writer", BE_WRITER},
        {"reader", BE_READER},
        {"free_busy_reader", BE_FREEBUSY},
    };
    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
        if (word && strcasecmp(word, roles[i].word) == 0)
            return roles[i].role;
    return BE_FREEBUSY;
}

/* What stands between a mark and the end of the line, or markup. */
static const char *text_behind(struct ctx *cx, const char *xml, const char *mark)
{
    const char *at = strstr(xml, mark);
    if (!at)
        return "";
    at += strlen(mark);
    return str_trim(cx->arena, arena_strndup(cx->arena, at, strcspn(at, "<&\r\n")));
}

/* RFC 4791 5.2.2, RFC 7809 5.2 */
const char *calendar_timezone(
    struct ctx *cx, struct bridge *bridge, const struct calendar *calendar)
{
    char *place = arena_printf(cx->arena, "calendar:%lld", (long long)calendar->id);
    struct property *list;
    size_t n;
    const struct zone *zone = NULL;
    if (store_properties(cx, bridge->store, calendar->account_id, place, &list, &n))
        return NULL;
    for (size_t i = 0; i < n && !zone; i++) {
        if (str_eq(list[i].name, "calendar-timezone-id"))
            zone = zone_find(text_behind(cx, list[i].xml, ">"));
        else if (str_eq(list[i].name, "calendar-timezone"))
            zone = zone_from_tzid(cx, text_behind(cx, list[i].xml, "TZID:"), NULL);
    }
    return zone ? zone_name(zone) : NULL;
}

void env_fill(struct ctx *cx, struct bridge *bridge, const struct account *account,
    const struct calendar *calendar, struct convert_env *env)
{
    const char *zone = calendar_timezone(cx, bridge, calendar);
    if (!zone)
        zone = !str_empty(account->timezone) ? account->timezone : TIMEZONE_DEFAULT;
    *env = (struct convert_env){
        .read_end_exclusive = bridge->read_end_exclusive,
        .write_end_inclusive = bridge->write_end_inclusive,
        .calendar_id = calendar->upstream_id,
        .own_id = account->open_id,
        .own_address = account->email ? account->email : "",
        .own_name = account->display_name ? account->display_name : "",
        .timezone = zone,
        .role = role_of(calendar->role),
        .read_only = calendar->third_party || str_ieq(calendar->type, "resource"),
        .address_of = directory_address_of,
        .id_of = directory_id_of,
        .self = bridge,
    };
}

static void row_read(struct ctx *cx, const struct row *row, struct series_row *out)
{
    out->original_time = row->original_time;
    out->event = json_parse(cx->arena, row->json);
    /* Attendees that are due for another look stay with the event until they come. */
    out->attendees = row->attendees ? json_parse(cx->arena, row->attendees)
                                    : json_array(out->event, "attendees");
}

void series_read(
    struct ctx *cx, struct row *rows, size_t n_rows, struct series_data *data)
{
    struct series_row *list = ARENA_ARRAY(cx->arena, struct series_row, n_rows + 1);
    size_t exceptions = 0;
    *data = (struct series_data){.rows = rows, .n_rows = n_rows};
    for (size_t i = 0; i < n_rows; i++) {
        struct series_row one;
        row_read(cx, &rows[i], &one);
        if (!one.event)
            continue;
        if (rows[i].original_time) {
            list[1 + exceptions++] = one;
            data->n_live += !event_cancelled(one.event);
        } else if (event_cancelled(one.event)) {
            data->cancelled = true;
        } else {
            list[0] = one;
            data->series.master = &list[0];
        }
    }
    data->series.uid = n_rows ? rows[0].uid : NULL;
    data->series.exceptions = list + 1;
    data->series.n_exceptions = exceptions;
}

/* ---- the index of instances ---- */

struct collect {
    struct ctx *cx;
    LIST(struct object_instance) list;
};

static bool collect_one(void *self, const struct instance *one)
{
    struct collect *collect = self;
    struct object_instance instance = {
        .start_s = one->start_s, .end_s = one->end_s, .busy = one->busy};
    LIST_ADD(collect->cx->arena, &collect->list, instance);
    return true;
}

/* An object whose instances cannot all be listed is looked at itself whenever a range is
 * asked for. */
static void index_instances(
    struct ctx *cx, struct object *object, const struct zone *floating)
{
    struct ics_object parsed;
    struct collect collect = {.cx = cx};
    int64_t now_s = ctx_now_s(cx);
    object->from_s = INT64_MIN;
    object->until_s = INT64_MAX;
    object->indexed_from_s = object->indexed_until_s = 0;
    if (ics_object_parse(cx, object->text, object->text_bytes, &parsed) ||
        expand_bounds(cx, parsed.calendar, floating, &object->from_s, &object->until_s))
        return;
    struct expand_range range = {
        .from_s = object->from_s,
        .until_s = object->until_s,
        .floating = floating,
        .max_instances = INDEX_MAX_INSTANCES,
    };
    bool whole = object->until_s != INT64_MAX &&
        object->until_s - object->from_s < INDEX_BACK_S + INDEX_AHEAD_S;
    if (!whole) {
        range.from_s = now_s - INDEX_BACK_S;
        range.until_s = now_s + INDEX_AHEAD_S;
    } else {
        range.from_s = INT64_MIN;
        range.until_s = INT64_MAX;
    }
    if (expand_each(cx, parsed.calendar, &range, collect_one, &collect))
        return;
    object->instances = collect.list.items;
    object->n_instances = collect.list.n;
    object->indexed_from_s = range.from_s;
    object->indexed_until_s = range.until_s;
}

static const char *etag_of(struct ctx *cx, const char *text, size_t len)
{
    unsigned char digest[SHA256_BYTES];
    crypto_sha256(text, len, digest);
    return base64url_encode(cx->arena, digest, ETAG_BYTES);
}

/* ---- the object ---- */

static const char *own_rsvp_known(const struct series *series)
{
    const struct series_row *row = series->master;
    if (!row && series->n_exceptions)
        row = &series->exceptions[0]; /* as series_is_declined has it */
    if (!row)
        return NULL;
    const char *status = json_text(row->event, "self_rsvp_status");
    return *status ? status : row->attendees ? "" : NULL;
}

/* Once deleted by a participant it stays out of sight as long as the answer stays no. */
static bool stays_hidden(const struct convert_env *env, const struct series *series,
    const struct object *before)
{
    return before->hidden && (!own_rsvp_known(series) || series_is_declined(env, series));
}

static enum err render_text(struct ctx *cx, const struct render *render,
    const struct convert_env *env, struct series *series, struct object *object)
{
    char *uid = NULL, *text = NULL;
    if (render->ical_uid)
        uid = arena_strdup(cx->arena, render->ical_uid);
    else if (object->uid)
        uid = arena_strdup(cx->arena, object->uid);
    else
        TRY(store_uid_of(cx, render->bridge->store, render->uid, &uid));
    object->uid = uid ? uid : render->uid;
    series->ical_uid = object->uid;
    TRY(convert_down(cx, env, series, object->shadow, &text));
    object->text = text;
    object->text_bytes = strlen(text);
    object->etag = etag_of(cx, text, object->text_bytes);
    object->schedule_tag = convert_schedule_tag(cx, text);
    return ERR_OK;
}

static enum err remove_object(struct ctx *cx, struct store_tx *tx,
    const struct render *render, const struct object *object,
    struct render_result *result)
{
    TRY(store_object_remove(cx, tx, render->calendar->id, object->name));
    result->removed = !object->hidden;
    return ERR_OK;
}

/* What a client may still hold when it writes without a condition (merge.c). */
static enum err keep_older(struct ctx *cx, struct store_tx *tx,
    const struct render *render, const struct object *before, const struct object *now)
{
    if (render->shadow)
        return store_olders_remove(cx, tx, before->id);
    if (before->hidden || str_eq(before->etag, now->etag) ||
        delivered_not(render->bridge, render->calendar->id, before->change))
        return ERR_OK;
    return store_older_add(cx, tx, before, ctx_now_s(cx));
}

static enum err save_object(struct ctx *cx, struct store_tx *tx,
    const struct render *render, struct series *series, const struct convert_env *env,
    struct object *object, bool existed, struct render_result *result)
{
    const char *old_etag = existed ? object->etag : NULL;
    struct object before = *object;
    const char *shadow = object->shadow;
    if (render->shadow)
        object->shadow = render->shadow;
    /* A pull may have met a new event before its create was known to have succeeded. */
    if (existed && render->name && !str_eq(render->name, before.name))
        TRY(store_object_remove(cx, tx, render->calendar->id, before.name));
    if (render->name)
        object->name = render->name;
    else if (!existed)
        object->name = arena_printf(cx->arena, "%s.ics", render->uid);
    if (render_text(cx, render, env, series, object)) {
        sync_warn(cx, "calendar %lld: event %s cannot be shown: %s",
            (long long)render->calendar->id, render->uid, ctx_error(cx));
        result->failed = true;
        return render->shadow ? cx->err : ERR_OK;
    }
    const char *unreadable = convert_unreadable(cx, series);
    if (*unreadable) {
        sync_warn(cx, "calendar %lld: exceptions of event %s cannot be read: %s",
            (long long)render->calendar->id, render->uid, unreadable);
        result->unreadable = true;
    }
    object->hidden =
        render->hide || (!render->shadow && stays_hidden(env, series, &before));
    if (existed && !render->reindex && shadow == object->shadow &&
        str_eq(old_etag, object->etag) && before.hidden == object->hidden &&
        str_eq(before.name, object->name)) {
        result->object = *object;
        return ERR_OK;
    }
    const struct zone *floating = zone_find(env->timezone);
    index_instances(cx, object, floating ? floating : zone_utc());
    if (existed)
        TRY(keep_older(cx, tx, render, &before, object));
    TRY(store_object_save(cx, tx, object));
    if (object->change != before.change)
        delivered_made(render->bridge, render->calendar->id, object->change);
    result->changed = !str_eq(old_etag, object->etag) || before.hidden != object->hidden;
    result->object = *object;
    return ERR_OK;
}

enum err render_series(struct ctx *cx, struct store_tx *tx, const struct render *render,
    struct render_result *result)
{
    struct series_data data;
    struct convert_env env;
    struct row *rows = NULL;
    size_t n_rows = 0;
    struct object object = {0};
    *result = (struct render_result){0};
    env_fill(cx, render->bridge, render->account, render->calendar, &env);
    TRY(store_rows_tx(cx, tx, render->calendar->id, render->uid, &rows, &n_rows));
    series_read(cx, rows, n_rows, &data);
    enum err err =
        store_object_full(cx, NULL, tx, render->calendar->id, render->uid, &object);
    bool existed = err == ERR_OK;
    if (err && err != ERR_NOT_FOUND)
        return err;
    if (!existed)
        object = (struct object){
            .calendar_id = render->calendar->id, .upstream_uid = render->uid};
    if (!data.series.master && !data.n_live)
        return existed ? remove_object(cx, tx, render, &object, result) : ERR_OK;
    /* Deleting a master leaves its changed occurrences in place upstream
     * (feishu-api 5.9). */
    if (!data.series.master && !data.cancelled && !render->orphan) {
        result->orphaned = true;
        return ERR_OK;
    }
    return save_object(cx, tx, render, &data.series, &env, &object, existed, result);
}
