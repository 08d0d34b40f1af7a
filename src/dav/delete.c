/* DELETE of events and calendars. */
#include "dav/condition.h"
#include "dav/method.h"
#include "dav/privilege.h"
#include "dav/push.h"

#include <string.h>

/* RFC 4918 section 9.6.1: a calendar goes with all that is in it. */
static enum err check_depth(struct dav *dav)
{
    enum depth depth;
    TRY(dav_depth(dav, &depth));
    if (dav->target.kind == KIND_CALENDAR && (depth == DEPTH_0 || depth == DEPTH_1))
        return fail(dav->cx, ERR_BAD_REQUEST,
            "a calendar is deleted with Depth infinity or none");
    return ERR_OK;
}

enum err delete_handle(struct dav *dav)
{
    struct ctx *cx = dav->cx;
    if (dav->target.kind == KIND_REGISTRATION)
        return push_unregister(dav);
    struct resource *target = &dav->target;
    struct be_expect expect = {0};
    bool not_modified;
    struct resource home;
    TRY(check_depth(dav));
    resource_fixed(dav, KIND_HOME, &home);
    TRY(privilege_need(dav, target->kind == KIND_OBJECT ? target : &home, "unbind"));
    if (condition_sent(dav))
        TRY(condition_check(dav, &expect, &not_modified));
    if (target->kind == KIND_CALENDAR) {
        TRY(be_calendar_delete(cx, dav->request->bridge, &dav->user, target->calendar));
    } else {
        /* RFC 6638 section 8.1: "F" means, tell nobody. */
        bool reply = !str_ieq(dav_header(dav, "Schedule-Reply"), "F");
        TRY(be_object_delete(cx, dav->request->bridge, &dav->user, target->calendar,
            target->name, &expect, reply));
    }
    dav->response->status = 204;
    return ERR_OK;
}
