/* Shape of queries and bodies: types, ranges, lengths, words. Unknown members are
 * ignored, as Feishu does. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include <stdbool.h>

#include "request.h"

enum type {
    F_END,
    F_STRING, /* min, max: characters */
    F_INT,    /* min, max: value; none when both are 0 */
    F_BOOL,
    F_NUMBER,
    F_OBJECT,
    F_STRINGS, /* min, max: elements */
    F_OBJECTS,
};

/* One member. The path is dotted; a parent that is an array repeats per element. */
struct field {
    const char *path;
    enum type type;
    bool required; /* when its parent is there */
    int min, max;
    const char *words; /* "a|b": the only values of a text */
    bool soft_min;     /* a smaller number acts as min (query only) */
};

/* Checks against a table that ends with F_END (NULL: nothing is expected). Returns 0 or
 * the error's code, set in the reply with its field_violations. */
int check_query(const struct request *rq, struct reply *rp, const struct field *table);
int check_body(const struct request *rq, struct reply *rp, const struct field *table);

/* page_size of a checked query: clamped as the table says. */
int page_size(const struct request *rq, int missing, int min, int max);

#endif
