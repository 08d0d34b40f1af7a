#include "ical/filter.h"

#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <uninorm.h>

/* RFC 4791 7.5: the first is what a client gets that names none, or "default". */
static const struct {
    const char *name;
    enum collation collation;
} collations[] = {
    {"i;ascii-casemap", COLLATION_ASCII_CASEMAP},
    {"i;octet", COLLATION_OCTET},
    {"i;unicode-casemap", COLLATION_UNICODE_CASEMAP},
    {"default", COLLATION_ASCII_CASEMAP},
    {"", COLLATION_ASCII_CASEMAP},
};

bool collation_find(const char *name, enum collation *collation)
{
    for (size_t i = 0; i < sizeof(collations) / sizeof(collations[0]); i++)
        if (str_eq(collations[i].name, name)) {
            *collation = collations[i].collation;
            return true;
        }
    return false;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* RFC 5051: case folded, and compatibility characters taken apart. */
static const char *unicode_fold(struct arena *arena, const char *text)
{
    size_t len = 0;
    if (is_ascii(text))
        return str_lower(arena, text);
    uint8_t *folded =
        u8_casefold((const uint8_t *)text, strlen(text), NULL, UNINORM_NFKD, NULL, &len);
    if (!folded)
        return text;
    char *copy = arena_strndup(arena, (const char *)folded, len);
    free(folded);
    return copy;
}

bool collation_contains(
    struct arena *arena, enum collation collation, const char *text, const char *part)
{
    if (!*part)
        return true;
    switch (collation) {
    case COLLATION_ASCII_CASEMAP:
        return strstr(str_lower(arena, text), str_lower(arena, part)) != NULL;
    case COLLATION_UNICODE_CASEMAP:
        return strstr(unicode_fold(arena, text), unicode_fold(arena, part)) != NULL;
    case COLLATION_OCTET:
        break;
    }
    return strstr(text, part) != NULL;
}
