/* Accounts: sign-in with Feishu, app passwords, and their check. The http layer and the
 * command line use it. */
#ifndef BRIDGE_ACCOUNT_H
#define BRIDGE_ACCOUNT_H

#include "base/ctx.h"

#include <stdbool.h>
#include <stdint.h>

struct bridge;

/* Starts a sign-in: *url = where the browser must go; *state names it. redirect_uri NULL
 * = base-url + "/oauth/callback". wanted_name may be NULL. */
enum err account_login_start(struct ctx *cx, struct bridge *bridge,
    const char *wanted_name, char **url, char **state);
/* Before it is started for a stranger: those who start one after the other without ever
 * finishing have to wait, by peer address. Error: THROTTLED (cx->retry_after_s). */
enum err account_login_allow(struct ctx *cx, struct bridge *bridge, const char *peer);
/* Somebody there finished one. */
void account_login_good(struct ctx *cx, struct bridge *bridge, const char *peer);
/* Ends it with the query that came back ("code=..&state=.." or "error=..&state=.."). On
 * success the account is stored, its tokens are on disk and its first pull is asked for.
 * Errors: BAD_REQUEST (unknown or used state), FORBIDDEN (the person said no),
 * UPSTREAM_*. */
enum err account_login_finish(struct ctx *cx, struct bridge *bridge, const char *query,
    int64_t *account_id);
/* For "user login", which waits: *account_id = 0 while nothing happened. Fails with the
 * text of the failure where the sign-in failed elsewhere. */
enum err account_login_poll(struct ctx *cx, struct bridge *bridge, const char *state,
    int64_t *account_id);

/* HTTP Basic: user name and app password. Constant-time comparison, answers cached under
 * a random key, guesses throttled per peer address and per user. Errors: UNAUTHORIZED,
 * THROTTLED (cx->retry_after_s). */
enum err account_authenticate(struct ctx *cx, struct bridge *bridge, const char *name,
    const char *password, const char *peer, int64_t *account_id);

/* A new app password: 160 random bits as text, shown once. The label (NULL = none) is one
 * line of UTF-8. Errors: BAD_REQUEST for another label. */
enum err account_password_new(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    const char *label, char **password, int64_t *id);
enum err account_password_revoke(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, int64_t id);

/* A browser session of the account page: text for a cookie, good until it is over or
 * ended, and no longer than the account. Check: UNAUTHORIZED. */
#define ACCOUNT_SESSION_S (12 * 3600)
enum err account_session_new(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    char **cookie);
enum err account_session_check(struct ctx *cx, struct bridge *bridge, const char *cookie,
    int64_t *account_id);
enum err account_session_end(struct ctx *cx, struct bridge *bridge, const char *cookie);
/* In all browsers. */
enum err account_sessions_end(
    struct ctx *cx, struct bridge *bridge, int64_t account_id);

/* Revokes upstream as far as possible and removes everything of the account. */
enum err account_remove(struct ctx *cx, struct bridge *bridge, int64_t account_id);

/* What the account page and "user show" tell, as text rows. */
struct account_calendar_view {
    const char *name, *display_name, *role, *last_error;
    int64_t objects, last_pull_s;
    int64_t last_success_s; /* 0 = never */
    int64_t lag_s;          /* since then; 0 = never */
    int64_t calls;          /* of Feishu that were about it so far */
    bool complete;
    bool pushed; /* Feishu was asked to tell of its changes */
};
struct account_password_view {
    int64_t id, created_s, last_used_s; /* 0 = never */
    const char *label;
};
struct account_spent_view {
    const char *purpose; /* "events", "writes" ... */
    int64_t calls;
};
struct account_view {
    int64_t id;
    const char *name, *open_id, *display_name, *email;
    const char *state; /* "ok", "sign-in needed" */
    const char *last_error;
    int64_t last_sync_s, access_expires_s, refresh_expires_s, authorized_s;
    int64_t sign_in_until_s; /* when Feishu ends the grant, 365 days after sign-in */
    bool sign_in_soon;       /* that is less than a month away */
    int64_t lag_s;           /* since last_sync_s; 0 = never */
    int64_t calls;           /* of Feishu, all of them */
    struct account_spent_view *spent; /* the same by purpose */
    size_t n_spent;
    const char *scopes;
    const char *events; /* how changes come: "polling", "long-connection", "callback" */
    struct account_calendar_view *calendars;
    size_t n_calendars;
    struct account_password_view *passwords;
    size_t n_passwords;
};
enum err account_views(struct ctx *cx, struct bridge *bridge, struct account_view **list,
    size_t *n);
enum err account_view(struct ctx *cx, struct bridge *bridge, int64_t account_id,
    struct account_view *view);
enum err account_find(struct ctx *cx, struct bridge *bridge, const char *name,
    int64_t *account_id); /* NOT_FOUND */

#endif
