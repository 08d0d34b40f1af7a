/* Busy time: of colleagues and rooms asked upstream (feishu-api 7), of the own calendar
 * out of the index. What one recipient lacks is said of that one alone. */
#include "config.h"

#include "base/when.h"
#include "bridge/bridge_internal.h"
#include "ical/expand.h"
#include "ical/ics.h"

#include <stdlib.h>
#include <string.h>

#define BATCH 10
#define SPAN_S (14 * 86400LL)
#define RANGE_MAX_S (370 * 86400LL)
#define RECIPIENTS_MAX 100
#define KNOWN_S 60
#define LIMIT_MS 25000

#define STATUS_OK "2.0;Success"
#define STATUS_NOBODY "3.7;Invalid calendar user"
#define STATUS_UNAVAILABLE "5.1;Service unavailable"

typedef LIST(struct be_busy) busy_list;

struct recipient {
    const char *id; /* open_id or room id, NULL = nobody */
    const char *key; /* NULL = not to be cached */
    bool done, failed, room;
    bool masked; /* takes part in the event that is left out */
    busy_list busy;
};
struct question {
    struct bridge *bridge;
    int64_t account_id;
    int64_t from_s, until_s;
    struct recipient *recipients;
    size_t n;
    const char *mask_uid;
    busy_list masked; /* when that event takes place */
    struct comp *masked_calendar;
    struct arena *arena;
};

/* ---- what was answered a moment ago ---- */

static void known_get(struct ctx *cx, struct question *question, struct recipient *one)
{
    struct kept kept;
    one->key =
        arena_printf(cx->arena, "%lld %s %lld %lld", (long long)question->account_id,
            one->id, (long long)question->from_s, (long long)question->until_s);
    one->done = cache_get(cx, question->bridge->freebusy, one->key, &kept);
    const struct be_busy *busy = one->done ? kept.bytes : NULL;
    for (size_t i = 0; one->done && i < kept.n_bytes / sizeof(*busy); i++)
        LIST_ADD(cx->arena, &one->busy, busy[i]);
}

static void known_put(
    struct ctx *cx, struct question *question, const struct recipient *one)
{
    cache_put(cx, question->bridge->freebusy, one->key,
        &(struct kept){.bytes = one->busy.items,
            .n_bytes = one->busy.n * sizeof(struct be_busy),
            .for_s = KNOWN_S});
}

/* ---- answers: out of order and not merged (7.2) ---- */

static int by_start(const void *a, const void *b)
{
    const struct be_busy *left = a, *right = b;
    if (left->start_s != right->start_s)
        return left->start_s < right->start_s ? -1 : 1;
    return left->kind - right->kind;
}

static void sort_and_merge(struct recipient *one)
{
    size_t kept = 0;
    struct be_busy *list = one->busy.items;
    if (!one->busy.n)
        return;
    qsort(list, one->busy.n, sizeof(*list), by_start);
    for (size_t i = 1; i < one->busy.n; i++)
        if (list[i].kind == list[kept].kind && list[i].start_s <= list[kept].end_s) {
            if (list[i].end_s > list[kept].end_s)
                list[kept].end_s = list[i].end_s;
        } else {
            list[++kept] = list[i];
        }
    one->busy.n = kept + 1;
}

/* Upstream lists meetings one by one, so that one of them can be left out: once, since
 * whoever has another one at the very same time is busy. */
static bool is_masked(
    const struct question *question, bool *left_out, const struct be_busy *busy)
{
    for (size_t i = 0; i < question->masked.n; i++)
        if (!left_out[i] && question->masked.items[i].start_s == busy->start_s &&
            question->masked.items[i].end_s == busy->end_s)
            return left_out[i] = true;
    return false;
}

static void add_items(struct ctx *cx, const struct question *question,
    struct recipient *one, const cJSON *items)
{
    const cJSON *item;
    bool *left_out = ARENA_ARRAY(cx->arena, bool, question->masked.n + 1);
    cJSON_ArrayForEach(item, items)
    {
        struct be_busy busy = {.kind = BUSY_BUSY};
        const char *answer = json_text(item, "rsvp_status");
        if (!when_parse_rfc3339(json_text(item, "start_time"), &busy.start_s) ||
            !when_parse_rfc3339(json_text(item, "end_time"), &busy.end_s) ||
            str_ieq(answer, "decline") ||
            (one->masked && is_masked(question, left_out, &busy)))
            continue;
        if (str_ieq(answer, "tentative") || str_ieq(answer, "needs_action"))
            busy.kind = BUSY_TENTATIVE;
        if (busy.start_s < question->from_s)
            busy.start_s = question->from_s;
        if (busy.end_s > question->until_s)
            busy.end_s = question->until_s;
        if (busy.start_s < busy.end_s)
            LIST_ADD(cx->arena, &one->busy, busy);
    }
}

/* ---- asking ---- */

static cJSON *range_body(struct ctx *cx, int64_t from_s, int64_t until_s)
{
    char from[WHEN_TEXT_BYTES], until[WHEN_TEXT_BYTES];
    cJSON *body = json_object(cx->arena);
    cJSON_AddStringToObject(body, "time_min", when_rfc3339(from_s, from));
    cJSON_AddStringToObject(body, "time_max", when_rfc3339(until_s, until));
    cJSON_AddBoolToObject(body, "need_rsvp_status", true);
    return body;
}

static enum err ask_people(struct ctx *cx, struct question *question,
    struct recipient **some, size_t n, int64_t from_s, int64_t until_s)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    cJSON *body = range_body(cx, from_s, until_s), *data = NULL;
    cJSON *ids = cJSON_AddArrayToObject(body, "user_ids");
    const cJSON *list;
    struct feishu_call call = {
        .endpoint = FEISHU_FREEBUSY_BATCH,
        .query = query,
        .body = body,
        .priority = FEISHU_READ,
    };
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(ids, cJSON_CreateString(some[i]->id));
    TRY(bridge_request(cx, question->bridge, question->account_id, &call, NULL, &data));
    cJSON_ArrayForEach(list,
        json_array(
            data, "freebusy_lists")) for (size_t i = 0; i < n;
                                          i++) if (str_eq(json_text(list, "user_id"),
                                                       some[i]->id))
        add_items(cx, question, some[i], json_array(list, "freebusy_items"));
    return ERR_OK;
}

/* A room, or a person where batches are not served. */
static enum err ask_one(struct ctx *cx, struct question *question, struct recipient *one,
    int64_t from_s, int64_t until_s)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    cJSON *body = range_body(cx, from_s, until_s), *data = NULL;
    struct feishu_call call = {
        .endpoint = FEISHU_FREEBUSY_LIST,
        .query = query,
        .body = body,
        .priority = FEISHU_READ,
    };
    cJSON_AddStringToObject(body, one->room ? "room_id" : "user_id", one->id);
    TRY(bridge_request(cx, question->bridge, question->account_id, &call, NULL, &data));
    add_items(cx, question, one, json_array(data, "freebusy_list"));
    return ERR_OK;
}

static enum err ask_span(struct ctx *cx, struct question *question,
    struct recipient **some, size_t n, int64_t from_s, int64_t until_s)
{
    if (some[0]->room)
        return ask_one(cx, question, some[0], from_s, until_s);
    enum err err = ask_people(cx, question, some, n, from_s, until_s);
    if (err != ERR_UPSTREAM_APP)
        return err;
    for (size_t i = 0; i < n; i++)
        TRY(ask_one(cx, question, some[i], from_s, until_s));
    return ERR_OK;
}

static enum err ask_range(
    struct ctx *cx, struct question *question, struct recipient **some, size_t n)
{
    for (size_t i = 0; i < n; i++)
        some[i]->busy.n = 0;
    for (int64_t from_s = question->from_s; from_s < question->until_s;
         from_s += SPAN_S) {
        int64_t until_s = from_s + SPAN_S;
        if (until_s > question->until_s)
            until_s = question->until_s;
        TRY(ask_span(cx, question, some, n, from_s, until_s));
    }
    for (size_t i = 0; i < n; i++)
        some[i]->done = true;
    return ERR_OK;
}

/* One person of a batch who cannot be asked must not spoil it for the others. */
static void ask_some(
    struct ctx *cx, struct question *question, struct recipient **some, size_t n)
{
    enum err err = ask_range(cx, question, some, n);
    for (size_t i = 0; err && i < n; i++) {
        bool alone = n > 1 && !err_is_transient(err) && err != ERR_UPSTREAM_SIGN_IN;
        some[i]->failed = !alone || ask_range(cx, question, &some[i], 1);
    }
    for (size_t i = 0; i < n; i++)
        if (some[i]->done && !some[i]->failed) {
            sort_and_merge(some[i]);
            if (some[i]->key)
                known_put(cx, question, some[i]);
        }
}

static void ask_all(struct ctx *cx, struct question *question)
{
    struct recipient *some[BATCH];
    size_t filled = 0;
    for (size_t i = 0; i <= question->n; i++) {
        struct recipient *one = i < question->n ? &question->recipients[i] : NULL;
        bool open = one && one->id && !one->done;
        if (open && one->room)
            ask_some(cx, question, &one, 1);
        else if (open)
            some[filled++] = one;
        if (filled == BATCH || (!one && filled)) {
            ask_some(cx, question, some, filled);
            filled = 0;
        }
    }
}

static bool mask_one(void *self, const struct instance *one)
{
    struct question *question = self;
    struct be_busy busy = {.start_s = one->start_s, .end_s = one->end_s};
    LIST_ADD(question->arena, &question->masked, busy);
    return true;
}

/* Whoever has no part in the event is busy then with another one. */
static bool takes_part(struct ctx *cx, const struct question *question,
    const struct be_user *user, const char *id)
{
    const struct comp *event;
    const struct line *line;
    if (!question->masked.n || !id || str_eq(id, user->segment))
        return question->masked.n && id;
    for (size_t i = 0; (event = comp_next_sub(question->masked_calendar, "VEVENT", &i));)
        for (size_t j = 0; (line = comp_next_line(event, "ATTENDEE", &j));)
            if (!str_ieq(line_param(line, "PARTSTAT"), "DECLINED") &&
                str_eq(directory_person(cx, question->bridge, user, line->value), id))
                return true;
    return false;
}

static void read_mask(struct ctx *cx, struct question *question)
{
    struct calendar *list;
    struct object object;
    struct ics_object parsed;
    struct expand_range range = {
        .from_s = question->from_s, .until_s = question->until_s};
    size_t n;
    question->arena = cx->arena;
    if (!question->mask_uid ||
        store_calendars(
            cx, question->bridge->store, question->account_id, &list, &n))
        return;
    for (size_t i = 0; i < n && !question->masked_calendar; i++)
        if (!store_object_by_uid(cx, question->bridge->store, list[i].id,
                question->mask_uid, &object) &&
            !ics_object_parse(cx, object.text, object.text_bytes, &parsed)) {
            question->masked_calendar = parsed.calendar;
            expand_each(cx, parsed.calendar, &range, mask_one, question);
        }
}

enum err be_freebusy(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_freebusy_query *query, struct be_freebusy **answers)
{
    const char *const *addresses = query->addresses;
    size_t n = query->n;
    struct question question = {
        .bridge = bridge,
        .account_id = user->id,
        .from_s = query->from_s,
        .until_s = query->until_s,
        .mask_uid = query->mask_uid,
    };
    if (n > RECIPIENTS_MAX || question.from_s >= question.until_s ||
        question.until_s - question.from_s > RANGE_MAX_S)
        return fail(cx, ERR_SCHEDULING_MESSAGE,
            "at most %d recipients and a year are asked for at once", RECIPIENTS_MAX);
    if (!cx->deadline_ms)
        cx->deadline_ms = ctx_monotonic_ms(cx) + LIMIT_MS;
    directory_want_addresses(cx, bridge, user->id, addresses, n);
    read_mask(cx, &question);
    question.recipients = ARENA_ARRAY(cx->arena, struct recipient, n + 1);
    question.n = n;
    for (size_t i = 0; i < n; i++) {
        struct recipient *one = &question.recipients[i];
        one->id = directory_person(cx, bridge, user, addresses[i]);
        one->room = one->id && str_starts(one->id, "omm_");
        one->masked = takes_part(cx, &question, user, one->id);
        /* One's own busy time changes with every own write. */
        if (one->id && !str_eq(one->id, user->segment) && !question.mask_uid)
            known_get(cx, &question, one);
    }
    ask_all(cx, &question);
    struct be_freebusy *list = ARENA_ARRAY(cx->arena, struct be_freebusy, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct recipient *one = &question.recipients[i];
        bool good = one->done && !one->failed;
        list[i] = (struct be_freebusy){
            .address = addresses[i],
            .request_status = !one->id ? STATUS_NOBODY
                : good                 ? STATUS_OK
                                       : STATUS_UNAVAILABLE,
            .busy = good ? one->busy.items : NULL,
            .n_busy = good ? one->busy.n : 0,
        };
    }
    *answers = list;
    return ERR_OK;
}

/* ---- the own calendar ---- */

struct own {
    struct ctx *cx;
    struct expand_range range;
    busy_list list;
};

static void add_busy(struct own *own, int64_t start_s, int64_t end_s, int kind)
{
    struct be_busy busy = {.start_s = start_s, .end_s = end_s, .kind = kind};
    if (kind != BUSY_FREE)
        LIST_ADD(own->cx->arena, &own->list, busy);
}

static void own_indexed(void *self, const struct object_instance *one)
{
    add_busy(self, one->start_s, one->end_s, one->busy);
}

static bool own_expanded(void *self, const struct instance *one)
{
    add_busy(self, one->start_s, one->end_s, one->busy);
    return true;
}

static void own_other(void *self, const struct object *one)
{
    struct own *own = self;
    struct ics_object parsed;
    if (ics_object_parse(own->cx, one->text, one->text_bytes, &parsed) == ERR_OK)
        expand_each(own->cx, parsed.calendar, &own->range, own_expanded, own);
}

enum err be_busy(struct ctx *cx, struct bridge *bridge,
    const struct be_calendar *calendar, int64_t from_s, int64_t until_s,
    struct be_busy **list, size_t *n)
{
    struct own own = {
        .cx = cx,
        .range = {.from_s = from_s, .until_s = until_s, .floating = zone_utc()},
    };
    TRY(store_busy(
        cx, bridge->store, calendar->id, from_s, until_s, own_indexed, own_other, &own));
    *list = own.list.items;
    *n = own.list.n;
    return ERR_OK;
}
