#include "instances.h"

#include <string.h>

struct walk {
    const struct event *ev;
    int64_t from, to;
    instance_fn fn;
    void *arg;
};

static bool overlaps(int64_t start, int64_t end, int64_t from, int64_t to)
{
    return start < to && (end > from || (end == start && start >= from));
}

static bool occurrence(void *arg, int64_t start)
{
    struct walk *w = arg;
    struct instance in = {.ev = w->ev, .original = start};

    event_occurrence(w->ev, start, &in.start, &in.end);
    if (!overlaps(in.start.at, in.end.at, w->from, w->to) ||
        event_exception(w->ev, start))
        return true;
    return w->fn(w->arg, &in);
}

void instances_of(
    const struct event *ev, int64_t from, int64_t to, instance_fn fn, void *arg)
{
    struct walk w = {.ev = ev, .from = from, .to = to, .fn = fn, .arg = arg};
    struct instance in = {
        .ev = ev, .original = ev->original, .start = ev->start, .end = ev->end};
    struct rule rule;

    if (ev->purged)
        return;
    if (!event_rule(ev, &rule)) {
        if (overlaps(in.start.at, in.end.at, from, to))
            fn(arg, &in);
        return;
    }
    if (!ev->cancelled)
        rule_expand(&rule, &ev->start, to, occurrence, &w);
}

bool instance_exists(const struct event *master, int64_t original)
{
    struct rule rule;

    return event_rule(master, &rule) && rule_has(&rule, &master->start, original);
}
