/* The account page: how to set up a client, app passwords, the state of each calendar. */
#ifndef HTTP_HOME_H
#define HTTP_HOME_H

#include "http/exchange.h"

void home_page(struct exchange *ex);
void home_style(struct exchange *ex);
void home_password_new(struct exchange *ex);
void home_password_revoke(struct exchange *ex);
void home_sync(struct exchange *ex);

#endif
