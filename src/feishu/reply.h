/* What the bytes of a reply mean (feishu-api 1.3, 1.4): envelope, code, class of
 * error. */
#ifndef FEISHU_REPLY_H
#define FEISHU_REPLY_H

#include "feishu/client.h"
#include "feishu/code.h"
#include "feishu/transport.h"

struct reply {
    enum err kind; /* ERR_OK = done */
    enum code_rule rule;
    int code;    /* Feishu's, 0 when it sent none */
    long status; /* HTTP's, 0 when no reply came */
    bool sent;
    long reset_s;     /* -1 = none */
    const char *text; /* for people: code, message, log id; "" when done */
    const char *log_id;
    cJSON *json; /* the whole reply; NULL when it is no JSON object */
    bool unsure; /* this or an earlier try of the same call may have been done */
};

/* is_read decides what an uncertain outcome is: DOWN or UNKNOWN. is_oauth: an endpoint
 * without envelope, where 2xx without a code, even without a body, means done. Texts and
 * json live in cx->arena. */
void reply_read(struct ctx *cx, const struct transport_reply *bytes, bool is_read,
    bool is_oauth, struct reply *reply);

#endif
