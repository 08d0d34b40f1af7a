#include "feed.h"

#include <stdlib.h>

#include "clock.h"

#define FEED_MAX 4096

struct change {
    uint64_t seq;
    int64_t at_ms;
    char *json; /* the payload's members, without braces */
};

static struct change ring[FEED_MAX];
static uint64_t last;

static void push(struct buf *members)
{
    struct change *slot = &ring[++last % FEED_MAX];

    free(slot->json);
    *slot = (struct change){.seq = last, .at_ms = clock_ms(), .json = members->p};
}

static const char *const KINDS[] = {
    [FEED_CREATE] = "create",
    [FEED_UPDATE] = "update",
    [FEED_DELETE] = "delete",
    [FEED_RSVP] = "rsvp",
};

static void id_list(struct buf *out, const struct vec *people)
{
    jw_open(out, "user_id_list", '[');
    for (size_t i = 0; i < people->n; i++)
        jw_str(out, NULL, ((const struct person *)people->p[i])->open_id);
    jw_close(out, ']');
}

void feed_event(const struct calendar *cal, const char *event_id, enum feed_kind kind)
{
    struct buf json = {0};

    jw_str(&json, "type", "calendar.calendar.event.changed_v4");
    jw_str(&json, "calendar_id", cal->id);
    jw_str(&json, "calendar_event_id", event_id);
    jw_str(&json, "change_type", KINDS[kind]);
    id_list(&json, &cal->subscribers);
    push(&json);
}

void feed_calendar_list(const struct person *who)
{
    struct buf json = {0};

    jw_str(&json, "type", "calendar.calendar.changed_v4");
    jw_str(&json, "open_id", who->open_id);
    jw_bool(&json, "subscribed", who->list_subscribed);
    push(&json);
}

void feed_acl(const struct calendar *cal, const struct acl *acl, bool created)
{
    struct buf json = {0};

    jw_str(&json, "type",
        created ? "calendar.calendar.acl.created_v4"
                : "calendar.calendar.acl.deleted_v4");
    jw_str(&json, "calendar_id", cal->id);
    jw_str(&json, "acl_id", acl->id);
    jw_str(&json, "role", role_name(acl->role));
    jw_str(&json, "open_id", acl->who->open_id);
    id_list(&json, &cal->acl_subscribers);
    push(&json);
}

void feed_print(struct buf *out, const char *key, uint64_t since)
{
    uint64_t first = last > FEED_MAX ? last - FEED_MAX + 1 : 1;

    jw_open(out, key, '[');
    for (uint64_t seq = since + 1 > first ? since + 1 : first; seq <= last; seq++) {
        const struct change *c = &ring[seq % FEED_MAX];

        jw_open(out, NULL, '{');
        jw_int(out, "seq", (int64_t)c->seq);
        jw_int(out, "time_ms", c->at_ms);
        buf_str(out, ",");
        buf_str(out, c->json);
        jw_close(out, '}');
    }
    jw_close(out, ']');
}

void feed_clear(void)
{
    for (size_t i = 0; i < FEED_MAX; i++) {
        free(ring[i].json);
        ring[i] = (struct change){0};
    }
    last = 0;
}
