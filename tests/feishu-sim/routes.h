/* Every method of the platform which the simulator knows: one row a method. */
#ifndef SIM_ROUTES_H
#define SIM_ROUTES_H

#include <stdbool.h>

#include "check.h"
#include "limits.h"
#include "request.h"

/* Which tokens a method takes. */
enum { BY_NOBODY = 0, BY_TENANT = 1, BY_USER = 2, BY_BOTH = 3 };

/* Fills the reply; returns 0 or the error's code. */
typedef int (*handler_fn)(struct request *rq, struct reply *rp);

struct route {
    const char *method, *path; /* :name is a parameter */
    handler_fn handle;
    int tokens;
    const char *scopes; /* any one of them, separated by spaces; NULL: none needed */
    enum level level;
    const struct field *query, *body;
};

/* The row of a request; fills the path parameters. NULL: 404. */
const struct route *route_find(struct request *rq);
struct limit_state *route_limit(const struct route *route);
void routes_reset(void);
bool scope_is_known(const char *scope);

#endif
