/* The simulated clock, the calendar arithmetic and the texts of instants. */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the simulated platform takes for now: Unix time. */
int64_t clock_ms(void);
int64_t clock_s(void);
/* Freezes the clock at an instant, moves it (frozen or running), or lets it run with real
 * time. */
void clock_set_ms(int64_t unix_ms);
void clock_advance_ms(int64_t ms);
void clock_real(void);
bool clock_is_manual(void);

/* Real, monotonic milliseconds: for rate limits, which a frozen clock must not stop. */
int64_t monotonic_ms(void);

/* Days since 1970-01-01 of a proleptic Gregorian date and back. */
int64_t days_of(int year, int month, int day);
void civil_of(int64_t days, int *year, int *month, int *day);

/* "YYYY-MM-DD" to seconds at UTC midnight; false when it is not a date. */
bool date_parse(const char *text, int64_t *seconds);
void date_print(int64_t seconds, char out[11]);
/* RFC 3339 with offset. */
bool rfc3339_parse(const char *text, int64_t *seconds);
void rfc3339_print(int64_t seconds, int offset_s, char out[32]);
/* YYYYMMDDhhmmss at +08:00, the head of a log id. */
void compact_print(int64_t seconds, char out[15]);

#endif
