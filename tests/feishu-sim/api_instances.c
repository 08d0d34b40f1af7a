/* What takes place: instances of one series, the expanded view, search (5.12 to 5.14). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "check.h"
#include "clock.h"
#include "draft_times.h"
#include "switches.h"

#define INSTANCES_SPAN_S (2 * 366 * 86400LL)
#define VIEW_SPAN_S (40 * 86400LL)
#define VIEW_MAX 1000
#define SEARCH_SPAN_S (31 * 86400LL)

struct found {
    struct instance *at;
    size_t n, cap;
};

static bool collect(void *arg, const struct instance *in)
{
    struct found *f = arg;

    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->at = xrealloc(f->at, f->cap * sizeof *f->at);
    }
    f->at[f->n++] = *in;
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct instance *x = a, *y = b;

    if (x->start.at != y->start.at)
        return x->start.at < y->start.at ? -1 : 1;
    return strcmp(x->ev->id, y->ev->id);
}

static void sort(struct found *f)
{
    if (f->n)
        qsort(f->at, f->n, sizeof *f->at, by_start);
}

/* Both ends of a query's range. */
static int read_range(const struct request *rq, struct reply *rp, int64_t span_s,
    int code, int64_t *from, int64_t *to)
{
    *from = query_number(rq, "start_time", 0);
    *to = query_number(rq, "end_time", 0);
    if (*from < 1 || *to <= *from)
        return refuse(rp, 190002);
    return *to - *from > span_s ? refuse(rp, code) : 0;
}

/* Rows of their own print as they are; occurrences get the times of the rule. */
static void print_instance(
    struct buf *out, const struct instance *in, const struct sight *sight)
{
    event_print(out, NULL, in->ev, in->ev->original || !in->original ? NULL : in, sight);
}

int api_event_instances(struct request *rq, struct reply *rp)
{
    struct sight sight = {.rq = rq, .look = LOOK_INSTANCE};
    struct found found = {0};
    struct target t;
    int64_t begin, end;
    size_t from, to;

    if (need_event(rq, rp, ROLE_READER, TYPE_PRIMARY | TYPE_SHARED | TYPE_RESOURCE, &t) ||
        read_range(rq, rp, INSTANCES_SPAN_S, 190002, &begin, &end))
        return rp->code;
    if (!t.ev->master && !*t.ev->recurrence)
        return refuse(rp, 190002);
    if (t.ev->cancelled && !t.ev->master && sw_is(SW_DELETED_GET, "refuse"))
        return refuse(rp, 193003);
    instances_of(t.ev, begin, end, collect, &found);
    for (size_t i = 0; i < t.ev->exceptions.n; i++)
        instances_of(t.ev->exceptions.p[i], begin, end, collect, &found);
    sort(&found);
    sight.cal = t.cal;
    sight.role = calendar_role(t.cal, rq->who);
    if (page_cut(rq, rp, query_get(rq, "page_token"), (size_t)page_size(rq, 50, 10, 500),
            found.n, &from, &to)) {
        jw_open(&rp->data, NULL, '{');
        list_begin(rp, "items");
        for (size_t i = from; i < to; i++)
            print_instance(&rp->data, &found.at[i], &sight);
        list_end(rp);
        page_end(rp, to, found.n);
        jw_close(&rp->data, '}');
    }
    free(found.at);
    return rp->code;
}

int api_event_view(struct request *rq, struct reply *rp)
{
    struct sight sight = {.rq = rq, .look = LOOK_VIEW};
    struct found found = {0};
    struct calendar *cal;
    int64_t begin, end;

    cal = need_calendar(rq, rp, ROLE_READER, TYPE_PRIMARY | TYPE_SHARED);
    if (!cal || read_range(rq, rp, VIEW_SPAN_S - 1, 193103, &begin, &end))
        return rp->code;
    for (size_t i = 0; i < cal->entries.n; i++) {
        const struct entry *e = cal->entries.p[i];
        const struct event *ev = event_seen(e->ev);

        if (!e->gone && ev && !(ev->cancelled && !ev->master))
            instances_of(ev, begin, end, collect, &found);
    }
    sight.cal = cal;
    sight.role = calendar_role(cal, rq->who);
    if (found.n >= VIEW_MAX) {
        refuse(rp, 193104);
    } else {
        sort(&found);
        jw_open(&rp->data, NULL, '{');
        list_begin(rp, "items");
        for (size_t i = 0; i < found.n; i++)
            print_instance(&rp->data, &found.at[i], &sight);
        list_end(rp);
        jw_close(&rp->data, '}');
    }
    free(found.at);
    return rp->code;
}

/* Names any of the ids in a filter list; an absent list names everybody. */
static bool names(const cJSON *filter, const char *list, const struct request *rq,
    const struct event *ev)
{
    const cJSON *ids = cJSON_GetObjectItemCaseSensitive(filter, list), *id;

    if (!cJSON_IsArray(ids) || !ids->child)
        return true;
    cJSON_ArrayForEach(id, ids)
    {
        for (size_t i = 0; i < ev->attendees.n; i++) {
            const struct attendee *a = ev->attendees.p[i];
            const char *own = a->who
                ? id_of(a->who, rq->id_type)
                : (a->room ? a->room->id : (a->chat ? a->chat->id : ""));

            if (strcmp(own, id->valuestring) == 0)
                return true;
        }
    }
    return false;
}

static bool has_words(const struct event *ev, const char *words)
{
    if (strchr(words, '_'))
        return strcmp(ev->summary, words) == 0;
    return !*words || strcasestr(ev->summary, words) ||
        strcasestr(ev->description, words);
}

static bool stop_at_one(void *arg, const struct instance *in)
{
    (void)in;
    *(bool *)arg = true;
    return false;
}

static int read_filter(struct request *rq, struct reply *rp, int64_t *from, int64_t *to)
{
    const cJSON *filter = body_get(rq, "filter");
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(filter, "start_time");
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(filter, "end_time");
    struct when when;

    *to = clock_s();
    *from = *to - SEARCH_SPAN_S;
    if (!start || !end)
        return 0;
    if (time_read(rp, start, "filter.start_time", &when))
        return rp->code;
    *from = when.at;
    if (time_read(rp, end, "filter.end_time", &when))
        return rp->code;
    *to = when.at + (when.all_day ? 86400 : 0);
    return 0;
}

int api_event_search(struct request *rq, struct reply *rp)
{
    struct calendar *cal = need_calendar(rq, rp, ROLE_READER, TYPE_PRIMARY | TYPE_SHARED);
    struct sight sight = {.rq = rq, .cal = cal, .look = LOOK_SEARCH};
    const cJSON *filter = body_get(rq, "filter");
    struct vec hits = {0};
    int64_t begin, end;
    size_t from, to;

    if (!cal || read_filter(rq, rp, &begin, &end))
        return rp->code;
    sight.role = calendar_role(cal, rq->who);
    for (size_t i = 0; i < cal->entries.n; i++) {
        const struct entry *e = cal->entries.p[i];
        struct event *ev = e->ev;
        bool inside = false;

        if (e->gone || ev->purged || ev->cancelled ||
            !has_words(ev, body_text(rq, "query")) ||
            !names(filter, "user_ids", rq, ev) || !names(filter, "room_ids", rq, ev) ||
            !names(filter, "chat_ids", rq, ev))
            continue;
        instances_of(ev, begin, end, stop_at_one, &inside);
        if (inside)
            vec_add(&hits, ev);
    }
    if (page_cut(rq, rp, query_get(rq, "page_token"), (size_t)page_size(rq, 20, 10, 100),
            hits.n, &from, &to)) {
        jw_open(&rp->data, NULL, '{');
        list_begin(rp, "items");
        for (size_t i = from; i < to; i++)
            event_print(&rp->data, NULL, hits.p[i], NULL, &sight);
        list_end(rp);
        page_token_end(rp, to, hits.n);
        jw_close(&rp->data, '}');
    }
    vec_free(&hits, NULL);
    return rp->code;
}
