/* What the fuzzers of the conversion share: an account, series out of JSON, and what must
 * hold for every text that is served. */
#ifndef TESTS_FUZZ_FUZZ_BRIDGE_H
#define TESTS_FUZZ_FUZZ_BRIDGE_H

#include "bridge/convert.h"
#include "fuzz.h"

#define FUZZ_MAX_ROWS 64

extern const struct convert_env fuzz_env; /* an owner's, ou_me */

struct fuzz_series {
    struct series_row master, rows[FUZZ_MAX_ROWS];
    struct series series;
};
/* An event object or a list of them; false when there is none, or they are of several
 * series. It must live as long as cx. */
bool fuzz_series_read(struct ctx *cx, const char *json, struct fuzz_series *out);

/* The text parses again: by the bridge's own reader, rules and times included, and by
 * libical, which has nothing to say against any of it, unless it had against the client's
 * lines that are in it. from = those, NULL = every line was written here. */
void fuzz_check_served(struct ctx *cx, const char *text, const char *from);
/* Laid over itself it stays as it is, and a client that sends it back asks for nothing.
 */
void fuzz_check_settled(struct ctx *cx, const struct series *series, const char *text);

#endif
