/*
 * Events over Feishu's long connection (feishu-api 11.4): no public address is needed. An
 * app may have several connections; each message goes to one of them, so that several
 * servers of one store share the work.
 */
#ifndef FEISHU_LONGCONN_H
#define FEISHU_LONGCONN_H

#include "feishu/client.h"

struct longconn;

/* Called on the thread of longconn_run. */
struct longconn_handler {
    /* Connected, for the first time or again: messages may have been missed before. */
    void (*up)(void *self, struct ctx *cx);
    /* The connection ended, or could not be made; it is tried again after a while. */
    void (*down)(void *self, struct ctx *cx, const char *why);
    /* One message, the JSON of an event's envelope, NUL behind it. It is acknowledged
     * when this returns ERR_OK, and comes again otherwise: it must be quick (3 s). */
    enum err (*message)(void *self, struct ctx *cx, const char *json, size_t len_bytes);
    void *self;
};

struct longconn *longconn_new(struct feishu *feishu);
void longconn_free(struct longconn *longconn);
/* Connects and stays connected. Returns ERR_OK after longconn_stop, UPSTREAM_APP when
 * Feishu says that trying again is of no use, UPSTREAM_DOWN when the attempts that it
 * allows are used up. May be called again then. cx is reset between messages. */
enum err longconn_run(
    struct ctx *cx, struct longconn *longconn, const struct longconn_handler *handler);
/* Any thread, at once, for good. */
void longconn_stop(struct longconn *longconn);

#endif
