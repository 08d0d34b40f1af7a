#include "dav/resource.h"

#include "dav/request.h"

#include <string.h>

/* Characters of a segment that need no look: RFC 3986 unreserved. */
static bool is_plain(const char *segment)
{
    return segment[strspn(segment, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789-._~")] == '\0';
}

/* Written percent-encoded where XML would need a reference: clients compare hrefs as
 * text. */
static void add_xml_safe(struct buf *out, const char *href)
{
    for (const char *at = href; *at; at++) {
        if (*at == '&')
            buf_adds(out, "%26");
        else if (*at == '\'')
            buf_adds(out, "%27");
        else
            buf_addc(out, *at);
    }
}

void href_add_segment(struct buf *out, const char *segment)
{
    if (is_plain(segment)) {
        buf_adds(out, segment);
        return;
    }
    struct buf encoded = buf_new(NULL);
    url_add_segment(&encoded, segment);
    add_xml_safe(out, buf_str(&encoded));
    buf_free(&encoded);
}

/* Fixed parts of the layout. */
static const struct place {
    enum kind kind;
    const char *first, *third; /* segments; the second is the person */
    size_t n;
} places[] = {
    {KIND_ROOT, NULL, NULL, 0},
    {KIND_PRINCIPALS, "principals", NULL, 1},
    {KIND_CALENDARS, "calendars", NULL, 1},
    {KIND_PRINCIPAL, "principals", NULL, 2},
    {KIND_HOME, "calendars", NULL, 2},
    {KIND_INBOX, "calendars", "inbox", 3},
    {KIND_OUTBOX, "calendars", "outbox", 3},
    {KIND_PROXY, "principals", PROXY_READ, 3},
    {KIND_PROXY, "principals", PROXY_WRITE, 3},
};
#define N_PLACES (sizeof(places) / sizeof(*places))

static struct buf start_href(struct dav *dav, const struct place *place,
    const struct be_user *who)
{
    struct buf href = buf_new(dav->cx->arena);
    add_xml_safe(&href, dav->request->root);
    buf_addc(&href, '/');
    if (place->n >= 1)
        buf_printf(&href, "%s/", place->first);
    if (place->n >= 2) {
        href_add_segment(&href, who->segment);
        buf_addc(&href, '/');
    }
    if (place->n >= 3)
        buf_printf(&href, "%s/", place->third);
    return href;
}

static void set_base(struct resource *resource, struct buf *href)
{
    resource->base = buf_str(href);
    resource->base_bytes = href->len_bytes;
}

static void set_place(struct dav *dav, const struct place *place,
    const struct be_user *who, struct resource *resource)
{
    *resource = (struct resource){.kind = place->kind, .exists = true, .who = who};
    resource->name = place->n == 0 ? "" : place->n == 1 ? place->first
        : place->n == 2                                 ? who->segment
                                                        : place->third;
    struct buf href = start_href(dav, place, who);
    set_base(resource, &href);
}

static const struct place *place_of(enum kind kind)
{
    size_t i = 0;
    while (places[i].kind != kind)
        i++;
    return &places[i];
}

void resource_fixed(struct dav *dav, enum kind kind, struct resource *resource)
{
    set_place(dav, place_of(kind), &dav->user, resource);
}

void resource_principal(
    struct dav *dav, const struct be_user *who, struct resource *resource)
{
    set_place(dav, place_of(KIND_PRINCIPAL), who, resource);
}

void resource_proxy(struct dav *dav, const struct be_user *who, const char *name,
    struct resource *resource)
{
    const struct place *place = place_of(KIND_PROXY);
    set_place(
        dav, strcmp(place->third, name) == 0 ? place : place + 1, who, resource);
}

static void set_calendar(struct dav *dav, const char *name,
    const struct be_calendar *calendar, struct resource *resource)
{
    struct buf href = start_href(dav, place_of(KIND_HOME), &dav->user);
    href_add_segment(&href, name);
    buf_addc(&href, '/');
    *resource = (struct resource){.kind = KIND_CALENDAR, .exists = calendar != NULL,
        .who = &dav->user, .calendar = calendar, .name = name};
    set_base(resource, &href);
}

void resource_calendar(struct dav *dav, const struct be_calendar *calendar,
    struct resource *resource)
{
    set_calendar(dav, calendar->name, calendar, resource);
}

void resource_member(const struct resource *calendar, struct resource *member)
{
    *member = (struct resource){.kind = KIND_OBJECT, .exists = true, .who = calendar->who,
        .calendar = calendar->calendar, .base = calendar->base,
        .base_bytes = calendar->base_bytes};
}

/* The second segment: the signed-in person, or, for principals, another one. */
static enum err find_person(struct dav *dav, const struct path *path,
    const struct be_user **who)
{
    struct ctx *cx = dav->cx;
    if (strcmp(path->segments[1], dav->user.segment) == 0) {
        *who = &dav->user;
        return ERR_OK;
    }
    struct be_user *other = ARENA_NEW(cx->arena, struct be_user);
    TRY(be_user_by_segment(cx, dav->request->bridge, path->segments[1], other));
    if (strcmp(path->segments[0], "principals") != 0) {
        struct buf href = start_href(dav, place_of(KIND_HOME), other);
        dav->err_href = buf_str(&href);
        dav->err_privilege = "read";
        return fail(cx, ERR_NEED_PRIVILEGES, "this home belongs to somebody else");
    }
    *who = other;
    return ERR_OK;
}

static enum err find_in_home(struct dav *dav, const struct path *path,
    struct resource *resource)
{
    struct ctx *cx = dav->cx;
    struct be_calendar *calendar = ARENA_NEW(cx->arena, struct be_calendar);
    enum err err = be_calendar(cx, dav->request->bridge, &dav->user, path->segments[2],
        calendar);
    if (err == ERR_NOT_FOUND)
        calendar = NULL;
    else if (err)
        return err;
    set_calendar(dav, path->segments[2], calendar, resource);
    if (path->n == 3)
        return ERR_OK;
    struct resource member;
    resource_member(resource, &member);
    member.exists = false;
    member.name = path->segments[3];
    *resource = member;
    return ERR_OK;
}

/* Whether it is there, its removal finds out. */
static enum err find_registration(
    struct dav *dav, const struct path *path, struct resource *resource)
{
    if (strcmp(path->segments[1], dav->user.segment) != 0)
        return fail(dav->cx, ERR_NOT_FOUND, "there is no such registration");
    *resource = (struct resource){.kind = KIND_REGISTRATION, .exists = true,
        .who = &dav->user, .name = path->segments[2], .base = ""};
    return ERR_OK;
}

enum err resource_find(
    struct dav *dav, const struct path *path, struct resource *resource)
{
    const struct be_user *who = &dav->user;
    if (path->n == 3 && strcmp(path->segments[0], "push") == 0)
        return find_registration(dav, path, resource);
    if (path->n > 4)
        return fail(dav->cx, ERR_NOT_FOUND, "there is nothing at this address");
    if (path->n >= 2)
        TRY(find_person(dav, path, &who));
    for (size_t i = 0; i < N_PLACES; i++) {
        const struct place *place = &places[i];
        if (place->third && path->n > 2 &&
            strcmp(path->segments[0], place->first) == 0 &&
            strcmp(path->segments[2], place->third) == 0) {
            if (path->n > 3)
                return fail(
                    dav->cx, ERR_NOT_FOUND, "nothing is below %s", place->third);
            set_place(dav, place, who, resource);
            return ERR_OK;
        }
        if (!place->third && path->n == place->n &&
            (!place->n || strcmp(path->segments[0], place->first) == 0)) {
            set_place(dav, place, who, resource);
            return ERR_OK;
        }
    }
    if (path->n < 3 || strcmp(path->segments[0], "calendars") != 0)
        return fail(dav->cx, ERR_NOT_FOUND, "there is nothing at this address");
    return find_in_home(dav, path, resource);
}

enum err resource_path(struct dav *dav, const char *href, struct path *path)
{
    struct ctx *cx = dav->cx;
    struct path root = {0}, whole = {0};
    if (*dav->request->root)
        TRY(path_parse(cx, dav->request->root, &root));
    TRY(href_parse(cx, href, &whole));
    bool inside = whole.n >= root.n;
    for (size_t i = 0; inside && i < root.n; i++)
        inside = strcmp(root.segments[i], whole.segments[i]) == 0;
    if (!inside)
        return fail(cx, ERR_NOT_FOUND, "the address is not below the service root");
    struct path below = {.slash = whole.slash, .n = whole.n - root.n};
    memcpy(below.segments, whole.segments + root.n, below.n * sizeof(*below.segments));
    *path = below;
    return ERR_OK;
}

enum err resource_object(struct dav *dav, struct resource *resource)
{
    resource->exists = false;
    if (!resource->calendar)
        return ERR_OK;
    enum err err = be_object(dav->cx, dav->request->bridge, resource->calendar,
        resource->name, &resource->object);
    if (err && err != ERR_NOT_FOUND)
        return err;
    resource->exists = err == ERR_OK;
    return ERR_OK;
}

int64_t resource_modified_s(const struct resource *resource)
{
    if (!resource->exists)
        return 0;
    return resource->kind == KIND_OBJECT       ? resource->object.modified_s
        : resource->kind == KIND_CALENDAR ? resource->calendar->modified_s
                                          : 0;
}

void resource_add_href(struct buf *out, const struct resource *resource)
{
    buf_add(out, resource->base, resource->base_bytes);
    if (resource->kind == KIND_OBJECT)
        href_add_segment(out, resource->name);
}

char *resource_href(struct ctx *cx, const struct resource *resource)
{
    struct buf href = buf_new(cx->arena);
    resource_add_href(&href, resource);
    return arena_strdup(cx->arena, buf_str(&href));
}

void resource_set_object(struct resource *member, const struct be_object *object)
{
    member->object = *object;
    member->name = object->name;
    member->stored_read = false;
    member->n_stored = 0;
}

struct be_place resource_place(const struct dav *dav, const struct resource *resource)
{
    return (struct be_place){.user = &dav->user, .calendar = resource->calendar,
        .object = resource->kind == KIND_OBJECT ? resource->name : NULL};
}

/* Listings of thousands of events ask once whether any of them has properties. */
static bool objects_have_any(struct dav *dav, const struct be_calendar *calendar)
{
    if (dav->kept_calendar_id != calendar->id) {
        dav->kept_calendar_id = calendar->id;
        if (be_objects_have_properties(
                dav->cx, dav->request->bridge, calendar, &dav->kept_any) != ERR_OK)
            dav->kept_any = false;
    }
    return dav->kept_any;
}

static void read_stored(struct dav *dav, struct resource *resource)
{
    struct be_place place = resource_place(dav, resource);
    resource->stored_read = true;
    resource->n_stored = 0;
    if (place.object && !objects_have_any(dav, resource->calendar))
        return;
    if (be_properties(dav->cx, dav->request->bridge, &place, &resource->stored,
            &resource->n_stored) != ERR_OK)
        resource->n_stored = 0;
}

const struct be_property *resource_stored(struct dav *dav, struct resource *resource,
    const char *ns, const char *name)
{
    if (!(resource->kind & (KIND_CALENDAR | KIND_HOME | KIND_OBJECT)))
        return NULL;
    if (!resource->stored_read)
        read_stored(dav, resource);
    for (size_t i = 0; i < resource->n_stored; i++)
        if (strcmp(resource->stored[i].name, name) == 0 &&
            strcmp(resource->stored[i].ns, ns) == 0)
            return &resource->stored[i];
    return NULL;
}

size_t resource_shares(
    struct dav *dav, struct resource *resource, const struct be_share **list)
{
    bool own = resource->kind == KIND_CALENDAR && resource->calendar &&
        resource->calendar->role == BE_OWNER;
    if (own && !resource->shares_read &&
        be_shares(dav->cx, dav->request->bridge, &dav->user, resource->calendar,
            &resource->shares, &resource->n_shares) != ERR_OK)
        resource->n_shares = 0;
    resource->shares_read = true;
    *list = resource->shares;
    return resource->n_shares;
}
