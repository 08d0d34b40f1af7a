#include "store/store_internal.h"

/* start and end, big-endian, and the kind */
#define PACKED_BYTES 17

static const struct {
    int64_t number, longest_s;
} spans[] = {
#define X(number, longest_s) {number, longest_s},
    STORE_SPANS(X)
#undef X
};
enum { SPANS = sizeof(spans) / sizeof(spans[0]) };

static int64_t span_of(int64_t length_s)
{
    for (int i = 0; i < SPANS - 1; i++) {
        if (length_s <= spans[i].longest_s)
            return spans[i].number;
    }
    return spans[SPANS - 1].number;
}

static void put(unsigned char *at, int64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)((uint64_t)value >> (56 - 8 * i));
}

static int64_t take(const unsigned char *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static void unpack_one(const unsigned char *at, struct object_instance *one)
{
    *one = (struct object_instance){
        .start_s = take(at), .end_s = take(at + 8), .busy = at[16]};
}

void instances_pack(
    struct ctx *cx, const struct object *one, unsigned char **blob, int64_t *blob_bytes)
{
    size_t len_bytes = one->n_instances * PACKED_BYTES;
    unsigned char *data = len_bytes == 0 ? NULL : arena_alloc(cx->arena, len_bytes);
    for (size_t i = 0; i < one->n_instances; i++) {
        const struct object_instance *instance = &one->instances[i];
        unsigned char *at = data + i * PACKED_BYTES;
        bool forward = instance->end_s >= instance->start_s;
        put(at, instance->start_s);
        put(at + 8, forward ? instance->end_s : instance->start_s);
        at[16] = (unsigned char)instance->busy;
    }
    *blob = data;
    *blob_bytes = (int64_t)len_bytes;
}

void instances_unpack(
    struct ctx *cx, const unsigned char *blob, size_t blob_bytes, struct object *one)
{
    size_t n = blob_bytes / PACKED_BYTES;
    struct object_instance *list = ARENA_ARRAY(cx->arena, struct object_instance, n);
    for (size_t i = 0; i < n; i++)
        unpack_one(blob + i * PACKED_BYTES, &list[i]);
    one->instances = list;
    one->n_instances = n;
}

enum err instances_index(struct ctx *cx, struct store_conn *conn, enum sql id,
    const struct object *one, const unsigned char *blob, size_t blob_bytes)
{
    for (size_t at = 0; at + PACKED_BYTES <= blob_bytes; at += PACKED_BYTES) {
        struct object_instance instance;
        unpack_one(blob + at, &instance);
        TRY(sql_run(cx, conn, id, "iiiiii", one->calendar_id,
            span_of(instance.end_s - instance.start_s), instance.start_s, instance.end_s,
            one->id, (int64_t)instance.busy));
    }
    return ERR_OK;
}
