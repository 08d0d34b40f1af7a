#include "clock.h"

#include <stdio.h>
#include <time.h>

static bool manual;
static int64_t frozen_ms;
static int64_t shift_ms;

static int64_t real_ms(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
    return manual ? frozen_ms : real_ms(CLOCK_REALTIME) + shift_ms;
}

int64_t clock_s(void)
{
    return clock_ms() / 1000;
}

void clock_set_ms(int64_t unix_ms)
{
    manual = true;
    frozen_ms = unix_ms;
}

void clock_advance_ms(int64_t ms)
{
    if (manual)
        frozen_ms += ms;
    else
        shift_ms += ms;
}

void clock_real(void)
{
    manual = false;
    shift_ms = 0;
}

bool clock_is_manual(void)
{
    return manual;
}

int64_t monotonic_ms(void)
{
    return real_ms(CLOCK_MONOTONIC);
}

int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void civil_of(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

/* Reads exactly n digits. */
static bool digits(const char **at, int n, int *out)
{
    int value = 0;

    for (int i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return true;
}

static bool date_at(const char **at, int64_t *days)
{
    int y, m, d, y2, m2, d2;

    if (!digits(at, 4, &y) || *(*at)++ != '-' || !digits(at, 2, &m) || *(*at)++ != '-' ||
        !digits(at, 2, &d))
        return false;
    if (m < 1 || m > 12 || d < 1)
        return false;
    *days = days_of(y, m, d);
    civil_of(*days, &y2, &m2, &d2);
    return y == y2 && m == m2 && d == d2;
}

bool date_parse(const char *text, int64_t *seconds)
{
    int64_t days;

    if (!date_at(&text, &days) || *text)
        return false;
    *seconds = days * 86400;
    return true;
}

/* Writes n digits, with zeros in front; returns what is behind them. */
static char *put_digits(char *at, int n, int value)
{
    unsigned left = (unsigned)value;

    for (int i = n; i-- > 0; left /= 10)
        at[i] = (char)('0' + left % 10);
    return at + n;
}

static void date_of(int64_t seconds, int *y, int *m, int *d)
{
    civil_of(seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400, y, m, d);
}

void date_print(int64_t seconds, char out[11])
{
    int y, m, d;

    date_of(seconds, &y, &m, &d);
    out = put_digits(out, 4, y);
    *out++ = '-';
    out = put_digits(out, 2, m);
    *out++ = '-';
    *put_digits(out, 2, d) = '\0';
}

bool rfc3339_parse(const char *text, int64_t *seconds)
{
    int64_t days;
    int h, m, s, oh = 0, om = 0, sign = 1;

    if (!date_at(&text, &days) || (*text != 'T' && *text != 't'))
        return false;
    text++;
    if (!digits(&text, 2, &h) || *text++ != ':' || !digits(&text, 2, &m) ||
        *text++ != ':' || !digits(&text, 2, &s) || h > 23 || m > 59 || s > 60)
        return false;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9';)
            text++;
    if (*text == 'Z' || *text == 'z') {
        text++;
    } else {
        if (*text != '+' && *text != '-')
            return false;
        sign = *text++ == '-' ? -1 : 1;
        if (!digits(&text, 2, &oh) || *text++ != ':' || !digits(&text, 2, &om))
            return false;
    }
    if (*text)
        return false;
    *seconds = days * 86400 + h * 3600 + m * 60 + s - sign * (oh * 3600 + om * 60);
    return true;
}

static void clock_part(int64_t seconds, int *h, int *m, int *s)
{
    int64_t rest = ((seconds % 86400) + 86400) % 86400;

    *h = (int)(rest / 3600);
    *m = (int)(rest / 60 % 60);
    *s = (int)(rest % 60);
}

void rfc3339_print(int64_t seconds, int offset_s, char out[32])
{
    char date[11];
    int h, m, s, off = offset_s < 0 ? -offset_s : offset_s;

    date_print(seconds + offset_s, date);
    clock_part(seconds + offset_s, &h, &m, &s);
    snprintf(out, 32, "%s%c%02u:%02u:%02u%c%02u:%02u", date, 'T', (unsigned)h % 100,
        (unsigned)m % 100, (unsigned)s % 100, offset_s < 0 ? '-' : '+',
        (unsigned)(off / 3600) % 100, (unsigned)(off / 60 % 60));
}

void compact_print(int64_t seconds, char out[15])
{
    int y, month, d, h, m, s;

    seconds += 8 * 3600;
    date_of(seconds, &y, &month, &d);
    clock_part(seconds, &h, &m, &s);
    out = put_digits(out, 4, y);
    out = put_digits(out, 2, month);
    out = put_digits(out, 2, d);
    out = put_digits(out, 2, h);
    out = put_digits(out, 2, m);
    *put_digits(out, 2, s) = '\0';
}
