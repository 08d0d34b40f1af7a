/* Sign-in of a person in the browser: /login, /oauth/callback, /sign-out. */
#ifndef HTTP_LOGIN_H
#define HTTP_LOGIN_H

#include "http/exchange.h"

void login_start(struct exchange *ex);
void login_callback(struct exchange *ex);
void login_sign_out(struct exchange *ex);

#endif
