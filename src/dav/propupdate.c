#include "dav/propupdate.h"

#include "dav/precond.h"
#include "dav/props.h"

#include <string.h>

void prop_update_store(struct dav *dav, const struct xml *node, bool remove,
    struct prop_update *update)
{
    struct be_property property = {.ns = node->ns, .name = node->name,
        .xml = remove ? NULL : xml_print(dav->cx, node)};
    LIST_ADD(dav->cx->arena, &update->stored, property);
}

void prop_update_drop(struct dav *dav, enum ns ns, const char *name,
    struct prop_update *update)
{
    struct be_property property = {.ns = ns_rows[ns].uri, .name = name};
    LIST_ADD(dav->cx->arena, &update->stored, property);
}

/* ---- what only a new calendar takes ---- */

static enum err check_resourcetype(struct dav *dav, const struct xml *node)
{
    bool calendar = false, other = false;
    for (const struct xml *one = xml_first(node); one; one = xml_next(one)) {
        bool is_calendar = xml_is(one, NS_CALDAV, "calendar");
        calendar |= is_calendar;
        other |= !is_calendar && !xml_is(one, NS_DAV, "collection");
    }
    if (!calendar || other)
        return fail(dav->cx, ERR_VALID_RESOURCETYPE, "only calendars can be made here");
    return ERR_OK;
}

/* Reminders asks for VTODO alone: there is no such thing upstream. */
static enum err check_components(struct dav *dav, const struct xml *node)
{
    for (const struct xml *one = xml_first(node); one; one = xml_next(one))
        if (xml_is(one, NS_CALDAV, "comp") && str_ieq(xml_attr(one, "name"), "VEVENT"))
            return ERR_OK;
    return fail(
        dav->cx, ERR_SUPPORTED_COMPONENT, "calendars here hold events (VEVENT) only");
}

static const struct {
    enum ns ns;
    const char *name;
    enum err (*check)(struct dav *dav, const struct xml *node);
} creation_checks[] = {
    {NS_DAV, "resourcetype", check_resourcetype},
    {NS_CALDAV, "supported-calendar-component-set", check_components},
};

/* ---- the two passes ---- */

enum err propupdate_read(struct dav *dav, const struct xml *root,
    struct prop_instructions *all)
{
    struct ctx *cx = dav->cx;
    struct prop_instructions read = {0};
    for (const struct xml *part = xml_first(root); part; part = xml_next(part)) {
        bool remove = xml_is(part, NS_DAV, "remove");
        if (!remove && !xml_is(part, NS_DAV, "set"))
            continue;
        const struct xml *prop = xml_child(part, NS_DAV, "prop");
        for (const struct xml *one = xml_first(prop); one; one = xml_next(one)) {
            if (read.list.n == PROPUPDATE_MAX)
                return fail(cx, ERR_TOO_LARGE, "more than %d properties", PROPUPDATE_MAX);
            if (!remove && strlen(xml_print(cx, one)) > PROPUPDATE_MAX_VALUE_BYTES)
                return fail(cx, ERR_TOO_LARGE, "the value of %s is too large", one->name);
            struct prop_instruction instruction = {.node = one, .remove = remove};
            LIST_ADD(cx->arena, &read.list, instruction);
        }
    }
    *all = read;
    return ERR_OK;
}

/* What the table does not know is kept as it is. */
static bool is_settable(enum kind kind, const struct property *row)
{
    switch (kind) {
    case KIND_CALENDAR:
    case KIND_OBJECT:
        return !row || (row->set && row->kinds & kind);
    case KIND_PROXY:
        return row && row->set == proxy_set_member_set;
    case KIND_HOME: /* what concerns calendars, as a wish for those to come */
        return !row ||
            (row->set && row->kinds & KIND_CALENDAR && !(row->kinds & kind));
    case KIND_INBOX:
        return row && row->set && row->kinds == KIND_INBOX;
    default:
        return false;
    }
}

static enum err check(struct dav *dav, enum kind kind, bool creating,
    const struct prop_instruction *one, struct prop_update *update)
{
    const struct xml *node = one->node;
    for (size_t i = 0; creating && i < sizeof(creation_checks) / sizeof(*creation_checks);
         i++)
        if (xml_is(node, creation_checks[i].ns, creation_checks[i].name))
            return creation_checks[i].check(dav, node);
    const struct property *row = property_find(node->ns_id, node->name);
    if (!is_settable(kind, row))
        return fail(
            dav->cx, ERR_PROTECTED_PROPERTY, "%s cannot be changed here", node->name);
    if (row && row->kinds & kind)
        return row->set(dav, node, one->remove, update);
    prop_update_store(dav, node, one->remove, update);
    return ERR_OK;
}

void propupdate_check(struct dav *dav, enum kind kind, bool creating,
    struct prop_instructions *all, struct prop_update *update)
{
    for (size_t i = 0; i < all->list.n; i++) {
        struct prop_instruction *one = &all->list.items[i];
        one->err = check(dav, kind, creating, one, update);
        if (one->err) {
            one->text = arena_strdup(dav->cx->arena, ctx_error(dav->cx));
            all->failed = true;
        }
    }
}

static void write_error(struct buf *out, const struct prop_instruction *one)
{
    if (!precond_find(one->err)->element)
        return;
    buf_adds(out, "<D:error>");
    precond_add(out, one->err, &(struct precond_detail){.text = one->text});
    buf_adds(out, "</D:error>");
}

void propupdate_write(struct dav *dav, const struct prop_instructions *all)
{
    struct buf *out = &dav->response->body;
    for (size_t i = 0; i < all->list.n; i++) {
        const struct prop_instruction *one = &all->list.items[i];
        int status = one->err ? precond_find(one->err)->status : all->failed ? 424 : 200;
        buf_adds(out, "<D:propstat><D:prop>");
        buf_adds(out, xml_empty(dav->cx, one->node->ns, one->node->name));
        buf_printf(out, "</D:prop><D:status>%s</D:status>", status_line(status));
        write_error(out, one);
        if (one->text) {
            buf_adds(out, "<D:responsedescription>");
            xml_adds(out, precond_text(one->err, one->text));
            buf_adds(out, "</D:responsedescription>");
        }
        buf_adds(out, "</D:propstat>");
    }
}
