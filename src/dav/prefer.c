#include "dav/prefer.h"

#include <string.h>

/* The preference with its value behind '=', NULL = none; parameters are left out. */
static char *split(struct ctx *cx, char *text, char **value)
{
    text[strcspn(text, ";")] = '\0';
    char *equals = strchr(text, '=');
    *value = NULL;
    if (equals) {
        *equals = '\0';
        char *word = str_trim(cx->arena, equals + 1);
        size_t len_bytes = strlen(word);
        bool quoted = len_bytes >= 2 && word[0] == '"' && word[len_bytes - 1] == '"';
        *value = quoted ? arena_strndup(cx->arena, word + 1, len_bytes - 2) : word;
    }
    return str_trim(cx->arena, text);
}

static void read_one(struct dav *dav, char *text)
{
    char *value;
    const char *name = split(dav->cx, text, &value);
    bool is_return = str_ieq(name, "return");
    /* The words of the drafts before RFC 7240. */
    bool minimal = str_ieq(name, "return-minimal") ||
        (is_return && str_ieq(value, "minimal"));
    bool whole = str_ieq(name, "return-representation") ||
        (is_return && str_ieq(value, "representation"));
    if (minimal && !dav->prefer)
        dav->prefer = PREFER_MINIMAL;
    else if (whole && !dav->prefer)
        dav->prefer = PREFER_REPRESENTATION;
    else if (str_ieq(name, "depth-noroot"))
        dav->no_root = true;
}

void prefer_read(struct dav *dav)
{
    const char *header = dav_header(dav, "Prefer"), *brief = dav_header(dav, "Brief");
    char **parts = header ? str_split(dav->cx->arena, header, ',') : NULL;
    for (; parts && *parts; parts++)
        read_one(dav, *parts);
    if (brief && str_ieq(str_trim(dav->cx->arena, brief), "t") && !dav->prefer)
        dav->prefer = PREFER_MINIMAL;
}

void prefer_applied(struct dav *dav, enum prefer prefer, bool no_root)
{
    static const char *const words[] = {
        [PREFER_NONE] = "",
        [PREFER_MINIMAL] = "return=minimal",
        [PREFER_REPRESENTATION] = "return=representation",
    };
    if (prefer || no_root)
        dav_set_header(dav, "Preference-Applied",
            arena_printf(dav->cx->arena, "%s%s%s", words[prefer],
                prefer && no_root ? ", " : "", no_root ? "depth-noroot" : ""));
}
