/* The event callback: POST /feishu/events (feishu-api 11.3). */
#ifndef HTTP_HOOK_H
#define HTTP_HOOK_H

#include "http/exchange.h"

void hook_events(struct exchange *ex);

#endif
