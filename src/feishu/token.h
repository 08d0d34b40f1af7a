/* The tenant's access token: asked for, kept until shortly before its end (feishu-api
 * 2.2). */
#ifndef FEISHU_TOKEN_H
#define FEISHU_TOKEN_H

#include "feishu/state.h"

/* stale is NULL, or the token that was just refused. *token lives in cx->arena. Errors:
 * APP, BUSY, DOWN. Several threads may ask at once: until half an hour before its end
 * Feishu gives all of them the same token, so nobody has to wait for anybody. */
enum err tenant_token(struct ctx *cx, struct feishu *feishu, const char *stale,
    int64_t until_ms, const char **token);
/* Wipes it. */
void tenant_token_forget(struct feishu *feishu);

#endif
