/* Sharing by POST: draft-pot-webdav-resource-sharing section 5 and calendarserver.org's
 * caldav-sharing section 5.3. Both say what is to change; who is not named stays. */
#include "dav/post.h"
#include "dav/privilege.h"

#include <string.h>

#define MAX_CHANGES 100

typedef LIST(struct be_share) share_list;

/* What a client may want for somebody, in both languages. */
static const struct {
    enum ns ns;
    const char *name;
    enum be_role role;
    bool remove;
} accesses[] = {
    {NS_DAV, "read", BE_READER, false},
    {NS_DAV, "read-write", BE_WRITER, false},
    {NS_DAV, "no-access", BE_FREEBUSY, true},
    {NS_CS, "read", BE_READER, false},
    {NS_CS, "read-write", BE_WRITER, false},
    {NS_CS, "read-write-schedule", BE_WRITER, false},
};
#define N_ACCESSES (sizeof(accesses) / sizeof(*accesses))

static bool read_access(const struct xml *node, struct be_share *share)
{
    for (const struct xml *one = xml_first(node); one; one = xml_next(one))
        for (size_t i = 0; i < N_ACCESSES; i++)
            if (xml_is(one, accesses[i].ns, accesses[i].name)) {
                share->role = accesses[i].role;
                share->remove = accesses[i].remove;
                return true;
            }
    return false;
}

static enum err find_address(struct dav *dav, const char *address, const char **segment)
{
    struct be_user who;
    if (!str_istarts(address, "mailto:"))
        return fail(dav->cx, ERR_NOT_FOUND, "\"%s\" is no address", address);
    TRY(be_person_by_address(
        dav->cx, dav->request->bridge, &dav->user, address, &who));
    *segment = who.segment;
    return ERR_OK;
}

static bool find_principal(struct dav *dav, const char *href, const char **segment)
{
    struct path path;
    struct resource resource;
    if (resource_path(dav, href, &path) != ERR_OK ||
        resource_find(dav, &path, &resource) != ERR_OK || resource.kind != KIND_PRINCIPAL)
        return false;
    *segment = resource.who->segment;
    return true;
}

static enum err add(struct dav *dav, const struct xml *node,
    const struct be_share *wanted, share_list *list)
{
    struct be_share share = *wanted;
    const struct xml *href = xml_child(node, NS_DAV, "href");
    const char *text = href ? xml_word(dav->cx, href) : "";
    if (list->n == MAX_CHANGES)
        return fail(dav->cx, ERR_TOO_LARGE, "more than %d people", MAX_CHANGES);
    enum err err = find_address(dav, text, &share.segment);
    if (err && err != ERR_NOT_FOUND)
        return err;
    if (err && !find_principal(dav, text, &share.segment))
        return fail(
            dav->cx, ERR_RECOGNIZED_PRINCIPAL, "nobody is known by \"%s\"", text);
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].segment, share.segment) == 0) {
            list->items[i] = share; /* the last word counts */
            return ERR_OK;
        }
    LIST_ADD(dav->cx->arena, list, share);
    return ERR_OK;
}

/* Both want 200, and all of it or nothing where somebody is not known. */
static enum err apply(struct dav *dav, const share_list *list)
{
    if (!list->n)
        return fail(dav->cx, ERR_BAD_REQUEST, "nobody is named");
    TRY(be_shares_set(dav->cx, dav->request->bridge, &dav->user, dav->target.calendar,
        list->items, list->n, false));
    dav->response->status = 200;
    return ERR_OK;
}

enum err post_share_resource(struct dav *dav, const struct xml *root)
{
    share_list list = {0};
    TRY(privilege_need(dav, &dav->target, "write-acl"));
    for (const struct xml *one = xml_first(root); one; one = xml_next(one)) {
        struct be_share share = {0};
        if (!xml_is(one, NS_DAV, "sharee"))
            continue;
        const struct xml *access = xml_child(one, NS_DAV, "share-access");
        if (!access || !read_access(access, &share))
            return fail(dav->cx, ERR_BAD_REQUEST,
                "share-access is read, read-write or no-access");
        TRY(add(dav, one, &share, &list));
    }
    return apply(dav, &list);
}

enum err post_cs_share(struct dav *dav, const struct xml *root)
{
    share_list list = {0};
    TRY(privilege_need(dav, &dav->target, "write-acl"));
    for (const struct xml *one = xml_first(root); one; one = xml_next(one)) {
        struct be_share share = {.remove = xml_is(one, NS_CS, "remove")};
        if (!share.remove && !xml_is(one, NS_CS, "set"))
            continue;
        if (!share.remove && !read_access(one, &share))
            return fail(dav->cx, ERR_BAD_REQUEST, "access is read or read-write");
        TRY(add(dav, one, &share, &list));
    }
    return apply(dav, &list);
}
