/* Whose a calendar of somebody else is. Feishu does not say it of a calendar, and its
 * access list is its owner's alone to read. Two ways are certain: another account here is
 * the owner; or it is the primary calendar of a colleague, which has the colleague's
 * name, and of people with that name Feishu tells the primary calendars. */
#include "config.h"

#include "bridge/bridge_internal.h"

#include <string.h>

#define NAMESAKES 10 /* upstream's limit of a look-up */

static enum err set_owner(struct ctx *cx, struct bridge *bridge,
    const struct calendar *calendar, const char *owner)
{
    struct store_tx *tx;
    TRY(store_begin(cx, bridge->store, &tx));
    return store_end(cx, tx, store_calendar_set_owner(cx, tx, calendar, owner));
}

static enum err namesakes(struct ctx *cx, struct bridge *bridge,
    const struct account *account, const char *name, const char **ids, size_t *n)
{
    struct be_user user;
    struct be_person *list;
    size_t n_list;
    struct be_people_query query = {
        .words = name, .kinds = 1u << BE_INDIVIDUAL, .max = 50};
    *n = 0;
    TRY(be_user(cx, bridge, account->id, &user));
    TRY(be_people_search(cx, bridge, &user, &query, &list, &n_list));
    for (size_t i = 0; i < n_list && *n < NAMESAKES; i++)
        if (str_eq(list[i].user.display_name, name))
            ids[(*n)++] = list[i].user.segment;
    return ERR_OK;
}

/* *owner = "" when none of them has this primary calendar. */
static enum err ask_primaries(struct ctx *cx, struct bridge *bridge,
    const struct account *account, const struct calendar *calendar,
    const char **ids, size_t n, const char **owner)
{
    const char *query[] = {"user_id_type", "open_id", NULL};
    cJSON *body = json_object(cx->arena), *data = NULL;
    const cJSON *item;
    cJSON_AddItemToObject(body, "user_ids", cJSON_CreateStringArray(ids, (int)n));
    struct feishu_call call = {.endpoint = FEISHU_CALENDAR_PRIMARYS,
        .query = query, .body = body, .priority = FEISHU_BACKFILL};
    TRY(bridge_request(cx, bridge, account->id, &call, NULL, &data));
    *owner = "";
    cJSON_ArrayForEach(item, json_array(data, "calendars"))
    {
        const cJSON *one = cJSON_GetObjectItemCaseSensitive(item, "calendar");
        if (str_eq(json_text(one, "calendar_id"), calendar->upstream_id))
            *owner = json_text(item, "user_id");
    }
    return ERR_OK;
}

/* What fails is tried when the calendar is listed again; it costs nothing but a name. */
static enum err find_colleague(struct ctx *cx, struct bridge *bridge,
    const struct account *account, const struct calendar *calendar)
{
    const char *ids[NAMESAKES], *owner = "";
    size_t n = 0;
    TRY(namesakes(cx, bridge, account, calendar->summary, ids, &n));
    if (n) {
        enum err err = ask_primaries(cx, bridge, account, calendar, ids, n, &owner);
        if (err) {
            log_line(cx, LOG_INFO, LOG_FEISHU, "the owner of %s is not known: %s",
                calendar->upstream_id, ctx_error(cx));
            return ERR_OK;
        }
    }
    return set_owner(cx, bridge, calendar, owner);
}

enum err pull_owners(struct ctx *cx, struct bridge *bridge, const struct account *account,
    const char *const *primaries, size_t n)
{
    struct calendar *list;
    size_t n_list;
    TRY(store_calendars(cx, bridge->store, account->id, &list, &n_list));
    for (size_t i = 0; i < n_list; i++) {
        const char *owner = NULL;
        if (role_of(list[i].role) == BE_OWNER || !str_empty(list[i].owner))
            continue;
        TRY(store_calendar_owner(cx, bridge->store, list[i].upstream_id, &owner));
        if (owner)
            TRY(set_owner(cx, bridge, &list[i], owner));
        for (size_t k = 0; !owner && !list[i].owner && k < n; k++)
            if (str_eq(primaries[k], list[i].upstream_id)) {
                TRY(find_colleague(cx, bridge, account, &list[i]));
                break;
            }
    }
    return ERR_OK;
}
