/* People and rooms found by what is known of them: principal-property-search and
 * principal-search-property-set (RFC 3744 sections 9.4 and 9.5), and calendarserver.org's
 * calendarserver-principal-search. */
#include "dav/multistatus.h"
#include "dav/report.h"

#include <string.h>

#define MAX_SEARCHES 16
#define MAX_FOUND 100

enum field { FIELD_NAME, FIELD_EMAIL, FIELD_ADDRESS, FIELD_TYPE, FIELD_HOME, N_FIELDS };

/* What can be searched, and how it is described. Thunderbird looks for the principal of a
 * home. */
static const struct searchable {
    enum ns ns;
    const char *name, *text;
} searchables[N_FIELDS] = {
    [FIELD_NAME] = {NS_DAV, "displayname", "Name"},
    [FIELD_EMAIL] = {NS_CS, "email-address-set", "E-mail address"},
    [FIELD_ADDRESS] = {NS_CALDAV, "calendar-user-address-set", "Calendar user address"},
    [FIELD_TYPE] = {NS_CALDAV, "calendar-user-type", "Kind of calendar user"},
    [FIELD_HOME] = {NS_CALDAV, "calendar-home-set", "Address of the calendars"},
};

/* Not a multistatus: Apple wants 200. */
enum err report_principal_search_property_set(struct dav *dav, const struct xml *root)
{
    struct buf *out = &dav->response->body;
    (void)root;
    dav->response->status = 200;
    dav_set_header(dav, "Content-Type", XML_TYPE);
    buf_adds(out, XML_DECLARATION "<D:principal-search-property-set" XML_NAMESPACES ">");
    for (size_t i = 0; i < N_FIELDS; i++)
        buf_printf(out,
            "<D:principal-search-property><D:prop><%s:%s/></D:prop>"
            "<D:description xml:lang=\"en\">%s</D:description>"
            "</D:principal-search-property>",
            ns_rows[searchables[i].ns].prefix, searchables[i].name, searchables[i].text);
    buf_adds(out, "</D:principal-search-property-set>\n");
    return ERR_OK;
}

/* ---- one criterion ---- */

enum match { MATCH_CONTAINS, MATCH_STARTS, MATCH_ENDS, MATCH_EQUALS, N_MATCHES };
/* calendarserver.org's match-type */
static const char *const match_names[N_MATCHES] = {
    "contains", "starts-with", "ends-with", "equals"};

struct criterion {
    const char *words; /* in lower case, without mailto: */
    enum match match;
    bool fields[N_FIELDS];
};
struct search {
    struct dav *dav;
    struct criterion criteria[MAX_SEARCHES];
    size_t n;
    bool any;         /* one criterion is enough */
    const char *only; /* segment of the one principal that is looked at, NULL = all */
    unsigned kinds;   /* bits 1 << enum be_user_kind */
    size_t limit;
    LIST(struct found) found;
};
struct found {
    struct be_user user;
    unsigned by_directory; /* bits: criteria that the directory says it meets */
};

static bool text_fits(const struct criterion *criterion, const char *text)
{
    const char *words = criterion->words;
    switch (criterion->match) {
    case MATCH_STARTS:
        return str_starts(text, words);
    case MATCH_ENDS:
        return str_ends(text, words);
    case MATCH_EQUALS:
        return strcmp(text, words) == 0;
    default:
        return strstr(text, words) != NULL;
    }
}

static const char *plain(struct dav *dav, const char *address)
{
    return str_lower(dav->cx->arena,
        str_istarts(address, "mailto:") ? address + strlen("mailto:") : address);
}

static bool is_ascii(const char *text)
{
    while (*text && !(*text & 0x80))
        text++;
    return !*text;
}

/* The start of "Lovelace" is not the start of "Ada Lovelace", but people type it. */
static bool name_fits(
    struct dav *dav, const struct criterion *criterion, const struct found *one)
{
    const char *name = str_lower(dav->cx->arena, one->user.display_name);
    if (text_fits(criterion, name))
        return true;
    for (const char *at = name; criterion->match == MATCH_STARTS && *at; at++)
        if ((*at == ' ' || *at == '-') && text_fits(criterion, at + 1))
            return true;
    return false;
}

static bool home_fits(
    struct dav *dav, const struct criterion *criterion, const struct found *one)
{
    struct resource home;
    resource_fixed(dav, KIND_HOME, &home);
    return one->user.id == dav->user.id &&
        text_fits(criterion, str_lower(dav->cx->arena, resource_href(dav->cx, &home)));
}

static bool fits(struct search *search, size_t i, const struct found *one)
{
    struct dav *dav = search->dav;
    const struct criterion *criterion = &search->criteria[i];
    const bool *fields = criterion->fields;
    const char *const *address = one->user.addresses;
    if (!*criterion->words)
        return false;
    if (fields[FIELD_NAME] && name_fits(dav, criterion, one))
        return true;
    /* Pinyin: letters that are not those of the name, so nothing else can be said. */
    if (fields[FIELD_NAME] && one->by_directory & 1u << i &&
        (criterion->match == MATCH_CONTAINS || !is_ascii(one->user.display_name)))
        return true;
    for (; (fields[FIELD_EMAIL] || fields[FIELD_ADDRESS]) && *address; address++)
        if (text_fits(criterion, plain(dav, *address)))
            return true;
    if (fields[FIELD_HOME] && home_fits(dav, criterion, one))
        return true;
    return fields[FIELD_TYPE] &&
        text_fits(criterion, one->user.kind == BE_ROOM ? "room" : "individual");
}

static bool is_found(struct search *search, const struct found *one)
{
    size_t n = 0;
    if (search->only && strcmp(search->only, one->user.segment) != 0)
        return false;
    for (size_t i = 0; i < search->n; i++)
        n += fits(search, i, one);
    return search->any ? n > 0 : n == search->n;
}

/* ---- asking ---- */

static void add(struct search *search, const struct be_person *person, size_t criterion)
{
    unsigned bit = person->by_directory ? 1u << criterion : 0;
    for (size_t i = 0; i < search->found.n; i++)
        if (strcmp(search->found.items[i].user.segment, person->user.segment) == 0) {
            search->found.items[i].by_directory |= bit;
            return;
        }
    struct found one = {.user = person->user, .by_directory = bit};
    LIST_ADD(search->dav->cx->arena, &search->found, one);
}

static enum err ask(struct search *search, size_t i, const char *words)
{
    struct dav *dav = search->dav;
    struct be_person *list = NULL;
    size_t n = 0;
    struct be_people_query query = {
        .words = words, .kinds = search->kinds, .max = search->limit + 1};
    TRY(be_people_search(
        dav->cx, dav->request->bridge, &dav->user, &query, &list, &n));
    for (size_t k = 0; k < n; k++)
        add(search, &list[k], i);
    return ERR_OK;
}

static bool asked_before(const struct search *search, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(search->criteria[k].words, search->criteria[i].words) == 0)
            return true;
    return false;
}

/* What is said of the words in one criterion holds for the same words in another. */
static void spread(struct search *search, struct found *one)
{
    for (size_t i = 0; i < search->n; i++)
        for (size_t k = 0; k < search->n; k++)
            if (strcmp(search->criteria[i].words, search->criteria[k].words) == 0 &&
                one->by_directory & 1u << k)
                one->by_directory |= 1u << i;
}

/* Words that stand in two criteria (name or address, as Apple has it) are asked once. */
static enum err ask_all(struct search *search)
{
    bool asked = false, any_type = false;
    struct be_person self = {.user = search->dav->user};
    if (search->kinds & 1u << BE_INDIVIDUAL)
        add(search, &self, 0);
    for (size_t i = 0; i < search->n; i++) {
        const struct criterion *one = &search->criteria[i];
        any_type |= one->fields[FIELD_TYPE];
        if (!*one->words ||
            !(one->fields[FIELD_NAME] || one->fields[FIELD_EMAIL] ||
                one->fields[FIELD_ADDRESS]))
            continue;
        asked = true;
        if (!asked_before(search, i))
            TRY(ask(search, i, one->words));
    }
    for (size_t i = 0; i < search->found.n; i++)
        spread(search, &search->found.items[i]);
    /* All rooms, or whom the store knows: there is nothing to look for but the kind. */
    return asked || !any_type ? ERR_OK : ask(search, 0, "");
}

static void write_found(struct search *search, const struct prop_plan *plan)
{
    struct dav *dav = search->dav;
    size_t n = 0;
    multistatus_begin(dav);
    for (size_t i = 0; i < search->found.n; i++) {
        struct resource principal;
        const struct be_user *who = &search->found.items[i].user;
        if (!is_found(search, &search->found.items[i]))
            continue;
        if (n++ == search->limit)
            break;
        resource_principal(dav, who->id == dav->user.id ? &dav->user : who, &principal);
        multistatus_resource(dav, plan, &principal);
    }
    if (n > search->limit)
        multistatus_error(
            dav, &dav->target, ERR_TOO_MANY_MATCHES, "more people were found");
    multistatus_end(dav);
}

static void read_limit(struct search *search, const struct xml *root)
{
    const struct xml *limit = xml_child(root, NS_DAV, "limit");
    if (!limit)
        limit = xml_child(root, NS_CS, "limit");
    const struct xml *wanted = limit ? xml_child(limit, NS_DAV, "nresults") : NULL;
    if (limit && !wanted)
        wanted = xml_child(limit, NS_CS, "nresults");
    long long n;
    search->limit = MAX_FOUND;
    if (wanted && str_to_ll(xml_word(search->dav->cx, wanted), 1, MAX_FOUND, &n))
        search->limit = (size_t)n;
}

/* ---- principal-property-search ---- */

/* Evolution and Outlook CalDAV Synchronizer ask at a principal for all. */
static const char *read_scope(const struct dav *dav, const struct xml *root)
{
    bool one = dav->target.kind == KIND_PRINCIPAL &&
        !xml_child(root, NS_DAV, "apply-to-principal-collection-set");
    return one ? dav->target.who->segment : NULL;
}

static enum err read_criterion(struct search *search, const struct xml *node)
{
    struct dav *dav = search->dav;
    const struct xml *match = xml_child(node, NS_DAV, "match");
    const char *type = match ? xml_attr(match, "match-type") : NULL;
    struct criterion *one = &search->criteria[search->n];
    if (search->n == MAX_SEARCHES)
        return fail(dav->cx, ERR_TOO_LARGE, "at most %d criteria", MAX_SEARCHES);
    *one = (struct criterion){.words = match ? plain(dav, xml_word(dav->cx, match)) : ""};
    for (size_t i = 0; type && i < N_MATCHES; i++)
        if (str_ieq(type, match_names[i]))
            one->match = (enum match)i;
    const struct xml *prop = xml_child(node, NS_DAV, "prop");
    for (const struct xml *field = xml_first(prop); field; field = xml_next(field))
        for (size_t i = 0; i < N_FIELDS; i++)
            one->fields[i] |= xml_is(field, searchables[i].ns, searchables[i].name);
    search->n++;
    return ERR_OK;
}

/* With allof, a criterion of the kind alone leaves the other kinds out of the search. */
static void narrow_kinds(struct search *search)
{
    const enum be_user_kind kinds[] = {BE_INDIVIDUAL, BE_ROOM};
    for (size_t i = 0; i < search->n && !search->any; i++) {
        const struct criterion *one = &search->criteria[i];
        if (!one->fields[FIELD_TYPE] || one->fields[FIELD_NAME] ||
            one->fields[FIELD_EMAIL] || one->fields[FIELD_ADDRESS])
            continue;
        for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
            if (!text_fits(one, kinds[k] == BE_ROOM ? "room" : "individual"))
                search->kinds &= ~(1u << kinds[k]);
    }
}

enum err report_principal_property_search(struct dav *dav, const struct xml *root)
{
    struct search search = {.dav = dav, .any = str_eq(xml_attr(root, "test"), "anyof"),
        .only = read_scope(dav, root), .kinds = 1u << BE_INDIVIDUAL | 1u << BE_ROOM};
    struct prop_plan plan;
    TRY(prop_plan_read(dav, root, &plan));
    for (const struct xml *one = xml_first(root); one; one = xml_next(one))
        if (xml_is(one, NS_DAV, "property-search"))
            TRY(read_criterion(&search, one));
    if (!search.n)
        return fail(dav->cx, ERR_BAD_REQUEST, "a search needs a property-search");
    read_limit(&search, root);
    narrow_kinds(&search);
    if (search.kinds)
        TRY(ask_all(&search));
    write_found(&search, &plan);
    return ERR_OK;
}

/* ---- calendarserver-principal-search ---- */

static const struct {
    const char *context;
    unsigned kinds;
} contexts[] = {
    {"user", 1u << BE_INDIVIDUAL},
    {"group", 0},
    {"location", 1u << BE_ROOM},
    {"resource", 1u << BE_ROOM},
    {"attendee", 1u << BE_INDIVIDUAL | 1u << BE_ROOM},
};

/* Each token must be in the name or in the address. */
enum err report_calendarserver_principal_search(struct dav *dav, const struct xml *root)
{
    struct search search = {
        .dav = dav, .kinds = 1u << BE_INDIVIDUAL | 1u << BE_ROOM};
    struct prop_plan plan;
    TRY(prop_plan_read(dav, root, &plan));
    for (size_t i = 0; i < sizeof(contexts) / sizeof(*contexts); i++)
        if (str_ieq(xml_attr(root, "context"), contexts[i].context))
            search.kinds = contexts[i].kinds;
    for (const struct xml *one = xml_first(root); one; one = xml_next(one)) {
        if (!xml_is(one, NS_CS, "search-token"))
            continue;
        if (search.n == MAX_SEARCHES)
            return fail(dav->cx, ERR_TOO_LARGE, "at most %d tokens", MAX_SEARCHES);
        search.criteria[search.n++] =
            (struct criterion){.words = plain(dav, xml_word(dav->cx, one)),
                .fields = {[FIELD_NAME] = true, [FIELD_ADDRESS] = true}};
    }
    if (!search.n)
        return fail(dav->cx, ERR_BAD_REQUEST, "a search needs a search-token");
    read_limit(&search, root);
    if (search.kinds)
        TRY(ask_all(&search));
    write_found(&search, &plan);
    return ERR_OK;
}
