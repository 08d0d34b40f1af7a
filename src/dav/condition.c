#include "dav/condition.h"

#include "base/when.h"
#include "dav/method.h"
#include "dav/sync_token.h"

#include <string.h>

static const char *const condition_headers[] = {
    "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
    "If-Schedule-Tag-Match", "If",
};

bool condition_sent(const struct dav *dav)
{
    for (size_t i = 0; i < sizeof(condition_headers) / sizeof(*condition_headers); i++)
        if (dav_header(dav, condition_headers[i]))
            return true;
    return false;
}

static const char *current_etag(const struct resource *resource)
{
    return resource->kind == KIND_OBJECT && resource->exists ? resource->object.etag
                                                             : NULL;
}

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Is the tag in a list such as `"a", W/"b"`? Weak ones only count where weak is true. */
static bool tag_listed(const char *list, const char *tag, bool weak)
{
    size_t tag_bytes = tag ? strlen(tag) : 0;
    const char *at = list;
    while (*(at = skip_space(at))) {
        bool is_weak = strncmp(at, "W/", 2) == 0;
        if (is_weak)
            at += 2;
        if (*at != '"') {
            at += strcspn(at, ",");
            at += *at == ',';
            continue;
        }
        const char *end = strchr(at + 1, '"');
        if (!end)
            return false;
        if (tag && (weak || !is_weak) && (size_t)(end - at - 1) == tag_bytes &&
            memcmp(at + 1, tag, tag_bytes) == 0)
            return true;
        at = skip_space(end + 1);
        at += *at == ',';
    }
    return false;
}

static bool is_star(const char *value)
{
    value = skip_space(value);
    return *value == '*' && !*skip_space(value + 1);
}

/* ---- the If header ---- */

struct if_reader {
    struct dav *dav;
    const char *at;
    struct resource tagged; /* what a tagged list is about */
    const struct resource *about; /* NULL = a resource that is not ours */
    bool result;
    bool strict_etag; /* a list with a matching entity tag held for the target */
};

static enum err broken_if(struct if_reader *reader)
{
    return fail(reader->dav->cx, ERR_BAD_REQUEST, "the If header is broken");
}

/* The text up to close, behind the opening character at reader->at. */
static enum err if_word(struct if_reader *reader, char close, char **word)
{
    const char *end = strchr(reader->at + 1, close);
    if (!end)
        return broken_if(reader);
    *word = arena_strndup(reader->dav->cx->arena, reader->at + 1,
        (size_t)(end - reader->at - 1));
    reader->at = end + 1;
    return ERR_OK;
}

/* State tokens are sync tokens (RFC 6578 section 5): there are no locks. */
static bool state_holds(struct dav *dav, const struct resource *about, const char *token)
{
    struct sync_token parsed;
    int64_t newest;
    if (!about || !about->exists || !(about->kind & (KIND_CALENDAR | KIND_HOME)))
        return false;
    if (sync_token_parse(dav, token, &parsed) != ERR_OK ||
        sync_newest(dav, about, &newest) != ERR_OK)
        return false;
    return parsed.start < 0 && parsed.number == newest;
}

/* One "(" conditions ")". */
static enum err if_list(struct if_reader *reader)
{
    bool all = true, has_etag = false;
    size_t n = 0;
    reader->at++;
    for (;; n++) {
        reader->at = skip_space(reader->at);
        if (*reader->at == ')')
            break;
        bool negate = str_istarts(reader->at, "Not");
        if (negate)
            reader->at = skip_space(reader->at + 3);
        char *word = NULL;
        bool holds;
        if (*reader->at == '<') {
            TRY(if_word(reader, '>', &word));
            holds = state_holds(reader->dav, reader->about, word);
        } else if (*reader->at == '[') {
            TRY(if_word(reader, ']', &word));
            const char *etag = reader->about ? current_etag(reader->about) : NULL;
            holds = tag_listed(word, etag, false);
            has_etag |= !negate;
        } else {
            return broken_if(reader);
        }
        all &= holds != negate;
    }
    if (!n)
        return broken_if(reader);
    reader->at++;
    reader->result |= all;
    reader->strict_etag |= all && has_etag && reader->about == &reader->dav->target;
    return ERR_OK;
}

static enum err if_tag(struct if_reader *reader)
{
    struct dav *dav = reader->dav;
    char *href = NULL;
    struct path path;
    TRY(if_word(reader, '>', &href));
    reader->about = NULL;
    /* Another server's resource, or none: its conditions are false. */
    if (str_starts(href, "http") && !str_starts(href, dav->request->origin))
        return ERR_OK;
    if (resource_path(dav, href, &path) != ERR_OK ||
        resource_find(dav, &path, &reader->tagged) != ERR_OK)
        return ERR_OK;
    if (reader->tagged.kind == KIND_OBJECT)
        TRY(resource_object(dav, &reader->tagged));
    bool is_target = str_eq(resource_href(dav->cx, &reader->tagged),
        resource_href(dav->cx, &dav->target));
    reader->about = is_target ? &dav->target : &reader->tagged;
    return ERR_OK;
}

static enum err check_if(struct dav *dav, const char *header, bool *strict_etag)
{
    struct if_reader reader = {.dav = dav, .at = header, .about = &dav->target};
    size_t n_lists = 0;
    while (*(reader.at = skip_space(reader.at))) {
        if (*reader.at == '<') {
            TRY(if_tag(&reader));
        } else if (*reader.at == '(') {
            TRY(if_list(&reader));
            n_lists++;
        } else {
            return broken_if(&reader);
        }
    }
    if (!n_lists)
        return broken_if(&reader);
    if (!reader.result)
        return fail(dav->cx, ERR_PRECONDITION, "the If header does not hold");
    *strict_etag = reader.strict_etag;
    return ERR_OK;
}

/* ---- all of them ---- */

static bool is_get(const struct dav *dav)
{
    return strcmp(dav->method->name, "GET") == 0 ||
        strcmp(dav->method->name, "HEAD") == 0;
}

static enum err check_match(struct dav *dav, const char *header, struct be_expect *expect)
{
    const char *etag = current_etag(&dav->target);
    if (is_star(header) ? !dav->target.exists : !tag_listed(header, etag, false))
        return fail(dav->cx, ERR_PRECONDITION,
            "it is not what you have seen: somebody changed or deleted it");
    if (etag)
        *expect = (struct be_expect){.check = true, .etag = etag, .strict = true};
    return ERR_OK;
}

static enum err check_schedule_tag(struct dav *dav, const char *header,
    struct be_expect *expect)
{
    const char *etag = current_etag(&dav->target);
    if (!etag || !tag_listed(header, dav->target.object.schedule_tag, false))
        return fail(dav->cx, ERR_PRECONDITION,
            "the schedule tag is another one: the meeting was changed");
    /* What differs is only what attendees did: the back end joins both. */
    if (!expect->check)
        *expect = (struct be_expect){.check = true, .etag = etag};
    return ERR_OK;
}

static enum err check_none_match(struct dav *dav, const char *header,
    struct be_expect *expect, bool *not_modified)
{
    bool star = is_star(header);
    /* The back end knows whether it is this client's own create that it sees. */
    bool is_create = star && strcmp(dav->method->name, "PUT") == 0;
    if (star ? dav->target.exists && !is_create
             : tag_listed(header, current_etag(&dav->target), true)) {
        if (!is_get(dav))
            return fail(dav->cx, ERR_PRECONDITION, "there is already something here");
        *not_modified = true;
    }
    if (is_create || (star && !dav->target.exists))
        *expect = (struct be_expect){.check = true, .strict = true};
    return ERR_OK;
}

/* RFC 9110 sections 13.1.3 and 13.1.4: what is no date, or has none, is ignored. */
static bool changed_since(const struct dav *dav, const char *header, bool *changed)
{
    int64_t modified_s = resource_modified_s(&dav->target), date_s;
    if (!header || !modified_s ||
        !when_parse_http(skip_space(header), ctx_now_s(dav->cx), &date_s))
        return false;
    *changed = modified_s > date_s;
    return true;
}

static enum err check_unmodified(struct dav *dav, struct be_expect *expect)
{
    bool changed;
    const char *etag = current_etag(&dav->target);
    if (!changed_since(dav, dav_header(dav, "If-Unmodified-Since"), &changed))
        return ERR_OK;
    if (changed)
        return fail(dav->cx, ERR_PRECONDITION, "it was changed since then");
    if (etag && !expect->check)
        *expect = (struct be_expect){.check = true, .etag = etag, .strict = true};
    return ERR_OK;
}

void condition_set_modified(struct dav *dav)
{
    char text[WHEN_TEXT_BYTES];
    int64_t modified_s = resource_modified_s(&dav->target);
    if (modified_s && modified_s <= ctx_now_s(dav->cx))
        dav_set_header(dav, "Last-Modified",
            arena_strdup(dav->cx->arena, when_http(modified_s, text)));
    /* Or it would be good for a tenth of its age (RFC 9111 section 4.2.2). */
    dav_set_header(dav, "Cache-Control", "private, no-cache");
}

enum err condition_check(struct dav *dav, struct be_expect *expect, bool *not_modified)
{
    struct be_expect found = {0};
    bool seen = false, strict_etag = false, changed = false;
    const char *header = dav_header(dav, "If");
    if (header) {
        TRY(check_if(dav, header, &strict_etag));
        if (strict_etag)
            found = (struct be_expect){.check = true, .etag = current_etag(&dav->target),
                .strict = true};
    }
    if ((header = dav_header(dav, "If-Match")))
        TRY(check_match(dav, header, &found));
    else
        TRY(check_unmodified(dav, &found));
    if ((header = dav_header(dav, "If-Schedule-Tag-Match")))
        TRY(check_schedule_tag(dav, header, &found));
    if ((header = dav_header(dav, "If-None-Match")))
        TRY(check_none_match(dav, header, &found, &seen));
    else if (is_get(dav) &&
        changed_since(dav, dav_header(dav, "If-Modified-Since"), &changed))
        seen = !changed;
    *expect = found;
    *not_modified = seen;
    return ERR_OK;
}
