#include "http/worker.h"

#include <pthread.h>
#include <stdlib.h>

struct task {
    void (*run)(void *job);
    void *job;
};

struct worker {
    struct workers *all;
    pthread_t thread;
    pthread_cond_t woken;
    struct worker *below; /* rests longer */
    bool resting;
};

/* Who began to rest last is woken first: what it works with is still in the caches, those
 * of its connection to the store among them. */
struct workers {
    pthread_mutex_t lock;
    struct task *ring;
    size_t size, first, waiting;
    bool stopping;
    struct worker *rested_last;
    size_t n_threads;
    struct worker threads[];
};

/* The lock is held, but not while it rests. */
static void rest(struct worker *self)
{
    struct workers *workers = self->all;
    self->below = workers->rested_last;
    workers->rested_last = self;
    self->resting = true;
    while (self->resting)
        pthread_cond_wait(&self->woken, &workers->lock);
}

static void wake_one(struct workers *workers)
{
    struct worker *one = workers->rested_last;
    if (!one)
        return;
    workers->rested_last = one->below;
    one->resting = false;
    pthread_cond_signal(&one->woken);
}

static void *work(void *me)
{
    struct worker *self = me;
    struct workers *workers = self->all;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        while (!workers->waiting && !workers->stopping)
            rest(self);
        if (!workers->waiting)
            break;
        struct task task = workers->ring[workers->first];
        workers->first = (workers->first + 1) % workers->size;
        workers->waiting--;
        pthread_mutex_unlock(&workers->lock);
        task.run(task.job);
        pthread_mutex_lock(&workers->lock);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

enum err workers_start(
    struct ctx *cx, long threads, long max_waiting, struct workers **out)
{
    struct workers *workers =
        calloc(1, sizeof *workers + (size_t)threads * sizeof(struct worker));
    struct task *ring = calloc((size_t)max_waiting, sizeof *ring);
    if (!workers || !ring) {
        free(workers);
        free(ring);
        return fail(cx, ERR_INTERNAL, "no memory for %ld worker threads", threads);
    }
    workers->ring = ring;
    workers->size = (size_t)max_waiting;
    pthread_mutex_init(&workers->lock, NULL);
    for (long i = 0; i < threads; i++) {
        struct worker *one = &workers->threads[i];
        one->all = workers;
        pthread_cond_init(&one->woken, NULL);
        if (pthread_create(&one->thread, NULL, work, one) != 0) {
            pthread_cond_destroy(&one->woken);
            workers_stop(workers);
            workers_free(workers);
            return fail(cx, ERR_INTERNAL, "cannot start worker thread %ld", i + 1);
        }
        workers->n_threads++;
    }
    *out = workers;
    return ERR_OK;
}

bool workers_add(struct workers *workers, void (*run)(void *job), void *job)
{
    pthread_mutex_lock(&workers->lock);
    bool room = !workers->stopping && workers->waiting < workers->size;
    if (room) {
        size_t last = (workers->first + workers->waiting++) % workers->size;
        workers->ring[last] = (struct task){.run = run, .job = job};
        wake_one(workers);
    }
    pthread_mutex_unlock(&workers->lock);
    return room;
}

void workers_stop(struct workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    while (workers->rested_last)
        wake_one(workers);
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->n_threads; i++) {
        pthread_join(workers->threads[i].thread, NULL);
        pthread_cond_destroy(&workers->threads[i].woken);
    }
    workers->n_threads = 0;
}

void workers_free(struct workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_destroy(&workers->lock);
    free(workers->ring);
    free(workers);
}
