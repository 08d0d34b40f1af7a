/* The text that a write without a condition was made from. */
#include "config.h"

#include "bridge/push.h"

static enum err older_texts(struct ctx *cx, const struct push *push,
    const struct object *object, struct merge *merge)
{
    const char **olders;
    size_t n;
    TRY(store_olders(cx, push->bridge->store, object->id, &olders, &n));
    const char **list = ARENA_ARRAY(cx->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = olders[i];
    if (object->shadow)
        list[n++] = object->shadow;
    merge->older = list;
    merge->n_older = n;
    return ERR_OK;
}

const char *push_base(struct ctx *cx, const struct push *push,
    const struct object *object, const struct series *before)
{
    struct convert_env env;
    struct merge merge = {.served = object->text, .text = push->text};
    const char *conflicts;
    char *upstream;
    env_fill(cx, push->bridge, push->account, push->calendar, &env);
    if (convert_down(cx, &env, before, object->shadow, &upstream) ||
        older_texts(cx, push, object, &merge))
        return merge.served;
    merge.upstream = upstream;
    merge.given = str_eq(merge.served, upstream) &&
        delivered_has(push->bridge, push->calendar->id, object->change);
    const char *base = convert_merge_base(cx, &env, &merge, &conflicts);
    if (*conflicts)
        log_line(cx, LOG_INFO, LOG_SYNC,
            "calendar %lld: %s was changed in Feishu and by a client, its %s counts",
            (long long)push->calendar->id, push->name, conflicts);
    return base;
}
