/* What a walk through a recurrence rule consists of. Private to the recur files. */
#ifndef ICAL_RECUR_IMPL_H
#define ICAL_RECUR_IMPL_H

#include "base/str.h"
#include "ical/recur.h"

#include <libical/ical.h>

struct nth_day {
    int weekday, n; /* 0 = Sunday; n: 1 first, -1 last */
};

struct recur {
    enum icalrecurrencetype_frequency freq;
    int64_t interval;
    int week_start;
    /* Bit masks, 0 = no such part. Month days counted from the end in month_days_back. */
    uint32_t months, month_days, month_days_back, hours, weekdays;
    uint64_t minutes, seconds;
    bool nth_of_month;
    LIST(struct nth_day) nth_days;
    LIST(int) year_days, weeks, positions;
    int count;
    struct recur_until until;
    int64_t start_s, stop_s, floor_s;
    int *times_s; /* within a base */
    size_t n_times;
    /* The walk: bases of the period (days, or hours, minutes, seconds), and the place in
     * them. */
    int64_t period, *bases_s;
    size_t n_bases, next, total;
    LIST(size_t) picks; /* by BYSETPOS */
    bool started, ended, spent;
    int emitted, steps, empty;
    struct arena *arena;
};

#endif
