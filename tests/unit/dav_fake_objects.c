/* Calendar objects. */
#include "dav_fake_internal.h"

#include "ical/expand.h"

#include <stdlib.h>

static struct be_object view(struct bridge *bridge, const struct fake_object *from,
    bool with_text)
{
    bridge->n_texts += with_text && from->text;
    return (struct be_object){.name = from->name, .uid = from->uid,
        .etag = from->text ? from->etag : NULL, .schedule_tag = from->schedule_tag,
        .text = with_text ? from->text : NULL,
        .text_bytes = with_text && from->text ? strlen(from->text) : 0,
        .change = from->change, .modified_s = FAKE_TIME + from->change};
}

void be_delivered(struct bridge *bridge, const struct be_calendar *calendar,
    const struct be_object *object)
{
    (void)bridge, (void)calendar, (void)object;
}

enum err be_object(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, const char *name, struct be_object *object)
{
    const struct fake_object *one = fake_find(bridge, calendar->id, name);
    if (!one || !one->text)
        return fail(cx, ERR_NOT_FOUND, "no such object");
    *object = view(bridge, one, true);
    return ERR_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct fake_object *x = *(struct fake_object *const *)a;
    const struct fake_object *y = *(struct fake_object *const *)b;
    return strcmp(x->name, y->name);
}

enum err be_objects(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, const struct be_query *query,
    bool (*each)(void *self, const struct be_object *object, bool exact), void *self)
{
    size_t n = bridge->objects.n;
    struct fake_object **list = ARENA_ARRAY(cx->arena, struct fake_object *, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = &bridge->objects.items[i];
    if (query->after)
        qsort(list, n, sizeof(*list), by_name);
    bridge->n_listings++;
    for (size_t i = 0; i < n; i++) {
        const struct fake_object *one = list[i];
        bool exact = !query->has_range || one->exact;
        if (!one->text || one->calendar_id != calendar->id ||
            (query->after && strcmp(one->name, query->after) <= 0))
            continue;
        if (query->has_range && one->exact &&
            (one->from_s >= query->until_s || one->until_s <= query->from_s))
            continue;
        struct be_object object = view(bridge, one, query->with_text || !exact);
        if (!each(self, &object, exact))
            break;
    }
    return ERR_OK;
}

static int by_change(const void *a, const void *b)
{
    const struct fake_object *x = *(struct fake_object *const *)a;
    const struct fake_object *y = *(struct fake_object *const *)b;
    return (x->change > y->change) - (x->change < y->change);
}

enum err be_changes(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, int64_t since,
    bool (*each)(void *self, const struct be_object *object), void *self)
{
    bridge->n_changes++;
    if (since < bridge->floor || since > bridge->counter)
        return fail(cx, ERR_VALID_SYNC_TOKEN, "too old");
    struct fake_object **list =
        ARENA_ARRAY(cx->arena, struct fake_object *, bridge->objects.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < bridge->objects.n; i++)
        if (bridge->objects.items[i].calendar_id == calendar->id &&
            bridge->objects.items[i].change > since)
            list[n++] = &bridge->objects.items[i];
    qsort(list, n, sizeof(*list), by_change);
    for (size_t i = 0; i < n; i++) {
        struct be_object object = view(bridge, list[i], false);
        if (!each(self, &object))
            break;
    }
    return ERR_OK;
}

/* ---- writing ---- */

static enum err check_expect(struct ctx *cx, const struct be_expect *expect,
    const struct fake_object *there)
{
    const char *etag = there && there->text ? there->etag : NULL;
    if (expect->check && expect->strict && !str_eq(expect->etag, etag))
        return fail(cx, ERR_PRECONDITION, "it was changed meanwhile");
    return ERR_OK;
}

enum err be_object_put(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_put *put, struct be_put_result *result)
{
    (void)user;
    bridge->last_expect = put->expect;
    TRY(fake_next_err(cx, bridge));
    const struct fake_object *there = fake_find(bridge, put->calendar->id, put->name);
    TRY(check_expect(cx, &put->expect, there));
    char *text = arena_strndup(bridge->arena, put->text, put->text_bytes);
    char *uid = fake_uid_of(bridge->arena, text);
    for (size_t i = 0; i < bridge->objects.n; i++) {
        const struct fake_object *one = &bridge->objects.items[i];
        if (one->text && one->calendar_id == put->calendar->id && str_eq(one->uid, uid) &&
            strcmp(one->name, put->name) != 0)
            return fail(cx, ERR_UID_CONFLICT, "%s", one->name);
    }
    bool created = !there || !there->text;
    if (bridge->rewrites)
        text = arena_printf(bridge->arena, "%s\r\n", text);
    const struct fake_object *stored =
        fake_store(bridge, put->calendar->id, put->name, text);
    *result = (struct be_put_result){.created = created, .same_text = !bridge->rewrites,
        .object = view(bridge, stored, true)};
    return ERR_OK;
}

enum err be_object_transfer(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_transfer *transfer,
    struct be_put_result *result)
{
    struct fake_object *source =
        fake_find(bridge, transfer->from->id, transfer->from_name);
    const struct fake_object *there =
        fake_find(bridge, transfer->to->id, transfer->to_name);
    bridge->last_expect = transfer->expect;
    TRY(fake_next_err(cx, bridge));
    TRY(check_expect(cx, &transfer->expect, source));
    if (there && there->text && !transfer->replace)
        return fail(cx, ERR_PRECONDITION, "something is there");
    char *text = arena_strdup(bridge->arena, source->text);
    if (!transfer->copy)
        fake_bury(bridge, source);
    struct be_put put = {.calendar = transfer->to, .name = transfer->to_name,
        .text = text, .text_bytes = strlen(text)};
    enum err err = be_object_put(cx, bridge, user, &put, result);
    bridge->last_expect = transfer->expect;
    if (!err)
        fake_properties_move(bridge,
            &(struct be_place){user, transfer->from, transfer->from_name},
            &(struct be_place){user, transfer->to, transfer->to_name}, transfer->copy);
    return err;
}

enum err be_object_delete(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_calendar *calendar, const char *name,
    const struct be_expect *expect, bool reply)
{
    bridge->last_expect = *expect;
    bridge->last_reply = reply;
    TRY(fake_next_err(cx, bridge));
    struct fake_object *there = fake_find(bridge, calendar->id, name);
    if (!there || !there->text)
        return fail(cx, ERR_NOT_FOUND, "no such object");
    TRY(check_expect(cx, expect, there));
    fake_bury(bridge, there);
    fake_properties_move(
        bridge, &(struct be_place){user, calendar, name}, NULL, false);
    return ERR_OK;
}

/* ---- busy times ---- */

enum err be_busy(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, int64_t from_s, int64_t until_s,
    struct be_busy **list, size_t *n)
{
    struct be_busy *busy = ARENA_ARRAY(cx->arena, struct be_busy, bridge->objects.n + 1);
    size_t count = 0;
    for (size_t i = bridge->objects.n; i-- > 0;) {
        const struct fake_object *one = &bridge->objects.items[i];
        if (!one->text || one->calendar_id != calendar->id || !one->exact ||
            one->from_s >= until_s || one->until_s <= from_s)
            continue;
        busy[count++] = (struct be_busy){.start_s = one->from_s, .end_s = one->until_s,
            .kind = strstr(one->text, "STATUS:TENTATIVE") ? BUSY_TENTATIVE : BUSY_BUSY};
    }
    *list = busy;
    *n = count;
    return ERR_OK;
}
