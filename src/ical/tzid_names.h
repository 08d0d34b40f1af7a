/* The names that products give time zones, as tables. Private to tzid.c. */
#ifndef ICAL_TZID_NAMES_H
#define ICAL_TZID_NAMES_H

#include <stddef.h>

struct tzid_windows {
    const char *name;    /* the registry's key, what Outlook and Exchange send */
    const char *iana;
    const char *display; /* without "(UTC+01:00) " */
};
/* In the order of their offsets, as Windows lists them. */
extern const struct tzid_windows tzid_windows[];
extern const size_t tzid_windows_n;

struct tzid_other {
    const char *name, *iana;
};
extern const struct tzid_other tzid_others[];
extern const size_t tzid_others_n;

#endif
