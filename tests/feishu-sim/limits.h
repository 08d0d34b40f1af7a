/* Rate limits: a token bucket of a second and one of a minute for each method. */
#ifndef SIM_LIMITS_H
#define SIM_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

/* How often a method may be called (reference, levels 1 to 8). */
enum level { LEVEL_FREE, LEVEL_1000_PER_MINUTE, LEVEL_5_PER_SECOND };

struct limit_state {
    double second, minute; /* what is left */
    long long at_ms;       /* when it was counted; 0: never */
};

/* Takes one call. False: too many; limit and wait_s tell the headers' values. */
bool limit_take(struct limit_state *state, enum level level, int *limit, int *wait_s);

#endif
