#include "config.h"

#include "base/str.h"
#include "bridge/account.h"
#include "bridge/bridge.h"
#include "main.h"

#include <stdio.h>

static enum err sync_all(
    struct ctx *cx, struct bridge *bridge, const char *name, bool json, bool full)
{
    int64_t account_id;
    struct bridge_pull_result result;
    TRY(account_find(cx, bridge, name, &account_id));
    if (full)
        TRY(bridge_forget_tokens(cx, bridge, account_id));
    TRY(bridge_pull(cx, bridge, account_id, &result));
    if (json)
        printf("{\"calendars\":%zu,\"changed\":%zu,\"removed\":%zu,\"failed\":%zu,"
               "\"unreadable\":%zu}\n",
            result.calendars, result.changed, result.removed, result.failed,
            result.unreadable);
    else
        printf("%zu calendars changed, %zu events changed, %zu events removed, "
               "%zu failed, %zu unreadable\n",
            result.calendars, result.changed, result.removed, result.failed,
            result.unreadable);
    return result.failed
        ? fail(cx, ERR_INTERNAL, "%zu events or calendars failed", result.failed)
        : ERR_OK;
}

static int run(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    struct bridge *bridge;
    const char *name = NULL;
    bool json = false, full = false;
    for (int i = 1; i < argc; i++)
        if (str_eq(argv[i], "--json"))
            json = true;
        else if (str_eq(argv[i], "--full"))
            full = true;
        else if (argv[i][0] == '-' || name)
            return command_usage(&command_sync, "sync does not know: %s", argv[i]);
        else
            name = argv[i];
    if (!name)
        return command_usage(&command_sync, "sync needs the NAME of an account");
    if (bridge_open(cx, conf, &bridge))
        return command_failed(cx);
    int status = sync_all(cx, bridge, name, json, full) ? command_failed(cx) : EXIT_OK;
    bridge_close(bridge);
    return status;
}

const struct command command_sync = {
    .name = "sync",
    .arguments = "[--full] [--json] NAME",
    .summary = "pull everything of an account now, and say what changed",
    .help = "  --full  read every event anew, not only what changed since the last time\n"
            "  --json  as an object\n\n"
            "unreadable counts series of which Feishu gave occurrences that cannot be\n"
            "read: they are named on stderr, and that is no failure.\n",
    .warns = true,
    .run = run,
};
