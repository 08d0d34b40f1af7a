/* POST to add-member: the server names the new event (RFC 5995). */
#include "base/crypto.h"
#include "dav/post.h"
#include "dav/privilege.h"
#include "dav/put.h"

#define NAME_RANDOM_BYTES 15

enum err post_add_member(struct dav *dav, const struct xml *root)
{
    struct be_put_result result = {0};
    /* Nothing can be at a name that is random; Slug is a wish that is not granted. */
    struct be_expect expect = {.check = true, .strict = true};
    struct resource member;
    (void)root;
    TRY(privilege_need(dav, &dav->target, "bind"));
    resource_member(&dav->target, &member);
    member.name = arena_printf(
        dav->cx->arena, "%s.ics", crypto_random_text(dav->cx, NAME_RANDOM_BYTES));
    dav->also_changed = member.name;
    TRY(put_object(dav, &member, &expect, &result));
    dav_set_header(dav, "Location", resource_href(dav->cx, &member));
    put_answer(dav, &member, &result);
    return ERR_OK;
}
