#include "config.h"

#include "base/str.h"
#include "bridge/bridge.h"
#include "http/server.h"
#include "main.h"

#include <stdio.h>

/* "what: ok", or what is wrong in one line. */
static int report(struct ctx *cx, const char *what, enum err err)
{
    if (err)
        printf("%s: %s\n", what, str_printable(cx->arena, ctx_error(cx)));
    else
        printf("%s: ok\n", what);
    return err ? EXIT_FAILED : EXIT_OK;
}

static int run(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    struct bridge *bridge;
    if (argc > 1)
        return command_usage(&command_check, "check does not know: %s", argv[1]);
    if (!conf || server_check(cx, conf))
        return report(cx, "configuration", cx->err);
    printf("configuration: ok%s%s\n", conf->file ? ", read from " : "",
        conf->file ? conf->file : "");
    enum err err = bridge_open(cx, conf, &bridge);
    if (err)
        return report(cx, "store", err);
    int status = report(cx, "store", bridge_check_store(cx, bridge));
    status |= report(cx, "feishu", bridge_check_feishu(cx, bridge));
    bridge_close(bridge);
    return status;
}

const struct command command_check = {
    .name = "check",
    .arguments = "",
    .summary = "try the configuration, Feishu's credentials and the store",
    .help = "One line each: \"ok\", or what is wrong.\n",
    .conf_optional = true,
    .run = run,
};
