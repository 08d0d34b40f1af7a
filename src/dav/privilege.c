#include "dav/privilege.h"

#include <string.h>

/* Whom a row of the table is for. */
enum holder {
    ROLE_FREEBUSY = 1,
    ROLE_READER = 2, /* and all whose calendar cannot be written */
    ROLE_WRITER = 4,
    ROLE_OWNER = 8,
    OF_HOME = 16,
    OF_INBOX = 32,
    OF_OUTBOX = 64,
    OF_OTHERS = 128, /* root, principals ...: to be read by everybody */
    READERS = ROLE_READER | ROLE_WRITER | ROLE_OWNER,
    WRITERS = ROLE_WRITER | ROLE_OWNER,
    PLACES = OF_HOME | OF_INBOX | OF_OUTBOX | OF_OTHERS,
};

/* In the order of RFC 3744 section 3, RFC 4791 section 6.1, RFC 6638 section 6, each
 * behind the one that it is a part of. Readers may rename a calendar for themselves, but
 * Thunderbird takes write-properties for the right to edit events. */
static const struct {
    enum ns ns;
    const char *name;
    unsigned holders;
    bool part; /* of the last one before it that is none */
} privileges[] = {
    {NS_DAV, "read", READERS | PLACES, false},
    {NS_CALDAV, "read-free-busy", ROLE_FREEBUSY | READERS | OF_HOME, true},
    {NS_DAV, "read-acl", READERS | PLACES, false},
    {NS_DAV, "read-current-user-privilege-set", ROLE_FREEBUSY | READERS | PLACES, false},
    {NS_DAV, "write", WRITERS, false},
    {NS_DAV, "write-properties", WRITERS | OF_HOME, true},
    {NS_DAV, "write-content", WRITERS, true},
    {NS_DAV, "bind", WRITERS | OF_HOME, true},
    {NS_DAV, "unbind", WRITERS | OF_HOME, true},
    {NS_DAV, "write-acl", ROLE_OWNER, false},
    {NS_CALDAV, "schedule-deliver", OF_INBOX, false},
    {NS_CALDAV, "schedule-send", OF_OUTBOX, false},
    {NS_CALDAV, "schedule-send-freebusy", OF_OUTBOX, true},
};
#define N_PRIVILEGES (sizeof(privileges) / sizeof(*privileges))

static unsigned holder_of(enum be_role role)
{
    static const unsigned holders[] = {
        [BE_FREEBUSY] = ROLE_FREEBUSY,
        [BE_READER] = ROLE_READER,
        [BE_WRITER] = ROLE_WRITER,
        [BE_OWNER] = ROLE_OWNER,
    };
    return holders[role];
}

static unsigned holder(const struct resource *resource)
{
    switch (resource->kind) {
    case KIND_HOME:
        return OF_HOME;
    case KIND_INBOX:
        return OF_INBOX;
    case KIND_OUTBOX:
        return OF_OUTBOX;
    case KIND_CALENDAR:
    case KIND_OBJECT:
        break;
    default:
        return OF_OTHERS;
    }
    const struct be_calendar *calendar = resource->calendar;
    if (!calendar)
        return ROLE_FREEBUSY;
    bool locked = calendar->read_only && calendar->role > BE_READER;
    return holder_of(locked ? BE_READER : calendar->role);
}

bool privilege_has(
    const struct dav *dav, const struct resource *resource, const char *name)
{
    (void)dav;
    unsigned who = holder(resource);
    for (size_t i = 0; i < N_PRIVILEGES; i++)
        if (strcmp(privileges[i].name, name) == 0)
            return (privileges[i].holders & who) != 0;
    return false;
}

enum err privilege_need(
    struct dav *dav, const struct resource *resource, const char *name)
{
    if (privilege_has(dav, resource, name))
        return ERR_OK;
    dav->err_href = resource_href(dav->cx, resource);
    dav->err_privilege = name;
    return fail(dav->cx, ERR_NEED_PRIVILEGES, "you may not do this here: it needs \"%s\"",
        name);
}

static void add_all(unsigned who, struct buf *out)
{
    for (size_t i = 0; i < N_PRIVILEGES; i++)
        if (privileges[i].holders & who)
            buf_printf(out, "<D:privilege><%s:%s/></D:privilege>",
                ns_rows[privileges[i].ns].prefix, privileges[i].name);
}

void privilege_add_all(const struct dav *dav, const struct resource *resource,
    struct buf *out)
{
    (void)dav;
    add_all(holder(resource), out);
}

void privilege_add_role(enum be_role role, struct buf *out)
{
    add_all(holder_of(role), out);
}

/* What a grant means to Feishu, which knows four roles. */
static const struct {
    enum ns ns;
    const char *name;
    int role; /* -1 = every role has it */
} grants[] = {
    {NS_DAV, "all", BE_OWNER},
    {NS_DAV, "write-acl", BE_OWNER},
    {NS_DAV, "write", BE_WRITER},
    {NS_DAV, "write-content", BE_WRITER},
    {NS_DAV, "write-properties", BE_WRITER},
    {NS_DAV, "bind", BE_WRITER},
    {NS_DAV, "unbind", BE_WRITER},
    {NS_DAV, "read", BE_READER},
    {NS_CALDAV, "read-free-busy", BE_FREEBUSY},
    {NS_DAV, "read-acl", -1},
    {NS_DAV, "read-current-user-privilege-set", -1},
};

bool privilege_role(const struct xml *privilege, enum be_role *role)
{
    for (size_t i = 0; i < sizeof(grants) / sizeof(*grants); i++) {
        if (!xml_is(privilege, grants[i].ns, grants[i].name))
            continue;
        if (grants[i].role >= 0)
            *role = (enum be_role)grants[i].role;
        return true;
    }
    return false;
}

#define CLOSE "</D:supported-privilege>"

void privilege_add_supported(struct buf *out)
{
    buf_adds(out,
        "<D:supported-privilege><D:privilege><D:all/></D:privilege>"
        "<D:description xml:lang=\"en\">Any operation</D:description>");
    for (size_t i = 0; i < N_PRIVILEGES; i++) {
        buf_adds(out, i && !privileges[i].part ? CLOSE : "");
        buf_printf(out,
            "<D:supported-privilege><D:privilege><%s:%s/></D:privilege>"
            "<D:description xml:lang=\"en\">%s</D:description>%s",
            ns_rows[privileges[i].ns].prefix, privileges[i].name, privileges[i].name,
            privileges[i].part ? CLOSE : "");
    }
    buf_adds(out, CLOSE CLOSE);
}
