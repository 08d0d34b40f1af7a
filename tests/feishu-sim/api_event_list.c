/* The list of a calendar's events: in full, since a sync token, in a window
 * (section 5.11). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "check.h"
#include "clock.h"
#include "switches.h"

#define SYNC_TOKEN_LIFE_S (90 * 86400LL)
#define TIMESTAMP_MAX 16725225600LL

/* What the query and its tokens say. */
struct cursor {
    char kind; /* 'f' full, 'i' incremental, 's' sync token */
    unsigned epoch;
    unsigned long long
        upto; /* full: version when the read began; incremental: last given */
    unsigned long long place; /* full: next index */
    long long anchor;         /* 0: none */
    long long issued_s;
};

struct listing {
    struct request *rq;
    struct reply *rp;
    struct calendar *cal;
    struct sight sight;
    int size;
    struct cursor cursor;
};

static int read_token(struct listing *l, const char *text, char want)
{
    struct cursor *c = &l->cursor;
    char number[20];
    int used = 0;

    if (sscanf(text, "ListEventsToken_%c_%19[0-9]_%u_%llu_%llu_%lld_%lld%n", &c->kind,
            number, &c->epoch, &c->upto, &c->place, &c->anchor, &c->issued_s,
            &used) != 7 ||
        text[used] || strcmp(number, l->cal->number) != 0 ||
        (want == 's') != (c->kind == 's'))
        return refuse_token(l->rp);
    if (c->epoch != l->cal->epoch || clock_s() - c->issued_s > SYNC_TOKEN_LIFE_S)
        return refuse(l->rp, 190008);
    return 0;
}

static void token_print(const struct listing *l, char kind, char out[200])
{
    const struct cursor *c = &l->cursor;

    snprintf(out, 200, "ListEventsToken_%c_%s_%u_%llu_%llu_%lld_%lld", kind,
        l->cal->number, l->cal->epoch, c->upto, c->place, c->anchor,
        (long long)clock_s());
}

static int read_time(struct listing *l, const char *name, long long *out)
{
    const char *text = query_get(l->rq, name);
    size_t n = text ? strlen(text) : 0;

    *out = 0;
    if (!n)
        return 0;
    if (n > 11 || strspn(text, "0123456789") != n || strtoll(text, NULL, 10) < 1 ||
        strtoll(text, NULL, 10) > TIMESTAMP_MAX)
        return refuse_field(l->rp, 190014, name, text, "it is not a time in seconds");
    *out = strtoll(text, NULL, 10);
    return 0;
}

/* Which tokens may stand beside which. */
static int read_cursor(
    struct listing *l, const char *page, const char *sync, long long anchor)
{
    struct cursor *c = &l->cursor;

    *c = (struct cursor){.kind = 'f', .upto = l->cal->version, .anchor = anchor};
    if (sync && anchor && sw_is(SW_ANCHOR_WITH_SYNC, "refuse"))
        return refuse(l->rp, 190009);
    if (page) {
        if (read_token(l, page, 'p'))
            return l->rp->code;
        if (sync && (c->kind == 'f' || sw_is(SW_SYNC_PAGE_TOKEN, "alone")))
            return refuse(l->rp, 190009);
        if (!sync && c->kind == 'i' && sw_is(SW_SYNC_PAGE_TOKEN, "both"))
            return refuse(l->rp, 190002);
        return anchor && c->kind == 'f' && c->anchor != anchor ? refuse(l->rp, 190002)
                                                               : 0;
    }
    if (!sync)
        return 0;
    if (read_token(l, sync, 's'))
        return l->rp->code;
    c->kind = 'i';
    if (sw_is(SW_SYNC_REMEMBERS_ANCHOR, "off"))
        c->anchor = anchor;
    return 0;
}

static bool is_deleted(const struct event *ev)
{
    return ev->purged || (ev->cancelled && !ev->master);
}

static bool passes_anchor(const struct event *ev, long long anchor)
{
    if (!anchor || (ev->recurrence && *ev->recurrence))
        return true;
    if (ev->master && ev->original < anchor)
        return false;
    return ev->end.at >= anchor;
}

static void print_end(struct listing *l, bool more)
{
    char page[200] = "", sync[200] = "";
    bool with_token = l->cursor.kind == 'i' || l->cursor.anchor ||
        sw_is(SW_PAGE_TOKEN_WITHOUT_ANCHOR, "on");

    if (more && with_token)
        token_print(l, l->cursor.kind, page);
    if (!more)
        token_print(l, 's', sync);
    list_end(l->rp);
    jw_bool(&l->rp->data, "has_more", more);
    jw_optional(&l->rp->data, "page_token", page);
    jw_optional(&l->rp->data, "sync_token", sync);
}

static void full(struct listing *l)
{
    const struct vec *entries = &l->cal->entries;
    struct cursor *c = &l->cursor;
    int n = 0;

    for (; c->place < entries->n && n < l->size; c->place++) {
        const struct entry *e = entries->p[c->place];
        const struct event *ev = event_seen(e->ev);

        if (e->gone || !ev || is_deleted(ev) || !passes_anchor(ev, c->anchor))
            continue;
        event_print(&l->rp->data, NULL, ev, NULL, &l->sight);
        n++;
    }
    print_end(l, c->place < entries->n);
}

/* First entry with a version after one; walks from the newest end. */
static const struct entry *entry_after(const struct calendar *cal, uint64_t version)
{
    const struct entry *e = cal->newest, *found = NULL;

    for (; e && e->version > version; e = e->prev)
        found = e;
    return found;
}

static void changes(struct listing *l)
{
    const struct entry *e = entry_after(l->cal, l->cursor.upto);
    int n = 0;

    for (; e && n < l->size; e = e->next) {
        if (clock_ms() < e->ev->seen_from_ms)
            break;
        l->cursor.upto = e->version;
        if (e->gone || is_deleted(e->ev)) {
            if (sw_is(SW_DELETED_ITEMS, "absent"))
                continue;
            event_print_gone(&l->rp->data, e->ev, &l->sight);
        } else if (passes_anchor(e->ev, l->cursor.anchor)) {
            event_print(&l->rp->data, NULL, e->ev, NULL, &l->sight);
        } else {
            continue;
        }
        n++;
    }
    print_end(l, e && clock_ms() >= e->ev->seen_from_ms);
}

struct reach {
    int64_t from, length;
    bool found;
};

static bool reaches(void *arg, int64_t start)
{
    struct reach *r = arg;

    r->found = start + r->length > r->from || start >= r->from;
    return !r->found;
}

static bool one_is_enough(void *arg, const struct instance *in)
{
    (void)in;
    *(bool *)arg = true;
    return false;
}

/* A master lies in the window as soon as its rule reaches into it. */
static bool lies_in(const struct event *ev, int64_t from, int64_t to)
{
    struct reach reach = {.from = from, .length = ev->end.at - ev->start.at};
    struct rule rule;
    bool any = false;

    if (event_rule(ev, &rule)) {
        rule_expand(&rule, &ev->start, to, reaches, &reach);
        return reach.found;
    }
    instances_of(ev, from, to, one_is_enough, &any);
    return any;
}

static void window(struct listing *l, int64_t from, int64_t to)
{
    int n = 0;

    for (size_t i = 0; i < l->cal->entries.n && n < l->size; i++) {
        const struct entry *e = l->cal->entries.p[i];
        const struct event *ev = event_seen(e->ev);

        if (e->gone || !ev || is_deleted(ev) || !lies_in(ev, from, to))
            continue;
        event_print(&l->rp->data, NULL, ev, NULL, &l->sight);
        n++;
    }
    list_end(l->rp);
    jw_bool(&l->rp->data, "has_more", false);
    jw_optional(&l->rp->data, "page_token", "");
    jw_optional(&l->rp->data, "sync_token", "");
}

static int read_query(struct listing *l, long long *from, long long *to)
{
    const char *page = query_get(l->rq, "page_token"),
               *sync = query_get(l->rq, "sync_token");
    long long anchor;

    page = page && *page ? page : NULL;
    sync = sync && *sync ? sync : NULL;
    if (read_time(l, "start_time", from) || read_time(l, "end_time", to) ||
        read_time(l, "anchor_time", &anchor))
        return l->rp->code;
    if (!*from && !*to)
        return read_cursor(l, page, sync, anchor);
    if (sync)
        return refuse(l->rp, 190009);
    if (page || anchor || !*from || !*to || *from >= *to)
        return refuse(l->rp, 190002);
    return 0;
}

static enum role need_of_list(void)
{
    return sw_is(SW_FREE_BUSY_READER_LIST, "opaque") ? ROLE_FREE_BUSY : ROLE_READER;
}

int api_event_list(struct request *rq, struct reply *rp)
{
    struct listing l = {.rq = rq, .rp = rp, .size = page_size(rq, 500, 50, 1000)};
    long long from = 0, to = 0;

    l.cal =
        need_calendar(rq, rp, need_of_list(), TYPE_PRIMARY | TYPE_SHARED | TYPE_RESOURCE);
    if (!l.cal || read_query(&l, &from, &to))
        return rp->code;
    l.sight = (struct sight){.rq = rq, .cal = l.cal, .look = LOOK_LIST};
    l.sight.role = calendar_role(l.cal, rq->who);
    jw_open(&rp->data, NULL, '{');
    list_begin(rp, "items");
    if (from)
        window(&l, from, to);
    else if (l.cursor.kind == 'f')
        full(&l);
    else
        changes(&l);
    jw_close(&rp->data, '}');
    return 0;
}
