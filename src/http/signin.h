/* Who sends a request: the peer behind trusted proxies, and the person behind HTTP Basic
 * or the account page's cookie. */
#ifndef HTTP_SIGNIN_H
#define HTTP_SIGNIN_H

#include "http/exchange.h"
#include "http/route.h"

#include <sys/socket.h>

/* Fills peer, secure and origin. Errors: FORBIDDEN for plain HTTP from off loopback that
 * came through no trusted proxy. */
enum err signin_peer(struct exchange *ex, const struct sockaddr *address);

/* Checks what the route asks for and fills user_id. Errors: UNAUTHORIZED, THROTTLED,
 * FORBIDDEN. */
enum err signin_check(struct exchange *ex, enum route_access access);

/* The cookie of the account page as it was sent; "" = none. */
const char *signin_cookie(const struct exchange *ex);
/* Sets it; an empty value with max_age_s 0 removes it. */
void signin_cookie_set(struct exchange *ex, const char *value, long max_age_s);
/* Marks the browser that starts a sign-in, by the state of it (RFC 6749 10.12). */
void signin_started(struct exchange *ex, const char *state);
/* True when this browser has started the sign-in that the query's state names. The mark
 * is taken off by signin_ended. */
bool signin_started_here(const struct exchange *ex);
void signin_ended(struct exchange *ex);
/* A form's hidden field that only a page made for this session can hold. */
char *signin_form_token(const struct exchange *ex);
/* True when the body's field "token" is that one. */
bool signin_form_ok(const struct exchange *ex);

#endif
