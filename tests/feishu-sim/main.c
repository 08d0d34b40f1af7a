/* feishu-sim: a simulator of the Feishu Open Platform for tests (see README.md). */

#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "push.h"
#include "scenario.h"
#include "server.h"

static const struct option OPTIONS[] = {
    {"listen", required_argument, NULL, 'l'},
    {"scenario", required_argument, NULL, 's'},
    {"port-file", required_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static const char USAGE[] =
    "usage: feishu-sim [--listen 127.0.0.1:0] [--scenario FILE] [--port-file FILE]\n"
    "\n"
    "Simulates the Feishu Open Platform, open and accounts host in one. Prints the line\n"
    "\"listening on http://ADDRESS:PORT\" when ready; SIGTERM stops it.\n";

/* The file appears whole: written beside and renamed. */
static bool write_port(const char *path, unsigned port)
{
    char *beside;
    FILE *f;
    bool ok;

    if (!path)
        return true;
    beside = xfmt("%s.new", path);
    f = fopen(beside, "w");
    ok = f && fprintf(f, "%u\n", port) > 0;
    if (f && fclose(f) != 0)
        ok = false;
    ok = ok && rename(beside, path) == 0;
    free(beside);
    if (!ok)
        fprintf(stderr, "feishu-sim: cannot write %s\n", path);
    return ok;
}

static int run(const char *listen, const char *port_file)
{
    sigset_t stop;
    unsigned port = 0;
    struct server *server;
    int got, length = (int)(strrchr(listen, ':') ? strrchr(listen, ':') - listen : 0);

    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    server = server_start(listen, &port);
    if (!server)
        return 1;
    if (!write_port(port_file, port)) {
        server_stop(server);
        return 1;
    }
    printf("listening on http://%.*s:%u\n", length, listen, port);
    fflush(stdout);
    sigwait(&stop, &got);
    server_stop(server);
    return 0;
}

int main(int argc, char **argv)
{
    const char *listen = "127.0.0.1:0", *scenario = NULL, *port_file = NULL;
    char *complaint;
    int option, status;

    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 'l':
            listen = optarg;
            break;
        case 's':
            scenario = optarg;
            break;
        case 'p':
            port_file = optarg;
            break;
        case 'h':
            fputs(USAGE, stdout);
            return 0;
        default:
            fputs(USAGE, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fputs(USAGE, stderr);
        return 2;
    }
    /* One arena: the big lock lets one thread work at a time, and the arena of a thread
     * would grow by one system call a page. */
    mallopt(M_ARENA_MAX, 1);
    push_defaults();
    connections_defaults();
    complaint = scenario ? scenario_file(scenario) : scenario_builtin();
    if (complaint) {
        fprintf(stderr, "feishu-sim: %s\n", complaint);
        free(complaint);
        return 1;
    }
    status = run(listen, port_file);
    scenario_forget();
    return status;
}
