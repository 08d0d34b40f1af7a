/* Dates and times in all their text forms. */
#include "base/when.h"

#include "base/arena.h"
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    const char *text = arena_strndup(arena, (const char *)data, size);
    char out[WHEN_TEXT_BYTES];
    int64_t number, again;
    struct civil civil;
    bool is_date, is_utc;
    if (when_parse_rfc3339(text, &number)) {
        /* An offset may lead out of the years that have four digits. */
        struct civil utc = civil_from_seconds(number);
        FUZZ_CHECK(civil_seconds(&utc) == number);
        FUZZ_CHECK(when_parse_rfc3339(when_rfc3339(number, out), &again) ==
            civil_valid(&utc));
        FUZZ_CHECK(!civil_valid(&utc) || again == number);
    }
    if (when_parse_http(text, 1800000000, &number)) {
        struct civil read = civil_from_seconds(number);
        FUZZ_CHECK(civil_valid(&read));
        FUZZ_CHECK(when_parse_http(when_http(number, out), 0, &again) && again == number);
    }
    if (when_parse_date(text, &number))
        FUZZ_CHECK(strcmp(when_date(number, out), text) == 0);
    if (when_parse_ics(text, &civil, &is_date, &is_utc)) {
        FUZZ_CHECK(civil_valid(&civil) && !(is_date && is_utc));
        struct civil back = civil_from_seconds(civil_seconds(&civil));
        FUZZ_CHECK(memcmp(&back, &civil, sizeof(back)) == 0);
        if (is_date)
            FUZZ_CHECK(strcmp(when_ics_date(civil_seconds(&civil) / 86400 -
                (civil_seconds(&civil) % 86400 < 0), out), text) == 0);
    }
    arena_free(arena);
    return 0;
}
