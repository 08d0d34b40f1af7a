/* A start or an end: an instant with its zone, or a date. */
#ifndef SIM_WHEN_H
#define SIM_WHEN_H

#include <stdbool.h>
#include <stdint.h>

struct when {
    bool all_day;
    int64_t
        at; /* Unix seconds; UTC midnight of the date when all_day (ends are exclusive) */
    char zone[64]; /* "UTC" when all_day */
};

#endif
