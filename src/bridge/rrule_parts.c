#include "bridge/rrule_parts.h"

#include "base/str.h"
#include "ical/recur.h"

#include <string.h>

static char *upper(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *c = copy; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
    return copy;
}

struct rrule rrule_parse(struct ctx *cx, const char *text)
{
    struct rrule rule = {0};
    if (str_istarts(text, "RRULE:"))
        text += 6;
    char **items = str_split(cx->arena, upper(cx->arena, text), ';');
    for (size_t i = 0; items[i] != NULL; i++) {
        char *equals = strchr(items[i], '=');
        if (equals == NULL || rule.n == RRULE_MAX_PARTS) {
            rule.refused = "a part without a value, or too many parts";
            continue;
        }
        *equals = '\0';
        rule.parts[rule.n++] = (struct rrule_part){items[i], equals + 1};
    }
    return rule;
}

const char *rrule_part(const struct rrule *rule, const char *name)
{
    for (size_t i = 0; i < rule->n; i++) {
        if (str_eq(rule->parts[i].name, name))
            return rule->parts[i].value;
    }
    return NULL;
}

static bool is_readable(
    struct ctx *cx, const char *text, const struct civil *start, bool is_date)
{
    struct recur *recur;
    return recur_open(cx, text, start, is_date, &recur) == ERR_OK;
}

/* What will be served: without what is no part at all, such as nothing between two
 * semicolons, behind which some readers look no further. */
static const char *joined(struct ctx *cx, const struct rrule *rule)
{
    struct buf out = buf_new(cx->arena);
    for (size_t i = 0; i < rule->n; i++)
        buf_printf(&out, "%s%s=%s", i == 0 ? "" : ";", rule->parts[i].name,
            rule->parts[i].value);
    return buf_str(&out);
}

const char *rrule_readable(
    struct ctx *cx, const char *text, const struct civil *start, bool is_date)
{
    struct rrule rule = rrule_parse(cx, text);
    const char *parts = joined(cx, &rule);
    if (is_readable(cx, parts, start, is_date))
        return parts;
    const char *freq = rrule_part(&rule, "FREQ");
    const char *kept = arena_printf(cx->arena, "FREQ=%s", freq == NULL ? "" : freq);
    if (!is_readable(cx, kept, start, is_date))
        return NULL;
    for (size_t i = 0; i < rule.n; i++) {
        const struct rrule_part *part = &rule.parts[i];
        const char *longer =
            arena_printf(cx->arena, "%s;%s=%s", kept, part->name, part->value);
        if (!str_eq(part->name, "FREQ") && is_readable(cx, longer, start, is_date))
            kept = longer;
    }
    return kept;
}
