/* Sign-in: authorization code with PKCE, refresh, revocation (feishu-api 2.3 to 2.5). */
#ifndef FEISHU_OAUTH_H
#define FEISHU_OAUTH_H

#include "feishu/client.h"

struct feishu_tokens {
    const char *access_token, *refresh_token;    /* refresh_token "" when none came */
    int64_t access_expires_s, refresh_expires_s; /* Unix seconds; 0 = none */
    const char *scope;                           /* granted */
};

/* The address of the authorize page; challenge = base64url(SHA-256(verifier)). */
char *oauth_authorize_url(struct ctx *cx, const struct feishu *feishu,
    const char *redirect_uri, const char *scopes, const char *state,
    const char *verifier);
/* Errors: UPSTREAM_REFUSED (the code is bad or used: start again), UPSTREAM_APP,
 * UPSTREAM_DOWN, UPSTREAM_UNKNOWN. */
enum err oauth_exchange(struct ctx *cx, struct feishu *feishu, const char *code,
    const char *redirect_uri, const char *verifier, struct feishu_tokens *tokens);
/* Errors: UPSTREAM_SIGN_IN when the refresh token is dead (20026, 20037, 20064, 20073
 * ...), UPSTREAM_UNKNOWN when it may have been consumed: try once more with the same
 * token. */
enum err oauth_refresh(struct ctx *cx, struct feishu *feishu, const char *refresh_token,
    struct feishu_tokens *tokens);
enum err oauth_revoke(struct ctx *cx, struct feishu *feishu, const char *token);

/* The caller (feishu-api 2.7) of an access token that is not stored yet. */
struct feishu_me {
    const char *open_id, *union_id, *tenant_key, *name, *en_name, *email,
        *enterprise_email;
};
enum err oauth_user_info(struct ctx *cx, struct feishu *feishu, const char *access_token,
    struct feishu_me *me);

#endif
