/* calendarserver.org caldav-proxy: who may act for whom. Each principal has two groups
 * below it, whose members may read or write the person's primary calendar; that is all
 * Feishu knows of delegates. Of the groups of others one sees oneself alone. */
#include "dav/props.h"
#include "dav/propupdate.h"

#include <string.h>

static bool is_write(const struct resource *group)
{
    return strcmp(group->name, PROXY_WRITE) == 0;
}

/* In which of the two groups a role is; free/busy is everybody's, and no group. */
static bool is_in(enum be_role role, bool write)
{
    return write ? role >= BE_WRITER : role == BE_READER;
}

/* ---- the two directions ---- */

/* With whom the person shares her primary calendar. */
static size_t members(struct dav *dav, const struct be_share **list)
{
    struct be_calendar *calendars = NULL;
    size_t n = 0;
    if (be_calendars(dav->cx, dav->request->bridge, &dav->user, &calendars, &n) != ERR_OK)
        return 0;
    for (size_t i = 0; i < n; i++) {
        struct resource primary;
        resource_calendar(dav, &calendars[i], &primary);
        if (calendars[i].primary)
            return resource_shares(dav, &primary, list);
    }
    return 0;
}

/* Who shares a primary calendar with the person. */
static size_t owners(struct dav *dav, const struct be_share **list)
{
    struct be_share *found = NULL;
    size_t n = 0;
    if (be_proxy_for(dav->cx, dav->request->bridge, &dav->user, &found, &n) != ERR_OK)
        return 0;
    *list = found;
    return n;
}

/* The role of one of them, -1 = has none. */
static int role_in(const struct be_share *list, size_t n, const char *segment)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].segment, segment) == 0)
            return (int)list[i].role;
    return -1;
}

/* ---- getters ---- */

static void add_principal(struct dav *dav, const char *segment, const char *group,
    struct buf *out)
{
    struct resource collection;
    resource_fixed(dav, KIND_PRINCIPALS, &collection);
    buf_adds(out, "<D:href>");
    resource_add_href(out, &collection);
    href_add_segment(out, segment);
    buf_addc(out, '/');
    if (group)
        buf_printf(out, "%s/", group);
    buf_adds(out, "</D:href>");
}

/* Persons have no members; their groups do. */
bool proxy_member_set(struct dav *dav, struct resource *resource, struct buf *out)
{
    const struct be_share *list = NULL;
    if (resource->kind != KIND_PROXY)
        return true;
    bool write = is_write(resource);
    if (resource->who == &dav->user) {
        size_t n = members(dav, &list);
        for (size_t i = 0; i < n; i++)
            if (is_in(list[i].role, write))
                add_principal(dav, list[i].segment, NULL, out);
        return true;
    }
    size_t n = owners(dav, &list);
    int role = role_in(list, n, resource->who->segment);
    if (role >= 0 && is_in((enum be_role)role, write))
        add_principal(dav, dav->user.segment, NULL, out);
    return true;
}

/* All whose group the resource's person is in, as far as whoever asks may know. */
static void add_groups(struct dav *dav, const struct resource *resource, bool write,
    const char *group, struct buf *out)
{
    const struct be_share *list = NULL;
    if (resource->who == &dav->user) {
        size_t n = owners(dav, &list);
        for (size_t i = 0; i < n; i++)
            if (is_in(list[i].role, write))
                add_principal(dav, list[i].segment, group, out);
        return;
    }
    size_t n = members(dav, &list);
    int role = role_in(list, n, resource->who->segment);
    if (role >= 0 && is_in((enum be_role)role, write))
        add_principal(dav, dav->user.segment, group, out);
}

bool proxy_membership(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (resource->kind == KIND_PROXY)
        return true;
    add_groups(dav, resource, false, PROXY_READ, out);
    add_groups(dav, resource, true, PROXY_WRITE, out);
    return true;
}

bool proxy_read_for(struct dav *dav, struct resource *resource, struct buf *out)
{
    add_groups(dav, resource, false, NULL, out);
    return true;
}

bool proxy_write_for(struct dav *dav, struct resource *resource, struct buf *out)
{
    add_groups(dav, resource, true, NULL, out);
    return true;
}

/* ---- setter: the access list of the primary calendar ---- */

static enum err read_members(
    struct dav *dav, const struct xml *node, struct prop_update *update)
{
    bool write = is_write(&dav->target);
    for (const struct xml *one = xml_first(node); one; one = xml_next(one)) {
        struct path path;
        struct resource principal;
        const char *href = xml_is(one, NS_DAV, "href") ? xml_word(dav->cx, one) : "";
        if (resource_path(dav, href, &path) != ERR_OK ||
            resource_find(dav, &path, &principal) != ERR_OK ||
            principal.kind != KIND_PRINCIPAL)
            return fail(dav->cx, ERR_RECOGNIZED_PRINCIPAL,
                "nobody is known by \"%s\"", href);
        struct be_share share = {.segment = principal.who->segment,
            .role = write ? BE_WRITER : BE_READER};
        LIST_ADD(dav->cx->arena, &update->shares, share);
    }
    return ERR_OK;
}

/* Who has the role already keeps it: it may be more than the group needs. */
enum err proxy_set_member_set(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update)
{
    const struct be_share *list = NULL;
    bool write = is_write(&dav->target);
    size_t kept = 0;
    if (dav->target.who != &dav->user)
        return fail(
            dav->cx, ERR_PROTECTED_PROPERTY, "this is for its owner alone to change");
    if (!remove)
        TRY(read_members(dav, node, update));
    size_t n = members(dav, &list), n_wanted = update->shares.n;
    for (size_t i = 0; i < n; i++) {
        struct be_share gone = {.segment = list[i].segment, .remove = true};
        if (is_in(list[i].role, write) &&
            role_in(update->shares.items, n_wanted, gone.segment) < 0)
            LIST_ADD(dav->cx->arena, &update->shares, gone);
    }
    for (size_t i = 0; i < update->shares.n; i++) {
        struct be_share one = update->shares.items[i];
        int role = role_in(list, n, one.segment);
        if (one.remove || role < 0 || !is_in((enum be_role)role, write))
            update->shares.items[kept++] = one;
    }
    update->shares.n = kept;
    return ERR_OK;
}

enum err proxy_apply(struct dav *dav, const struct prop_update *update)
{
    struct be_calendar *calendars = NULL;
    size_t n = 0;
    TRY(be_calendars(dav->cx, dav->request->bridge, &dav->user, &calendars, &n));
    for (size_t i = 0; i < n; i++)
        if (calendars[i].primary)
            return be_shares_set(dav->cx, dav->request->bridge, &dav->user,
                &calendars[i], update->shares.items, update->shares.n, false);
    return fail(dav->cx, ERR_CONFLICT, "there is no primary calendar yet");
}
