#include "config.h"

#include "base/log.h"
#include "base/str.h"
#include "main.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "feishu-caldav"
#define COMMAND_LINE_MAX 256

static const struct command *const commands[] = {
    &command_serve,
    &command_check,
    &command_config,
    &command_user_login,
    &command_user_list,
    &command_user_show,
    &command_user_remove,
    &command_user_password,
    &command_user_passwords,
    &command_sync,
    &command_convert,
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

int command_usage(const struct command *command, const char *format, ...)
{
    va_list args;
    fputs(PROGRAM ": ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry '" PROGRAM "%s%s --help'.\n", command ? " " : "",
        command ? command->name : "");
    return EXIT_USAGE;
}

int command_failed(const struct ctx *cx)
{
    fprintf(stderr, PROGRAM ": %s\n", str_printable(cx->arena, ctx_error(cx)));
    return EXIT_FAILED;
}

/* True when name is word, or begins with word and a space; every name when word is NULL.
 */
static bool is_of_group(const char *name, const char *word)
{
    size_t len = word ? strlen(word) : 0;
    return !word || (strncmp(name, word, len) == 0 && name[len] == ' ');
}

static bool is_group(const char *word)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (is_of_group(commands[i]->name, word))
            return true;
    return false;
}

static int help_all(const char *group)
{
    puts("Usage: " PROGRAM " [-c FILE] COMMAND [ARGUMENTS]\n\n"
         "A CalDAV server in front of the Feishu (Lark) calendar.\n\nCommands:");
    for (size_t i = 0; i < COMMANDS; i++)
        if (is_of_group(commands[i]->name, group))
            printf("  %-16s %s\n", commands[i]->name, commands[i]->summary);
    puts("\nOptions:\n"
         "  -c, --config FILE  configuration; without it\n"
         "                     $XDG_CONFIG_HOME/feishu-caldav.conf, then\n"
         "                     /etc/feishu-caldav.conf\n"
         "  --help             this text; after a command, help on it\n"
         "  --version          name and version\n\n"
         "Exit status: 0 done, 1 failed, 2 wrong usage.");
    return EXIT_OK;
}

static int help_one(const struct command *command)
{
    printf("Usage: " PROGRAM " [-c FILE] %s%s%s\n\n%s\n", command->name,
        *command->arguments ? " " : "", command->arguments, command->summary);
    if (command->help)
        printf("\n%s", command->help);
    return EXIT_OK;
}

/* The command that the words begin with; *words says how many words its name has. */
static const struct command *find_command(int argc, char **argv, int *words)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *name = commands[i]->name, *space = strchr(name, ' ');
        size_t first = space ? (size_t)(space - name) : strlen(name);
        if (argc < 1 || strncmp(argv[0], name, first) != 0 || argv[0][first])
            continue;
        if (space && (argc < 2 || !str_eq(argv[1], space + 1)))
            continue;
        *words = space ? 2 : 1;
        return commands[i];
    }
    return NULL;
}

struct line {
    const char *file; /* of -c */
    bool help, version, no_value;
    int argc;
    char *argv[COMMAND_LINE_MAX]; /* what is left */
};

/* Takes the options that every command knows out of the line, wherever they stand. */
static void sort_line(int argc, char **argv, struct line *line)
{
    bool literal = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!literal && (str_eq(word, "-c") || str_eq(word, "--config"))) {
            line->no_value |= ++i == argc || !*argv[i];
            line->file = argv[i];
        } else if (!literal && str_starts(word, "--config=")) {
            line->file = strchr(word, '=') + 1;
            line->no_value |= !*line->file;
        } else if (!literal && (str_eq(word, "--help") || str_eq(word, "-h"))) {
            line->help = true;
        } else if (!literal && !line->argc && str_eq(word, "--version")) {
            line->version = true;
        } else {
            literal |= str_eq(word, "--");
            line->argv[line->argc++] = argv[i];
        }
    }
}

static int run_command(
    const struct command *command, const char *file, int argc, char **argv)
{
    struct ctx *cx = ctx_new(NULL);
    const struct conf *conf = NULL;
    int status;
    /* A connection that is gone, and a limit on files, are told by the write that meets
     * them. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (conf_load(cx, file, &conf) && !command->conf_optional) {
        status = command_failed(cx);
    } else {
        if (conf)
            log_configure(command->logs ? conf->log.level
                    : command->warns    ? "warning"
                                        : "error",
                conf->log.topics);
        status = command->run(cx, conf, argc, argv);
    }
    ctx_free(cx);
    if (!fflush(stdout) && !ferror(stdout))
        return status;
    if (errno != EPIPE) /* who reads has enough */
        fputs(PROGRAM ": standard output cannot be written\n", stderr);
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct line line = {.argc = 0};
    int words;
    if (argc >= COMMAND_LINE_MAX)
        return command_usage(NULL, "too many arguments");
    sort_line(argc, argv, &line);
    if (line.version) {
        puts(PROGRAM " " PACKAGE_VERSION);
        return EXIT_OK;
    }
    const struct command *command = find_command(line.argc, line.argv, &words);
    if (line.no_value)
        return command_usage(command, "-c needs a file");
    if (line.help && command)
        return help_one(command);
    if (line.help && (!line.argc || is_group(line.argv[0])))
        return help_all(line.argc ? line.argv[0] : NULL);
    if (!line.argc)
        return command_usage(NULL, "no command given");
    if (!command && line.argc == 1 && is_group(line.argv[0]))
        return command_usage(NULL, "%s needs a command behind it", line.argv[0]);
    if (!command)
        return command_usage(NULL, "unknown command: %s%s%s", line.argv[0],
            is_group(line.argv[0]) ? " " : "",
            is_group(line.argv[0]) ? line.argv[1] : "");
    return run_command(command, line.file, line.argc - words + 1, line.argv + words - 1);
}
