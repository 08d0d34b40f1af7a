/* What the account page and "user show" tell of accounts. */
#include "config.h"

#include "bridge/bridge_internal.h"
#include "bridge/spent.h"

#define GRANT_S (365LL * 86400) /* feishu-api 2.4 */
#define SOON_S (30LL * 86400)

static bool is_told(
    const struct subscription *list, size_t n, const char *upstream_id)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == SUBSCRIPTION_EVENTS && list[i].made_s &&
            str_eq(list[i].upstream_id, upstream_id))
            return true;
    return false;
}

/* The rows of the account as a whole; of its calendars by their upstream ids. */
static enum err fill_spent(struct ctx *cx, struct bridge *bridge,
    struct account_view *view, struct spent **list, size_t *n)
{
    TRY(store_spent(cx, bridge->store, view->id, list, n));
    view->spent = ARENA_ARRAY(cx->arena, struct account_spent_view, *n + 1);
    for (size_t i = 0; i < *n; i++) {
        const struct spent *one = &(*list)[i];
        if (*one->upstream_id)
            continue;
        view->calls += one->calls;
        view->spent[view->n_spent++] = (struct account_spent_view){
            .purpose = spent_word(one->purpose), .calls = one->calls};
    }
    return ERR_OK;
}

static int64_t calls_of(const struct spent *list, size_t n, const char *upstream_id)
{
    int64_t calls = 0;
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].upstream_id, upstream_id))
            calls += list[i].calls;
    return calls;
}

static enum err fill_calendars(
    struct ctx *cx, struct bridge *bridge, struct account_view *view)
{
    struct calendar *list;
    struct spent *spent;
    size_t n_spent;
    struct subscription *told;
    size_t n_told;
    TRY(fill_spent(cx, bridge, view, &spent, &n_spent));
    TRY(store_subscriptions(cx, bridge->store, view->id, &told, &n_told));
    TRY(store_calendars(cx, bridge->store, view->id, &list, &view->n_calendars));
    view->calendars =
        ARENA_ARRAY(cx->arena, struct account_calendar_view, view->n_calendars + 1);
    for (size_t i = 0; i < view->n_calendars; i++) {
        view->calendars[i] = (struct account_calendar_view){
            .name = list[i].name,
            .display_name = !str_empty(list[i].alias) ? list[i].alias : list[i].summary,
            .role = list[i].role,
            .last_error = list[i].last_error,
            .objects = list[i].objects,
            .last_pull_s = list[i].last_pull_s,
            .last_success_s = list[i].success_s,
            .lag_s = list[i].success_s ? ctx_now_s(cx) - list[i].success_s : 0,
            .calls = calls_of(spent, n_spent, list[i].upstream_id),
            .complete = list[i].pull == PULL_DONE,
            .pushed = is_told(told, n_told, list[i].upstream_id),
        };
    }
    return ERR_OK;
}

static enum err fill_passwords(
    struct ctx *cx, struct bridge *bridge, struct account_view *view)
{
    struct password *list;
    TRY(store_passwords(cx, bridge->store, view->id, &list, &view->n_passwords));
    view->passwords =
        ARENA_ARRAY(cx->arena, struct account_password_view, view->n_passwords + 1);
    for (size_t i = 0; i < view->n_passwords; i++)
        view->passwords[i] = (struct account_password_view){
            .id = list[i].id,
            .created_s = list[i].created_s,
            .last_used_s = list[i].last_used_s,
            .label = list[i].label,
        };
    return ERR_OK;
}

static enum err fill(struct ctx *cx, struct bridge *bridge, const struct account *account,
    struct account_view *view)
{
    *view = (struct account_view){
        .id = account->id,
        .name = account->name,
        .open_id = account->open_id,
        .display_name = account->display_name,
        .email = account->email,
        .state = account->state == ACCOUNT_OK ? "ok" : "sign-in needed",
        .last_error = account->last_error ? account->last_error : "",
        .last_sync_s = account->last_sync_s,
        .access_expires_s = account->access_expires_s,
        .refresh_expires_s = account->refresh_expires_s,
        .authorized_s = account->authorized_s,
        .scopes = account->scopes,
    };
    if (account->last_sync_s)
        view->lag_s = ctx_now_s(cx) - account->last_sync_s;
    if (account->authorized_s)
        view->sign_in_until_s = account->authorized_s + GRANT_S;
    view->sign_in_soon =
        view->sign_in_until_s && view->sign_in_until_s - SOON_S <= ctx_now_s(cx);
    char *way = NULL;
    TRY(store_setting(cx, bridge->store, EVENTS_SETTING, &way));
    view->events = way ? way : "polling";
    TRY(fill_calendars(cx, bridge, view));
    return fill_passwords(cx, bridge, view);
}

enum err account_view(
    struct ctx *cx, struct bridge *bridge, int64_t account_id, struct account_view *view)
{
    struct account account;
    TRY(store_account(cx, bridge->store, account_id, &account));
    return fill(cx, bridge, &account, view);
}

enum err account_views(
    struct ctx *cx, struct bridge *bridge, struct account_view **list, size_t *n)
{
    struct account *accounts;
    size_t count;
    TRY(store_accounts(cx, bridge->store, &accounts, &count));
    struct account_view *views = ARENA_ARRAY(cx->arena, struct account_view, count + 1);
    for (size_t i = 0; i < count; i++)
        TRY(fill(cx, bridge, &accounts[i], &views[i]));
    *list = views;
    *n = count;
    return ERR_OK;
}
