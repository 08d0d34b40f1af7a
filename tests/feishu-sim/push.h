/* Delivery of events (section 11): what the change feed offers is aggregated, put into
 * envelopes and sent by webhook or over a long connection, and again until it is
 * acknowledged. The big lock is held in every function unless one says otherwise. */
#ifndef SIM_PUSH_H
#define SIM_PUSH_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

/* What a message is about, for the aggregation of event changes. */
struct push_subject {
    const char *type;   /* event_type */
    const char *key;    /* messages with the same key are aggregated; NULL: never */
    const char *change; /* create, update, delete or rsvp; NULL */
    const char *calendar_id;
};

/* Takes the members of the envelope's "event" object, without braces. */
void push_offer(const struct push_subject *subject, struct buf *members);

/* The answer to a message, or its absence: code 200 is success. */
void push_answered(const char *message_id, int code, const char *text);
/* Something a client did that it must not do; shown by the control interface. */
void push_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- control ---- */

/* {"mode", "url", "encrypt_key", "verification_token"}: NULL or the complaint. */
char *push_configure(const cJSON *values);
/* The URL check of the developer console; writes passed, status, ms and body. */
char *push_check(struct buf *out);
void push_print(struct buf *out);
/* Forgets messages; the configuration as well. */
void push_forget(void);
void push_defaults(void);

/* The thread that sends what is due. Without the lock. */
void push_start(void);
void push_stop(void);

#endif
