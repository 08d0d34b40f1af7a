/* Whom a person may act for. Feishu has no delegates; what comes nearest is that somebody
 * opens the primary calendar to another: to write in it, or to read it. */
#include "config.h"

#include "base/codec.h"
#include "bridge/bridge_internal.h"

#include <string.h>

#define UUID_BYTES 16

/* The owner of another calendar than a primary one is only known when there is an account
 * here, which then tells the two apart. */
static bool is_primary_of(
    struct ctx *cx, struct bridge *bridge, const char *owner, const char *upstream_id)
{
    struct account account;
    struct calendar calendar;
    if (store_account_by_open_id(cx, bridge->store, owner, &account) != ERR_OK)
        return true;
    return store_calendar_by_upstream(
               cx, bridge->store, account.id, upstream_id, &calendar) == ERR_OK &&
        str_eq(calendar.type, "primary");
}

enum err be_proxy_for(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    struct be_share **list, size_t *n)
{
    struct calendar *calendars;
    size_t n_calendars, found = 0;
    TRY(store_calendars(cx, bridge->store, user->id, &calendars, &n_calendars));
    struct be_share *out = ARENA_ARRAY(cx->arena, struct be_share, n_calendars + 1);
    for (size_t i = 0; i < n_calendars; i++) {
        const struct calendar *one = &calendars[i];
        enum be_role role = role_of(one->role);
        if (role == BE_FREEBUSY || role == BE_OWNER || str_empty(one->owner) ||
            str_eq(one->owner, user->segment) ||
            !is_primary_of(cx, bridge, one->owner, one->upstream_id))
            continue;
        out[found++] = (struct be_share){.segment = one->owner, .role = role};
    }
    *list = out;
    *n = found;
    return ERR_OK;
}

/* The same for everybody here, and nothing that could be used elsewhere. */
char *be_calendar_uri(
    struct ctx *cx, struct bridge *bridge, const struct be_calendar *calendar)
{
    unsigned char digest[SHA256_BYTES];
    struct calendar one;
    if (store_calendar(cx, bridge->store, calendar->id, &one) != ERR_OK)
        return NULL;
    const char *text = arena_printf(cx->arena, "calendar %s", one.upstream_id);
    crypto_hmac_sha256(bridge->key, sizeof(bridge->key), text, strlen(text), digest);
    digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x80); /* RFC 9562 version 8 */
    digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
    const char *hex = hex_encode(cx->arena, digest, UUID_BYTES);
    return arena_printf(cx->arena, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
        hex + 12, hex + 16, hex + 20);
}
