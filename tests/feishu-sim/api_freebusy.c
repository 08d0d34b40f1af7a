/* Free/busy of people and rooms (section 7). */

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clock.h"
#include "switches.h"

#define LIST_SPAN_S (90 * 86400LL)
#define BATCH_SPAN_S (14 * 86400LL)
#define PEOPLE_MAX 10
#define ROOMS_MAX 20
/* Offset of the times in every sample of the reference. */
#define OFFSET_S (8 * 3600)

struct block {
    int64_t from, to;
    const char *rsvp;
    const struct event *ev;
    int64_t original;
};

struct blocks {
    struct block *at;
    size_t n, cap;
    const struct event *ev;
    const char *rsvp;
};

static bool collect(void *arg, const struct instance *in)
{
    struct blocks *b = arg;
    int64_t shift = in->start.all_day ? OFFSET_S : 0;

    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 32;
        b->at = xrealloc(b->at, b->cap * sizeof *b->at);
    }
    b->at[b->n++] = (struct block){.from = in->start.at - shift,
        .to = in->end.at - shift,
        .rsvp = b->rsvp,
        .ev = b->ev,
        .original = in->original};
    return true;
}

static void add_event(struct blocks *out, const struct event *ev, const char *rsvp,
    int64_t from, int64_t to)
{
    if (ev->start.all_day && sw_is(SW_FREEBUSY_ALLDAY, "off"))
        return;
    out->ev = ev;
    out->rsvp = rsvp;
    instances_of(ev, from, to, collect, out);
}

static void of_person(const struct person *who, int64_t from, int64_t to, bool only_busy,
    struct blocks *out)
{
    const struct calendar *cal = who->primary;

    for (size_t i = 0; i < cal->entries.n; i++) {
        const struct entry *e = cal->entries.p[i];
        const struct event *ev = e->ev;
        const char **answer, *rsvp = "accept";

        if (e->gone || ev->cancelled || ev->purged)
            continue;
        if (attendee_of(ev, who, &answer))
            rsvp = *answer;
        if (strcmp(rsvp, "decline") == 0 || strcmp(rsvp, "removed") == 0 ||
            (only_busy && strcmp(event_free_busy(ev, who), "free") == 0))
            continue;
        add_event(out, ev, rsvp, from, to);
    }
}

static void of_room(const struct room *room, int64_t from, int64_t to, struct blocks *out)
{
    for (size_t i = 0; i < room->bookings.n; i++) {
        const struct event *ev = room->bookings.p[i];
        bool booked = false, seen_before = false;

        for (size_t j = 0; j < ev->attendees.n; j++) {
            const struct attendee *a = ev->attendees.p[j];

            booked = booked || (a->room == room && strcmp(a->rsvp, "accept") == 0);
        }
        for (size_t j = 0; j < i; j++)
            seen_before = seen_before || room->bookings.p[j] == ev;
        if (booked && !seen_before && !ev->cancelled)
            add_event(out, ev, "accept", from, to);
    }
}

static int by_start(const void *a, const void *b)
{
    const struct block *x = a, *y = b;

    return x->from < y->from ? -1 : x->from > y->from;
}

/* The live service answers out of order: every second block first. */
static void arrange(struct blocks *b)
{
    struct block *mixed;
    size_t n = 0;

    if (!b->n)
        return;
    qsort(b->at, b->n, sizeof *b->at, by_start);
    if (sw_is(SW_FREEBUSY_ORDER, "sorted"))
        return;
    mixed = xcalloc(b->n, sizeof *mixed);
    for (size_t i = 1; i < b->n; i += 2)
        mixed[n++] = b->at[i];
    for (size_t i = 0; i < b->n; i += 2)
        mixed[n++] = b->at[i];
    free(b->at);
    b->at = mixed;
}

static void print_blocks(
    const struct request *rq, struct reply *rp, const char *key, struct blocks *b)
{
    char text[32];

    arrange(b);
    list_begin(rp, key);
    for (size_t i = 0; i < b->n; i++) {
        jw_open(&rp->data, NULL, '{');
        rfc3339_print(b->at[i].from, OFFSET_S, text);
        jw_str(&rp->data, "start_time", text);
        rfc3339_print(b->at[i].to, OFFSET_S, text);
        jw_str(&rp->data, "end_time", text);
        if (body_true(rq, "need_rsvp_status", false))
            jw_str(&rp->data, "rsvp_status", b->at[i].rsvp);
        jw_close(&rp->data, '}');
    }
    list_end(rp);
    free(b->at);
}

static int read_span(
    struct reply *rp, const char *min, const char *max, int64_t *from, int64_t *to)
{
    if (!rfc3339_parse(min, from))
        return refuse_field(rp, 190014, "time_min", min, "not an RFC 3339 time");
    if (!rfc3339_parse(max, to))
        return refuse_field(rp, 190014, "time_max", max, "not an RFC 3339 time");
    return 0;
}

int api_freebusy_list(struct request *rq, struct reply *rp)
{
    const char *user = body_text(rq, "user_id"), *room_id = body_text(rq, "room_id");
    struct blocks blocks = {0};
    struct person *who = NULL;
    struct room *room = NULL;
    int64_t from, to;

    if (read_span(rp, body_text(rq, "time_min"), body_text(rq, "time_max"), &from, &to))
        return rp->code;
    if (to <= from || to - from > LIST_SPAN_S)
        return refuse_field(rp, 190014, "time_max", body_text(rq, "time_max"),
            "the range is empty or longer than 90 days");
    if (user && *user) {
        who = user_of(rq, rp, user);
    } else if (room_id && *room_id) {
        room = map_get(&W.rooms_by_id, room_id);
        if (!room)
            refuse_field(rp, 99992375, "room_id", room_id, "the id does not exist");
    } else {
        refuse(rp, 190002);
    }
    if (rp->code)
        return rp->code;
    if (who && who->resigned)
        return refuse(rp, 195100);
    if (who)
        of_person(who, from, to, body_true(rq, "only_busy", true), &blocks);
    else
        of_room(room, from, to, &blocks);
    jw_open(&rp->data, NULL, '{');
    print_blocks(rq, rp, "freebusy_list", &blocks);
    jw_close(&rp->data, '}');
    return 0;
}

int api_freebusy_batch(struct request *rq, struct reply *rp)
{
    const cJSON *ids = body_get(rq, "user_ids"), *id;
    int n = cJSON_GetArraySize(ids);
    int64_t from, to;

    if (n < 1 || n > PEOPLE_MAX)
        return refuse(rp, 198001);
    if (!rfc3339_parse(body_text(rq, "time_min"), &from) ||
        !rfc3339_parse(body_text(rq, "time_max"), &to))
        return refuse(rp, 198002);
    if (to <= from || to - from > BATCH_SPAN_S)
        return refuse(rp, 198003);
    cJSON_ArrayForEach(id, ids) if (!user_of(rq, rp, id->valuestring)) return rp->code;
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "freebusy_lists");
    cJSON_ArrayForEach(id, ids)
    {
        struct blocks blocks = {0};

        of_person(user_of(rq, rp, id->valuestring), from, to,
            body_true(rq, "only_busy", true), &blocks);
        jw_open(&rp->data, NULL, '{');
        jw_str(&rp->data, "user_id", id->valuestring);
        print_blocks(rq, rp, "freebusy_items", &blocks);
        jw_close(&rp->data, '}');
    }
    list_end(rp);
    jw_close(&rp->data, '}');
    return 0;
}

static void print_bookings(
    struct reply *rp, const struct room *room, int64_t from, int64_t to)
{
    struct blocks blocks = {0};
    char text[32];

    of_room(room, from, to, &blocks);
    jw_open(&rp->data, room->id, '[');
    for (size_t i = 0; i < blocks.n; i++) {
        const struct block *b = &blocks.at[i];

        jw_open(&rp->data, NULL, '{');
        rfc3339_print(b->from, OFFSET_S, text);
        jw_str(&rp->data, "start_time", text);
        rfc3339_print(b->to, OFFSET_S, text);
        jw_str(&rp->data, "end_time", text);
        jw_str(&rp->data, "uid", b->ev->uid);
        jw_int(&rp->data, "original_time", b->original);
        jw_open(&rp->data, "organizer_info", '{');
        jw_str(&rp->data, "name", b->ev->creator->name);
        jw_str(&rp->data, "open_id", b->ev->creator->open_id);
        jw_close(&rp->data, '}');
        jw_close(&rp->data, '}');
    }
    jw_close(&rp->data, ']');
    free(blocks.at);
}

int api_room_freebusy(struct request *rq, struct reply *rp)
{
    const char *min = query_get(rq, "time_min"), *max = query_get(rq, "time_max");
    int64_t from, to;
    int n = 0;

    if (!rfc3339_parse(min, &from) || !rfc3339_parse(max, &to) || to <= from)
        return refuse(rp, 190002);
    for (size_t i = 0; i < rq->n_query; i++) {
        if (strcmp(rq->query[i].name, "room_ids") != 0)
            continue;
        if (++n > ROOMS_MAX)
            return refuse(rp, 190002);
        if (!map_get(&W.rooms_by_id, rq->query[i].value))
            return refuse_field(
                rp, 99992375, "room_ids", rq->query[i].value, "the id does not exist");
    }
    jw_open(&rp->data, NULL, '{');
    jw_str(&rp->data, "time_min", min);
    jw_str(&rp->data, "time_max", max);
    jw_open(&rp->data, "free_busy", '{');
    for (size_t i = 0; i < rq->n_query; i++)
        if (strcmp(rq->query[i].name, "room_ids") == 0)
            print_bookings(rp, map_get(&W.rooms_by_id, rq->query[i].value), from, to);
    jw_close(&rp->data, '}');
    jw_close(&rp->data, '}');
    return 0;
}
