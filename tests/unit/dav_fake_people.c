/* People, whom calendars are shared with, and when they are busy. */
#include "dav_fake_internal.h"

#include "ical/expand.h"

enum err be_look_begin(struct ctx *cx, struct bridge *bridge)
{
    (void)cx;
    (void)bridge;
    return ERR_OK;
}

void be_look_end(struct bridge *bridge)
{
    (void)bridge;
}

enum err be_user(struct ctx *cx, struct bridge *bridge, int64_t id, struct be_user *user)
{
    for (size_t i = 0; i < 4; i++)
        if (id && bridge->users[i].id == id) {
            *user = bridge->users[i];
            return ERR_OK;
        }
    return fail(cx, ERR_NOT_FOUND, "no such person");
}

enum err be_user_by_segment(struct ctx *cx, struct bridge *bridge, const char *segment,
    struct be_user *user)
{
    for (size_t i = 0; i < 4; i++)
        if (strcmp(bridge->users[i].segment, segment) == 0) {
            *user = bridge->users[i];
            return ERR_OK;
        }
    return fail(cx, ERR_NOT_FOUND, "no such person");
}

enum err be_people_search(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const struct be_people_query *query,
    struct be_person **list, size_t *n)
{
    struct be_person *out = ARENA_ARRAY(cx->arena, struct be_person, 4);
    size_t count = 0;
    (void)user;
    bridge->n_searches++;
    for (size_t i = 0; i < 4 && count < query->max; i++) {
        const struct be_user *one = &bridge->users[i];
        bool pinyin = i == 2 && *query->words && strstr(bridge->pinyin, query->words);
        if (query->kinds & 1u << one->kind &&
            (pinyin || strstr(str_lower(cx->arena, one->display_name), query->words) ||
                strstr(one->addresses[0], query->words)))
            out[count++] = (struct be_person){.user = *one, .by_directory = pinyin};
    }
    *list = out;
    *n = count;
    return ERR_OK;
}

enum err be_user_by_address(struct ctx *cx, struct bridge *bridge, const char *address,
    struct be_user *user)
{
    for (size_t i = 0; i < 2; i++)
        for (const char *const *one = bridge->users[i].addresses; *one; one++)
            if (str_ieq(*one, address)) {
                *user = bridge->users[i];
                return ERR_OK;
            }
    return fail(cx, ERR_NOT_FOUND, "no such person");
}

enum err be_person_by_address(struct ctx *cx, struct bridge *bridge,
    const struct be_user *user, const char *address, struct be_user *found)
{
    (void)user;
    for (size_t i = 0; i < 4; i++)
        if (str_ieq(bridge->users[i].addresses[0], address)) {
            *found = bridge->users[i];
            return ERR_OK;
        }
    return fail(cx, ERR_NOT_FOUND, "nobody");
}

enum err be_shares(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar, struct be_share **list, size_t *n)
{
    (void)cx, (void)user;
    *list = bridge->shares.items;
    *n = calendar->id == 1 ? bridge->shares.n : 0;
    return ERR_OK;
}

static void share_one(struct bridge *bridge, const struct be_share *share)
{
    size_t kept = 0;
    for (size_t i = 0; i < bridge->shares.n; i++)
        if (strcmp(bridge->shares.items[i].segment, share->segment) != 0)
            bridge->shares.items[kept++] = bridge->shares.items[i];
    bridge->shares.n = kept;
    struct be_share own = {
        .segment = arena_strdup(bridge->arena, share->segment), .role = share->role};
    if (!share->remove)
        LIST_ADD(bridge->arena, &bridge->shares, own);
}

enum err be_shares_set(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_calendar *calendar, const struct be_share *list, size_t n,
    bool replace)
{
    (void)user;
    TRY(fake_next_err(cx, bridge));
    if (calendar->id != 1)
        return fail(cx, ERR_UPSTREAM_REFUSED, "only \"work\" is shared");
    bridge->n_shared++;
    if (replace)
        bridge->shares.n = 0;
    for (size_t i = 0; i < n; i++)
        share_one(bridge, &list[i]);
    return ERR_OK;
}

enum err be_proxy_for(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    struct be_share **list, size_t *n)
{
    (void)cx, (void)user;
    *list = bridge->proxy_for.items;
    *n = bridge->proxy_for.n;
    return ERR_OK;
}

char *be_calendar_uri(
    struct ctx *cx, struct bridge *bridge, const struct be_calendar *calendar)
{
    (void)bridge;
    return arena_printf(cx->arena, "urn:uuid:%lld", (long long)calendar->id);
}

/* bob is busy for the first hour; nobody@ is not known; everybody else is free. */
enum err be_freebusy(struct ctx *cx, struct bridge *bridge, const struct be_user *user,
    const struct be_freebusy_query *query, struct be_freebusy **answers)
{
    const char *const *addresses = query->addresses;
    size_t n = query->n;
    (void)user;
    TRY(fake_next_err(cx, bridge));
    bridge->n_freebusy++;
    bridge->last_freebusy = "";
    struct be_freebusy *list = ARENA_ARRAY(cx->arena, struct be_freebusy, n + 1);
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct be_freebusy){.address = addresses[i],
            .request_status = "2.0;Success"};
        bridge->last_freebusy =
            arena_printf(bridge->arena, "%s%s ", bridge->last_freebusy, addresses[i]);
        if (strstr(addresses[i], "nobody@"))
            list[i].request_status = "3.7;Invalid calendar user";
        if (!strstr(addresses[i], "bob@"))
            continue;
        list[i].busy = ARENA_NEW(cx->arena, struct be_busy);
        list[i].busy[0] = (struct be_busy){
            query->from_s, query->from_s + 3600, BUSY_BUSY};
        list[i].n_busy = 1;
    }
    *answers = list;
    return ERR_OK;
}
