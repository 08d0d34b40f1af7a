/* What the handlers share: finding calendars and events, rights, paging, notifications.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clock.h"
#include "switches.h"

#define CALENDAR_SUFFIX "@group.calendar.feishu.cn"

const cJSON *body_get(const struct request *rq, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(rq->json, name);

    return cJSON_IsNull(v) ? NULL : v;
}

const char *body_text(const struct request *rq, const char *name)
{
    return cJSON_GetStringValue(body_get(rq, name));
}

bool body_true(const struct request *rq, const char *name, bool missing)
{
    const cJSON *v = body_get(rq, name);

    return v ? cJSON_IsTrue(v) : missing;
}

static unsigned type_bit(const char *type)
{
    if (strcmp(type, "primary") == 0)
        return TYPE_PRIMARY;
    if (strcmp(type, "shared") == 0)
        return TYPE_SHARED;
    return strcmp(type, "resource") == 0 ? TYPE_RESOURCE : 8;
}

struct calendar *find_calendar(struct request *rq, struct reply *rp, const char *id)
{
    struct calendar *cal = map_get(&W.calendars_by_id, id);
    size_t n = strlen(id), tail = strlen(CALENDAR_SUFFIX);

    if (cal)
        return cal;
    if (strcmp(id, "primary") == 0) {
        if (rq->kind == TOKEN_USER && sw_is(SW_PRIMARY_ALIAS, "accept"))
            return rq->who->primary;
        refuse(rp, 190002);
    } else if (n <= tail || strcmp(id + n - tail, CALENDAR_SUFFIX) != 0) {
        refuse(rp, 191001);
    } else {
        refuse(rp, 191000);
    }
    return NULL;
}

struct calendar *need_calendar(
    struct request *rq, struct reply *rp, enum role need, unsigned types)
{
    struct calendar *cal = find_calendar(rq, rp, rq->params[0]);

    if (!cal)
        return NULL;
    if (cal->deleted)
        refuse(rp, 191003);
    else if (calendar_role(cal, rq->who) < need)
        refuse(rp, 191002);
    else if (!(type_bit(cal->type) & types))
        refuse(rp, 191004);
    return rp->code ? NULL : cal;
}

void calendar_print(struct buf *out, const char *key, const struct calendar *cal,
    const struct person *who)
{
    const struct member *m = member_of(who, cal);
    bool gone = cal->deleted || (m && m->gone);

    jw_open(out, key, '{');
    jw_str(out, "calendar_id", cal->id);
    jw_str(out, "summary", cal->summary);
    jw_optional(out, "description", cal->description);
    jw_str(out, "permissions", cal->permissions);
    jw_int(out, "color", m ? m->color : cal->color);
    jw_str(out, "type", cal->type);
    jw_optional(out, "summary_alias", m ? m->alias : "");
    jw_bool(out, "is_deleted", gone);
    jw_bool(out, "is_third_party", cal->third_party);
    jw_str(out, "role", role_name(calendar_role(cal, who)));
    jw_close(out, '}');
}

/* <uid>_<original_time> */
static bool split_event_id(const char *id, char uid[65], int64_t *original)
{
    const char *underscore = strrchr(id, '_');
    size_t n = underscore ? (size_t)(underscore - id) : 0, digits;

    if (!n || n > 64)
        return false;
    digits = strlen(underscore + 1);
    if (digits < 1 || digits > 12 || strspn(underscore + 1, "0123456789") != digits)
        return false;
    snprintf(uid, 65, "%.*s", (int)n, id);
    *original = strtoll(underscore + 1, NULL, 10);
    return true;
}

/* Is it gone for this calendar? Deleting writes are seen at once even while reads lag. */
static bool is_gone(const struct event *ev, const struct calendar *cal)
{
    const struct entry *e = entry_find(ev, cal);

    return e->gone || ev->purged || (ev->cancelled && !ev->master);
}

static int virtual_target(struct reply *rp, const char *uid, struct target *t)
{
    struct event *master = event_row(uid, 0);

    if (!t->original || !master || !entry_find(master, t->cal))
        return refuse(rp, 193001);
    if (is_gone(master, t->cal))
        return refuse(rp, 193003);
    if (!instance_exists(master, t->original) &&
        sw_is(SW_OCCURRENCE_UNKNOWN, "not_found"))
        return refuse(rp, 193001);
    t->ev = master;
    t->is_virtual = true;
    return 0;
}

int need_event(struct request *rq, struct reply *rp, enum role need, unsigned types,
    struct target *out)
{
    struct target t = {.cal = need_calendar(rq, rp, ROLE_FREE_BUSY, types)};
    char uid[65];

    if (!t.cal)
        return rp->code;
    if (calendar_role(t.cal, rq->who) < (need < ROLE_READER ? need : ROLE_READER))
        return refuse(rp, 191002);
    if (!split_event_id(rq->params[1], uid, &t.original))
        return refuse(rp, 193000);
    t.ev = event_row(uid, t.original);
    if (t.ev && (!entry_find(t.ev, t.cal) || t.ev->purged))
        t.ev = NULL;
    if (!t.ev && virtual_target(rp, uid, &t))
        return rp->code;
    if (!t.is_virtual && is_gone(t.ev, t.cal) && need >= ROLE_WRITER)
        return refuse(rp, 193003);
    if (need >= ROLE_WRITER && calendar_role(t.cal, rq->who) < ROLE_WRITER)
        return refuse(rp, 193002);
    t.may_edit = calendar_role(t.ev->home, rq->who) >= ROLE_WRITER && !t.cal->third_party;
    *out = t;
    return 0;
}

struct event *target_row(struct target *t)
{
    if (t->is_virtual) {
        t->ev = event_materialise(t->ev, t->original);
        t->is_virtual = false;
    }
    return t->ev;
}

bool sees_attendees(const struct target *t)
{
    return t->may_edit || strcmp(t->ev->attendee_ability, "none") != 0;
}

void notify(const char *kind, const struct event *ev, const struct person *by,
    const struct vec *people)
{
    struct buf json = {0};

    if (!people->n)
        return;
    jw_open(&json, NULL, '{');
    jw_int(&json, "time_ms", clock_ms());
    jw_str(&json, "kind", kind);
    jw_str(&json, "event_id", ev->id);
    jw_str(&json, "by", by->open_id);
    jw_open(&json, "to", '[');
    for (size_t i = 0; i < people->n; i++)
        jw_str(&json, NULL, ((const struct person *)people->p[i])->open_id);
    jw_close(&json, ']');
    jw_close(&json, '}');
    vec_add(&W.notifications, json.p);
}

static void add_person(
    struct vec *people, struct person *who, const struct person *except)
{
    if (!who || who == except)
        return;
    for (size_t i = 0; i < people->n; i++)
        if (people->p[i] == who)
            return;
    vec_add(people, who);
}

void notify_all(const char *kind, const struct event *ev, const struct person *by)
{
    struct vec people = {0};

    for (size_t i = 0; i < ev->attendees.n; i++) {
        const struct attendee *a = ev->attendees.p[i];

        add_person(&people, a->who, by);
        for (size_t j = 0; j < a->members.n; j++)
            add_person(&people, ((const struct chat_member *)a->members.p[j])->who, by);
    }
    notify(kind, ev, by, &people);
    vec_free(&people, NULL);
}

bool page_cut(struct request *rq, struct reply *rp, const char *token, size_t size,
    size_t n, size_t *from, size_t *to)
{
    char *end;
    unsigned long long start = 0;

    (void)rq;
    if (token && *token) {
        start = strtoull(token, &end, 10);
        if (*end || token[0] < '0' || token[0] > '9') {
            refuse_token(rp);
            return false;
        }
    }
    *from = start < n ? (size_t)start : n;
    *to = n - *from > size ? *from + size : n;
    return true;
}

void page_token_end(struct reply *rp, size_t to, size_t n)
{
    char token[24] = "";

    if (to < n)
        snprintf(token, sizeof token, "%zu", to);
    jw_optional(&rp->data, "page_token", token);
}

void page_end(struct reply *rp, size_t to, size_t n)
{
    jw_bool(&rp->data, "has_more", to < n);
    page_token_end(rp, to, n);
}
