#include "http/worker.h"

#include <pthread.h>
#include <stdlib.h>

struct task {
    void (*run)(void *job);
    void *job;
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    struct task *ring;
    size_t size, first, waiting;
    bool stopping;
    size_t n_threads;
    pthread_t threads[];
};

static void *work(void *self)
{
    struct workers *workers = self;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        while (!workers->waiting && !workers->stopping)
            pthread_cond_wait(&workers->ready, &workers->lock);
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
        calloc(1, sizeof *workers + (size_t)threads * sizeof(pthread_t));
    struct task *ring = calloc((size_t)max_waiting, sizeof *ring);
    if (!workers || !ring) {
        free(workers);
        free(ring);
        return fail(cx, ERR_INTERNAL, "no memory for %ld worker threads", threads);
    }
    workers->ring = ring;
    workers->size = (size_t)max_waiting;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->ready, NULL);
    for (long i = 0; i < threads; i++) {
        if (pthread_create(&workers->threads[i], NULL, work, workers) != 0) {
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
        pthread_cond_signal(&workers->ready);
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
    pthread_cond_broadcast(&workers->ready);
    pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->n_threads; i++)
        pthread_join(workers->threads[i], NULL);
    workers->n_threads = 0;
}

void workers_free(struct workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->ready);
    free(workers->ring);
    free(workers);
}
