/* The daemon: everything is opened, then this thread waits for signals. */
#include "config.h"

#include "base/log.h"
#include "base/str.h"
#include "bridge/bridge.h"
#include "http/server.h"
#include "main.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#define STOP_LIMIT_S 4

static void notify(const char *state)
{
#ifdef HAVE_SYSTEMD
    sd_notify(0, state);
#else
    (void)state;
#endif
}

/* What can be reloaded: the log. The rest needs a new start, and says so. */
static void reload(const char *file)
{
    struct ctx *cx = ctx_new(NULL);
    const struct conf *fresh;
    notify("RELOADING=1");
    if (conf_load(cx, file, &fresh))
        log_line(
            cx, LOG_WARNING, LOG_HTTP, "configuration not reloaded: %s", ctx_error(cx));
    else if (!log_configure(fresh->log.level, fresh->log.topics))
        log_line(
            cx, LOG_WARNING, LOG_HTTP, "configuration not reloaded: unknown log topic");
    else
        log_line(cx, LOG_INFO, LOG_HTTP,
            "log options reloaded; other options take effect with the next start");
    ctx_free(cx);
    notify("READY=1");
}

static void wait_for_end(const sigset_t *signals, const char *file)
{
    for (;;) {
        int number = 0;
        if (sigwait(signals, &number))
            continue;
        if (number != SIGHUP)
            return;
        reload(file);
    }
}

/* The promised time is over. What is left is a write that Feishu does not answer: it
 * stands in the journal, and the next start looks what became of it. */
static void give_up(int number)
{
    (void)number;
    _exit(EXIT_OK);
}

static void stop(struct server *server, struct bridge *bridge)
{
    notify("STOPPING=1");
    signal(SIGALRM, give_up);
    alarm(STOP_LIMIT_S);
    bridge_stop_waiting(bridge);
    if (server)
        server_stop(server);
    bridge_stop(bridge);
    bridge_close(bridge);
}

static int serve(struct ctx *cx, const struct conf *conf, struct bridge *bridge,
    const sigset_t *signals)
{
    struct server *server = NULL;
    if (bridge_start(cx, bridge) || server_start(cx, conf, bridge, &server)) {
        int status = command_failed(cx);
        stop(NULL, bridge);
        return status;
    }
    if (str_empty(conf->feishu.app_id))
        log_line(cx, LOG_WARNING, LOG_FEISHU,
            "no Feishu app is configured: nobody can sign in; "
            "set feishu.app-id and feishu.app-secret");
    log_line(cx, LOG_INFO, LOG_HTTP, "listening on %s", server_address(server));
    notify("READY=1");
    wait_for_end(signals, conf->file);
    log_line(cx, LOG_INFO, LOG_HTTP, "stopping");
    stop(server, bridge);
    return EXIT_OK;
}

static int run(struct ctx *cx, const struct conf *conf, int argc, char **argv)
{
    struct bridge *bridge;
    sigset_t signals;
    if (argc > 1)
        return command_usage(&command_serve, "serve does not know: %s", argv[1]);
    /* Threads inherit the mask: signals come to sigwait alone. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (bridge_open(cx, conf, &bridge))
        return command_failed(cx);
    return serve(cx, conf, bridge, &signals);
}

const struct command command_serve = {
    .name = "serve",
    .arguments = "",
    .summary = "run the server in the foreground",
    .help =
        "Logs to standard error. SIGTERM ends it within 5 seconds, SIGHUP reloads the\n"
        "log options.\n",
    .logs = true,
    .run = run,
};
