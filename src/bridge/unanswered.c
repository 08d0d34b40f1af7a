/* A create whose end the client was not told: the answer was an error because the outcome
 * was open, or nobody was there any more to take it. The client sends the same create
 * again, with If-None-Match: *, and by then the object is there. It is that client's own:
 * the repeat is answered as the first one would have been, once (RFC 9110 9.2.2; 13.1.2
 * asks 412 for a state that somebody else has made).
 *
 * Every create is noted in the transaction that ends it. That it was told is noted in
 * memory at once and in the store a little later: an answer waits for no writer. */
#include "config.h"

#include "bridge/push.h"
#include "bridge/unanswered.h"

#include <stdlib.h>
#include <string.h>

#define TOLD_MAX 1024 /* since the store was told: more than a second can bring */
#define BUCKETS 256

struct told {
    struct told *next;
    uint64_t number; /* a create of the same name may be told meanwhile */
    int64_t calendar_id;
    char name[]; /* of the object */
};

struct unanswered {
    pthread_mutex_t mutex;
    struct told *told[BUCKETS];
    size_t n;
    uint64_t number; /* the last one given */
};

/* A request that is about to be answered. */
struct request {
    struct ctx *cx;
    struct bridge *bridge;
    int64_t calendar_id;
    const char *name;
};

struct unanswered *unanswered_new(void)
{
    struct unanswered *one = calloc(1, sizeof(*one));
    if (!one)
        abort();
    pthread_mutex_init(&one->mutex, NULL);
    return one;
}

void unanswered_free(struct unanswered *one)
{
    if (!one)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (one->told[i]) {
            struct told *first = one->told[i];
            one->told[i] = first->next;
            free(first);
        }
    pthread_mutex_destroy(&one->mutex);
    free(one);
}

static struct told **bucket_of(
    struct unanswered *all, int64_t calendar_id, const char *name)
{
    return &all->told[(str_hash(name) + (uint64_t)calendar_id) % BUCKETS];
}

/* The mutex is held. */
static struct told **find(
    struct unanswered *all, int64_t calendar_id, const char *name)
{
    struct told **at = bucket_of(all, calendar_id, name);
    while (*at && ((*at)->calendar_id != calendar_id || !str_eq((*at)->name, name)))
        at = &(*at)->next;
    return at;
}

/* The mutex is held. */
static void drop(struct unanswered *all, struct told **at)
{
    struct told *one = *at;
    *at = one->next;
    free(one);
    all->n--;
}

static void forget(struct unanswered *all, int64_t calendar_id, const char *name)
{
    pthread_mutex_lock(&all->mutex);
    struct told **at = find(all, calendar_id, name);
    if (*at)
        drop(all, at);
    pthread_mutex_unlock(&all->mutex);
}

static void forget_one(struct unanswered *all, const struct told *one)
{
    pthread_mutex_lock(&all->mutex);
    struct told **at = bucket_of(all, one->calendar_id, one->name);
    while (*at && (*at)->number != one->number)
        at = &(*at)->next;
    if (*at)
        drop(all, at);
    pthread_mutex_unlock(&all->mutex);
}

static bool is_any(struct unanswered *all)
{
    pthread_mutex_lock(&all->mutex);
    bool any = all->n > 0;
    pthread_mutex_unlock(&all->mutex);
    return any;
}

static bool is_told(struct unanswered *all, int64_t calendar_id, const char *name)
{
    pthread_mutex_lock(&all->mutex);
    bool found = *find(all, calendar_id, name) != NULL;
    pthread_mutex_unlock(&all->mutex);
    return found;
}

static void digest_of(const char *text, unsigned char digest[SHA256_BYTES])
{
    crypto_sha256(text, strlen(text), digest);
}

enum err unanswered_note(struct ctx *cx, const struct push *push, struct store_tx *tx)
{
    unsigned char digest[SHA256_BYTES];
    int64_t calendar_id = push->calendar->id;
    forget(push->bridge->unanswered, calendar_id, push->name);
    if (!push->created || push->was_there || push->undo || !push->text)
        return store_unanswered_remove(cx, tx, calendar_id, push->name);
    digest_of(push->text, digest);
    return store_unanswered_set(cx, tx, calendar_id, push->name, digest);
}

bool unanswered_is(struct ctx *cx, struct bridge *bridge, int64_t calendar_id,
    const char *name, const char *text)
{
    unsigned char digest[SHA256_BYTES];
    bool found = false;
    digest_of(text, digest);
    return !is_told(bridge->unanswered, calendar_id, name) &&
        !store_unanswered(cx, bridge->store, calendar_id, name, digest, &found) && found;
}

/* The context ends after the answer has left, or could not. */
static void request_ends(void *self)
{
    const struct request *request = self;
    struct unanswered *all = request->bridge->unanswered;
    size_t bytes = strlen(request->name) + 1;
    if (!request->cx->answered)
        return;
    struct told *one = malloc(sizeof(*one) + bytes);
    if (!one)
        abort();
    one->calendar_id = request->calendar_id;
    memcpy(one->name, request->name, bytes);
    pthread_mutex_lock(&all->mutex);
    bool room = all->n < TOLD_MAX;
    if (room) {
        struct told **bucket = bucket_of(all, one->calendar_id, one->name);
        one->number = ++all->number;
        one->next = *bucket;
        *bucket = one;
        all->n++;
    }
    pthread_mutex_unlock(&all->mutex);
    if (!room)
        free(one);
}

void unanswered_until_told(
    struct ctx *cx, struct bridge *bridge, int64_t calendar_id, const char *name)
{
    struct request *request = ARENA_NEW(cx->arena, struct request);
    *request = (struct request){
        .cx = cx,
        .bridge = bridge,
        .calendar_id = calendar_id,
        .name = arena_strdup(cx->arena, name),
    };
    arena_defer(cx->arena, request_ends, request);
}

/* The list as it is now, in the arena. */
static const struct told *copy_told(struct ctx *cx, struct unanswered *all)
{
    struct told *list = NULL;
    pthread_mutex_lock(&all->mutex);
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct told *one = all->told[i]; one; one = one->next) {
            size_t bytes = sizeof(*one) + strlen(one->name) + 1;
            struct told *copy = arena_alloc(cx->arena, bytes);
            memcpy(copy, one, bytes);
            copy->next = list;
            list = copy;
        }
    pthread_mutex_unlock(&all->mutex);
    return list;
}

/* What was told is looked up when nobody can note another create of the same name. */
void unanswered_flush(struct ctx *cx, struct bridge *bridge)
{
    struct unanswered *all = bridge->unanswered;
    struct store_tx *tx;
    enum err err = ERR_OK;
    if (!is_any(all) || store_begin(cx, bridge->store, &tx))
        return;
    const struct told *list = copy_told(cx, all);
    for (const struct told *one = list; one && !err; one = one->next)
        err = store_unanswered_remove(cx, tx, one->calendar_id, one->name);
    if (store_end(cx, tx, err))
        return;
    for (const struct told *one = list; one; one = one->next)
        forget_one(all, one);
}
