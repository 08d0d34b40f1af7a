#include "ical/recur_impl.h"

#include <stdlib.h>

#define DAY_S 86400
#define LAST_YEAR 9999

static int64_t floor_day(int64_t wall_s)
{
    return wall_s / DAY_S - (wall_s % DAY_S < 0);
}

static int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        return 29;
    return lengths[month - 1];
}

static int64_t week_begin(const struct recur *recur, int64_t day)
{
    return day - (civil_weekday(day) - recur->week_start + 7) % 7;
}

/* The day on which a year's week 1 begins: the first week with four days in it. */
static int64_t first_week(const struct recur *recur, int year)
{
    return week_begin(recur, civil_days(year, 1, 4));
}

static bool in_weeks(const struct recur *recur, int64_t day, int year)
{
    if (day >= first_week(recur, year + 1))
        year++;
    else if (day < first_week(recur, year))
        year--;
    int64_t first = first_week(recur, year);
    int week = (int)((day - first) / 7) + 1;
    int n_weeks = (int)((first_week(recur, year + 1) - first) / 7);
    for (size_t i = 0; i < recur->weeks.n; i++)
        if (recur->weeks.items[i] == week || recur->weeks.items[i] == week - n_weeks - 1)
            return true;
    return false;
}

static bool in_year_days(const struct recur *recur, int64_t day, int year)
{
    int64_t first = civil_days(year, 1, 1);
    int from_start = (int)(day - first) + 1;
    int from_end = (int)(day - civil_days(year + 1, 1, 1));
    for (size_t i = 0; i < recur->year_days.n; i++)
        if (recur->year_days.items[i] == from_start ||
            recur->year_days.items[i] == from_end)
            return true;
    return false;
}

static bool in_weekdays(const struct recur *recur, int64_t day, const struct civil *civil)
{
    int weekday = civil_weekday(day);
    if (recur->weekdays & 1u << weekday)
        return true;
    for (size_t i = 0; i < recur->nth_days.n; i++) {
        const struct nth_day *nth = &recur->nth_days.items[i];
        if (nth->weekday != weekday)
            continue;
        int before = civil->day - 1,
            after = month_length(civil->year, civil->month) - civil->day;
        if (!recur->nth_of_month) {
            before = (int)(day - civil_days(civil->year, 1, 1));
            after = (int)(civil_days(civil->year + 1, 1, 1) - day) - 1;
        }
        if (nth->n == before / 7 + 1 || nth->n == -(after / 7 + 1))
            return true;
    }
    return false;
}

static bool day_fits(const struct recur *recur, int64_t day, const struct civil *civil)
{
    if (recur->months && !(recur->months & 1u << civil->month))
        return false;
    if (recur->month_days || recur->month_days_back) {
        int back = month_length(civil->year, civil->month) - civil->day + 1;
        if (!(recur->month_days & 1u << civil->day) &&
            !(recur->month_days_back & 1u << back))
            return false;
    }
    if ((recur->weekdays || recur->nth_days.n) && !in_weekdays(recur, day, civil))
        return false;
    if (recur->year_days.n && !in_year_days(recur, day, civil->year))
        return false;
    return !recur->weeks.n || in_weeks(recur, day, civil->year);
}

static void add_month(struct recur *recur, int year, int month)
{
    if (recur->months && !(recur->months & 1u << month))
        return;
    int64_t first = civil_days(year, month, 1);
    struct civil civil = {.year = year, .month = month};
    for (int i = 0, n = month_length(year, month); i < n; i++) {
        civil.day = i + 1;
        if (day_fits(recur, first + i, &civil))
            recur->bases_s[recur->n_bases++] = (first + i) * DAY_S;
    }
}

static void add_days(struct recur *recur, int64_t first, int n)
{
    for (int64_t day = first; day < first + n; day++) {
        struct civil civil = civil_from_days(day);
        if (day_fits(recur, day, &civil))
            recur->bases_s[recur->n_bases++] = day * DAY_S;
    }
}

static int unit_s(const struct recur *recur)
{
    return recur->freq == ICAL_HOURLY_RECURRENCE  ? 3600
        : recur->freq == ICAL_MINUTELY_RECURRENCE ? 60
                                                  : 1;
}

/* The first of the periods below a day. */
static int64_t unit_origin(const struct recur *recur)
{
    int unit = unit_s(recur);
    int64_t day_s = floor_day(recur->start_s) * DAY_S;
    return day_s + (recur->start_s - day_s) / unit * unit;
}

/* Takes the period's hour, minute or second when it fits; else moves on to the last
 * period before one that may fit, so that a rule by seconds does not look at every second
 * of a year. */
static void add_unit(struct recur *recur)
{
    int64_t step_s = recur->interval * unit_s(recur), origin_s = unit_origin(recur);
    int64_t at_s = origin_s + recur->period * step_s, day = floor_day(at_s), next_s;
    int of_day = (int)(at_s - day * DAY_S);
    struct civil civil = civil_from_days(day);
    if (!day_fits(recur, day, &civil))
        next_s = (day + 1) * DAY_S;
    else if (recur->hours && !(recur->hours & 1u << of_day / 3600))
        next_s = at_s - of_day % 3600 + 3600;
    else if (recur->freq < ICAL_HOURLY_RECURRENCE && recur->minutes &&
        !(recur->minutes & (uint64_t)1 << of_day / 60 % 60))
        next_s = at_s - of_day % 60 + 60;
    else if (recur->freq == ICAL_SECONDLY_RECURRENCE && recur->seconds &&
        !(recur->seconds & (uint64_t)1 << of_day % 60))
        next_s = at_s + 1;
    else {
        recur->bases_s[recur->n_bases++] = at_s;
        return;
    }
    recur->period = (next_s - origin_s + step_s - 1) / step_s - 1;
}

/* Collects the bases of the period the walk is in; false behind the last year. */
static bool fill(struct recur *recur)
{
    int64_t first = floor_day(recur->start_s), step = recur->period * recur->interval;
    struct civil start = civil_from_days(first);
    int64_t month = (int64_t)start.year * 12 + start.month - 1 + step;
    recur->n_bases = 0;
    switch (recur->freq) {
    case ICAL_YEARLY_RECURRENCE:
        if (start.year + step > LAST_YEAR)
            return false;
        for (int m = 1; m <= 12; m++)
            add_month(recur, (int)(start.year + step), m);
        return true;
    case ICAL_MONTHLY_RECURRENCE:
        if (month / 12 > LAST_YEAR)
            return false;
        add_month(recur, (int)(month / 12), (int)(month % 12) + 1);
        return true;
    case ICAL_WEEKLY_RECURRENCE:
        first = week_begin(recur, first) + 7 * step;
        break;
    case ICAL_DAILY_RECURRENCE:
        first += step;
        break;
    default:
        first = floor_day(unit_origin(recur) + step * unit_s(recur));
        break;
    }
    if (first > civil_days(LAST_YEAR, 12, 31))
        return false;
    if (recur->freq == ICAL_WEEKLY_RECURRENCE || recur->freq == ICAL_DAILY_RECURRENCE)
        add_days(recur, first, recur->freq == ICAL_WEEKLY_RECURRENCE ? 7 : 1);
    else
        add_unit(recur);
    return true;
}

int64_t recur_most_a_day(const struct recur *recur)
{
    bool below_a_day = recur->freq < ICAL_DAILY_RECURRENCE;
    return (int64_t)recur->n_times * (below_a_day ? DAY_S / unit_s(recur) : 1);
}

static int by_size(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static void pick(struct recur *recur)
{
    size_t total = recur->n_bases * recur->n_times;
    recur->picks.n = 0;
    for (size_t i = 0; i < recur->positions.n; i++) {
        int position = recur->positions.items[i];
        size_t distance = (size_t)abs(position);
        if (distance <= total)
            LIST_ADD(recur->arena, &recur->picks,
                position > 0 ? distance - 1 : total - distance);
    }
    if (recur->picks.n)
        qsort(recur->picks.items, recur->picks.n, sizeof(size_t), by_size);
    recur->total = recur->picks.n;
}

/* The calendar repeats after 400 years: a rule that was silent so long stays so. */
static int patience(const struct recur *recur)
{
    switch (recur->freq) {
    case ICAL_YEARLY_RECURRENCE:
        return 400;
    case ICAL_MONTHLY_RECURRENCE:
        return 4800;
    case ICAL_WEEKLY_RECURRENCE:
        return 20872;
    default:
        return 146098;
    }
}

static bool next_period(struct recur *recur)
{
    if (!fill(recur))
        return false;
    recur->period++;
    recur->next = 0;
    recur->total = recur->n_bases * recur->n_times;
    if (recur->positions.n)
        pick(recur);
    recur->empty = recur->total ? 0 : recur->empty + 1;
    if (recur->empty > patience(recur)) {
        recur->spent = recur->freq < ICAL_DAILY_RECURRENCE;
        return false;
    }
    return true;
}

bool recur_next(struct recur *recur, int64_t *wall_s)
{
    if (recur->ended || (recur->count && recur->emitted >= recur->count))
        return false;
    if (!recur->started) {
        recur->started = true;
        recur->emitted++;
        if (recur->start_s > recur->stop_s)
            return false;
        *wall_s = recur->start_s;
        return true;
    }
    for (;;) {
        while (recur->next >= recur->total) {
            if (!next_period(recur)) {
                recur->ended = true;
                return false;
            }
        }
        if (++recur->steps > RECUR_MAX_STEPS) {
            recur->ended = recur->spent = true;
            return false;
        }
        size_t at = recur->positions.n ? recur->picks.items[recur->next] : recur->next;
        recur->next++;
        int64_t found_s =
            recur->bases_s[at / recur->n_times] + recur->times_s[at % recur->n_times];
        if (found_s > recur->stop_s) {
            recur->ended = true;
            return false;
        }
        if (found_s <= recur->floor_s)
            continue;
        recur->floor_s = found_s; /* a position may be named twice */
        recur->emitted++;
        *wall_s = found_s;
        return true;
    }
}

void recur_seek(struct recur *recur, int64_t first_s)
{
    if (recur->count || first_s <= recur->start_s)
        return;
    int64_t first = floor_day(first_s), start = floor_day(recur->start_s), skip;
    struct civil from = civil_from_days(first), since = civil_from_days(start);
    switch (recur->freq) {
    case ICAL_YEARLY_RECURRENCE:
        skip = (from.year - since.year) / recur->interval;
        break;
    case ICAL_MONTHLY_RECURRENCE:
        skip = ((int64_t)(from.year - since.year) * 12 + from.month - since.month) /
            recur->interval;
        break;
    case ICAL_WEEKLY_RECURRENCE:
        skip = (first - week_begin(recur, start)) / (7 * recur->interval);
        break;
    case ICAL_DAILY_RECURRENCE:
        skip = (first - start) / recur->interval;
        break;
    default:
        skip = (first_s - unit_origin(recur)) / (recur->interval * unit_s(recur));
        break;
    }
    recur->started = true;
    recur->floor_s = first_s - 1;
    recur->period = skip > 1 ? skip - 1 : 0;
    recur->next = recur->total = 0;
}

void recur_stop(struct recur *recur, int64_t last_s)
{
    recur->stop_s = last_s;
}

const struct recur_until *recur_until(const struct recur *recur)
{
    return &recur->until;
}

bool recur_has_count(const struct recur *recur)
{
    return recur->count > 0;
}

bool recur_spent(const struct recur *recur)
{
    return recur->spent;
}
