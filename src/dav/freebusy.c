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

/* The periods of one kind, joined and cut to the range. */
static void join(struct ctx *cx, const struct be_busy *list, size_t n, int kind,
    const struct be_busy *range, busy_list *joined)
{
    for (size_t i = 0; i < n; i++) {
        struct be_busy one = list[i];
        if (one.start_s < range->start_s)
            one.start_s = range->start_s;
        if (one.end_s > range->end_s)
            one.end_s = range->end_s;
        if (one.kind != kind || one.start_s >= one.end_s)
            continue;
        struct be_busy *last = joined->n ? &joined->items[joined->n - 1] : NULL;
        if (last && one.start_s <= last->end_s) {
            if (one.end_s > last->end_s)
                last->end_s = one.end_s;
            continue;
        }
        LIST_ADD(cx->arena, joined, one);
    }
}

/* Adds what of the period the others, in their order, leave. */
static void subtract(struct ctx *cx, struct be_busy one, const busy_list *busy,
    busy_list *merged)
{
    for (size_t i = 0; i < busy->n && one.start_s < one.end_s; i++) {
        const struct be_busy *hole = &busy->items[i];
        if (hole->end_s <= one.start_s || hole->start_s >= one.end_s)
            continue;
        if (hole->start_s > one.start_s) {
            struct be_busy before = one;
            before.end_s = hole->start_s;
            LIST_ADD(cx->arena, merged, before);
        }
        one.start_s = hole->end_s;
    }
    if (one.start_s < one.end_s)
        LIST_ADD(cx->arena, merged, one);
}

void freebusy_merge(struct ctx *cx, struct be_busy *list, size_t n, int64_t from_s,
    int64_t until_s, struct be_busy **merged, size_t *n_merged)
{
    struct be_busy range = {.start_s = from_s, .end_s = until_s};
    busy_list all = {0};
    if (n)
        qsort(list, n, sizeof(*list), by_start);
    for (size_t i = 0; i < N_TYPES; i++) {
        busy_list joined = {0}, left = {0};
        join(cx, list, n, types[i].kind, &range, &joined);
        for (size_t k = 0; k < joined.n; k++)
            subtract(cx, joined.items[k], &all, &left);
        for (size_t k = 0; k < left.n; k++)
            LIST_ADD(cx->arena, &all, left.items[k]);
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
