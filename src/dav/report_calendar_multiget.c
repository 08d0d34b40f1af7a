/* calendar-multiget (RFC 4791 section 7.9). Depth is ignored: clients send 0, 1 or none.
 */
#include "dav/multistatus.h"
#include "dav/report.h"
#include "dav/stream.h"
#include "dav/timezone.h"

#include <string.h>

/* A calendar of the home that was looked into. */
struct entered {
    struct resource collection;
    const struct zone *floating;
};

struct multiget {
    struct dav *dav;
    struct ctx *scratch;
    struct prop_plan plan;
    struct calendar_data data;
    struct resource collection; /* of the member last looked for */
    LIST(struct entered) entered;
    const char *only;           /* the object that is asked itself, NULL = all */
    const struct xml *next;     /* NULL at the end */
};

static bool is_collection(const struct multiget *get, const struct path *path)
{
    return get->collection.kind == KIND_CALENDAR &&
        strcmp(path->segments[2], get->collection.calendar->name) == 0;
}

static bool enter_again(struct multiget *get, const struct path *path)
{
    for (size_t i = 0; i < get->entered.n; i++) {
        get->collection = get->entered.items[i].collection;
        get->data.range.floating = get->entered.items[i].floating;
        if (is_collection(get, path))
            return true;
    }
    return false;
}

/* The collection of an href: the target itself, or, asked at the home, the calendar
 * named. */
static enum err enter(struct multiget *get, const struct path *path, bool *found)
{
    struct dav *dav = get->dav;
    *found = false;
    if (path->n != 4 || strcmp(path->segments[0], "calendars") != 0 ||
        strcmp(path->segments[1], dav->user.segment) != 0)
        return ERR_OK;
    *found = is_collection(get, path) || enter_again(get, path);
    if (*found || dav->target.kind != KIND_HOME)
        return ERR_OK;
    struct path parent = *path;
    parent.n = 3;
    struct resource collection;
    for (size_t i = 0; i < parent.n; i++)
        parent.segments[i] = arena_strdup(dav->cx->arena, parent.segments[i]);
    TRY(resource_find(dav, &parent, &collection));
    if (collection.kind != KIND_CALENDAR || !collection.exists)
        return ERR_OK;
    struct entered entered = {collection, timezone_of(dav, &collection)};
    LIST_ADD(dav->cx->arena, &get->entered, entered);
    *found = enter_again(get, path);
    return ERR_OK;
}

/* What an href needs is given back with it. */
static bool read_href(struct multiget *get, const char *href, struct path *path)
{
    struct ctx *cx = get->dav->cx;
    get->dav->cx = get->scratch;
    bool good = resource_path(get->dav, href, path) == ERR_OK;
    get->dav->cx = cx;
    return good;
}

/* found = false: nothing there, or nothing that may be seen. */
static enum err look_up(struct multiget *get, const char *href, struct resource *member,
    bool *found)
{
    struct dav *dav = get->dav;
    struct path path;
    bool inside = false;
    *found = false;
    if (!read_href(get, href, &path))
        return ERR_OK;
    TRY(enter(get, &path, &inside));
    if (!inside || !report_may_read(get->collection.calendar))
        return ERR_OK;
    resource_member(&get->collection, member);
    member->name = path.segments[3];
    if (get->only && strcmp(get->only, member->name) != 0)
        return ERR_OK;
    enum err err = be_object(get->scratch, dav->request->bridge, member->calendar,
        member->name, &member->object);
    *found = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err write_one(struct multiget *get, const char *href)
{
    struct resource member;
    bool found;
    TRY(look_up(get, href, &member, &found));
    if (found)
        report_write_object(get->dav, get->scratch, &get->plan, &member, NULL);
    else
        /* As the client wrote it; and never inside a propstat: Thunderbird gives up
         * there. */
        multistatus_status(get->dav, href, 404);
    report_scratch_reset(get->scratch);
    return ERR_OK;
}

static enum err count(struct dav *dav, const struct xml *root)
{
    size_t n = 0;
    for (const struct xml *one = xml_first(root); one; one = xml_next(one))
        n += xml_is(one, NS_DAV, "href");
    if (!n)
        return fail(dav->cx, ERR_BAD_REQUEST, "a multiget needs at least one href");
    if (n > DAV_MAX_MULTIGET)
        return fail(dav->cx, ERR_TOO_MANY_MATCHES, "more than %d objects in one request",
            DAV_MAX_MULTIGET);
    return ERR_OK;
}

static enum err next_members(struct dav *dav, void *self, bool *done)
{
    struct multiget *get = self;
    while (get->next && !stream_full(dav)) {
        const struct xml *one = get->next;
        get->next = xml_next(one);
        if (xml_is(one, NS_DAV, "href"))
            TRY(write_one(get, xml_word(get->scratch, one)));
    }
    *done = !get->next;
    if (*done)
        multistatus_end(dav);
    return ERR_OK;
}

enum err report_calendar_multiget(struct dav *dav, const struct xml *root)
{
    struct multiget *get = ARENA_NEW(dav->cx->arena, struct multiget);
    const struct xml *prop = xml_child(root, NS_DAV, "prop");
    *get = (struct multiget){.dav = dav, .scratch = report_scratch(dav),
        .collection = dav->target, .next = xml_first(root)};
    if (dav->target.kind == KIND_OBJECT) {
        get->only = dav->target.name;
        resource_calendar(dav, dav->target.calendar, &get->collection);
    }
    TRY(count(dav, root));
    TRY(calendar_data_parse(dav, prop, &get->data));
    TRY(prop_plan_read(dav, root, &get->plan));
    get->plan.data = &get->data;
    if ((get->data.expand || get->data.limit) && get->collection.kind == KIND_CALENDAR)
        get->data.range.floating = timezone_of(dav, &get->collection);
    multistatus_begin(dav);
    return stream_run(dav, next_members, get);
}
