/* What each of Feishu's codes means to a client (feishu-api 2.4, 2.8, 9, 10, 12). */
#ifndef FEISHU_CODE_H
#define FEISHU_CODE_H

#include "base/err.h"

#include <stddef.h>

enum code_rule {
    CODE_FINAL,  /* repeating does not help */
    CODE_WAIT,   /* not done because of a limit: repeat after a pause */
    CODE_UNSURE, /* the server failed on the way: done or not done */
    CODE_TOKEN,  /* not done: the access token is no longer good */
};

struct code_row {
    int code;
    enum err kind; /* for CODE_UNSURE decided by the call: DOWN or UNKNOWN */
    enum code_rule rule;
};

/* NULL for a code that is not listed. */
const struct code_row *code_find(int code);
/* An RFC 6749 error name, for token endpoints that send no code. NULL when it is not
 * listed. */
const struct code_row *code_find_oauth(const char *error);
/* The whole table, ascending by code. */
const struct code_row *code_table(size_t *n);

#endif
