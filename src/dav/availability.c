#include "dav/availability.h"

#include "dav/freebusy.h"
#include "dav/props.h"
#include "dav/propupdate.h"
#include "ical/availability.h"

#include <string.h>

/* RFC 7953 section 7.2.4, and the name of Apple's before it was one. */
static const struct {
    enum ns ns;
    const char *name;
} names[] = {
    {NS_CALDAV, "calendar-availability"},
    {NS_CS, "calendar-availability"},
};
#define N_NAMES (sizeof(names) / sizeof(*names))

/* The text that is kept, NULL when there is none. */
static char *kept_text(struct dav *dav, const struct be_user *who)
{
    struct be_property *list = NULL;
    struct xml *root = NULL;
    size_t n = 0;
    struct be_place home = {.user = who};
    if (be_properties(dav->cx, dav->request->bridge, &home, &list, &n) != ERR_OK)
        return NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < N_NAMES; k++)
            if (str_eq(list[i].name, names[k].name) &&
                str_eq(list[i].ns, ns_rows[names[k].ns].uri) &&
                xml_parse(dav->cx, list[i].xml, strlen(list[i].xml), &root) == ERR_OK)
                return xml_text(dav->cx, root);
    return NULL;
}

bool availability_get(struct dav *dav, struct resource *resource, struct buf *out)
{
    const char *text = kept_text(dav, resource->who);
    if (text)
        xml_adds(out, text);
    return text != NULL;
}

static enum err parse(struct dav *dav, const char *text, struct comp **calendar)
{
    const char *trimmed = str_trim(dav->cx->arena, text);
    return availability_parse(dav->cx, trimmed, strlen(trimmed), calendar);
}

/* Under both names it is one. */
enum err availability_set(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update)
{
    struct comp *calendar = NULL;
    if (!remove)
        TRY(parse(dav, xml_text(dav->cx, node), &calendar));
    for (size_t i = 0; i < N_NAMES; i++)
        if (node->ns_id != names[i].ns)
            prop_update_drop(dav, names[i].ns, names[i].name, update);
    prop_update_store(dav, node, remove, update);
    return ERR_OK;
}

void availability_add(struct dav *dav, const struct be_user *who, int64_t from_s,
    int64_t until_s, busy_list *list)
{
    struct comp *calendar = NULL;
    availability_list periods = {0};
    struct expand_range range = {
        .from_s = from_s, .until_s = until_s, .floating = zone_find(who->timezone)};
    char *text = kept_text(dav, who);
    if (!text || parse(dav, text, &calendar) != ERR_OK ||
        availability_busy(dav->cx, calendar, &range, &periods) != ERR_OK)
        return;
    for (size_t i = 0; i < periods.n; i++) {
        const struct availability_period *one = &periods.items[i];
        struct be_busy busy = {
            .start_s = one->start_s, .end_s = one->end_s, .kind = one->kind};
        LIST_ADD(dav->cx->arena, list, busy);
    }
}

void availability_join(
    struct dav *dav, struct be_freebusy *answer, int64_t from_s, int64_t until_s)
{
    struct be_user who;
    busy_list all = {0};
    if (!str_starts(answer->request_status, "2") ||
        be_user_by_address(dav->cx, dav->request->bridge, answer->address, &who) !=
            ERR_OK)
        return;
    for (size_t i = 0; i < answer->n_busy; i++)
        LIST_ADD(dav->cx->arena, &all, answer->busy[i]);
    size_t before = all.n;
    availability_add(dav, &who, from_s, until_s, &all);
    if (all.n > before)
        freebusy_merge(dav->cx, all.items, all.n, from_s, until_s, &answer->busy,
            &answer->n_busy);
}
