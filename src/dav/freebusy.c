#include "dav/freebusy.h"

#include "ical/expand.h"

#include <stdlib.h>
#include <string.h>

typedef LIST(struct be_busy) busy_list;

/* The first one hides those below it. */
static const struct {
    int kind; /* enum busy_kind */
    const char *name; /* RFC 5545 section 3.2.9 */
} types[] = {
    {BUSY_BUSY, "BUSY"},
    {BUSY_UNAVAILABLE, "BUSY-UNAVAILABLE"},
    {BUSY_TENTATIVE, "BUSY-TENTATIVE"},
};
#define N_TYPES (sizeof(types) / sizeof(*types))

static int by_start(const void *a, const void *b)
{
    const struct be_busy *x = a, *y = b;
    return (x->start_s > y->start_s) - (x->start_s < y->start_s);
}

/* The periods of one kind, joined and cut to the range, into room for all. */
static size_t join(const struct be_busy *list, size_t n, int kind,
    const struct be_busy *range, struct be_busy *joined)
{
    size_t n_joined = 0;
    for (size_t i = 0; i < n; i++) {
        struct be_busy one = list[i];
        if (one.start_s < range->start_s)
            one.start_s = range->start_s;
        if (one.end_s > range->end_s)
            one.end_s = range->end_s;
        if (one.kind != kind || one.start_s >= one.end_s)
            continue;
        struct be_busy *last = n_joined ? &joined[n_joined - 1] : NULL;
        if (!last || one.start_s > last->end_s)
            joined[n_joined++] = one;
        else if (one.end_s > last->end_s)
            last->end_s = one.end_s;
    }
    return n_joined;
}

/* Adds what of the period the first n_hidden of merged, in their order, leave. *next is
 * the first of them that can still matter to this period or a later one. */
static void add_left(struct ctx *cx, struct be_busy one, size_t n_hidden, size_t *next,
    busy_list *merged)
{
    while (*next < n_hidden && merged->items[*next].end_s <= one.start_s)
        ++*next;
    for (size_t i = *next; i < n_hidden && merged->items[i].start_s < one.end_s; i++) {
        struct be_busy hole = merged->items[i], before = one;
        before.end_s = hole.start_s;
        if (before.start_s < before.end_s)
            LIST_ADD(cx->arena, merged, before);
        one.start_s = hole.end_s;
    }
    if (one.start_s < one.end_s)
        LIST_ADD(cx->arena, merged, one);
}

void freebusy_merge(struct ctx *cx, struct be_busy *list, size_t n, int64_t from_s,
    int64_t until_s, struct be_busy **merged, size_t *n_merged)
{
    struct be_busy range = {.start_s = from_s, .end_s = until_s};
    struct be_busy *joined = ARENA_ARRAY(cx->arena, struct be_busy, n + 1);
    busy_list all = {0};
    if (n)
        qsort(list, n, sizeof(*list), by_start);
    for (size_t i = 0; i < N_TYPES; i++) {
        size_t n_joined = join(list, n, types[i].kind, &range, joined);
        size_t n_hidden = all.n, next = 0;
        for (size_t k = 0; k < n_joined; k++)
            add_left(cx, joined[k], n_hidden, &next, &all);
        if (all.n)
            qsort(all.items, all.n, sizeof(*all.items), by_start);
    }
    *merged = all.items;
    *n_merged = all.n;
}

void freebusy_print(struct ctx *cx, const struct freebusy *freebusy, struct buf *out)
{
    char from[WHEN_TEXT_BYTES], until[WHEN_TEXT_BYTES];
    buf_adds(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:" DAV_PRODID "\r\n");
    if (freebusy->method)
        buf_printf(out, "METHOD:%s\r\n", freebusy->method);
    buf_printf(out, "BEGIN:VFREEBUSY\r\nUID:%s\r\nDTSTAMP:%s\r\n",
        freebusy->uid ? freebusy->uid : cx->id, when_ics_utc(ctx_now_s(cx), from));
    buf_printf(out, "DTSTART:%s\r\nDTEND:%s\r\n", when_ics_utc(freebusy->from_s, from),
        when_ics_utc(freebusy->until_s, until));
    buf_adds(out, freebusy->organizer);
    buf_adds(out, freebusy->attendee);
    for (size_t i = 0; i < freebusy->n_busy; i++) {
        const struct be_busy *one = &freebusy->busy[i];
        for (size_t k = 0; k < N_TYPES; k++)
            if (types[k].kind == one->kind)
                buf_printf(out, "FREEBUSY;FBTYPE=%s:%s/%s\r\n", types[k].name,
                    when_ics_utc(one->start_s, from), when_ics_utc(one->end_s, until));
    }
    buf_adds(out, "END:VFREEBUSY\r\nEND:VCALENDAR\r\n");
}
