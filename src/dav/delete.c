/* DELETE of events and calendars. */
#include "dav/condition.h"
#include "dav/method.h"
#include "dav/privilege.h"
#include "dav/push.h"

#include <string.h>

enum err delete_handle(struct dav *dav)
{
    struct ctx *cx = dav->cx;
    if (dav->target.kind == KIND_REGISTRATION)
        return push_unregister(dav);
    struct resource *target = &dav->target;
    struct be_expect expect = {0};
    bool not_modified;
    struct resource home;
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
