/* A client that changes something need not be told of it (WebDAV-Push, suppressing
 * notifications). */
#include "config.h"

#include "bridge/notify.h"

struct be_hushed {
    int64_t account_id;
    struct push_target *list; /* as they were before the request */
    int64_t *ids;
    size_t n;
};

static bool is_named(const struct be_hush *hush, const char *name)
{
    for (size_t i = 0; i < hush->n; i++)
        if (str_eq(hush->names[i], name))
            return true;
    return hush->all;
}

enum err be_hush_begin(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_hush *hush, struct be_hushed **hushed)
{
    struct be_hushed *made = ARENA_NEW(cx->arena, struct be_hushed);
    size_t n, kept = 0;
    made->account_id = user->id;
    TRY(store_pushes(cx, bridge->store, user->id, &made->list, &n));
    made->ids = ARENA_ARRAY(cx->arena, int64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        if (is_named(hush, made->list[i].name)) {
            made->ids[kept] = made->list[i].id;
            made->list[kept++] = made->list[i];
        }
    made->n = kept;
    notify_hold(bridge->notifier, made->ids, made->n);
    *hushed = made;
    return ERR_OK;
}

/* ---- afterwards ---- */

struct look {
    const char *const *objects;
    size_t n;
    bool others; /* something else was changed, too */
};

static bool each_change(void *self, const struct object *one)
{
    struct look *look = self;
    for (size_t i = 0; i < look->n; i++)
        if (str_eq(look->objects[i], one->name))
            return true;
    look->others = true;
    return false;
}

/* Of the home it is not known what changed: its list of calendars is taken to be the
 * request's doing. */
static bool only_own(struct ctx *cx, struct bridge *bridge,
    const struct push_target *before, struct look look)
{
    if (!before->calendar_id)
        return true;
    return !store_changes(cx, bridge->store, before->calendar_id, before->change,
               each_change, &look) &&
        !look.others;
}

/* What had not been told before stays to be told. */
static void end_one(struct ctx *cx, struct bridge *bridge,
    const struct push_target *before, struct push_target *now, const struct look *look)
{
    if (now->sent < before->change || now->change == before->change ||
        !only_own(cx, bridge, before, *look))
        return;
    now->sent = now->change;
    if (notify_state(cx, bridge, now->account_id, now->calendar_id, &now->state) ||
        store_push_sent(cx, bridge->store, now))
        log_line(cx, LOG_INFO, LOG_SYNC, "push: %s", ctx_error(cx));
}

void be_hush_end(struct ctx *cx, struct bridge *bridge, struct be_hushed *hushed,
    const char *const *objects, size_t n_objects)
{
    struct push_target *now;
    size_t n;
    struct look look = {.objects = objects, .n = n_objects};
    if (!hushed->n)
        return;
    if (!store_pushes(cx, bridge->store, hushed->account_id, &now, &n))
        for (size_t i = 0; i < hushed->n; i++)
            for (size_t k = 0; k < n; k++)
                if (now[k].id == hushed->ids[i])
                    end_one(cx, bridge, &hushed->list[i], &now[k], &look);
    notify_release(bridge->notifier, hushed->ids, hushed->n);
}
