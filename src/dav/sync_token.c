#include "dav/sync_token.h"

#include <string.h>

#define SCHEME "data:," /* as in BE_SYNC_TOKEN */

char *sync_token_print(struct dav *dav, const struct sync_token *token)
{
    const char *epoch = be_epoch(dav->request->bridge);
    if (token->start >= 0)
        return arena_printf(dav->cx->arena, SCHEME "%s-%lld-%lld", epoch,
            (long long)token->number, (long long)token->start);
    return arena_printf(
        dav->cx->arena, BE_SYNC_TOKEN, epoch, (long long)token->number);
}

static bool parse_numbers(struct dav *dav, const char *text, struct sync_token *token)
{
    long long number, start = -1;
    char *copy = arena_strdup(dav->cx->arena, text);
    char *dash = strchr(copy, '-');
    if (dash) {
        *dash = '\0';
        if (!str_to_ll(dash + 1, 0, INT64_MAX, &start))
            return false;
    }
    if (!str_to_ll(copy, 0, INT64_MAX, &number))
        return false;
    *token = (struct sync_token){.number = number, .start = start};
    return true;
}

enum err sync_token_parse(struct dav *dav, const char *text, struct sync_token *token)
{
    const char *epoch = be_epoch(dav->request->bridge);
    size_t epoch_bytes = strlen(epoch), scheme_bytes = sizeof(SCHEME) - 1;
    if (!str_starts(text, SCHEME) ||
        strncmp(text + scheme_bytes, epoch, epoch_bytes) != 0 ||
        text[scheme_bytes + epoch_bytes] != '-' ||
        !parse_numbers(dav, text + scheme_bytes + epoch_bytes + 1, token))
        return fail(dav->cx, ERR_VALID_SYNC_TOKEN, "this sync token is not from here");
    return ERR_OK;
}

enum err sync_newest(struct dav *dav, const struct resource *resource, int64_t *number)
{
    if (resource->kind == KIND_CALENDAR) {
        *number = resource->calendar->change;
        return ERR_OK;
    }
    if (resource->kind == KIND_INBOX) {
        *number = 0;
        return ERR_OK;
    }
    struct be_calendar *list = NULL;
    size_t n = 0;
    TRY(be_calendars(dav->cx, dav->request->bridge, &dav->user, &list, &n));
    int64_t newest = dav->user.home_change;
    for (size_t i = 0; i < n; i++)
        if (list[i].change > newest)
            newest = list[i].change;
    *number = newest;
    return ERR_OK;
}
