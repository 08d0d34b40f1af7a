#include "dav/sync_token.h"

#include <string.h>

#define SCHEME "data:," /* as in BE_SYNC_TOKEN */

char *sync_token_print(struct dav *dav, const struct sync_token *token)
{
    const char *epoch = be_epoch(dav->request->bridge);
    struct buf out = buf_new(dav->cx->arena);
    buf_printf(&out, BE_SYNC_TOKEN, epoch, (long long)token->number);
    if (token->start >= 0)
        buf_printf(&out, "-%lld", (long long)token->start);
    if (token->told)
        buf_printf(
            &out, "%s-%lld", token->start < 0 ? "-" : "", (long long)token->told);
    return arena_strdup(dav->cx->arena, buf_str(&out));
}

/* Up to the next dash; an empty one leaves the number as it is. */
static bool parse_number(struct ctx *cx, const char **text, int64_t *number)
{
    size_t len_bytes = strcspn(*text, "-");
    char *digits = arena_strndup(cx->arena, *text, len_bytes);
    long long parsed = *number;
    *text += len_bytes;
    *text += **text == '-';
    if (len_bytes && !str_to_ll(digits, 0, INT64_MAX, &parsed))
        return false;
    *number = parsed;
    return true;
}

static bool parse_numbers(struct dav *dav, const char *text, struct sync_token *token)
{
    *token = (struct sync_token){.number = -1, .start = -1};
    return parse_number(dav->cx, &text, &token->number) && token->number >= 0 &&
        parse_number(dav->cx, &text, &token->start) &&
        parse_number(dav->cx, &text, &token->told) && !*text;
}

enum err sync_token_parse(struct dav *dav, const char *text, struct sync_token *token)
{
    const char *epoch = be_epoch(dav->request->bridge);
    size_t epoch_bytes = strlen(epoch), scheme_bytes = sizeof(SCHEME) - 1;
    struct sync_token parsed;
    if (!str_starts(text, SCHEME) ||
        strncmp(text + scheme_bytes, epoch, epoch_bytes) != 0 ||
        text[scheme_bytes + epoch_bytes] != '-' ||
        !parse_numbers(dav, text + scheme_bytes + epoch_bytes + 1, &parsed) ||
        strcmp(sync_token_print(dav, &parsed), text) != 0)
        return fail(dav->cx, ERR_VALID_SYNC_TOKEN, "this sync token is not from here");
    *token = parsed;
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
