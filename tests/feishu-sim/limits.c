#include "limits.h"

#include "clock.h"
#include "switches.h"

static double least(double a, double b)
{
    return a < b ? a : b;
}

bool limit_take(struct limit_state *state, enum level level, int *limit, int *wait_s)
{
    double per_second = (double)sw_number(SW_RATE_PER_SECOND);
    double per_minute = (double)sw_number(SW_RATE_PER_MINUTE);
    double passed_s;
    int64_t now = monotonic_ms();

    if (level == LEVEL_FREE || sw_is(SW_RATE_LIMIT, "off"))
        return true;
    if (level == LEVEL_5_PER_SECOND) {
        per_second = 5;
        per_minute = 300;
    }
    passed_s = state->at_ms ? (double)(now - state->at_ms) / 1000 : 3600;
    state->at_ms = now;
    state->second = least(per_second, state->second + passed_s * per_second);
    state->minute = least(per_minute, state->minute + passed_s * per_minute / 60);
    if (state->minute < 1) {
        *limit = (int)per_minute;
        *wait_s = (int)((1 - state->minute) * 60 / per_minute) + 1;
        return false;
    }
    if (state->second < 1) {
        *limit = (int)per_second;
        *wait_s = 1;
        return false;
    }
    state->second -= 1;
    state->minute -= 1;
    return true;
}
