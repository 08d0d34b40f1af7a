#include "dav/push.h"

#include "base/when.h"
#include "dav/method.h"
#include "dav/post.h"
#include "dav/props.h"

#include <stdio.h>
#include <string.h>

/* ---- section "Collection Properties" ---- */

bool push_transports(struct dav *dav, struct resource *resource, struct buf *out)
{
    const char *key = be_push_key(dav->request->bridge);
    (void)resource;
    if (!key)
        return false;
    buf_printf(out,
        "<P:web-push><P:vapid-public-key type=\"p256ecdsa\">%s</P:vapid-public-key>"
        "</P:web-push>",
        key);
    return true;
}

bool push_topic(struct dav *dav, struct resource *resource, struct buf *out)
{
    if (!be_push_key(dav->request->bridge))
        return false;
    buf_adds(out,
        be_push_topic(
            dav->cx, dav->request->bridge, &dav->user, resource->calendar));
    return true;
}

bool push_triggers(struct dav *dav, struct resource *resource, struct buf *out)
{
    (void)dav, (void)resource;
    buf_adds(out,
        "<P:content-update><D:sync-level>1</D:sync-level></P:content-update>"
        "<P:property-update><D:depth>0</D:depth></P:property-update>");
    return true;
}

/* ---- registration ---- */

static enum err refuse(struct dav *dav, const char *text)
{
    return fail(dav->cx, ERR_PUSH_SUBSCRIPTION, "%s", text);
}

static char *word(struct dav *dav, const struct xml *node, const char *name)
{
    const struct xml *one = xml_child(node, NS_PUSH, name);
    return one ? xml_word(dav->cx, one) : NULL;
}

static enum err read_subscription(
    struct dav *dav, const struct xml *root, struct be_push *push)
{
    const struct xml *subscription = xml_child(root, NS_PUSH, "subscription");
    const struct xml *web =
        subscription ? xml_child(subscription, NS_PUSH, "web-push-subscription") : NULL;
    if (!web)
        return refuse(dav, "there is no web-push-subscription");
    const char *coding = word(dav, web, "content-encoding");
    if (coding && !str_eq(coding, "aes128gcm"))
        return refuse(dav, "messages are encrypted as aes128gcm only");
    push->resource = word(dav, web, "push-resource");
    /* The name of the newest draft, and that of the ones before. */
    push->public_key = word(dav, web, "subscription-public-key");
    if (!push->public_key)
        push->public_key = word(dav, web, "client-public-key");
    push->auth_secret = word(dav, web, "auth-secret");
    if (!push->resource)
        return refuse(dav, "there is no push-resource");
    return ERR_OK;
}

/* What is not supported is ignored, unless nothing is left. DAVx5 names no trigger at
 * all: it means all there are. */
static enum err read_triggers(
    struct dav *dav, const struct xml *root, struct be_push *push)
{
    const struct xml *trigger = xml_child(root, NS_PUSH, "trigger");
    push->content = !trigger || xml_child(trigger, NS_PUSH, "content-update");
    push->properties = !trigger || xml_child(trigger, NS_PUSH, "property-update");
    if (!push->content && !push->properties)
        return fail(dav->cx, ERR_PUSH_TRIGGER, "no trigger that is supported here");
    return ERR_OK;
}

/* IMF-fixdate (RFC 9110 section 5.6.7) */
static bool read_date(const char *text, int64_t *unix_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil civil = {0};
    char month[4] = "";
    int day, year, hour, minute, second;
    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT", &day, month,
            &year, &hour, &minute, &second) != 6)
        return false;
    const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!found || (found - months) % 3 || day < 1 || day > 31 || year < 1970 ||
        hour > 23 || minute > 59 || second > 60)
        return false;
    civil.year = year;
    civil.month = (int)((found - months) / 3) + 1;
    civil.day = day;
    civil.hour = hour;
    civil.minute = minute;
    civil.second = second;
    *unix_s = civil_seconds(&civil);
    return true;
}

static char *registration_href(struct dav *dav, const char *name)
{
    struct buf href = buf_new(dav->cx->arena);
    buf_printf(&href, "%s/push/", dav->request->root);
    href_add_segment(&href, dav->user.segment);
    buf_addc(&href, '/');
    href_add_segment(&href, name);
    return arena_strdup(dav->cx->arena, buf_str(&href));
}

enum err post_push_register(struct dav *dav, const struct xml *root)
{
    struct be_push push = {0};
    const char *name = NULL;
    char expires[WHEN_TEXT_BYTES];
    const char *wanted = word(dav, root, "expires");
    TRY(read_subscription(dav, root, &push));
    TRY(read_triggers(dav, root, &push));
    if (wanted && !read_date(wanted, &push.expires_s))
        return fail(dav->cx, ERR_BAD_REQUEST, "expires is no date of HTTP");
    TRY(be_push_register(dav->cx, dav->request->bridge, &dav->user, dav->target.calendar,
        &push, &name));
    dav->response->status = 204;
    dav_set_header(dav, "Location", registration_href(dav, name));
    dav_set_header(dav, "Expires",
        arena_strdup(dav->cx->arena, when_http(push.expires_s, expires)));
    return ERR_OK;
}

enum err push_unregister(struct dav *dav)
{
    TRY(be_push_remove(
        dav->cx, dav->request->bridge, &dav->user, dav->target.name));
    dav->response->status = 204;
    return ERR_OK;
}

/* ---- section "Suppressing Notifications" ---- */

#define HUSH_MAX 100

typedef LIST(const char *) name_list;

/* The name of a registration of the person's own; other addresses mean nobody. */
static void add_registration(struct dav *dav, const char *url, name_list *names)
{
    struct path path;
    struct resource resource;
    if (names->n < HUSH_MAX && resource_path(dav, url, &path) == ERR_OK &&
        resource_find(dav, &path, &resource) == ERR_OK &&
        resource.kind == KIND_REGISTRATION)
        LIST_ADD(dav->cx->arena, names, resource.name);
}

/* "*", or quoted addresses with commas between them; some leave the quotes out. */
static struct be_hush read_hush(struct dav *dav, const char *header)
{
    name_list names = {0};
    char **parts = str_split(dav->cx->arena, header, ',');
    struct be_hush hush = {.all = str_eq(str_trim(dav->cx->arena, header), "*")};
    for (; *parts && !hush.all; parts++) {
        char *url = *parts;
        size_t len_bytes = strlen(url);
        bool quoted = len_bytes >= 2 && strchr("\"<", url[0]) &&
            strchr("\">", url[len_bytes - 1]);
        if (quoted)
            url = arena_strndup(dav->cx->arena, url + 1, len_bytes - 2);
        add_registration(dav, url, &names);
    }
    hush.names = names.items;
    hush.n = names.n;
    return hush;
}

struct be_hushed *push_hush(struct dav *dav)
{
    const char *header = dav_header(dav, "Push-Dont-Notify");
    struct be_hushed *hushed = NULL;
    if (!header || !(dav->method->flags & METHOD_BLOCKS))
        return NULL;
    struct be_hush hush = read_hush(dav, header);
    if ((!hush.all && !hush.n) ||
        be_hush_begin(dav->cx, dav->request->bridge, &dav->user, &hush, &hushed) !=
            ERR_OK)
        return NULL;
    return hushed;
}

void push_unhush(struct dav *dav, struct be_hushed *hushed)
{
    const char *objects[2];
    size_t n = 0;
    if (dav->target.kind == KIND_OBJECT)
        objects[n++] = dav->target.name;
    if (dav->also_changed)
        objects[n++] = dav->also_changed;
    be_hush_end(dav->cx, dav->request->bridge, hushed, objects, n);
}
