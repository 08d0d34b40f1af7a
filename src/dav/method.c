#include "dav/method.h"

#include <string.h>

#define CALENDAR KIND_CALENDAR
#define OBJECT KIND_OBJECT

/* HEAD is GET; the HTTP layer leaves the body out. Refused methods are known, so that the
 * answer is 405 and not 501: locks. */
static const struct method methods[] = {
    /* RFC 9110 */
    {"OPTIONS", options_handle, KINDS_ALL, METHOD_MAY_CREATE},
    {"GET", get_handle, KINDS_ALL, METHOD_CONDITIONS},
    {"HEAD", get_handle, KINDS_ALL, METHOD_CONDITIONS},
    {"PUT", put_handle, OBJECT, METHOD_BLOCKS | METHOD_MAY_CREATE},
    {"DELETE", delete_handle, CALENDAR | OBJECT | KIND_REGISTRATION, METHOD_BLOCKS},
    {"POST", post_handle, KIND_OUTBOX | CALENDAR | KIND_HOME,
        METHOD_BLOCKS | METHOD_CONDITIONS},
    /* RFC 4918 */
    {"PROPFIND", propfind_handle, KINDS_ALL, METHOD_CONDITIONS},
    {"PROPPATCH", proppatch_handle, KINDS_ALL, METHOD_BLOCKS | METHOD_CONDITIONS},
    {"MKCOL", mkcol_handle, CALENDAR,
        METHOD_BLOCKS | METHOD_MAY_CREATE | METHOD_CONDITIONS},
    {"COPY", copy_handle, OBJECT, METHOD_BLOCKS},
    {"MOVE", move_handle, OBJECT, METHOD_BLOCKS},
    {"LOCK", NULL, 0, 0},
    {"UNLOCK", NULL, 0, 0},
    /* RFC 3253, 3744, 4791 */
    {"REPORT", report_handle, KINDS_ALL, METHOD_CONDITIONS},
    {"ACL", acl_handle, CALENDAR, METHOD_BLOCKS | METHOD_CONDITIONS},
    {"MKCALENDAR", mkcalendar_handle, CALENDAR,
        METHOD_BLOCKS | METHOD_MAY_CREATE | METHOD_CONDITIONS},
};
#define N_METHODS (sizeof(methods) / sizeof(*methods))

const struct method *method_find(const char *name)
{
    for (size_t i = 0; i < N_METHODS; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

char *method_allow(struct ctx *cx, enum kind kind)
{
    struct buf allow = buf_new(cx->arena);
    for (size_t i = 0; i < N_METHODS; i++)
        if (methods[i].kinds & kind) {
            buf_adds(&allow, allow.len_bytes ? ", " : "");
            buf_adds(&allow, methods[i].name);
        }
    return arena_strdup(cx->arena, buf_str(&allow));
}

void method_add_supported(struct buf *out, enum kind kind)
{
    for (size_t i = 0; i < N_METHODS; i++)
        if (methods[i].kinds & kind)
            buf_printf(out, "<D:supported-method name=\"%s\"/>", methods[i].name);
}
