/* POST: what a collection does with a body that is no resource's new text. */
#include "dav/post.h"

#include "dav/method.h"

static const struct post {
    unsigned kinds;
    enum ns ns; /* of the XML body's root; NS_OTHER = the body is iCalendar */
    const char *name;
    post_handler *handler;
} posts[] = {
    /* RFC 6638 section 5 */
    {KIND_OUTBOX, NS_OTHER, NULL, post_freebusy},
    /* draft-pot-webdav-resource-sharing section 5, caldav-sharing section 5.3 */
    {KIND_CALENDAR, NS_DAV, "share-resource", post_share_resource},
    {KIND_CALENDAR, NS_CS, "share", post_cs_share},
    /* WebDAV-Push */
    {KIND_CALENDAR | KIND_HOME, NS_PUSH, "push-register", post_push_register},
    /* RFC 5995 section 3 */
    {KIND_CALENDAR, NS_OTHER, NULL, post_add_member},
};
#define N_POSTS (sizeof(posts) / sizeof(*posts))

/* Where no row takes XML, a body of that type is left to who says why it is refused. */
static bool is_xml(struct dav *dav)
{
    bool taken = false;
    for (size_t i = 0; i < N_POSTS; i++)
        taken |= posts[i].kinds & dav->target.kind && posts[i].name;
    if (!taken)
        return false;
    const char *type = header_type(dav->cx, dav_header(dav, "Content-Type"));
    return str_eq(type, "application/xml") || str_eq(type, "text/xml") ||
        str_ends(type, "+xml");
}

enum err post_handle(struct dav *dav)
{
    struct xml *root = NULL;
    if (is_xml(dav))
        TRY(dav_body_xml(dav, &root));
    for (size_t i = 0; i < N_POSTS; i++) {
        const struct post *post = &posts[i];
        bool fits = post->name ? xml_is(root, post->ns, post->name) : !root;
        if (post->kinds & dav->target.kind && fits)
            return post->handler(dav, root);
    }
    return fail(dav->cx, ERR_MEDIA_TYPE, "there is nothing to be done with such a body");
}
