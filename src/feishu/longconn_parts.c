#include "feishu/longconn_parts.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define SETS_MAX 16
#define ID_BYTES 128

struct piece {
    char *data; /* NULL = not here yet */
    size_t len_bytes;
};

struct set {
    char message_id[ID_BYTES]; /* "" = free */
    int64_t since_ms;
    size_t n, n_here, len_bytes;
    struct piece pieces[PARTS_MAX];
};

struct parts {
    struct set sets[SETS_MAX];
};

struct parts *parts_new(void)
{
    struct parts *parts = calloc(1, sizeof(*parts));
    if (!parts)
        abort();
    return parts;
}

static void clear(struct set *set)
{
    for (size_t i = 0; i < set->n; i++)
        free(set->pieces[i].data);
    *set = (struct set){.n = 0};
}

void parts_free(struct parts *parts)
{
    if (!parts)
        return;
    for (size_t i = 0; i < SETS_MAX; i++)
        clear(&parts->sets[i]);
    free(parts);
}

/* The set of a message, or a free one; the oldest makes room. */
static struct set *set_of(struct parts *parts, const char *message_id, int64_t now_ms)
{
    struct set *room = &parts->sets[0];
    for (size_t i = 0; i < SETS_MAX; i++) {
        struct set *set = &parts->sets[i];
        if (set->n && now_ms - set->since_ms > PARTS_AGE_MS)
            clear(set);
        if (str_eq(set->message_id, message_id))
            return set;
        if (room->n && (!set->n || set->since_ms < room->since_ms))
            room = set;
    }
    clear(room);
    return room;
}

static char *join(struct ctx *cx, const struct set *set)
{
    char *whole = arena_alloc(cx->arena, set->len_bytes + 1), *at = whole;
    for (size_t i = 0; i < set->n; i++) {
        memcpy(at, set->pieces[i].data, set->pieces[i].len_bytes);
        at += set->pieces[i].len_bytes;
    }
    *at = '\0';
    return whole;
}

static void keep(struct set *set, const struct part *part)
{
    struct piece *piece = &set->pieces[part->seq];
    if (piece->data) /* sent twice */
        return;
    piece->data = malloc(part->payload_bytes + 1);
    if (!piece->data)
        abort();
    memcpy(piece->data, part->payload, part->payload_bytes);
    piece->len_bytes = part->payload_bytes;
    set->len_bytes += part->payload_bytes;
    set->n_here++;
}

enum err parts_add(struct ctx *cx, struct parts *parts, const struct part *part,
    char **whole, size_t *whole_bytes)
{
    size_t id_bytes = strlen(part->message_id);
    if (part->sum < 1 || part->sum > PARTS_MAX || part->seq < 0 ||
        part->seq >= part->sum || !id_bytes || id_bytes >= ID_BYTES || !part->payload)
        return fail(cx, ERR_BAD_REQUEST, "part %lld of %lld of a message",
            (long long)part->seq, (long long)part->sum);
    struct set *set = set_of(parts, part->message_id, ctx_monotonic_ms(cx));
    if (!set->n) {
        memcpy(set->message_id, part->message_id, id_bytes + 1);
        set->since_ms = ctx_monotonic_ms(cx);
        set->n = (size_t)part->sum;
    }
    if (set->n != (size_t)part->sum ||
        set->len_bytes + part->payload_bytes > PARTS_MESSAGE_MAX_BYTES) {
        clear(set);
        return fail(cx, ERR_BAD_REQUEST, "the parts of a message do not fit together");
    }
    keep(set, part);
    *whole = NULL;
    if (set->n_here == set->n) {
        *whole = join(cx, set);
        *whole_bytes = set->len_bytes;
        clear(set);
    }
    return ERR_OK;
}
