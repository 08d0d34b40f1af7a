/* Delivery by webhook (11.3). */
#ifndef SIM_WEBHOOK_H
#define SIM_WEBHOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct webhook {
    char *url, *encrypt_key, *verification_token; /* NULL: not set */
};

struct webhook_answer {
    int status; /* HTTP; 0: none came */
    int64_t took_ms;
    struct buf body;
};

/* One POST in the calling thread, encrypted and (unless it is the URL check) signed when
 * there is an Encrypt Key. */
void webhook_post(const struct webhook *to, const char *json, bool is_check,
    int64_t timeout_ms, struct webhook_answer *out);
/* The same in a thread of its own, which tells push_answered. Takes a copy. */
void webhook_send(const struct webhook *to, const char *message_id, const char *json);
/* Waits for those threads. Without the lock. */
void webhook_stop(void);

#endif
