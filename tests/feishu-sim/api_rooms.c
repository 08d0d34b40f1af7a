/* Meeting rooms (section 10), and what the old room interface tells of events (7.3). */

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "check.h"

static void print_room(struct buf *out, const char *key, const struct room *room)
{
    jw_open(out, key, '{');
    jw_str(out, "room_id", room->id);
    jw_str(out, "name", room->name);
    jw_int(out, "capacity", room->capacity);
    jw_str(out, "description", room->description);
    jw_str(out, "display_id", room->display_id);
    jw_str(out, "custom_room_id", room->custom_id);
    jw_str(out, "room_level_id", room->level_id);
    jw_open(out, "path", '[');
    jw_str(out, NULL, room->level_id);
    jw_close(out, ']');
    jw_open(out, "room_status", '{');
    jw_bool(out, "status", !room->disabled);
    jw_bool(out, "schedule_status", true);
    jw_str(out, "disable_start_time", "0");
    jw_str(out, "disable_end_time", "0");
    jw_str(out, "disable_reason", "");
    jw_raw(out, "contact_ids", "[]");
    jw_bool(out, "disable_notice", false);
    jw_bool(out, "resume_notice", false);
    jw_close(out, '}');
    jw_raw(out, "device", "[]");
    jw_close(out, '}');
}

static int print_page(struct request *rq, struct reply *rp, const struct vec *rooms,
    const char *token, size_t size)
{
    size_t from, to;

    if (!page_cut(rq, rp, token, size, rooms->n, &from, &to)) {
        rp->code = 0;
        return refuse(rp, 121003);
    }
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "rooms");
    for (size_t i = from; i < to; i++)
        print_room(&rp->data, NULL, rooms->p[i]);
    list_end(rp);
    page_end(rp, to, rooms->n);
    jw_close(&rp->data, '}');
    return 0;
}

int api_rooms_list(struct request *rq, struct reply *rp)
{
    const char *level = query_get(rq, "room_level_id");
    struct vec rooms = {0};

    for (size_t i = 0; i < W.rooms.n; i++) {
        struct room *room = W.rooms.p[i];

        if (!level || !*level || strcmp(room->level_id, level) == 0)
            vec_add(&rooms, room);
    }
    print_page(
        rq, rp, &rooms, query_get(rq, "page_token"), (size_t)page_size(rq, 10, 1, 100));
    vec_free(&rooms, NULL);
    return rp->code;
}

/* custom_room_ids takes precedence over the words. */
static bool is_wanted(const struct request *rq, const struct room *room)
{
    const char *words = body_text(rq, "keyword"), *level = body_text(rq, "room_level_id");
    const cJSON *ids = body_get(rq, "custom_room_ids"), *id;

    if (room->disabled)
        return false;
    if (ids && ids->child) {
        cJSON_ArrayForEach(
            id, ids) if (strcmp(room->custom_id, id->valuestring) == 0) return true;
        return false;
    }
    if (level && *level && strcmp(room->level_id, level) != 0)
        return false;
    return !words || strcasestr(room->name, words);
}

int api_rooms_search(struct request *rq, struct reply *rp)
{
    const cJSON *size = body_get(rq, "page_size");
    struct vec rooms = {0};

    for (size_t i = 0; i < W.rooms.n; i++)
        if (is_wanted(rq, W.rooms.p[i]))
            vec_add(&rooms, W.rooms.p[i]);
    print_page(
        rq, rp, &rooms, body_text(rq, "page_token"), size ? (size_t)size->valueint : 10);
    vec_free(&rooms, NULL);
    return rp->code;
}

int api_room_get(struct request *rq, struct reply *rp)
{
    const struct room *room = map_get(&W.rooms_by_id, rq->params[0]);

    if (!room)
        return refuse(rp, 121004);
    jw_open(&rp->data, NULL, '{');
    print_room(&rp->data, "room", room);
    jw_close(&rp->data, '}');
    return 0;
}

int api_rooms_mget(struct request *rq, struct reply *rp)
{
    const cJSON *id;

    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "items");
    cJSON_ArrayForEach(id, body_get(rq, "room_ids"))
    {
        const struct room *room = map_get(&W.rooms_by_id, id->valuestring);

        if (room)
            print_room(&rp->data, NULL, room);
    }
    list_end(rp);
    jw_close(&rp->data, '}');
    return 0;
}

static const struct event *booked(const char *uid, int64_t original)
{
    const struct event *master = event_row(uid, 0), *row = event_row(uid, original);

    if (row && !row->purged && !row->cancelled)
        return row;
    return master && !row && instance_exists(master, original) ? master : NULL;
}

static void summaries(struct request *rq, struct reply *rp, bool known)
{
    const cJSON *one;

    cJSON_ArrayForEach(one, body_get(rq, "EventUids"))
    {
        const char *uid = cJSON_GetStringValue(cJSON_GetObjectItem(one, "uid"));
        int64_t at = (int64_t)cJSON_GetObjectItem(one, "original_time")->valuedouble;
        const struct event *ev = booked(uid, at);

        if ((ev != NULL) != known)
            continue;
        jw_open(&rp->data, NULL, '{');
        jw_str(&rp->data, "uid", uid);
        jw_int(&rp->data, "original_time", at);
        if (ev) {
            jw_str(&rp->data, "summary", ev->summary);
            if (ev->vchat)
                jw_raw(&rp->data, "vchat", ev->vchat);
        } else {
            jw_str(&rp->data, "error_msg", "event not found");
        }
        jw_close(&rp->data, '}');
    }
}

int api_room_summary(struct request *rq, struct reply *rp)
{
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "EventInfos");
    summaries(rq, rp, true);
    list_end(rp);
    list_begin(rp, "ErrorEventUids");
    summaries(rq, rp, false);
    list_end(rp);
    jw_close(&rp->data, '}');
    return 0;
}

/* What a room's panel reports of a booking; 105003 for an original time the series lost.
 */
int api_room_reply(struct request *rq, struct reply *rp)
{
    const struct room *room = map_get(&W.rooms_by_id, body_text(rq, "room_id"));
    const cJSON *original = body_get(rq, "original_time");
    const char *status = body_text(rq, "status"), *uid = body_text(rq, "uid");
    struct event *master = event_row(uid, 0), *row;
    int64_t at = (int64_t)original->valuedouble;

    if (!room)
        return refuse_field(
            rp, 99992375, "room_id", body_text(rq, "room_id"), "the id does not exist");
    if (!master || (at && !booked(uid, at)))
        return refuse(rp, 105003);
    if (strstr(status, "_BY_ADMIN") == NULL)
        return 0;
    row = at ? event_materialise(master, at) : master;
    for (size_t i = 0; i < row->attendees.n; i++) {
        struct attendee *a = row->attendees.p[i];

        if (a->room == room) {
            a->rsvp = *status == 'A' ? "accept" : "decline";
            event_changed(row, FEED_RSVP);
        }
    }
    return 0;
}
