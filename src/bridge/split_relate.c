/* RELATED-TO between the parts of a series (RFC 9253 section 5). */
#include "bridge/split.h"

#include <string.h>

static struct line *relation(struct ctx *cx, const char *type, const char *uid)
{
    return line_new(cx, "RELATED-TO;RELTYPE=%s:%s", type, uid);
}

struct comp *split_master(const struct comp *calendar)
{
    struct comp *event;
    for (size_t at = 0; (event = comp_next_sub(calendar, "VEVENT", &at)) != NULL;) {
        if (comp_line(event, "RECURRENCE-ID") == NULL)
            return event;
    }
    return NULL;
}

/* The UID that a relation of that kind names, "" = none; the line goes with take. */
static const char *related(struct comp *event, const char *type, bool take)
{
    struct line *line;
    for (size_t at = 0; (line = comp_next_line(event, "RELATED-TO", &at)) != NULL;) {
        if (!str_ieq(line_param(line, "RELTYPE"), type))
            continue;
        if (take)
            comp_remove_line(event, line);
        return line->value;
    }
    return "";
}

void split_relate(struct ctx *cx, struct comp *const *parts, size_t n)
{
    struct comp *head = split_master(parts[0]);
    const char *first = related(head, "FIRST", false);
    const char *next = n > 1 ? related(head, "NEXT", true) : "";
    if (str_empty(first))
        first = comp_line(head, "UID")->value;
    for (size_t i = 0; i < n; i++) {
        struct comp *event = split_master(parts[i]);
        if (i + 1 < n)
            comp_add_line(cx, event,
                relation(
                    cx, "NEXT", comp_line(split_master(parts[i + 1]), "UID")->value));
        else if (!str_empty(next))
            comp_add_line(cx, event, relation(cx, "NEXT", next));
        if (i > 0 && str_empty(related(event, "FIRST", false)))
            comp_add_line(cx, event, relation(cx, "FIRST", first));
    }
}
