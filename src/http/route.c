#include "http/route.h"

#include "http/home.h"
#include "http/hook.h"
#include "http/login.h"
#include "http/metrics.h"

#include <string.h>

#define DAV_DISCOVERY "PROPFIND OPTIONS REPORT PROPPATCH"

static const char *dav_request_header(const struct dav_request *request, const char *name)
{
    return exchange_header(request->self, name);
}

/* The path below the service root. */
static struct path dav_path(const struct exchange *ex)
{
    struct path below = {.slash = ex->path.slash};
    for (size_t i = 1; i < ex->path.n; i++)
        below.segments[below.n++] = ex->path.segments[i];
    return below;
}

static bool dav_blocks(const struct exchange *ex)
{
    struct path below = dav_path(ex);
    return dav_may_block(ex->method, &below);
}

static void handle_dav(struct exchange *ex)
{
    struct dav_request request = {
        .bridge = ex->site->bridge,
        .user_id = ex->user_id,
        .method = ex->method,
        .path = dav_path(ex),
        .root = ex->site->dav_root,
        .origin = ex->origin,
        .body = buf_str(&ex->body),
        .body_bytes = ex->body.len_bytes,
        .header = dav_request_header,
        .self = ex,
    };
    dav_handle(ex->cx, &request, &ex->response);
}

static void redirect_to_dav(struct exchange *ex)
{
    answer_redirect(ex, 301, arena_printf(ex->cx->arena, "%s/", ex->site->dav_root));
}

static bool always_blocks(const struct exchange *ex)
{
    (void)ex;
    return true;
}

static const struct route routes[] = {
    /* RFC 6764 section 5; iOS asks it with PROPFIND and without credentials */
    {NULL, ".well-known/caldav", false, ACCESS_ANYBODY, NULL, redirect_to_dav},
    {NULL, "dav", true, ACCESS_PASSWORD, dav_blocks, handle_dav},
    /* Thunderbird and Apple Calendar look at "/" when they know a host name only */
    {DAV_DISCOVERY, "", false, ACCESS_ANYBODY, NULL, redirect_to_dav},
    {"GET HEAD", "", false, ACCESS_COOKIE, NULL, home_page},
    {"GET HEAD", "style.css", false, ACCESS_ANYBODY, NULL, home_style},
    {"POST", "password", false, ACCESS_COOKIE, always_blocks, home_password_new},
    {"POST", "password/revoke", false, ACCESS_COOKIE, always_blocks,
        home_password_revoke},
    {"POST", "sync", false, ACCESS_COOKIE, NULL, home_sync},
    {"POST", "sign-out", false, ACCESS_COOKIE, always_blocks, login_sign_out},
    {"GET", "login", false, ACCESS_ANYBODY, always_blocks, login_start},
    {"GET", "oauth/callback", false, ACCESS_ANYBODY, always_blocks, login_callback},
    {"POST", "feishu/events", false, ACCESS_ANYBODY, NULL, hook_events},
    {"GET HEAD", "healthz", false, ACCESS_ANYBODY, NULL, health},
    {"GET HEAD", "metrics", false, ACCESS_LOCAL, NULL, metrics},
};

static bool path_fits(const struct route *route, const struct path *path)
{
    const char *want = route->path;
    size_t i = 0;
    while (*want) {
        size_t n = strcspn(want, "/");
        if (i == path->n || strlen(path->segments[i]) != n ||
            memcmp(path->segments[i], want, n) != 0)
            return false;
        i++;
        want += n + (want[n] == '/');
    }
    return i == path->n || route->subtree;
}

static bool method_fits(const struct route *route, const char *method)
{
    if (!route->methods)
        return true;
    size_t n = strlen(method);
    for (const char *at = route->methods; (at = strstr(at, method)); at += n) {
        bool starts = at == route->methods || at[-1] == ' ';
        if (starts && (at[n] == ' ' || !at[n]))
            return true;
    }
    return false;
}

const struct route *route_find(const struct exchange *ex, bool *known)
{
    *known = false;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!path_fits(&routes[i], &ex->path))
            continue;
        if (method_fits(&routes[i], ex->method))
            return &routes[i];
        *known = true;
    }
    return NULL;
}

const char *route_allow(const struct exchange *ex)
{
    struct buf allow = buf_new(ex->cx->arena);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!path_fits(&routes[i], &ex->path) || !routes[i].methods)
            continue;
        char **methods = str_split(ex->cx->arena, routes[i].methods, ' ');
        for (; *methods; methods++)
            buf_printf(&allow, "%s%s", allow.len_bytes ? ", " : "", *methods);
    }
    return buf_str(&allow);
}
