/* Access tokens, authorization codes and refresh tokens. */
#ifndef SIM_TOKEN_H
#define SIM_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "request.h"

/* One consent of a person; everything issued on it hangs on it. */
struct grant {
    struct person *who;
    char *scope; /* space separated */
    int64_t granted_s;
};

struct token {
    char *text;
    enum token_kind kind;
    struct person *who;
    struct grant *grant;
    char *scope;
    int64_t issued_s, expires_s;
    bool revoked;
};

struct refresh {
    char *text;
    struct grant *grant;
    int64_t expires_s;
    bool used, revoked, ended; /* ended: the 365 days are over */
};

struct code {
    char *text, *redirect_uri, *challenge, *method;
    struct grant *grant;
    int64_t expires_s;
    bool used;
};

struct pair_issued {
    const struct token *access;
    const struct refresh *refresh; /* NULL without offline_access */
};

/* Life times, changed by the control interface. */
extern int64_t access_life_s, refresh_life_s, grant_life_s, code_life_s, tenant_life_s;

void tokens_reset(void);
struct token *token_find(const char *text);
struct refresh *refresh_find(const char *text);
struct code *code_find(const char *text);

/* The app's tenant token: the same again while it has 30 minutes or more. */
const struct token *token_tenant(void);
struct grant *grant_new(struct person *who, const char *scope);
struct code *code_new(struct grant *grant, const char *redirect_uri,
    const char *challenge, const char *method);
/* A pair for a grant, narrowed to a scope (NULL: all of it). */
struct pair_issued token_issue(struct grant *grant, const char *scope);

bool scope_has(const char *scope, const char *one);
/* Is the scope switched on for the app? */
bool app_has_scope(const char *one);

/* Control: what shall be dead from now on. */
void tokens_expire_access(const struct person *who);
void tokens_revoke_access(const struct person *who);
void tokens_revoke_refresh(const struct person *who);
void tokens_expire_refresh(const struct person *who);
void tokens_end_grants(const struct person *who);
void tokens_expire_tenant(void);
void tokens_print(struct buf *out, const char *key);

#endif
