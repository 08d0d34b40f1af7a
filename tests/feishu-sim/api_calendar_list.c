/* The list of the caller's calendars, in full and since a sync token (section 3.3). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "check.h"
#include "clock.h"
#include "switches.h"

#define SYNC_TOKEN_LIFE_S (90 * 86400LL)

/* What a token says. */
struct cursor {
    unsigned epoch;
    unsigned long long since; /* incremental: everything after this version */
    unsigned long long
        upto; /* full: version when the read began; incremental: last given */
    unsigned long long place; /* full: next index */
    long long issued_s;
    char kind; /* 'f' full, 'i' incremental, 's' sync token */
};

static int read_token(
    struct reply *rp, const struct person *who, const char *text, struct cursor *out)
{
    int used = 0;

    if (sscanf(text, "ListCalendarsPageToken_%c%u_%llu_%llu_%llu_%lld%n", &out->kind,
            &out->epoch, &out->since, &out->upto, &out->place, &out->issued_s,
            &used) == 6 &&
        !text[used])
        return out->epoch == who->list_epoch ? 0 : refuse(rp, 190008);
    out->kind = 's';
    if (sscanf(text, "ListCalendarsSyncToken_%u_%llu_%lld%n", &out->epoch, &out->since,
            &out->issued_s, &used) != 3 ||
        text[used])
        return refuse_token(rp);
    if (out->epoch != who->list_epoch || clock_s() - out->issued_s > SYNC_TOKEN_LIFE_S)
        return refuse(rp, 190008);
    out->upto = out->since;
    return 0;
}

static int read_cursor(const struct request *rq, struct reply *rp, struct cursor *out)
{
    const char *page = query_get(rq, "page_token"), *sync = query_get(rq, "sync_token");

    *out = (struct cursor){.kind = 'f', .epoch = rq->who->list_epoch};
    out->upto = rq->who->list_version;
    page = page && *page ? page : NULL;
    sync = sync && *sync ? sync : NULL;
    if (!page && !sync)
        return 0;
    if (read_token(rp, rq->who, page ? page : sync, out))
        return rp->code;
    if (page ? out->kind == 's' : out->kind != 's')
        return refuse_token(rp);
    if (page && sync && (out->kind == 'f' || sw_is(SW_SYNC_PAGE_TOKEN, "alone")))
        return refuse(rp, 190009);
    if (page && !sync && out->kind == 'i' && sw_is(SW_SYNC_PAGE_TOKEN, "both"))
        return refuse(rp, 190002);
    if (out->kind == 's')
        out->kind = 'i';
    return 0;
}

static void print_end(
    struct request *rq, struct reply *rp, const struct cursor *c, bool more)
{
    char page[160] = "", sync[96] = "";

    if (more)
        snprintf(page, sizeof page, "ListCalendarsPageToken_%c%u_%llu_%llu_%llu_%lld",
            c->kind, c->epoch, c->since, c->upto, c->place, (long long)clock_s());
    else
        snprintf(sync, sizeof sync, "ListCalendarsSyncToken_%u_%llu_%lld", c->epoch,
            c->upto, (long long)clock_s());
    (void)rq;
    jw_bool(&rp->data, "has_more", more);
    jw_optional(&rp->data, "page_token", page);
    jw_optional(&rp->data, "sync_token", sync);
}

static void full(struct request *rq, struct reply *rp, struct cursor *c, int size)
{
    const struct vec *list = &rq->who->member_list;
    int n = 0;

    for (; c->place < list->n && n < size; c->place++) {
        const struct member *m = list->p[c->place];

        if (m->gone)
            continue;
        calendar_print(&rp->data, NULL, m->cal, rq->who);
        n++;
    }
    list_end(rp);
    print_end(rq, rp, c, c->place < list->n);
}

static int by_version(const void *a, const void *b)
{
    const struct member *m = *(void *const *)a, *n = *(void *const *)b;

    return m->version < n->version ? -1 : m->version > n->version;
}

static void changes(struct request *rq, struct reply *rp, struct cursor *c, int size)
{
    struct vec changed = {0};
    size_t n;

    for (size_t i = 0; i < rq->who->member_list.n; i++) {
        struct member *m = rq->who->member_list.p[i];

        if (m->version > c->upto)
            vec_add(&changed, m);
    }
    if (changed.n)
        qsort(changed.p, changed.n, sizeof *changed.p, by_version);
    n = changed.n < (size_t)size ? changed.n : (size_t)size;
    for (size_t i = 0; i < n; i++) {
        const struct member *m = changed.p[i];

        calendar_print(&rp->data, NULL, m->cal, rq->who);
        c->upto = m->version;
    }
    list_end(rp);
    print_end(rq, rp, c, n < changed.n);
    vec_free(&changed, NULL);
}

int api_calendar_list(struct request *rq, struct reply *rp)
{
    int size = page_size(rq, 500, 50, 1000);
    struct cursor cursor;

    if (read_cursor(rq, rp, &cursor))
        return rp->code;
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "calendar_list");
    if (cursor.kind == 'f')
        full(rq, rp, &cursor, size);
    else
        changes(rq, rp, &cursor, size);
    jw_close(&rp->data, '}');
    return 0;
}
