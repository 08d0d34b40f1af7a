#include "dav/push.h"

#include "base/when.h"
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
    (void)dav;
    buf_adds(out, "<P:content-update><D:sync-level>1</D:sync-level></P:content-update>");
    if (resource->kind == KIND_CALENDAR)
        buf_adds(out, "<P:property-update><D:depth>0</D:depth></P:property-update>");
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
    push->properties = dav->target.kind == KIND_CALENDAR &&
        (!trigger || xml_child(trigger, NS_PUSH, "property-update"));
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
