#include "token.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "routes.h"
#include "switches.h"

/* Feishu's user tokens are 1-2 KB long. */
#define USER_TOKEN_CHARS 1180
#define TENANT_TOKEN_CHARS 40
#define CODE_CHARS 64
#define TENANT_TOKEN_KEPT_S 1800

int64_t access_life_s = 7200, refresh_life_s = 604800, grant_life_s = 365 * 86400LL;
int64_t code_life_s = 300, tenant_life_s = 7200;

static struct vec grants;
static struct map tokens, refreshes, codes;
static struct vec token_list, refresh_list;
static struct token *tenant;

static void grant_free(void *p)
{
    struct grant *g = p;

    free(g->scope);
    free(g);
}

static void token_free(void *p)
{
    struct token *t = p;

    free(t->text);
    free(t->scope);
    free(t);
}

static void refresh_free(void *p)
{
    struct refresh *r = p;

    free(r->text);
    free(r);
}

static void code_free(void *p)
{
    struct code *c = p;

    free(c->text);
    free(c->redirect_uri);
    free(c->challenge);
    free(c->method);
    free(c);
}

void tokens_reset(void)
{
    vec_free(&grants, grant_free);
    map_free(&tokens, NULL);
    map_free(&refreshes, NULL);
    map_free(&codes, code_free);
    vec_free(&token_list, token_free);
    vec_free(&refresh_list, refresh_free);
    tenant = NULL;
    access_life_s = tenant_life_s = 7200;
    refresh_life_s = 604800;
    grant_life_s = 365 * 86400LL;
    code_life_s = 300;
}

struct token *token_find(const char *text)
{
    return map_get(&tokens, text);
}

struct refresh *refresh_find(const char *text)
{
    return map_get(&refreshes, text);
}

struct code *code_find(const char *text)
{
    return map_get(&codes, text);
}

static char *random_token(const char *head, size_t chars)
{
    char *text = xcalloc(strlen(head) + chars + 1, 1);

    memcpy(text, head, strlen(head));
    random_text(text + strlen(head), chars);
    return text;
}

static struct token *token_add(enum token_kind kind, struct person *who, int64_t life_s)
{
    struct token *t = xcalloc(1, sizeof *t);

    t->kind = kind;
    t->text = kind == TOKEN_USER
        ? random_token("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.", USER_TOKEN_CHARS)
        : random_token("t-", TENANT_TOKEN_CHARS);
    t->who = who;
    t->issued_s = clock_s();
    t->expires_s = t->issued_s + life_s;
    map_put(&tokens, t->text, t);
    vec_add(&token_list, t);
    return t;
}

const struct token *token_tenant(void)
{
    if (!tenant || tenant->revoked || tenant->expires_s - clock_s() < TENANT_TOKEN_KEPT_S)
        tenant = token_add(TOKEN_TENANT, W.bot, tenant_life_s);
    return tenant;
}

struct grant *grant_new(struct person *who, const char *scope)
{
    struct grant *g = xcalloc(1, sizeof *g);

    g->who = who;
    g->scope = xstrdup(scope);
    g->granted_s = clock_s();
    vec_add(&grants, g);
    return g;
}

struct code *code_new(struct grant *grant, const char *redirect_uri,
    const char *challenge, const char *method)
{
    struct code *c = xcalloc(1, sizeof *c);

    c->text = random_token("", CODE_CHARS);
    c->grant = grant;
    c->redirect_uri = xstrdup(redirect_uri);
    c->challenge = xstrdup(challenge);
    c->method = xstrdup(method);
    c->expires_s = clock_s() + code_life_s;
    map_put(&codes, c->text, c);
    return c;
}

struct pair_issued token_issue(struct grant *grant, const char *scope)
{
    struct token *t = token_add(TOKEN_USER, grant->who, access_life_s);
    struct refresh *r;

    t->grant = grant;
    t->scope = xstrdup(scope ? scope : grant->scope);
    if (!scope_has(grant->scope, "offline_access") || !app_has_scope("offline_access") ||
        !sw_is(SW_REFRESH_TOKENS, "on"))
        return (struct pair_issued){.access = t};
    r = xcalloc(1, sizeof *r);
    r->text = random_token("eyJhbGciOiJFUzI1NiIsImZlYXR1cmUifQ.r.", USER_TOKEN_CHARS);
    r->grant = grant;
    r->expires_s = clock_s() + refresh_life_s;
    map_put(&refreshes, r->text, r);
    vec_add(&refresh_list, r);
    return (struct pair_issued){.access = t, .refresh = r};
}

bool scope_has(const char *scope, const char *one)
{
    size_t n = strlen(one);

    while (scope && *scope) {
        size_t len = strcspn(scope, " ");

        if (len == n && strncmp(scope, one, n) == 0)
            return true;
        scope += len + (scope[len] == ' ');
    }
    return false;
}

bool app_has_scope(const char *one)
{
    if (!W.scopes.n)
        return scope_is_known(one);
    for (size_t i = 0; i < W.scopes.n; i++)
        if (strcmp(W.scopes.p[i], one) == 0)
            return true;
    return false;
}

static bool concerns(const struct token *t, const struct person *who)
{
    return t->kind == TOKEN_USER && (!who || t->who == who);
}

void tokens_expire_access(const struct person *who)
{
    for (size_t i = 0; i < token_list.n; i++) {
        struct token *t = token_list.p[i];

        if (concerns(t, who) && t->expires_s > clock_s())
            t->expires_s = clock_s() - 1;
    }
}

void tokens_revoke_access(const struct person *who)
{
    for (size_t i = 0; i < token_list.n; i++) {
        struct token *t = token_list.p[i];

        if (concerns(t, who))
            t->revoked = true;
    }
}

/* What happens to every refresh token of a person (NULL: of everybody). */
static void each_refresh(const struct person *who, void (*fn)(struct refresh *))
{
    for (size_t i = 0; i < refresh_list.n; i++) {
        struct refresh *r = refresh_list.p[i];

        if (!who || r->grant->who == who)
            fn(r);
    }
}

static void revoke(struct refresh *r)
{
    r->revoked = true;
}

static void expire(struct refresh *r)
{
    r->expires_s = clock_s() - 1;
}

static void end(struct refresh *r)
{
    r->ended = true;
}

void tokens_revoke_refresh(const struct person *who)
{
    each_refresh(who, revoke);
}

void tokens_expire_refresh(const struct person *who)
{
    each_refresh(who, expire);
}

void tokens_end_grants(const struct person *who)
{
    each_refresh(who, end);
}

void tokens_expire_tenant(void)
{
    for (size_t i = 0; i < token_list.n; i++) {
        struct token *t = token_list.p[i];

        if (t->kind == TOKEN_TENANT)
            t->expires_s = clock_s() - 1;
    }
    tenant = NULL;
}

void tokens_print(struct buf *out, const char *key)
{
    jw_open(out, key, '{');
    jw_open(out, "access", '[');
    for (size_t i = 0; i < token_list.n; i++) {
        const struct token *t = token_list.p[i];

        jw_open(out, NULL, '{');
        jw_str(out, "kind", t->kind == TOKEN_USER ? "user" : "tenant");
        jw_str(out, "user", t->who->open_id);
        jw_str(out, "token", t->text);
        jw_str(out, "scope", t->scope ? t->scope : "");
        jw_int(out, "expires", t->expires_s);
        jw_bool(out, "live", !t->revoked && t->expires_s > clock_s());
        jw_close(out, '}');
    }
    jw_close(out, ']');
    jw_open(out, "refresh", '[');
    for (size_t i = 0; i < refresh_list.n; i++) {
        const struct refresh *r = refresh_list.p[i];

        jw_open(out, NULL, '{');
        jw_str(out, "user", r->grant->who->open_id);
        jw_str(out, "token", r->text);
        jw_int(out, "expires", r->expires_s);
        jw_bool(out, "used", r->used);
        jw_bool(out, "revoked", r->revoked);
        jw_bool(out, "live",
            !r->used && !r->revoked && !r->ended && r->expires_s > clock_s());
        jw_close(out, '}');
    }
    jw_close(out, ']');
    jw_close(out, '}');
}
