#include "ical/filter.h"

static bool names(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i], name))
            return true;
    return false;
}

static const struct comp_select *inner_of(
    const struct comp_select *select, const char *name)
{
    for (size_t i = 0; i < select->comps.n; i++)
        if (str_eq(select->comps.items[i]->name, name))
            return select->comps.items[i];
    return NULL;
}

/* A component that is only named is wanted whole: RFC 4791 7.8.1 asks so for
 * VTIMEZONE. */
static bool only_named(const struct comp_select *select)
{
    return !select->all_props && !select->all_comps && !select->props.n &&
        !select->no_value.n && !select->comps.n;
}

struct comp *select_apply(
    struct ctx *cx, const struct comp_select *select, const struct comp *comp)
{
    struct comp *copy = comp_clone(cx, comp);
    size_t kept = 0;
    if (only_named(select))
        return copy;
    /* Without VERSION nothing could read the result. */
    bool is_calendar = str_eq(comp->name, "VCALENDAR");
    for (size_t i = 0; i < copy->items.n; i++) {
        struct comp_item item = copy->items.items[i];
        if (item.comp) {
            const struct comp_select *inner = inner_of(select, item.comp->name);
            if (!inner && !select->all_comps)
                continue;
            if (inner)
                item.comp = select_apply(cx, inner, item.comp);
        } else if (names(select->no_value.items, select->no_value.n, item.line->name)) {
            item.line = line_new(cx, "%s:", item.line->name);
        } else if (!select->all_props &&
            !names(select->props.items, select->props.n, item.line->name) &&
            !(is_calendar && str_eq(item.line->name, "VERSION"))) {
            continue;
        }
        copy->items.items[kept++] = item;
    }
    copy->items.n = kept;
    return copy;
}
