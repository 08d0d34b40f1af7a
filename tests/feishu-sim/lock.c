#include "lock.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void big_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void big_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

void big_wait(pthread_cond_t *condition)
{
    pthread_cond_wait(condition, &mutex);
}
