/*
 * The commands of the program. A command is one `struct command` in src/main_<family>.c
 * and one line in the table of src/main.c.
 */
#ifndef MAIN_H
#define MAIN_H

#include "base/conf.h"
#include "base/ctx.h"

#include <stdbool.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;      /* one or two words: "serve", "user list" */
    const char *arguments; /* as in the usage line; "" = none */
    const char *summary;   /* one line */
    const char *help;      /* lines on options, each ended by \n; NULL = none */
    /* The configuration may be missing or wrong: conf is NULL then and cx holds the
     * error. Without this flag the command is not run. */
    bool conf_optional;
    /* Logs at log.level, or warnings. Without these flags only errors and what log.topics
     * names. */
    bool logs, warns;
    /* argv[0] is the command's last word; --help, -c and --config are dealt with and
     * taken out. Returns the exit status. */
    int (*run)(struct ctx *cx, const struct conf *conf, int argc, char **argv);
};

extern const struct command command_check, command_config, command_convert, command_serve,
    command_sync, command_user_list, command_user_login, command_user_password,
    command_user_passwords, command_user_remove, command_user_show;

/* "feishu-caldav: text" on stderr, and where help is; returns EXIT_USAGE. */
int command_usage(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "feishu-caldav: last failure" on stderr; returns EXIT_FAILED. */
int command_failed(const struct ctx *cx);

/* "name":"text" and what follows it, on standard output; NULL is printed as "". */
void json_text_member(const char *name, const char *text, const char *behind);

#endif
