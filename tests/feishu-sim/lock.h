/* The big lock: whoever touches the tenant or what will be delivered holds it. */
#ifndef SIM_LOCK_H
#define SIM_LOCK_H

#include <pthread.h>

void big_lock(void);
void big_unlock(void);
/* Waits with the lock held, as pthread_cond_wait. */
void big_wait(pthread_cond_t *condition);

#endif
