#include "config.h"

#include "base/file.h"
#include "base/str.h"
#include "bridge/bridge.h"
#include "main.h"

#include <stdio.h>
#include <unistd.h>

#define FILE_MAX_BYTES (16u << 20)

static int run(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    char *text, *result;
    size_t len;
    (void)conf;
    if (argc == 2 && str_eq(argv[1], "--fields")) {
        fputs(bridge_fields(cx), stdout);
        return EXIT_OK;
    }
    if (argc != 2 || (argv[1][0] == '-' && argv[1][1]))
        return command_usage(&command_convert, "convert needs one FILE");
    enum err err = str_eq(argv[1], "-")
        ? file_read_fd(cx, STDIN_FILENO, FILE_MAX_BYTES, &text, &len)
        : file_read(cx, argv[1], FILE_MAX_BYTES, &text, &len);
    if (err || bridge_convert(cx, text, len, &result))
        return command_failed(cx);
    fputs(result, stdout);
    return EXIT_OK;
}

const struct command command_convert = {
    .name = "convert",
    .arguments = "FILE | --fields",
    .summary = ".ics to Feishu JSON or back, offline, for reports of faults",
    .help =
        "FILE may be \"-\" for standard input. What is in it decides the direction.\n"
        "--fields prints which field of Feishu is which property, as docs/mapping.md.\n",
    .conf_optional = true,
    .run = run,
};
