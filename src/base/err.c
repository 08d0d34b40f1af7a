#include "base/err.h"

#include <stddef.h>

static const struct {
    const char *name, *text;
} kinds[] = {
#define X(kind, words) [ERR_##kind] = {#kind, words},
    ERR_KINDS(X)
#undef X
};

const char *err_name(enum err kind)
{
    return (size_t)kind < ERR_KIND_COUNT ? kinds[kind].name : "?";
}

const char *err_text(enum err kind)
{
    return (size_t)kind < ERR_KIND_COUNT ? kinds[kind].text : "?";
}
