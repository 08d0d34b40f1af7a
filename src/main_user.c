/* Accounts on the command line: sign-in, lists, app passwords. */
#include "config.h"

#include "base/str.h"
#include "base/when.h"
#include "bridge/account.h"
#include "bridge/bridge.h"
#include "main.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOGIN_LIMIT_MS 900000
#define LOGIN_STEP_MS 500
#define PASTE_MAX_BYTES 8192

/* What a command line held: one NAME at most, and options out of a list. */
struct options {
    const char *name;  /* NAME */
    const char *value; /* of the option that takes one */
    bool json;
};
struct option_set {
    const char *valued; /* option with a value, NULL = none */
    bool json, name;    /* --json is known; NAME is needed */
};

static int read_options(const struct command *command, const struct option_set *set,
    int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        size_t len = set->valued ? strlen(set->valued) : 0;
        if (set->json && str_eq(argv[i], "--json"))
            options->json = true;
        else if (len && str_eq(argv[i], set->valued) && i + 1 < argc)
            options->value = argv[++i];
        else if (len && strncmp(argv[i], set->valued, len) == 0 && argv[i][len] == '=')
            options->value = argv[i] + len + 1;
        else if (argv[i][0] == '-' || !set->name || options->name)
            return command_usage(command, "%s does not know: %s", command->name, argv[i]);
        else
            options->name = argv[i];
    }
    if (set->name && !options->name)
        return command_usage(command, "%s needs the NAME of an account", command->name);
    return EXIT_OK;
}

/* What every command below does between opening and closing the bridge. */
typedef enum err job(
    struct ctx *cx, struct bridge *bridge, const struct options *options);

static int with_bridge(
    struct ctx *cx, const struct conf *conf, const struct options *options, job *run)
{
    struct bridge *bridge;
    if (bridge_open(cx, conf, &bridge))
        return command_failed(cx);
    enum err err = run(cx, bridge, options);
    int status = err ? command_failed(cx) : EXIT_OK;
    bridge_close(bridge);
    return status;
}

/* Names and errors are Feishu's words, and a terminal obeys what it is shown. */
static const char *safe(struct ctx *cx, const char *text)
{
    return str_printable(cx->arena, text);
}

static const char *when_text(int64_t unix_s, char *out)
{
    return unix_s ? when_rfc3339(unix_s, out) : "never";
}

/* ---- user login ---- */

/* The query of an address that was pasted, or the query alone. */
static const char *query_of(const char *text)
{
    const char *mark = strchr(text, '?');
    return mark ? mark + 1 : text;
}

/* A line from standard input, as far as it has come: true when it is whole. */
struct paste {
    char text[PASTE_MAX_BYTES];
    size_t len;
    bool closed;
};

static bool read_paste(struct paste *paste)
{
    ssize_t got = read(
        STDIN_FILENO, paste->text + paste->len, sizeof(paste->text) - 1 - paste->len);
    if (got <= 0) {
        paste->closed = true;
        return paste->len > 0;
    }
    paste->len += (size_t)got;
    paste->text[paste->len] = 0;
    char *end = strpbrk(paste->text, "\r\n");
    if (end)
        *end = 0;
    if (end == paste->text) { /* an empty line is nothing */
        paste->len = 0;
        return false;
    }
    return end || paste->len == sizeof(paste->text) - 1;
}

static enum err wait_for_sign_in(
    struct ctx *cx, struct bridge *bridge, const char *state, int64_t *account_id)
{
    int64_t end_ms = ctx_monotonic_ms(cx) + LOGIN_LIMIT_MS;
    struct paste paste = {.len = 0};
    while (!*account_id && ctx_monotonic_ms(cx) < end_ms) {
        struct pollfd input = {.fd = paste.closed ? -1 : STDIN_FILENO, .events = POLLIN};
        if (poll(&input, 1, LOGIN_STEP_MS) > 0 && read_paste(&paste))
            return account_login_finish(cx, bridge, query_of(paste.text), account_id);
        TRY(account_login_poll(cx, bridge, state, account_id));
    }
    return *account_id ? ERR_OK
                       : fail(cx, ERR_FORBIDDEN, "nobody signed in within 15 minutes");
}

static enum err login(
    struct ctx *cx, struct bridge *bridge, const struct options *options)
{
    char *url, *state;
    int64_t account_id = 0;
    struct account_view view;
    TRY(account_login_start(cx, bridge, options->value, &url, &state));
    printf("%s\n", url);
    fflush(stdout);
    fputs("Open this address in a browser and sign in. If the browser cannot reach this\n"
          "server afterwards, paste the address it ended at here:\n",
        stderr);
    TRY(wait_for_sign_in(cx, bridge, state, &account_id));
    TRY(account_view(cx, bridge, account_id, &view));
    printf("%s\n", safe(cx, view.name));
    return ERR_OK;
}

static int run_login(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    struct options options = {0};
    int status = read_options(&command_user_login,
        &(struct option_set){.valued = "--name"}, argc, argv, &options);
    return status ? status : with_bridge(cx, conf, &options, login);
}

const struct command command_user_login = {
    .name = "user login",
    .arguments = "[--name NAME]",
    .summary = "sign in to Feishu and add the account",
    .help =
        "  --name NAME  the CalDAV user name (default: the e-mail address, else the\n"
        "               open_id)\n\n"
        "Prints the address to open. Waits until the browser returns to the running\n"
        "server, or until the address where it ended is pasted. Then prints the user\n"
        "name.\n",
    .run = run_login,
};

/* ---- user list, user show ---- */

static void json_calendars(const struct account_view *view)
{
    for (size_t i = 0; i < view->n_calendars; i++) {
        const struct account_calendar_view *one = &view->calendars[i];
        printf("%s{", i ? "," : "");
        json_text_member("name", one->name, ",");
        json_text_member("display_name", one->display_name, ",");
        json_text_member("role", one->role, ",");
        json_text_member("last_error", one->last_error, ",");
        printf("\"objects\":%lld,\"last_pull\":%lld,\"last_success\":%lld,\"lag\":%lld,"
               "\"calls\":%lld,\"complete\":%s,\"pushed\":%s}",
            (long long)one->objects, (long long)one->last_pull_s,
            (long long)one->last_success_s, (long long)one->lag_s, (long long)one->calls,
            one->complete ? "true" : "false", one->pushed ? "true" : "false");
    }
}

static void json_passwords(const struct account_view *view)
{
    for (size_t i = 0; i < view->n_passwords; i++) {
        const struct account_password_view *one = &view->passwords[i];
        printf("%s{\"id\":%lld,", i ? "," : "", (long long)one->id);
        json_text_member("label", one->label, ",");
        printf("\"created\":%lld,\"last_used\":%lld}", (long long)one->created_s,
            (long long)one->last_used_s);
    }
}

static void json_spent(const struct account_view *view)
{
    for (size_t i = 0; i < view->n_spent; i++)
        printf("%s\"%s\":%lld", i ? "," : "", view->spent[i].purpose,
            (long long)view->spent[i].calls);
}

static void json_view(const struct account_view *view)
{
    putchar('{');
    json_text_member("name", view->name, ",");
    json_text_member("open_id", view->open_id, ",");
    json_text_member("state", view->state, ",");
    json_text_member("display_name", view->display_name, ",");
    json_text_member("email", view->email, ",");
    json_text_member("last_error", view->last_error, ",");
    json_text_member("scopes", view->scopes, ",");
    json_text_member("events", view->events, ",");
    printf("\"last_sync\":%lld,\"lag\":%lld,"
           "\"access_expires\":%lld,\"refresh_expires\":%lld,"
           "\"authorized\":%lld,\"sign_in_until\":%lld,\"sign_in_soon\":%s,"
           "\"calls\":%lld,\"calls_by_purpose\":{",
        (long long)view->last_sync_s, (long long)view->lag_s,
        (long long)view->access_expires_s,
        (long long)view->refresh_expires_s, (long long)view->authorized_s,
        (long long)view->sign_in_until_s, view->sign_in_soon ? "true" : "false",
        (long long)view->calls);
    json_spent(view);
    fputs("},\"calendars\":[", stdout);
    json_calendars(view);
    fputs("],\"passwords\":[", stdout);
    json_passwords(view);
    fputs("]}", stdout);
}

static enum err list(struct ctx *cx, struct bridge *bridge, const struct options *options)
{
    struct account_view *views;
    size_t n;
    char when[WHEN_TEXT_BYTES];
    TRY(account_views(cx, bridge, &views, &n));
    if (options->json)
        putchar('[');
    for (size_t i = 0; i < n; i++) {
        if (options->json) {
            fputs(i ? ",\n" : "", stdout);
            json_view(&views[i]);
        } else {
            printf("%s  %s  %s  last sync %s%s%s", safe(cx, views[i].name),
                safe(cx, views[i].open_id), views[i].state,
                when_text(views[i].last_sync_s, when), *views[i].last_error ? "  " : "",
                safe(cx, views[i].last_error));
            if (views[i].sign_in_soon)
                printf("  must sign in again before %s",
                    when_text(views[i].sign_in_until_s, when));
            putchar('\n');
        }
    }
    if (options->json)
        puts("]");
    return ERR_OK;
}

static int run_list(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    struct options options = {0};
    int status = read_options(
        &command_user_list, &(struct option_set){.json = true}, argc, argv, &options);
    return status ? status : with_bridge(cx, conf, &options, list);
}

const struct command command_user_list = {
    .name = "user list",
    .arguments = "[--json]",
    .summary = "list the accounts and their state",
    .help = "  --json  as an array of objects\n",
    .run = run_list,
};

static void print_view(struct ctx *cx, const struct account_view *view)
{
    char when[WHEN_TEXT_BYTES];
    printf("name             %s\nopen_id          %s\n", safe(cx, view->name),
        safe(cx, view->open_id));
    printf("display name     %s\ne-mail           %s\n", safe(cx, view->display_name),
        safe(cx, view->email));
    printf("state            %s\n", view->state);
    printf("signed in        %s\n", when_text(view->authorized_s, when));
    printf("sign in before   %s%s\n", when_text(view->sign_in_until_s, when),
        view->sign_in_soon ? "  (soon: every calendar stops being updated then)" : "");
    printf("access until     %s\n", when_text(view->access_expires_s, when));
    printf("refresh until    %s\n", when_text(view->refresh_expires_s, when));
    printf("scopes           %s\n", safe(cx, view->scopes));
    printf("changes come by  %s\n", view->events);
    printf("last sync        %s  lag %lld s\n", when_text(view->last_sync_s, when),
        (long long)view->lag_s);
    printf("last error       %s\n",
        *view->last_error ? safe(cx, view->last_error) : "none");
    printf("calls            %lld", (long long)view->calls);
    for (size_t i = 0; i < view->n_spent; i++)
        printf("%s%s %lld", i ? ", " : "  (", view->spent[i].purpose,
            (long long)view->spent[i].calls);
    puts(view->n_spent ? ")" : "");
    for (size_t i = 0; i < view->n_calendars; i++) {
        const struct account_calendar_view *one = &view->calendars[i];
        printf("calendar         %s  %s  %s  %lld events%s  %lld calls  last success %s"
               "  lag %lld s%s%s%s\n",
            safe(cx, one->name), safe(cx, one->display_name), safe(cx, one->role),
            (long long)one->objects,
            one->pushed ? "  pushed" : "", (long long)one->calls,
            when_text(one->last_success_s, when), (long long)one->lag_s,
            one->complete ? "" : "  (first pull under way)",
            str_empty(one->last_error) ? "" : "  ",
            safe(cx, one->last_error));
    }
}

static enum err find_view(
    struct ctx *cx, struct bridge *bridge, const char *name, struct account_view *view)
{
    int64_t id;
    TRY(account_find(cx, bridge, name, &id));
    return account_view(cx, bridge, id, view);
}

static enum err show(struct ctx *cx, struct bridge *bridge, const struct options *options)
{
    struct account_view view;
    TRY(find_view(cx, bridge, options->name, &view));
    if (options->json) {
        json_view(&view);
        putchar('\n');
    } else {
        print_view(cx, &view);
    }
    return ERR_OK;
}

static int run_show(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    struct options options = {0};
    int status = read_options(&command_user_show,
        &(struct option_set){.json = true, .name = true}, argc, argv, &options);
    return status ? status : with_bridge(cx, conf, &options, show);
}

const struct command command_user_show = {
    .name = "user show",
    .arguments = "[--json] NAME",
    .summary = "show an account: tokens, calendars, last sync, last error",
    .help = "  --json  as an object\n",
    .run = run_show,
};

/* ---- user remove ---- */

static enum err remove_user(
    struct ctx *cx, struct bridge *bridge, const struct options *options)
{
    int64_t id;
    TRY(account_find(cx, bridge, options->name, &id));
    return account_remove(cx, bridge, id);
}

static int run_remove(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    struct options options = {0};
    int status = read_options(
        &command_user_remove, &(struct option_set){.name = true}, argc, argv, &options);
    return status ? status : with_bridge(cx, conf, &options, remove_user);
}

const struct command command_user_remove = {
    .name = "user remove",
    .arguments = "NAME",
    .summary =
        "remove an account and all that is stored of it; Feishu keeps its calendars",
    .run = run_remove,
};

/* ---- user password, user passwords ---- */

static enum err password(
    struct ctx *cx, struct bridge *bridge, const struct options *options)
{
    int64_t account_id, id;
    char *text;
    TRY(account_find(cx, bridge, options->name, &account_id));
    TRY(account_password_new(cx, bridge, account_id, options->value, &text, &id));
    printf("%s\n", text);
    return ERR_OK;
}

static int run_password(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    struct options options = {0};
    int status = read_options(&command_user_password,
        &(struct option_set){.valued = "--label", .name = true}, argc, argv, &options);
    return status ? status : with_bridge(cx, conf, &options, password);
}

const struct command command_user_password = {
    .name = "user password",
    .arguments = "[--label TEXT] NAME",
    .summary = "print one new app password, alone, on standard output",
    .help = "  --label TEXT  what it is for, such as the device\n",
    .run = run_password,
};

static enum err revoke_password(
    struct ctx *cx, struct bridge *bridge, const struct options *options)
{
    int64_t account_id;
    long long id = 0;
    str_to_ll(options->value, 1, INT64_MAX, &id);
    TRY(account_find(cx, bridge, options->name, &account_id));
    enum err err = account_password_revoke(cx, bridge, account_id, id);
    return err == ERR_NOT_FOUND
        ? fail(cx, err, "%s has no app password %s", options->name, options->value)
        : err;
}

static enum err passwords(
    struct ctx *cx, struct bridge *bridge, const struct options *options)
{
    struct account_view view;
    char created[WHEN_TEXT_BYTES], used[WHEN_TEXT_BYTES];
    if (options->value)
        return revoke_password(cx, bridge, options);
    TRY(find_view(cx, bridge, options->name, &view));
    if (options->json) {
        putchar('[');
        json_passwords(&view);
        puts("]");
        return ERR_OK;
    }
    for (size_t i = 0; i < view.n_passwords; i++)
        printf("%lld  created %s  last used %s  %s\n", (long long)view.passwords[i].id,
            when_text(view.passwords[i].created_s, created),
            when_text(view.passwords[i].last_used_s, used),
            safe(cx, view.passwords[i].label));
    return ERR_OK;
}

static int run_passwords(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    struct options options = {0};
    int status = read_options(&command_user_passwords,
        &(struct option_set){.valued = "--revoke", .json = true, .name = true}, argc,
        argv, &options);
    long long id;
    if (!status && options.value && !str_to_ll(options.value, 1, INT64_MAX, &id))
        status = command_usage(&command_user_passwords,
            "%s is not the id of an app password", options.value);
    return status ? status : with_bridge(cx, conf, &options, passwords);
}

const struct command command_user_passwords = {
    .name = "user passwords",
    .arguments = "[--json] [--revoke ID] NAME",
    .summary = "list the app passwords of an account, or revoke one",
    .help = "  --json       as an array of objects\n"
            "  --revoke ID  make that one worthless at once\n",
    .run = run_passwords,
};
