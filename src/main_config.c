#include "base/str.h"
#include "main.h"

#include <stdio.h>

static int run(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    bool list = false, json = false;
    for (int i = 1; i < argc; i++) {
        if (str_eq(argv[i], "--list"))
            list = true;
        else if (str_eq(argv[i], "--json"))
            json = true;
        else
            return command_usage(&command_config, "config does not know: %s", argv[i]);
    }
    if (list)
        conf_list(json, stdout);
    else if (conf)
        conf_print(conf, json, stdout);
    else
        return command_failed(cx);
    return EXIT_OK;
}

const struct command command_config = {
    .name = "config",
    .arguments = "[--list] [--json]",
    .summary = "print the effective configuration, secrets struck out",
    .help = "  --list  every option with type, default, unit and meaning\n"
            "  --json  as JSON\n",
    .conf_optional = true, /* --list needs none */
    .run = run,
};
