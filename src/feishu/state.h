/* What a client is made of; for the files of this layer only. */
#ifndef FEISHU_STATE_H
#define FEISHU_STATE_H

#include "feishu/breaker.h"
#include "feishu/budget.h"
#include "feishu/client.h"
#include "feishu/transport.h"

#include <pthread.h>
#include <stdatomic.h>

struct feishu {
    struct arena *arena; /* of the copied options; not used after feishu_new */
    struct feishu_options options;
    struct transport *transport;
    struct budget *budget;
    struct breaker *breaker;
    atomic_bool token_v2; /* the accounts host answered 404 to the v3 token endpoint */
    pthread_mutex_t tenant_lock;
    char *tenant_token;      /* on the heap, wiped; NULL = none */
    int64_t tenant_until_ms; /* monotonic */
};

#endif
